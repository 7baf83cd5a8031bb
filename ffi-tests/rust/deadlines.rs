//! Jobs that run too long at threads: told at their deadlines, and where that does not help set
//! aside with their threads, while others go on.

mod random;
mod support;

use jobexec::{
    Batch, BatchExecutor, Config, Executor, Failure, JobContext, Outcome, PutOptions, Stats,
    Status, Transform,
};
use random::Random;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;
use support::{Answer, Door, PATIENCE, config, next, start, until};

const SHORT: Duration = Duration::from_millis(100);

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    Nothing,
    /// Returns when it is told that it is not wanted.
    Listens,
    /// Returns when the door is opened.
    Hangs,
}

/// Counts what it discards.
#[derive(Clone, Default)]
struct Stubborn {
    door: Arc<Door>,
    discarded: Arc<AtomicU64>,
    returned: Arc<AtomicU64>,
}

impl Transform<(Does, u64)> for Stubborn {
    fn run(&self, (does, number): &mut (Does, u64), job: &JobContext<'_>) -> Answer {
        match does {
            Does::Nothing => {}
            Does::Listens => until(|| job.cancelled()),
            Does::Hangs => {
                self.door.wait();
                assert!(job.cancelled());
                self.returned.fetch_add(1, SeqCst);
            }
        }
        *number += 1000;
        Ok(())
    }

    fn discard(&self, payload: Box<(Does, u64)>) {
        drop(payload);
        self.discarded.fetch_add(1, SeqCst);
    }
}

fn limited(workers: usize) -> Config {
    Config {
        job_timeout_ns: SHORT.as_nanos() as u64,
        abandon_after_ns: SHORT.as_nanos() as u64,
        queue_per_worker: 64,
        results_per_worker: 64,
        ..config(workers)
    }
}

fn accounts(stats: Stats) -> Stats {
    let Stats { done, failed, panicked, crashed, timed_out, cancelled, discarded, .. } = stats;
    let outcomes = done + failed + panicked + crashed + timed_out + cancelled + discarded;
    assert_eq!(stats.accepted, outcomes + stats.outstanding);
    stats
}

fn put(executor: &Executor<(Does, u64)>, does: Does, number: u64) -> u64 {
    executor.put_wait(Box::new((does, number)), PATIENCE).unwrap()
}

#[test]
fn a_job_that_listens_is_told_at_its_deadline() {
    let stubborn = Stubborn::default();
    let executor = start(&limited(2), stubborn.clone());
    for round in 0..10 {
        put(&executor, Does::Listens, round);
        put(&executor, Does::Nothing, round);
        let mut outcomes = [next(&executor), next(&executor)];
        outcomes.sort_by_key(|result| result.outcome as u32);
        let [done, late] = outcomes;
        assert_eq!((done.outcome, late.outcome), (Outcome::Done, Outcome::TimedOut));
        assert_eq!(*late.payload.unwrap(), (Does::Listens, round + 1000));
        assert!(late.failure.unwrap().message.contains("deadline"));
        assert!(late.times.finished - late.times.started >= SHORT.as_nanos() as u64);
    }
    let stats = accounts(executor.stats());
    assert_eq!((stats.timed_out, stats.stalled, stats.abandoned, stats.restarts), (10, 0, 0, 0));
    executor.close(PATIENCE).unwrap();
    assert_eq!(stubborn.discarded.load(SeqCst), 0);
}

#[test]
fn a_put_says_how_long_its_job_may_run() {
    let config = Config { job_timeout_ns: u64::MAX, ..limited(2) };
    let executor = start(&config, Stubborn::default());
    let id = put(&executor, Does::Listens, 0);
    let options = PutOptions { job_timeout: Some(SHORT), wait: PATIENCE };
    let late = executor.put_with(Box::new((Does::Listens, 1)), options).unwrap();
    let result = next(&executor);
    assert_eq!((result.id, result.outcome), (late, Outcome::TimedOut));
    assert_eq!(executor.poll().unwrap_err(), Status::Empty);
    executor.cancel(id).unwrap();
    assert_eq!(next(&executor).outcome, Outcome::Cancelled);
    executor.close(PATIENCE).unwrap();

    let executor = start(&support::config(1), Stubborn::default());
    let refused = executor.put_with(Box::new((Does::Nothing, 1)), options).unwrap_err();
    assert_eq!((refused.status, *refused.payload), (Status::InvalidArgument, (Does::Nothing, 1)));
    executor.put_with(refused.payload, PutOptions::default()).unwrap();
    assert_eq!(next(&executor).outcome, Outcome::Done);
    let untimed = Config { timing: false, ..limited(1) };
    let refused = Executor::start(&untimed, Stubborn::default(), PATIENCE).err().unwrap();
    assert_eq!(refused.status(), Status::InvalidArgument);
}

/// The worker's thread is set aside; another does what lies behind, and the first comes back.
#[test]
fn a_job_that_hangs_does_not_keep_its_worker() {
    for ordered in [false, true] {
        let stubborn = Stubborn::default();
        let executor = start(&Config { ordered, ..limited(1) }, stubborn.clone());
        let hangs = put(&executor, Does::Hangs, 7);
        for number in 0..20 {
            put(&executor, Does::Nothing, number);
        }
        until(|| executor.stats().stalled == 1);
        assert!(executor.report().contains("past its deadline"));
        let late = next(&executor);
        assert_eq!((late.id, late.outcome, late.payload), (hangs, Outcome::TimedOut, None));
        assert!(late.times.finished - late.times.started >= 2 * SHORT.as_nanos() as u64);
        for number in 0..20 {
            assert_eq!(next(&executor).payload.unwrap().1, number + 1000);
        }
        let stats = accounts(executor.stats());
        assert_eq!((stats.abandoned, stats.stalled, stats.outstanding), (1, 0, 0));
        let error = executor.close(SHORT).unwrap_err();
        assert_eq!(error.status(), Status::Timeout);
        assert!(error.text().contains("set aside in job 0"), "{error}");
        assert_eq!(stubborn.discarded.load(SeqCst), 0);
        stubborn.door.open();
        executor.close(PATIENCE).unwrap();
        assert_eq!(stubborn.returned.load(SeqCst), 1);
        assert_eq!(stubborn.discarded.load(SeqCst), 1);
        assert_eq!(accounts(executor.stats()).abandoned, 0);
    }
}

/// Nobody may be replaced: the worker is gone until its thread is back; with the last of them puts
/// and polls are told.
#[test]
fn where_too_many_hang_that_is_said() {
    let stubborn = Stubborn::default();
    let executor = start(&Config { max_abandoned: 0, ..limited(2) }, stubborn.clone());
    for _ in 0..2 {
        put(&executor, Does::Hangs, 0);
        assert_eq!(next(&executor).outcome, Outcome::TimedOut);
        for number in 0..5 {
            put(&executor, Does::Nothing, number);
            assert_eq!(next(&executor).outcome, Outcome::Done);
        }
        stubborn.door.open();
        until(|| executor.stats().abandoned == 0);
        stubborn.door.shut();
        // Both serve again.
        put(&executor, Does::Listens, 0);
        put(&executor, Does::Nothing, 0);
        assert_eq!([next(&executor).outcome, next(&executor).outcome].len(), 2);
    }
    for _ in 0..2 {
        put(&executor, Does::Hangs, 0);
    }
    let outcomes = [executor.poll_wait(PATIENCE), executor.poll_wait(PATIENCE)];
    for outcome in outcomes {
        assert_eq!(outcome.unwrap().outcome, Outcome::TimedOut);
    }
    until(|| executor.poll().unwrap_err() == Status::NoWorkers);
    let refused = executor.put(Box::new((Does::Nothing, 0))).unwrap_err();
    assert_eq!(refused.status, Status::NoWorkers);
    assert!(executor.report().contains("it is not replaced"), "{}", executor.report());
    assert_eq!(accounts(executor.stats()).outstanding, 0);
    stubborn.door.open();
    executor.close(PATIENCE).unwrap();
    assert_eq!(stubborn.discarded.load(SeqCst), 4);
}

/// Its session is over: the place that it takes is free once its thread is set aside.
#[test]
fn a_job_that_hangs_does_not_keep_its_place_from_the_next_session() {
    for ordered in [false, true] {
        let stubborn = Stubborn::default();
        let config = Config { ordered, queue_per_worker: 1, results_per_worker: 1, ..limited(1) };
        let executor = start(&config, stubborn.clone());
        put(&executor, Does::Hangs, 0);
        until(|| executor.stats().running == 1);
        executor.reset().unwrap();
        put(&executor, Does::Nothing, 5);
        let result = next(&executor);
        assert_eq!((result.session, result.payload.unwrap().1), (1, 1005));
        let stats = accounts(executor.stats());
        assert_eq!((stats.discarded, stats.abandoned, stats.timed_out), (1, 1, 0));
        stubborn.door.open();
        executor.close(PATIENCE).unwrap();
        assert_eq!(stubborn.discarded.load(SeqCst), 1);
    }
}

/// The buffer of a batch stays with the thread, and is free when that comes back.
#[test]
fn a_batch_that_hangs_has_its_buffer_until_it_returns() {
    let door = Arc::new(Door::default());
    let held = door.clone();
    let transform = move |batch: &mut Batch<'_>, _: &JobContext<'_>| -> Result<(), Failure> {
        if batch.input()[0] == 1 {
            held.wait();
        }
        batch.output()[0] = 9;
        batch.set_output(1);
        Ok(())
    };
    let sizes = Config { input_bytes: 8, output_bytes: 8, results_per_worker: 2, ..limited(1) };
    let executor = BatchExecutor::start(&sizes, transform, PATIENCE).unwrap();
    let put = |what| {
        let mut buffer = executor.acquire_wait(PATIENCE).unwrap();
        buffer.input_mut()[0] = what;
        executor.put(buffer).unwrap();
        executor.poll_wait(PATIENCE).unwrap()
    };
    let late = put(1);
    assert!(late.outcome == Outcome::TimedOut && late.buffer.is_none());
    for _ in 0..5 {
        assert_eq!(put(0).buffer.unwrap().output(), [9]);
    }
    let other = executor.acquire().unwrap();
    assert_eq!(executor.acquire().unwrap_err(), Status::Full);
    door.open();
    let again = executor.acquire_wait(PATIENCE).unwrap();
    drop((other, again));
    executor.close(PATIENCE).unwrap();
    assert_eq!(accounts(executor.stats()).outstanding, 0);
}

/// Many at random, of which some are cancelled, in sessions: each has one outcome, and each payload
/// one end.
#[test]
fn everything_has_one_end() {
    for (workers, ordered, seed) in [(1, false, 1), (3, false, 2), (2, true, 3)] {
        let stubborn = Stubborn::default();
        let config = Config {
            ordered,
            job_timeout_ns: 2_000_000,
            abandon_after_ns: 1_000_000,
            max_abandoned: 1000,
            ..limited(workers)
        };
        let executor = start(&config, stubborn.clone());
        let mut random = Random::new(seed);
        let (mut accepted, mut delivered, mut lost) = (0, 0, 0);
        for _ in 0..30 {
            for _ in 0..random.below(60) {
                let does = match random.one_in(20) {
                    true => random.pick(&[Does::Hangs, Does::Listens]),
                    false => Does::Nothing,
                };
                let Ok(id) = executor.put(Box::new((does, 0))) else { break };
                accepted += 1;
                if random.one_in(8) {
                    executor.cancel(id).unwrap();
                }
            }
            for _ in 0..random.below(60) {
                match executor.poll_wait(Duration::from_millis(1)) {
                    Ok(result) if result.payload.is_none() => lost += 1,
                    Ok(_) => delivered += 1,
                    Err(_) => break,
                }
            }
            accounts(executor.stats());
            if random.one_in(4) {
                executor.reset().unwrap();
            }
        }
        stubborn.door.open();
        executor.close(PATIENCE).unwrap();
        let stats = accounts(executor.stats());
        assert_eq!((stats.accepted, stats.outstanding, stats.abandoned), (accepted, 0, 0));
        assert_eq!(stats.accepted, delivered + lost + stats.discarded);
        assert_eq!(stubborn.discarded.load(SeqCst), accepted - delivered);
    }
}

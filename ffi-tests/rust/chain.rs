//! Chains: what one stage has done goes on to the next, whoever works and whatever happens to the
//! jobs, and the host sees one executor.

mod support;

use jobexec::{
    Batch, BatchExecutor, Config, Executor, Failure, JobContext, Outcome, Stats, Status, Transform,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;
use support::{Answer, Door, PATIENCE, WANTED, config, hush, next, start, until};

fn chain(stages: &[usize]) -> Config {
    let stages = stages.to_vec();
    Config { stages, queue_per_worker: 64, results: 64, ..config(0) }
}

fn accounts(stats: Stats) -> Stats {
    let Stats { done, failed, panicked, crashed, timed_out, cancelled, discarded, .. } = stats;
    let outcomes = done + failed + panicked + crashed + timed_out + cancelled + discarded;
    assert_eq!(stats.accepted, outcomes + stats.outstanding);
    stats
}

/// Each stage adds its number to the list, on its own workers.
fn sign(list: &mut Vec<usize>, job: &JobContext<'_>) -> Answer {
    list.push(job.stage());
    Ok(())
}

#[test]
fn a_job_goes_through_all_stages_in_turn() {
    for stages in [&[1, 1][..], &[2, 1, 3], &[1; 8], &[0, 0], &[1]] {
        for ordered in [false, true] {
            let executor = start(&Config { ordered, ..chain(stages) }, sign);
            for round in 0..50 {
                for _ in 0..60 {
                    executor.put_wait(Box::new(Vec::new()), PATIENCE).unwrap();
                }
                for number in 0..60 {
                    let result = next(&executor);
                    assert_eq!(result.outcome, Outcome::Done);
                    assert_eq!(*result.payload.unwrap(), Vec::from_iter(0..stages.len()));
                    assert!(!ordered || result.number == 60 * round + number);
                }
                accounts(executor.stats());
            }
            executor.finish().unwrap();
            assert_eq!(executor.poll_wait(PATIENCE).unwrap_err(), Status::End);
            executor.close(PATIENCE).unwrap();
            assert_eq!(accounts(executor.stats()).outstanding, 0);
        }
    }
}

/// Each worker is one stage's; all work at once, and wait for jobs without the host.
#[test]
fn stages_work_at_the_same_time() {
    let doors: Arc<[Door; 3]> = Arc::default();
    let arrived: Arc<[AtomicU64; 3]> = Arc::default();
    let (inside, seen) = (doors.clone(), arrived.clone());
    let transform = move |_: &mut (), job: &JobContext<'_>| -> Answer {
        assert_eq!(job.worker(), [0, 1, 3][job.stage()] + usize::from(job.worker() == 2));
        seen[job.stage()].fetch_add(1, SeqCst);
        inside[job.stage()].wait();
        Ok(())
    };
    let executor = start(&chain(&[1, 2, 1]), transform);
    for _ in 0..5 {
        executor.put(Box::new(())).unwrap();
    }
    until(|| arrived[0].load(SeqCst) == 1);
    doors[0].open();
    until(|| arrived[0].load(SeqCst) == 5 && arrived[1].load(SeqCst) == 2);
    assert!(executor.report().contains("stage 1, "), "{}", executor.report());
    let stats = accounts(executor.stats());
    assert_eq!((stats.outstanding, stats.running, stats.queued), (5, 2, 3));
    doors[1].open();
    until(|| arrived[1].load(SeqCst) == 5 && arrived[2].load(SeqCst) == 1);
    assert_eq!(executor.poll().unwrap_err(), Status::Empty);
    doors[2].open();
    for _ in 0..5 {
        assert_eq!(next(&executor).worker, 3);
    }
    executor.close(PATIENCE).unwrap();
}

/// What does not succeed goes no further; what is tried again is so in its stage.
#[test]
fn a_failure_ends_the_walk_and_is_tried_again_where_it_is() {
    hush();
    let transform = |list: &mut Vec<usize>, job: &JobContext<'_>| -> Answer {
        list.push(job.stage());
        match (job.number() % 4, job.stage()) {
            (1, 0) | (2, 1) => Err(Failure { code: 5, message: String::new() }),
            (3, 1) if job.attempt() < 3 => panic!("{WANTED}"),
            _ => Ok(()),
        }
    };
    for (retry_failed, retry_backoff_ns) in [(false, 0), (true, 0), (true, 1000)] {
        let again = Config { retries: 2, retry_failed, retry_backoff_ns, ..chain(&[2, 2, 1]) };
        let executor = start(&again, transform);
        for _ in 0..40 {
            executor.put(Box::new(Vec::new())).unwrap();
        }
        for _ in 0..40 {
            let result = next(&executor);
            let (walk, outcome, attempts) = match (result.number % 4, retry_failed) {
                (0, _) => (vec![0, 1, 2], Outcome::Done, 1),
                (1, false) => (vec![0], Outcome::Failed, 1),
                (1, true) => (vec![0, 0, 0], Outcome::Failed, 3),
                (2, false) => (vec![0, 1], Outcome::Failed, 1),
                (2, true) => (vec![0, 1, 1, 1], Outcome::Failed, 3),
                (_, false) => (vec![0, 1], Outcome::Panicked, 1),
                (_, true) => (vec![0, 1, 1, 1, 2], Outcome::Done, 1),
            };
            assert_eq!((result.outcome, result.attempts), (outcome, attempts));
            assert_eq!(*result.payload.unwrap(), walk);
        }
        executor.close(PATIENCE).unwrap();
        assert_eq!(accounts(executor.stats()).outstanding, 0);
    }
}

/// What lies between two stages is cancelled, discarded by a reset, and by a close.
#[test]
fn what_lies_between_stages_can_be_taken_back() {
    struct Held(Door, Arc<AtomicU64>, Arc<[AtomicU64; 2]>);
    impl Transform<u64> for Held {
        fn run(&self, _: &mut u64, job: &JobContext<'_>) -> Answer {
            self.2[job.stage()].fetch_add(1, SeqCst);
            if job.stage() == 1 {
                self.0.wait();
            }
            Ok(())
        }
        fn discard(&self, _: Box<u64>) {
            self.1.fetch_add(1, SeqCst);
        }
    }
    let (door, discarded) = (Door::default(), Arc::new(AtomicU64::new(0)));
    let begun: Arc<[AtomicU64; 2]> = Arc::default();
    let transform = Held(door.clone(), discarded.clone(), begun.clone());
    let executor = start(&chain(&[1, 1]), transform);
    let put = |jobs| {
        begun.iter().for_each(|count| count.store(0, SeqCst));
        let ids: Vec<u64> = (0..jobs).map(|n| executor.put(Box::new(n)).unwrap()).collect();
        until(|| begun[0].load(SeqCst) == jobs && begun[1].load(SeqCst) == 1);
        until(|| executor.stats().running == 1 && executor.stats().queued == jobs - 1);
        ids
    };
    let ids = put(6);
    ids[1..4].iter().for_each(|id| executor.cancel(*id).unwrap());
    door.open();
    let mut outcomes: Vec<_> = (0..6).map(|_| next(&executor).outcome).collect();
    outcomes.sort_by_key(|outcome| *outcome as u32);
    assert_eq!(outcomes[..3], [Outcome::Done; 3]);
    assert_eq!(outcomes[3..], [Outcome::Cancelled; 3]);
    door.shut();
    put(6);
    executor.reset().unwrap();
    assert_eq!(discarded.load(SeqCst), 5);
    door.open();
    until(|| executor.stats().outstanding == 0);
    assert_eq!(discarded.load(SeqCst), 6);
    door.shut();
    put(6);
    assert_eq!(executor.close(Duration::ZERO).unwrap_err().status(), Status::Timeout);
    door.open();
    executor.close(PATIENCE).unwrap();
    assert_eq!(accounts(executor.stats()).discarded, 12);
}

/// A stage reads what the one before wrote, where that wrote it.
#[test]
fn batches_are_handed_on_without_a_copy() {
    for stages in [1, 2, 3, 4] {
        let transform = |batch: &mut Batch<'_>, job: &JobContext<'_>| -> Result<(), Failure> {
            let (input, output) = batch.split();
            let length = input.len();
            assert_eq!(length, 3 + job.stage());
            output[..length].copy_from_slice(input);
            output[length] = job.stage() as u8;
            batch.set_output(length + 1);
            Ok(())
        };
        let sizes = Config { input_bytes: 20, output_bytes: 20, ..chain(&vec![1; stages]) };
        let executor = BatchExecutor::start(&sizes, transform, PATIENCE).unwrap();
        let mut buffer = executor.acquire_wait(PATIENCE).unwrap();
        for round in 0..100_u8 {
            buffer.input_mut()[..3].copy_from_slice(&[round, 7, 9]);
            buffer.set_input(3);
            executor.put(buffer).unwrap();
            let result = executor.poll_wait(PATIENCE).unwrap();
            buffer = result.buffer.unwrap();
            let mut expected = vec![round, 7, 9];
            expected.extend(0..stages as u8);
            assert_eq!(buffer.output(), expected);
        }
        drop(buffer);
        executor.close(PATIENCE).unwrap();
        assert_eq!(accounts(executor.stats()).done, 100);
    }
}

/// A stage without workers would keep its jobs for ever.
#[test]
fn a_stage_without_workers_is_an_error() {
    for stages in [&[1, 0][..], &[0, 1], &[1; 9]] {
        let error = Executor::<Vec<usize>>::start(&chain(stages), sign, PATIENCE).err().unwrap();
        assert_eq!(error.status(), Status::InvalidArgument);
    }
    let door = Door::default();
    let held = door.clone();
    let hang = move |_: &mut u64, job: &JobContext<'_>| -> Answer {
        if job.stage() == 1 {
            held.wait();
        }
        Ok(())
    };
    let limits = Config {
        job_timeout_ns: 100_000_000,
        abandon_after_ns: 100_000_000,
        max_abandoned: 0,
        ..chain(&[2, 1])
    };
    let executor = start(&limits, hang);
    executor.put(Box::new(0)).unwrap();
    let result = next(&executor);
    assert!(result.outcome == Outcome::TimedOut && result.payload.is_none());
    until(|| executor.poll().unwrap_err() == Status::NoWorkers);
    door.open();
    executor.close(PATIENCE).unwrap();
    assert_eq!(accounts(executor.stats()).outstanding, 0);
}

//! Jobs that fail are tried again where that is asked for, as often as is said and not more, at
//! once or after a pause.

mod support;

use jobexec::{Config, Executor, Failure, JobContext, Outcome, Stats, Status, Transform};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};
use support::{Answer, Door, PATIENCE, WANTED, config, hush, next, start, until};

/// How often a job fails, and how often it was begun.
#[derive(Debug, PartialEq, Eq)]
struct Task {
    fails: u32,
    begun: u32,
    panics: bool,
}

fn task(fails: u32) -> Box<Task> {
    Box::new(Task { fails, begun: 0, panics: false })
}

fn attempt(task: &mut Task, job: &JobContext<'_>) -> Answer {
    task.begun += 1;
    assert_eq!(job.attempt(), task.begun);
    if task.begun > task.fails {
        return Ok(());
    }
    if task.panics {
        panic!("{WANTED}");
    }
    Err(Failure { code: task.begun as i32, message: "once more".to_owned() })
}

/// The same, and counts how often it was begun in all.
fn counted(runs: &Arc<AtomicU64>) -> impl Transform<Task> {
    let runs = runs.clone();
    move |task: &mut Task, job: &JobContext<'_>| -> Answer {
        runs.fetch_add(1, SeqCst);
        attempt(task, job)
    }
}

fn retrying(workers: usize) -> Config {
    let places = Config { queue_per_worker: 64, results: 64, ..config(workers) };
    Config { retries: 3, retry_failed: true, ..places }
}

fn accounts(executor: &Executor<Task>) -> Stats {
    let stats = executor.stats();
    let Stats { done, failed, panicked, crashed, timed_out, cancelled, discarded, .. } = stats;
    let outcomes = done + failed + panicked + crashed + timed_out + cancelled + discarded;
    assert_eq!(stats.accepted, outcomes + stats.outstanding);
    stats
}

#[test]
fn what_fails_is_tried_as_often_as_is_said() {
    hush();
    for (workers, retry_backoff_ns) in [(0, 0), (1, 0), (3, 0), (0, 1000), (1, 1000), (3, 1000)] {
        for ordered in [false, true] {
            let executor =
                start(&Config { ordered, retry_backoff_ns, ..retrying(workers) }, attempt);
            for round in 0..20 {
                for fails in 0..10 {
                    let panics = round % 2 == 1;
                    executor.put(Box::new(Task { fails, begun: 0, panics })).unwrap();
                }
                for number in 0..10 {
                    let result = next(&executor);
                    if ordered {
                        assert_eq!(result.number, 10 * round + number);
                    }
                    let task = result.payload.unwrap();
                    assert_eq!(task.begun, (task.fails + 1).min(4));
                    assert_eq!(result.attempts, task.begun);
                    let expected = match (task.fails > 3, task.panics) {
                        (false, _) => Outcome::Done,
                        (true, false) => Outcome::Failed,
                        (true, true) => Outcome::Panicked,
                    };
                    assert_eq!(result.outcome, expected);
                    if expected == Outcome::Failed {
                        assert_eq!(result.failure.unwrap().code, 4);
                    }
                }
                let stats = accounts(&executor);
                assert_eq!((stats.outstanding, stats.queued), (0, 0));
            }
            executor.close(PATIENCE).unwrap();
        }
    }
}

#[test]
fn nothing_is_tried_again_that_is_not_asked_for() {
    for config in [
        Config { retries: 0, ..retrying(1) },
        Config { retry_failed: false, ..retrying(1) },
        Config { retries: 0, retry_backoff_ns: 1000, ..retrying(1) },
    ] {
        let executor = start(&config, attempt);
        executor.put(task(1)).unwrap();
        let result = next(&executor);
        assert_eq!((result.outcome, result.attempts), (Outcome::Failed, 1));
        executor.close(PATIENCE).unwrap();
    }
    let refused = Executor::start(&Config { retries: 1001, ..config(1) }, attempt, PATIENCE);
    assert_eq!(refused.err().unwrap().status(), Status::InvalidArgument);
}

/// A pause doubles, and nobody is kept waiting for it: other jobs go first.
#[test]
fn a_pause_is_kept_and_holds_up_nobody() {
    let pause = Duration::from_millis(10);
    for timing in [false, true] {
        let paused = Config { timing, retry_backoff_ns: 10_000_000, ..retrying(1) };
        let executor = start(&paused, attempt);
        let begin = Instant::now();
        let slow = executor.put(task(2)).unwrap();
        until(|| executor.stats().queued == 1 && executor.stats().running == 0);
        for _ in 0..5 {
            executor.put(task(0)).unwrap();
            assert_eq!(next(&executor).attempts, 1);
        }
        let result = next(&executor);
        assert_eq!((result.id, result.outcome, result.attempts), (slow, Outcome::Done, 3));
        assert!(begin.elapsed() >= 3 * pause);
        executor.close(PATIENCE).unwrap();
        assert_eq!(accounts(&executor).outstanding, 0);
    }
}

/// What waits for its next try is discarded by a reset at once, and by a close; and cancelled.
#[test]
fn what_pauses_can_be_taken_back() {
    for ordered in [false, true] {
        let hour = Config { ordered, retry_backoff_ns: 3_600_000_000_000, ..retrying(2) };
        let runs = Arc::new(AtomicU64::new(0));
        let executor = start(&hour, counted(&runs));
        let pauses = |jobs| {
            until(|| runs.load(SeqCst) == jobs);
            runs.store(0, SeqCst);
            until(|| executor.stats().queued == jobs && executor.stats().running == 0);
            assert_eq!(accounts(&executor).outstanding, jobs);
        };
        for _ in 0..10 {
            executor.put(task(1)).unwrap();
        }
        pauses(10);
        executor.reset().unwrap();
        let stats = accounts(&executor);
        assert_eq!((stats.outstanding, stats.discarded, stats.queued), (0, 10, 0));
        executor.put(task(0)).unwrap();
        assert_eq!(next(&executor).outcome, Outcome::Done);
        runs.store(0, SeqCst);
        for _ in 0..5 {
            executor.put(task(1)).unwrap();
        }
        pauses(5);
        executor.close(PATIENCE).unwrap();
        assert_eq!(accounts(&executor).discarded, 15);
    }
    let hour = Config { retry_backoff_ns: 3_600_000_000_000, ..retrying(1) };
    let runs = Arc::new(AtomicU64::new(0));
    let executor = start(&hour, counted(&runs));
    let id = executor.put(task(3)).unwrap();
    until(|| runs.load(SeqCst) == 1 && executor.stats().running == 0);
    until(|| executor.stats().queued == 1);
    executor.cancel(id).unwrap();
    let result = next(&executor);
    assert_eq!((result.outcome, result.attempts), (Outcome::Cancelled, 1));
    assert_eq!(result.payload.unwrap().begun, 1);
    executor.close(PATIENCE).unwrap();
}

/// A cancel at any moment of a try that fails: the pause after it, of an hour, is not waited for.
#[test]
fn a_cancel_meets_the_end_of_a_try() {
    let hour = Config { retry_backoff_ns: 3_600_000_000_000, ..retrying(2) };
    let executor = start(&hour, |task: &mut Task, job: &JobContext<'_>| -> Answer {
        let end = Instant::now() + Duration::from_nanos(job.number() % 1000 * 20);
        while Instant::now() < end {}
        attempt(task, job)
    });
    for _ in 0..20_000 {
        let id = executor.put(task(u32::MAX)).unwrap();
        executor.cancel(id).unwrap();
        let result = next(&executor);
        assert_eq!((result.id, result.outcome), (id, Outcome::Cancelled));
    }
    accounts(&executor);
    executor.close(PATIENCE).unwrap();
}

/// A job that is cancelled while it runs is not tried again; nor one that is stale.
#[test]
fn what_is_not_wanted_is_not_tried_again() {
    struct Held(Door, Arc<AtomicU64>);
    impl Transform<Task> for Held {
        fn run(&self, task: &mut Task, job: &JobContext<'_>) -> Answer {
            self.1.fetch_add(1, SeqCst);
            self.0.wait();
            attempt(task, job)
        }
    }
    for resets in [false, true] {
        let (door, runs) = (Door::default(), Arc::new(AtomicU64::new(0)));
        let executor = start(&retrying(1), Held(door.clone(), runs.clone()));
        let id = executor.put(task(9)).unwrap();
        until(|| runs.load(SeqCst) == 1);
        match resets {
            true => _ = executor.reset().unwrap(),
            false => executor.cancel(id).unwrap(),
        }
        door.open();
        if !resets {
            let result = next(&executor);
            assert_eq!((result.outcome, result.attempts), (Outcome::Cancelled, 1));
        }
        until(|| executor.stats().outstanding == 0);
        let stats = accounts(&executor);
        assert_eq!((stats.discarded, stats.cancelled), (resets.into(), (!resets).into()));
        executor.close(PATIENCE).unwrap();
        assert_eq!(runs.load(SeqCst), 1);
    }
}

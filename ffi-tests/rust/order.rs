//! Results in the order of their puts, whoever works, and whatever happens to the jobs; and going on
//! where another executor left off.

mod random;
mod support;

use jobexec::{Config, Executor, Failure, JobContext, Outcome, Stats, Status};
use random::Random;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;
use support::{Answer, Door, PATIENCE, WANTED, hush, next, start, until};

fn ordered(workers: usize, results: usize) -> Config {
    Config { queue_per_worker: results, results, ordered: true, ..support::config(workers) }
}

fn assert_accounts(stats: &Stats) {
    let Stats { done, failed, panicked, crashed, timed_out, cancelled, discarded, .. } = *stats;
    let outcomes = done + failed + panicked + crashed + timed_out + cancelled + discarded;
    assert_eq!(stats.accepted, outcomes + stats.outstanding);
}

/// Jobs of many lengths, some of which fail or panic, by the thousand and from several putters:
/// each session comes in its order, and ends.
#[test]
fn results_come_in_the_order_of_their_puts() {
    hush();
    for (workers, results, seed) in [(0, 4, 1), (1, 1, 2), (2, 3, 3), (4, 16, 4), (4, 64, 5)] {
        let transform = |work: &mut u64, job: &JobContext<'_>| {
            (0..*work % 2_000).for_each(|_| std::hint::spin_loop());
            match job.number() % 13 {
                4 => Err(Failure { code: 4, message: String::new() }),
                9 => panic!("{WANTED}"),
                _ => Ok(()),
            }
        };
        let executor = start(&ordered(workers, results), transform);
        let mut random = Random::new(seed);
        for session in 0..20 {
            let jobs = random.below(300);
            let works: Vec<u64> = (0..jobs).map(|_| random.below(1 << 30)).collect();
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    for work in works {
                        executor.put_wait(Box::new(work), PATIENCE).unwrap();
                    }
                    executor.finish().unwrap();
                });
                for number in 0..jobs {
                    let result = executor.poll_wait(PATIENCE).unwrap();
                    assert_eq!((result.session, result.number), (session, number));
                    let outcome = match number % 13 {
                        4 => Outcome::Failed,
                        9 => Outcome::Panicked,
                        _ => Outcome::Done,
                    };
                    assert_eq!(result.outcome, outcome);
                }
                assert_eq!(executor.poll_wait(PATIENCE).unwrap_err(), Status::End);
            });
            executor.reset().unwrap();
            assert_accounts(&executor.stats());
        }
        executor.close(PATIENCE).unwrap();
        assert_eq!(executor.stats().outstanding, 0);
    }
}

/// Several pollers share the order: what each gets grows, and together they get all.
#[test]
fn pollers_share_the_order() {
    let executor = start(&ordered(3, 12), |_: &mut u64, _: &JobContext<'_>| Ok(()));
    const JOBS: u64 = 20_000;
    let polled = std::thread::scope(|scope| {
        let poll = |most: usize| {
            let mut results = Vec::new();
            let end = loop {
                if let Err(status) = executor.poll_many_wait(most, &mut results, PATIENCE) {
                    break status;
                }
            };
            assert_eq!(end, Status::End);
            let numbers: Vec<u64> = results.iter().map(|result| result.number).collect();
            assert!(numbers.is_sorted());
            numbers
        };
        let pollers = [5, 1, 20].map(|most| scope.spawn(move || poll(most)));
        (0..JOBS).for_each(|job| _ = executor.put_wait(Box::new(job), PATIENCE).unwrap());
        executor.finish().unwrap();
        pollers.map(|poller| poller.join().unwrap()).concat()
    });
    let mut all = polled;
    all.sort_unstable();
    assert!(all.into_iter().eq(0..JOBS));
    executor.close(PATIENCE).unwrap();
    assert_accounts(&executor.stats());
}

/// An executor whose jobs that are 1 wait for the door.
fn gated(config: &Config) -> (Executor<u8>, Door) {
    let door = Door::default();
    let inside = door.clone();
    let transform = move |job: &mut u8, _: &JobContext<'_>| -> Answer {
        if *job == 1 {
            inside.wait();
        }
        Ok(())
    };
    (start(config, transform), door)
}

/// What is done before its turn is held, with its place; when the first is done all come at once.
#[test]
fn what_is_done_early_is_held() {
    let (executor, door) = gated(&ordered(2, 6));
    executor.put(Box::new(1)).unwrap();
    (0..5).for_each(|_| _ = executor.put(Box::new(0)).unwrap());
    until(|| executor.stats().ready == 5);
    assert_eq!(executor.poll().unwrap_err(), Status::Empty);
    assert_eq!(executor.put(Box::new(0)).unwrap_err().status, Status::Full);
    assert_eq!(executor.stats().held, 0);
    door.open();
    for number in 0..6 {
        assert_eq!(next(&executor).number, number);
    }
    let stats = executor.stats();
    assert_accounts(&stats);
    assert!(stats.held == 5 && stats.held_ns > 0);
    assert!(executor.report().contains("5 results waited for one before them"));
    executor.close(PATIENCE).unwrap();
}

/// A job that does not return keeps nobody from the sessions that follow; when it does, it is
/// discarded.
#[test]
fn a_stuck_job_holds_up_no_later_session() {
    let (executor, door) = gated(&ordered(2, 4));
    executor.put(Box::new(1)).unwrap();
    until(|| executor.stats().running == 1);
    for session in 1..50 {
        executor.put_wait(Box::new(0), PATIENCE).unwrap();
        assert_eq!(executor.reset().unwrap(), session);
        for number in 0..10 {
            executor.put_wait(Box::new(0), PATIENCE).unwrap();
            let result = executor.poll_wait(PATIENCE).unwrap();
            assert_eq!((result.session, result.number), (session, number));
        }
        assert_accounts(&executor.stats());
    }
    assert_eq!(executor.stats().running, 1);
    door.open();
    executor.close(PATIENCE).unwrap();
    assert_eq!(executor.stats().outstanding, 0);
}

/// Putters, pollers and resets all at once: no result is of an earlier session than one before it
/// that the same poller got, none comes twice, and all are accounted for.
#[test]
fn resets_come_at_any_moment() {
    for seed in 0..6 {
        let transform = |work: &mut u64, _: &JobContext<'_>| {
            (0..*work).for_each(|_| std::hint::spin_loop());
            Ok(())
        };
        let workers = [0, 1, 2, 4, 2, 3][seed as usize];
        let executor = start(&ordered(workers, 8), transform);
        let done = AtomicBool::new(false);
        let delivered = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for putter in 0..2 {
                let (executor, done) = (&executor, &done);
                scope.spawn(move || {
                    let mut random = Random::new(100 + 10 * seed + putter);
                    while !done.load(SeqCst) {
                        let work = random.pick(&[0, 10, 300, 3_000]);
                        if random.one_in(8) {
                            std::thread::yield_now();
                        }
                        match executor.put_wait(Box::new(work), Duration::from_millis(5)) {
                            Ok(_) => {}
                            Err(rejected) => assert_eq!(rejected.status, Status::Timeout),
                        }
                    }
                });
            }
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut last = None;
                    while !done.load(SeqCst) {
                        match executor.poll_wait(Duration::from_millis(5)) {
                            Ok(result) => {
                                let next = Some((result.session, result.number));
                                assert!(next > last, "{next:?} after {last:?}");
                                last = next;
                                delivered.fetch_add(1, SeqCst);
                            }
                            Err(status) => assert_eq!(status, Status::Timeout),
                        }
                    }
                });
            }
            let mut random = Random::new(seed);
            for _ in 0..400 {
                executor.reset().unwrap();
                let wanted = delivered.load(SeqCst) + random.below(30);
                until(|| delivered.load(SeqCst) >= wanted);
            }
            done.store(true, SeqCst);
        });
        executor.close(PATIENCE).unwrap();
        let stats = executor.stats();
        assert_accounts(&stats);
        assert_eq!((stats.done, stats.outstanding), (delivered.load(SeqCst), 0));
    }
}

/// An executor that begins in the middle of an epoch draws the seeds that another drew there.
#[test]
fn an_epoch_is_gone_on_with() {
    fn seeds(config: &Config, jobs: u64) -> Vec<(u32, u64, u64)> {
        let note = |seed: &mut u64, job: &JobContext<'_>| {
            *seed = job.seed();
            Ok(())
        };
        let executor = start(config, note);
        let mut seen = Vec::new();
        for session in 0..2 {
            for _ in 0..jobs {
                executor.put_wait(Box::new(0), PATIENCE).unwrap();
                let result = executor.poll_wait(PATIENCE).unwrap();
                seen.push((result.session, result.number, *result.payload.unwrap()));
            }
            let stats = executor.stats();
            assert_accounts(&stats);
            assert_eq!(stats.session, u64::from(config.first_session) + session);
            executor.reset().unwrap();
        }
        executor.close(PATIENCE).unwrap();
        seen
    }
    for ordered in [false, true] {
        let config = Config { seed: 5, ordered, ..support::config(2) };
        let whole = seeds(&Config { first_session: 7, ..config.clone() }, 20);
        let rest = Config { first_session: 7, first_number: 12, ..config.clone() };
        let rest = seeds(&rest, 8);
        assert_eq!(rest[..8], whole[12..20]);
        assert_eq!(rest[8..], whole[20..28]);
        // Numbers end somewhere, and begin again.
        let last = Config { first_number: jobexec::MAX_NUMBER, ..config.clone() };
        let numbers: Vec<_> = seeds(&last, 3).iter().map(|(_, number, _)| *number).collect();
        assert_eq!(numbers, [jobexec::MAX_NUMBER, 0, 1, 0, 1, 2]);
        for wrong in [
            Config { first_number: jobexec::MAX_NUMBER + 1, ..config.clone() },
            Config { first_session: jobexec::MAX_SESSION + 1, ..config.clone() },
        ] {
            let refused =
                Executor::start(&wrong, |_: &mut u8, _: &JobContext<'_>| Ok(()), PATIENCE);
            assert_eq!(refused.err().unwrap().status(), Status::InvalidArgument);
        }
    }
    // The last session there is can be begun, and no other after it.
    let config = Config { first_session: jobexec::MAX_SESSION, ..support::config(1) };
    let executor = start(&config, |_: &mut u8, _: &JobContext<'_>| Ok(()));
    executor.put(Box::new(0)).unwrap();
    assert_eq!(next(&executor).session, jobexec::MAX_SESSION);
    assert_eq!(executor.reset(), Err(Status::Exhausted));
    executor.close(PATIENCE).unwrap();
}

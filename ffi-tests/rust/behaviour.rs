//! What the Rust API means: the answers to put and poll, and what results say.

mod support;

use jobexec::{
    Capacity, Config, Executor, Failure, JobContext, MESSAGE_BYTES, Outcome, Status, Times, Waiting,
};
use std::panic::panic_any;
use std::sync::OnceLock;
use std::time::Duration;
use support::{Answer, PATIENCE, WANTED, config, held, hush, next, start, until};

#[test]
fn a_result_says_which_job_it_is_of() {
    let note = |seen: &mut (u32, u64, u64), job: &JobContext<'_>| -> Answer {
        *seen = (job.session(), job.number(), job.id());
        Ok(())
    };
    let executor = start(&config(1), note);
    for session in 0..3 {
        let ids = [(); 3].map(|()| executor.put_wait(Box::default(), PATIENCE).unwrap());
        for (id, number) in ids.into_iter().zip(0..) {
            let result = next(&executor);
            assert_eq!((result.session, result.number, result.id), (session, number, id));
            assert_eq!(*result.payload.unwrap(), (session, number, id));
            assert_eq!((result.outcome, result.failure, result.worker), (Outcome::Done, None, 0));
        }
        assert_eq!(executor.poll().unwrap_err(), Status::Empty);
        assert_eq!(executor.reset(), Ok(session + 1));
    }
}

/// However threads wait, each job is done; and those that save power never look.
#[test]
fn threads_wait_as_they_are_told() {
    for waiting in [Waiting::Balanced, Waiting::Latency, Waiting::Power] {
        let executor =
            start(&Config { waiting, ..config(1) }, |_: &mut u64, _: &JobContext<'_>| {
                Answer::Ok(())
            });
        for number in 0..200 {
            executor.put_wait(Box::new(number), PATIENCE).unwrap();
            assert_eq!(*next(&executor).payload.unwrap(), number);
        }
        let stats = executor.stats();
        assert_eq!((stats.accepted, stats.done, stats.outstanding), (200, 200, 0));
        assert_eq!(waiting == Waiting::Power, stats.looks_paid + stats.looks_in_vain == 0);
    }
}

#[test]
fn full_is_answered_exactly_when_every_place_is_taken() {
    let (executor, door) = held(&Config { results: 3, ..config(1) });
    assert_eq!(executor.capacity(), Capacity { queued: 2, in_flight: 3 });
    executor.put(Box::new(0)).unwrap();
    until(|| executor.stats().running == 1);
    for n in 1..3 {
        assert!(!executor.is_full());
        executor.put(Box::new(n)).unwrap();
    }
    assert!(executor.is_full() && !executor.is_idle());
    let rejected = executor.put(Box::new(3)).unwrap_err();
    assert_eq!((rejected.status, *rejected.payload), (Status::Full, 3));
    door.open();
    until(|| executor.stats().ready == 3);
    for n in 3..10 {
        assert_eq!(executor.put(Box::new(n)).unwrap_err().status, Status::Full);
        assert_eq!(*next(&executor).payload.unwrap(), n - 3);
        executor.put(Box::new(n)).unwrap();
        until(|| executor.stats().queued == 0);
    }
}

#[test]
fn full_is_also_answered_when_too_many_wait() {
    let (executor, door) = held(&Config { results: 9, queue_per_worker: 1, ..config(1) });
    executor.put(Box::new(0)).unwrap();
    until(|| executor.stats().running == 1);
    executor.put(Box::new(1)).unwrap();
    assert_eq!(executor.put(Box::new(2)).unwrap_err().status, Status::Full);
    door.open();
    until(|| executor.stats().ready == 2);
    executor.put(Box::new(2)).unwrap();
}

#[test]
fn waits_end_at_their_timeout() {
    let (executor, door) = held(&Config { results: 1, ..config(1) });
    executor.put(Box::new(0)).unwrap();
    for timeout in [Duration::ZERO, Duration::from_millis(5)] {
        assert_eq!(executor.put_wait(Box::new(1), timeout).unwrap_err().status, Status::Timeout);
        assert_eq!(executor.poll_wait(timeout).unwrap_err(), Status::Timeout);
    }
    door.open();
    assert_eq!(*executor.poll_wait(Duration::MAX).unwrap().payload.unwrap(), 0);
    assert!(executor.is_idle() && !executor.is_full());
}

#[test]
fn a_failure_comes_back_with_its_code_and_text() {
    let refuse = |text: &mut String, _: &JobContext<'_>| -> Answer {
        Err(Failure { code: -7, message: text.clone() })
    };
    let executor = start(&config(1), refuse);
    let long = "\u{e9}".repeat(MESSAGE_BYTES);
    for (said, kept) in [("", ""), ("no", "no"), (&long, &long[..MESSAGE_BYTES / 2 * 2])] {
        executor.put(Box::new(said.to_owned())).unwrap();
        let result = next(&executor);
        assert_eq!((result.outcome, *result.payload.unwrap()), (Outcome::Failed, said.to_owned()));
        assert_eq!(result.failure, Some(Failure { code: -7, message: kept.to_owned() }));
    }
}

/// The cause of a panic that causes another when it is dropped; that one's cause is leaked, and
/// has no size, for the sake of leak detectors.
struct Grenade;

impl Drop for Grenade {
    fn drop(&mut self) {
        panic_any(());
    }
}

fn misbehave(n: &mut u32, _: &JobContext<'_>) -> Answer {
    match n {
        0 => panic!("on purpose"),
        1 => panic!("{WANTED}, {n}"),
        2 => panic_any(2.0),
        3 => panic_any(Grenade),
        _ => Ok(()),
    }
}

#[test]
fn a_panic_is_the_outcome_and_the_worker_goes_on() {
    hush();
    for workers in [0, 1] {
        let executor = start(&config(workers), misbehave);
        let silent = "a panic whose payload is no text";
        for (n, said) in (0..).zip([WANTED, "on purpose, 1", silent, silent]) {
            executor.put(Box::new(n)).unwrap();
            let result = next(&executor);
            assert_eq!((result.outcome, *result.payload.unwrap()), (Outcome::Panicked, n));
            assert_eq!(result.failure, Some(Failure { code: 0, message: said.to_owned() }));
        }
        executor.put(Box::new(4)).unwrap();
        let result = next(&executor);
        assert_eq!((result.outcome, result.failure), (Outcome::Done, None));
        let stats = executor.stats();
        assert_eq!((stats.panicked, stats.done, stats.restarts), (4, 1, 0));
    }
}

#[test]
fn without_workers_a_job_runs_inside_its_put() {
    let double = |n: &mut u32, job: &JobContext<'_>| -> Answer {
        *n *= 2;
        assert_eq!(job.worker(), 0);
        Ok(())
    };
    let executor = start(&config(0), double);
    for n in 0..3 {
        executor.put(Box::new(n)).unwrap();
    }
    assert_eq!(executor.put(Box::new(3)).unwrap_err().status, Status::Full);
    for n in 0..3 {
        let result = executor.poll().unwrap();
        assert_eq!((*result.payload.unwrap(), result.outcome), (2 * n, Outcome::Done));
    }
    assert_eq!(executor.poll().unwrap_err(), Status::Empty);
    executor.close(Duration::ZERO).unwrap();
}

#[test]
fn a_seed_depends_on_the_job_and_not_on_the_workers() {
    let seeds = |workers, seed| {
        let tell = |seen: &mut u64, job: &JobContext<'_>| -> Answer {
            *seen = job.seed();
            Ok(())
        };
        let executor = start(&Config { seed, ..config(workers) }, tell);
        let seeds = [0, 1].map(|_session| {
            let seeds = [(); 20].map(|()| {
                executor.put(Box::new(0)).unwrap();
                *next(&executor).payload.unwrap()
            });
            executor.reset().unwrap();
            seeds
        });
        seeds.concat()
    };
    let mut all = seeds(1, 5);
    assert_eq!([seeds(0, 5), seeds(2, 5), seeds(3, 5)], [(); 3].map(|()| all.clone()));
    all.extend(seeds(1, 6));
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 80);
}

#[test]
fn jobs_are_timed_where_that_is_asked_for() {
    hush();
    for (workers, timing) in [(0, true), (1, true), (0, false), (1, false)] {
        let executor = start(&Config { timing, ..config(workers) }, misbehave);
        for n in [4, 0, 4] {
            executor.put(Box::new(n)).unwrap();
            let times = next(&executor).times;
            let Times { created, started, finished, queued, polled } = times;
            if timing {
                assert!(0 < created && created <= started && started <= finished, "{times:?}");
                assert!(finished == queued && queued <= polled, "{times:?}");
            } else {
                assert_eq!(times, Times::default());
            }
        }
    }
}

#[test]
fn one_executor_may_use_another_but_not_itself() {
    static OUTER: OnceLock<Executor<u32>> = OnceLock::new();
    let inner = start(&config(1), |n: &mut u32, _: &JobContext<'_>| -> Answer {
        *n += 1;
        Ok(())
    });
    let nest = move |n: &mut u32, _: &JobContext<'_>| -> Answer {
        inner.put(Box::new(*n)).unwrap();
        *n = *next(&inner).payload.unwrap() * 10;
        let outer = OUTER.wait();
        for rejected in [outer.put(Box::new(0)), outer.put_wait(Box::new(0), PATIENCE)] {
            assert_eq!(rejected.unwrap_err().status, Status::InsideCallback);
        }
        assert_eq!(outer.poll().unwrap_err(), Status::Empty);
        assert_eq!(outer.poll_wait(PATIENCE).unwrap_err(), Status::InsideCallback);
        assert_eq!(outer.reset(), Err(Status::InsideCallback));
        assert_eq!(outer.close(PATIENCE).unwrap_err().status(), Status::InsideCallback);
        Ok(())
    };
    let outer = OUTER.get_or_init(|| start(&config(1), nest));
    outer.put(Box::new(4)).unwrap();
    let result = next(outer);
    assert_eq!((result.failure, *result.payload.unwrap()), (None, 50));
    outer.close(PATIENCE).unwrap();
}

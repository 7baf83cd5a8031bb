//! Finish, reset, abort, close, drop: in whatever way it ends, every payload is dropped once,
//! and so is the transform.

mod support;

use jobexec::{Config, Executor, JobContext, Status};
use std::iter::from_fn;
use std::sync::{Arc, Mutex};
use std::thread::scope;
use std::time::Duration;
use support::{Answer, Counted, Door, Drops, PATIENCE, config, held, next, start, until};

#[test]
fn a_finished_session_ends_after_its_last_result() {
    let (executor, door) = held(&config(1));
    for session in 1..4 {
        executor.put(Box::new(0)).unwrap();
        executor.finish().unwrap();
        assert_eq!(executor.put(Box::new(1)).unwrap_err().status, Status::Finished);
        let refused = executor.put_wait(Box::new(1), PATIENCE).unwrap_err();
        assert_eq!((refused.status, *refused.payload), (Status::Finished, 1));
        assert_eq!(executor.poll().unwrap_err(), Status::Empty);
        scope(|scope| {
            // One of them is given the result, and then all are told of the end.
            let rest = || match executor.poll_wait(PATIENCE) {
                Err(Status::End) => None,
                answer => Some(*answer.unwrap().payload.unwrap()),
            };
            let pollers = [(); 3].map(|()| scope.spawn(move || from_fn(rest).count()));
            door.open();
            assert_eq!(pollers.map(|poller| poller.join().unwrap()).iter().sum::<usize>(), 1);
        });
        assert_eq!(executor.poll().unwrap_err(), Status::End);
        assert_eq!(executor.reset(), Ok(session));
        assert_eq!(executor.poll().unwrap_err(), Status::Empty);
        door.shut();
    }
}

#[test]
fn an_abort_is_told_to_all_and_leaves_only_close() {
    let (executor, door) = held(&Config { results: 1, ..config(1) });
    executor.put(Box::new(0)).unwrap();
    scope(|scope| {
        let putter = scope.spawn(|| executor.put_wait(Box::new(1), PATIENCE).unwrap_err().status);
        let poller = scope.spawn(|| executor.poll_wait(PATIENCE).unwrap_err());
        executor.abort();
        assert_eq!(putter.join().unwrap(), Status::Aborted);
        assert_eq!(poller.join().unwrap(), Status::Aborted);
    });
    assert_eq!(executor.put(Box::new(1)).unwrap_err().status, Status::Aborted);
    assert_eq!(executor.poll().unwrap_err(), Status::Aborted);
    assert_eq!(executor.reset(), Err(Status::Aborted));
    assert_eq!(executor.finish(), Err(Status::Aborted));
    door.open();
    executor.close(PATIENCE).unwrap();
    assert_eq!(executor.poll().unwrap_err(), Status::Closed);
}

fn put(executor: &Executor<Counted>, drops: &Drops) -> Result<u64, Status> {
    executor.put(Box::new(drops.one())).map_err(|rejected| rejected.status)
}

/// An executor with a job that runs until it is told that it is cancelled and the door is open,
/// one that waits for a worker, and a result that waits for a poll.
struct Busy {
    executor: Executor<Counted>,
    door: Door,
    payloads: Drops,
    transforms: Drops,
}

impl Busy {
    fn new() -> Busy {
        let (door, payloads, transforms) = <(Door, Drops, Drops)>::default();
        let (inside, transform) = (door.clone(), transforms.one());
        let run = move |_: &mut Counted, job: &JobContext<'_>| -> Answer {
            let _owned = &transform;
            if job.number() > 0 {
                until(|| job.cancelled());
                inside.wait();
            }
            Ok(())
        };
        let executor = start(&config(1), run);
        put(&executor, &payloads).unwrap();
        put(&executor, &payloads).unwrap();
        until(|| executor.stats().ready == 1 && executor.stats().running == 1);
        put(&executor, &payloads).unwrap();
        assert_eq!(payloads.count(), 0);
        Busy { executor, door, payloads, transforms }
    }

    /// The end of a test: everything was dropped, now or soon.
    fn all_dropped(payloads: &Drops, transforms: &Drops) {
        until(|| transforms.count() > 0);
        assert_eq!((payloads.count(), transforms.count()), (3, 1));
    }
}

#[test]
fn a_reset_discards_what_waits_and_cancels_what_runs() {
    let Busy { executor, door, payloads, transforms } = Busy::new();
    assert_eq!(executor.reset(), Ok(1));
    assert_eq!((payloads.count(), executor.stats().outstanding), (2, 1));
    assert_eq!(executor.poll().unwrap_err(), Status::Empty);
    door.open();
    until(|| executor.is_idle());
    assert_eq!((payloads.count(), executor.stats().discarded), (3, 3));
    put(&executor, &Drops::default()).unwrap();
    let result = next(&executor);
    assert_eq!((result.session, result.number), (1, 0));
    drop(executor);
    Busy::all_dropped(&payloads, &transforms);
}

#[test]
fn after_a_close_nothing_is_left_but_the_transform() {
    for abort in [false, true] {
        let Busy { executor, door, payloads, transforms } = Busy::new();
        door.open();
        if abort {
            executor.abort();
        }
        executor.close(PATIENCE).unwrap();
        assert_eq!((payloads.count(), transforms.count()), (3, 0));
        let stats = executor.stats();
        assert_eq!((stats.accepted, stats.discarded, stats.outstanding), (3, 3, 0));
        executor.close(Duration::ZERO).unwrap();
        drop(executor);
        assert_eq!(transforms.count(), 1);
        Busy::all_dropped(&payloads, &transforms);
    }
}

#[test]
fn a_close_that_runs_out_of_time_names_who_is_stuck() {
    let Busy { executor, door, payloads, transforms } = Busy::new();
    for timeout in [Duration::ZERO, Duration::from_millis(5)] {
        let error = executor.close(timeout).unwrap_err();
        assert_eq!(error.status(), Status::Timeout);
        assert!(error.text().contains("worker 0 in job 1 of session 0"), "{error}");
        assert_eq!(payloads.count(), 2);
    }
    assert_eq!(executor.poll().unwrap_err(), Status::Closed);
    assert_eq!(put(&executor, &Drops::default()), Err(Status::Closed));
    door.open();
    executor.close(PATIENCE).unwrap();
    assert_eq!(payloads.count(), 3);
    drop(executor);
    Busy::all_dropped(&payloads, &transforms);
}

#[test]
fn closes_at_the_same_time_all_wait_for_the_end() {
    let Busy { executor, door, payloads, transforms } = Busy::new();
    scope(|scope| {
        let close = || {
            executor.close(PATIENCE).unwrap();
            assert_eq!(payloads.count(), 3);
        };
        let closers = [(); 3].map(|()| scope.spawn(close));
        door.open();
        closers.into_iter().for_each(|closer| closer.join().unwrap());
    });
    drop(executor);
    Busy::all_dropped(&payloads, &transforms);
}

#[test]
fn a_drop_waits_for_nobody() {
    for close in [false, true] {
        let Busy { executor, door, payloads, transforms } = Busy::new();
        if close {
            executor.close(Duration::ZERO).unwrap_err();
        }
        drop(executor);
        assert_eq!((payloads.count(), transforms.count()), (2, 0));
        door.open();
        Busy::all_dropped(&payloads, &transforms);
    }
}

#[test]
fn a_start_that_fails_drops_the_transform() {
    for bad in [Config { results_per_worker: 0, ..config(1) }, config(usize::MAX)] {
        let transforms = Drops::default();
        let transform = transforms.one();
        let run = move |_: &mut u32, _: &JobContext<'_>| -> Answer {
            let _owned = &transform;
            Ok(())
        };
        let error = Executor::start(&bad, run, PATIENCE).map(drop).unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument);
        assert_eq!(transforms.count(), 1);
    }
}

#[test]
fn a_transform_may_drop_its_executor() {
    let (door, transforms) = <(Door, Drops)>::default();
    let (inside, transform) = (door.clone(), transforms.one());
    let mine = Arc::new(Mutex::new(None));
    let own = mine.clone();
    let run = move |_: &mut u32, _: &JobContext<'_>| -> Answer {
        let _owned = &transform;
        inside.wait();
        let executor: Option<Executor<u32>> = own.lock().unwrap().take();
        drop(executor);
        Ok(())
    };
    let executor = start(&config(1), run);
    executor.put(Box::new(0)).unwrap();
    executor.put(Box::new(1)).unwrap();
    *mine.lock().unwrap() = Some(executor);
    door.open();
    until(|| transforms.count() == 1);
}

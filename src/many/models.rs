//! Several jobs in one call, under loom: against workers, pollers, a reset and a close. The
//! accounts end every model.

use super::*;
use crate::clock::Deadline;
use crate::config::Capacity;
use crate::engine::model::{FOREVER, Model, model, spawn};
use crate::spin::Spin;
use std::ptr::null_mut;

const TWO: [*mut c_void; 2] = [null_mut(); 2];

impl Model {
    fn put_two(&self) -> Result<Range<u64>, Status> {
        self.engine.put_many(&TWO)
    }

    fn publish_two(&self) {
        let both = [self.transformed(), self.transformed()];
        both.into_iter().for_each(|done| self.engine.publish(done));
    }

    fn poll_row(&self) -> Result<usize, Status> {
        self.engine.poll_many_wait(4, FOREVER, |_| ())
    }

    /// A worker that waits for one job.
    fn take_one(&self) {
        let engine = &self.engine;
        let has = |others| engine.jobs.has(others);
        let pending = || engine.has_pending_jobs();
        let pop = || engine.jobs.pop();
        let found = engine.await_work(0, Spin::NONE, pop, has, pending, None);
        assert!(found.is_some());
    }
}

fn session(ids: &Range<u64>) -> u32 {
    assert_eq!(ids.end - ids.start, 2);
    Id(ids.start).session()
}

/// A worker that sleeps does both jobs, and a poller that sleeps has both results.
#[test]
fn two_at_once_walk_through() {
    model(2, || {
        let model = Model::new(2);
        let worker = spawn(&model, |model| model.engine.serve(0));
        let poller = spawn(&model, |model| {
            let mut polled = 0;
            while polled < 2 {
                polled += model.poll_row().unwrap();
            }
        });
        assert_eq!(model.put_two(), Ok(0..2));
        poller.join().unwrap();
        model.engine.shut();
        worker.join().unwrap();
        model.assert_accounts(2);
    });
}

/// No job is left while a worker sleeps.
#[test]
fn two_at_once_wake_two_workers() {
    model(2, || {
        let model = Model::with(2, Capacity { queued: 2, in_flight: 2 });
        let workers = [(); 2].map(|()| spawn(&model, Model::take_one));
        assert_eq!(model.put_two(), Ok(0..2));
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        assert_eq!(model.engine.queued(), 0);
    });
}

/// Jobs that are put together belong to one session; if a reset ends that, they are discarded by
/// the time both have returned, though no worker looks.
#[test]
fn two_late_puts_are_swept() {
    model(3, || {
        let model = Model::new(2);
        let putter = spawn(&model, |model| model.put_two().unwrap());
        assert_eq!(model.engine.reset(), Ok(1));
        let session = session(&putter.join().unwrap());
        assert_eq!(model.discarded(), 2 * u64::from(session == 0));
        assert_eq!(model.engine.queued(), 2 * u64::from(session == 1));
        model.assert_accounts(0);
    });
}

/// They are refused by a close, or discarded by the time it has waited for them.
#[test]
fn a_close_waits_for_two_late_puts() {
    model(3, || {
        let model = Model::new(2);
        let putter = spawn(&model, Model::put_two);
        model.engine.shut();
        let idle = || (model.engine.credits.in_flight() == 0).then_some(());
        let staff = &model.engine.signals.staff;
        staff.wait(Spin::NONE, Deadline::NEVER, idle, |_| false).unwrap();
        let discarded = model.discarded();
        assert_eq!(model.put_two(), Err(Status::Closed));
        let put = putter.join().unwrap();
        assert_eq!(discarded, 2 * u64::from(put.is_ok()));
        model.assert_accounts(0);
    });
}

/// Of two results, a poll that overlaps a reset has all or none, and one that begins after it
/// none; what it has not is discarded.
#[test]
fn a_row_meets_a_reset() {
    model(3, || {
        let model = Model::new(2);
        model.publish_two();
        let poller = spawn(&model, |model| model.engine.poll_many(4, |_| ()));
        assert_eq!(model.engine.reset(), Ok(1));
        assert_eq!(model.engine.poll_many(4, |_| ()), Err(Status::Empty));
        let polled = poller.join().unwrap().unwrap_or(0) as u64;
        assert!(polled != 1);
        assert_eq!(model.discarded(), 2 - polled);
        model.assert_accounts(polled);
    });
}

/// The credits that a row gives back wake all puts that wait for one.
#[test]
fn a_row_gives_room_to_two_who_wait() {
    model(2, || {
        let model = Model::new(2);
        model.publish_two();
        let putters = [(); 2].map(|()| {
            spawn(&model, |model| model.engine.put_wait(null_mut(), FOREVER).unwrap().number)
        });
        assert_eq!(model.engine.poll_many(4, |_| ()), Ok(2));
        let mut numbers = putters.map(|putter| putter.join().unwrap());
        numbers.sort_unstable();
        assert_eq!(numbers, [2, 3]);
        model.assert_accounts(2);
    });
}

/// A put of two that waits for room puts as many as there is room for.
#[test]
fn a_put_of_two_that_waits_is_given_room() {
    model(3, || {
        let model = Model::new(1);
        let done = model.transformed();
        model.engine.publish(done);
        let putter = spawn(&model, |model| model.engine.put_many_wait(&TWO, FOREVER));
        assert_eq!(model.engine.poll_many(4, |_| ()), Ok(1));
        assert_eq!(putter.join().unwrap(), Ok(1..2));
        model.assert_accounts(1);
    });
}

/// A poller of rows that waits is told the end, whoever comes last: a result or the finish.
#[test]
fn a_waiting_poller_of_rows_is_told_the_end() {
    model(2, || {
        let model = Model::new(2);
        let both = [model.transformed(), model.transformed()];
        let worker = spawn(&model, move |model| {
            both.into_iter().for_each(|done| model.engine.publish(done));
        });
        let poller = spawn(&model, |model| {
            let mut polled = 0;
            loop {
                match model.poll_row() {
                    Ok(row) => polled += row,
                    end => return (polled, end),
                }
            }
        });
        model.engine.finish().unwrap();
        worker.join().unwrap();
        assert_eq!(poller.join().unwrap(), (2, Err(Status::End)));
        model.assert_accounts(2);
    });
}

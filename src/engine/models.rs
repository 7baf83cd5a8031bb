//! Put, reset, finish and close against each other and against a worker, under loom. Every model
//! ends with the accounts. `.ci/run` also runs them with one fence removed at a time, and then they
//! must fail.

use super::model::{FOREVER, Model, model, spawn};
use super::*;
use crate::clock::Deadline;
use crate::record::Text;
use crate::status::Status;
use std::sync::atomic::Ordering::SeqCst;

/// A put that overlaps a reset belongs to one of the two sessions, and if to the old one it is
/// discarded by the time both have returned, though no worker looks.
#[test]
fn a_late_put_is_swept() {
    model(3, || {
        let model = Model::new(2);
        let putter = spawn(&model, |model| model.put().unwrap());
        assert_eq!(model.engine.reset(), Ok(1));
        let session = putter.join().unwrap();
        assert_eq!(model.discarded(), u64::from(session == 0));
        assert_eq!(model.engine.queued(), u64::from(session == 1));
        model.assert_accounts(0);
    });
}

/// A result that is published while a reset runs is discarded by the time both have returned,
/// and no poll that begins after the reset delivers it.
#[test]
fn a_late_result_is_swept() {
    model(3, || {
        let model = Model::new(2);
        let done = model.transformed();
        let worker = spawn(&model, move |model| model.engine.publish(done));
        assert_eq!(model.engine.reset(), Ok(1));
        assert_eq!(model.poll(), Err(Status::Empty));
        worker.join().unwrap();
        assert_eq!((model.discarded(), model.engine.results.len()), (1, 0));
        model.assert_accounts(0);
    });
}

/// A put that overlaps a close is refused, or its payload is discarded; and whoever waits in
/// close for the last job is woken.
#[test]
fn a_close_waits_for_late_puts() {
    model(3, || {
        let model = Model::new(2);
        let putter = spawn(&model, |model| model.put());
        model.engine.shut();
        let idle = || (model.engine.credits.in_flight() == 0).then_some(());
        let staff = &model.engine.signals.staff;
        staff.wait(Spin::NONE, Deadline::NEVER, idle, |_| false).unwrap();
        let discarded = model.discarded();
        assert_eq!(model.put(), Err(Status::Closed));
        let put = putter.join().unwrap();
        assert_eq!(model.discarded(), discarded, "a callback after the close");
        assert_eq!(discarded, u64::from(put.is_ok()));
        model.assert_accounts(0);
    });
}

/// A poller that waits is told the end, whoever comes last: the result or the finish.
#[test]
fn a_waiting_poller_is_told_the_end() {
    model(2, || {
        let model = Model::new(1);
        let done = model.transformed();
        let worker = spawn(&model, move |model| model.engine.publish(done));
        let poller = spawn(&model, |model| {
            let poll = || model.engine.poll_wait(FOREVER, |from| from.id.session());
            (poll(), poll())
        });
        model.engine.finish().unwrap();
        worker.join().unwrap();
        assert_eq!(poller.join().unwrap(), (Ok(0), Err(Status::End)));
        model.assert_accounts(1);
    });
}

/// A credit that a poll gives back wakes a put that waits for it.
#[test]
fn a_waiting_put_is_given_room() {
    model(3, || {
        let model = Model::new(1);
        let done = model.transformed();
        model.engine.publish(done);
        let putter = spawn(&model, |model| {
            model.engine.put_wait(std::ptr::null_mut(), FOREVER).unwrap().number
        });
        assert_eq!(model.poll(), Ok(0));
        assert_eq!(putter.join().unwrap(), 1);
        model.assert_accounts(1);
    });
}

/// A worker that takes a job off a full queue wakes a put that waits for its place.
#[test]
fn a_waiting_put_is_given_a_place_in_the_queue() {
    model(3, || {
        let model = Model::with(1, Capacity { queued: 1, in_flight: 2 });
        assert_eq!(model.put(), Ok(0));
        let putter = spawn(&model, |model| {
            model.engine.put_wait(std::ptr::null_mut(), FOREVER).unwrap().number
        });
        let job = model.engine.jobs.pop().unwrap();
        model.engine.work(0, job, None, &mut Text::EMPTY.clone(), false);
        assert_eq!(putter.join().unwrap(), 1);
        model.assert_accounts(0);
    });
}

/// A finished session ends though a job of the one before still runs, and never comes back.
#[test]
fn a_stale_job_does_not_hold_up_the_end() {
    model(3, || {
        let model = Model::new(2);
        assert_eq!(model.put(), Ok(0));
        let worker = spawn(&model, Model::take_up);
        assert_eq!(model.engine.reset(), Ok(1));
        model.engine.finish().unwrap();
        let end = model.engine.poll_wait(FOREVER, |_| ());
        assert_eq!(end, Err(Status::End));
        let stuck = worker.join().unwrap();
        assert_eq!(model.discarded(), u64::from(!stuck));
        model.assert_accounts(0);
    });
}

/// The same if the new session is finished before its reset has come to its end.
#[test]
fn a_reset_that_is_late_tells_of_the_end() {
    model(3, || {
        let model = Model::new(2);
        assert_eq!(model.put(), Ok(0));
        assert_eq!(model.engine.credits.next_session(), Ok(1));
        model.engine.finish().unwrap();
        let resetter = spawn(&model, |model| model.engine.clear_for(1));
        let worker = spawn(&model, Model::take_up);
        assert_eq!(model.engine.poll_wait(FOREVER, |_| ()), Err(Status::End));
        resetter.join().unwrap();
        worker.join().unwrap();
        model.assert_accounts(0);
    });
}

/// A stale result is discarded by the time all have returned, though nobody polls and one of the
/// new session may be published before it.
#[test]
fn a_late_result_gives_way_to_a_fresh_one() {
    model(3, || {
        let model = Model::new(2);
        let stale = model.transformed();
        assert_eq!(model.engine.credits.next_session(), Ok(1));
        let fresh = model.transformed();
        let workers =
            [fresh, stale].map(|done| spawn(&model, move |model| model.engine.publish(done)));
        model.engine.signals.begin_session(1);
        model.engine.sweep();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        assert_eq!((model.discarded(), model.engine.results.len()), (1, 1));
        model.assert_accounts(0);
    });
}

/// An abort wakes a put and a poll that wait.
#[test]
fn an_abort_wakes_everybody() {
    model(2, || {
        let model = Model::new(1);
        model.engine.credits.accept(1, |_| 1).unwrap();
        let putter = spawn(&model, |model| {
            model.engine.put_wait(std::ptr::null_mut(), FOREVER).map(|ticket| ticket.number)
        });
        let poller = spawn(&model, |model| model.engine.poll_wait(FOREVER, |_| ()));
        model.engine.signals.abort();
        assert_eq!(putter.join().unwrap(), Err(Status::Aborted));
        assert_eq!(poller.join().unwrap(), Err(Status::Aborted));
    });
}

/// The whole walk, with a worker that sleeps, and a close.
#[test]
fn a_job_walks_through_and_the_worker_goes_home() {
    model(2, || {
        let model = Model::new(1);
        let worker = spawn(&model, |model| model.engine.serve(0));
        assert_eq!(model.put(), Ok(0));
        assert_eq!(model.engine.poll_wait(FOREVER, |from| from.id.number()), Ok(0));
        model.engine.shut();
        worker.join().unwrap();
        assert_eq!(model.counts.ran.load(SeqCst), 1);
        model.assert_accounts(1);
    });
}

/// A walk through two stages, whose workers sleep: the second is woken by what the first hands on.
#[test]
fn a_job_walks_through_two_stages() {
    model(2, || {
        let model = Model::chain(1);
        let workers = [0, 1]
            .map(|worker| spawn(&model, move |model| _ = model.engine.serve_supervised(worker)));
        assert_eq!(model.put(), Ok(0));
        assert_eq!(model.engine.poll_wait(FOREVER, |from| from.id.number()), Ok(0));
        model.engine.shut();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        assert_eq!(model.counts.ran.load(SeqCst), 2);
        model.assert_accounts(1);
    });
}

/// A job that is handed on while its session ends is discarded, though no worker looks.
#[test]
fn a_reset_meets_a_job_between_two_stages() {
    model(3, || {
        let model = Model::chain(1);
        assert_eq!(model.put(), Ok(0));
        let job = model.engine.jobs.pop().unwrap();
        let worker = spawn(&model, move |model| model.engine.hand_on(job, 1));
        assert_eq!(model.engine.reset(), Ok(1));
        worker.join().unwrap();
        assert_eq!(model.discarded(), 1);
        model.assert_accounts(0);
    });
}

/// The same against a reset: the job is delivered to nobody after it, and has one outcome.
#[test]
fn a_reset_meets_a_worker() {
    model(2, || {
        let model = Model::new(1);
        assert_eq!(model.put(), Ok(0));
        let worker = spawn(&model, |model| model.engine.serve(0));
        assert_eq!(model.engine.reset(), Ok(1));
        assert_eq!(model.poll(), Err(Status::Empty));
        model.engine.shut();
        worker.join().unwrap();
        assert_eq!(model.discarded(), 1);
        model.assert_accounts(0);
    });
}

/// The same where the worker has its next job in hand before it has published what came of the first.
#[test]
fn a_reset_meets_a_worker_with_its_next_job() {
    model(2, || {
        let model = Model::new(2);
        assert_eq!([model.put(), model.put()], [Ok(0); 2]);
        let worker = spawn(&model, |model| model.engine.serve(0));
        assert_eq!(model.engine.reset(), Ok(1));
        assert_eq!(model.poll(), Err(Status::Empty));
        model.engine.shut();
        worker.join().unwrap();
        assert_eq!(model.discarded(), 2);
        model.assert_accounts(0);
    });
}

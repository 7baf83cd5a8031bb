//! The descriptor against workers, a finish and other pollers, under loom: when all have returned,
//! it is readable if there is something to poll.

use crate::credits::Outcome;
use crate::engine::model::{Model, model, spawn};
use crate::engine::*;
use crate::job::Tag;
use crate::status::Status;
use loom::sync::Arc;

impl Engine {
    fn open(&self) {
        self.signals.doorbell().open();
        self.tell_of_what_is_there();
    }
}

/// Polls until there is nothing, as a host does whose descriptor is readable. How many it took.
fn poll_all(model: &Model) -> u64 {
    let mut taken = 0;
    while model.poll().is_ok() {
        taken += 1;
    }
    taken
}

/// Nothing moves any more, and so many results were taken.
fn check(model: &Arc<Model>, taken: u64) {
    let doorbell = model.engine.signals.doorbell();
    let left = model.engine.results.len();
    assert!(left == 0 || doorbell.sounds(), "a result without a ring");
    assert_eq!(poll_all(model), left);
    assert!(!doorbell.sounds() && doorbell.is_quiet(), "readable for nothing");
    model.assert_accounts(taken + left);
}

/// A result comes while the host finds nothing.
#[test]
fn a_result_meets_a_poll_that_finds_nothing() {
    model(3, || {
        let model = Model::new(2);
        model.engine.open();
        let done = model.transformed();
        let worker = spawn(&model, move |model| model.engine.publish(done));
        let taken = poll_all(&model);
        worker.join().unwrap();
        check(&model, taken);
    });
}

/// Two results come, so that the later one may lie behind a hole.
#[test]
fn two_results_meet_a_poll_that_finds_nothing() {
    model(2, || {
        let model = Model::new(2);
        model.engine.open();
        let workers = [model.transformed(), model.transformed()]
            .map(|done| spawn(&model, move |model| model.engine.publish(done)));
        let taken = poll_all(&model);
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        check(&model, taken);
    });
}

/// The same where the second is no news before the first.
#[test]
fn two_results_in_order_meet_a_poll_that_finds_nothing() {
    model(2, || {
        let model = Model::ordered(2, 2);
        model.engine.open();
        let [first, mut second] = [model.transformed(), model.transformed()];
        second.tag = Tag::new(Outcome::Done, 1, 1);
        let workers =
            [first, second].map(|done| spawn(&model, move |model| model.engine.publish(done)));
        let taken = poll_all(&model);
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        check(&model, taken);
    });
}

/// A second poller reads the descriptor empty while the first is rung for.
#[test]
fn two_polls_that_find_nothing_meet_a_result() {
    model(2, || {
        let model = Model::new(2);
        model.engine.open();
        let done = model.transformed();
        let worker = spawn(&model, move |model| model.engine.publish(done));
        let poller = spawn(&model, poll_all);
        let taken = poll_all(&model);
        worker.join().unwrap();
        let taken = taken + poller.join().unwrap();
        check(&model, taken);
    });
}

/// The descriptor is asked for while a result comes.
#[test]
fn the_first_call_tells_of_what_is_there() {
    model(3, || {
        let model = Model::new(2);
        let done = model.transformed();
        let worker = spawn(&model, move |model| model.engine.publish(done));
        model.engine.open();
        worker.join().unwrap();
        assert!(model.engine.signals.doorbell().sounds());
        check(&model, 0);
    });
}

/// The end comes while the host finds nothing.
#[test]
fn an_end_meets_a_poll_that_finds_nothing() {
    model(3, || {
        let model = Model::new(1);
        model.engine.open();
        let finisher = spawn(&model, |model| model.engine.finish().unwrap());
        let answer = model.poll();
        assert!(matches!(answer, Err(Status::Empty | Status::End)));
        finisher.join().unwrap();
        assert!(model.engine.signals.doorbell().sounds());
        assert_eq!(model.poll(), Err(Status::End));
    });
}

/// The end comes with the delivery of the last result, while another poller finds nothing.
#[test]
fn a_last_delivery_meets_a_poll_that_finds_nothing() {
    model(3, || {
        let model = Model::new(1);
        model.engine.open();
        let done = model.transformed();
        model.engine.publish(done);
        model.engine.finish().unwrap();
        let poller = spawn(&model, |model| model.poll().is_ok());
        let taken = model.poll().is_ok();
        assert!(poller.join().unwrap() != taken);
        assert!(model.engine.signals.doorbell().sounds());
        assert_eq!(model.poll(), Err(Status::End));
        model.assert_accounts(1);
    });
}

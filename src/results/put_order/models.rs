//! Results in order of put, under loom, by the engine that ships. Every model ends with the
//! accounts; `.ci/run` also runs them with a fence removed, and then they must fail.

use crate::engine::model::{FOREVER, Model, model, spawn};
use crate::job::Completion;
use crate::status::Status;
use loom::sync::Arc;

/// What workers make of the next jobs, not yet published.
fn transformed<const N: usize>(model: &Arc<Model>) -> [Completion; N] {
    (0..N).for_each(|_| _ = model.put().unwrap());
    std::array::from_fn(|worker| model.transform(worker))
}

fn number(model: &Model) -> Result<u64, Status> {
    model.engine.poll_wait(FOREVER, |from| from.id.number())
}

/// A poller that sleeps is woken by the result whose turn it is, whoever publishes it when.
#[test]
fn models_order_is_kept_and_news_is_told() {
    model(2, || {
        let model = Model::ordered(2, 2);
        let [first, second] = transformed(&model);
        let other = spawn(&model, move |model| model.engine.publish(second));
        let one = spawn(&model, move |model| model.engine.publish(first));
        assert_eq!((number(&model), number(&model)), (Ok(0), Ok(1)));
        one.join().unwrap();
        other.join().unwrap();
        model.assert_accounts(2);
    });
}

/// Another poller takes the first from under the sleeper that it woke.
#[test]
fn models_a_sleeper_is_told_of_the_next() {
    model(2, || {
        let model = Model::ordered(2, 2);
        let [first, second] = transformed(&model);
        let worker = spawn(&model, move |model| model.engine.publish(second));
        let sleeper = spawn(&model, number);
        model.engine.publish(first);
        let taken = model.poll().is_ok();
        let slept = sleeper.join().unwrap();
        worker.join().unwrap();
        assert_eq!(slept, Ok(u64::from(taken && slept == Ok(1))));
        assert_eq!(model.poll().is_ok(), !taken);
        model.assert_accounts(2);
    });
}

/// A job that is still at its worker when its session ends, and whose place serves the next
/// session, is discarded when it comes; what is new is delivered before that or after it.
#[test]
fn models_a_reset_passes_by_who_comes_late() {
    model(3, || {
        let model = Model::ordered(1, 1);
        let [late] = transformed(&model);
        let worker = spawn(&model, move |model| model.engine.publish(late));
        assert_eq!(model.engine.reset(), Ok(1));
        let early = model.put();
        worker.join().unwrap();
        let session = match early {
            Ok(session) => Ok(session),
            // The late one has its credit, or its place, until now.
            Err(Status::Full) => model.put(),
            Err(status) => Err(status),
        };
        assert_eq!(session, Ok(1));
        assert_eq!(model.discarded(), 1);
        model.engine.publish(model.transform(0));
        assert_eq!(model.poll(), Ok(1));
        model.assert_accounts(1);
    });
}

/// The place of a job that comes late is in use again, in the session that follows.
#[test]
fn models_nobody_publishes_where_another_is() {
    model(3, || {
        let model = Model::ordered(2, 2);
        let [late] = transformed(&model);
        // Its credit is still out, so that one more fits, whose place is another; and then one
        // more, when that is done.
        let worker = spawn(&model, move |model| model.engine.publish(late));
        assert_eq!(model.engine.reset(), Ok(1));
        let mut delivered = 0;
        for _ in 0..2 {
            if model.put().is_err() {
                continue;
            }
            model.engine.publish(model.transform(1));
            delivered += u64::from(model.poll() == Ok(1));
        }
        worker.join().unwrap();
        while model.poll() == Ok(1) {
            delivered += 1;
        }
        model.assert_accounts(delivered);
        assert_eq!(model.engine.credits.in_flight(), 0);
    });
}

//! Puts of brief jobs, who give their core away, against other news, under loom. `.ci/run` also runs
//! them without the look at what came back, and then they must fail.

use crate::credits::Outcome;
use crate::engine::model::{Model, model, spawn};
use crate::worker::Next;
use loom::sync::Arc;
use loom::thread::JoinHandle;

/// A worker that waits for two jobs, and has done with them at once.
fn worker(model: &Arc<Model>) -> JoinHandle<()> {
    model.engine.signals.work.is_always_brief();
    spawn(model, |model| {
        for _ in 0..2 {
            let Next::Job(job) = model.engine.wait_for_work(0, 0) else { panic!("nobody closes") };
            model.finish(job);
        }
    })
}

fn assert_done(model: &Model) {
    let (accepted, outcomes) = model.engine.credits.counts();
    assert_eq!((accepted, outcomes[Outcome::Done as usize]), (2, 2));
    assert_eq!(model.engine.queued() + model.engine.running(), 0);
}

/// Such a put counts as searching, and whoever gives a job back relies on it: so it finds that
/// one, too, though the worker that it woke has gone to sleep again.
#[test]
fn models_a_near_put_finds_what_came_back() {
    model(3, || {
        let model = Model::trying_again(2);
        model.put().unwrap();
        let job = model.engine.jobs.pop().unwrap();
        let worker = worker(&model);
        let other = spawn(&model, move |model| model.engine.give_back(job, 0));
        model.put().unwrap();
        other.join().unwrap();
        worker.join().unwrap();
        assert_done(&model);
    });
}

/// Two such puts rely on each other.
#[test]
fn models_near_puts_find_what_the_other_put() {
    model(2, || {
        let model = Model::new(2);
        let worker = worker(&model);
        let other = spawn(&model, |model| model.put().unwrap());
        model.put().unwrap();
        other.join().unwrap();
        worker.join().unwrap();
        assert_done(&model);
    });
}

//! Cancels against the workers that take their jobs up, under loom. `.ci/run` also runs these
//! without the fence, and then they must fail.

use crate::credits::Outcome;
use crate::desk::Desk;
use crate::engine::model::{Model, model, spawn};
use crate::job::Id;
use crate::record::Text;
use loom::sync::Arc;

/// The only job that was put.
const FIRST: Id = Id(0);

fn outcome(model: &Model) -> Option<Outcome> {
    model.engine.poll(|from| from.outcome).ok()
}

/// A worker takes a job up and stays at it. Whether it does.
fn take_up(model: &Model) -> bool {
    let job = model.engine.jobs.pop();
    job.is_some_and(|job| model.engine.take_up(0, job))
}

fn check(model: &Arc<Model>, runs: bool) {
    let engine = &model.engine;
    let told = engine.desks[0].told(engine.desks[0].last());
    match runs {
        true => assert_eq!(told, Some(Outcome::Cancelled), "a job runs that was cancelled"),
        false => assert_eq!(outcome(model), Some(Outcome::Cancelled)),
    }
    let (accepted, outcomes) = engine.credits.counts();
    assert_eq!(accepted, outcomes.iter().sum::<u64>() + engine.running());
}

/// The job is noted in time, or told.
#[test]
fn models_a_cancel_meets_the_worker() {
    model(3, || {
        let model = Model::new(2);
        model.put().unwrap();
        let worker = spawn(&model, take_up);
        model.engine.cancel(FIRST).unwrap();
        let runs = worker.join().unwrap() || take_up(&model);
        check(&model, runs);
    });
}

/// Two cancel the same job; one of them may find the flag up already.
#[test]
fn models_two_cancels_meet_the_worker() {
    model(2, || {
        let model = Model::new(2);
        model.put().unwrap();
        let other = spawn(&model, |model| model.engine.cancel(FIRST).unwrap());
        let worker = spawn(&model, take_up);
        model.engine.cancel(FIRST).unwrap();
        other.join().unwrap();
        let runs = worker.join().unwrap() || take_up(&model);
        check(&model, runs);
    });
}

/// The job comes to its end meanwhile: it is done or cancelled, once.
#[test]
fn models_a_cancel_meets_the_end_of_a_job() {
    model(2, || {
        let model = Model::new(2);
        model.put().unwrap();
        let worker = spawn(&model, |model| {
            let job = model.engine.jobs.pop().unwrap();
            model.engine.work(0, job, None, &mut Text::EMPTY.clone(), false);
        });
        model.engine.cancel(FIRST).unwrap();
        worker.join().unwrap();
        assert!(matches!(outcome(&model), Some(Outcome::Done | Outcome::Cancelled)));
        assert_eq!(outcome(&model), None);
        assert!(model.engine.desks.iter().all(|desk| Desk::at_work(desk).is_none()));
    });
}

/// A worker of a stage has the next job of it, if there is one.
fn work(model: &Model, stage: usize) {
    if let Some(job) = model.engine.next_job(stage) {
        let worked =
            model.engine.work_supervised(stage, stage, job, &mut Text::EMPTY.clone(), false);
        assert_eq!(worked, Ok(()));
    }
}

/// A job is cancelled while a worker of the first stage has it, perhaps.
fn cancel_under_work(model: &Arc<Model>) {
    model.put().unwrap();
    let worker = spawn(model, |model| work(model, 0));
    model.engine.cancel(FIRST).unwrap();
    worker.join().unwrap();
}

/// The job comes to the end of a stage meanwhile: it goes no further, or is found noted there.
#[test]
fn models_a_cancel_meets_the_end_of_a_stage() {
    model(2, || {
        let model = Model::chain(2);
        cancel_under_work(&model);
        work(&model, 0);
        work(&model, 1);
        assert_eq!(outcome(&model), Some(Outcome::Cancelled));
    });
}

/// The job fails meanwhile and is to pause: it does not, or whoever cancels finds it there. Nobody
/// hands it out when its time comes, for here none goes by.
#[test]
fn models_a_cancel_meets_the_pause_between_tries() {
    model(2, || {
        let model = Model::failing(2);
        cancel_under_work(&model);
        work(&model, 0);
        assert_eq!(outcome(&model), Some(Outcome::Cancelled));
        let (accepted, outcomes) = model.engine.credits.counts();
        assert_eq!(accepted, outcomes.iter().sum::<u64>());
    });
}

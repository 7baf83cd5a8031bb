//! A host that naps against workers that find no job, under loom, where a nap's longest time never
//! comes. `.ci/run` also runs these without a worker's fence, its last look, or the news of a sweep, and
//! then they must fail.

use crate::clock::Deadline;
use crate::engine::model::{Model, model, spawn};

/// A worker that does what there is and then finds no job.
fn work(model: &Model) {
    while let Some(job) = model.engine.jobs.pop() {
        model.finish(job);
    }
    model.engine.tell_lenders();
}

/// The news itself.
#[test]
fn models_a_nap_ends_where_a_worker_finds_no_job() {
    model(3, || {
        let model = Model::crowded(2);
        model.put().unwrap();
        let worker = spawn(&model, work);
        model.engine.nap(Deadline::NEVER);
        worker.join().unwrap();
        assert_eq!(model.engine.queued() + model.engine.running(), 0);
    });
}

/// The last job is at another worker, which stays at it.
#[test]
fn models_a_nap_ends_though_a_worker_stays_at_its_job() {
    model(3, || {
        let model = Model::crowded(2);
        model.put().unwrap();
        let workers = [spawn(&model, |model| _ = model.take_up()), spawn(&model, work)];
        model.engine.nap(Deadline::NEVER);
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        assert_eq!(model.engine.queued(), 0);
    });
}

/// It is woken before that, and has to sleep on.
#[test]
fn models_a_nap_ends_behind_a_wake_that_came_too_soon() {
    model(3, || {
        let model = Model::crowded(2);
        model.put().unwrap();
        let worker = spawn(&model, |model| {
            model.engine.wake_lender();
            let _ = model.take_up();
            model.engine.tell_lenders();
        });
        model.engine.nap(Deadline::NEVER);
        worker.join().unwrap();
        assert_eq!(model.engine.queued(), 0);
    });
}

/// Another waits, and had looked before the host did.
#[test]
fn models_a_nap_ends_though_another_had_looked() {
    model(2, || {
        let model = Model::crowded(2);
        let waits = spawn(&model, |model| model.engine.serve(1));
        let stays = spawn(&model, |model| _ = model.take_up());
        model.put().unwrap();
        model.engine.nap(Deadline::NEVER);
        stays.join().unwrap();
        model.engine.shut();
        waits.join().unwrap();
        assert_eq!(model.engine.queued(), 0);
    });
}

/// No worker looks; the jobs are swept away, or nothing counts any more.
#[test]
fn models_a_nap_ends_where_jobs_are_not_to_run() {
    for end in
        [|model: &Model| _ = model.engine.reset(), |model: &Model| model.engine.signals.abort()]
    {
        model(3, move || {
            let model = Model::crowded(2);
            model.put().unwrap();
            let other = spawn(&model, end);
            model.engine.nap(Deadline::NEVER);
            other.join().unwrap();
        });
    }
}

//! What models of an engine have in common: the code that ships, with a transform that does
//! nothing, and the accounts.

use super::*;
use crate::clock::Timeout;
use crate::config::Waiting;
use crate::job::{Completion, Job};
use crate::record::Text;
use crate::run::{JobContext, LogLevel};
use crate::status::Status;
use loom::sync::Arc;
use loom::thread;
use std::ffi::c_void;
use std::sync::atomic::{AtomicU64 as Count, Ordering::SeqCst};

pub(crate) const FOREVER: Timeout = Timeout(u64::MAX);

pub(crate) fn model(preemptions: usize, body: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 20_000;
    builder.check(body);
}

/// Counts, with the standard library's atomics: loom does not switch threads inside a callback.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) ran: Count,
    discarded: Count,
}

struct Counting {
    counts: std::sync::Arc<Counts>,
    /// What each run comes to.
    outcome: Outcome,
}

impl Run for Counting {
    fn enter(&self, _: usize) -> Result<(), String> {
        Ok(())
    }
    fn run(&self, _: &mut JobContext<'_>) -> Outcome {
        self.counts.ran.fetch_add(1, SeqCst);
        self.outcome
    }
    fn exit(&self, _: usize) {}
    fn discard(&self, _: *mut c_void) {
        self.counts.discarded.fetch_add(1, SeqCst);
    }
    fn retire(&self) {}
    fn log(&self, _: LogLevel, _: &str) {}
}

/// Those of a plain engine of one stage, whose jobs are done.
pub(crate) fn parts(workers: usize, capacity: Capacity) -> Parts {
    let run = Counting { counts: Default::default(), outcome: Outcome::Done };
    Parts {
        signals: Lease::new(),
        cpus: vec![None; workers].into(),
        capacity,
        spin: Spin::NONE,
        timing: false,
        seed: 0,
        ordered: false,
        first: (0, 0),
        retries: 0,
        retry_failed: false,
        retry_backoff_ns: 0,
        stall_report_ns: 0,
        limits: None,
        trace_jobs: 0,
        stage_ends: Box::new([workers]),
        run: Box::new(run),
        arena: None,
        lanes: std::sync::Arc::new([]),
    }
}

pub(crate) struct Model {
    pub(crate) engine: Engine,
    pub(crate) counts: std::sync::Arc<Counts>,
}

impl Model {
    pub(crate) fn new(in_flight: usize) -> Arc<Model> {
        Model::with(1, Capacity { queued: in_flight, in_flight })
    }

    pub(crate) fn with(workers: usize, capacity: Capacity) -> Arc<Model> {
        Model::build(workers, capacity, false)
    }

    /// One whose results come in the order of put.
    pub(crate) fn ordered(workers: usize, in_flight: usize) -> Arc<Model> {
        Model::build(workers, Capacity { queued: in_flight, in_flight }, true)
    }

    /// One of two stages with a worker each.
    pub(crate) fn chain(in_flight: usize) -> Arc<Model> {
        let capacity = Capacity { queued: in_flight, in_flight };
        Model::of(Parts { stage_ends: Box::new([1, 2]), ..parts(2, capacity) }, Outcome::Done)
    }

    /// One whose jobs fail, and are tried once more after a pause.
    pub(crate) fn failing(in_flight: usize) -> Arc<Model> {
        let parts = parts(1, Capacity { queued: in_flight, in_flight });
        let limits = Some(Limits::new(0, 0, 0, 0));
        let parts = Parts { retries: 1, retry_failed: true, retry_backoff_ns: 1, limits, ..parts };
        Model::of(parts, Outcome::Failed)
    }

    /// One of whose workers jobs may come back.
    pub(crate) fn trying_again(in_flight: usize) -> Arc<Model> {
        let parts = parts(1, Capacity { queued: in_flight, in_flight });
        Model::of(Parts { retries: 1, retry_failed: true, ..parts }, Outcome::Done)
    }

    /// One without a core beside those of its workers.
    pub(crate) fn crowded(in_flight: usize) -> Arc<Model> {
        let parts = parts(2, Capacity { queued: in_flight, in_flight });
        let spin = Spin::new(Waiting::Balanced, 1, in_flight, true);
        Model::of(Parts { spin, ..parts }, Outcome::Done)
    }

    fn build(workers: usize, capacity: Capacity, ordered: bool) -> Arc<Model> {
        Model::of(Parts { ordered, ..parts(workers, capacity) }, Outcome::Done)
    }

    /// `run` is replaced by one that counts, and comes to that outcome.
    fn of(parts: Parts, outcome: Outcome) -> Arc<Model> {
        let counts = std::sync::Arc::new(Counts::default());
        let run = Box::new(Counting { counts: counts.clone(), outcome });
        Arc::new(Model { engine: Engine::new(Parts { run, ..parts }), counts })
    }

    pub(crate) fn put(&self) -> Result<u32, Status> {
        self.engine.put(std::ptr::null_mut()).map(|ticket| ticket.session)
    }

    pub(crate) fn poll(&self) -> Result<u32, Status> {
        self.engine.poll(|from| from.id.session())
    }

    /// A job that a worker has just transformed.
    pub(crate) fn transformed(&self) -> Completion {
        self.put().unwrap();
        self.transform(0)
    }

    /// What a worker makes of the next job.
    pub(crate) fn transform(&self, worker: usize) -> Completion {
        let (engine, mut text) = (&self.engine, Text::EMPTY);
        let job = engine.jobs.pop().unwrap();
        let (outcome, payload) = engine.transform(worker, 0, None, job, &mut text);
        engine.complete(worker, job, 0, outcome, payload, &text)
    }

    /// A worker that never comes back from its job. Whether it has one.
    pub(crate) fn take_up(&self) -> bool {
        let Some(job) = self.engine.jobs.pop() else { return false };
        self.engine.take_up(0, job)
    }

    /// A worker is done with a job that it took, at once and without running it.
    pub(crate) fn finish(&self, job: Job) {
        assert!(self.engine.take_up(0, job));
        self.engine.desks[0].end();
        self.engine.resolve(Outcome::Done, 1);
    }

    pub(crate) fn discarded(&self) -> u64 {
        self.counts.discarded.load(SeqCst)
    }

    /// accepted = outcomes + outstanding, where the latter is what lies in the queues.
    pub(crate) fn assert_accounts(&self, delivered: u64) {
        let engine = &self.engine;
        let (accepted, outcomes) = engine.credits.counts();
        assert_eq!(outcomes[Outcome::Done as usize], delivered);
        assert_eq!(outcomes[Outcome::Discarded as usize], self.discarded());
        let lying = engine.queued() + engine.results.len() + engine.running();
        assert_eq!(accepted, delivered + self.discarded() + lying);
    }
}

pub(crate) fn spawn<R: 'static>(
    model: &Arc<Model>,
    body: impl FnOnce(&Model) -> R + 'static,
) -> thread::JoinHandle<R> {
    let model = model.clone();
    thread::spawn(move || body(&model))
}

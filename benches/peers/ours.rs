//! This executor, by its Rust API.

use super::{Cpus, PATIENCE, Pool, Task};
use jobexec::{Config, Executor, Failure, JobContext, Pinning, Status, Workers};
use std::sync::atomic::{AtomicU64, Ordering};

/// This executor.
pub(crate) struct Ours {
    pub(crate) executor: Executor<Task>,
    jobs: AtomicU64,
}

/// So many workers, and places for so many jobs.
pub(crate) fn config(workers: usize, window: usize, cpus: &Cpus) -> Config {
    Config {
        workers: Workers::Count(workers),
        results: window,
        queue_per_worker: window,
        pinning: Pinning::Cpus(cpus.all().to_vec()),
        ..Config::default()
    }
}

impl Ours {
    pub(crate) fn start(config: &Config) -> Ours {
        let transform = |task: &mut Task, _: &JobContext<'_>| -> Result<(), Failure> {
            task.run();
            Ok(())
        };
        let executor = Executor::start(config, transform, PATIENCE).unwrap();
        Ours { executor, jobs: AtomicU64::new(0) }
    }
}

impl Pool for Ours {
    #[inline]
    fn put(&self, task: Box<Task>) {
        self.executor.put(task).map_err(|rejected| rejected.status).unwrap();
    }

    #[inline]
    fn get(&self) -> Box<Task> {
        self.executor.poll_wait(PATIENCE).unwrap().payload.unwrap()
    }

    fn try_get(&self) -> Option<Box<Task>> {
        self.executor.poll().ok().map(|result| result.payload.unwrap())
    }

    fn check(&self, tasks: u64) {
        let total = self.jobs.fetch_add(tasks, Ordering::Relaxed) + tasks;
        assert_eq!(self.executor.poll().unwrap_err(), Status::Empty);
        let stats = self.executor.stats();
        assert_eq!(stats.accepted, total);
        assert_eq!(stats.accepted, outcomes(&self.executor) + stats.outstanding);
        assert_eq!((stats.done, stats.outstanding), (total, 0));
    }

    fn stop(self: Box<Self>) {
        self.executor.close(PATIENCE).unwrap();
    }
}

/// How many jobs have their outcome.
pub(crate) fn outcomes<T: Send>(executor: &Executor<T>) -> u64 {
    let s = executor.stats();
    s.done + s.failed + s.panicked + s.crashed + s.timed_out + s.cancelled + s.discarded
}

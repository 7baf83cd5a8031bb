//! Rayon, a spawn for each job; results come back through a bounded channel.

use super::{Cpus, Pool, Task, pin};
use crossbeam_channel::{Receiver, Sender, bounded};

/// A pool of rayon's.
pub(crate) struct Rayon {
    pool: ::rayon::ThreadPool,
    /// Leaked, so that a job does not pay for a count of references.
    done: &'static Sender<Box<Task>>,
    results: Receiver<Box<Task>>,
    /// Closed when the last worker has left.
    left: Receiver<()>,
}

impl Rayon {
    pub(crate) fn start(workers: usize, window: usize, cpus: &Cpus) -> Rayon {
        let cpus: Vec<usize> = (0..workers).map(|worker| cpus.worker(worker)).collect();
        let builder = ::rayon::ThreadPoolBuilder::new().num_threads(workers);
        let (leaving, left) = bounded(0);
        let builder = builder.spawn_handler(move |thread| {
            let (cpu, leaving) = (cpus[thread.index()], leaving.clone());
            std::thread::Builder::new().spawn(move || {
                let _leaving = leaving;
                pin(cpu);
                thread.run();
            })?;
            Ok(())
        });
        let (done, results) = bounded(window);
        let pool = builder.build().unwrap();
        Rayon { pool, done: Box::leak(Box::new(done)), results, left }
    }
}

impl Pool for Rayon {
    #[inline]
    fn put(&self, mut task: Box<Task>) {
        let done = self.done;
        self.pool.spawn(move || {
            task.run();
            done.send(task).unwrap();
        });
    }

    #[inline]
    fn get(&self) -> Box<Task> {
        self.results.recv().unwrap()
    }

    #[inline]
    fn try_get(&self) -> Option<Box<Task>> {
        self.results.try_recv().ok()
    }

    fn check(&self, _tasks: u64) {
        assert!(self.results.is_empty());
    }

    fn stop(self: Box<Self>) {
        drop(self.pool);
        self.left.recv().unwrap_err();
    }
}

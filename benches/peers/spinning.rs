//! What burns the cores: threads between two arrays of crossbeam-queue that look all the time, and
//! yield when there is nothing. No pool to use, but what not sleeping would be worth.

use super::{Cpus, Pool, Task, pin};
use crossbeam_queue::ArrayQueue;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, yield_now};

/// Threads that never sleep.
pub(crate) struct Spinning {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

struct Shared {
    jobs: ArrayQueue<Box<Task>>,
    results: ArrayQueue<Box<Task>>,
    stop: AtomicBool,
}

impl Spinning {
    pub(crate) fn start(workers: usize, window: usize, cpus: &Cpus) -> Spinning {
        let queue = || ArrayQueue::new(window);
        let shared =
            Arc::new(Shared { jobs: queue(), results: queue(), stop: AtomicBool::new(false) });
        let workers = (0..workers).map(|worker| {
            let (shared, cpu) = (shared.clone(), cpus.worker(worker));
            std::thread::spawn(move || {
                pin(cpu);
                while !shared.stop.load(Ordering::Relaxed) {
                    match shared.jobs.pop() {
                        Some(mut task) => {
                            task.run();
                            assert!(shared.results.push(task).is_ok());
                        }
                        None => yield_now(),
                    }
                }
            })
        });
        Spinning { workers: workers.collect(), shared }
    }
}

impl Pool for Spinning {
    #[inline]
    fn put(&self, task: Box<Task>) {
        assert!(self.shared.jobs.push(task).is_ok());
    }

    #[inline]
    fn get(&self) -> Box<Task> {
        loop {
            match self.try_get() {
                Some(task) => break task,
                None => yield_now(),
            }
        }
    }

    #[inline]
    fn try_get(&self) -> Option<Box<Task>> {
        self.shared.results.pop()
    }

    fn check(&self, _tasks: u64) {
        assert!(self.shared.jobs.is_empty() && self.shared.results.is_empty());
    }

    fn stop(self: Box<Self>) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.workers.into_iter().for_each(|worker| worker.join().unwrap());
    }
}

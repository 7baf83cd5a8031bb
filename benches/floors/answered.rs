//! A futex pair as a pool of one task: the host wakes the partner, which answers; the task stays.

use super::FutexPair;
use crate::peers::{Cpus, Pool, Task};
use std::sync::Mutex;

/// One thread that sleeps in the kernel.
pub(crate) struct Answered {
    pair: FutexPair,
    task: Mutex<Option<Box<Task>>>,
}

impl Answered {
    pub(crate) fn start(cpus: &Cpus) -> Answered {
        Answered { pair: FutexPair::start(cpus.worker(0)), task: Mutex::default() }
    }
}

impl Pool for Answered {
    fn put(&self, task: Box<Task>) {
        assert!(self.task.lock().unwrap().replace(task).is_none());
        self.pair.wake();
    }

    fn get(&self) -> Box<Task> {
        self.pair.wait();
        self.try_get().unwrap()
    }

    fn try_get(&self) -> Option<Box<Task>> {
        self.task.lock().unwrap().take()
    }

    fn check(&self, _tasks: u64) {
        assert!(self.task.lock().unwrap().is_none());
    }

    fn stop(self: Box<Self>) {}
}

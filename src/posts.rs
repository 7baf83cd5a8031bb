//! Which thread serves which worker, where threads may be set aside: one that does not come back
//! from its transform in time loses its post to another, and its job is given its outcome without
//! it. Under a lock, for nothing here happens with a job that ends.

use crate::job::{Id, Job};
use std::ffi::c_void;

/// See the module.
pub(crate) struct Posts {
    /// The thread of each worker; 0 if it has none.
    holders: Vec<u64>,
    /// Whether a worker's post is only kept: its last thread has died, and is just being buried.
    kept: Vec<bool>,
    /// Threads that ever had a post; a thread's name is its number here.
    hired: u64,
    aside: Vec<Aside>,
}

/// A thread that was set aside, in the transform of its job.
#[derive(Clone, Copy)]
pub(crate) struct Aside {
    thread: u64,
    pub(crate) worker: usize,
    pub(crate) id: Id,
    /// Still the transform's; whoever ends the thread discards it.
    pub(crate) payload: *mut c_void,
}

// SAFETY: a payload may be handed to another thread; that is what it was put for.
unsafe impl Send for Aside {}

impl Posts {
    /// Nobody yet.
    pub(crate) fn new(workers: usize) -> Posts {
        Posts { holders: vec![0; workers], kept: vec![false; workers], hired: 0, aside: Vec::new() }
    }

    /// A thread takes a worker's post. Answers its name.
    pub(crate) fn hire(&mut self, worker: usize) -> u64 {
        self.hired += 1;
        self.holders[worker] = self.hired;
        self.hired
    }

    /// The same, where the worker has none.
    pub(crate) fn hire_if_vacant(&mut self, worker: usize) -> Option<u64> {
        (!self.is_held(worker)).then(|| self.hire(worker))
    }

    /// Takes the post of a thread that has just died for the next, so that nobody else does.
    pub(crate) fn keep(&mut self, worker: usize) -> u64 {
        self.kept[worker] = true;
        self.hire(worker)
    }

    /// The one that it was kept for begins, or gives it up.
    pub(crate) fn release(&mut self, worker: usize) {
        self.kept[worker] = false;
    }

    /// A thread ends. False if it has no post; that is another's, or nobody's.
    pub(crate) fn quit(&mut self, worker: usize, thread: u64) -> bool {
        let holds = self.holders[worker] == thread;
        if holds {
            self.holders[worker] = 0;
        }
        holds
    }

    /// Whether a worker has a thread that may be at a job.
    pub(crate) fn is_serving(&self, worker: usize) -> bool {
        self.is_held(worker) && !self.kept[worker]
    }

    /// Whether a worker has a thread.
    pub(crate) fn is_held(&self, worker: usize) -> bool {
        self.holders[worker] != 0
    }

    /// The worker's thread, which is at that job, loses its post.
    pub(crate) fn set_aside(&mut self, worker: usize, job: &Job) {
        let thread = std::mem::take(&mut self.holders[worker]);
        self.aside.push(Aside { thread, worker, id: job.id, payload: job.payload });
    }

    /// A thread that was set aside comes back, or ends.
    pub(crate) fn come_back(&mut self, thread: u64) -> Option<Aside> {
        let at = self.aside.iter().position(|aside| aside.thread == thread)?;
        Some(self.aside.swap_remove(at))
    }

    /// Those that are set aside.
    pub(crate) fn aside(&self) -> &[Aside] {
        &self.aside
    }
}

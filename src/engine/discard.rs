//! What nobody will get: its payload goes back to where it came from, and its job has its outcome.

use super::Engine;
use crate::credits::Outcome;
use crate::inside;
use crate::job::{Completion, Job};
use crate::record::Record;
use std::ffi::c_void;

impl Engine {
    /// A job that will not run.
    pub(crate) fn discard_job(&self, job: Job) {
        if self.results.are_ordered() && !self.signals.phase().outdates(job.id.session()) {
            self.pass(job);
        }
        self.discard(job.payload);
    }

    /// Its session goes on: the results behind it do not wait for it.
    #[cold]
    fn pass(&self, job: Job) {
        let outdated = || self.signals.phase().outdates(job.id.session());
        self.results.pass(job.position, outdated);
        self.sweep_behind();
    }

    /// Recycles a buffer, or gives another payload to the discard callback; and the job has its
    /// outcome.
    pub(crate) fn discard(&self, payload: *mut c_void) {
        self.give_up(payload);
        self.resolve(Outcome::Discarded, 1);
    }

    /// The payload's part of that.
    pub(crate) fn give_up(&self, payload: *mut c_void) {
        if !self.recycle(payload) {
            inside::enter(self.identity(), || self.run.discard(payload));
        }
    }

    /// The same for a job that has been at a worker.
    #[cold]
    pub(crate) fn discard_result(&self, done: Completion) {
        if done.tag.outcome() == Outcome::Done {
            return self.discard(done.word as *mut c_void);
        }
        let Record { payload, lost, .. } = *self.records.read(done.word);
        self.records.release(done.word);
        match lost {
            true => self.resolve(Outcome::Discarded, 1),
            false => self.discard(payload),
        }
    }
}

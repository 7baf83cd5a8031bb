//! The queue of jobs that come back from worker processes.

use crate::credits::Outcome;
use crate::job::{Completion, Id, Job};
use crate::queue::Results;
use std::ffi::c_void;

/// Jobs that went to a worker and come back: it died, or is busy. Sorted like results, and by the
/// same means.
pub(crate) struct Returned(Results);

impl Returned {
    /// A queue for so many jobs.
    pub(crate) fn new(places: usize) -> Returned {
        Returned(Results::new(places, true))
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(places: usize) -> usize {
        Results::bytes(places, true)
    }

    /// Appends a job, unless one of a later session came back already: then this one is stale.
    pub(crate) fn push(&self, job: Job) -> Result<(), Job> {
        let Job { id, payload, created } = job;
        let (word, outcome, worker) = (payload as usize, Outcome::Done, 0);
        let done = Completion { id, word, outcome, worker, created, started: 0, finished: 0 };
        self.0.push(done).map_err(|_| job)
    }

    /// Takes the oldest job, if it is wanted.
    #[inline]
    pub(crate) fn pop_if(&self, wanted: impl Fn(Id) -> bool) -> Option<Job> {
        let Completion { id, word, created, .. } = self.0.pop_if(wanted)?;
        Some(Job { id, payload: word as *mut c_void, created })
    }

    /// Whether there is one.
    #[inline]
    pub(crate) fn has_any(&self) -> bool {
        self.0.has(0)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        self.0.len()
    }
}

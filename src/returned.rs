//! The queue of jobs that come from workers.

use crate::job::{Completion, Id, Job, Tag};
use crate::results::DoneOrder;
use std::ffi::c_void;

/// Jobs that were at a worker: it died, or is busy, or they are tried again, or they go to the next
/// stage. Sorted like results, and by the
/// same means.
pub(crate) struct Returned(DoneOrder);

impl Returned {
    /// A queue for so many jobs.
    pub(crate) fn new(places: usize) -> Returned {
        Returned(DoneOrder::new(places, true))
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(places: usize) -> usize {
        DoneOrder::bytes(places, true)
    }

    /// Appends a job, unless one of a later session came back already: then this one is stale.
    pub(crate) fn push(&self, job: Job) -> Result<(), Job> {
        let Job { id, payload, created, position, limit, tries } = job;
        let done = Completion {
            id,
            word: payload as usize,
            created,
            started: position,
            finished: limit,
            tag: Tag(tries),
            ..Completion::NONE
        };
        self.0.push(done).map_err(|_| job)
    }

    /// Takes the oldest job, if it is wanted.
    #[inline]
    pub(crate) fn pop_if(&self, wanted: impl Fn(Id) -> bool) -> Option<Job> {
        let Completion { id, word, created, started, finished, tag, .. } = self.0.pop_if(wanted)?;
        let payload = word as *mut c_void;
        Some(Job { id, payload, created, position: started, limit: finished, tries: tag.0 })
    }

    /// Whether there is one behind so many others.
    #[inline]
    pub(crate) fn has(&self, others: u64) -> bool {
        self.0.has(others)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        self.0.len()
    }
}

//! The queue of jobs, and how they lie in the words of a ring.
//!
//! Sorted by session, so that what a reset makes stale lies in front: jobs get their positions
//! where they are accepted ([`crate::credits`]), by the one word that says which session they
//! belong to. It is all that putters share.

use crate::job::{Id, Job};
use crate::ring::Ring;
use crate::sync::Ordering;
use std::ffi::c_void;

/// Jobs on their way to workers.
pub(crate) struct Jobs {
    ring: Ring,
    timed: bool,
    limited: bool,
}

impl Jobs {
    const fn words(timed: bool, limited: bool) -> usize {
        match (timed, limited) {
            (false, _) => 2,
            (true, false) => 3,
            (true, true) => 4,
        }
    }

    /// A queue for so many jobs, which have limits only where they are timed. The tokens of its
    /// ring are its places: whoever accepts a job at a position has seen that the one `places`
    /// before it was taken, by the queue's own count where that is the bound, else by the outcomes,
    /// which come after the take.
    pub(crate) fn new(places: usize, timed: bool, limited: bool) -> Jobs {
        Jobs { ring: Ring::new(places, Jobs::words(timed, limited)), timed, limited }
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(places: usize, timed: bool, limited: bool) -> usize {
        Ring::bytes(places, Jobs::words(timed, limited))
    }

    /// Appends a job, at the position at which it was accepted. It has a limit where all have one.
    #[inline(always)]
    pub(crate) fn push(&self, job: Job) {
        let payload = job.payload as u64;
        if job.limit > 0 {
            self.ring.publish(job.position, job.id.0, [payload, job.created, job.limit]);
        } else if self.timed {
            self.ring.publish(job.position, job.id.0, [payload, job.created]);
        } else {
            self.ring.publish(job.position, job.id.0, [payload]);
        }
    }

    /// Takes the oldest job.
    #[inline]
    pub(crate) fn pop(&self) -> Option<Job> {
        self.pop_if(|_| true)
    }

    /// Takes the oldest job, if it is wanted.
    #[inline(always)]
    pub(crate) fn pop_if(&self, wanted: impl Fn(Id) -> bool) -> Option<Job> {
        self.ring.take_at(|position, first, rest| {
            let id = Id(first);
            wanted(id).then(|| {
                let payload = rest[0].load(Ordering::Relaxed) as *mut c_void;
                let (mut created, mut limit) = (0, 0);
                if self.timed {
                    created = rest[1].load(Ordering::Relaxed);
                    if self.limited {
                        limit = rest[2].load(Ordering::Relaxed);
                    }
                }
                Job { id, position, payload, created, limit, tries: 0 }
            })
        })
    }

    /// Whether there is a job behind so many others, see [`Ring::has`].
    #[inline]
    pub(crate) fn has(&self, others: u64) -> bool {
        self.ring.has(others)
    }

    /// The payload of the job behind so many others, as a hint: see [`Ring::glimpse`].
    #[inline]
    pub(crate) fn payload_behind(&self, others: u64) -> Option<u64> {
        self.ring.glimpse(others, 0)
    }

    /// How many jobs left the queue. Only grows.
    #[inline]
    pub(crate) fn taken(&self) -> u64 {
        self.ring.taken()
    }
}

#[cfg(all(test, not(loom)))]
mod tests;

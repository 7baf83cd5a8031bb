//! Where a worker keeps what others may read of it. Only its owner writes, so that nothing here
//! travels between cores unless somebody asks.

use crate::job::{Id, Job};
use crate::sync::{AtomicU64, Ordering};
use crossbeam_utils::CachePadded;
use std::ffi::c_void;

/// One worker's counters, and the job it is at.
pub(crate) struct Desk {
    line: CachePadded<Line>,
}

#[derive(Default)]
struct Line {
    /// The id of the job at hand, plus one; 0 without a job.
    at: AtomicU64,
    /// Its payload and when it was accepted: for the owner.
    payload: AtomicU64,
    created: AtomicU64,
    /// When it began, where jobs are timed.
    since: AtomicU64,
    /// Jobs taken and done with: published, or discarded.
    left: AtomicU64,
}

/// What a worker is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AtWork {
    pub(crate) id: Id,
    /// 0 where jobs are not timed.
    pub(crate) since: u64,
}

impl Desk {
    /// An empty desk.
    pub(crate) fn new() -> Desk {
        Desk { line: CachePadded::default() }
    }

    /// The owner has taken a job off the queue. Ends with a read-modify-write, for what the owner
    /// reads next must not be older than what others can then see here: see
    /// [`crate::engine::Engine::ended`].
    #[inline]
    pub(crate) fn begin(&self, job: Job) {
        let line = &*self.line;
        line.payload.store(job.payload as u64, Ordering::Relaxed);
        line.created.store(job.created, Ordering::Relaxed);
        line.since.store(0, Ordering::Relaxed);
        line.at.swap(job.id.0 + 1, Ordering::AcqRel);
    }

    /// The owner starts the transform.
    #[inline]
    pub(crate) fn starts(&self, now: u64) {
        self.line.since.store(now, Ordering::Relaxed);
    }

    /// The owner is about to publish or discard the job. Before that, so that a job that was
    /// polled is never still counted as running.
    #[inline]
    pub(crate) fn end(&self) {
        let line = &*self.line;
        line.at.store(0, Ordering::Release);
        line.left.store(line.left.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// The job at hand, for the owner's own last act. `None` once it has ended.
    pub(crate) fn abandoned(&self) -> Option<Job> {
        let at = self.at_work()?;
        Some(Job {
            id: at.id,
            payload: self.line.payload.load(Ordering::Relaxed) as *mut c_void,
            created: self.line.created.load(Ordering::Relaxed),
        })
    }

    /// Jobs taken and done with.
    pub(crate) fn left(&self) -> u64 {
        self.line.left.load(Ordering::Relaxed)
    }

    /// The job at hand.
    pub(crate) fn at_work(&self) -> Option<AtWork> {
        let at = self.line.at.load(Ordering::Acquire);
        let since = self.line.since.load(Ordering::Relaxed);
        (at > 0).then(|| AtWork { id: Id(at - 1), since })
    }
}

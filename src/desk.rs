//! Where a worker keeps what others may read of it. Only its owner writes, so that nothing here
//! costs more than a plain store to a line of its own.

use crate::job::Job;
use crate::sync::{AtomicU64, Ordering};
use crossbeam_utils::CachePadded;
use std::cell::UnsafeCell;

/// One worker's counters, and the job it is at.
pub(crate) struct Desk {
    line: CachePadded<Line>,
}

struct Line {
    /// Jobs taken off the queue.
    taken: AtomicU64,
    /// Jobs taken and done with: published, or discarded.
    left: AtomicU64,
    /// Session of the job at hand, plus one; 0 without a job.
    session: AtomicU64,
    number: AtomicU64,
    /// When the job at hand began, where jobs are timed.
    since: AtomicU64,
    job: UnsafeCell<Option<Job>>,
}

// SAFETY: `job` is touched by the owner alone, everything else is atomic.
unsafe impl Sync for Desk {}

/// What a worker is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AtWork {
    pub(crate) session: u32,
    pub(crate) number: u64,
    /// 0 where jobs are not timed.
    pub(crate) since: u64,
}

impl Desk {
    /// An empty desk.
    pub(crate) fn new() -> Desk {
        Desk {
            line: CachePadded::new(Line {
                taken: AtomicU64::new(0),
                left: AtomicU64::new(0),
                session: AtomicU64::new(0),
                number: AtomicU64::new(0),
                since: AtomicU64::new(0),
                job: UnsafeCell::new(None),
            }),
        }
    }

    /// The owner has taken a job off the queue. After the pop: what is counted here is room.
    #[inline]
    pub(crate) fn begin(&self, job: Job) {
        let line = &*self.line;
        // SAFETY: only the owner calls this, and no reference to the place outlives a call.
        unsafe { *line.job.get() = Some(job) };
        line.number.store(job.number, Ordering::Relaxed);
        line.session.store(u64::from(job.session) + 1, Ordering::Release);
        line.taken.store(line.taken.load(Ordering::Relaxed) + 1, Ordering::Release);
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
        line.session.store(0, Ordering::Release);
        line.since.store(0, Ordering::Relaxed);
        line.left.store(line.left.load(Ordering::Relaxed) + 1, Ordering::Release);
    }

    /// The job at hand, for the owner's own last act. `None` once it has ended.
    pub(crate) fn abandoned(&self) -> Option<Job> {
        if self.line.session.load(Ordering::Relaxed) == 0 {
            return None;
        }
        // SAFETY: only the owner calls this.
        unsafe { *self.line.job.get() }
    }

    /// Jobs taken off the queue.
    #[inline]
    pub(crate) fn taken(&self) -> u64 {
        self.line.taken.load(Ordering::Acquire)
    }

    /// Jobs taken and done with.
    pub(crate) fn left(&self) -> u64 {
        self.line.left.load(Ordering::Acquire)
    }

    /// The job at hand.
    pub(crate) fn at_work(&self) -> Option<AtWork> {
        let session = self.line.session.load(Ordering::Acquire);
        (session > 0).then(|| AtWork {
            session: session as u32 - 1,
            number: self.line.number.load(Ordering::Relaxed),
            since: self.line.since.load(Ordering::Relaxed),
        })
    }
}

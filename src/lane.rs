//! A worker process as the executor's threads see it: its link, and what they know about it
//! themselves.

use crate::link::{DEPTH, Link, Seen};
use crate::pace::Pace;
use crate::sync::{AtomicU64, Ordering};
use crossbeam_utils::CachePadded;

/// One worker's lane. Its own thread hands jobs over and collects what came of them
/// ([`crate::pump`]); others may take back what is not begun.
pub(crate) struct Lane {
    pub(crate) link: Link,
    /// How the thread waits for results.
    pub(crate) pace: Pace,
    shared: CachePadded<Shared>,
}

/// Written by one, now and then looked at by others.
#[derive(Default)]
struct Shared {
    /// 1 when the process has ended.
    dead: AtomicU64,
    /// 1 when the library itself has it killed, for a job that is told why.
    evicted: AtomicU64,
    /// The positions that are handed over and not collected: from here...
    head: AtomicU64,
    /// ...to before here.
    tail: AtomicU64,
    /// Jobs that the worker did, its predecessors' included.
    done: AtomicU64,
}

impl Lane {
    /// A lane for a worker that does not run yet.
    pub(crate) fn new(link: Link) -> Lane {
        Lane { link, pace: Pace::default(), shared: CachePadded::default() }
    }

    /// A fresh process begins on a fresh link.
    pub(crate) fn begin(&self) {
        self.show(0, 0);
        self.shared.evicted.store(0, Ordering::Relaxed);
        self.shared.dead.store(0, Ordering::Release);
    }

    /// The process is about to be killed for one of its jobs, which was told: its other jobs are
    /// not to blame.
    pub(crate) fn evict(&self) {
        self.shared.evicted.store(1, Ordering::Release);
    }

    /// Whether it was killed so.
    pub(crate) fn is_evicted(&self) -> bool {
        self.shared.evicted.load(Ordering::Acquire) != 0
    }

    /// The process has ended. Wakes the lane's thread; whoever calls this wakes it where it waits
    /// for jobs, too.
    pub(crate) fn die(&self) {
        self.shared.dead.swap(1, Ordering::AcqRel);
        self.link.host_bell().ring_loud();
    }

    /// Whether the process has ended.
    #[inline]
    pub(crate) fn is_dead(&self) -> bool {
        self.shared.dead.load(Ordering::Acquire) != 0
    }

    /// The lane's thread shows what is handed over.
    #[inline]
    pub(crate) fn show(&self, head: u64, tail: u64) {
        self.shared.head.store(head, Ordering::Relaxed);
        self.shared.tail.store(tail, Ordering::Relaxed);
    }

    /// The lane's thread counts a job that the worker did.
    #[inline]
    pub(crate) fn count_done(&self) {
        let done = self.done() + 1;
        self.shared.done.store(done, Ordering::Relaxed);
    }

    /// Jobs that the worker did, its predecessors' included.
    pub(crate) fn done(&self) -> u64 {
        self.shared.done.load(Ordering::Relaxed)
    }

    /// Positions of jobs that may lie behind another in the worker's hands, the last first.
    pub(crate) fn behind(&self) -> impl Iterator<Item = u64> + use<> {
        let tail = self.shared.tail.load(Ordering::Relaxed);
        let head = self.shared.head.load(Ordering::Relaxed).max(tail.saturating_sub(DEPTH as u64));
        (head + 1..tail.max(head + 1)).rev()
    }

    /// Whether the thread has something to collect at that position.
    #[inline]
    pub(crate) fn has_news(&self, head: u64) -> bool {
        !matches!(self.link.look(head), Seen::Offered | Seen::Claimed)
    }
}

//! A host that sleeps while its core is lent, until jobs run low.
//!
//! A host that yields ([`crate::lend`]) has its core back when the worker there has nothing left to
//! do, or a time slice ends. Where one job of a hundred takes 2 ms and the others 10 us, that worker is
//! often at a long one: the others do all that lies in the queue, and then wait a millisecond for the
//! host, for nothing that they do makes the kernel switch to a thread that yielded. To one that
//! is woken it does switch. So where the core came back late the host sleeps instead, and the first
//! worker that finds no job wakes it. Uneven jobs, 64 in flight, take 1.03 of the ideal time with 2
//! workers on 2 cores by that, and 1.17 without.
//!
//! Where jobs are even, all find the queue empty at about the same time, and a wake is dearer than
//! a yield: jobs of 10 us would take 1.04 of the time at 64, and 1.8 at 4. So it is done only for a
//! while after the core came back late, and for longer the more often it does. Another program that
//! keeps the host's core busy makes it late, too: jobs of 10 us then take a quarter of the time.
//!
//! A worker that shares the host's core wakes it sooner ([`crate::lend`]), but that is not relied on.
//!
//! No wake is lost, by the proof of [`crate::event`]. The news is that the queue is empty. A worker
//! that finds it so, where it begins to wait and behind its last look before it sleeps, has a fence behind
//! that look, and then reads whether a host sleeps. A host that saw a job, behind the fence that
//! follows its W1, saw it before a worker took it; so whichever worker finds the queue empty after
//! that has its fence later than the host's, and sees the host. A worker that slept before has
//! done nothing that the host does not know of: a host with a result to take does not nap. What is swept
//! off the queue is told likewise. The thread of a worker process looks and tells when that has no job at
//! hand, either; where processes hang, the longest nap ends it.

use crate::clock::now_ns;
use crate::sync::{AtomicU64, Ordering};
use crossbeam_utils::CachePadded;

/// The longest nap of a host that only polls and puts: as long as a core that was yielded may stay away.
/// One that wakes while nobody lacks anything does worse than to sleep on: the kernel need not give it
/// the core, another has a time slice left, and whoever finds no job then cannot wake it any more. With
/// 1 ms uneven jobs took 1.02 of the time.
const LONGEST_NS: u64 = 4_000_000;
/// The longest of one that goes on with something else: a result that it waits for lies there meanwhile.
const LONGEST_OF_KEEN_NS: u64 = 1_000_000;

/// The core came back late if some worker had found no job for so long. To nap costs 15 us; but where
/// many workers share cores, or jobs take 100 us, the last are done so long after the first by
/// chance.
const LATE_NS: u64 = 700_000;

/// Naps until the core is yielded again: so many when that comes back late, this many times as
/// many when it does so again, and half as many when it does not. To yield where a nap is better costs a
/// millisecond; with 256 at most uneven jobs took 1.004 of the time.
const FIRST: u64 = 4;
const GROWTH: u64 = 4;
const MOST: u64 = 1024;

/// What hosts have learnt of how their core comes back.
#[derive(Default)]
pub(crate) struct Naps {
    /// Whether a host has yielded, and no worker has found the queue empty since. Workers read it
    /// when they do.
    lent: CachePadded<AtomicU64>,
    /// When one did.
    empty: AtomicU64,
    /// How many naps are left...
    left: AtomicU64,
    /// ...and how many there were to be in this row.
    run: AtomicU64,
}

impl Naps {
    /// Whether to sleep instead of yielding.
    pub(crate) fn next(&self) -> bool {
        let left = self.left.load(Ordering::Relaxed);
        if left > 0 {
            self.left.store(left - 1, Ordering::Relaxed);
        }
        left > 0
    }

    /// How long a nap may last. `is_keen`: the host waits for one result.
    pub(crate) fn longest(is_keen: bool) -> u64 {
        if is_keen { LONGEST_OF_KEEN_NS } else { LONGEST_NS }
    }

    /// A host is about to yield.
    pub(crate) fn lend(&self) {
        self.lent.store(1, Ordering::Relaxed);
    }

    /// A worker found no job.
    pub(crate) fn found_none(&self) {
        if self.lent.load(Ordering::Relaxed) > 0 {
            self.empty.store(now_ns(), Ordering::Relaxed);
            self.lent.store(0, Ordering::Relaxed);
        }
    }

    /// The host has its core back.
    pub(crate) fn came_back(&self) {
        if self.lent.load(Ordering::Relaxed) > 0 {
            return; // All the time there were jobs.
        }
        let late = now_ns().saturating_sub(self.empty.load(Ordering::Relaxed)) > LATE_NS;
        let run = self.run.load(Ordering::Relaxed);
        if run == 0 && !late {
            return;
        }
        let less = run.saturating_sub((run / 2).max(1));
        let next = if late { (run * GROWTH).clamp(FIRST, MOST) } else { less };
        self.run.store(next, Ordering::Relaxed);
        self.left.store(next, Ordering::Relaxed);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_core_that_comes_back_late_is_slept_for() {
        let naps = Naps::default();
        let naps_after = |late| {
            naps.lend();
            naps.found_none();
            naps.found_none();
            if late {
                naps.empty.fetch_sub(LATE_NS, Ordering::Relaxed);
            }
            naps.came_back();
            (0..).take_while(|_| naps.next()).count()
        };
        assert_eq!([false, true, true].map(naps_after), [0, 4, 16]);
        assert_eq!([true, true, true].map(naps_after), [64, 256, 1024]);
        assert_eq!([false, false, true].map(naps_after), [512, 256, 1024]);
        let many = (0..).take_while(|_| naps_after(false) > 0).count();
        assert!((8..16).contains(&many), "{many}");
        assert_eq!([false, true, false, false, false].map(naps_after), [0, 4, 2, 1, 0]);
        naps.lend();
        naps.came_back();
        assert!(!naps.next(), "no worker was in want");
    }
}

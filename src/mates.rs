//! Workers that share a CPU: who is at work goes on first.
//!
//! Where there are more workers than CPUs, the kernel takes a core from one to give it to another: with
//! a tick, every few milliseconds, and with some wakes. If that one takes a job then, the other's has
//! to wait: a short one for a long one that came later, and several milliseconds more where a
//! worker has just taken it and not begun. So whoever has waited gives the core back first to others
//! of it that are at work, and takes a job when they do not want the core: they have no job any more, or
//! theirs sleeps in the kernel. And who wakes others, having news to deal with, rather wakes those of
//! other cores. With 4 workers on 2 cores no short job of 10 us waits any more for longer than a job of
//! 2 ms takes, 64 in flight; it was 1.3 times as long, and half as much again now and then.
//!
//! At work is who has a job, or comes from one and has not begun to wait. That is a hint: a worker
//! that is in error about it takes its job somewhat sooner or later.

use crate::pace::give_way;
use crate::sync::{AtomicU64, Ordering};
use crossbeam_utils::CachePadded;

/// The kernel need not switch with each yield; after so many without a switch nobody wants the core.
const KEPT: u32 = 3;
/// After so many with one a job is taken in any case: whoever is at work may be so for ever, and
/// has the core for a tick each time.
const GIVEN: u32 = 16;

/// The workers of an executor, by the CPUs that they are pinned to.
pub(crate) struct Mates(Box<[CachePadded<Mate>]>);

struct Mate {
    /// The next one of its CPU, in a ring.
    next: usize,
    /// Written by its own thread only, and read by those of its CPU.
    is_at_work: AtomicU64,
}

impl Mates {
    pub(crate) fn new(cpus: &[Option<usize>]) -> Mates {
        let next = |worker: usize| {
            let cpu = cpus[worker]?;
            (worker + 1..cpus.len()).chain(0..worker).find(|other| cpus[*other] == Some(cpu))
        };
        let mate =
            |worker| Mate { next: next(worker).unwrap_or(worker), is_at_work: AtomicU64::new(0) };
        Mates((0..cpus.len()).map(|worker| mate(worker).into()).collect())
    }

    /// Bytes that it takes beside its own, for so many workers.
    pub(crate) fn bytes(workers: usize) -> usize {
        workers * size_of::<CachePadded<Mate>>()
    }

    /// Whether a worker shares its CPU.
    pub(crate) fn has(&self, worker: usize) -> bool {
        self.0[worker].next != worker
    }

    /// A worker has a job, or has none.
    pub(crate) fn set(&self, worker: usize, is_at_work: bool) {
        if self.has(worker) {
            self.0[worker].is_at_work.store(u64::from(is_at_work), Ordering::Relaxed);
        }
    }

    /// Whether another of a worker's CPU is at work.
    pub(crate) fn are_at_work(&self, worker: usize) -> bool {
        let mut next = self.0[worker].next;
        while next != worker {
            if self.0[next].is_at_work.load(Ordering::Relaxed) > 0 {
                return true;
            }
            next = self.0[next].next;
        }
        false
    }
}

/// Gives the core away for as long as `are_at_work` says, and they want it.
#[cold]
#[inline(never)]
pub(crate) fn let_go_first(are_at_work: impl Fn() -> bool) {
    let (mut kept, mut given) = (0, 0);
    while kept < KEPT && given < GIVEN && are_at_work() {
        if give_way() {
            (kept, given) = (0, given + 1);
        } else {
            kept += 1;
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn those_of_one_cpu_are_mates() {
        let mates = Mates::new(&[Some(3), None, Some(5), Some(3), None, Some(3)]);
        assert_eq!(
            [0, 1, 2, 3, 4, 5].map(|worker| mates.has(worker)),
            [true, false, false, true, false, true]
        );
        let see = || [0, 1, 2, 3, 4, 5].map(|worker| mates.are_at_work(worker));
        assert_eq!(see(), [false; 6]);
        (0..5).for_each(|worker| mates.set(worker, true));
        assert_eq!(see(), [true, false, false, true, false, true]);
        mates.set(3, false);
        assert_eq!(see(), [false, false, false, true, false, true]);
        mates.set(0, false);
        assert_eq!(see(), [false; 6]);
    }

    #[test]
    fn the_core_is_given_away_for_as_long_as_others_want_it_and_not_for_ever() {
        let asked = Cell::new(0);
        let ask = |answer| {
            asked.set(asked.get() + 1);
            answer
        };
        let_go_first(|| ask(false));
        assert_eq!(asked.get(), 1);
        let_go_first(|| ask(asked.get() < 3));
        assert_eq!(asked.get(), 4);
        asked.set(0);
        let_go_first(|| ask(true));
        assert!((KEPT..KEPT * (GIVEN + 1) + 1).contains(&asked.get()), "{}", asked.get());
    }
}

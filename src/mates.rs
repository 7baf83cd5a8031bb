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
/// After so many with one, a tick each, whoever is at work then has had its turn: it may be so for ever.
const GIVEN: u32 = 16;

/// What a mate is at: nothing, work, or work that others need not wait for any more.
const IDLE: u64 = 0;
const AT_WORK: u64 = 1;
const HAS_HAD_ITS_TURN: u64 = 2;

/// The workers of an executor, by the CPUs that they are pinned to.
pub(crate) struct Mates(Box<[CachePadded<Mate>]>);

struct Mate {
    /// The next one of its CPU, in a ring.
    next: usize,
    /// Of no interest to other CPUs.
    state: AtomicU64,
}

impl Mates {
    pub(crate) fn new(cpus: &[Option<usize>]) -> Mates {
        let next = |worker: usize| {
            let cpu = cpus[worker]?;
            (worker + 1..cpus.len()).chain(0..worker).find(|other| cpus[*other] == Some(cpu))
        };
        let mate =
            |worker| Mate { next: next(worker).unwrap_or(worker), state: Default::default() };
        Mates((0..cpus.len()).map(|worker| mate(worker).into()).collect())
    }

    /// Bytes that it takes beside its own, for so many workers.
    pub(crate) fn bytes(workers: usize) -> usize {
        workers * size_of::<CachePadded<Mate>>()
    }

    /// The place of a worker.
    pub(crate) fn seat(&self, worker: usize) -> Seat<'_> {
        Seat { mates: self, worker }
    }
}

/// A worker's place among those of its CPU.
#[derive(Clone, Copy)]
pub(crate) struct Seat<'a> {
    mates: &'a Mates,
    worker: usize,
}

impl<'a> Seat<'a> {
    fn others(self) -> impl Iterator<Item = &'a AtomicU64> {
        let mates = &self.mates.0;
        let next =
            move |worker: usize| Some(mates[worker].next).filter(|next| *next != self.worker);
        std::iter::successors(next(self.worker), move |worker| next(*worker))
            .map(|worker| &mates[worker].state)
    }

    /// Whether the worker shares its CPU.
    pub(crate) fn is_shared(self) -> bool {
        self.others().next().is_some()
    }

    /// The worker has a job, or has none.
    pub(crate) fn set(self, is_at_work: bool) {
        if self.is_shared() {
            let state = if is_at_work { AT_WORK } else { IDLE };
            self.mates.0[self.worker].state.store(state, Ordering::Relaxed);
        }
    }

    /// Whether others are at work and go first.
    pub(crate) fn has_to_wait(self) -> bool {
        self.others().any(|state| state.load(Ordering::Relaxed) == AT_WORK)
    }

    /// Gives the core to them for as long as they are at work and want it, but not for ever.
    #[cold]
    #[inline(never)]
    pub(crate) fn let_others_go_first(self) {
        let (mut kept, mut given) = (0, 0);
        while kept < KEPT && self.has_to_wait() {
            if given == GIVEN {
                return self.pass_by();
            }
            if give_way() {
                (kept, given) = (0, given + 1);
            } else {
                kept += 1;
            }
        }
    }

    fn pass_by(self) {
        let (at_work, passed) = (AT_WORK, HAS_HAD_ITS_TURN);
        for state in self.others() {
            let _ = state.compare_exchange(at_work, passed, Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn those_of_one_cpu_are_mates() {
        let mates = Mates::new(&[Some(3), None, Some(5), Some(3), None, Some(3)]);
        let all = |ask: fn(Seat<'_>) -> bool| [0, 1, 2, 3, 4, 5].map(|at| ask(mates.seat(at)));
        let waits = || all(|seat| seat.has_to_wait());
        assert_eq!(all(|seat| seat.is_shared()), [true, false, false, true, false, true]);
        assert_eq!(waits(), [false; 6]);
        (0..5).for_each(|worker| mates.seat(worker).set(true));
        assert_eq!(waits(), [true, false, false, true, false, true]);
        mates.seat(3).set(false);
        assert_eq!(waits(), [false, false, false, true, false, true]);
        mates.seat(0).set(false);
        assert_eq!(waits(), [false; 6]);
    }

    /// Nobody is at work in truth here, and so others may have the core in between or not.
    #[test]
    fn who_is_at_work_for_ever_has_had_its_turn() {
        let mates = Mates::new(&[Some(0); 3]);
        mates.seat(1).set(true);
        mates.seat(0).let_others_go_first();
        mates.seat(0).pass_by();
        assert!([0, 1, 2].iter().all(|worker| !mates.seat(*worker).has_to_wait()));
        mates.seat(0).let_others_go_first();
        mates.seat(1).set(true);
        assert!(mates.seat(0).has_to_wait() && mates.seat(2).has_to_wait());
        mates.seat(1).set(false);
        assert!(!mates.seat(0).has_to_wait());
    }
}

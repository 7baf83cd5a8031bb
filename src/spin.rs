//! Looking for news before going to sleep: for how long, and how often.
//!
//! # Why a waiter first stays away
//! A consumer that is faster than its producer arrives at the end of the queue again and again,
//! and each look there takes the cache lines away that the producer is about to write: both go
//! at the pace of lines travelling. So a waiter pauses before its first look, for longer each
//! time that enough came meanwhile (one item for three pauses of some 25 ns), for half as long each
//! time that it did not: streams are taken in bites, and a single job is not kept waiting.

use crate::clock::Deadline;
use crate::sync::{AtomicU64, Ordering};

/// The longest that a waiter stays away before its first look: about 1.5 us.
const MOST_PAUSES: u64 = 63;

/// How long a waiter goes on looking before it sleeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spin {
    /// After its pauses (up to 5 us) it yields its core between looks for that long. 0 neither
    /// pauses nor yields.
    ns: u64,
    /// How many pauses it may stay away: no more than a quarter of all that may be in flight
    /// takes, or everybody would end up waiting for it.
    most: u64,
    /// Whether it yields at once, without pauses.
    yields: bool,
}

impl Spin {
    /// Sleeps at once.
    pub(crate) const NONE: Spin = Spin { ns: 0, most: 0, yields: true };

    /// Looks for that long, where so many items may be in flight.
    pub(crate) fn new(ns: u64, in_flight: usize) -> Spin {
        Spin { ns, most: MOST_PAUSES.min(in_flight as u64 / 4), yields: false }
    }

    /// For a thread between two others, of which one may need its core: it never pauses. Where
    /// three share two cores, a stream of jobs to a worker process takes 0.7 to 0.8 of the time
    /// that it takes with pauses.
    pub(crate) fn yielding(self) -> Spin {
        Spin { most: 0, yields: true, ..self }
    }
}

/// What the waiters of one event have learnt of the pace at which its news comes.
#[derive(Default)]
pub(crate) struct Pace {
    /// Pauses before the first look.
    gap: AtomicU64,
}

impl Pace {
    /// Looks again and again for as long as `spin` allows: first with pauses, which is enough for
    /// a partner that is running, then yielding, for a partner that wants this core. While it
    /// pauses it asks only for the backlog, which disturbs the partner less than an attempt.
    #[cfg(not(loom))]
    pub(crate) fn look<T>(
        &self,
        spin: Spin,
        deadline: Deadline,
        attempt: &mut impl FnMut() -> Option<T>,
        has: impl Fn(u64) -> bool,
    ) -> Option<T> {
        if spin.ns == 0 {
            return None;
        }
        let pause = |times| (0..times).for_each(|_| std::hint::spin_loop());
        let gap = if spin.yields { 0 } else { self.gap.load(Ordering::Relaxed) };
        pause(gap);
        if !spin.yields {
            self.learn(gap, has(gap / 3), spin.most);
        }
        let mut glance = |pauses| {
            pause(pauses);
            if has(0) { attempt() } else { None }
        };
        if let Some(found) = glance(0) {
            return Some(found);
        }
        let steps = if spin.yields { 0 } else { 7 };
        if let Some(found) = (0..steps).find_map(|step| glance(1 << step)) {
            return Some(found);
        }
        let end = crate::clock::now_ns().saturating_add(spin.ns);
        let end = deadline.instant().map_or(end, |instant| instant.min(end));
        loop {
            if let Some(found) = attempt() {
                return Some(found);
            }
            if crate::clock::now_ns() >= end {
                return None;
            }
            std::thread::yield_now();
        }
    }

    /// In the model one look is as good as many.
    #[cfg(loom)]
    pub(crate) fn look<T>(
        &self,
        spin: Spin,
        _: Deadline,
        attempt: &mut impl FnMut() -> Option<T>,
        _: impl Fn(u64) -> bool,
    ) -> Option<T> {
        if spin.ns == 0 { None } else { attempt() }
    }

    /// Whether enough came while a waiter paused so often, and the most that it may.
    fn learn(&self, gap: u64, enough: bool, most: u64) {
        let next = if enough { (2 * gap + 1).min(most) } else { gap / 2 };
        if next != gap {
            self.gap.store(next, Ordering::Relaxed);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn streams_are_taken_in_bites_and_single_jobs_at_once() {
        let pace = Pace::default();
        let gap = || pace.gap.load(Ordering::Relaxed);
        for (in_flight, most) in [(1, 0), (4, 1), (64, 16), (1024, MOST_PAUSES)] {
            let spin = Spin::new(1, in_flight);
            (0..10).for_each(|_| pace.learn(gap(), true, spin.most));
            assert_eq!(gap(), most);
            (0..10).for_each(|_| pace.learn(gap(), false, spin.most));
            assert_eq!(gap(), 0);
        }
    }
}

//! How long a look for news may last.
//!
//! For as long as it would cost to sleep: then no waiter ever pays more than twice what one pays
//! who knows beforehand (Karlin, Li, Manasse and Owicki, "Empirical studies of competitive spinning
//! for a shared-memory multiprocessor", SOSP 1991). That is what it takes from a wake until the
//! sleeper runs, which sleepers measure: 5 to 18 us on one machine, 30 to 45 us on another, where
//! looks of 20 us ended shortly before a partner that had to be woken first could answer. And as much
//! again, for falling asleep and what the partner spends on the wake cost two thirds of that here. With
//! one and a half times of it, 2 in 100 of such partners came too late, which costs 50 us more, and jobs of 60
//! us took 1.03 of the time; with twice, it is 1 in 100. What was configured is the least.
//!
//! # What a look learns
//! A look that ends in sleep was in vain. After some in a row looks become shorter, down to a
//! sixteenth; every sixteenth is long again, and one that finds something makes all long. So does
//! news that wakes a sleeper before a long look would have ended: three late answers in a row kept
//! looks short for up to 16 more, each of which a long one would have seen.

use crate::spin::{Manner, Spin};
use crate::sync::{AtomicU64, Ordering};

/// What takes longer is not a wake's cost: the core was busy.
const WAKE_MOST_NS: u64 = 100_000;
/// A look lasts at most so many times as long as was configured, where wakes take so long.
const LONGER: u64 = 4;

/// What the waiters of one event have learnt of how long to look.
#[derive(Default)]
pub(super) struct Length {
    /// Looks in vain since one that paid.
    misses: AtomicU64,
    /// Looks that found something, and others.
    paid: AtomicU64,
    vain: AtomicU64,
    /// How long it takes here from a wake until the sleeper runs, in nanoseconds.
    wake: AtomicU64,
    /// When the last look would have ended had it been a long one.
    long_until: AtomicU64,
}

impl Length {
    /// Looks that found something, and others.
    pub(super) fn looks(&self) -> (u64, u64) {
        (self.paid.load(Ordering::Relaxed), self.vain.load(Ordering::Relaxed))
    }

    /// How long it takes here from a wake until the sleeper runs; 0 if nobody knows.
    pub(super) fn wake_ns(&self) -> u64 {
        self.wake.load(Ordering::Relaxed)
    }

    /// As new.
    pub(super) fn clear(&self) {
        let Length { misses, paid, vain, wake, long_until } = self;
        for count in [misses, paid, vain, wake, long_until] {
            count.store(0, Ordering::Relaxed);
        }
    }

    /// When a look ends that begins `now`. Notes when a long one would.
    pub(super) fn end(&self, spin: Spin, now: u64) -> u64 {
        let long = self.longest(spin);
        self.long_until.store(now.saturating_add(long), Ordering::Relaxed);
        let misses = self.misses.load(Ordering::Relaxed);
        let is_long = spin.manner == Manner::Keen || misses.is_multiple_of(16);
        let ns = if is_long { long } else { long >> misses.saturating_sub(2).min(4) };
        now.saturating_add(ns)
    }

    fn longest(&self, spin: Spin) -> u64 {
        (2 * self.wake_ns()).clamp(spin.ns, LONGER * spin.ns)
    }

    /// A look ended.
    pub(super) fn count(&self, paid: bool) {
        if paid {
            self.paid.fetch_add(1, Ordering::Relaxed);
            if self.misses.load(Ordering::Relaxed) > 0 {
                self.misses.store(0, Ordering::Relaxed);
            }
        } else {
            self.vain.fetch_add(1, Ordering::Relaxed);
            self.misses.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A sleeper was woken at `gave`, and runs `now`.
    pub(super) fn woken(&self, gave: u64, now: u64) {
        let took = now.saturating_sub(gave);
        if took < WAKE_MOST_NS {
            self.wake.store((3 * self.wake_ns() + took) / 4, Ordering::Relaxed);
        }
        if gave < self.long_until.load(Ordering::Relaxed) {
            self.misses.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Waiting;

    fn spin(ns: u64) -> Spin {
        Spin::new(Waiting::Balanced, ns, 1, false)
    }

    /// How long the next look may last.
    fn budget(length: &Length, spin: Spin) -> u64 {
        length.end(spin, 1_000_000) - 1_000_000
    }

    #[test]
    fn looks_in_vain_become_short_and_long_again() {
        let (length, spin) = (Length::default(), spin(1600));
        let in_vain = || {
            let budget = budget(&length, spin);
            length.count(false);
            budget
        };
        let budgets: Vec<u64> = (0..18).map(|_| in_vain()).collect();
        assert_eq!(budgets[..8], [1600, 1600, 1600, 800, 400, 200, 100, 100]);
        assert_eq!(budgets[15..], [100, 1600, 100]);
        length.count(true);
        assert_eq!((budget(&length, spin), length.looks()), (1600, (1, 18)));
        length.clear();
        assert_eq!(length.looks(), (0, 0));
    }

    #[test]
    fn looks_become_long_where_a_long_one_would_have_paid() {
        let (length, spin) = (Length::default(), spin(1600));
        (0..5).for_each(|_| length.count(false));
        let began = 1_000_000;
        assert_eq!(budget(&length, spin), 200);
        let late = began + 2 * WAKE_MOST_NS; // Says nothing of what a wake takes.
        length.woken(began + 1600, late);
        assert_eq!(budget(&length, spin), 200, "a long one would have been in vain, too");
        length.woken(began + 1599, late);
        assert_eq!(budget(&length, spin), 1600);
    }

    #[test]
    fn where_wakes_take_long_looks_do() {
        let (length, spin) = (Length::default(), spin(20_000));
        let after = |took| {
            (0..20).for_each(|_| length.woken(0, took));
            budget(&length, spin)
        };
        assert_eq!(after(5_000), 20_000);
        assert!((59_000..=60_000).contains(&after(30_000)));
        assert_eq!(after(90_000), LONGER * 20_000);
        assert_eq!(after(WAKE_MOST_NS), LONGER * 20_000); // A busy core says nothing.
        assert_eq!(after(5_000), 20_000);
        assert_eq!(budget(&length, Spin { ns: 1_000, ..spin }), 4_000);
    }
}

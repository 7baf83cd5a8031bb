//! A host that sleeps until shortly before the next result, and then looks for it.
//!
//! To wake a host takes the worker 12 us here: an eighth of each job of 100 us, where the host waits for
//! every result. A host with a core to itself looks before it sleeps, but no longer than a
//! sleep would cost ([`crate::pace`]), and that is over before such a result comes. Where results come
//! at a steady pace it is known when the next one does. So the host sleeps by a timer until shortly
//! before, and looks then: it uses its core for 10 us or 20 a result, and the worker has nobody to wake.
//! Jobs of 100 us take 0.89 of the time with 1 worker, and 1.01 of the work alone instead of 1.14; of 60
//! us 0.94, of 200 us 0.93.
//!
//! Whoever dozes sleeps as all do ([`crate::event`]), and a result that comes sooner than foreseen
//! wakes it. One that comes later finds it asleep, behind a look in vain. What does not come at a
//! pace is not foreseen: twice the deviation of those before is taken off, and what is left then is not
//! worth a timer.
//!
//! Not where the workers take all cores, for then the host's is theirs meanwhile ([`crate::lend`]); nor
//! where it is to sleep at once, or to look all the time.

use crate::sync::{AtomicU64, Ordering};
use std::ops::RangeInclusive;

/// How long the look is to last until the result comes. With half or twice as much jobs of 70 us take
/// 1.01 to 1.06 of the time.
const EARLY_NS: u64 = 8_000;
/// A doze that is shorter is not worth its timer (from 16 us on, jobs of 70 us took 1.07 of the time);
/// and in so long a time a wake is nothing.
const WORTH_NS: RangeInclusive<u64> = 4_000..=1_000_000;

/// A wait that was shorter tells nothing: to learn from each of jobs in a row took 1.05 of their time.
const LEAST_NS: u64 = 8_000;
/// How late a timer is at first...
const LATE_NS: u64 = 20_000;
/// ...and what is later is so by chance: another thread had the core.
const LATE_MOST_NS: u64 = 40_000;
/// After such a pause nothing is known of the next result.
const PAUSE_NS: u64 = 4_000_000;

/// What hosts have learnt of when results come. Hints: several of them may overwrite each other's.
pub(crate) struct Doze {
    /// When the last one came that was waited for.
    last: AtomicU64,
    /// How long after it the next will, in nanoseconds...
    period: AtomicU64,
    /// ...and how far off that has been.
    deviation: AtomicU64,
    /// How much later than it was set to a timer ends a sleep.
    late: AtomicU64,
    /// What follows from all that: until when to sleep.
    until: AtomicU64,
}

impl Doze {
    pub(crate) fn new() -> Doze {
        let [last, period, deviation, until] = [0; 4].map(AtomicU64::new);
        Doze { last, period, deviation, late: AtomicU64::new(LATE_NS), until }
    }

    /// Until when a wait that begins `now` had better sleep, if it had.
    #[inline]
    pub(crate) fn until(&self, now: u64) -> Option<u64> {
        let until = self.until.load(Ordering::Relaxed);
        WORTH_NS.contains(&until.saturating_sub(now)).then_some(until)
    }

    /// The timer was set to `until`, and the host runs `now`.
    pub(crate) fn woke(&self, until: u64, now: u64) {
        // Before that a worker woke it.
        if let Some(late) = now.checked_sub(until) {
            approach(&self.late, late.min(LATE_MOST_NS), 8);
        }
    }

    /// Whether a wait of so many nanoseconds is one to learn from.
    #[inline]
    pub(crate) fn minds(ns: u64) -> bool {
        ns >= LEAST_NS
    }

    /// A result that was waited for came then.
    #[cold]
    pub(crate) fn learn(&self, came: u64) {
        let seen = came.saturating_sub(self.last.load(Ordering::Relaxed));
        self.last.store(came, Ordering::Relaxed);
        if seen < PAUSE_NS {
            let off = self.period.load(Ordering::Relaxed).abs_diff(seen);
            approach(&self.deviation, off, 4);
            approach(&self.period, seen, 8);
        }
        let of = |hint: &AtomicU64| hint.load(Ordering::Relaxed);
        let early = EARLY_NS + 2 * of(&self.deviation) + of(&self.late);
        let until = (came + of(&self.period)).saturating_sub(early);
        self.until.store(until, Ordering::Relaxed);
    }
}

fn approach(hint: &AtomicU64, seen: u64, part: u64) {
    let known = hint.load(Ordering::Relaxed);
    hint.store(known - known / part + seen / part, Ordering::Relaxed);
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Behind so many results, when the last came.
    fn after(periods: impl Iterator<Item = u64>) -> (Doze, u64) {
        let (doze, mut now) = (Doze::new(), 1_000_000_000);
        for ns in periods {
            now += ns;
            doze.learn(now);
        }
        (doze, now)
    }

    #[test]
    fn a_result_is_foreseen_where_they_come_at_a_pace() {
        let (doze, now) = after((0..100).map(|_| 100_000));
        let early = |now| 100_000 - (doze.until(now).unwrap() - now);
        let (before, least) = (early(now), EARLY_NS + LATE_NS);
        assert!((least..least + 100).contains(&before), "{before}");
        assert_eq!(doze.until(now + 30_000), doze.until(now), "whenever the wait begins");
        assert_eq!(doze.until(now + 70_000), None, "it is about to come");
        assert_eq!(doze.until(now + 200_000), None, "it is overdue");
        let now = now + 100_000;
        (0..100).for_each(|_| doze.woke(5, 1_000_000));
        doze.woke(5, 4); // No: a worker woke it.
        doze.learn(now);
        let later = LATE_MOST_NS - LATE_NS;
        assert!((later - 100..=later).contains(&(early(now) - before)), "{}", early(now));
        let (now, before) = (now + 3 * PAUSE_NS, early(now));
        doze.learn(now);
        assert_eq!(early(now), before, "a pause says nothing");
    }

    #[test]
    fn what_comes_at_no_pace_is_not_foreseen() {
        let foreseen = |(doze, now): (Doze, u64)| doze.until(now).is_some();
        assert!(!foreseen((Doze::new(), 0)));
        assert!(!foreseen(after((0..100).map(|n| n % 2 * 200_000))));
        assert!(!foreseen(after((0..100).map(|n| if n % 10 == 0 { 1_000_000 } else { 100_000 }))));
        let steady = |ns| foreseen(after((0..200).map(|_| ns)));
        assert_eq!([31_000, 33_000, 900_000, 3_000_000].map(steady), [false, true, true, false]);
    }
}

//! How long jobs waited, ran and lay as results, and how often a host found no result. All of it is
//! counted where a result is taken, from the stamps that it brings, so that workers count nothing
//! but how long they were busy, on their desks.
//!
//! - The longest time is that of all results that were polled; the histograms get a part of them
//!   ([`weight`]), for an addition costs a twentieth of a small job.
//! - A poll that finds its result counts nothing: what was found is what was delivered less what
//!   was waited for.
//!
//! The counters are the standard library's atomics also in the models, as in [`crate::histogram`].

use crate::histogram::Histogram;
use crate::job::Completion;
use crossbeam_utils::CachePadded;
use std::sync::atomic::{AtomicU64, Ordering};

/// For how many jobs of a session a job stands in the histograms, or 0 where they do not get it:
/// each of the first 64 for itself, then one of 16, and from the 4,096th one of 64. Which one
/// follows from its number by the golden ratio, so that what repeats itself every so many jobs is
/// met in all its parts.
#[inline]
fn weight(number: u64) -> u64 {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    match number {
        0..64 => 1,
        _ if mixed >> 60 != 0 => 0,
        64..4096 => 16,
        _ if mixed >> 58 != 0 => 0,
        _ => 64,
    }
}

/// See the module.
pub(crate) struct Tally {
    /// Each kind's longest, in nanoseconds. Read with each result, written seldom.
    longest: CachePadded<[AtomicU64; 3]>,
    samples: [Histogram; 3],
    polls: CachePadded<Polls>,
    /// How long jobs ran inside their put.
    inline_ns: AtomicU64,
}

/// What pollers count where they find nothing.
#[derive(Default)]
struct Polls {
    empty: AtomicU64,
    waited: AtomicU64,
    /// Of these, those that got a result.
    paid: AtomicU64,
    wait_ns: AtomicU64,
}

/// What [`Polls`] say.
pub(crate) struct PollCounts {
    pub(crate) empty: u64,
    pub(crate) waited: u64,
    pub(crate) paid: u64,
    pub(crate) wait_ns: u64,
}

/// Median, 99th percentile and the longest of times, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spread {
    pub(crate) p50: u64,
    pub(crate) p99: u64,
    pub(crate) max: u64,
}

impl Tally {
    pub(crate) fn new() -> Tally {
        Tally {
            longest: CachePadded::default(),
            samples: [Histogram::new(), Histogram::new(), Histogram::new()],
            polls: CachePadded::default(),
            inline_ns: AtomicU64::new(0),
        }
    }

    /// Bytes that it takes.
    pub(crate) fn bytes() -> usize {
        size_of::<Tally>() + 3 * Histogram::bytes()
    }

    /// A result is taken, of a job that was timed.
    #[inline(always)]
    pub(crate) fn took(&self, done: &Completion, polled: u64) {
        let waited = done.started.wrapping_sub(done.created);
        let ran = done.finished.wrapping_sub(done.started);
        let lay = polled.wrapping_sub(done.finished);
        let [waits, runs, lays] = self.longest.each_ref().map(|it| it.load(Ordering::Relaxed));
        let weight = weight(done.id.number());
        if waited > waits || ran > runs || lay > lays || weight != 0 {
            self.count(weight, waited, ran, lay);
        }
    }

    /// By numbers, so that a result does not lie in memory for it.
    #[cold]
    #[inline(never)]
    fn count(&self, weight: u64, waited: u64, ran: u64, lay: u64) {
        // A poller's clock may be behind a worker's by some nanoseconds.
        let times = [waited, ran, lay].map(|ns| if ns > u64::MAX / 2 { 0 } else { ns });
        for (longest, ns) in self.longest.iter().zip(times) {
            if ns > longest.load(Ordering::Relaxed) {
                longest.fetch_max(ns, Ordering::Relaxed);
            }
        }
        if weight != 0 {
            self.samples.iter().zip(times).for_each(|(sample, ns)| sample.count(ns, weight));
        }
    }

    /// How long jobs waited for a worker, ran, and lay as results.
    pub(crate) fn spreads(&self) -> [Spread; 3] {
        std::array::from_fn(|kind| {
            let (sample, longest) = (&self.samples[kind], &self.longest[kind]);
            let max = longest.load(Ordering::Relaxed);
            let percentile = |percent| sample.percentile(percent).min(max);
            Spread { p50: percentile(50), p99: percentile(99), max }
        })
    }

    /// A poll that does not wait found nothing.
    pub(crate) fn came_early(&self) {
        self.polls.empty.fetch_add(1, Ordering::Relaxed);
    }

    /// A poll has waited.
    pub(crate) fn waited(&self, ns: u64, paid: bool) {
        let polls = &*self.polls;
        polls.waited.fetch_add(1, Ordering::Relaxed);
        polls.paid.fetch_add(paid.into(), Ordering::Relaxed);
        polls.wait_ns.fetch_add(ns, Ordering::Relaxed);
    }

    pub(crate) fn polls(&self) -> PollCounts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Polls { empty, waited, paid, wait_ns } = &*self.polls;
        let (empty, waited) = (read(empty), read(waited));
        PollCounts { empty, waited, paid: read(paid), wait_ns: read(wait_ns) }
    }

    /// A job ran inside its put.
    pub(crate) fn ran_inline(&self, ns: u64) {
        self.inline_ns.fetch_add(ns, Ordering::Relaxed);
    }

    pub(crate) fn inline_ns(&self) -> u64 {
        self.inline_ns.load(Ordering::Relaxed)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::job::Id;

    #[test]
    fn each_stands_for_those_that_are_left_out_at_any_step() {
        assert!((0..64).all(|number| weight(number) == 1));
        for step in [1, 2, 3, 8, 16, 64, 100] {
            let stood_for: u64 = (0..64_000).map(|n| weight(64 + n * step)).sum();
            assert!((57_000..71_000).contains(&stood_for), "every {step}th: {stood_for}");
        }
    }

    #[test]
    fn the_longest_is_that_of_all_and_never_from_before() {
        let tally = Tally::new();
        for number in 0..10_000 {
            let (started, finished) = (100 + number, 110 + number);
            let done =
                Completion { id: Id(number), created: 100, started, finished, ..Completion::NONE };
            tally.took(&done, finished + 5);
        }
        let [waits, runs, lays] = tally.spreads();
        assert_eq!((waits.max, runs.max, lays), (9_999, 10, Spread { p50: 5, p99: 5, max: 5 }));
        assert!((4_500..=5_700).contains(&waits.p50) && runs.p50 == 10);
        tally.took(&Completion { finished: 8, ..Completion::NONE }, 7);
        assert_eq!(tally.spreads()[2].max, 5);
    }
}

//! How long things took: a histogram whose buckets grow with what they hold, eight to each
//! doubling, so that a quantile is at most an eighth above the truth, whatever the scale.
//!
//! An array of counters, nothing of which is computed before somebody reads. The counters are
//! the standard library's atomics also in the models: nothing waits for them, and no memory is
//! handed over by them.

use std::sync::atomic::{AtomicU64, Ordering};

/// Buckets of one doubling, as a power of 2.
const FINE: u32 = 3;
const EACH: usize = 1 << FINE;
/// What takes longer, 4.8 hours, lies in the last bucket.
const LONGEST: u64 = (1 << 44) - 1;
const BUCKETS: usize = bucket(LONGEST) + 1;

/// See the module.
pub(crate) struct Histogram {
    counts: Box<[AtomicU64]>,
}

impl Histogram {
    /// Nothing counted.
    pub(crate) fn new() -> Histogram {
        Histogram { counts: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect() }
    }

    /// Bytes that it takes.
    pub(crate) fn bytes() -> usize {
        BUCKETS * size_of::<AtomicU64>()
    }

    /// Counts a time, for so many jobs.
    pub(crate) fn count(&self, ns: u64, jobs: u64) {
        self.counts[bucket(ns)].fetch_add(jobs, Ordering::Relaxed);
    }

    /// The time that so many of a hundred did not take longer than: the end of its bucket. 0 where
    /// nothing was counted.
    pub(crate) fn percentile(&self, percent: u64) -> u64 {
        let counts = || self.counts.iter().map(|count| count.load(Ordering::Relaxed));
        let rank = (counts().sum::<u64>() * percent).div_ceil(100).max(1);
        let mut below = 0;
        let reaches = |count| {
            below += count;
            below >= rank
        };
        counts().position(reaches).map_or(0, end)
    }
}

/// Where a time is counted.
const fn bucket(ns: u64) -> usize {
    let ns = if ns < LONGEST { ns } else { LONGEST };
    if ns < EACH as u64 {
        return ns as usize;
    }
    let above = 63 - ns.leading_zeros() - FINE;
    // The leading bit of what is left counts one doubling more.
    ((above as usize) << FINE) + (ns >> above) as usize
}

/// The longest time that is counted in that bucket.
fn end(bucket: usize) -> u64 {
    let above = (bucket / EACH).saturating_sub(1);
    (((bucket - above * EACH + 1) as u64) << above) - 1
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_and_are_an_eighth_wide() {
        let mut next = 0;
        for at in 0..BUCKETS {
            assert_eq!((bucket(next), bucket(end(at))), (at, at));
            let width = end(at) + 1 - next;
            assert!(width == 1 || width * 8 <= next, "{at}");
            next = end(at) + 1;
        }
        assert_eq!((next, bucket(u64::MAX)), (LONGEST + 1, BUCKETS - 1));
    }

    #[test]
    fn percentiles_are_at_most_an_eighth_too_long() {
        let histogram = Histogram::new();
        assert_eq!(histogram.percentile(99), 0);
        (1..=10_000).for_each(|ns| histogram.count(ns, 1));
        for percent in [1, 50, 99, 100] {
            let (found, truth) = (histogram.percentile(percent), percent * 100);
            assert!((truth..=truth + truth / 8).contains(&found), "{percent} %: {found}");
        }
    }
}

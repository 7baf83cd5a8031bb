//! How far a worker keeps behind those who put, where jobs come as fast as cache lines travel.
//!
//! A worker that is as fast as the host takes each job as soon as it is put. Then each line of the
//! queue is written by one and read by the other at the same time, goes there and back several
//! times, and both wait for it. The worker need not find the queue empty for that, so looks
//! ([`crate::pace`]) do not notice: two threads at the heels of one another took 64 ns for a job
//! that does nothing, and 53 with some lines between them. This is the temporal slipping of
//! Giacomoni, Moseley and Vachharajani, "FastForward for efficient pipeline parallelism", PPoPP
//! 2008.
//!
//! So after a row of jobs a worker looks whether enough others wait. If not, it stays away for a
//! moment; if so, it sends for the payloads of the next row, for it would wait for each of them.
//! Both only where the row went by so fast that it was spent with lines. Behind a row of longer
//! jobs it reads the clock, and that is all.

/// Jobs from one look to the next.
pub(crate) const ROW: u64 = 8;
/// Jobs that are to wait when a worker takes the next: four lines of them. Half of that keeps too
/// little distance (60 ns), half as much again no more.
const DISTANCE: u64 = 16;
/// A row is fast where a job took no longer: about the way of a line, and somewhat less than jobs
/// take for which the worker is what all wait for.
const FAST_NS: u64 = 128;

/// What a worker knows of its last jobs.
pub(crate) struct Slip {
    /// How many were done since the last look.
    done: u64,
    /// When that was.
    since: u64,
    /// Whether nothing was waited for since then.
    whole: bool,
    distance: u64,
    /// Whether the last row was a fast one.
    fast: bool,
    /// How often something was.
    waits: u64,
}

/// A row of jobs that ended.
pub(crate) struct Row {
    /// How many are to wait, if it was a fast one.
    pub(crate) distance: Option<u64>,
    /// How long each took, in nanoseconds, if they followed one another.
    pub(crate) each: Option<u64>,
}

impl Slip {
    /// Where so many jobs may wait.
    pub(crate) fn new(queued: usize) -> Slip {
        Slip {
            done: 0,
            since: 0,
            whole: false,
            distance: DISTANCE.min(queued as u64 / 4),
            fast: false,
            waits: 0,
        }
    }

    /// A job is done. Whether it ends a row.
    #[inline(always)]
    pub(crate) fn ends_row(&mut self) -> bool {
        self.done += 1;
        self.done == ROW
    }

    /// A row ended.
    pub(crate) fn end_row(&mut self, now: u64) -> Row {
        let (took, whole) = (now.saturating_sub(self.since), self.whole);
        self.begin_row(now);
        self.fast = took < ROW * FAST_NS;
        Row { distance: self.fast.then_some(self.distance), each: whole.then_some(took / ROW) }
    }

    /// Whether jobs come as fast as lines travel.
    #[inline(always)]
    pub(crate) fn is_fast(&self) -> bool {
        self.fast
    }

    /// For so many nanoseconds others had the core.
    pub(crate) fn leave_out(&mut self, ns: u64) {
        self.since += ns;
    }

    /// The next job was waited for. How many were, with it.
    pub(crate) fn waited(&mut self) -> u64 {
        self.whole = false;
        self.waits += 1;
        self.waits
    }

    /// The next row begins.
    pub(crate) fn begin_row(&mut self, now: u64) {
        (self.done, self.since, self.whole) = (0, now, true);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_distance_is_for_fast_rows() {
        let mut slip = Slip::new(1024);
        let mut row = |now| {
            assert_eq!((0..ROW).filter(|_| slip.ends_row()).count(), 1);
            slip.end_row(now).distance
        };
        assert_eq!(row(5_000), None, "nothing is known yet");
        assert_eq!(row(6_000), Some(DISTANCE));
        assert_eq!(row(6_000 + ROW * FAST_NS), None);
        assert_eq!(row(7_500), Some(DISTANCE));
    }

    #[test]
    fn a_row_is_fast_though_others_had_the_core_meanwhile() {
        let mut slip = Slip::new(1024);
        slip.begin_row(1_000_000);
        assert!(!slip.is_fast(), "nothing is known yet");
        slip.leave_out(50_000);
        assert_eq!(slip.end_row(1_050_800).each, Some(100));
        assert!(slip.is_fast());
        assert_eq!(slip.end_row(1_100_800).each, Some(6_250));
        assert!(!slip.is_fast());
    }

    #[test]
    fn a_distance_is_a_part_of_what_may_wait() {
        for (queued, distance) in [(1, 0), (4, 1), (16, 4), (64, 16), (4096, 16)] {
            assert_eq!(Slip::new(queued).distance, distance);
        }
    }
}

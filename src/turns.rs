//! A host and a worker of its own core, in turn.
//!
//! Whoever puts brief jobs one after the other where all sleep has a worker of its own core woken
//! (`event/brief`), and while that one is awake a put wakes nobody else. So the two go on in turn: a
//! host that waits gives its core, and has it back with the result. That takes two switches, 1.2 us
//! here, if both do so at once; with a host that first pauses, as for a partner on another core, 3, and
//! with such a worker 1.7. And a worker of another core takes 0.6; so after some turns one is woken.
//!
//! Who works on the host's core the CPUs tell that workers are pinned to. It is asked for only
//! where a wait took as long as a turn, so that jobs that go to another core pay nothing.

use crate::clock::now_ns;
use crate::os::machine::current_cpu;
use crate::sync::{AtomicU64, Ordering};

/// A wait that was shorter was no turn, and one that was longer is not to be had again: another thread
/// uses the core.
const TURN_NS: std::ops::Range<u64> = 1_000..50_000;
/// Turns follow each other if no more time lies between them: a host that does something else in
/// between loses little by them.
const LULL_NS: u64 = 16_000;
/// After so many turns another worker is woken, and after so many more again, if need be: it
/// takes the host 12 us here, and comes after 25.
const SOME: u64 = 8;
const MORE: u64 = 256;

/// How many turns followed each other.
pub(crate) struct Turns {
    /// Where the workers are.
    cpus: Box<[Option<usize>]>,
    count: AtomicU64,
    /// When the last ended.
    last: AtomicU64,
}

impl Turns {
    pub(crate) fn new(cpus: Box<[Option<usize>]>) -> Turns {
        Turns { cpus, count: AtomicU64::new(0), last: AtomicU64::new(0) }
    }

    /// Bytes that it takes beside its own, for so many workers.
    pub(crate) fn bytes(workers: usize) -> usize {
        workers * size_of::<Option<usize>>()
    }

    /// Whether the last wait was a turn.
    pub(crate) fn are_on(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }

    /// Whether it is time to wake another.
    pub(crate) fn are_enough(&self) -> bool {
        self.count.load(Ordering::Relaxed) % MORE == SOME
    }

    /// A worker of this core was woken for a job.
    #[cold]
    #[inline(never)]
    pub(crate) fn begin(&self) {
        self.last.store(now_ns(), Ordering::Relaxed);
        self.count.store(1, Ordering::Relaxed);
    }

    /// A wait of so many nanoseconds ended at `now` with what that worker has done.
    pub(crate) fn waited(&self, worker: u16, ns: u64, now: u64) {
        let cpu = self.cpus.get(usize::from(worker)).copied().flatten();
        if !TURN_NS.contains(&ns) || cpu.is_none() || cpu != current_cpu() {
            return self.end();
        }
        let last = self.last.swap(now, Ordering::Relaxed);
        let follows = now - ns < last.saturating_add(LULL_NS);
        let count = self.count.load(Ordering::Relaxed);
        self.count.store(if follows { count + 1 } else { 1 }, Ordering::Relaxed);
    }

    /// There is nobody to take turns with.
    pub(crate) fn end(&self) {
        if self.are_on() {
            self.count.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn turns_are_counted_where_they_follow_each_other_on_this_cpu() {
        // A thread may go to another CPU at any time, so that it is asked for again.
        let counted = (0..1_000).any(|_| {
            let here = current_cpu().unwrap();
            let turns = Turns::new([Some(here), Some(here + 1), None].into());
            assert!(!turns.are_on());
            let mut now = 1_000_000;
            let mut turn = |worker, ns, lull| {
                now += ns + lull;
                turns.waited(worker, ns, now);
                turns.count.load(Ordering::Relaxed)
            };
            let counts = [
                turn(0, 1_500, 0),
                turn(0, 1_500, LULL_NS - 1),
                turn(0, 1_500, LULL_NS),
                turn(0, 1_500, 10),
                turn(1, 1_500, 10), // Of another core.
                turn(0, 1_500, 10),
                turn(0, TURN_NS.start - 1, 10),
                turn(0, 1_500, 10),
                turn(0, TURN_NS.end, 10),
                turn(0, 1_500, 10),
                turn(2, 1_500, 10), // Of no one core.
                turn(3, 1_500, 10), // There is none.
            ];
            current_cpu() == Some(here) && counts == [1, 2, 1, 2, 0, 1, 0, 1, 0, 1, 0, 0]
        });
        assert!(counted);
    }

    #[test]
    fn another_is_woken_now_and_then() {
        let turns = Turns::new(Box::default());
        let enough = (0..2 * MORE).filter(|count| {
            turns.count.store(*count, Ordering::Relaxed);
            turns.are_enough()
        });
        assert!(enough.eq([SOME, SOME + MORE]));
        turns.end();
        assert!(!turns.are_on());
        turns.begin();
        assert!(turns.are_on());
    }
}

//! Results in the order in which workers finish: they get their positions from a word that says
//! the latest session too, and a result of an earlier one comes too late for a place.

use crate::job::{Completion, Id, Tag};
use crate::ring::Ring;
use crate::sync::{AtomicU64, Ordering, fence_after_rmw};
use crossbeam_utils::CachePadded;

/// See the module.
pub(crate) struct DoneOrder {
    ring: Ring,
    /// The latest session that published above, how many results were begun below.
    tail: CachePadded<AtomicU64>,
    timed: bool,
}

/// Bits of a tail that count.
const COUNT_BITS: u32 = 36;
const COUNT: u64 = (1 << COUNT_BITS) - 1;

impl DoneOrder {
    const fn words(timed: bool) -> usize {
        if timed { 6 } else { 3 }
    }

    /// A queue for so many results.
    pub(crate) fn new(places: usize, timed: bool) -> DoneOrder {
        let ring = Ring::new(places, DoneOrder::words(timed));
        DoneOrder { ring, tail: CachePadded::new(AtomicU64::new(0)), timed }
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(places: usize, timed: bool) -> usize {
        Ring::bytes(places, DoneOrder::words(timed))
    }

    /// Appends a result, unless one of a later session lies there already. From then on it
    /// belongs to whoever takes it.
    #[inline(always)]
    pub(crate) fn push(&self, done: Completion) -> Result<(), Completion> {
        let Some(position) = self.claim(done.id.session()) else { return Err(done) };
        let (word, tag) = (done.word as u64, done.tag.0);
        if self.timed {
            let times = [done.created, done.started, done.finished];
            let rest = [word, tag, times[0], times[1], times[2]];
            self.ring.publish(position, done.id.0, rest);
        } else {
            self.ring.publish(position, done.id.0, [word, tag]);
        }
        Ok(())
    }

    #[inline(always)]
    fn claim(&self, session: u32) -> Option<u64> {
        let mut tail = self.tail.load(Ordering::Relaxed);
        loop {
            if tail >> COUNT_BITS > u64::from(session) {
                return None;
            }
            // The count may wrap: a ring asks only for a position's lowest bits.
            let next = u64::from(session) << COUNT_BITS | (tail + 1) & COUNT;
            match self.tail.compare_exchange_weak(tail, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => {
                    #[cfg(not(control = "claim_fence"))]
                    fence_after_rmw(); // N2 of the event.
                    return Some(tail & COUNT);
                }
                Err(seen) => tail = seen,
            }
        }
    }

    /// Takes the oldest result.
    #[inline(always)]
    pub(crate) fn pop(&self) -> Option<Completion> {
        self.pop_if(|_| true)
    }

    /// Takes the oldest result, if it is wanted.
    #[inline(always)]
    pub(crate) fn pop_if(&self, wanted: impl Fn(Id) -> bool) -> Option<Completion> {
        self.ring.take(|first, rest| wanted(Id(first)).then(|| self.read(first, rest)))
    }

    /// Takes the oldest results, as many as there are places for. Answers how many they are.
    #[inline(always)]
    pub(crate) fn pop_many(&self, places: &mut [Completion]) -> usize {
        self.ring.take_many(places.len() as u64, |index, first, rest| {
            places[index] = self.read(first, rest);
            true
        })
    }

    #[inline]
    fn read(&self, first: u64, rest: &[AtomicU64]) -> Completion {
        let word = |index: usize| rest[index].load(Ordering::Relaxed);
        let time = |index: usize| if self.timed { word(index) } else { 0 };
        Completion {
            id: Id(first),
            word: word(0) as usize,
            tag: Tag(word(1)),
            position: 0,
            created: time(2),
            started: time(3),
            finished: time(4),
        }
    }

    /// The payload of the result behind so many others, as a hint: see [`Ring::glimpse`].
    #[inline]
    pub(crate) fn payload_behind(&self, others: u64) -> Option<u64> {
        self.ring.glimpse(others, 0)
    }

    /// Whether there is a result behind so many others, see [`Ring::has`].
    #[inline]
    pub(crate) fn has(&self, others: u64) -> bool {
        self.ring.has(others)
    }

    /// How many of the results that were there when the call began are still there, those
    /// included that are just being published.
    #[inline]
    pub(crate) fn len(&self) -> u64 {
        let begun = self.tail.load(Ordering::Acquire);
        let len = begun.wrapping_sub(self.ring.taken()) & COUNT;
        if len > COUNT / 2 { 0 } else { len }
    }
}

#[cfg(all(test, not(loom)))]
mod tests;

//! The ring: how jobs come to workers, and results to pollers. First in, first out, for any
//! number of threads on both ends.
//!
//! A ring for tokens: whoever publishes owns one of at most `tokens` tokens, whoever takes has it
//! then, and there are at least as many places. So it never fills, and that spares what costs
//! most in a queue that may fill: nobody who takes writes to a place. A cache line of places goes
//! to the taker once and back once, and between the two there is no third trip to say "free".
//!
//! - **Publish** at a position that is the caller's alone (they are counted by whoever hands them
//!   out, each once, none left out): the words of the item, then its stamp. These are plain stores,
//!   which the core hides: a read-modify-write would wait until the line is back from the taker.
//! - **Take**: read the stamp at the head, read the item, and only then move the head by a
//!   compare-and-swap. Whoever succeeds owns what it read; whoever fails forgets it. Several in a
//!   row are taken by one swap.
//!
//! Nobody ever waits for anybody: a thread that stops in the middle of a take holds up nothing,
//! and one that stops between its position and its stamp leaves a *hole*, at which the ring looks
//! empty, until it goes on. What lies behind the hole is then found by whoever it wakes: news are
//! told after the stamp, see [`crate::event`].
//!
//! Why not crossbeam's `ArrayQueue`: it frees a place by a write, and spins where another thread is
//! half through a push or a pop. Jobs that do nothing take 0.75 to 2.9 of the time of a bounded
//! crossbeam-channel with it, 0.4 to 1.4 with this.
//!
//! # The stamp
//! The item's first word, and in its lowest bit the *turn*: whether the lap is odd. A taker at
//! the head sees the turn of the lap before (nothing there yet) or of this one (there it is). One
//! whose head is out of date may see anything; its swap fails, or it looks at the head again.
//!
//! # Why no place is overwritten while it is read
//! Let t tokens be in use and N >= t the number of places. Claims of positions happen one after
//! the other, each seeing all before it (they are read-modify-writes of one word). When position
//! p is claimed, at most t - 1 of the p items before it have not been taken *as far as the
//! claimer knows* (happens-before): the claimer owns a token, and a token's item was taken before
//! the token was published again, or given back for a new one. So at least p - N + 1 were taken
//! as far as it knows, and because the swaps of the head see each other too, so was the one at
//! p - N. Its taker read the place before its swap; so it did before this one writes.

use crate::prefetch;
use crate::sync::{AtomicU64, Ordering};
use crossbeam_utils::CachePadded;

/// A place of a ring as small as this has a cache line of its own: what is in flight is so little
/// that the two ends would fight for one line.
const SPARSE: usize = 8;
/// Words of a cache line.
const LINE: usize = 8;
/// Whoever publishes sends for the line of the place that is so many places further, if one begins
/// there: else it would wait for that line later, at its next read-modify-write, which lets all
/// stores before it through first. A put of a job that does nothing takes 0.8 of the time for it.
const AHEAD: u64 = 8;
/// The two ends of a full ring are so many places apart, for the next publisher must not write to,
/// nor send for, a line that a taker is reading.
const APART: usize = 2 * AHEAD as usize;

/// See the module.
pub(crate) struct Ring {
    /// `width` of them for each place, the stamp first; from the first on that begins a cache line.
    words: Box<[AtomicU64]>,
    first: usize,
    width: usize,
    /// The number of places, a power of two, less one.
    mask: u64,
    /// The position that is taken next: so many were taken.
    head: CachePadded<AtomicU64>,
}

fn shape(tokens: usize, words: usize) -> (usize, usize) {
    match tokens.next_power_of_two() {
        places if places <= SPARSE => (places, words.next_multiple_of(LINE)),
        _ => ((tokens + APART).next_power_of_two(), words),
    }
}

impl Ring {
    /// A ring for so many tokens, whose items have so many words.
    pub(crate) fn new(tokens: usize, words: usize) -> Ring {
        let (places, width) = shape(tokens, words);
        let words: Box<[_]> = (0..places * width + LINE).map(|_| AtomicU64::new(0)).collect();
        Ring {
            first: if cfg!(loom) {
                0
            } else {
                words.as_ptr().align_offset(LINE * size_of::<u64>())
            },
            words,
            width,
            mask: places as u64 - 1,
            head: CachePadded::new(AtomicU64::new(0)),
        }
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(tokens: usize, words: usize) -> usize {
        let (places, width) = shape(tokens, words);
        (places * width + LINE) * size_of::<u64>()
    }

    /// Makes an item visible. The position is the caller's alone, `first` is below 2^63. Plain
    /// stores: where news follow, [`crate::barrier::light`] comes between.
    #[inline(always)]
    pub(crate) fn publish<const W: usize>(&self, position: u64, first: u64, rest: [u64; W]) {
        self.send_ahead(position);
        let (stamp, place) = self.place(position);
        for (to, from) in place.iter().zip(rest) {
            to.store(from, Ordering::Relaxed);
        }
        stamp.store(first << 1 | self.turn(position), PUBLISH);
    }

    /// Has the line come to be written that begins so far ahead, once for each line: `AHEAD` places
    /// are whole lines.
    #[inline(always)]
    fn send_ahead(&self, position: u64) {
        if self.offset(position) % LINE < self.width {
            let start = self.first + self.offset(position + AHEAD);
            prefetch::to_write(self.words.as_ptr().wrapping_add(start) as u64);
        }
    }

    /// Takes the oldest item, if it is there and `read` makes something of it. `read` copies; it
    /// may be called for an item that another thread takes, and then for the next.
    #[inline(always)]
    pub(crate) fn take<T>(&self, read: impl Fn(u64, &[AtomicU64]) -> Option<T>) -> Option<T> {
        self.take_at(|_, first, rest| read(first, rest))
    }

    /// The same, and `read` is told the item's position, too.
    #[inline(always)]
    pub(crate) fn take_at<T>(
        &self,
        read: impl Fn(u64, u64, &[AtomicU64]) -> Option<T>,
    ) -> Option<T> {
        let mut head = self.head.load(Ordering::Acquire);
        loop {
            let (stamp, place) = self.place(head);
            let stamp = stamp.load(Ordering::Acquire);
            let item = if self.is_turn(stamp, head) { read(head, stamp >> 1, place) } else { None };
            if item.is_none() {
                let now = self.head.load(Ordering::Acquire);
                if now == head {
                    return None;
                }
                head = now;
                continue;
            }
            match self.head.compare_exchange(head, head + 1, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return item,
                Err(now) => head = now,
            }
        }
    }

    /// Takes up to `most` of the oldest items, as many as `read` makes something of: the first for
    /// which it says no ends the row. It is told which of the row an item is; what it copied is
    /// to be forgotten beyond the answered number, and may be of another row.
    #[inline]
    pub(crate) fn take_many(
        &self,
        most: u64,
        mut read: impl FnMut(usize, u64, &[AtomicU64]) -> bool,
    ) -> usize {
        let most = most.min(self.mask + 1);
        let mut head = self.head.load(Ordering::Acquire);
        loop {
            let mut count = 0;
            while count < most {
                let (stamp, place) = self.place(head + count);
                let stamp = stamp.load(Ordering::Acquire);
                if !self.is_turn(stamp, head + count) || !read(count as usize, stamp >> 1, place) {
                    break;
                }
                count += 1;
            }
            let order = (Ordering::AcqRel, Ordering::Acquire);
            if count == 0 {
                let now = self.head.load(Ordering::Acquire);
                if now == head {
                    return 0;
                }
                head = now;
                continue;
            }
            match self.head.compare_exchange(head, head + count, order.0, order.1) {
                Ok(_) => return count as usize,
                Err(now) => head = now,
            }
        }
    }

    /// Whether there is an item behind `others` others. Exact for 0, in the sense that a take
    /// would find something or another thread has found it; a guess for more.
    #[inline]
    pub(crate) fn has(&self, others: u64) -> bool {
        let mut head = self.head.load(Ordering::Acquire);
        loop {
            let position = head + others;
            if others <= self.mask
                && self.is_turn(self.place(position).0.load(Ordering::Acquire), position)
            {
                return true;
            }
            let now = self.head.load(Ordering::Acquire);
            if now == head {
                return false;
            }
            head = now;
        }
    }

    /// A word of the item behind so many others, if that is there: for a hint, for another thread
    /// may have taken the item, and the word be of a later one. Not where a place has a line of its
    /// own, for whoever is about to publish there needs that more.
    #[inline]
    pub(crate) fn glimpse(&self, others: u64, word: usize) -> Option<u64> {
        // Nothing that is proved depends on a hint.
        if self.width == LINE || cfg!(loom) {
            return None;
        }
        let position = self.head.load(Ordering::Relaxed) + others;
        let start = self.first + self.offset(position);
        let stamp = self.words.get(start)?.load(Ordering::Relaxed);
        let word = self.words.get(start + 1 + word)?;
        self.is_turn(stamp, position).then(|| word.load(Ordering::Relaxed))
    }

    /// Publishes an item without words at a position at which nobody publishes any more, unless
    /// that is done. For rings whose items' first words grow with their positions, by which a
    /// position that was taken long ago is told from one that is still to come. Whether this call
    /// did it.
    pub(crate) fn fill(&self, position: u64, first: u64) -> bool {
        let stamp = self.place(position).0;
        let (seen, filled) = (stamp.load(Ordering::Acquire), first << 1 | self.turn(position));
        let old = !self.is_turn(seen, position) && seen >> 1 < first;
        old && stamp.compare_exchange(seen, filled, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// How many items were taken.
    #[inline]
    pub(crate) fn taken(&self) -> u64 {
        self.head.load(Ordering::Acquire)
    }

    /// Where a place begins, in words behind the first.
    #[inline]
    fn offset(&self, position: u64) -> usize {
        (position & self.mask) as usize * self.width
    }

    #[inline]
    fn place(&self, position: u64) -> (&AtomicU64, &[AtomicU64]) {
        let start = self.first + self.offset(position);
        let place = &self.words[start..start + self.width];
        (&place[0], &place[1..])
    }

    #[inline]
    fn turn(&self, position: u64) -> u64 {
        // Odd in the first lap, for the words begin as 0.
        u64::from(position & (self.mask + 1) == 0)
    }

    #[inline]
    fn is_turn(&self, stamp: u64, position: u64) -> bool {
        stamp & 1 == self.turn(position)
    }
}

/// Release: who sees the stamp sees the words.
const PUBLISH: Ordering =
    if cfg!(control = "stamp_release") { Ordering::Relaxed } else { Ordering::Release };

#[cfg(all(test, loom))]
mod models;

#[cfg(all(test, not(loom)))]
mod tests;

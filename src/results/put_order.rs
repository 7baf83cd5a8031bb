//! Results in the order in which their jobs were put, whoever finishes first.
//!
//! A result's position is its job's, and a ring looks empty at a position that is not published:
//! so what comes before its turn is held where it lies, and nothing is sorted or moved. The window
//! is the ring: a job is accepted only where its place is free ([`PutOrder::room`]), and the
//! credits of what is held are not back yet.
//!
//! Each position must be passed some day. Who has a job publishes its result there; or, if the
//! session goes on without one (its workers are gone), **nothing**, which takers pass by. What a
//! reset makes stale may still be at a worker that comes back late or never, so whoever sweeps
//! passes by the positions of earlier sessions itself.
//!
//! # Why nobody publishes at a position that was passed by
//! ```text
//! publisher                            sweeper
//!   P1  take a seat (RMW), fence         S1  the phase outdates the session (RMW), heavy fence
//!   P2  outdated? leave, discard         S2  somebody of such a session on a seat? leave the rest
//!   P3  publish                          S3  fill the place, if it is not published (RMW)
//!   P4  leave the seat (release)         S4  move the head
//!   P5  outdated? sweep
//! ```
//! One of P2 and S2 sees the other. If it is P2, the publisher publishes nothing. If S2 finds it
//! has left, it sees what was published (P4), and takes that. If S2 finds it there, this sweep
//! ends, and the publisher sweeps in its turn: P5 sees the phase, for the heavy fence comes before
//! P4 or P1 after it. A seat is taken for some nanoseconds, and while it is nobody waits: puts may
//! answer that there is no room, polls that there is nothing.
//!
//! A place is filled by a compare-and-swap of its stamp, which grows with the positions: two who
//! sweep fill it once, and none fills one that is in use again.
//!
//! # News
//! To take a seat is what announces a result (N1 and N2 of [`crate::event`]), and a poller that
//! finds nothing but somebody on a seat knows that it is pending. A result that is published where
//! one before it is missing is no news: its publisher wakes nobody unless there is something at
//! the head. Suppose a poller sleeps for ever and the result at the head is there for ever. When
//! it looked last, in W3, it read a head, and behind a fence the seats.
//! 1. *The head was the same.* The publisher of the result was not on its seat, or the heavy fence
//!    would have shown it; so P1 came later. Then its N3 sees the sleeper, and it sees the head as
//!    the sleeper did: it wakes it.
//! 2. *The head was before.* Then what was there was missing, and 1 holds of that: its publisher
//!    woke a sleeper, which looked for itself, later than this one. The last of them is in case 1.

use crate::barrier;
use crate::job::{Completion, Id, Tag};
use crate::ring::Ring;
use crate::sync::{AtomicU64, Ordering, fence_after_rmw, full_fence};
use crossbeam_utils::CachePadded;

/// See the module.
pub(crate) struct PutOrder {
    ring: Ring,
    /// One for each worker's thread, and one for all others.
    seats: Box<[CachePadded<Seat>]>,
    places: u64,
    timed: bool,
    turns: CachePadded<Turns>,
}

/// What the order costs, where jobs are timed. Written by whoever polls; where several do at a
/// time, now and then one of them counts too little.
#[derive(Default)]
struct Turns {
    /// When the last of those was finished that were taken.
    latest: AtomicU64,
    /// Results that were finished before one that comes before them.
    held: AtomicU64,
    /// How long before, all together.
    held_ns: AtomicU64,
}

#[derive(Default)]
struct Seat {
    /// A worker's: the session that it publishes in, plus one; 0 while it does not. The others':
    /// how many there are.
    taken: AtomicU64,
    /// How often something was published from here.
    published: AtomicU64,
}

/// In the lowest bit of an item's first word, below its position.
const NOTHING: u64 = 1;

impl PutOrder {
    const fn words(timed: bool) -> usize {
        if timed { 7 } else { 4 }
    }

    /// A queue for so many results of so many workers.
    pub(crate) fn new(places: usize, workers: usize, timed: bool) -> PutOrder {
        PutOrder {
            ring: Ring::new(places, PutOrder::words(timed)),
            seats: (0..=workers).map(|_| CachePadded::default()).collect(),
            places: places as u64,
            timed,
            turns: CachePadded::default(),
        }
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(places: usize, workers: usize, timed: bool) -> usize {
        Ring::bytes(places, PutOrder::words(timed)) + (workers + 1) * size_of::<CachePadded<Seat>>()
    }

    /// How many more jobs may be accepted, that many being so.
    #[inline]
    pub(crate) fn room(&self, accepted: u64) -> u64 {
        (self.ring.taken() + self.places).saturating_sub(accepted)
    }

    /// Publishes a result at its job's position, unless its session is outdated: P1 to P4. The
    /// seat is the worker's whose thread this is, or [`PutOrder::guest`].
    #[inline(always)]
    pub(crate) fn push(
        &self,
        seat: usize,
        done: Completion,
        outdated: impl FnOnce() -> bool,
    ) -> Result<(), Completion> {
        self.sit(seat, done.id.session());
        if outdated() {
            self.leave(seat, 0);
            return Err(done);
        }
        let (first, id, word) = (done.position << 1, done.id.0, done.word as u64);
        if self.timed {
            let Completion { created, started, finished, .. } = done;
            let rest = [id, word, done.tag.0, created, started, finished];
            self.ring.publish(done.position, first, rest);
        } else {
            self.ring.publish(done.position, first, [id, word, done.tag.0]);
        }
        self.leave(seat, 1);
        Ok(())
    }

    /// Publishes nothing at a position, likewise.
    pub(crate) fn pass(&self, position: u64, outdated: impl FnOnce() -> bool) {
        let seat = self.guest();
        self.sit(seat, 0);
        if outdated() {
            return self.leave(seat, 0);
        }
        let passed = self.ring.fill(position, position << 1 | NOTHING);
        self.leave(seat, passed.into());
    }

    /// The seat of all who are no worker.
    pub(crate) fn guest(&self) -> usize {
        self.seats.len() - 1
    }

    /// P1.
    #[inline(always)]
    fn sit(&self, seat: usize, session: u32) {
        let taken = &self.seats[seat].taken;
        if seat == self.guest() {
            taken.fetch_add(1, Ordering::AcqRel);
        } else {
            taken.swap(u64::from(session) + 1, Ordering::AcqRel);
        }
        #[cfg(not(control = "seat_fence"))]
        fence_after_rmw();
    }

    /// P4.
    #[inline(always)]
    fn leave(&self, seat: usize, published: u64) {
        let Seat { taken, published: count } = &*self.seats[seat];
        if seat == self.guest() {
            count.fetch_add(published, Ordering::Relaxed);
            taken.fetch_sub(1, Ordering::AcqRel);
        } else {
            count.store(count.load(Ordering::Relaxed) + published, Ordering::Relaxed);
            taken.store(0, Ordering::Release);
        }
    }

    /// Whether somebody publishes whose session is so.
    fn is_taken(&self, outdated: &impl Fn(u32) -> bool) -> bool {
        let (guests, workers) = self.seats.split_last().expect("a seat for guests");
        let at_work = |seat: &CachePadded<Seat>| {
            let taken = seat.taken.load(Ordering::Acquire);
            taken > 0 && outdated(taken as u32 - 1)
        };
        guests.taken.load(Ordering::Acquire) > 0 || workers.iter().any(at_work)
    }

    /// Whether there may be a result that does not show to whoever looked just now.
    pub(crate) fn is_pending(&self) -> bool {
        full_fence(); // Who takes a seat later sees the head as this thread does.
        self.is_taken(&|_| true) || self.ring.has(0)
    }

    /// Takes all results before that position, and passes by the positions there that nobody
    /// publishes at any more: S2 to S4. All of them are outdated by the phase.
    pub(crate) fn pass_by(
        &self,
        end: u64,
        outdated: impl Fn(u32) -> bool,
        take: impl Fn(Completion),
    ) {
        let mut left = false;
        loop {
            let head = self.ring.taken();
            if head >= end {
                return;
            }
            let taken = self.ring.take(|first, rest| {
                (first >> 1 < end).then(|| (first & NOTHING == 0).then(|| self.read(rest)))
            });
            match taken {
                Some(Some(done)) => take(done),
                Some(None) => {}
                None if left => {
                    let filled = self.ring.fill(head, head << 1 | NOTHING);
                    let count = &self.seats[self.guest()].published;
                    count.fetch_add(filled.into(), Ordering::Relaxed);
                }
                None => {
                    barrier::heavy(); // S1: this thread may know of the phase by another.
                    if self.is_taken(&outdated) {
                        return;
                    }
                    // Who comes later finds itself outdated; and look again, for who has left.
                    left = true;
                }
            }
        }
    }

    /// Takes the next result.
    #[inline]
    pub(crate) fn pop(&self) -> Option<Completion> {
        loop {
            let taken = self
                .ring
                .take(|first, rest| Some((first & NOTHING == 0).then(|| self.read(rest))))?;
            if let Some(done) = taken {
                self.count_held(done.finished);
                return taken;
            }
        }
    }

    /// Takes the next results, as many as there are places for. Answers how many they are.
    #[inline]
    pub(crate) fn pop_many(&self, places: &mut [Completion]) -> usize {
        loop {
            let count = self.ring.take_many(places.len() as u64, |index, first, rest| {
                let is_result = first & NOTHING == 0;
                if is_result {
                    places[index] = self.read(rest);
                }
                is_result
            });
            let passed =
                || self.ring.take(|first, _| (first & NOTHING != 0).then_some(())).is_some();
            if count > 0 || !passed() {
                places[..count].iter().for_each(|done| self.count_held(done.finished));
                return count;
            }
        }
    }

    #[inline]
    fn read(&self, rest: &[AtomicU64]) -> Completion {
        let word = |index: usize| rest[index].load(Ordering::Relaxed);
        let time = |index: usize| if self.timed { word(index) } else { 0 };
        Completion {
            id: Id(word(0)),
            word: word(1) as usize,
            tag: Tag(word(2)),
            position: 0,
            created: time(3),
            started: time(4),
            finished: time(5),
        }
    }

    #[inline]
    fn count_held(&self, finished: u64) {
        let Turns { latest, held, held_ns } = &*self.turns;
        let before = latest.load(Ordering::Relaxed);
        if finished >= before {
            latest.store(finished, Ordering::Relaxed);
        } else {
            held.store(held.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            let sum = held_ns.load(Ordering::Relaxed) + before - finished;
            held_ns.store(sum, Ordering::Relaxed);
        }
    }

    /// How many results were held, and how long in all.
    pub(crate) fn held(&self) -> (u64, u64) {
        (self.turns.held.load(Ordering::Relaxed), self.turns.held_ns.load(Ordering::Relaxed))
    }

    /// The payload of the result behind so many others, as a hint: see [`Ring::glimpse`].
    #[inline]
    pub(crate) fn payload_behind(&self, others: u64) -> Option<u64> {
        self.ring.glimpse(others, 1)
    }

    /// Whether there is a result behind so many others, see [`Ring::has`].
    #[inline]
    pub(crate) fn has(&self, others: u64) -> bool {
        self.ring.has(others)
    }

    /// How many of the results that were there when the call began are still there, those included
    /// that are held.
    pub(crate) fn len(&self) -> u64 {
        let published = |seat: &CachePadded<Seat>| seat.published.load(Ordering::Acquire);
        let published: u64 = self.seats.iter().map(published).sum();
        published.saturating_sub(self.ring.taken())
    }
}

#[cfg(all(test, loom))]
mod models;

#[cfg(all(test, not(loom)))]
mod tests;

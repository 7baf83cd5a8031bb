//! Credits: who may put, and what became of every job that was accepted.
//!
//! Jobs are **accepted**, one or several, by one compare-and-swap of the intake word, which holds
//! all that the decision depends on: whether the executor is closed, whether the session is
//! finished, which session it is, and how many jobs were accepted so far. A job is **resolved** by
//! the counter of its outcome, which grows by the jobs that it has become of. So
//!
//! ```text
//! in flight = accepted - (done + failed + panicked + crashed + timed out + cancelled + discarded)
//! ```
//!
//! is not a rule to keep but how the numbers are made: the outcome is what gives the credit back.
//! Every counter only grows. A bound that is checked against sums read *before* the swap can
//! therefore be too strict by what was resolved meanwhile, never too lax; and a sum read *after*
//! the word that says "full" was full at the instant when the reading began.
//!
//! # Sessions
//! `reset` swaps the session in the same word, so that each job belongs to exactly one. Jobs are
//! numbered within theirs, from 0: a number is the count of accepted jobs minus that count when the
//! session began, its *base* (and the first session's may begin elsewhere). The base of session s +
//! 1 is written before the swap that begins it, by `fetch_max` into the cell that s - 1 used.
//! Whoever resets loads the word `(s, n)` first, and `n` only grows while s lasts, so no value
//! written for s + 1 is larger than the n of the swap that succeeds, whose writer wrote exactly
//! that n. Later sessions write the cell only after the word has moved on from s + 1, and then the
//! swap of a putter that read it fails.

use crate::config::{MAX_NUMBER, MAX_SESSION};
use crate::status::Status;
use crate::sync::{AtomicU64, Ordering};
use crossbeam_utils::CachePadded;

/// What can become of an accepted job. Exactly one of them does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Outcome {
    /// The transform succeeded.
    Done = 0,
    /// The transform said that it failed, with a code and a message.
    Failed = 1,
    /// The transform panicked; the message is the panic's.
    Panicked = 2,
    /// The worker died while it ran the job.
    Crashed = 3,
    /// The job's deadline passed.
    TimedOut = 4,
    /// The job was cancelled by its id.
    Cancelled = 5,
    /// A reset, an abort or a close came first; the payload went to the discard callback.
    Discarded = 6,
}

impl Outcome {
    /// Every outcome, in the order of its number.
    pub const ALL: [Outcome; 7] = [
        Outcome::Done,
        Outcome::Failed,
        Outcome::Panicked,
        Outcome::Crashed,
        Outcome::TimedOut,
        Outcome::Cancelled,
        Outcome::Discarded,
    ];
}

const CLOSED: u64 = 1 << 63;
const FINISHED: u64 = 1 << 62;
const COUNT: u64 = 0xffff_ffff;
const SESSION_SHIFT: u32 = 32;

/// The last session an executor can have: what an id has bits for, see [`crate::job`].
pub(crate) const LAST_SESSION: u32 = MAX_SESSION;

fn session(word: u64) -> u32 {
    (word >> SESSION_SHIFT) as u32 & LAST_SESSION
}

/// Jobs are numbered in their session modulo so many.
pub(crate) const NUMBERS: u64 = MAX_NUMBER + 1;

/// The place of an accepted job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) session: u32,
    /// In the order of its session.
    pub(crate) number: u64,
    /// In the order of all sessions: its position in the queue.
    pub(crate) position: u64,
}

/// The two ends of a credit.
pub(crate) struct Credits {
    /// closed:1, finished:1, unused:3, session:27, accepted modulo 2^32:32. Written by those who
    /// put; the full count follows from the sum of outcomes, which is less than 2^32 behind.
    word: CachePadded<AtomicU64>,
    /// One line, written by those who poll.
    outcomes: CachePadded<[AtomicU64; 7]>,
    /// The base of each session, plus [`NUMBERS`]: the first one's may be less than 0.
    bases: CachePadded<[AtomicU64; 2]>,
    most_in_flight: CachePadded<AtomicU64>,
    capacity: u64,
}

impl Credits {
    /// So many credits. The first job is that of a session that is numbered so.
    pub(crate) fn new(capacity: usize, first: (u32, u64)) -> Credits {
        Credits {
            word: CachePadded::new(AtomicU64::new(u64::from(first.0) << SESSION_SHIFT)),
            outcomes: CachePadded::new(std::array::from_fn(|_| AtomicU64::new(0))),
            bases: CachePadded::new(std::array::from_fn(|_| AtomicU64::new(NUMBERS - first.1))),
            most_in_flight: CachePadded::new(AtomicU64::new(0)),
            capacity: capacity as u64,
        }
    }

    /// Takes up to `wanted` credits, one at least: `Full`, `Closed` or `Finished` if there is none
    /// to have. Answers the place of the first job, behind which the others come, and how many
    /// they are: their numbers do not wrap in between. `room(accepted)` is a second bound, how many
    /// more there is room for, that the caller reads from counters that only grow; it is asked
    /// before the swap.
    #[inline]
    pub(crate) fn accept(
        &self,
        wanted: u64,
        room: impl Fn(u64) -> u64,
    ) -> Result<(Ticket, u64), Status> {
        // Acquire, as on failure of the swap: the base of the session that the word names.
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            if word & (CLOSED | FINISHED) != 0 {
                return Err(if word & CLOSED != 0 { Status::Closed } else { Status::Finished });
            }
            // Acquire pairs with `resolve`: what a resolved job held is free for this one.
            let resolved = self.resolved();
            let behind = (word as u32).wrapping_sub(resolved as u32);
            if behind as i32 >= 0 {
                let accepted = resolved + u64::from(behind);
                let free = self.capacity.saturating_sub(u64::from(behind));
                let base = self.bases[session(word) as usize & 1].load(Ordering::Relaxed);
                let number = (accepted + NUMBERS).wrapping_sub(base);
                let count = wanted.min(free).min(room(accepted)).min(NUMBERS - number % NUMBERS);
                if count == 0 {
                    return Err(Status::Full);
                }
                let next = word & !COUNT | u64::from((word as u32).wrapping_add(count as u32));
                match self.swap(word, next) {
                    Ok(_) => {
                        let in_flight = u64::from(behind) + count;
                        if in_flight > self.most_in_flight.load(Ordering::Relaxed) {
                            self.most_in_flight.fetch_max(in_flight, Ordering::Relaxed);
                        }
                        let session = session(word);
                        return Ok((Ticket { session, number, position: accepted }, count));
                    }
                    Err(seen) => word = seen,
                }
            } else {
                word = self.word.load(Ordering::Acquire);
            }
        }
    }

    /// Gives so many jobs their outcome, and their credits back. The last thing that is done with
    /// a job.
    #[inline]
    pub(crate) fn resolve(&self, outcome: Outcome, jobs: u64) {
        self.outcomes[outcome as usize].fetch_add(jobs, Ordering::AcqRel);
    }

    /// Begins the next session and returns it. Jobs accepted from now on belong to it.
    pub(crate) fn next_session(&self) -> Result<u32, Status> {
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            if word & CLOSED != 0 {
                return Err(Status::Closed);
            }
            let next = session(word) + 1;
            if next > LAST_SESSION {
                return Err(Status::Exhausted);
            }
            let resolved = self.resolved();
            let behind = (word as u32).wrapping_sub(resolved as u32);
            if behind as i32 >= 0 {
                let base = resolved + u64::from(behind) + NUMBERS;
                self.bases[next as usize & 1].fetch_max(base, Ordering::AcqRel);
                let fresh = u64::from(next) << SESSION_SHIFT | word & COUNT;
                match self.swap(word, fresh) {
                    Ok(_) => return Ok(next),
                    Err(seen) => word = seen,
                }
            } else {
                word = self.word.load(Ordering::Acquire);
            }
        }
    }

    /// The position of the first job of a session that has begun, while no later one has. (A base
    /// that is a later session's was written when the word had moved on, and the word is read
    /// after it.)
    pub(crate) fn base(&self, of: u32) -> Option<u64> {
        let base = self.bases[of as usize & 1].load(Ordering::Acquire);
        let is_latest = session(self.word.load(Ordering::Acquire)) == of;
        is_latest.then(|| base.saturating_sub(NUMBERS))
    }

    /// No job is accepted any more until the next session.
    pub(crate) fn finish(&self) {
        self.word.fetch_or(FINISHED, Ordering::AcqRel);
    }

    /// No job is ever accepted any more.
    pub(crate) fn close(&self) {
        self.word.fetch_or(CLOSED, Ordering::AcqRel);
    }

    /// Whether the session is finished and all its jobs are resolved. `stale` counts jobs of
    /// earlier sessions that are unresolved; it is asked after the outcomes were read.
    ///
    /// While the word stays as it is nothing is accepted. A job that `stale` counts was accepted
    /// before that and is unresolved when it is counted, so it was unresolved when the outcomes
    /// were read: if the two are equal, no job of this session was.
    pub(crate) fn ended(&self, stale: impl Fn(u32) -> u64) -> bool {
        let word = self.word.load(Ordering::Acquire);
        if word & FINISHED == 0 {
            return false;
        }
        let open = (word as u32).wrapping_sub(self.resolved() as u32);
        (open == 0 || u64::from(open) == stale(session(word)))
            && self.word.load(Ordering::Acquire) == word
    }

    /// Jobs accepted so far, and how many of each outcome. Exact when nothing moves.
    pub(crate) fn counts(&self) -> (u64, [u64; 7]) {
        let outcomes: [u64; 7] = std::array::from_fn(|i| self.outcomes[i].load(Ordering::Acquire));
        let resolved: u64 = outcomes.iter().sum();
        let word = self.word.load(Ordering::Acquire);
        (resolved + u64::from((word as u32).wrapping_sub(resolved as u32)), outcomes)
    }

    /// Whether more jobs were accepted than that many, of which there were no fewer.
    pub(crate) fn has_beyond(&self, accepted: u64) -> bool {
        self.word.load(Ordering::Acquire) as u32 != accepted as u32
    }

    /// Jobs that are accepted and have no outcome. Exact when nothing moves, never less than
    /// what was in flight when the call began if nothing is accepted meanwhile.
    pub(crate) fn in_flight(&self) -> u64 {
        let (accepted, outcomes) = self.counts();
        accepted - outcomes.iter().sum::<u64>()
    }

    /// The most that were ever in flight, as those saw it who put.
    pub(crate) fn most_in_flight(&self) -> u64 {
        self.most_in_flight.load(Ordering::Relaxed)
    }

    /// Jobs that have their outcome.
    pub(crate) fn resolved(&self) -> u64 {
        self.outcomes.iter().map(|count| count.load(Ordering::Acquire)).sum()
    }

    fn swap(&self, current: u64, next: u64) -> Result<u64, u64> {
        self.word.compare_exchange_weak(current, next, Ordering::AcqRel, Ordering::Acquire)
    }
}

#[cfg(all(test, loom))]
mod models;

#[cfg(all(test, not(loom)))]
mod tests;

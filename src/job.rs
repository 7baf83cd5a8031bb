//! A job as it travels to a worker, and as it comes back: a few words each, see [`crate::ring`].

use crate::credits::{NUMBERS, Outcome, Ticket};
use std::ffi::c_void;

/// Bits of a job's id that say its number; those above say its session.
const NUMBER_BITS: u32 = NUMBERS.trailing_zeros();

/// A job that no other of the executor is called like: the session above, the number below.
/// 63 bits, so that a ring has one for its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id(pub(crate) u64);

impl Id {
    /// The session the job was put in.
    #[inline]
    pub(crate) fn session(self) -> u32 {
        (self.0 >> NUMBER_BITS) as u32
    }

    /// How many jobs were accepted before it in its session, modulo 2^36.
    #[inline]
    pub(crate) fn number(self) -> u64 {
        self.0 % NUMBERS
    }
}

impl From<Ticket> for Id {
    #[inline]
    fn from(ticket: Ticket) -> Id {
        Id((u64::from(ticket.session) << NUMBER_BITS) | (ticket.number % NUMBERS))
    }
}

/// On its way to a worker, or at one. Whoever holds it owns the payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job {
    pub(crate) id: Id,
    pub(crate) payload: *mut c_void,
    /// When it was accepted, in nanoseconds of the monotonic clock; 0 where jobs are not timed.
    pub(crate) created: u64,
    /// Its place among all jobs of the executor.
    pub(crate) position: u64,
    /// How long it may run, in nanoseconds; 0 where jobs have no limits.
    pub(crate) limit: u64,
    /// How often it was tried before.
    pub(crate) tries: u64,
}

/// A job that has been at a worker, on its way to a poller. Whoever holds it owns the payload,
/// and the record if there is one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Completion {
    pub(crate) id: Id,
    /// The payload; where the outcome is not `Done`, the index of the record that holds it and
    /// what is to be said.
    pub(crate) word: usize,
    pub(crate) tag: Tag,
    /// The job's place among all of the executor, until the result is published.
    pub(crate) position: u64,
    /// All 0 where jobs are not timed.
    pub(crate) created: u64,
    pub(crate) started: u64,
    pub(crate) finished: u64,
}

impl Completion {
    /// What lies in a place for one that is not taken yet.
    pub(crate) const NONE: Completion = Completion {
        id: Id(0),
        word: 0,
        tag: Tag(0),
        position: 0,
        created: 0,
        started: 0,
        finished: 0,
    };
}

/// What became of a job, which worker ran it and how often it was begun, in one word: of what is
/// made of smaller pieces the compiler would keep a copy in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag(pub(crate) u64);

impl Tag {
    /// Of a worker below 65,536, and so many attempts.
    #[inline]
    pub(crate) fn new(outcome: Outcome, worker: usize, attempts: u64) -> Tag {
        Tag(outcome as u64 | (worker as u64) << 8 | attempts << 24)
    }

    #[inline]
    pub(crate) fn outcome(self) -> Outcome {
        Outcome::ALL[(self.0 & 7).min(6) as usize]
    }

    #[inline]
    pub(crate) fn worker(self) -> u16 {
        (self.0 >> 8) as u16
    }

    #[inline]
    pub(crate) fn attempts(self) -> u32 {
        (self.0 >> 24) as u32
    }

    /// The same with another outcome.
    pub(crate) fn with(self, outcome: Outcome) -> Tag {
        Tag(self.0 & !0xff | outcome as u64)
    }
}

/// When things happened to a job, in nanoseconds of the monotonic clock. All zero where jobs are
/// not timed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// The put accepted it.
    pub created: u64,
    /// A worker started the transform.
    pub started: u64,
    /// The transform returned.
    pub finished: u64,
    /// The result was queued for polling. Places are reserved, so a worker never waits here, and
    /// this is the same reading as `finished`.
    pub queued: u64,
    /// A poll took it.
    pub polled: u64,
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_session_and_number_in_63_bits() {
        let session = crate::credits::LAST_SESSION;
        for number in [0, 1, NUMBERS - 1] {
            let id = Id::from(Ticket { session, number, position: 0 });
            assert_eq!((id.session(), id.number(), id.0 >> 63), (session, number, 0));
        }
    }

    #[test]
    fn a_tag_says_outcome_worker_and_attempts() {
        for outcome in Outcome::ALL {
            for (worker, attempts) in [(0, 0), (1, 65535), (4095, 1), (65535, 2)] {
                let tag = Tag::new(Outcome::Done, worker, attempts.into()).with(outcome);
                assert_eq!((tag.outcome(), usize::from(tag.worker())), (outcome, worker));
                assert_eq!(tag.attempts(), attempts);
            }
        }
    }
}

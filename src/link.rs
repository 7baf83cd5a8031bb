//! The link between an executor and one worker process: memory that both map, and what each may
//! do to it. The executor offers jobs in a ring of slots, the worker claims them in that order and
//! fills in what came of them. Only numbers travel: which job, which buffer, which outcome.
//!
//! No lock, and nothing that one side waits for while the other holds it: a worker that is killed
//! at any instruction leaves each slot in one of these states, by which the executor knows what
//! became of its job:
//!
//! ```text
//!           offer                claim                 finish
//! (empty) ---------> OFFERED ------------> CLAIMED -------------> DONE     the worker's swaps
//!                       |
//!                       +---> WITHDRAWN                                    the executor's
//! ```
//!
//! A job that is OFFERED can be taken back by any thread of the executor: to be discarded, or to
//! be run elsewhere while this worker is busy. One compare-and-swap of the stamp, from OFFERED,
//! decides between worker and executor.
//!
//! # What the executor trusts
//! Nothing that it reads here. Which job it lent at which slot stands on desks of its own
//! ([`crate::desk`]), and who of its threads takes a job back from there wins a swap there; so
//! that a worker that writes nonsense can make a job of its own fail, but none come twice or
//! vanish. A stamp that is none of the above, or of another lap, is [`Seen::Broken`].
//!
//! # Across versions
//! The words up to [`HELLO`] keep their meaning for ever, so that two libraries of different
//! versions can tell each other so.

mod terms;

pub(crate) use terms::Terms;

use crate::bell::Bell;
use crate::credits::Outcome;
use crate::job::Id;
use crate::record::{MESSAGE_BYTES, Text};
use crate::sync::{AtomicU64, Ordering, Parking};
use std::sync::atomic::AtomicU64 as Count;

/// Slots of a link: the most jobs that a worker may have at hand.
pub(crate) const DEPTH: usize = if cfg!(loom) { 2 } else { 32 };

/// "jobexec", and a letter.
const MAGIC: u64 = u64::from_le_bytes(*b"jobexecL");
/// Changes with the layout and with the meaning of anything here.
pub(crate) const VERSION: u64 = 2;

/// The executor writes these before the worker starts.
const MAGIC_AT: usize = 0;
const VERSION_AT: usize = 1;
const WORDS_AT: usize = 2;
const TERMS_AT: usize = 8;
/// The worker writes its version here, when it is ready, or when it refuses the executor's.
const HELLO: usize = 4;
/// Each has a line of its own, and so has each slot.
const HOST_BELL: usize = 24;
const WORKER_BELL: usize = 32;
const SLOTS: usize = 40;
const SLOT_WORDS: usize = 8 + TEXT_WORDS;
const TEXT_WORDS: usize = (MESSAGE_BYTES + 1) / 8;

/// Words of a link.
pub(crate) const WORDS: usize = SLOTS + DEPTH * SLOT_WORDS;

// Of a slot.
const STAMP: usize = 0;
const ID: usize = 1;
const BUFFER: usize = 2;
const VERDICT: usize = 3;
const STARTED: usize = 4;
const FINISHED: usize = 5;
/// The latest lap whose job was told that it is not wanted.
const TOLD: usize = 6;
const TRIES: usize = 7;
const TEXT: usize = 8;

// Of a stamp; the lap above.
const OFFERED: u64 = 1;
const CLAIMED: u64 = 2;
const DONE: u64 = 3;
const WITHDRAWN: u64 = 4;
const STATE_BITS: u32 = 3;
const STATE: u64 = (1 << STATE_BITS) - 1;

fn stamp(position: u64, state: u64) -> u64 {
    lap(position) << STATE_BITS | state
}

fn lap(position: u64) -> u64 {
    position / DEPTH as u64 + 1
}

/// What the executor sees of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Offered,
    Claimed,
    Done,
    Withdrawn,
    Broken,
}

/// What a worker finds at its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// A job, its buffer, and how often it was tried before; now the worker's.
    Job(Id, usize, u64),
    /// A job that was taken back: the next may be there.
    Withdrawn,
    Nothing,
}

/// What came of a job, as the worker says.
#[derive(Clone)]
pub(crate) struct Verdict {
    pub(crate) outcome: Outcome,
    pub(crate) started: u64,
    pub(crate) finished: u64,
    pub(crate) text: Text,
}

/// See the module. Both sides have one over the same memory.
pub(crate) struct Link {
    #[cfg(not(loom))]
    words: crate::os::memory::Map,
    #[cfg(loom)]
    words: Box<[AtomicU64]>,
    host_parking: Parking,
    worker_parking: Parking,
    wakes: Count,
}

impl Link {
    /// The link that lies in a map, of at least [`WORDS`] words.
    #[cfg(not(loom))]
    pub(crate) fn new(words: crate::os::memory::Map) -> Link {
        assert!(words.bytes() >= WORDS * size_of::<u64>());
        let (host_parking, worker_parking) = (Parking::across(), Parking::across());
        Link { words, host_parking, worker_parking, wakes: Count::new(0) }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Link {
        let words = (0..WORDS).map(|_| AtomicU64::new(0)).collect();
        let (host_parking, worker_parking) = (Parking::across(), Parking::across());
        Link { words, host_parking, worker_parking, wakes: Count::new(0) }
    }

    #[inline]
    #[cfg(not(loom))]
    fn word(&self, at: usize) -> &AtomicU64 {
        debug_assert!(at < WORDS);
        let word = self.words.base().cast::<AtomicU64>().wrapping_add(at);
        // SAFETY: the map has as many words, and lives as long as this; a page is aligned for
        // them, and both sides use only atomics.
        unsafe { &*word }
    }

    #[inline]
    #[cfg(loom)]
    fn word(&self, at: usize) -> &AtomicU64 {
        &self.words[at]
    }

    #[inline]
    fn of_slot(&self, slot: usize, at: usize) -> &AtomicU64 {
        self.word(SLOTS + slot * SLOT_WORDS + at)
    }

    fn read(&self, at: usize) -> u64 {
        self.word(at).load(Ordering::Acquire)
    }

    /// The map, to put fresh memory in its place.
    #[cfg(not(loom))]
    pub(crate) fn map(&self) -> &crate::os::memory::Map {
        &self.words
    }

    // ---- The bells ----

    /// The executor's thread waits here, for results.
    pub(crate) fn host_bell(&self) -> Bell<'_> {
        let (word, wakes) = (self.word(HOST_BELL), &self.wakes);
        Bell { word, parking: &self.host_parking, wakes }
    }

    /// The worker waits here, for jobs.
    pub(crate) fn worker_bell(&self) -> Bell<'_> {
        let (word, wakes) = (self.word(WORKER_BELL), &self.wakes);
        Bell { word, parking: &self.worker_parking, wakes }
    }

    /// How often this side slept, or woke the other.
    pub(crate) fn wakes(&self) -> u64 {
        self.wakes.load(Ordering::Relaxed)
    }

    // ---- The executor's thread ----

    /// Offers a job. The slot of that position is the caller's: it is empty, or what was there
    /// was seen done or withdrawn. Wakes the worker if it sleeps: so this ends with the fence of
    /// the bell's R2.
    #[inline]
    pub(crate) fn offer(&self, position: u64, id: Id, buffer: usize, tries: u64) {
        let slot = slot(position);
        self.of_slot(slot, ID).store(id.0, Ordering::Relaxed);
        self.of_slot(slot, BUFFER).store(buffer as u64, Ordering::Relaxed);
        self.of_slot(slot, TRIES).store(tries, Ordering::Relaxed);
        self.of_slot(slot, STAMP).swap(stamp(position, OFFERED), Ordering::AcqRel);
        self.worker_bell().ring();
    }

    /// What became of what was offered there.
    #[inline]
    pub(crate) fn look(&self, position: u64) -> Seen {
        let seen = self.of_slot(slot(position), STAMP).load(Ordering::Acquire);
        match seen.wrapping_sub(stamp(position, 0)) {
            OFFERED => Seen::Offered,
            CLAIMED => Seen::Claimed,
            DONE => Seen::Done,
            WITHDRAWN => Seen::Withdrawn,
            _ => Seen::Broken,
        }
    }

    /// What the worker says of a job that was seen done. `None` if that makes no sense.
    pub(crate) fn verdict(&self, position: u64, text: &mut Text) -> Option<(Outcome, [u64; 2])> {
        let slot = slot(position);
        let read = |at| self.of_slot(slot, at).load(Ordering::Relaxed);
        let word = read(VERDICT);
        let outcome = match word & 0xff {
            0 => Outcome::Done,
            1 => Outcome::Failed,
            2 => Outcome::Panicked,
            _ => return None,
        };
        if outcome != Outcome::Done {
            let length = (word >> 8 & 0xff) as usize;
            let mut bytes = [0; TEXT_WORDS * 8];
            for (at, eight) in bytes.chunks_exact_mut(8).enumerate() {
                eight.copy_from_slice(&read(TEXT + at).to_le_bytes());
            }
            text.code = (word >> 32) as i32;
            text.set(&String::from_utf8_lossy(&bytes[..length.min(MESSAGE_BYTES)]));
        }
        Some((outcome, [read(STARTED), read(FINISHED)]))
    }

    // ---- Any thread of the executor ----

    /// Whether the slot holds a job that can be taken back.
    pub(crate) fn is_offered(&self, slot: usize) -> bool {
        self.of_slot(slot, STAMP).load(Ordering::Acquire) & STATE == OFFERED
    }

    /// Takes back what the slot holds, if it is offered and not claimed. Then the worker passes it
    /// by. The executor's thread is told, for the slot is empty now.
    pub(crate) fn withdraw(&self, slot: usize) -> bool {
        let word = self.of_slot(slot, STAMP);
        let stamp = word.load(Ordering::Acquire);
        let withdrawn = stamp & !STATE | WITHDRAWN;
        stamp & STATE == OFFERED
            && word.compare_exchange(stamp, withdrawn, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Which lap the slot is in.
    pub(crate) fn lap(&self, slot: usize) -> u64 {
        self.of_slot(slot, STAMP).load(Ordering::Acquire) >> STATE_BITS
    }

    /// Tells the job of that lap, and those before it, that it is not wanted.
    pub(crate) fn tell(&self, slot: usize, lap: u64) {
        self.of_slot(slot, TOLD).fetch_max(lap, Ordering::AcqRel);
    }

    // ---- The worker ----

    /// For the job that was claimed at that position: a word, and what that is at least when the
    /// job was told.
    #[inline]
    pub(crate) fn told_word(&self, position: u64) -> (&AtomicU64, u64) {
        (self.of_slot(slot(position), TOLD), lap(position))
    }

    /// Claims what is offered at its position.
    #[inline]
    pub(crate) fn claim(&self, position: u64) -> Claim {
        let slot = slot(position);
        let word = self.of_slot(slot, STAMP);
        let (offered, claimed) = (stamp(position, OFFERED), stamp(position, CLAIMED));
        match word.compare_exchange(offered, claimed, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => {
                let read = |at| self.of_slot(slot, at).load(Ordering::Relaxed);
                Claim::Job(Id(read(ID)), read(BUFFER) as usize, read(TRIES))
            }
            // Or the slot is in use again: what was withdrawn here was passed by, and the next
            // lap's job offered, before this side looked.
            Err(seen) if seen >= stamp(position, WITHDRAWN) => Claim::Withdrawn,
            Err(_) => Claim::Nothing,
        }
    }

    /// Whether something is offered that many positions further on.
    #[inline]
    pub(crate) fn has(&self, position: u64, others: u64) -> bool {
        let position = position + others;
        let seen = self.of_slot(slot(position), STAMP).load(Ordering::Acquire);
        others < DEPTH as u64 && seen >= stamp(position, OFFERED)
    }

    /// Says what came of the job that was claimed there. From then on the slot is the executor's.
    #[inline]
    pub(crate) fn finish(&self, position: u64, verdict: &Verdict) {
        let slot = slot(position);
        let Verdict { outcome, started, finished, text } = verdict;
        let write = |at, value| self.of_slot(slot, at).store(value, Ordering::Relaxed);
        write(STARTED, *started);
        write(FINISHED, *finished);
        let mut word = *outcome as u64;
        if *outcome != Outcome::Done {
            let bytes = text.as_str().as_bytes();
            for (at, part) in bytes.chunks(8).enumerate() {
                let mut eight = [0; 8];
                eight[..part.len()].copy_from_slice(part);
                write(TEXT + at, u64::from_le_bytes(eight));
            }
            word |= (bytes.len() as u64) << 8 | u64::from(text.code as u32) << 32;
        }
        write(VERDICT, word);
        self.of_slot(slot, STAMP).swap(stamp(position, DONE), FINISH);
        self.host_bell().ring();
    }
}

/// Release: who sees the stamp sees what came of the job.
const FINISH: Ordering =
    if cfg!(control = "finish_release") { Ordering::Relaxed } else { Ordering::AcqRel };

/// Which slot a position falls on.
#[inline]
pub(crate) fn slot(position: u64) -> usize {
    position as usize % DEPTH
}

#[cfg(all(test, loom))]
mod models;

#[cfg(all(test, not(loom)))]
mod tests;

//! A job as it travels between threads, and the records that travel with some of them.

use crate::clock::now_ns;
use crate::credits::Outcome;
use crate::queue::Queue;
use std::cell::UnsafeCell;
use std::ffi::c_void;

/// The longest message of a failed job, in bytes; longer ones are cut at a character.
pub const MESSAGE_BYTES: usize = 191;

/// What stands in the queues: 24 bytes, so that with the queue's own stamp two share a cache
/// line. Whoever holds it owns the job, its payload and its record.
#[derive(Clone, Copy)]
pub(crate) struct Job {
    /// The payload, or the index of the record that holds it, see `recorded`.
    word: usize,
    /// The job's number within its session, from 0.
    pub(crate) number: u64,
    pub(crate) session: u32,
    /// Which worker ran it. Not yet known on the way there.
    pub(crate) worker: u16,
    /// What the transform came to. Not yet known on the way there.
    pub(crate) outcome: Outcome,
    recorded: bool,
}

/// What only some jobs need: times, where they are asked for, and what a failed job says.
pub(crate) struct Record {
    payload: *mut c_void,
    /// Nanoseconds of the monotonic clock; 0 where jobs are not timed.
    pub(crate) created: u64,
    pub(crate) started: u64,
    pub(crate) finished: u64,
    pub(crate) failure: Text,
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

/// What a failed job says.
pub(crate) struct Text {
    /// The transform's own number.
    pub(crate) code: i32,
    length: u8,
    bytes: [u8; MESSAGE_BYTES],
}

impl Record {
    /// The times of a job that is being polled.
    pub(crate) fn times(&self) -> Times {
        match (self.created, self.started, self.finished) {
            (0, ..) => Times::default(),
            (created, started, finished) => {
                Times { created, started, finished, queued: finished, polled: now_ns() }
            }
        }
    }
}

impl Text {
    /// Says nothing.
    pub(crate) const EMPTY: Text = Text { code: 0, length: 0, bytes: [0; MESSAGE_BYTES] };

    /// Replaces the message, cut to what fits.
    pub(crate) fn set(&mut self, message: &str) {
        let mut length = message.len().min(MESSAGE_BYTES);
        while !message.is_char_boundary(length) {
            length -= 1;
        }
        self.bytes[..length].copy_from_slice(&message.as_bytes()[..length]);
        self.length = length as u8;
    }

    /// Takes over what another says; only the bytes that it uses are copied.
    pub(crate) fn copy_from(&mut self, other: &Text) {
        self.code = other.code;
        self.set(other.as_str());
    }

    /// Forgets what was said.
    pub(crate) fn clear(&mut self) {
        self.code = 0;
        self.length = 0;
    }

    /// The message.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length as usize]).unwrap_or("")
    }
}

/// The records of an executor: as many as there are credits, so that a job that needs one finds
/// one. A record belongs to the job whose word names it.
pub(crate) struct Records {
    slots: Box<[UnsafeCell<Record>]>,
    free: Queue<u32>,
}

// SAFETY: a record is touched only by whoever owns the job that holds its index.
unsafe impl Sync for Records {}
// SAFETY: a payload may be handed to another thread; that is what it was put for.
unsafe impl Send for Records {}

impl Records {
    /// So many records, all free.
    pub(crate) fn new(count: usize) -> Records {
        // SAFETY: all-zero bytes are a valid `Record`: null, numbers and an empty text.
        let slots = unsafe { Box::new_zeroed_slice(count).assume_init() };
        let free = Queue::new(count);
        (0..count as u32).for_each(|index| free.push(index));
        Records { slots, free }
    }

    /// Bytes that so many records take.
    pub(crate) fn bytes(count: usize) -> usize {
        count * size_of::<Record>() + Queue::<u32>::bytes(count)
    }

    /// Gives the job a record if it has none.
    pub(crate) fn attach(&self, job: &mut Job) {
        if job.recorded {
            return;
        }
        // A job in flight holds a credit and at most one record, and there is one a credit.
        let index = self.free.pop().expect("a record for each credit");
        let payload = job.word as *mut c_void;
        job.word = index as usize;
        job.recorded = true;
        let record = self.of(job).expect("just attached");
        record.payload = payload;
        (record.created, record.started, record.finished) = (0, 0, 0);
        record.failure.clear();
    }

    /// The record of a job, if it has one.
    #[allow(clippy::mut_from_ref)] // The job is the key: its owner alone holds it.
    pub(crate) fn of(&self, job: &Job) -> Option<&mut Record> {
        if !job.recorded {
            return None;
        }
        // SAFETY: the caller owns the job, and no other job names this record.
        Some(unsafe { &mut *self.slots[job.word].get() })
    }

    /// The payload of a job.
    pub(crate) fn payload(&self, job: &Job) -> *mut c_void {
        self.of(job).map_or(job.word as *mut c_void, |record| record.payload)
    }

    /// Replaces the payload of a job.
    pub(crate) fn set_payload(&self, job: &mut Job, payload: *mut c_void) {
        match self.of(job) {
            Some(record) => record.payload = payload,
            None => job.word = payload as usize,
        }
    }

    /// Takes the record back, if there is one, once nobody needs it any more.
    pub(crate) fn release(&self, job: Job) {
        if job.recorded {
            self.free.push(job.word as u32);
        }
    }
}

impl Job {
    /// A job on its way to a worker.
    pub(crate) fn new(payload: *mut c_void, session: u32, number: u64) -> Job {
        let word = payload as usize;
        Job { word, number, session, worker: 0, outcome: Outcome::Done, recorded: false }
    }

    /// A number that no other job of the executor has: the session above, the number below.
    pub(crate) fn id(session: u32, number: u64) -> u64 {
        u64::from(session) << 36 | number & ((1 << 36) - 1)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_job_fills_half_a_cache_line_with_its_stamp() {
        assert_eq!(size_of::<Job>() + size_of::<usize>(), 32);
    }

    #[test]
    fn a_record_carries_the_payload_and_comes_back() {
        let records = Records::new(1);
        for _ in 0..3 {
            let mut job = Job::new(7 as *mut c_void, 1, 2);
            assert!(records.of(&job).is_none());
            records.attach(&mut job);
            records.attach(&mut job);
            assert_eq!(records.payload(&job) as usize, 7);
            records.set_payload(&mut job, 8 as *mut c_void);
            assert_eq!(records.payload(&job) as usize, 8);
            let record = records.of(&job).unwrap();
            assert_eq!(record.failure.as_str(), "");
            record.failure.set("no");
            records.release(job);
        }
    }

    #[test]
    fn a_message_is_cut_at_a_character() {
        let mut text = Text::EMPTY;
        text.set(&"\u{e9}".repeat(MESSAGE_BYTES));
        assert_eq!(text.as_str(), "\u{e9}".repeat(MESSAGE_BYTES / 2));
        text.set("short");
        assert_eq!(text.as_str(), "short");
    }
}

//! What a job that did not succeed says, and where that is kept until it is polled.

use crossbeam_queue::ArrayQueue;
use std::cell::UnsafeCell;
use std::ffi::c_void;

/// The longest message of a failed job, in bytes; longer ones are cut at a character.
pub const MESSAGE_BYTES: usize = 191;

/// What a failed job says.
#[derive(Clone)]
pub(crate) struct Text {
    /// The transform's own number.
    pub(crate) code: i32,
    length: u8,
    bytes: [u8; MESSAGE_BYTES],
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
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.code = 0;
        self.length = 0;
    }

    /// The message.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length as usize]).unwrap_or("")
    }
}

/// What the result of such a job has in place of its payload.
pub(crate) struct Record {
    pub(crate) payload: *mut c_void,
    /// There is no payload: who runs the job has it still.
    pub(crate) lost: bool,
    pub(crate) text: Text,
}

/// The records of an executor: as many as there are credits, so that a job that needs one finds
/// one. A record belongs to whoever holds its index. Only jobs that fail come here, so that the
/// indices wait in crossbeam's `ArrayQueue`.
pub(crate) struct Records {
    slots: Box<[UnsafeCell<Record>]>,
    free: ArrayQueue<u32>,
}

// SAFETY: a record is touched only by whoever holds its index, which nobody else has.
unsafe impl Sync for Records {}
// SAFETY: a payload may be handed to another thread; that is what it was put for.
unsafe impl Send for Records {}

impl Records {
    /// So many records, all free.
    pub(crate) fn new(count: usize) -> Records {
        // SAFETY: all-zero bytes are a valid `Record`: null, numbers and an empty text.
        let slots = unsafe { Box::new_zeroed_slice(count).assume_init() };
        let records = Records { slots, free: ArrayQueue::new(count) };
        (0..count).for_each(|index| records.release(index));
        records
    }

    /// Bytes that so many records take.
    pub(crate) fn bytes(count: usize) -> usize {
        count * (size_of::<Record>() + size_of::<(usize, u32)>())
    }

    /// Takes a record for a payload and what is to be said of it, and answers its index.
    #[cold]
    pub(crate) fn write(&self, payload: *mut c_void, text: &Text) -> usize {
        // A job in flight holds a credit and at most one record, and there is one a credit.
        let index = self.free.pop().expect("a record for each credit") as usize;
        // SAFETY: the index came from the queue, so that nobody else has it.
        let record = unsafe { &mut *self.slots[index].get() };
        record.payload = payload;
        record.lost = false;
        record.text.copy_from(text);
        index
    }

    /// The same without a payload.
    pub(crate) fn write_lost(&self, text: &Text) -> usize {
        let index = self.write(std::ptr::null_mut(), text);
        // SAFETY: as above: the index is this call's.
        let record = unsafe { &mut *self.slots[index].get() };
        record.lost = true;
        index
    }

    /// Reads the record of an index that the caller holds.
    pub(crate) fn read(&self, index: usize) -> &Record {
        // SAFETY: the caller holds the index, and nobody writes a record that is held.
        unsafe { &*self.slots[index].get() }
    }

    /// Takes an index back, once nobody needs the record any more.
    pub(crate) fn release(&self, index: usize) {
        let pushed = self.free.push(index as u32);
        debug_assert!(pushed.is_ok(), "an index came back twice");
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_record_carries_payload_and_text_and_comes_back() {
        let records = Records::new(1);
        for round in 1..4 {
            let mut text = Text::EMPTY;
            text.set("no");
            text.code = round;
            let index = records.write(round as usize as *mut c_void, &text);
            let record = records.read(index);
            assert_eq!((record.text.code, record.text.as_str()), (round, "no"));
            assert_eq!(record.payload as usize, round as usize);
            records.release(index);
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

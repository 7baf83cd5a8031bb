//! A batch in the hands of the host, in Rust.

use crate::arena::{HEADER_BYTES, View};
use crate::crew::Crew;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::{fmt, ptr};

/// A buffer of a [`crate::BatchExecutor`], for as long as the host has it: an input to fill, or a
/// result to read. Dropping it gives it back, and its place to the next job. Its memory stays
/// valid, whatever becomes of the executor.
pub struct Buffer {
    pub(crate) view: View,
    pub(crate) crew: Arc<Crew>,
}

// SAFETY: a buffer is memory that belongs to whoever has this.
unsafe impl Send for Buffer {}
// SAFETY: shared references only read.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// It is the executor's now, and may be anywhere: nothing of it may be touched, and only this
    /// reference to the crew ends.
    pub(crate) fn leave(self) {
        let buffer = ManuallyDrop::new(self);
        // SAFETY: what is read is not used again, for the buffer is never dropped.
        drop(unsafe { ptr::read(&buffer.crew) });
    }

    /// The input, as long as was said.
    pub fn input(&self) -> &[u8] {
        // SAFETY: the buffer is ours, and the length was checked.
        unsafe { std::slice::from_raw_parts(self.view.input, self.view.input_used()) }
    }

    /// All of the input, to be filled.
    pub fn input_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.view.input, self.view.input_bytes) }
    }

    /// How many bytes of the input the transform sees; all, if nobody says.
    ///
    /// # Panics
    /// If the input cannot have so many.
    pub fn set_input(&mut self, bytes: usize) {
        assert!(self.view.set_input(bytes as u64), "{bytes} bytes do not fit the input");
    }

    /// What the transform wrote; nothing before it did.
    pub fn output(&self) -> &[u8] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts(self.view.output, self.view.output_used()) }
    }

    /// Travels with the batch, both ways.
    pub fn header(&self) -> &[u8; HEADER_BYTES] {
        // SAFETY: as above; the header lies in the buffer's head.
        unsafe { &*self.view.header().cast() }
    }

    /// The same, to be written.
    pub fn header_mut(&mut self) -> &mut [u8; HEADER_BYTES] {
        // SAFETY: as above.
        unsafe { &mut *self.view.header().cast() }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // It is held by this object alone, so that there is nothing to say no to.
        let _ = self.crew.engine.release(self.view.input.cast());
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} in, {} out)", self.input().len(), self.output().len())
    }
}

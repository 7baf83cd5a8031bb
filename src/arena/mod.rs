//! Batches: memory that a host fills, a worker reads and writes, and the host reads, without a
//! copy. Allocated once, in one piece, and recycled.
//!
//! A **buffer** is an input, an output and a head (how much of them is in use, and a header of
//! the user's). There are as many as jobs may be in flight. Each belongs to one at a time: free,
//! held by the host, or sent, from its put until its result is delivered. The host knows a buffer
//! by the address of its input, which is what it puts and what its result shows.
//!
//! Who has which buffer stands in this process alone ([`Arena::states`]), not in the memory that
//! workers may share: a worker can spoil what is in its buffer, but never whose it is. Lengths
//! that come from there are cut to what fits.
//!
//! ```text
//! heads | inputs | outputs      each buffer's on cache lines, or from a page on pages, of its own
//! ```

mod layout;
mod memory;

pub use layout::HEADER_BYTES;
pub(crate) use layout::{Layout, View};
pub use memory::Allocate;
pub(crate) use memory::Source;

use crate::clock::Deadline;
use crate::config::Pages;
use crate::free::Free;
use crate::status::Error;
use crate::sync::{AtomicU64, Ordering};
use memory::Memory;
use std::ffi::c_void;
use std::fs::File;

/// See the module.
pub(crate) struct Arena {
    layout: Layout,
    memory: Memory,
    base: *mut u8,
    free: Free,
    states: Box<[AtomicU64]>,
    /// The most that were not free at once.
    most: AtomicU64,
}

// SAFETY: the base is the memory's, which may be used from any thread.
unsafe impl Send for Arena {}
// SAFETY: as above.
unsafe impl Sync for Arena {}

const FREE: u64 = 0;
const HELD: u64 = 1;
const SENT: u64 = 2;

impl Arena {
    /// Allocates everything: all bytes are there, or the error says how many are missing.
    pub(crate) fn new(
        layout: Layout,
        pages: Pages,
        prefault: bool,
        source: Source,
        deadline: Deadline,
    ) -> Result<Arena, Error> {
        let memory = Memory::take(layout.bytes, pages, prefault, source, deadline)?;
        let base = memory.base();
        let states = (0..layout.count).map(|_| AtomicU64::new(0)).collect();
        let free = Free::new(layout.count);
        Ok(Arena { layout, memory, base, free, states, most: AtomicU64::new(0) })
    }

    /// How it is divided.
    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The whole of it.
    pub(crate) fn region(&self) -> (*mut u8, usize) {
        (self.base, self.layout.bytes)
    }

    /// The file behind it, where worker processes share it.
    pub(crate) fn file(&self) -> Option<&File> {
        self.memory.file()
    }

    /// Which buffer's input begins there, if one does.
    #[inline]
    pub(crate) fn index_of(&self, payload: *mut c_void) -> Option<usize> {
        let inputs = self.base as usize + self.layout.inputs;
        let offset = (payload as usize).wrapping_sub(inputs);
        let index = offset / self.layout.input_stride;
        let begins = offset.is_multiple_of(self.layout.input_stride);
        (index < self.layout.count && begins).then_some(index)
    }

    /// Where it lies.
    #[inline]
    pub(crate) fn view(&self, index: usize) -> View {
        self.layout.view(self.base, index)
    }

    /// Takes a free buffer for the host. Its input counts as full, and its output as empty.
    pub(crate) fn acquire(&self) -> Option<View> {
        let index = self.free.pop()?;
        // The lowest are given out first, and again before one that never was: so one is given out
        // for the first time when all before it are not free.
        if index as u64 >= self.most.load(Ordering::Relaxed) {
            self.most.fetch_max(index as u64 + 1, Ordering::Relaxed);
        }
        self.states[index].store(HELD, Ordering::Relaxed);
        let view = self.view(index);
        view.set_input(self.layout.input_bytes as u64);
        view.set_output(0);
        Some(view)
    }

    /// The most buffers that were not free at once.
    pub(crate) fn most_in_use(&self) -> u64 {
        self.most.load(Ordering::Relaxed)
    }

    /// Whether a buffer is free.
    pub(crate) fn has_free(&self) -> bool {
        !self.free.is_empty()
    }

    /// Whether an address lies in it.
    pub(crate) fn contains(&self, payload: *mut c_void) -> bool {
        (payload as usize).wrapping_sub(self.base as usize) < self.layout.bytes
    }

    /// The host puts a buffer, whose output counts as empty. False if it does not hold it.
    pub(crate) fn send(&self, index: usize) -> bool {
        let sent = self.change(index, HELD, SENT);
        if sent {
            self.view(index).set_output(0);
        }
        sent
    }

    /// It holds it again: its put was refused, or its result was delivered. False if it was not
    /// sent.
    pub(crate) fn bring(&self, index: usize) -> bool {
        self.change(index, SENT, HELD)
    }

    /// Whether the host holds it.
    pub(crate) fn is_held(&self, index: usize) -> bool {
        self.states[index].load(Ordering::Acquire) == HELD
    }

    /// The host has done with it. False if it does not hold it.
    pub(crate) fn release(&self, index: usize) -> bool {
        self.recycle(index, HELD)
    }

    /// Nobody will get it.
    pub(crate) fn discard(&self, index: usize) -> bool {
        self.recycle(index, SENT)
    }

    fn recycle(&self, index: usize, from: u64) -> bool {
        let ours = self.change(index, from, FREE);
        if ours {
            self.free.push(index);
        }
        ours
    }

    fn change(&self, index: usize, from: u64, to: u64) -> bool {
        let (success, failure) = (Ordering::AcqRel, Ordering::Relaxed);
        self.states[index].compare_exchange(from, to, success, failure).is_ok()
    }
}

#[cfg(all(test, not(loom)))]
mod tests;

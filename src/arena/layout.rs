//! How an arena is divided, and what is in a buffer.

use crate::os::memory::{HUGE_PAGE, PAGE};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of the header that a user may write for each buffer.
pub const HEADER_BYTES: usize = 64;

/// What goes before each buffer. Two lines: one that the library writes, one for the user.
#[repr(C, align(64))]
pub(super) struct Head {
    /// Of the input, and of the output.
    used: [AtomicU64; 2],
    _rest: [u64; 6],
    header: UnsafeCell<[u8; HEADER_BYTES]>,
}

/// How an arena is divided. The same on both sides of a process boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) count: usize,
    pub(crate) input_bytes: usize,
    pub(crate) output_bytes: usize,
    pub(super) input_stride: usize,
    output_stride: usize,
    pub(super) inputs: usize,
    outputs: usize,
    pub(crate) bytes: usize,
}

impl Layout {
    /// So many buffers of such sizes. `None` if the address space has no room for them.
    pub(crate) fn new(count: usize, input_bytes: usize, output_bytes: usize) -> Option<Layout> {
        let stride = |bytes: usize| match bytes {
            0..PAGE => Some(bytes.max(1).next_multiple_of(64)),
            _ => bytes.checked_next_multiple_of(PAGE),
        };
        let (input_stride, output_stride) = (stride(input_bytes)?, stride(output_bytes)?);
        let inputs = (count * size_of::<Head>()).next_multiple_of(PAGE);
        let outputs = input_stride.checked_mul(count)?.checked_add(inputs)?;
        let outputs = outputs.checked_next_multiple_of(PAGE)?;
        let end = output_stride.checked_mul(count)?.checked_add(outputs)?;
        let bytes = end.checked_next_multiple_of(HUGE_PAGE)?;
        (bytes <= isize::MAX as usize).then_some(Layout {
            count,
            input_bytes,
            output_bytes,
            input_stride,
            output_stride,
            inputs,
            outputs,
            bytes,
        })
    }

    /// A buffer of a memory that is so divided and begins there.
    #[inline]
    pub(crate) fn view(&self, base: *mut u8, index: usize) -> View {
        debug_assert!(index < self.count);
        View {
            head: base.wrapping_add(index * size_of::<Head>()).cast(),
            input: base.wrapping_add(self.inputs + index * self.input_stride),
            output: base.wrapping_add(self.outputs + index * self.output_stride),
            input_bytes: self.input_bytes,
            output_bytes: self.output_bytes,
        }
    }
}

/// Where a buffer lies. Whoever has the buffer may use it; the memory outlives it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    pub(super) head: *mut Head,
    pub(crate) input: *mut u8,
    pub(crate) output: *mut u8,
    /// What the two can hold.
    pub(crate) input_bytes: usize,
    pub(crate) output_bytes: usize,
}

impl View {
    /// The same for a stage of a chain: each reads what the one before wrote, and writes where that
    /// read.
    pub(crate) fn for_stage(self, stage: usize) -> View {
        if stage.is_multiple_of(2) {
            return self;
        }
        View {
            input: self.output,
            output: self.input,
            input_bytes: self.output_bytes,
            output_bytes: self.input_bytes,
            ..self
        }
    }

    /// The same for the host, behind so many stages: with the output where the last wrote it.
    pub(crate) fn behind(self, stages: usize) -> View {
        let View { output, output_bytes, .. } = self.for_stage(stages - 1);
        View { output, output_bytes, ..self }
    }

    /// How much is used of what lies there. The first of the head's words is about the lower half.
    fn used(&self, half: *mut u8) -> &AtomicU64 {
        &self.head().used[usize::from(half > self.input.min(self.output))]
    }

    fn head(&self) -> &Head {
        // SAFETY: heads lie in the arena, aligned; all bytes are valid for one. Whoever has the
        // buffer is the only one here but for a broken worker, against which the lengths are
        // atomic; the header is only handed out as a pointer.
        unsafe { &*self.head }
    }

    /// How much of the input the host filled.
    pub(crate) fn input_used(&self) -> usize {
        (self.used(self.input).load(Ordering::Relaxed) as usize).min(self.input_bytes)
    }

    /// How much of the output the transform wrote.
    pub(crate) fn output_used(&self) -> usize {
        (self.used(self.output).load(Ordering::Relaxed) as usize).min(self.output_bytes)
    }

    /// Sets the length of the input. False if it cannot have so many bytes.
    pub(crate) fn set_input(&self, bytes: u64) -> bool {
        let fits = bytes <= self.input_bytes as u64;
        if fits {
            self.used(self.input).store(bytes, Ordering::Relaxed);
        }
        fits
    }

    /// Sets the length of the output. False if it cannot have so many bytes.
    pub(crate) fn set_output(&self, bytes: u64) -> bool {
        let fits = bytes <= self.output_bytes as u64;
        if fits {
            self.used(self.output).store(bytes, Ordering::Relaxed);
        }
        fits
    }

    /// The user's header, of [`HEADER_BYTES`].
    pub(crate) fn header(&self) -> *mut u8 {
        self.head.cast::<u8>().wrapping_add(std::mem::offset_of!(Head, header))
    }
}

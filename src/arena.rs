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

use crate::config::Pages;
use crate::free::Free;
use crate::os::memory::{self, HUGE_PAGE, Map, PAGE};
use crate::status::{Error, Status};
use crate::sync::{AtomicU64, Ordering};
use std::cell::UnsafeCell;
use std::ffi::c_void;
use std::fs::File;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU64 as SharedU64;

/// Bytes of the header that a user may write for each buffer.
pub const HEADER_BYTES: usize = 64;

/// What goes before each buffer. Two lines: one that the library writes, one for the user.
#[repr(C, align(64))]
struct Head {
    input_used: SharedU64,
    output_used: SharedU64,
    _rest: [u64; 6],
    header: UnsafeCell<[u8; HEADER_BYTES]>,
}

/// How an arena is divided. The same on both sides of a process boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) count: usize,
    pub(crate) input_bytes: usize,
    pub(crate) output_bytes: usize,
    input_stride: usize,
    output_stride: usize,
    inputs: usize,
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
    head: *mut Head,
    pub(crate) input: *mut u8,
    pub(crate) output: *mut u8,
    /// What the two can hold.
    pub(crate) input_bytes: usize,
    pub(crate) output_bytes: usize,
}

impl View {
    fn head(&self) -> &Head {
        // SAFETY: heads lie in the arena, aligned; all bytes are valid for one. Whoever has the
        // buffer is the only one here but for a broken worker, against which the lengths are
        // atomic; the header is only handed out as a pointer.
        unsafe { &*self.head }
    }

    /// How much of the input the host filled.
    pub(crate) fn input_used(&self) -> usize {
        (self.head().input_used.load(Ordering::Relaxed) as usize).min(self.input_bytes)
    }

    /// How much of the output the transform wrote.
    pub(crate) fn output_used(&self) -> usize {
        (self.head().output_used.load(Ordering::Relaxed) as usize).min(self.output_bytes)
    }

    /// Sets the length of the input. False if it cannot have so many bytes.
    pub(crate) fn set_input(&self, bytes: u64) -> bool {
        let fits = bytes <= self.input_bytes as u64;
        if fits {
            self.head().input_used.store(bytes, Ordering::Relaxed);
        }
        fits
    }

    /// Sets the length of the output. False if it cannot have so many bytes.
    pub(crate) fn set_output(&self, bytes: u64) -> bool {
        let fits = bytes <= self.output_bytes as u64;
        if fits {
            self.head().output_used.store(bytes, Ordering::Relaxed);
        }
        fits
    }

    /// The user's header, of [`HEADER_BYTES`].
    pub(crate) fn header(&self) -> *mut u8 {
        self.head.cast::<u8>().wrapping_add(std::mem::offset_of!(Head, header))
    }
}

/// Memory from elsewhere, for thread workers: page-locked by a driver, on a chosen node.
///
/// # Safety
/// What `allocate` answers is NULL, or as many writable bytes as were asked for, so aligned,
/// which nobody else uses until they are given to `deallocate`.
pub unsafe trait Allocate: Send + Sync {
    /// Memory of that many bytes, at a multiple of `alignment` (a power of two). NULL: none.
    fn allocate(&self, bytes: usize, alignment: usize) -> *mut u8;

    /// Takes back what [`Allocate::allocate`] answered, once, from any thread.
    ///
    /// # Safety
    /// `base` and `bytes` are those of an `allocate`, and nobody uses the memory any more.
    unsafe fn deallocate(&self, base: *mut u8, bytes: usize);
}

enum Memory {
    Private(Map),
    /// Mapped by worker processes too.
    Shared(Map, File),
    Lent {
        base: NonNull<u8>,
        bytes: usize,
        by: Box<dyn Allocate>,
    },
}

impl Drop for Memory {
    fn drop(&mut self) {
        if let Memory::Lent { base, bytes, by } = self {
            // SAFETY: they are those that `allocate` answered; nobody uses what is dropped.
            unsafe { by.deallocate(base.as_ptr(), *bytes) };
        }
    }
}

// SAFETY: memory may be used from any thread; who may when is the arena's business.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

/// From where an arena's memory comes.
pub(crate) enum Source {
    /// This process alone uses it.
    Private,
    /// Worker processes map it too.
    Shared,
    /// The user's own.
    Lent(Box<dyn Allocate>),
}

/// See the module.
pub(crate) struct Arena {
    layout: Layout,
    memory: Memory,
    base: *mut u8,
    free: Free,
    states: Box<[AtomicU64]>,
    /// How often a worker died of what is in each.
    tries: Box<[AtomicU64]>,
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
    ) -> Result<Arena, Error> {
        let memory = allocate(layout.bytes, pages, prefault, source)?;
        let base = match &memory {
            Memory::Private(map) | Memory::Shared(map, _) => map.base(),
            Memory::Lent { base, .. } => base.as_ptr(),
        };
        let zeros = || (0..layout.count).map(|_| AtomicU64::new(0)).collect();
        let (states, tries, free) = (zeros(), zeros(), Free::new(layout.count));
        Ok(Arena { layout, memory, base, free, states, tries })
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
        match &self.memory {
            Memory::Shared(_, file) => Some(file),
            _ => None,
        }
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
        self.states[index].store(HELD, Ordering::Relaxed);
        let view = self.view(index);
        view.set_input(self.layout.input_bytes as u64);
        view.set_output(0);
        Some(view)
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
            self.tries[index].store(0, Ordering::Relaxed); // Another job, in the same buffer or not.
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

    /// A worker died of it. How often that happened since the host put it.
    pub(crate) fn count_try(&self, index: usize) -> u64 {
        self.tries[index].fetch_add(1, Ordering::Relaxed) + 1
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

fn allocate(bytes: usize, pages: Pages, prefault: bool, source: Source) -> Result<Memory, Error> {
    let missing = |why: String| {
        let text = format!("{bytes} bytes for the buffers are not to be had: {why}");
        Error::new(Status::OutOfMemory, text)
    };
    if let Source::Lent(by) = source {
        let base = by.allocate(bytes, PAGE);
        let base = NonNull::new(base).ok_or_else(|| missing("the hook answered NULL".into()))?;
        if !(base.as_ptr() as usize).is_multiple_of(PAGE) {
            // SAFETY: it was just answered by `allocate`, and nobody has used it.
            unsafe { by.deallocate(base.as_ptr(), bytes) };
            return Err(missing(format!("what the hook answered is not aligned to {PAGE}")));
        }
        if prefault {
            memory::touch(base.as_ptr(), bytes);
        }
        return Ok(Memory::Lent { base, bytes, by });
    }
    let huge = pages == Pages::Huge;
    let root = Path::new("/");
    if huge {
        let (free, needed) = (memory::free_huge_pages(root), (bytes / HUGE_PAGE) as u64);
        if free < needed {
            return Err(missing(format!(
                "that is {needed} huge pages of 2 MiB, and {free} are free (vm.nr_hugepages)"
            )));
        }
    } else if let Some((there, file)) = memory::available(root)
        && there < bytes as u64
    {
        return Err(missing(format!("{there} are available, by {file}")));
    }
    let failed = |error: std::io::Error| missing(error.to_string());
    let memory = match source {
        Source::Shared => {
            let file = memory::memory_file(c"jobexec-buffers", bytes, huge).map_err(failed)?;
            memory::reserve(&file, bytes).map_err(failed)?;
            memory::keep_writable(&file).map_err(failed)?;
            Memory::Shared(Map::shared(&file, bytes, true).map_err(failed)?, file)
        }
        _ => Memory::Private(Map::anonymous(bytes, huge).map_err(failed)?),
    };
    if let Memory::Private(map) | Memory::Shared(map, _) = &memory {
        if pages == Pages::Transparent {
            map.prefer_huge_pages();
        }
        if prefault {
            map.populate().map_err(failed)?;
        }
    }
    Ok(memory)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::config::MAX_BUFFER_BYTES;

    fn arena(count: usize, input: usize, output: usize) -> Arena {
        let layout = Layout::new(count, input, output).unwrap();
        Arena::new(layout, Pages::Normal, false, Source::Private).unwrap()
    }

    #[test]
    fn buffers_do_not_overlap_and_are_known_by_their_input() {
        for (input, output) in [(0, 1), (1, 64), (65, 4097), (4096, 0), (100_000, 1 << 20)] {
            let arena = arena(5, input, output);
            let (base, bytes) = arena.region();
            let mut ranges = Vec::new();
            for index in 0..5 {
                let view = arena.view(index);
                assert_eq!(arena.index_of(view.input.cast()), Some(index));
                assert_eq!(arena.index_of(view.input.wrapping_add(1).cast()), None);
                ranges.push((view.head as usize, size_of::<Head>()));
                ranges.push((view.input as usize, input));
                ranges.push((view.output as usize, output));
                assert!((view.input as usize | view.output as usize).is_multiple_of(64));
                assert_eq!(view.header() as usize - view.head as usize, 64);
            }
            assert_eq!(arena.index_of(base.cast()), None);
            assert_eq!(arena.index_of(base.wrapping_add(bytes).cast()), None);
            assert_eq!(arena.index_of(std::ptr::null_mut()), None);
            ranges.sort();
            assert!(ranges.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0));
            assert!(ranges[0].0 >= base as usize);
            assert!(ranges[14].0 + ranges[14].1 <= base as usize + bytes);
        }
    }

    #[test]
    fn a_buffer_belongs_to_one_at_a_time() {
        let arena = arena(1, 8, 8);
        let view = arena.acquire().unwrap();
        assert!(arena.acquire().is_none() && !arena.has_free());
        assert_eq!((view.input_used(), view.output_used()), (8, 0));
        assert!(view.set_input(3) && !view.set_input(9) && view.set_output(8));
        assert!(!view.set_output(u64::MAX));
        assert!(!arena.bring(0) && !arena.discard(0));
        assert!(arena.send(0) && !arena.send(0) && !arena.release(0) && !arena.is_held(0));
        assert!(arena.bring(0) && arena.is_held(0) && arena.release(0) && !arena.release(0));
        let view = arena.acquire().unwrap();
        assert_eq!((view.input_used(), view.output_used()), (8, 0));
        assert!(arena.send(0) && arena.discard(0) && arena.has_free());
    }

    #[test]
    fn what_does_not_fit_is_an_error_that_says_so() {
        assert!(Layout::new(1 << 23, MAX_BUFFER_BYTES, MAX_BUFFER_BYTES).is_none());
        let layout = Layout::new(1000, MAX_BUFFER_BYTES / 64, 0).unwrap();
        for source in [Source::Private, Source::Shared] {
            let error = Arena::new(layout, Pages::Normal, false, source).err().unwrap();
            assert_eq!(error.status(), Status::OutOfMemory);
            assert!(error.text().contains(&layout.bytes.to_string()), "{error}");
            assert!(error.text().contains("are available, by /"), "{error}");
        }
    }
}

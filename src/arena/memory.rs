//! Where an arena's memory comes from. All of it is there at the start, or the error says how much
//! is missing.

use crate::clock::Deadline;
use crate::config::Pages;
use crate::os::available;
use crate::os::memory::{self, HUGE_PAGE, Map, PAGE};
use crate::status::{Error, Status};
use std::fs::File;
use std::path::Path;
use std::ptr::NonNull;

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

/// An arena's memory, gone when it is dropped.
pub(super) enum Memory {
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

impl Memory {
    /// Takes it. What is but wished for ends halfway to the deadline.
    pub(super) fn take(
        bytes: usize,
        pages: Pages,
        prefault: bool,
        source: Source,
        deadline: Deadline,
    ) -> Result<Memory, Error> {
        let missing = |why: String| {
            let text = format!("{bytes} bytes for the buffers are not to be had: {why}");
            Error::new(Status::OutOfMemory, text)
        };
        if let Source::Lent(by) = source {
            let base = by.allocate(bytes, PAGE);
            let base =
                NonNull::new(base).ok_or_else(|| missing("the hook answered NULL".into()))?;
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
            let (free, needed) = (available::huge_pages(root), (bytes / HUGE_PAGE) as u64);
            if free < needed {
                return Err(missing(format!(
                    "that is {needed} huge pages of 2 MiB, and {free} are free (vm.nr_hugepages)"
                )));
            }
        } else if let Some((there, file)) = available::bytes(root)
            && there < bytes as u64
        {
            return Err(missing(format!("{there} are available, by {file}")));
        }
        let failed = |error: std::io::Error| missing(error.to_string());
        let shared = matches!(source, Source::Shared);
        let (map, file) = match shared {
            true => {
                let file = memory::memory_file(c"jobexec-buffers", bytes, huge).map_err(failed)?;
                memory::keep_writable(&file).map_err(failed)?;
                (Map::shared(&file, bytes, true).map_err(failed)?, Some(file))
            }
            false => (Map::anonymous(bytes, huge).map_err(failed)?, None),
        };
        if pages == Pages::Transparent {
            map.prefer_huge_pages();
        }
        if let Some(file) = &file {
            // A file's memory is taken now, for a later touch that found none would be a SIGBUS. By
            // a touch, where huge pages are wished for: it knows of the wish.
            if pages == Pages::Transparent && map.populate().map_err(failed)? {
                let until = deadline.halfway();
                let mut pages = (0..bytes).step_by(HUGE_PAGE);
                _ = pages.all(|page| !until.passed() && map.collapse(page));
            } else {
                memory::reserve(file, bytes).map_err(failed)?;
            }
        }
        if prefault && !map.populate().map_err(failed)? {
            memory::touch(map.base(), bytes);
        }
        Ok(match file {
            Some(file) => Memory::Shared(map, file),
            None => Memory::Private(map),
        })
    }

    /// Its first byte.
    pub(super) fn base(&self) -> *mut u8 {
        match self {
            Memory::Private(map) | Memory::Shared(map, _) => map.base(),
            Memory::Lent { base, .. } => base.as_ptr(),
        }
    }

    /// The file behind it, where worker processes share it.
    pub(super) fn file(&self) -> Option<&File> {
        match self {
            Memory::Shared(_, file) => Some(file),
            _ => None,
        }
    }
}

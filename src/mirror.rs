//! The copy of an executor's phase that its worker processes see: a page of its own, which they
//! can read and not write.
//!
//! It is written wherever the phase is, signal handlers included, which may come late. So its
//! address stays mapped for ever, like all of [`crate::registry`]: behind it lies the page of the
//! executor that runs, or a private one.

use crate::os::fork::{self, Birthplace};
use crate::os::memory::{Map, PAGE, memory_file, seal_against_writers};
use crate::sync::{AtomicU64, Ordering};
use std::fs::File;
use std::io;

/// See the module.
pub(crate) struct Mirror {
    map: Map,
    /// The [`Birthplace`] of those who see it.
    opened_in: AtomicU64,
}

impl Mirror {
    /// One that nobody else sees.
    pub(crate) fn new() -> io::Result<Mirror> {
        Mirror::over(Map::anonymous(PAGE, false)?)
    }

    /// One that a worker process has mapped, to be read.
    pub(crate) fn of(file: &File) -> io::Result<Mirror> {
        Mirror::over(Map::shared(file, PAGE, false)?)
    }

    fn over(map: Map) -> io::Result<Mirror> {
        Ok(Mirror { map, opened_in: AtomicU64::new(fork::here().0) })
    }

    /// Whether it was opened in this process, and not in one that this is a fork of: the workers
    /// that see it are that one's.
    pub(crate) fn is_ours(&self) -> bool {
        Birthplace(self.opened_in.load(Ordering::Relaxed)).is_here()
    }

    /// Puts a fresh page there, which is given to worker processes.
    pub(crate) fn open(&self) -> io::Result<File> {
        let file = memory_file(c"jobexec-phase", PAGE, false)?;
        self.map.replace(&file)?;
        self.opened_in.store(fork::here().0, Ordering::Relaxed);
        seal_against_writers(&file)?;
        Ok(file)
    }

    /// Nobody else sees it any more.
    pub(crate) fn close(&self) {
        // Where that fails, the page of the executor before stays there, and does no harm.
        let _ = self.map.replace_by_private();
    }

    /// The word of the phase.
    pub(crate) fn word(&self) -> &AtomicU64 {
        // SAFETY: the map is a page, aligned for a word, and both sides use only atomics.
        unsafe { &*self.map.base().cast::<AtomicU64>() }
    }

    /// Shows a phase, and whatever was shown before and is not undone by it: the session grows,
    /// flags come and stay.
    pub(crate) fn show(&self, phase: u64) {
        const FLAGS: u64 = 0xffff_ffff;
        let merge = |seen: u64| (seen & !FLAGS).max(phase & !FLAGS) | (seen | phase) & FLAGS;
        let mut seen = self.word().load(Ordering::Relaxed);
        while let Err(now) =
            self.word().compare_exchange(seen, merge(seen), Ordering::AcqRel, Ordering::Relaxed)
        {
            seen = now;
        }
    }
}

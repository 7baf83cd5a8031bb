//! What the doorbell strikes: an eventfd; in the models, how often it was written to since it was
//! read.

#[cfg(not(loom))]
pub(crate) use production::*;

#[cfg(loom)]
pub(crate) use model::*;

#[cfg(not(loom))]
mod production {
    use crate::os::fork::{self, Birthplace};
    use crate::os::watch::{self, Flag};
    use std::io;
    use std::os::fd::{FromRawFd, OwnedFd, RawFd};
    use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

    /// The eventfd, or a place for it.
    pub(crate) struct Chime {
        pub(crate) fd: AtomicI32,
        /// The [`Birthplace`] of its executor.
        made_in: AtomicU64,
    }

    pub(crate) const NONE: RawFd = -1;

    impl Default for Chime {
        fn default() -> Chime {
            Chime { fd: AtomicI32::new(NONE), made_in: AtomicU64::new(0) }
        }
    }

    impl Chime {
        /// Several may come first; one of their descriptors stays.
        pub(crate) fn open(&self) -> io::Result<RawFd> {
            let here = fork::here().0;
            let there = self.fd.load(Ordering::Acquire);
            if there != NONE && self.is_ours() {
                return Ok(there);
            }
            let flag = Flag::new()?;
            self.made_in.store(here, Ordering::Relaxed);
            match self.fd.compare_exchange(there, flag.fd(), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => Ok(flag.leak()),
                Err(there) => Ok(there),
            }
        }

        /// False in the child of a fork, which shares it.
        pub(crate) fn is_ours(&self) -> bool {
            Birthplace(self.made_in.load(Ordering::Relaxed)).is_here()
        }

        /// Makes it readable. Async-signal-safe.
        pub(crate) fn strike(&self) {
            watch::raise(self.fd.load(Ordering::Acquire));
        }

        /// Makes it unreadable.
        pub(crate) fn hush(&self) {
            watch::lower(self.fd.load(Ordering::Acquire));
        }

        /// Nobody is at work at it, or will be.
        pub(crate) fn close(&self) {
            let fd = self.fd.swap(NONE, Ordering::AcqRel);
            if fd != NONE {
                // SAFETY: it came from an OwnedFd, and nobody has it any more.
                drop(unsafe { OwnedFd::from_raw_fd(fd) });
            }
        }
    }
}

#[cfg(loom)]
mod model {
    use crate::sync::{AtomicU64, Ordering};

    #[derive(Default)]
    pub(crate) struct Chime(AtomicU64);

    impl Chime {
        pub(crate) fn is_ours(&self) -> bool {
            true
        }

        pub(crate) fn strike(&self) {
            self.0.fetch_add(1, Ordering::AcqRel);
        }

        pub(crate) fn hush(&self) {
            self.0.swap(0, Ordering::AcqRel);
        }

        /// Whether it would be readable.
        pub(crate) fn sounds(&self) -> bool {
            self.0.load(Ordering::Acquire) > 0
        }
    }
}

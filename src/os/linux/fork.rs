//! Knowing, by one load, that this process is a fork of the one in which something was made: its
//! threads and its memory's other users are not here.
//!
//! A page that the kernel wipes in the child of a fork (`MADV_WIPEONFORK`, Linux 4.14).

use super::memory::{Map, PAGE};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

static MARK: OnceLock<Option<Map>> = OnceLock::new();

fn mark(map: &Map) -> &AtomicU64 {
    // SAFETY: the map is a page, aligned for a word, and used for nothing else.
    unsafe { &*map.base().cast::<AtomicU64>() }
}

/// A process, among those that forked from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Birthplace(pub(crate) u64);

/// This process. Always the same where the kernel cannot tell.
pub(crate) fn here() -> Birthplace {
    let map = MARK.get_or_init(|| Map::anonymous(PAGE, false).ok().filter(Map::wipe_on_fork));
    let number = u64::from(std::process::id());
    Birthplace(map.as_ref().map_or(number, |map| {
        // The first that asks, in each process.
        let seen = mark(map).compare_exchange(0, number, Ordering::AcqRel, Ordering::Acquire);
        seen.err().unwrap_or(number)
    }))
}

impl Birthplace {
    /// Whether this process is it.
    #[inline]
    pub(crate) fn is_here(self) -> bool {
        match MARK.get() {
            Some(Some(map)) => mark(map).load(Ordering::Relaxed) == self.0,
            _ => true,
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_another_place() {
        let here = here();
        assert!(here.is_here() && super::here() == here);
        // SAFETY: the child makes no call but loads, a swap and its end.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let other = super::here();
            let told = !here.is_here() && other.is_here() && other != here;
            // SAFETY: ends this child at once.
            unsafe { libc::_exit(if told { 0 } else { 1 }) };
        }
        let mut status = -1;
        // SAFETY: the child is this test's.
        unsafe { libc::waitpid(child, &mut status, 0) };
        assert_eq!(status, 0);
    }
}

//! A core that comes back late is given away less often.
//!
//! Who gives its core to another thread of its program has it back soon, if nobody else wants it. If it
//! comes back late, it is kept the next `FIRST` times; twice as often if it is late again then, and so on
//! up to `MOST`. A core that another program keeps busy comes back after a time slice, some
//! milliseconds; one that was late by chance is given away again soon.

use crate::sync::{AtomicU64, Ordering};

/// How often a core is to be kept instead of given away.
#[derive(Default)]
pub(crate) struct Shy<const FIRST: u64, const MOST: u64> {
    left: AtomicU64,
    /// How often if it comes back late the next time; 0 is `FIRST`.
    next: AtomicU64,
}

impl<const FIRST: u64, const MOST: u64> Shy<FIRST, MOST> {
    /// As new.
    pub(crate) fn clear(&self) {
        self.left.store(0, Ordering::Relaxed);
        self.next.store(0, Ordering::Relaxed);
    }

    /// The core came back, late or not.
    pub(crate) fn came_back(&self, late: bool) {
        let next = self.next.load(Ordering::Relaxed).max(FIRST);
        if late {
            self.left.store(next, Ordering::Relaxed);
            self.next.store((2 * next).min(MOST), Ordering::Relaxed);
        } else if next > FIRST {
            self.next.store(FIRST, Ordering::Relaxed);
        }
    }

    /// Whether it had better be kept this time.
    pub(crate) fn keeps(&self) -> bool {
        let left = self.left.load(Ordering::Relaxed);
        if left > 0 {
            self.left.store(left - 1, Ordering::Relaxed);
        }
        left > 0
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_core_that_comes_back_late_is_kept_for_longer_each_time() {
        let shy = Shy::<2, 64>::default();
        let kept = |late| {
            shy.came_back(late);
            (0..).take_while(|_| shy.keeps()).count()
        };
        assert_eq!([false, true, false, true].map(kept), [0, 2, 0, 2]);
        assert_eq!([true; 7].map(kept), [4, 8, 16, 32, 64, 64, 64]);
        assert_eq!([false, true].map(kept), [0, 2]);
        shy.came_back(true);
        shy.clear();
        assert!(!shy.keeps());
        assert_eq!(kept(true), 2);
    }
}

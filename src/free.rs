//! Which of a number of things are free: a stack of their indices. The one that came back last
//! is given out first, for its memory is the warmest, and memory that is never needed is never
//! touched. For any number of threads; none waits for another.
//!
//! A stack by compare-and-swap (Treiber, 1986), whose top counts its changes: a thread that read
//! the top, and then what lies under it, swaps only if nothing changed in between. 43 bits count,
//! which is months of changes at any rate that can be had, all of which would have to fall between
//! two instructions of one thread.

use crate::sync::{AtomicU64, Ordering};
use crossbeam_utils::CachePadded;

/// Bits of the top that say the index, plus one; 0 is none.
const INDEX_BITS: u32 = 21;
const INDEX: u64 = (1 << INDEX_BITS) - 1;

/// See the module.
pub(crate) struct Free {
    /// changes:43, index + 1:21.
    top: CachePadded<AtomicU64>,
    /// What lies under each index, plus one.
    under: Box<[AtomicU64]>,
}

impl Free {
    /// All of 0..count, the lowest on top.
    pub(crate) fn new(count: usize) -> Free {
        debug_assert!((count as u64) < INDEX);
        let under = |index| if index + 1 < count { index as u64 + 2 } else { 0 };
        Free {
            top: CachePadded::new(AtomicU64::new(u64::from(count > 0))),
            under: (0..count).map(|index| AtomicU64::new(under(index))).collect(),
        }
    }

    /// Takes one. It is the caller's alone until it pushes it.
    pub(crate) fn pop(&self) -> Option<usize> {
        // Acquire pairs with the push: what the last owner did with the thing is done.
        let mut top = self.top.load(Ordering::Acquire);
        loop {
            let index = (top & INDEX).checked_sub(1)? as usize;
            let under = self.under[index].load(Ordering::Relaxed);
            match self.swap(top, under) {
                Ok(_) => return Some(index),
                Err(seen) => top = seen,
            }
        }
    }

    /// Gives one back. Ends with a read-modify-write, for the news that follow.
    pub(crate) fn push(&self, index: usize) {
        let mut top = self.top.load(Ordering::Relaxed);
        loop {
            self.under[index].store(top & INDEX, Ordering::Relaxed);
            match self.swap(top, index as u64 + 1) {
                Ok(_) => return,
                Err(seen) => top = seen,
            }
        }
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.top.load(Ordering::Acquire) & INDEX == 0
    }

    fn swap(&self, top: u64, next: u64) -> Result<u64, u64> {
        let change = (top & !INDEX).wrapping_add(INDEX + 1);
        let order = (Ordering::AcqRel, Ordering::Acquire);
        self.top.compare_exchange_weak(top, change | next, order.0, order.1)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_last_that_came_is_the_first_that_goes() {
        let free = Free::new(3);
        assert_eq!([free.pop(), free.pop()], [Some(0), Some(1)]);
        free.push(0);
        free.push(1);
        let all: Vec<_> = std::iter::from_fn(|| free.pop()).collect();
        assert_eq!((all, free.is_empty()), (vec![1, 0, 2], true));
        assert!(Free::new(0).is_empty());
    }
}

#[cfg(all(test, loom))]
mod models {
    use super::*;
    use loom::sync::Arc;
    use loom::thread;

    /// What is taken is the taker's alone, even if it was given back and taken in between.
    #[test]
    fn models_free_gives_each_to_one() {
        loom::model(|| {
            let free = Arc::new(Free::new(2));
            let owner: Arc<[AtomicU64; 2]> = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
            let take = |free: &Free, owner: &[AtomicU64; 2]| {
                let index = free.pop().expect("two for two threads");
                assert_eq!(owner[index].swap(1, Ordering::Relaxed), 0, "it has another owner");
                owner[index].store(0, Ordering::Relaxed);
                free.push(index);
            };
            let (other_free, other_owner) = (free.clone(), owner.clone());
            let other = thread::spawn(move || {
                take(&other_free, &other_owner);
                take(&other_free, &other_owner);
            });
            take(&free, &owner);
            other.join().unwrap();
            let mut all = [free.pop(), free.pop()];
            all.sort();
            assert_eq!((all, free.pop()), ([Some(0), Some(1)], None));
        });
    }
}

//! The queue between threads: crossbeam's bounded `ArrayQueue`, and what this crate promises
//! and asks on top of it.
//!
//! - It never fills: credits bound what can be inside (see [`crate::credits`]), so that `push`
//!   cannot fail. It is made larger than that bound, because a push that comes round to a slot
//!   whose pop is not yet complete has to spin until it is.
//! - A push claims its place by a read-modify-write, and a `pop` that starts after that claim
//!   does not say "empty": what [`crate::event`] needs of its news.
//!
//! Only threads of one process share a queue: a process that is killed in the middle of a push
//! would leave a hole that every pop waits for.

/// Slots for each place that credits allow, and at least this many.
const LEAST_SLOTS: usize = 64;

#[cfg(not(loom))]
pub(crate) use production::Queue;

#[cfg(loom)]
pub(crate) use model::Queue;

#[cfg(not(loom))]
mod production {
    use super::LEAST_SLOTS;
    use crossbeam_queue::ArrayQueue;

    /// First in, first out, for any number of threads on both ends.
    pub(crate) struct Queue<T>(ArrayQueue<T>);

    impl<T> Queue<T> {
        /// A queue that never holds more than `places` elements.
        pub(crate) fn new(places: usize) -> Queue<T> {
            Queue(ArrayQueue::new((2 * places).max(LEAST_SLOTS)))
        }

        /// Appends. The caller holds a credit, so that there is room.
        #[inline]
        pub(crate) fn push(&self, element: T) {
            let pushed = self.0.push(element);
            debug_assert!(pushed.is_ok(), "credits keep a queue from filling");
        }

        /// Takes the oldest.
        #[inline]
        pub(crate) fn pop(&self) -> Option<T> {
            self.0.pop()
        }

        /// How many elements were inside at some instant of the call.
        pub(crate) fn len(&self) -> usize {
            self.0.len()
        }

        /// Bytes that a queue of so many places takes.
        pub(crate) fn bytes(places: usize) -> usize {
            (2 * places).max(LEAST_SLOTS) * (size_of::<T>() + size_of::<usize>())
        }
    }
}

/// What loom sees, for it cannot look inside `ArrayQueue`: a ring of the same promises with the
/// weakest orderings that keep them. `ArrayQueue` has a fence in its empty pop; this one has
/// not, so that a fence that is missing in the protocol above cannot hide behind it.
#[cfg(loom)]
mod model {
    use crate::sync::{AtomicU64, Ordering};
    use loom::cell::UnsafeCell;

    const SLOTS: usize = 4;

    pub(crate) struct Queue<T> {
        head: AtomicU64,
        tail: AtomicU64,
        slots: [(AtomicU64, UnsafeCell<Option<T>>); SLOTS],
    }

    // SAFETY: a slot is touched only by the thread whose claim of head or tail names it.
    unsafe impl<T: Send> Sync for Queue<T> {}

    impl<T> Queue<T> {
        pub(crate) fn new(places: usize) -> Queue<T> {
            assert!(places <= SLOTS);
            Queue {
                head: AtomicU64::new(0),
                tail: AtomicU64::new(0),
                slots: std::array::from_fn(|i| (AtomicU64::new(i as u64), UnsafeCell::new(None))),
            }
        }

        pub(crate) fn push(&self, element: T) {
            let mut tail = self.tail.load(Ordering::Relaxed);
            loop {
                let (stamp, cell) = &self.slots[tail as usize % SLOTS];
                if stamp.load(Ordering::Acquire) != tail {
                    loom::thread::yield_now();
                    tail = self.tail.load(Ordering::Relaxed);
                    continue;
                }
                match self.tail.compare_exchange(
                    tail,
                    tail + 1,
                    Ordering::AcqRel,
                    Ordering::Relaxed,
                ) {
                    Ok(_) => {
                        // SAFETY: the claim of `tail` is ours alone.
                        cell.with_mut(|place| unsafe { *place = Some(element) });
                        stamp.store(tail + 1, Ordering::Release);
                        return;
                    }
                    Err(seen) => tail = seen,
                }
            }
        }

        pub(crate) fn pop(&self) -> Option<T> {
            let mut head = self.head.load(Ordering::Relaxed);
            loop {
                let (stamp, cell) = &self.slots[head as usize % SLOTS];
                if stamp.load(Ordering::Acquire) == head + 1 {
                    match self.head.compare_exchange(
                        head,
                        head + 1,
                        Ordering::AcqRel,
                        Ordering::Relaxed,
                    ) {
                        Ok(_) => {
                            // SAFETY: the claim of `head` is ours alone.
                            let element = cell.with_mut(|place| unsafe { (*place).take() });
                            stamp.store(head + SLOTS as u64, Ordering::Release);
                            return element;
                        }
                        Err(seen) => head = seen,
                    }
                } else if self.tail.load(Ordering::Acquire) == head {
                    return None;
                } else {
                    loom::thread::yield_now();
                    head = self.head.load(Ordering::Relaxed);
                }
            }
        }

        pub(crate) fn bytes(_places: usize) -> usize {
            0
        }

        pub(crate) fn len(&self) -> usize {
            let head = self.head.load(Ordering::Acquire);
            self.tail.load(Ordering::Acquire).saturating_sub(head) as usize
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::Queue;

    #[test]
    fn first_in_first_out_and_all_places_fit() {
        for places in [1, 63, 64, 1000] {
            let queue = Queue::new(places);
            for round in 0..3 {
                (0..places).for_each(|i| queue.push((round, i)));
                assert_eq!(queue.len(), places);
                (0..places).for_each(|i| assert_eq!(queue.pop(), Some((round, i))));
                assert!(queue.len() == 0 && queue.pop().is_none());
            }
        }
    }
}

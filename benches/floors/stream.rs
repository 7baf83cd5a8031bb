//! Tasks that stream through one other thread: a ring there and a ring back, each of one producer
//! and one consumer, who spin. Nothing but the cache lines that carry the tasks.

use crate::peers::{Cpus, Pool, Task, pin};
use crossbeam_utils::CachePadded;
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::thread::JoinHandle;

/// One thread that spins, for a host of one thread.
pub(crate) struct Stream {
    shared: Arc<Shared>,
    partner: JoinHandle<()>,
}

struct Shared {
    there: Ring,
    back: Ring,
    stop: AtomicBool,
}

impl Stream {
    pub(crate) fn start(window: usize, cpus: &Cpus) -> Stream {
        let [there, back] = [window; 2].map(Ring::new);
        let shared = Arc::new(Shared { there, back, stop: AtomicBool::new(false) });
        let (own, cpu) = (shared.clone(), cpus.worker(0));
        let partner = std::thread::spawn(move || {
            pin(cpu);
            while !own.stop.load(Ordering::Relaxed) {
                if let Some(mut task) = own.there.pop() {
                    task.run();
                    own.back.push(task);
                }
            }
        });
        Stream { shared, partner }
    }
}

impl Pool for Stream {
    #[inline]
    fn put(&self, task: Box<Task>) {
        self.shared.there.push(task);
    }

    #[inline]
    fn get(&self) -> Box<Task> {
        loop {
            if let Some(task) = self.try_get() {
                break task;
            }
            std::hint::spin_loop();
        }
    }

    #[inline]
    fn try_get(&self) -> Option<Box<Task>> {
        self.shared.back.pop()
    }

    fn check(&self, _tasks: u64) {
        assert!(self.try_get().is_none());
    }

    fn stop(self: Box<Self>) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.partner.join().unwrap();
    }
}

/// A ring of places, null where nothing is. Each end is one thread's, as is its position. There is
/// room for what is pushed: the places of `window` tasks, of which no more are about.
struct Ring {
    places: Box<[AtomicPtr<Task>]>,
    first: CachePadded<AtomicUsize>,
    next: CachePadded<AtomicUsize>,
}

impl Ring {
    fn new(window: usize) -> Ring {
        let places = (0..window.next_power_of_two()).map(|_| AtomicPtr::default()).collect();
        Ring { places, first: CachePadded::default(), next: CachePadded::default() }
    }

    /// The place at a position that only the caller moves on.
    #[inline]
    fn place(&self, position: &AtomicUsize) -> (&AtomicPtr<Task>, usize) {
        let at = position.load(Ordering::Relaxed);
        (&self.places[at & (self.places.len() - 1)], at + 1)
    }

    #[inline]
    fn push(&self, task: Box<Task>) {
        let (place, next) = self.place(&self.next);
        place.store(Box::into_raw(task), Ordering::Release);
        self.next.store(next, Ordering::Relaxed);
    }

    #[inline]
    fn pop(&self) -> Option<Box<Task>> {
        let (place, next) = self.place(&self.first);
        let task = place.load(Ordering::Acquire);
        if task.is_null() {
            return None;
        }
        place.store(null_mut(), Ordering::Relaxed);
        self.first.store(next, Ordering::Relaxed);
        // SAFETY: a push made it from a box, and the place was emptied, so no other pop has it.
        Some(unsafe { Box::from_raw(task) })
    }
}

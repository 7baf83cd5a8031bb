//! What the hardware and the kernel take for the same exchange between two pinned threads. An
//! executor that hands over one job at a time cannot be faster; one that has several in flight
//! can, for then a cache line carries more than one.

#![allow(dead_code, unused_imports)] // Each bench uses a part.

mod answered;
mod memory;
mod stream;

pub(crate) use answered::Answered;
pub(crate) use memory::write_memory;
pub(crate) use stream::Stream;

use crate::peers::pin;
use crossbeam_utils::CachePadded;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Two cache lines go to and fro, so many times: one for each direction, as between the two ends
/// of a pair of queues. Both threads spin.
pub(crate) fn cache_lines(partner: usize, round_trips: u64) -> Duration {
    let there = CachePadded::new(AtomicU64::new(0));
    let back = CachePadded::new(AtomicU64::new(0));
    let await_number = |line: &AtomicU64, number| {
        while line.load(Ordering::Acquire) != number {
            std::hint::spin_loop();
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            pin(partner);
            for number in 1..=round_trips + 1 {
                await_number(&there, number);
                back.store(number, Ordering::Release);
            }
        });
        let round_trip = |number| {
            there.store(number, Ordering::Release);
            await_number(&back, number);
        };
        round_trip(1); // The partner is there.
        let start = Instant::now();
        (2..=round_trips + 1).for_each(round_trip);
        start.elapsed()
    })
}

/// A partner that sleeps in the kernel until it is told to answer.
pub(crate) struct FutexPair {
    doors: Arc<[Door; 2]>,
    stop: Arc<AtomicBool>,
    partner: Option<JoinHandle<()>>,
}

impl FutexPair {
    pub(crate) fn start(cpu: usize) -> FutexPair {
        let (doors, stop) = (Arc::<[Door; 2]>::default(), Arc::<AtomicBool>::default());
        let (mine, stopped) = (doors.clone(), stop.clone());
        let partner = std::thread::spawn(move || {
            pin(cpu);
            let [there, back] = &*mine;
            while !stopped.load(Ordering::Acquire) {
                there.pass();
                back.open();
            }
        });
        FutexPair { doors, stop, partner: Some(partner) }
    }

    /// Two hops: wakes the partner, and sleeps until it answers.
    pub(crate) fn round_trip(&self) {
        self.wake();
        self.wait();
    }

    /// The first half of a round trip.
    pub(crate) fn wake(&self) {
        self.doors[0].open();
    }

    /// The second half.
    pub(crate) fn wait(&self) {
        self.doors[1].pass();
    }
}

impl Drop for FutexPair {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.round_trip();
        self.partner.take().map(JoinHandle::join);
    }
}

/// 1 while open. One thread passes it, and closes it behind itself.
#[derive(Default)]
struct Door(CachePadded<AtomicU32>);

impl Door {
    fn open(&self) {
        self.0.store(1, Ordering::Release);
        self.futex(libc::FUTEX_WAKE, 1);
    }

    fn pass(&self) {
        while self.0.swap(0, Ordering::AcqRel) == 0 {
            self.futex(libc::FUTEX_WAIT, 0);
        }
    }

    fn futex(&self, operation: i32, value: u32) {
        let (word, operation) = (self.0.as_ptr(), operation | libc::FUTEX_PRIVATE_FLAG);
        let forever = std::ptr::null::<libc::timespec>();
        // SAFETY: the word is aligned and outlives the call; the rest are plain numbers.
        unsafe { libc::syscall(libc::SYS_futex, word, operation, value, forever) };
    }
}

//! Waiting where just one thread waits and its partner rings: the two ends of a link to a worker
//! process ([`crate::link`]). Where many wait, see [`crate::event`].
//!
//! ```text
//! ringer                                 waiter
//!   R1  make the news visible (RMW)        B1  word = asleep (RMW)
//!   R2  fence                              B2  fence
//!   R3  read the word; asleep:             B3  try once more: the real take
//!       swap it to awake, wake             B4  sleep while the word says asleep
//! ```
//!
//! If R3 reads awake, then it came before B1 in the order of the word, or after another's swap to
//! awake that came after B1. In the first case R2 comes before B2, and B3 finds the news. In the
//! second the waiter is awake, and its next B1 comes after R3. Either it finds the news on the
//! way there, or B3 does.

use crate::clock::{Deadline, now_ns};
use crate::pace::Pace;
use crate::spin::{Spin, Who};
use crate::sync::{AtomicU64, Ordering, Parking, Rather, fence_after_rmw};
use std::sync::atomic::AtomicU64 as Count; // Nothing hangs on it, for loom to look at.

/// The futex sleeps while the low half is zero.
const ASLEEP: u64 = 0;
/// In the low half. In the high one then stands when the sleeper was woken, see [`awake_at`].
const AWAKE: u64 = 1;

/// Awake, with a stamp of 1,024 ns that goes round in 73 minutes.
fn awake_at(now: u64) -> u64 {
    AWAKE | now >> 10 << 32
}

/// How many nanoseconds ago a sleeper was woken. His partner wrote it, and may write anything.
fn since(word: u64, now: u64) -> u64 {
    u64::from(((now >> 10) as u32).wrapping_sub((word >> 32) as u32)) << 10
}

/// One end's bell: a word that both ends see, and how this one sleeps on it.
pub(crate) struct Bell<'a> {
    pub(crate) word: &'a AtomicU64,
    pub(crate) parking: &'a Parking,
    /// How often this side slept here, or woke the other. For this side alone.
    pub(crate) wakes: &'a Count,
}

impl Bell<'_> {
    /// There is news. The caller made it visible by a read-modify-write.
    #[inline]
    pub(crate) fn ring(&self) {
        #[cfg(not(control = "bell_ring_fence"))]
        fence_after_rmw(); // R2
        if self.word.load(Ordering::Relaxed) == ASLEEP {
            self.wake();
        }
    }

    /// The same, whatever the word says: what wrote it may be broken, and is gone.
    pub(crate) fn ring_loud(&self) {
        self.word.swap(AWAKE, Ordering::AcqRel);
        self.parking.wake(self.word, 1, Rather::Anywhere);
    }

    #[cold]
    fn wake(&self) {
        if self.word.swap(awake_at(now_ns()), Ordering::AcqRel) == ASLEEP {
            self.wakes.fetch_add(1, Ordering::Relaxed);
            self.parking.wake(self.word, 1, Rather::Anywhere);
        }
    }

    /// Waits until `attempt` gives something, or the deadline.
    pub(crate) fn wait<T>(
        &self,
        pace: &Pace,
        spin: Spin,
        deadline: Deadline,
        mut attempt: impl FnMut() -> Option<T>,
        has: impl Fn(u64) -> bool,
    ) -> Option<T> {
        if let Some(found) = pace.look(spin, Who::Host, deadline, &mut attempt, &has, |_| ()) {
            return Some(found);
        }
        loop {
            self.word.swap(ASLEEP, Ordering::AcqRel); // B1
            #[cfg(not(control = "bell_wait_fence"))]
            fence_after_rmw(); // B2
            if let Some(found) = attempt() {
                // B3
                self.word.store(AWAKE, Ordering::Relaxed);
                return Some(found);
            }
            if deadline.passed() {
                self.word.store(AWAKE, Ordering::Relaxed);
                return None;
            }
            self.parking.wait(self.word, deadline.instant()); // B4
            self.wakes.fetch_add(1, Ordering::Relaxed);
            let word = self.word.load(Ordering::Relaxed);
            if word != ASLEEP {
                let now = now_ns();
                pace.woken(now.saturating_sub(since(word, now)), now);
            }
        }
    }
}

#[cfg(all(test, loom))]
mod models;

#[cfg(all(test, not(loom)))]
mod tests;

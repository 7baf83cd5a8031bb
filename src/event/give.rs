//! N4 of [`super`]: sleepers become searchers, and are woken.

use super::Event;
use super::word::{SEARCHING, SLEEPING, TOKEN, sleeping};
#[cfg(not(loom))]
use crate::clock::now_ns;
use crate::sync::Ordering;

/// A sleeper that was woken runs after 11 to 18 us if its core is free.
#[cfg(not(loom))]
const OVERDUE_NS: u64 = 50_000;

impl Event {
    /// N4: turns as many sleepers into searchers as `wanted` says, and wakes them.
    #[cold]
    pub(super) fn give(&self, wanted: impl Fn(u64) -> u64) {
        self.give_by(wanted, true, |count| self.parking.wake(&self.word, count));
    }

    /// To one, who went to sleep on this CPU if there is such a one: whether there was. `timed`:
    /// he may learn from that how long a wake takes.
    pub(super) fn give_here(&self, timed: bool) -> Option<bool> {
        self.give_by(|word| sleeping(word).min(1), timed, |_| self.parking.wake_here(&self.word))
    }

    fn give_by<R>(
        &self,
        wanted: impl Fn(u64) -> u64,
        timed: bool,
        wake: impl FnOnce(u32) -> R,
    ) -> Option<R> {
        #[cfg(loom)]
        let _ = timed;
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let count = wanted(word);
            if count == 0 {
                return None;
            }
            let next = word - count * SLEEPING + count * (SEARCHING + TOKEN);
            match self.swap(word, next) {
                Ok(_) => {
                    #[cfg(not(loom))]
                    self.gave.store(if timed { now_ns() } else { 0 }, Ordering::Relaxed);
                    self.wakes.fetch_add(count, Ordering::Relaxed);
                    return Some(wake(count as u32));
                }
                Err(seen) => word = seen,
            }
        }
    }

    /// One sleeper may come, whoever searches: the caller's CPU is free. If it can, one that went
    /// to sleep there.
    #[cold]
    pub(crate) fn wake_here(&self) {
        self.give_here(true);
    }

    /// The same for one that went to sleep on another CPU than the caller's.
    #[cold]
    pub(crate) fn wake_elsewhere(&self) {
        let wake = |_| self.parking.wake_elsewhere(&self.word);
        self.give_by(|word| sleeping(word).min(1), true, wake);
    }

    /// Somebody was woken and has not come. If he is overdue, for his core is busy, another is
    /// woken: it may have one to itself.
    #[cold]
    pub(super) fn hurry(&self) {
        #[cfg(not(loom))]
        if now_ns() > self.gave.load(Ordering::Relaxed) + OVERDUE_NS {
            self.give(|word| sleeping(word).min(1));
        }
    }
}

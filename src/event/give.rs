//! N4 of [`super`]: sleepers become searchers, and are woken.

use super::Event;
use super::word::{SEARCHING, SLEEPING, TOKEN, sleeping};
#[cfg(not(loom))]
use crate::clock::now_ns;
use crate::sync::{Ordering, Rather};

/// A sleeper that was woken runs after 11 to 18 us if its core is free.
#[cfg(not(loom))]
const OVERDUE_NS: u64 = 50_000;

impl Event {
    /// N4: turns as many sleepers into searchers as `wanted` says, and wakes them. How many were where
    /// they are to be `rather`; none if nobody was to be woken.
    #[cold]
    pub(super) fn give(&self, wanted: impl Fn(u64) -> u64, rather: Rather) -> Option<u32> {
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
                    self.gave.store(now_ns(), Ordering::Relaxed);
                    self.wakes.fetch_add(count, Ordering::Relaxed);
                    return Some(self.parking.wake(&self.word, count as u32, rather));
                }
                Err(seen) => word = seen,
            }
        }
    }

    /// One sleeper may come, whoever searches: the caller's CPU is free, or there is one elsewhere.
    #[cold]
    pub(crate) fn give_one(&self, rather: Rather) -> Option<u32> {
        self.give(|word| sleeping(word).min(1), rather)
    }

    /// Somebody was woken and has not come. If he is overdue, for his core is busy, another is
    /// woken: it may have one to itself.
    #[cold]
    pub(super) fn hurry(&self, rather: Rather) {
        #[cfg(not(loom))]
        if now_ns() > self.gave.load(Ordering::Relaxed) + OVERDUE_NS {
            self.give_one(rather);
        }
        #[cfg(loom)]
        let _ = rather;
    }
}

//! A descriptor that is readable while there is something to poll, for hosts that wait for other
//! things too: in epoll, in an event loop.
//!
//! It is an eventfd. A system call for each result would cost more than the job, so it is written
//! to once, and then not until somebody has polled all there is:
//!
//! ```text
//! teller (of a result, of an end)       poller whose answer is EMPTY
//!   R1  the news, with its fences         A1  read the descriptor empty
//!       (N1 and N2 of crate::event)       A2  armed, if no ring came since before A1 (RMW);
//!   R2  read the word: armed?                 else A1 again
//!   R3  rung, one more at work (RMW)      A3  fence
//!   R4  write to the descriptor           A4  poll once more; if a result is announced that
//!   R5  one less at work (RMW)                does not show: heavy fence, and poll once more
//!                                         A5  found anything: ring (R2 to R5), and answer that
//! ```
//!
//! # Why no ring is missing
//! Suppose news N stays untaken, the descriptor is not readable, and nobody is going to make it so.
//! The last change of the word that armed it or rung is an A2: were it a ring, its R4 would come or
//! have come; and a poller whose A1 swallows that write stays in A1 and A2 until the word says
//! armed, which it can say again only by an A2 behind that ring. So take that last A2, the poller's
//! own or another's.
//! 1. *N's R2 read the word as it was before that A2.* Then its R1 comes before A3 in the order of
//!    the fences, as in the proof of [`crate::event`] with A2 for W1, A3 for W2 and A4 for W3: so
//!    A4 sees the announcement and, at the latest behind the heavy fence, the news; or R2 would
//!    have read what A2 wrote. A4 takes the oldest of what there is and rings for the rest (A5), so
//!    that A2 was not the last; or another has taken N; or a hole lies before it, and whoever fills
//!    that has an R2 that comes after A2.
//! 2. *It read armed.* Then it rings, or another did before it: that A2 was not the last.
//!
//! Where results come in the order of put, news is what [`crate::results`] says it is there: who
//! arms is one more sleeper, and its W3 is A4.
//!
//! # Why the descriptor does not stay readable for nothing
//! A write may come late: after an A1 that should have swallowed it. So the word counts who is
//! between R3 and R5, and says **full** from R3 until an A1 that began with nobody there. A poller
//! that finds the word armed, not full and nobody at work has nothing to do, and makes no system
//! call. The word counts all rings too, so that the swap of A2 fails where one has come and gone.
//!
//! # Whose the descriptor is
//! It is made at the first call and closed with the executor; but a signal handler that aborts
//! every executor may come later ([`crate::registry`]). It would find the word not open, and touch
//! nothing; or it is between R3 and R5 at that moment, and then the descriptor is not closed but
//! kept for the next executor that has these signals, so that its number never becomes something
//! else while somebody may write to it. The child of a fork shares it, and leaves it alone.

use crate::sync::{AtomicU64, Ordering};
use chime::Chime;

mod chime;

/// There is a descriptor: somebody asked for it.
const OPEN: u64 = 1;
/// The next news is to be rung for.
const ARMED: u64 = 2;
/// The descriptor may be readable.
const FULL: u64 = 4;
/// One who is ringing.
const AT_WORK: u64 = 1 << 8;
/// One ring.
const RING: u64 = 1 << 24;

fn at_work(word: u64) -> u64 {
    word >> 8 & 0xffff
}

/// See the module.
#[derive(Default)]
pub(crate) struct Doorbell {
    /// rings:40, at work:16, flags:8.
    word: AtomicU64,
    /// How many rings were those of executors before.
    others: AtomicU64,
    chime: Chime,
}

impl Doorbell {
    /// R2 to R5: there is something to poll. The caller has announced it as for
    /// [`crate::event::Event::notify_one`]. Async-signal-safe.
    #[inline(always)]
    pub(crate) fn ring(&self) {
        if self.is_armed() {
            self.ring_aloud();
        }
    }

    /// R2.
    #[inline(always)]
    pub(crate) fn is_armed(&self) -> bool {
        self.word.load(Ordering::Relaxed) & ARMED != 0
    }

    #[cold]
    fn ring_aloud(&self) {
        if self.chime.is_ours() && self.begin_ring() {
            self.end_ring();
        }
    }

    /// R3. False if another was faster.
    fn begin_ring(&self) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & ARMED != 0 {
            match self.swap(word, ((word & !ARMED) | FULL) + AT_WORK + RING) {
                Ok(_) => return true,
                Err(seen) => word = seen,
            }
        }
        false
    }

    /// R4 and R5.
    fn end_ring(&self) {
        self.chime.strike();
        self.word.fetch_sub(AT_WORK, Ordering::AcqRel);
    }

    /// A1 and A2, for a poller that found nothing. True if it must poll once more, a fence between
    /// ([`crate::sync::fence_after_rmw`]), and ring if that finds anything.
    pub(crate) fn arm(&self) -> bool {
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            let quiet = word & (FULL | ARMED) == ARMED && at_work(word) == 0;
            if word & OPEN == 0 || quiet || !self.chime.is_ours() {
                return false;
            }
            self.chime.hush();
            let full = if at_work(word) == 0 { 0 } else { FULL };
            match self.swap(word, (word & !FULL) | ARMED | full) {
                Ok(_) => return true,
                Err(seen) => word = seen,
            }
        }
    }

    /// Whether anybody asked for the descriptor.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        self.word.load(Ordering::Relaxed) & OPEN != 0
    }

    /// How often it was rung for this executor.
    pub(crate) fn rings(&self) -> u64 {
        let rings = |word: u64| word >> 24;
        let others = self.others.load(Ordering::Relaxed);
        rings(self.word.load(Ordering::Relaxed)).wrapping_sub(others) & rings(u64::MAX)
    }

    fn swap(&self, current: u64, next: u64) -> Result<u64, u64> {
        self.word.compare_exchange(current, next, Ordering::AcqRel, Ordering::Acquire)
    }
}

#[cfg(not(loom))]
impl Doorbell {
    /// The descriptor, and whether this call is the first: that one must [`Doorbell::arm`] next.
    pub(crate) fn open(&self) -> std::io::Result<(std::os::fd::RawFd, bool)> {
        let fd = self.chime.open()?;
        let before = self.word.fetch_or(OPEN, Ordering::AcqRel);
        Ok((fd, before & OPEN == 0))
    }

    /// The executor is gone.
    pub(crate) fn close(&self) {
        let before = self.word.fetch_and(!(OPEN | ARMED), Ordering::AcqRel);
        if at_work(before) == 0 {
            self.chime.close();
        }
        self.others.store(before >> 24, Ordering::Relaxed);
    }
}

#[cfg(loom)]
impl Doorbell {
    /// In place of a descriptor.
    pub(crate) fn open(&self) {
        self.word.fetch_or(OPEN, Ordering::AcqRel);
    }

    /// Whether the descriptor would be readable.
    pub(crate) fn sounds(&self) -> bool {
        self.chime.sounds()
    }

    /// Whether the next poll that answers EMPTY would make no system call.
    pub(crate) fn is_quiet(&self) -> bool {
        self.word.load(Ordering::Acquire) & (FULL | ARMED) == ARMED
    }
}

#[cfg(all(test, not(loom)))]
mod tests;

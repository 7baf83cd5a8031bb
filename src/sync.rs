//! The one door to atomics, fences and parking: the standard library's in production, loom's in
//! the models. Everything above takes them from here, so that loom runs the code that ships.
//! (The arrangement is smol concurrent-queue's.)

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicU64, Ordering, fence};
#[cfg(loom)]
pub(crate) use loom::sync::{Mutex, MutexGuard};
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicU64, Ordering, fence};
#[cfg(not(loom))]
pub(crate) use std::sync::{Mutex, MutexGuard};

/// The fence between a store and a later load of another word, where that store was a
/// read-modify-write: the two sides of a store-then-load race each need one.
///
/// On x86-64 a read-modify-write is a locked instruction, and a load cannot pass a locked
/// instruction (Intel SDM vol. 3, 9.2.3.9; AMD APM vol. 2, 7.4.2): the processor needs nothing
/// more, and only the compiler is held. Elsewhere, and in the models, it is `fence(SeqCst)`.
#[inline(always)]
pub(crate) fn fence_after_rmw() {
    #[cfg(all(target_arch = "x86_64", not(loom)))]
    std::sync::atomic::compiler_fence(Ordering::SeqCst);
    #[cfg(all(not(target_arch = "x86_64"), not(loom)))]
    std::sync::atomic::fence(Ordering::SeqCst);
    #[cfg(loom)]
    loom::sync::atomic::fence(Ordering::SeqCst);
}

/// The same where there was none. It takes some 20 ns: for what is not done with every job.
pub(crate) fn full_fence() {
    #[cfg(not(loom))]
    std::sync::atomic::fence(Ordering::SeqCst);
    #[cfg(loom)]
    loom::sync::atomic::fence(Ordering::SeqCst);
}

/// Who is woken first: by the CPU that a thread went to sleep on, beside the waker's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rather {
    Anywhere,
    Here,
    Elsewhere,
    /// On one of these: bit `cpu & 31` of each.
    Of(u32),
}

/// Where threads sleep on a word while its low half is zero.
#[cfg(not(loom))]
#[derive(Default)]
pub(crate) struct Parking {
    /// Whether the word lies in memory that several processes map.
    across: bool,
}

#[cfg(not(loom))]
impl Parking {
    /// For words in memory that several processes map.
    pub(crate) fn across() -> Parking {
        Parking { across: true }
    }

    /// Sleeps while the low half of `word` is zero; may return early.
    pub(crate) fn wait(&self, word: &AtomicU64, deadline: Option<u64>) {
        crate::os::futex::wait(word, self.across, deadline);
    }

    /// Wakes up to `count` sleepers, after the word was changed, those where `rather` says first. How
    /// many of these there were.
    pub(crate) fn wake(&self, word: &AtomicU64, count: u32, rather: Rather) -> u32 {
        crate::os::futex::wake(word, self.across, count, rather)
    }
}

/// The futex as loom understands it: the kernel compares and enqueues under a lock of its own.
#[cfg(loom)]
#[derive(Default)]
pub(crate) struct Parking {
    lock: loom::sync::Mutex<()>,
    wake_up: loom::sync::Condvar,
}

#[cfg(loom)]
impl Parking {
    pub(crate) fn across() -> Parking {
        Parking::default()
    }

    pub(crate) fn wait(&self, word: &AtomicU64, _deadline: Option<u64>) {
        let guard = self.lock.lock().unwrap();
        if word.load(Ordering::Relaxed) as u32 == 0 {
            drop(self.wake_up.wait(guard).unwrap());
        }
    }

    pub(crate) fn wake(&self, _word: &AtomicU64, count: u32, _: Rather) -> u32 {
        let _guard = self.lock.lock().unwrap();
        if count == 1 {
            self.wake_up.notify_one()
        } else {
            self.wake_up.notify_all()
        }
        count
    }
}

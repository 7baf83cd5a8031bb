//! A pair of fences of which one costs nothing: for a store-then-load race whose one side is run
//! for every job, and whose other side hardly ever.
//!
//! ```text
//! often                    seldom
//!   store A                  store B (or a read-modify-write)
//!   light()                  heavy()
//!   load B                   load A
//! ```
//!
//! At least one of the two loads sees the other's store, as with two `fence(SeqCst)`. `light` holds
//! the compiler only; `heavy` has the kernel put a full fence into every other running thread of
//! the process (membarrier(2), Linux 4.14): such a thread was before its store then, and loads B
//! after the fence, or behind it, and A shows. It takes some microseconds, and disturbs every core
//! that runs this process. It is a `fence(SeqCst)`, too, for those on the other side who do one.
//!
//! Where the kernel refuses, both are `fence(SeqCst)`.
//!
//! In the models the interrupt is a read-modify-write of one word on both sides: the two come one
//! after the other, and the later sees what was before the earlier. As with the kernel, two who
//! only call `light` order nothing.

#[cfg(not(loom))]
pub(crate) use production::{heavy, light, prepare};

#[cfg(not(loom))]
mod production {
    use std::sync::Once;
    use std::sync::atomic::{AtomicBool, Ordering, compiler_fence, fence};

    /// Whether the kernel does its part. An engine's threads all see what was known when it was
    /// made, for it is found out once, before the first.
    static KERNEL: AtomicBool = AtomicBool::new(false);

    /// Finds out what the kernel does. Before the first of a pair is used.
    pub(crate) fn prepare() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| KERNEL.store(crate::os::barrier::prepare(), Ordering::SeqCst));
    }

    /// The side that is run often.
    #[inline(always)]
    pub(crate) fn light() {
        if KERNEL.load(Ordering::Relaxed) {
            compiler_fence(Ordering::SeqCst);
        } else {
            fence(Ordering::SeqCst);
        }
    }

    /// The side that is run seldom. Async-signal-safe.
    pub(crate) fn heavy() {
        fence(Ordering::SeqCst);
        if KERNEL.load(Ordering::Relaxed) && !crate::os::barrier::everywhere() {
            // The right was taken away under way (a seccomp filter, say): from now on both sides
            // fence for themselves. What is between a light one and its load at this moment has
            // left the core's store buffer long before this returns.
            KERNEL.store(false, Ordering::SeqCst);
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }
}

#[cfg(loom)]
pub(crate) use model::{heavy, light, prepare};

#[cfg(loom)]
mod model {
    use loom::sync::atomic::{AtomicU64, Ordering, fence};

    loom::lazy_static! {
        static ref INTERRUPTS: AtomicU64 = AtomicU64::new(0);
    }

    pub(crate) fn prepare() {}

    pub(crate) fn light() {
        INTERRUPTS.fetch_add(0, Ordering::AcqRel);
    }

    pub(crate) fn heavy() {
        fence(Ordering::SeqCst);
        INTERRUPTS.fetch_add(1, Ordering::AcqRel);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Dekker's race, many times: never do both sides miss the other.
    #[test]
    fn one_side_sees_the_other() {
        prepare();
        const ROUNDS: u64 = 2_000;
        let [often, seldom, turn] = [const { AtomicU64::new(0) }; 3];
        let missed = AtomicU64::new(0);
        let await_turn = |number| {
            while turn.load(Ordering::Acquire) < number {
                std::thread::yield_now();
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for round in 1..=ROUNDS {
                    await_turn(2 * round - 1);
                    often.store(round, Ordering::Relaxed);
                    light();
                    let missing = seldom.load(Ordering::Relaxed) < round;
                    missed.fetch_add(u64::from(missing), Ordering::Relaxed);
                    turn.fetch_add(1, Ordering::AcqRel);
                }
            });
            for round in 1..=ROUNDS {
                missed.store(0, Ordering::Relaxed);
                turn.store(2 * round - 1, Ordering::Release);
                seldom.store(round, Ordering::Relaxed);
                heavy();
                let missing = often.load(Ordering::Relaxed) < round;
                await_turn(2 * round);
                assert!(!missing || missed.load(Ordering::Relaxed) == 0, "round {round}");
            }
        });
    }
}

//! Knowing that a call comes from inside a callback of the same executor, where waiting for
//! workers would wait for oneself.

use std::cell::Cell;
use std::ptr;

/// A callback that is running on this thread, and the one around it.
struct Frame {
    executor: *const (),
    around: *const Frame,
}

thread_local! {
    static INNERMOST: Cell<*const Frame> = const { Cell::new(ptr::null()) };
    static WORKS_FOR: Cell<*const ()> = const { Cell::new(ptr::null()) };
}

/// This thread is a worker: it is inside for as long as it lives. (No guard, for a worker's
/// frames must need no clean-up: its thread may be ended by `pthread_exit`.)
pub(crate) fn stay(executor: *const ()) {
    WORKS_FOR.set(executor);
}

/// Whose worker this thread is; NULL if nobody's.
pub(crate) fn employer() -> *const () {
    WORKS_FOR.get()
}

/// Whether this thread is inside a callback of that executor.
#[inline]
pub(crate) fn is_inside(executor: *const ()) -> bool {
    if WORKS_FOR.get() == executor {
        return true;
    }
    let mut frame = INNERMOST.get();
    // SAFETY: frames lie on this thread's stack and are unlinked before they go.
    while let Some(here) = unsafe { frame.as_ref() } {
        if here.executor == executor {
            return true;
        }
        frame = here.around;
    }
    false
}

/// Runs a callback of that executor on a thread that is not its worker.
pub(crate) fn enter<R>(executor: *const (), callback: impl FnOnce() -> R) -> R {
    struct Leave(*const Frame);
    impl Drop for Leave {
        fn drop(&mut self) {
            INNERMOST.set(self.0);
        }
    }
    let around = INNERMOST.get();
    let frame = Frame { executor, around };
    let _leave = Leave(around);
    INNERMOST.set(&frame);
    callback()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn frames_nest_and_unwind() {
        let (a, b) = (&1u8 as *const u8 as *const (), &2u8 as *const u8 as *const ());
        enter(a, || {
            enter(b, || assert!(is_inside(a) && is_inside(b)));
            assert!(is_inside(a) && !is_inside(b));
            let _ = std::panic::catch_unwind(|| enter(std::ptr::dangling(), || panic!("out")));
            assert!(is_inside(a));
        });
        assert!(!is_inside(a));
    }
}

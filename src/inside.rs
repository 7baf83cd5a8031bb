//! Knowing that a call comes from inside a callback of the same executor, where waiting for
//! workers would wait for oneself.

use std::cell::Cell;
use std::ptr;

/// A callback that is running on this thread, and the one around it.
struct Frame {
    executor: *const (),
    around: *const Frame,
}

/// What this thread is in. One variable, for to find one takes a shared library a call.
struct Here {
    innermost: Cell<*const Frame>,
    works_for: Cell<*const ()>,
}

thread_local! {
    static HERE: Here =
        const { Here { innermost: Cell::new(ptr::null()), works_for: Cell::new(ptr::null()) } };
}

/// This thread is a worker: it is inside for as long as it lives. (No guard, for a worker's
/// frames must need no clean-up: its thread may be ended by `pthread_exit`.)
pub(crate) fn stay(executor: *const ()) {
    HERE.with(|here| here.works_for.set(executor));
}

/// Whose worker this thread is; NULL if nobody's.
pub(crate) fn employer() -> *const () {
    HERE.with(|here| here.works_for.get())
}

/// Whether this thread is inside a callback of that executor.
#[inline]
pub(crate) fn is_inside(executor: *const ()) -> bool {
    HERE.with(|here| {
        if here.works_for.get() == executor {
            return true;
        }
        let mut frame = here.innermost.get();
        // SAFETY: frames lie on this thread's stack and are unlinked before they go.
        while let Some(entered) = unsafe { frame.as_ref() } {
            if entered.executor == executor {
                return true;
            }
            frame = entered.around;
        }
        false
    })
}

/// Runs a callback of that executor on a thread that is not its worker.
pub(crate) fn enter<R>(executor: *const (), callback: impl FnOnce() -> R) -> R {
    struct Leave(*const Frame);
    impl Drop for Leave {
        fn drop(&mut self) {
            HERE.with(|here| here.innermost.set(self.0));
        }
    }
    let around = HERE.with(|here| here.innermost.get());
    let frame = Frame { executor, around };
    let _leave = Leave(around);
    HERE.with(|here| here.innermost.set(&frame));
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

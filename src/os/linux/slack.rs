//! Timers that end a sleep on time: the kernel may let a thread sleep on for its timer slack, 50 us by
//! default, to spare itself an interrupt (`prctl(2)`, `PR_SET_TIMERSLACK`).

use std::ffi::{c_int, c_ulong};

/// Sleeps by `sleep` with as little slack as there is, and leaves the caller's as it was.
pub(crate) fn without<T>(sleep: impl FnOnce() -> T) -> T {
    let before = call(libc::PR_GET_TIMERSLACK, 0);
    // It may be refused, or be more than an `int` holds: then it stays.
    let Ok(before @ 2..) = c_ulong::try_from(before) else { return sleep() };
    call(libc::PR_SET_TIMERSLACK, 1);
    let slept = sleep();
    call(libc::PR_SET_TIMERSLACK, before);
    slept
}

fn call(option: c_int, argument: c_ulong) -> c_int {
    // SAFETY: both options take a number, and concern the calling thread only.
    unsafe { libc::prctl(option, argument, 0, 0, 0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slack_is_as_before() {
        let slack = || call(libc::PR_GET_TIMERSLACK, 0);
        call(libc::PR_SET_TIMERSLACK, 54_321);
        assert_eq!((without(slack), slack()), (1, 54_321));
        call(libc::PR_SET_TIMERSLACK, 1);
        assert_eq!((without(slack), slack()), (1, 1));
    }
}

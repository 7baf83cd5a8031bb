//! The futex calls that [`crate::event`] sleeps by. All may be called from a signal handler: they
//! are system calls, and leave `errno` as they found it.

use super::clock;
use crate::sync::Rather;
use std::sync::atomic::AtomicU64;

/// Sleeps while the low half of `word` is zero, until [`wake`] or the deadline (an instant of
/// `CLOCK_MONOTONIC` in nanoseconds). May return early for no reason: the caller looks again.
/// `across`: the word lies in memory that several processes map.
pub(crate) fn wait(word: &AtomicU64, across: bool, deadline: Option<u64>) {
    let limit = deadline.map(clock::timespec);
    let limit = limit.as_ref().map_or(std::ptr::null(), |t| t as *const libc::timespec);
    call(word, scope(across) | libc::FUTEX_WAIT_BITSET, 0, limit, here());
}

/// Wakes up to `count` threads that sleep in [`wait`] on this word, those where `rather` says first.
/// How many of these there were.
pub(crate) fn wake(word: &AtomicU64, across: bool, count: u32, rather: Rather) -> u32 {
    let set = match rather {
        Rather::Anywhere => libc::FUTEX_BITSET_MATCH_ANY,
        Rather::Here => here(),
        Rather::Elsewhere => !here(),
        Rather::Of(cpus) => cpus as i32,
    };
    let woken = wake_of(word, across, count, set);
    if rather != Rather::Anywhere && woken < count {
        wake_of(word, across, count - woken, libc::FUTEX_BITSET_MATCH_ANY);
    }
    woken
}

/// Wakes up to `count` whose set has one of these bits. How many there were.
fn wake_of(word: &AtomicU64, across: bool, count: u32, set: i32) -> u32 {
    let operation = scope(across) | libc::FUTEX_WAKE_BITSET;
    let woken = call(word, operation, count.min(i32::MAX as u32), std::ptr::null(), set);
    u32::try_from(woken).unwrap_or(0)
}

/// This CPU as one of 32 bits; of more CPUs some share one.
fn here() -> i32 {
    // SAFETY: the call takes nothing.
    let cpu = unsafe { libc::sched_getcpu() };
    1 << (cpu & 31)
}

fn scope(across: bool) -> i32 {
    if across { 0 } else { libc::FUTEX_PRIVATE_FLAG }
}

fn call(
    word: &AtomicU64,
    operation: i32,
    value: u32,
    limit: *const libc::timespec,
    set: i32,
) -> i64 {
    // SAFETY: errno's address is valid for the life of the calling thread.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let before = unsafe { errno.read() };
    // SAFETY: the kernel reads the aligned low half of a word that outlives the call, and a
    // timespec that is null or valid; every other argument is a plain number.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr().cast::<u32>(),
            operation,
            value,
            limit,
            std::ptr::null::<u32>(),
            set,
        )
    };
    // SAFETY: as above.
    unsafe { errno.write(before) };
    answer
}

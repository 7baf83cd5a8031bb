//! The job: a payload in, a C callback through a pointer, the payload out.

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::Instant;

/// A payload. No two share a cache line, so that what is measured is the hand-over alone.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Task {
    pub(crate) number: u64,
    /// How long the callback works; with 0 it returns at once.
    pub(crate) work_ns: u64,
    /// When the callback began, where it works.
    pub(crate) began: u64,
    /// When it was done.
    pub(crate) ended: u64,
}

impl Task {
    /// One with nothing to do.
    pub(crate) fn new(number: u64) -> Box<Task> {
        Box::new(Task { number, work_ns: 0, began: 0, ended: 0 })
    }

    /// Has its callback called, as a pool does that was given it at run time.
    #[inline]
    pub(crate) fn run(&mut self) {
        let callback: unsafe extern "C" fn(*mut Task) = black_box(perform);
        // SAFETY: the task is this call's alone.
        unsafe { callback(self) };
    }
}

/// The callback.
///
/// # Safety
/// The task is valid, and nobody else uses it meanwhile.
pub(crate) unsafe extern "C" fn perform(task: *mut Task) {
    // SAFETY: the caller's promise.
    let task = unsafe { &mut *task };
    if task.work_ns > 0 {
        task.began = now_ns();
        work(task.work_ns);
        task.ended = now_ns();
    }
}

/// Computes for as long as that takes a CPU that does nothing else. Not until the clock has moved
/// on so far: that it does for a thread that is off its CPU too, whose work would then be free.
pub(crate) fn work(ns: u64) {
    static STEPS_PER_NS: OnceLock<f64> = OnceLock::new();
    let steps_per_ns = STEPS_PER_NS.get_or_init(|| {
        let steps = 100_000;
        let once = |_| {
            let start = Instant::now();
            compute(steps);
            start.elapsed().as_nanos()
        };
        steps as f64 / (0..50).map(once).min().unwrap() as f64
    });
    compute((ns as f64 * steps_per_ns) as u64);
}

/// Steps of which each needs the one before, and no memory.
fn compute(steps: u64) {
    let mut value = black_box(1_u64);
    for step in 0..steps {
        value = value.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ step;
    }
    black_box(value);
}

/// Now, by the clock that all threads and processes of a machine share.
pub(crate) fn now_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for one timespec.
    let rc = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    assert_eq!(rc, 0);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

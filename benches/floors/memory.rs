//! How fast a thread writes memory that it touched before.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Writes each word once, in order.
pub(crate) fn write_memory(words: &mut [u64], value: u64) -> Duration {
    let start = Instant::now();
    black_box(&mut *words).fill(value);
    black_box(words);
    start.elapsed()
}

//! A host that keeps a pool busy, and checks that its work was really done.

use super::{Pool, Task};
use std::time::{Duration, Instant};

/// Keeps `window` jobs that do nothing in flight until so many are done.
pub(crate) fn drive(pool: &(impl Pool + ?Sized), window: usize, jobs: u64) -> Duration {
    stream(pool, window, jobs, |_| (), |_| ())
}

/// Keeps `window` jobs in flight until so many are done: one put and one blocking get at a time.
/// Each is prepared before it is put and settled after it was got.
pub(crate) fn stream(
    pool: &(impl Pool + ?Sized),
    window: usize,
    jobs: u64,
    mut prepare: impl FnMut(&mut Task),
    mut settle: impl FnMut(&Task),
) -> Duration {
    let mut spare: Vec<Box<Task>> = (0..window as u64).map(Task::new).collect();
    pool.put(Task::new(0)); // The workers that slept are awake when the clock starts.
    pool.get();
    let (mut put, mut sum) = (0, 0);
    let mut next = |mut task: Box<Task>| {
        task.number = put;
        prepare(&mut task);
        pool.put(task);
        put += 1;
        put < jobs
    };
    let start = Instant::now();
    let mut more = jobs > 0;
    while more && let Some(task) = spare.pop() {
        more = next(task);
    }
    for _ in 0..jobs {
        let task = pool.get();
        settle(&task);
        sum += task.number;
        if more {
            more = next(task);
        } else {
            spare.push(task);
        }
    }
    let elapsed = start.elapsed();
    assert_eq!(sum, jobs * jobs.saturating_sub(1) / 2, "every payload came back once");
    pool.check(jobs + 1);
    elapsed
}

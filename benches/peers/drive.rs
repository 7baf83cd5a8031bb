//! A host that keeps a pool busy, and checks that its work was really done.

use super::{Pool, Task};
use std::time::{Duration, Instant};

/// Keeps `window` jobs that do nothing in flight until so many are done.
pub(crate) fn drive(pool: &(impl Pool + ?Sized), window: usize, jobs: u64) -> Duration {
    stream(pool, window, jobs, |_| (), |_| ())
}

/// The same with jobs that are prepared before they are put and settled after they were got.
pub(crate) fn stream(
    pool: &(impl Pool + ?Sized),
    window: usize,
    jobs: u64,
    prepare: impl FnMut(&mut Task),
    settle: impl FnMut(&Task),
) -> Duration {
    let mut tasks = spare(window);
    wake(pool);
    let start = Instant::now();
    let sum = exchange(pool, &mut tasks, jobs, prepare, settle);
    let elapsed = start.elapsed();
    assert_eq!(sum, numbers(jobs), "every payload came back once");
    pool.check(jobs + 1);
    elapsed
}

/// So many tasks, made before the clock starts.
pub(crate) fn spare(count: usize) -> Vec<Box<Task>> {
    (0..count as u64).map(Task::new).collect()
}

/// Has a worker awake when the clock starts: one job.
pub(crate) fn wake(pool: &(impl Pool + ?Sized)) {
    pool.put(Task::new(0));
    pool.get();
}

/// The sum of so many jobs' numbers.
pub(crate) fn numbers(jobs: u64) -> u64 {
    jobs * jobs.saturating_sub(1) / 2
}

/// Puts and gets so many jobs, one at a time, with all of these tasks in flight; they are there
/// again at the end. The sum of the numbers that came back.
pub(crate) fn exchange(
    pool: &(impl Pool + ?Sized),
    tasks: &mut Vec<Box<Task>>,
    jobs: u64,
    mut prepare: impl FnMut(&mut Task),
    mut settle: impl FnMut(&Task),
) -> u64 {
    let (mut put, mut sum) = (0, 0);
    let mut next = |mut task: Box<Task>| {
        task.number = put;
        prepare(&mut task);
        pool.put(task);
        put += 1;
    };
    let first = jobs.min(tasks.len() as u64);
    tasks.drain(tasks.len() - first as usize..).for_each(&mut next);
    for number in 0..jobs {
        let task = pool.get();
        settle(&task);
        sum += task.number;
        if first + number < jobs {
            next(task);
        } else {
            tasks.push(task);
        }
    }
    sum
}

/// The same with so many put at once, and at most so many got. What comes back is collected until
/// it makes a batch.
pub(crate) fn exchange_batches(
    pool: &(impl Pool + ?Sized),
    tasks: &mut Vec<Box<Task>>,
    jobs: u64,
    batch: usize,
) -> u64 {
    let (mut put, mut got, mut sum) = (0, 0, 0);
    let mut leaving = Vec::with_capacity(batch);
    while got < jobs {
        while put < jobs && tasks.len() >= batch {
            let count = batch.min((jobs - put) as usize);
            leaving.extend(tasks.drain(tasks.len() - count..));
            for (task, number) in leaving.iter_mut().zip(put..) {
                task.number = number;
            }
            pool.put_many(&mut leaving);
            put += count as u64;
        }
        let before = tasks.len();
        pool.get_many(batch, tasks);
        got += (tasks.len() - before) as u64;
        sum += tasks[before..].iter().map(|task| task.number).sum::<u64>();
    }
    sum
}

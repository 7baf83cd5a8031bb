//! Work without a pool: what it takes if nothing has to be handed over, and everybody has the same
//! share from the beginning.

use crate::peers::{Cpus, now_ns, pin, work};
use std::sync::Barrier;

/// The work on a thread a worker, or a thread a CPU where there are more workers: with a host that
/// sleeps while it waits, its CPU is the workers' too. The nanoseconds from the first thread's
/// begin to the last one's end.
pub(crate) fn divided(total_ns: u64, workers: usize, cpus: &Cpus) -> f64 {
    let threads = workers.min(cpus.all().len());
    let barrier = Barrier::new(threads);
    let share = |worker| {
        pin(cpus.worker(worker));
        barrier.wait();
        let began = now_ns();
        work(total_ns / threads as u64);
        (began, now_ns())
    };
    let share = &share;
    let times: Vec<(u64, u64)> = std::thread::scope(|scope| {
        let running: Vec<_> =
            (0..threads).map(|worker| scope.spawn(move || share(worker))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let began = times.iter().map(|(began, _)| began).min();
    let ended = times.iter().map(|(_, ended)| ended).max();
    (ended.unwrap() - began.unwrap()) as f64
}

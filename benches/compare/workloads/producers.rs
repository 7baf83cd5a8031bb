//! Two threads of the host, each of which puts, and gets what comes.

use crate::peers::{exchange, numbers, pin, spare, wake};
use crate::rounds::sized;
use crate::workload::{Floor, Turn, Workload, ns};
use std::sync::Barrier;
use std::time::Instant;

pub(crate) fn all() -> Vec<Workload> {
    [1, 2].map(workload).into()
}

fn workload(workers: usize) -> Workload {
    Workload {
        name: "two producers".to_owned(),
        workers,
        window: 64,
        rounds: sized(15, 1),
        figures: vec![ns("a job")],
        run: Box::new(|turn| vec![run(turn, sized(50_000, 1_000))]),
        floor: Floor::None,
    }
}

/// So many jobs from each. The sums are right together only, for each gets what the other put.
fn run(turn: &Turn<'_>, jobs: u64) -> f64 {
    wake(turn.pool);
    let barrier = Barrier::new(2);
    let produce = || {
        let mut tasks = spare(turn.window / 2);
        barrier.wait();
        exchange(turn.pool, &mut tasks, jobs, |_| (), |_| ())
    };
    let (elapsed, sum) = std::thread::scope(|scope| {
        let second = scope.spawn(|| {
            pin(turn.cpus.second_host());
            produce()
        });
        let start = Instant::now();
        let sum = produce();
        let sum = sum + second.join().unwrap();
        (start.elapsed(), sum)
    });
    assert_eq!(sum, 2 * numbers(jobs), "every payload came back once");
    turn.pool.check(2 * jobs + 1);
    elapsed.as_nanos() as f64 / (2 * jobs) as f64
}

//! Jobs that do nothing: what a hand-over costs, there and back.

use super::WORKERS;
use crate::floors::Stream;
use crate::peers::{self, Cpus, Pool, drive};
use crate::rounds::sized;
use crate::workload::{Floor, Pair, Turn, Workload, ns};
use std::time::Instant;

const BATCH: usize = 8;

/// One put and one get at a time.
pub(crate) fn singles() -> Vec<Workload> {
    let sizes =
        WORKERS.into_iter().flat_map(|workers| [4, 64, 1024].map(|window| (workers, window)));
    let run = |turn: &Turn<'_>| {
        let jobs = jobs();
        drive(turn.pool, turn.window, jobs).as_nanos() as f64 / jobs as f64
    };
    sizes.map(|(workers, window)| workload("no-op", workers, window, run)).collect()
}

/// Eight at a time.
pub(crate) fn batches() -> Vec<Workload> {
    let sizes = [1, 2].into_iter().flat_map(|workers| [64, 1024].map(|window| (workers, window)));
    let run = |turn: &Turn<'_>| {
        let jobs = jobs();
        let mut tasks = peers::spare(turn.window);
        peers::wake(turn.pool);
        let start = Instant::now();
        let sum = peers::exchange_batches(turn.pool, &mut tasks, jobs, BATCH);
        let elapsed = start.elapsed();
        assert_eq!(sum, peers::numbers(jobs), "every payload came back once");
        turn.pool.check(jobs + 1);
        elapsed.as_nanos() as f64 / jobs as f64
    };
    sizes.map(|(workers, window)| workload("no-op by 8", workers, window, run)).collect()
}

fn jobs() -> u64 {
    sized(10_000, 2_000)
}

fn workload(name: &str, workers: usize, window: usize, run: fn(&Turn<'_>) -> f64) -> Workload {
    Workload {
        name: name.to_owned(),
        workers,
        window,
        rounds: sized(15, 1),
        figures: vec![ns("a job")],
        run: Box::new(move |turn| vec![run(turn)]),
        floor: Floor::Pair(Pair { name: "SPSC stream", sleeps: false, start: stream }),
    }
}

fn stream(window: usize, cpus: &Cpus) -> Box<dyn Pool> {
    Box::new(Stream::start(window, cpus))
}

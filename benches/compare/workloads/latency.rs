//! One job in flight, from the put to the return of the get: everybody asleep beforehand, and one
//! after the other.

use crate::floors::{Answered, Stream};
use crate::peers::{Cpus, Pool, Task};
use crate::rounds::{quantile, sized};
use crate::workload::{Floor, Pair, Turn, Workload, ns};
use std::time::Instant;

pub(crate) fn all() -> Vec<Workload> {
    [1, 2].into_iter().flat_map(|workers| [asleep(workers), in_a_row(workers)]).collect()
}

fn asleep(workers: usize) -> Workload {
    let pair = Pair { name: "futex pair", sleeps: true, start: futexes };
    workload("one job, all asleep", workers, |turn| turn.rest(), pair)
}

fn in_a_row(workers: usize) -> Workload {
    let pair = Pair { name: "cache lines", sleeps: false, start: lines };
    workload("one job, in a row", workers, |_| (), pair)
}

fn workload(name: &str, workers: usize, before: fn(&Turn<'_>), pair: Pair) -> Workload {
    Workload {
        name: name.to_owned(),
        workers,
        window: 1,
        rounds: sized(7, 1),
        figures: ["p50", "p99", "p99.9"].map(ns).into(),
        run: Box::new(move |turn| {
            let samples = sized(1_000, 20);
            let taken: Vec<f64> = (0..samples).map(|_| round_trip(turn, before)).collect();
            turn.pool.check(samples);
            [0.5, 0.99, 0.999].map(|part| quantile(&taken, part)).into()
        }),
        floor: Floor::Pair(pair),
    }
}

fn round_trip(turn: &Turn<'_>, before: fn(&Turn<'_>)) -> f64 {
    let task = Task::new(7);
    before(turn);
    let start = Instant::now();
    turn.pool.put(task);
    let task = turn.pool.get();
    let elapsed = start.elapsed();
    assert_eq!(task.number, 7);
    elapsed.as_nanos() as f64
}

fn futexes(_window: usize, cpus: &Cpus) -> Box<dyn Pool> {
    Box::new(Answered::start(cpus))
}

fn lines(window: usize, cpus: &Cpus) -> Box<dyn Pool> {
    Box::new(Stream::start(window, cpus))
}

//! Bursts: everybody sleeps, then many jobs come at once.

use crate::peers::{numbers, spare};
use crate::rounds::{median, sized};
use crate::workload::{Floor, Turn, Workload, ns};
use std::time::Instant;

const JOBS: usize = 64;

pub(crate) fn all() -> Vec<Workload> {
    [1, 2, 4].map(workload).into()
}

fn workload(workers: usize) -> Workload {
    Workload {
        name: "burst of 64 after idle".to_owned(),
        workers,
        window: JOBS,
        rounds: sized(15, 1),
        figures: vec![ns("until all are back")],
        run: Box::new(|turn| {
            let bursts: Vec<f64> = (0..sized(20, 2)).map(|_| burst(turn)).collect();
            vec![median(&bursts)]
        }),
        floor: Floor::None,
    }
}

fn burst(turn: &Turn<'_>) -> f64 {
    let mut waiting = spare(JOBS);
    let mut back = Vec::with_capacity(JOBS);
    turn.rest();
    let start = Instant::now();
    turn.pool.put_many(&mut waiting);
    while back.len() < JOBS {
        turn.pool.get_many(JOBS - back.len(), &mut back);
    }
    let elapsed = start.elapsed();
    let sum: u64 = back.iter().map(|task| task.number).sum();
    assert_eq!(sum, numbers(JOBS as u64), "every payload came back once");
    turn.pool.check(JOBS as u64);
    elapsed.as_nanos() as f64
}

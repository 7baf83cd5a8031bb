//! A host that computes, and takes a few results after each step, as a trainer does: how much
//! longer its steps are than without a pool. The jobs of a step are less work than the step.

use crate::peers::{Task, numbers, work};
use crate::rounds::sized;
use crate::workload::{Floor, Turn, Workload, ns};
use std::time::Instant;

const STEP_NS: u64 = 100_000;
const JOB_NS: u64 = 10_000;
const JOBS_A_STEP: u64 = 8;

pub(crate) fn all() -> Vec<Workload> {
    [1, 2].map(workload).into()
}

fn workload(workers: usize) -> Workload {
    let steps = sized(200, 20);
    Workload {
        name: "host's step of 100 us".to_owned(),
        workers,
        window: 32,
        rounds: sized(15, 1),
        figures: vec![ns("a step")],
        run: Box::new(move |turn| vec![run(turn, steps)]),
        floor: Floor::Alone(
            "the step alone",
            Box::new(move |_| {
                let start = Instant::now();
                (0..steps).for_each(|_| work(STEP_NS));
                vec![start.elapsed().as_nanos() as f64 / steps as f64]
            }),
        ),
    }
}

fn run(turn: &Turn<'_>, steps: u64) -> f64 {
    let (mut put, mut sum) = (0, 0);
    let mut next = |mut task: Box<Task>| {
        (task.number, task.work_ns) = (put, JOB_NS);
        turn.pool.put(task);
        put += 1;
    };
    (0..turn.window).for_each(|_| next(Task::new(0)));
    let start = Instant::now();
    for _ in 0..steps {
        work(STEP_NS);
        for _ in 0..JOBS_A_STEP {
            let task = turn.pool.get();
            sum += task.number;
            next(task);
        }
    }
    let elapsed = start.elapsed();
    sum += (0..turn.window).map(|_| turn.pool.get().number).sum::<u64>();
    assert_eq!(sum, numbers(put), "every payload came back once");
    turn.pool.check(put);
    elapsed.as_nanos() as f64 / steps as f64
}

//! A pool that has nothing to do: the kernel's own counts of its threads.

use crate::rounds::sized;
use crate::tasks;
use crate::workload::{Figure, Floor, Turn, Unit, Workload};
use std::time::{Duration, Instant};

pub(crate) fn all() -> Vec<Workload> {
    let figures = [
        Figure { name: "CPU us a second", unit: Unit::Count },
        Figure { name: "switches a second", unit: Unit::Count },
    ];
    vec![Workload {
        name: "idle".to_owned(),
        workers: 2,
        window: 4,
        rounds: sized(5, 1),
        figures: figures.into(),
        run: Box::new(|turn| run(turn).into()),
        floor: Floor::None,
    }]
}

fn run(turn: &Turn<'_>) -> [f64; 2] {
    std::thread::sleep(sized(Duration::from_millis(50), Duration::from_millis(5)));
    let counts = || [tasks::cpu_ns(turn.tasks) / 1_000, tasks::voluntary_switches(turn.tasks)];
    let (start, before) = (Instant::now(), counts());
    std::thread::sleep(sized(Duration::from_millis(200), Duration::from_millis(10)));
    let (after, seconds) = (counts(), start.elapsed().as_secs_f64());
    [0, 1].map(|at| (after[at] - before[at]) as f64 / seconds)
}

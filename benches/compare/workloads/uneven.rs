//! Uneven jobs: among short ones every hundredth takes as long as two hundred of them. Whoever
//! binds jobs to workers early has short ones wait behind a long one. Of 64 in flight the short
//! ones are done in a third of the time of a long one; if that runs on the host's core, nobody puts
//! more meanwhile. 256 last for longer than it.

use super::alone;
use crate::peers::{Task, now_ns, stream};
use crate::rounds::sized;
use crate::workload::{Figure, Floor, Turn, Unit, Workload, ns};
use std::cell::Cell;

const SHORT_NS: u64 = 10_000;
const LONG_NS: u64 = 2_000_000;

fn is_long(number: u64) -> bool {
    number % 100 == 50
}

pub(crate) fn all() -> Vec<Workload> {
    [(2, 64), (4, 64), (2, 256), (4, 256)]
        .map(|(workers, window)| workload(workers, window, sized(4_000, 200)))
        .into()
}

fn workload(workers: usize, window: usize, jobs: u64) -> Workload {
    let longest_wait = Figure { name: "longest wait of a short job", unit: Unit::LongJobs };
    Workload {
        name: "uneven jobs".to_owned(),
        workers,
        window,
        rounds: sized(15, 1),
        figures: vec![ns("a job"), longest_wait],
        run: Box::new(move |turn| run(turn, jobs).into()),
        floor: Floor::Alone(
            "the work alone",
            Box::new(move |cpus| {
                let long = (0..jobs).filter(|number| is_long(*number)).count() as u64;
                let total = long * LONG_NS + (jobs - long) * SHORT_NS;
                vec![alone::divided(total, workers, cpus) / jobs as f64, f64::NAN]
            }),
        ),
    }
}

fn run(turn: &Turn<'_>, jobs: u64) -> [f64; 2] {
    let put = vec![Cell::new(0); jobs as usize];
    let mut longest = 0;
    let prepare = |task: &mut Task| {
        task.work_ns = if is_long(task.number) { LONG_NS } else { SHORT_NS };
        put[task.number as usize].set(now_ns());
    };
    let settle = |task: &Task| {
        if !is_long(task.number) {
            longest = longest.max(task.began - put[task.number as usize].get());
        }
    };
    let elapsed = stream(turn.pool, turn.window, jobs, prepare, settle);
    [elapsed.as_nanos() as f64 / jobs as f64, longest as f64 / LONG_NS as f64]
}

//! Jobs that compute for a while: how much of it the hand-over costs, and whether all workers are
//! kept at work.

use super::{WORKERS, alone};
use crate::peers::{Cpus, Task, stream};
use crate::rounds::sized;
use crate::workload::{Floor, Workload, ns};

/// 1, 10 and 100 us.
pub(crate) fn all(cpus: &Cpus) -> Vec<Workload> {
    let sizes = WORKERS.into_iter().flat_map(|workers| [1, 10, 100].map(|us| (workers, us)));
    sizes.map(|(workers, us)| workload(workers, us, cpus)).collect()
}

fn workload(workers: usize, us: u64, cpus: &Cpus) -> Workload {
    // As long for any number of workers.
    let jobs = sized(20_000, 1_000) * workers.min(cpus.all().len()) as u64 / us;
    let work_ns = us * 1_000;
    Workload {
        name: format!("jobs of {us} us"),
        workers,
        window: 64,
        rounds: sized(15, 1),
        figures: vec![ns("a job")],
        run: Box::new(move |turn| {
            let prepare = |task: &mut Task| task.work_ns = work_ns;
            let elapsed = stream(turn.pool, turn.window, jobs, prepare, |_| ());
            vec![elapsed.as_nanos() as f64 / jobs as f64]
        }),
        floor: Floor::Alone(
            "the work alone",
            Box::new(move |cpus| vec![alone::divided(jobs * work_ns, workers, cpus) / jobs as f64]),
        ),
    }
}

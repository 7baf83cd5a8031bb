//! The pools of one workload, in turn.

use crate::field::{Entrant, Field, Role};
use crate::peers::{Cpus, Pool, drive};
use crate::rounds;
use crate::tasks;
use crate::workload::{Floor, Turn, Workload};

/// Values by round, for each figure.
pub(crate) type Values = Vec<Vec<f64>>;

/// What a workload measured.
pub(crate) struct Measured {
    /// Of each entrant.
    pub(crate) entrants: Vec<Values>,
    pub(crate) floor: Option<Values>,
}

/// A pool, and its threads.
type Started = (Box<dyn Pool>, Vec<String>);

/// Starts a pool. It does something, for some start their threads when they need them.
fn start(workload: &Workload, start: impl FnOnce() -> Box<dyn Pool>) -> Started {
    tasks::left_by(|| {
        let pool = start();
        drive(&*pool, workload.window, 10 * workload.window as u64);
        pool
    })
}

/// Measures all. Must be called on a thread that may run on every CPU, which it pins as the host.
pub(crate) fn measure(workload: &Workload, field: &Field, cpus: &Cpus) -> Measured {
    let start_entrant = |entrant: &Entrant| {
        start(workload, || (entrant.start)(workload.workers, workload.window, cpus))
    };
    let kept: Vec<Option<Started>> = field
        .entrants
        .iter()
        .map(|entrant| (entrant.role != Role::Reference).then(|| start_entrant(entrant)))
        .collect();
    cpus.pin_host();
    let run = |(pool, tasks): &Started, sleeps| {
        (workload.run)(&Turn { pool: &**pool, tasks, sleeps, cpus, window: workload.window })
    };
    let run_once = |started: Started, sleeps| {
        let values = run(&started, sleeps);
        started.0.stop();
        values
    };
    let has_floor = workload.floor.name().is_some();
    let count = kept.len() + usize::from(has_floor);
    let turn = |index: usize| match kept.get(index) {
        Some(Some(started)) => run(started, true),
        Some(None) => run_once(start_entrant(&field.entrants[index]), false),
        None => match &workload.floor {
            Floor::None => Vec::new(),
            Floor::Pair(pair) => {
                let started = start(workload, || (pair.start)(workload.window, cpus));
                run_once(started, pair.sleeps)
            }
            Floor::Alone(_, alone) => alone(cpus),
        },
    };
    let mut values: Vec<Values> =
        rounds::alternate(count, workload.rounds, turn).into_iter().map(by_figure).collect();
    kept.into_iter().flatten().for_each(|(pool, _)| pool.stop());
    let floor = has_floor.then(|| values.pop()).flatten();
    Measured { entrants: values, floor }
}

/// From a list of figures for each round to a list of rounds for each figure.
fn by_figure(rounds: Vec<Vec<f64>>) -> Values {
    let figures = rounds.first().map_or(0, Vec::len);
    (0..figures).map(|figure| rounds.iter().map(|round| round[figure]).collect()).collect()
}

//! What is measured of each pool: one round of a workload, and what no pool can go below.

use crate::peers::{Cpus, Pool};
use crate::tasks;
use std::time::Duration;

/// A pool at its turn.
pub(crate) struct Turn<'a> {
    pub(crate) pool: &'a dyn Pool,
    /// Its threads.
    pub(crate) tasks: &'a [String],
    /// Whether these sleep when there is nothing to do.
    pub(crate) sleeps: bool,
    pub(crate) cpus: &'a Cpus,
    pub(crate) window: usize,
}

impl Turn<'_> {
    /// Lets some time go by, and the pool fall asleep.
    pub(crate) fn rest(&self) {
        std::thread::sleep(Duration::from_micros(200));
        if self.sleeps {
            tasks::await_sleep(self.tasks);
        }
    }
}

/// What a figure counts.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Unit {
    Nanoseconds,
    /// The duration of a long job.
    LongJobs,
    /// Something that may be 0, so that it has no ratio.
    Count,
}

/// One number of a round; less is better.
#[derive(Clone, Copy)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) unit: Unit,
}

/// Nanoseconds of something.
pub(crate) const fn ns(name: &'static str) -> Figure {
    Figure { name, unit: Unit::Nanoseconds }
}

/// One round with a pool: a value for each figure.
pub(crate) type Run = Box<dyn Fn(&Turn<'_>) -> Vec<f64> + Sync>;

/// One round without.
pub(crate) type RunAlone = Box<dyn Fn(&Cpus) -> Vec<f64> + Sync>;

/// What the same takes without a pool.
pub(crate) enum Floor {
    None,
    Pair(Pair),
    /// The work alone; NaN for a figure that it does not have.
    Alone(&'static str, RunAlone),
}

/// Two threads that do no more than hand over. Started for each round.
pub(crate) struct Pair {
    pub(crate) name: &'static str,
    pub(crate) sleeps: bool,
    pub(crate) start: fn(usize, &Cpus) -> Box<dyn Pool>,
}

impl Floor {
    pub(crate) fn name(&self) -> Option<&'static str> {
        match self {
            Floor::None => None,
            Floor::Pair(pair) => Some(pair.name),
            Floor::Alone(name, _) => Some(name),
        }
    }
}

/// A workload on so many workers.
pub(crate) struct Workload {
    pub(crate) name: String,
    pub(crate) workers: usize,
    pub(crate) window: usize,
    pub(crate) rounds: usize,
    pub(crate) figures: Vec<Figure>,
    pub(crate) run: Run,
    pub(crate) floor: Floor,
}

//! The workloads, each with its sizes.

mod alone;
mod bursts;
mod host_step;
mod idle;
mod latency;
mod no_op;
mod producers;
mod timed_jobs;
mod uneven;

use crate::peers::Cpus;
use crate::workload::Workload;

/// All of them, in the order of the table.
pub(crate) fn all(cpus: &Cpus) -> Vec<Workload> {
    [
        no_op::singles(),
        no_op::batches(),
        timed_jobs::all(cpus),
        uneven::all(),
        producers::all(),
        bursts::all(),
        latency::all(),
        idle::all(),
        host_step::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// More than there are cores, too.
const WORKERS: [usize; 4] = [1, 2, 4, 8];

//! One job at a time, while everybody sleeps.

use crate::ours::{Kind, Ours, config};
use crate::partners::{self, Piped, RawPair, Script};
use crate::peers::Cpus;
use crate::rounds::{self, quantile, ratio, sized};
use crate::tasks::{self, sleeper};
use crate::{BYTES, PART};
use jobexec::Config;
use std::cell::RefCell;

pub(crate) fn run(cpus: &Cpus, script: &mut RefCell<Option<Script>>) {
    let script = &*script;
    let spin = config(1, 4, cpus);
    let no_spin = Config { spin_ns: 0, ..spin.clone() };
    let start = |kind, config| Ours::start(kind, config).unwrap();
    let ours = [
        ("processes, no spin", start(Kind::Processes, &no_spin)),
        ("processes, default spin", start(Kind::Processes, &spin)),
        ("threads, no spin", start(Kind::Threads, &no_spin)),
        ("threads, default spin", start(Kind::Threads, &spin)),
    ];
    let (raw, raw_tasks) = tasks::left_by(|| RawPair::start(0, cpus.worker(0)));
    let (pipe, pipe_tasks) = tasks::left_by(|| Piped::start(BYTES, BYTES, cpus.worker(0)));
    cpus.pin_host();

    let mut contestants = vec![
        sleeper("futex pair", &raw_tasks, || _ = raw.hand_over(0)),
        sleeper("pipe", &pipe_tasks, || pipe.round_trip()),
    ];
    for (name, ours) in &ours {
        contestants.push(sleeper(name, &ours.tasks, || ours.round_trip()));
    }
    contestants.extend(partners::pool("multiprocessing.Pool", script, PART, |n| {
        ("pool_round_trip", vec![n, BYTES as u64])
    }));

    let (rounds, samples) = sized((25, 100), (9, 10));
    let ns = rounds::in_turn(&mut contestants, rounds * samples, 1);
    let of_rounds = |row: &[f64], part| -> Vec<f64> {
        row.chunks(samples).map(|round| quantile(round, part)).collect()
    };
    let heads = ["", "p50 us", "p99 us", "p50 / futex pair", "p99 / futex pair", "p50 / pipe"];
    let mut table = vec![heads.map(String::from).to_vec()];
    for (row, contestant) in ns.iter().zip(&contestants) {
        let us = |part| format!("{:.1}", quantile(row, part) / 1e3);
        let over = |part, peer: usize| ratio(&of_rounds(row, part), &of_rounds(&ns[peer], part));
        let cells = [us(0.5), us(0.99), over(0.5, 0), over(0.99, 0), over(0.5, 1)];
        table.push([vec![contestant.name.to_owned()], cells.to_vec()].concat());
    }
    let title = format!(
        "process_rtt: one job of 1 KiB, everybody asleep, 1 worker; ratios (below 1: the row is \
         faster) as median (10th..90th percentile) of {rounds} rounds of {samples} samples"
    );
    rounds::print(&title, &table);
    ours.iter().for_each(|(_, ours)| ours.check());
}

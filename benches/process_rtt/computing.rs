//! Jobs that compute, 64 in flight: what workers take over the work alone, as processes and as
//! threads. Of uneven ones 1 % takes 2 ms, the others 10 us. Where the workers take all CPUs, everybody
//! shares these: host, threads and processes.

use crate::alone;
use crate::ours::{Kind, Ours, config};
use crate::partners::Script;
use crate::peers::Cpus;
use crate::rounds::{self, Contestant, median, ratio, sized};
use std::cell::RefCell;
use std::time::Duration;

const WINDOW: usize = 64;

struct Jobs {
    name: &'static str,
    work_ns: fn(u64) -> u64,
    count: (u64, u64),
}

fn uneven_ns(number: u64) -> u64 {
    if number % 100 == 50 { 2_000_000 } else { 10_000 }
}

pub(crate) fn run(cpus: &Cpus, _: &mut RefCell<Option<Script>>) {
    let all = [
        Jobs { name: "10 us", work_ns: |_| 10_000, count: (2_000, 100) },
        Jobs { name: "100 us", work_ns: |_| 100_000, count: (400, 10) },
        Jobs { name: "uneven", work_ns: uneven_ns, count: (2_000, 100) },
    ];
    let heads = ["", "us a job", "/ the work alone", "/ threads"];
    let mut table = vec![heads.map(String::from).to_vec()];
    let rounds = sized(15, 2);
    for workers in [1, 2, 4] {
        for jobs in &all {
            // On a thread of its own: see `main`.
            let rows = || rows(jobs, workers, rounds, cpus);
            let rows = std::thread::scope(|scope| scope.spawn(rows).join().unwrap());
            table.extend(rows);
        }
    }
    let title = format!(
        "process_rtt: jobs that compute, {WINDOW} in flight; ratios (below 1: the row is faster) as \
         median (10th..90th percentile) of {rounds} rounds"
    );
    rounds::print(&title, &table);
}

fn rows(jobs: &Jobs, workers: usize, rounds: usize, cpus: &Cpus) -> [Vec<String>; 2] {
    let Jobs { name, work_ns, count } = *jobs;
    let config = config(workers, WINDOW, cpus);
    let start = |kind| Ours::start(kind, &config).unwrap().computing(work_ns);
    let (threads, processes) = (start(Kind::Threads), start(Kind::Processes));
    let without = |jobs| {
        let total = (0..jobs).map(work_ns).sum();
        Duration::from_nanos(alone::divided(total, workers, cpus) as u64)
    };
    let mut contestants = [
        Contestant::new("the work alone", without),
        threads.streamer("threads", WINDOW),
        processes.streamer("processes", WINDOW),
    ];
    cpus.pin_host();
    // Each process finds out first how fast it computes.
    rounds::in_turn(&mut contestants, 1, WINDOW as u64);
    let ns = rounds::in_turn(&mut contestants, rounds, sized(count.0, count.1));
    [1, 2].map(|at| {
        let (row, kind) = (&ns[at], contestants[at].name);
        let cells = [format!("{name}, {kind}: {workers}"), format!("{:.2}", median(row) / 1e3)];
        [cells, [ratio(row, &ns[0]), ratio(row, &ns[1])]].concat()
    })
}

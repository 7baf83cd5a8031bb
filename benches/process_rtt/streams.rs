//! Many jobs in flight: native workers, and workers in Python.

use crate::ours::{Kind, Ours, config};
use crate::partners::{self, Piped, Script};
use crate::peers::Cpus;
use crate::rounds::{self, Contestant, median, ratio, sized};
use crate::{BYTES, PART};
use jobexec::Config;
use std::cell::RefCell;

pub(crate) fn one_worker(cpus: &Cpus, script: &mut RefCell<Option<Script>>) {
    let script = &*script;
    let windows = [4, 64, 1024];
    let start = |kind, timing| {
        let config = |window| Config { timing, ..config(1, window, cpus) };
        windows.map(|window| Ours::start(kind, &config(window)).unwrap())
    };
    let (processes, untimed) = (start(Kind::Processes, true), start(Kind::Processes, false));
    let threads = start(Kind::Threads, true);
    let pipe = &Piped::start(BYTES, BYTES, cpus.worker(0));
    cpus.pin_host();
    let kib = BYTES as u64;
    let mut python = Vec::new();
    python
        .extend(partners::pool("Pool.imap", script, PART, |n| ("pool_stream", vec![n, kib, 1, 1])));
    python.extend(partners::pool("Pool.imap, chunks of 64", script, PART, |n| {
        ("pool_stream", vec![n, kib, 1, 64])
    }));
    python.extend(partners::pool("torch DataLoader", script, 10 * PART, |n| {
        ("loader_stream", vec![n, kib, 1])
    }));

    let (rounds, jobs) = sized((21, 20_000), (7, 2_000));
    let heads = ["", "ns a job", "jobs/s", "/ threads", "/ pipe", "wakes, sleeps in 1,000 jobs"];
    let mut table = vec![heads.map(String::from).to_vec()];
    for (at, &window) in windows.iter().enumerate() {
        let ours = [
            ("threads", &threads[at]),
            ("processes", &processes[at]),
            ("processes, timing off", &untimed[at]),
        ];
        let mut contestants: Vec<Contestant<'_>> =
            ours.iter().map(|(name, ours)| ours.streamer(name, window)).collect();
        contestants.push(Contestant::new("pipe", move |n| pipe.stream(window as u64, n, |_| ())));
        let first_python = contestants.len();
        if window == 64 {
            contestants.append(&mut python);
        }
        let ns = rounds::in_turn(&mut contestants, rounds, jobs);
        for (index, (row, contestant)) in ns.iter().zip(&contestants).enumerate() {
            let name = if index < first_python {
                format!("window {window}, {}", contestant.name)
            } else {
                contestant.name.to_owned()
            };
            let sleeps = ours.get(index).map_or("-".to_owned(), |(_, ours)| ours.sleeps());
            table.push(stream_row(name, row, [&ns[0], &ns[3]], sleeps));
        }
    }
    let title = format!(
        "process_rtt: jobs of 1 KiB in a stream, 1 worker; ratios (below 1: the row is faster) as \
         median (10th..90th percentile) of {rounds} rounds of {jobs} jobs"
    );
    rounds::print(&title, &table);
}

fn stream_row(name: String, ns: &[f64], peers: [&Vec<f64>; 2], sleeps: String) -> Vec<String> {
    let middle = median(ns);
    let cells = [format!("{middle:.0}"), format!("{:.0}", 1e9 / middle)];
    [vec![name], cells.to_vec(), peers.map(|peer| ratio(ns, peer)).to_vec(), vec![sleeps]].concat()
}

pub(crate) fn two_workers(cpus: &Cpus, script: &mut RefCell<Option<Script>>) {
    let script = &*script;
    let window = 64;
    let mut kinds = vec![("2 native workers", Kind::Processes)];
    if script.borrow().is_some() {
        kinds.push(("2 in Python, ask", Kind::Asking));
        kinds.push(("2 in Python, are called", Kind::Called));
    }
    let start = |kind| Ours::start(kind, &config(2, window, cpus)).unwrap();
    let ours: Vec<(_, Ours)> = kinds.into_iter().map(|(name, kind)| (name, start(kind))).collect();
    cpus.pin_host();
    let pool = |chunk| move |n| ("pool_stream", vec![n, BYTES as u64, 2, chunk]);
    let mut contestants: Vec<Contestant<'_>> =
        ours.iter().map(|(name, ours)| ours.streamer(name, window)).collect();
    contestants.extend(partners::pool("Pool(2).imap", script, PART, pool(1)));
    contestants.extend(partners::pool("Pool(2).imap, chunks of 64", script, PART, pool(64)));
    let (rounds, jobs) = sized((21, 20_000), (7, 2_000));
    let ns = rounds::in_turn(&mut contestants, rounds, jobs);
    let nobody = vec![f64::NAN; rounds]; // Where there is no pool.
    let [one, chunked] = [3, 4].map(|at| ns.get(at).unwrap_or(&nobody));
    let heads =
        ["", "ns a job", "jobs/s", "/ Pool", "/ Pool, chunks", "wakes, sleeps in 1,000 jobs"];
    let mut table = vec![heads.map(String::from).to_vec()];
    for (index, (row, contestant)) in ns.iter().zip(&contestants).enumerate() {
        let sleeps = ours.get(index).map_or("-".to_owned(), |(_, ours)| ours.sleeps());
        table.push(stream_row(contestant.name.to_owned(), row, [one, chunked], sleeps));
    }
    let title = format!(
        "process_rtt: the same with 2 workers, window {window}; {rounds} rounds of {jobs} jobs"
    );
    rounds::print(&title, &table);
}

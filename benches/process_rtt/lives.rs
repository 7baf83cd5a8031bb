//! How soon a worker that died is back, and how long a close takes.

use crate::ours::{Kind, Ours, config};
use crate::partners::{RawPair, Script};
use crate::peers::{Cpus, PATIENCE, now_ns};
use crate::rounds::{self, Contestant, quantile, ratio, sized};
use crate::{BYTES, DIE, tasks};
use jobexec::Outcome;
use std::cell::RefCell;
use std::time::{Duration, Instant};

pub(crate) fn run(cpus: &Cpus, _: &mut RefCell<Option<Script>>) {
    let ours = Ours::start(Kind::Processes, &config(1, 4, cpus)).unwrap();
    let cpu = cpus.worker(0);
    let restart = || {
        let dead = ours.one(DIE);
        let died =
            u64::from_le_bytes(*dead.buffer.as_ref().unwrap().header().first_chunk().unwrap());
        assert_eq!(dead.outcome, Outcome::Crashed);
        drop(dead);
        assert_eq!(ours.one(1).outcome, Outcome::Done);
        Duration::from_nanos(now_ns() - died)
    };
    let mut pair = RawPair::start(BYTES, cpu);
    let start_again = || {
        let start = Instant::now();
        pair.start_again(cpu);
        start.elapsed()
    };
    let close = |kind| {
        let ours = Ours::start(kind, &config(2, 4, cpus)).unwrap();
        (0..10).for_each(|_| ours.round_trip());
        tasks::await_sleep(&ours.tasks);
        let start = Instant::now();
        ours.executor.close(PATIENCE).unwrap();
        start.elapsed()
    };
    let end = || {
        let pairs = [0, 1].map(|worker| RawPair::start(0, cpus.worker(worker)));
        tasks::await_sleep(&pairs.each_ref().map(RawPair::task));
        let start = Instant::now();
        drop(pairs);
        start.elapsed()
    };
    let mut restarts = [
        Contestant::each("a worker dies, until the next job is done", restart),
        Contestant::each("a partner killed, started again, and its answer", start_again),
    ];
    let mut closes = [
        Contestant::each("close, 2 idle processes", || close(Kind::Processes)),
        Contestant::each("close, 2 idle threads", || close(Kind::Threads)),
        Contestant::each("2 partners killed", end),
    ];
    let rounds = sized(51, 11);
    let heads = ["", "ms", "p90 ms", "/ last row", "/ threads"];
    let mut table = vec![heads.map(String::from).to_vec()];
    for contestants in [&mut restarts[..], &mut closes[..]] {
        let ns = rounds::in_turn(contestants, rounds, 1);
        for (row, contestant) in ns.iter().zip(contestants.iter()) {
            let ms = |part| format!("{:.2}", quantile(row, part) / 1e6);
            let threads = ns.get(1).filter(|_| ns.len() == 3);
            let over_threads = threads.map_or("-".to_owned(), |threads| ratio(row, threads));
            let over_last = ratio(row, &ns[ns.len() - 1]);
            table.push(vec![contestant.name.to_owned(), ms(0.5), ms(0.9), over_last, over_threads]);
        }
    }
    let title = format!(
        "process_rtt: restart and close; ratios (below 1: the row is faster) as median (10th..90th \
         percentile) of {rounds} rounds"
    );
    rounds::print(&title, &table);
}

//! What the kernel says of threads, of this process or another.

#![allow(dead_code, unused_imports)] // Each bench uses a part.

mod sleeper;

pub(crate) use sleeper::sleeper;

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

/// The threads of this process, and the processes that it started.
fn all() -> BTreeSet<String> {
    let names = |folder| {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap())
    };
    let own = std::process::id().to_string();
    let is_child = |process: &String| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let mut after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest).split(' ');
        after_name.nth(1) == Some(&own)
    };
    names("/proc/self/task").chain(names("/proc").filter(is_child)).collect()
}

/// The threads and processes that `start` leaves behind.
pub(crate) fn left_by<R>(start: impl FnOnce() -> R) -> (R, Vec<String>) {
    let before = all();
    let started = start();
    (started, all().difference(&before).cloned().collect())
}

/// Waits until every one of them sleeps in the kernel.
pub(crate) fn await_sleep(tasks: &[String]) {
    while !tasks.iter().all(|task| sleeps(task)) {
        std::thread::sleep(Duration::from_micros(50));
    }
}

fn sleeps(task: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{task}/task/{task}/stat")).unwrap();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'))
}

/// How often they gave up their CPU by themselves: a sleeper that is not woken does not.
pub(crate) fn voluntary_switches(tasks: &[String]) -> u64 {
    let of = |task: &String| {
        let status = fs::read_to_string(format!("/proc/{task}/task/{task}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.unwrap().trim().parse::<u64>().unwrap()
    };
    tasks.iter().map(of).sum()
}

/// How long they were on a CPU.
pub(crate) fn cpu_ns(tasks: &[String]) -> u64 {
    let of = |task: &String| {
        let stat = fs::read_to_string(format!("/proc/{task}/task/{task}/schedstat")).unwrap();
        stat.split(' ').next().unwrap().parse::<u64>().unwrap()
    };
    tasks.iter().map(of).sum()
}

//! Where it was measured.

use crate::floors::{self, FutexPair, Stream};
use crate::peers::{self, Cpus};
use crate::rounds::{Spread, alternate, sized};
use serde_json::{Value, json};
use std::fs;
use std::process::Command;
use std::time::Instant;

/// The machine's cores, kernel and compilers.
pub(crate) fn facts(cpus: &Cpus) -> Value {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split_once(": ")).map(|(_, name)| name);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    json!({
        "architecture": std::env::consts::ARCH,
        "cpu": model,
        "cores": cpus.all().len(),
        "kernel": kernel.trim(),
        "rust": version("RUSTC", "rustc"),
        "cpp": version("CXX", "c++"),
    })
}

/// What a compiler says that it is.
fn version(variable: &str, default: &str) -> Option<String> {
    let command = std::env::var(variable).unwrap_or_else(|_| default.to_owned());
    let mut words = command.split_whitespace();
    let output = Command::new(words.next()?).args(words).arg("--version").output().ok()?;
    String::from_utf8(output.stdout).ok()?.lines().next().map(str::to_owned)
}

/// A floor, in its unit.
pub(crate) struct Floor {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) spread: Spread,
}

/// What the machine takes for what a hand-over is made of. Pins the calling thread as the host.
pub(crate) fn floors(cpus: &Cpus) -> Vec<Floor> {
    cpus.pin_host();
    let pair = FutexPair::start(cpus.worker(0));
    let trips = sized(10_000, 500);
    let futexes = || {
        let start = Instant::now();
        (0..trips).for_each(|_| pair.round_trip());
        start.elapsed().as_nanos() as f64 / trips as f64
    };
    let lines = || floors::cache_lines(cpus.worker(0), trips).as_nanos() as f64 / trips as f64;
    let stream = |window| {
        let pool = Box::new(Stream::start(window, cpus));
        let ns = peers::drive(&*pool, window, trips).as_nanos() as f64 / trips as f64;
        peers::Pool::stop(pool);
        ns
    };
    let mut words = vec![1; sized(8 << 20, 1 << 20)];
    let mut write = || {
        let bytes = size_of_val(&*words) as f64;
        bytes / floors::write_memory(&mut words, 2).as_nanos() as f64
    };
    let windows = [4, 64, 1024];
    let mut names = vec![
        ("cache lines, there and back".to_owned(), "ns"),
        ("futexes, there and back".to_owned(), "ns"),
        ("memory written by one thread".to_owned(), "GB/s"),
    ];
    names.extend(windows.map(|window| (format!("SPSC stream, window {window}"), "ns a task")));
    let values = alternate(names.len(), sized(15, 1), |index| match index {
        0 => lines(),
        1 => futexes(),
        2 => write(),
        _ => stream(windows[index - 3]),
    });
    let floor = |((name, unit), values): ((String, _), Vec<f64>)| Floor {
        name,
        unit,
        spread: Spread::of(&values),
    };
    names.into_iter().zip(values).map(floor).collect()
}

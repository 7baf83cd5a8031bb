//! This executor beside its peers, all at the same work: the host puts tasks, pinned workers call
//! a C callback, results come back through a bounded queue, and who waits sleeps. One table of
//! ratios; the same as JSON and as a plot in `target/compare`, or where `JOBEXEC_COMPARE_DIR` says.
//!
//! Names of workloads, or parts of them, and `--peers` with a list narrow it:
//! `cargo bench --bench compare -- no-op --peers crossbeam,rayon`.

mod arguments;
mod field;
#[path = "../floors/mod.rs"]
mod floors;
mod machine;
mod measure;
#[path = "../peers/mod.rs"]
mod peers;
mod plot;
mod report;
#[path = "../rounds/mod.rs"]
mod rounds;
mod row;
mod table;
#[path = "../tasks/mod.rs"]
mod tasks;
mod workload;
mod workloads;

use arguments::Arguments;
use field::Field;
use peers::Cpus;
use row::Row;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// A workload that takes longer hangs: the waits of others have no deadline.
const LIMIT: Duration = Duration::from_secs(180);

fn main() {
    let arguments = Arguments::read();
    let cpus = Cpus::read();
    let all = workloads::all(&cpus);
    peers::work(1); // Measures how fast this machine computes, while nothing else runs.
    let field = Field::gather(&arguments);
    let names: Vec<_> = all.iter().map(|workload| &workload.name).collect();
    arguments.check(&field.names(), &names);
    let floors = on_a_thread("floors", || machine::floors(&cpus));
    let chosen: Vec<_> = all.iter().filter(|w| arguments.wants_workload(&w.name)).collect();
    let mut rows: Vec<Row> = Vec::new();
    for (index, workload) in chosen.iter().enumerate() {
        let (name, workers) = (&workload.name, workload.workers);
        eprintln!("{} of {}: {name}, {workers} workers", index + 1, chosen.len());
        let measured = on_a_thread(name, || measure::measure(workload, &field, &cpus));
        rows.extend(row::rows(workload, &measured, &field));
    }
    table::print(&rows, &field);
    println!();
    for floor in &floors {
        println!("floor: {}: {} {}", floor.name, floor.spread, floor.unit);
    }
    let folder = folder();
    std::fs::create_dir_all(&folder).unwrap();
    let report = report::json(&rows, &field, machine::facts(&cpus), &floors);
    std::fs::write(folder.join("compare.json"), format!("{report:#}\n")).unwrap();
    std::fs::write(folder.join("compare.svg"), plot::svg(&rows, &field)).unwrap();
    println!("written: {}", folder.display());
}

/// Does it on a thread of its own, for executors are started by one that may run anywhere, and the
/// host is pinned.
fn on_a_thread<R: Send>(name: &str, run: impl FnOnce() -> R + Send) -> R {
    let (sender, receiver) = channel();
    std::thread::scope(|scope| {
        scope.spawn(move || sender.send(run()).unwrap());
        match receiver.recv_timeout(LIMIT) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Disconnected) => panic!("{name} failed"),
            Err(RecvTimeoutError::Timeout) => {
                eprintln!("{name} hangs");
                std::process::exit(1)
            }
        }
    })
}

/// Where results are written.
fn folder() -> PathBuf {
    match std::env::var_os("JOBEXEC_COMPARE_DIR") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("compare"),
    }
}

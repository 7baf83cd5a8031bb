//! The counting: the program is compiled, run under callgrind, and its dumps are read.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

const JOBS: u64 = 1000;
/// What takes longer has failed; in seconds.
const PATIENCE: &str = "120";

/// A row's name, and instructions a job.
pub(crate) type Count = (String, f64);

/// Whether there is valgrind.
pub(crate) fn is_installed() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok()
}

/// Counts all rows, with jobs that fail if `planted`.
pub(crate) fn count(planted: bool) -> Vec<Count> {
    // The library that was built with this program lies beside it.
    let this = env::current_exe().unwrap();
    let library = this.parent().unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("instructions");
    _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let (program, dumps) = (folder.join("program"), folder.join("dump"));

    let mut compile = Command::new(env::var_os("CXX").unwrap_or("c++".into()));
    compile.args(["-O2", "-std=c++17", "-pthread", "-Iinclude", "-o"]).arg(&program);
    compile.args(["benches/instructions/program.cpp", "-ljobexec", "-Wl,-z,now"]);
    compile.arg("-L").arg(library);
    assert!(compile.status().unwrap().success(), "{compile:?}");

    let mut run = Command::new("timeout");
    run.env("LD_LIBRARY_PATH", library);
    run.args([PATIENCE, "valgrind", "--quiet", "--tool=callgrind", "--collect-atstart=no"]);
    run.arg(format!("--callgrind-out-file={}", dumps.display()));
    run.arg(&program).args([JOBS, planted.into()].map(|number| number.to_string()));
    assert!(run.status().unwrap().success(), "{run:?}");

    let rows =
        (1..).map_while(|part| fs::read_to_string(format!("{}.{part}", dumps.display())).ok());
    let mut rows = rows.map(|dump| read(&dump));
    let (_, around) = rows.next().expect("the program counts its loop first");
    // A worker's loop is the library's own.
    let subtract =
        |(name, count): Count| match name.contains("worker,") || name.contains("worker many") {
            true => (name, count),
            false => (name, count - around),
        };
    rows.map(subtract).collect()
}

fn read(dump: &str) -> Count {
    let after = |key| dump.lines().find_map(|line| line.strip_prefix(key)).unwrap();
    let total: u64 = after("totals: ").parse().unwrap();
    (after("desc: Trigger: Client Request: ").to_owned(), total as f64 / JOBS as f64)
}

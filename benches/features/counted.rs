//! What it costs to count how long jobs take. No option switches that alone: it comes with the
//! times of jobs. So this bench is built a second time, where nothing is counted, and the two
//! programs run in turn, many times each, for where their memory lies makes a difference too.

use crate::peers::Cpus;
use crate::rounds::{self, median};
use crate::{PLAIN, Setup};
use serde_json::Value;
use std::process::{Command, Stdio};

/// What one of the two programs is called with.
pub(crate) const OPTION: &str = "--measure";

const ROUNDS: usize = 5;
const JOBS: u64 = 10_000;
const RUNS: usize = 21;

/// Prints how many nanoseconds a job takes at each size, a line each.
pub(crate) fn measure(cpus: &Cpus) {
    let setups = Setup::all(cpus, || vec![PLAIN]);
    cpus.pin_host();
    for setup in &setups {
        println!("{}", median(&rounds::in_turn(&mut setup.contestants(), ROUNDS, JOBS)[0]));
    }
}

/// Runs the two programs, and the first again, so that it shows how much is noise.
pub(crate) fn compare(cpus: &Cpus) {
    let counted = std::env::current_exe().expect("a program knows where it is");
    let counted = counted.to_str().expect("a path that can be printed");
    let uncounted = build();
    let programs = [uncounted.as_str(), counted, counted];
    let runs = rounds::alternate(programs.len(), RUNS, |index| run(programs[index]));
    let mut table = vec![["", "", "ns a job", "/ uncounted"].map(String::from).to_vec()];
    for (size, setup) in Setup::all(cpus, Vec::new).iter().enumerate() {
        let ns: Vec<Vec<f64>> =
            runs.iter().map(|runs| runs.iter().map(|sizes| sizes[size]).collect()).collect();
        for (name, own) in ["uncounted", "counted", "counted again"].iter().zip(&ns) {
            let time = format!("{:.0}", median(own));
            table.push(vec![setup.size(), name.to_string(), time, rounds::ratio(own, &ns[0])]);
        }
    }
    let title = format!(
        "features: put_poll with times counted over without, as median (10th..90th percentile) of \
         {RUNS} runs of {ROUNDS} rounds of {JOBS} jobs"
    );
    rounds::print(&title, &table);
}

/// Builds this bench with nothing counted. Answers where it is.
fn build() -> String {
    let cargo = std::env::var("CARGO").unwrap_or("cargo".to_owned());
    let words = "bench --locked --bench features --no-run --message-format json \
                 --target-dir target/uncounted";
    let output = Command::new(cargo)
        .args(words.split_whitespace())
        .env("JOBEXEC_CONTROL", "uncounted")
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo can be run");
    assert!(output.status.success(), "the other bench was not built");
    let messages = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "features")
        .find_map(|message| message["executable"].as_str().map(str::to_owned))
        .expect("cargo says what it built")
}

/// What one of the programs measures, at each size.
fn run(program: &str) -> Vec<f64> {
    let output = Command::new(program).args(["--bench", OPTION]).output().expect("it can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("numbers");
    lines.lines().map(|line| line.parse().expect("a number")).collect()
}

//! Instructions a job, counted by callgrind: the same in every run, on a busy machine too, so that
//! what was made slower by a few instructions is noticed. They are no times: a miss of the cache
//! and a wake-up count nothing, and clocks are read by a system call here.
//!
//! `-- --accept` makes these counts the baseline. `-- --plant` has the jobs fail, which costs more:
//! then this must fail too. Without valgrind nothing is counted, which is an error where `CI` is
//! set.

mod baseline;
mod callgrind;
#[path = "../rounds/mod.rs"]
mod rounds;

use baseline::{Baseline, Verdict};
use std::process::ExitCode;

fn main() -> ExitCode {
    let is_asked = |option| std::env::args().any(|argument| argument == option);
    if !is_asked("--bench") {
        println!("instructions: only `cargo bench` builds what is counted");
        return ExitCode::SUCCESS;
    }
    if !callgrind::is_installed() {
        println!("instructions: not counted, for valgrind is not installed");
        return ExitCode::from(u8::from(std::env::var_os("CI").is_some()));
    }
    let counts = callgrind::count(is_asked("--plant"));
    if is_asked("--accept") {
        Baseline::write(&counts);
    }
    let Some(baseline) = Baseline::read() else {
        println!("instructions: no baseline for this architecture; see --accept");
        return ExitCode::SUCCESS;
    };

    let mut fails = false;
    let mut table = vec![["", "instructions", "accepted", "growth", ""].map(String::from).to_vec()];
    for row in &counts {
        let verdict = baseline.judge(row);
        fails |= matches!(verdict, Verdict::Grew | Verdict::New);
        let said = match verdict {
            Verdict::Holds => "",
            Verdict::Grew => "grew",
            Verdict::Shrank => "shrank: the baseline should be lowered",
            Verdict::New => "is not in the baseline",
        };
        let (name, count) = row;
        let (accepted, growth) = match baseline.of(name) {
            Some(accepted) => {
                let percent = (count / accepted - 1.0) * 100.0;
                (format!("{accepted:.1}"), format!("{percent:+.1} %"))
            }
            None => ("-".to_owned(), "-".to_owned()),
        };
        table.push(vec![name.clone(), format!("{count:.1}"), accepted, growth, said.to_owned()]);
    }
    rounds::print("instructions: a job's, counted by callgrind", &table);
    for name in baseline.lost(&counts) {
        println!("{name} is in the baseline, but was not counted");
        fails = true;
    }
    let compiler = baseline::compiler();
    if compiler != baseline.compiler {
        println!("the baseline is of {}, this is {compiler}", baseline.compiler);
    }
    if fails {
        println!("to accept these counts: cargo bench --bench instructions -- --accept");
    }
    ExitCode::from(u8::from(fails))
}

//! Calls of the C interface from several threads, in random order with random arguments. Scripts
//! are drawn from bytes; one that fails is cut down to a small one, which is printed.
//!
//! `JOBEXEC_CALLS_SECONDS` is how long each kind of worker is played with. The corpus holds what the
//! coverage-guided fuzzer found (ffi-tests/fuzz); it is played first.

mod deeds;
mod ledger;
mod model;
mod play;
mod polls;
mod puts;
mod questions;
mod script;

use play::play;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};
use script::{Kind, Script};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    deeds::serve_if_worker();
    let seconds = std::env::var("JOBEXEC_CALLS_SECONDS").map_or(5, |text| text.parse().unwrap());
    let kinds = [Kind::Threads, Kind::Processes];
    let fails = kinds.into_iter().any(|kind| {
        let found = corpus(kind).err().or_else(|| search(kind, Duration::from_secs(seconds)).err());
        found.inspect(|text| println!("{kind:?}: {text}")).is_some()
    });
    ExitCode::from(u8::from(fails))
}

/// Plays what is kept: a script a line, in hexadecimal.
fn corpus(kind: Kind) -> Result<(), String> {
    let path = format!("ffi-tests/calls/corpus/{kind:?}.hex").to_lowercase();
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    for (number, line) in text.lines().enumerate() {
        let digits = |at| u8::from_str_radix(&line[at..at + 2], 16);
        let bytes: Result<Vec<u8>, _> = (0..line.len()).step_by(2).map(digits).collect();
        let bytes = bytes.map_err(|error| format!("{path}:{}: {error}", number + 1))?;
        attempt(&bytes, kind).map_err(|error| format!("{path}:{}: {error}", number + 1))?;
    }
    println!("{kind:?}: {} kept scripts", text.lines().count());
    Ok(())
}

/// Plays new ones for a while. The seed is the same each time.
fn search(kind: Kind, time: Duration) -> Result<(), String> {
    let end = Instant::now() + time;
    let mut count = 0;
    for seed in 0.. {
        let config = Config {
            cases: 20,
            failure_persistence: None,
            max_shrink_time: 60_000,
            rng_seed: RngSeed::Fixed(seed),
            ..Config::default()
        };
        let result = TestRunner::new(config).run(&vec(any::<u8>(), 0..400), |bytes| {
            attempt(&bytes, kind).map_err(TestCaseError::fail)
        });
        count += 20;
        if let Err(TestError::Fail(why, bytes)) = result {
            return Err(format!("{why}\n{bytes:?}\n{:?}", Script::read(&bytes, kind)));
        }
        if Instant::now() > end {
            break;
        }
    }
    println!("{kind:?}: {count} new scripts");
    Ok(())
}

/// What panicked, if something did.
fn attempt(bytes: &[u8], kind: Kind) -> Result<(), String> {
    let script = Script::read(bytes, kind);
    catch_unwind(AssertUnwindSafe(|| play(&script))).map_err(|what| {
        let text = what.downcast_ref::<String>().cloned();
        text.or_else(|| what.downcast_ref::<&str>().map(|text| text.to_string()))
            .unwrap_or_default()
    })
}

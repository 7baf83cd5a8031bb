//! The counts that were accepted, a file for each architecture: the compiler in the first line,
//! then a count and its row in each.

use crate::callgrind::Count;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// By what part a row may grow.
const SLACK: f64 = 0.1;

pub(crate) struct Baseline {
    pub(crate) compiler: String,
    counts: Vec<Count>,
}

#[derive(PartialEq)]
pub(crate) enum Verdict {
    Holds,
    Grew,
    Shrank,
    /// The row is not in the baseline.
    New,
}

impl Baseline {
    pub(crate) fn read() -> Option<Baseline> {
        let text = fs::read_to_string(path()).ok()?;
        let mut lines = text.lines();
        let compiler = lines.next()?.to_owned();
        let row = |line: &str| {
            let (count, name) = line.trim_start().split_once("  ").expect("a count and a row");
            (name.to_owned(), count.parse().expect("a count"))
        };
        Some(Baseline { compiler, counts: lines.map(row).collect() })
    }

    pub(crate) fn write(counts: &[Count]) {
        let row = |(name, count): &Count| format!("{count:7.1}  {name}\n");
        let rows: String = counts.iter().map(row).collect();
        fs::write(path(), format!("{}\n{rows}", compiler())).unwrap();
    }

    /// The accepted count of a row.
    pub(crate) fn of(&self, name: &str) -> Option<f64> {
        self.counts.iter().find(|(row, _)| row == name).map(|(_, count)| *count)
    }

    pub(crate) fn judge(&self, (name, count): &Count) -> Verdict {
        match self.of(name) {
            None => Verdict::New,
            Some(accepted) if *count > accepted * (1.0 + SLACK) => Verdict::Grew,
            Some(accepted) if *count < accepted * (1.0 - SLACK) => Verdict::Shrank,
            Some(_) => Verdict::Holds,
        }
    }

    /// Rows that are no longer counted.
    pub(crate) fn lost(&self, counts: &[Count]) -> Vec<&str> {
        let is_lost = |name: &&str| counts.iter().all(|(row, _)| row != name);
        self.counts.iter().map(|(name, _)| name.as_str()).filter(is_lost).collect()
    }
}

/// Cargo's compiler, on which counts depend.
pub(crate) fn compiler() -> String {
    let version = Command::new("rustc").arg("--version").output().unwrap();
    String::from_utf8(version.stdout).unwrap().trim().to_owned()
}

fn path() -> PathBuf {
    PathBuf::from(format!("benches/instructions/baseline-{}.txt", std::env::consts::ARCH))
}

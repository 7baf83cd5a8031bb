//! Python's pools, in a script that is asked to run them.

use crate::rounds::Contestant;
use std::cell::RefCell;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// The script that runs Python's pools. It is told what to run and answers with its time.
pub(crate) struct Script {
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    script: Child,
}

/// The interpreter: `PYTHON`, or python3.
pub(crate) fn python() -> OsString {
    std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into())
}

/// A file that lies beside the benches.
pub(crate) fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches").join(name)
}

impl Script {
    /// `None` if there is no Python, which is said.
    pub(crate) fn start(host_cpu: usize, worker_cpus: &[usize]) -> Option<Script> {
        let mut command = Command::new(python());
        command.arg("-B").arg(beside("pools.py")).arg(host_cpu.to_string());
        command.args(worker_cpus.iter().map(usize::to_string));
        match command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() {
            Ok(mut script) => {
                let (to, from) = (script.stdin.take().unwrap(), script.stdout.take().unwrap());
                Some(Script { to: Some(to), from: BufReader::new(from), script })
            }
            Err(error) => {
                println!("skipped: Python's pools, for {:?} does not start: {error}", python());
                None
            }
        }
    }

    /// Has something run, and answers how long it took; or why it cannot.
    pub(crate) fn run(&mut self, what: &str, numbers: &[u64]) -> Result<Duration, String> {
        let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
        let to = self.to.as_mut().expect("it lives");
        writeln!(to, "{what} {}", numbers.join(" ")).map_err(|error| error.to_string())?;
        let mut line = String::new();
        self.from.read_line(&mut line).map_err(|error| error.to_string())?;
        let nanoseconds = line.trim().parse().map_err(|_| line.trim().to_owned())?;
        Ok(Duration::from_nanos(nanoseconds))
    }
}

/// What the script runs: asked for n times, it does one in `part` of them. `None` if it cannot,
/// which is said.
pub(crate) fn pool<'a>(
    name: &'static str,
    script: &'a RefCell<Option<Script>>,
    part: u64,
    what: impl Fn(u64) -> (&'static str, Vec<u64>) + 'a,
) -> Option<Contestant<'a>> {
    let run = move |times| {
        let (what, numbers) = what(times);
        script.borrow_mut().as_mut().ok_or_else(|| "no Python".to_owned())?.run(what, &numbers)
    };
    script.borrow().as_ref()?;
    if let Err(why) = run(1) {
        println!("skipped: {name}: {why}");
        return None;
    }
    Some(Contestant::new(name, move |times| {
        let fewer = times.div_ceil(part);
        run(fewer).unwrap().mul_f64(times as f64 / fewer as f64)
    }))
}

impl Drop for Script {
    fn drop(&mut self) {
        drop(self.to.take()); // It ends, and its workers with it.
        self.script.wait().unwrap();
    }
}

//! Runs programs that use the library. One passes by exit status 0; by 77 it says that it cannot be
//! run here.

#![allow(dead_code)] // Each test uses a part.

use std::fs::{self, File};
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, io};

/// For one program. Those that wait have shorter deadlines of their own.
const DEADLINE: Duration = Duration::from_secs(120);
const SKIPPED: i32 = 77;

/// A program that uses the library.
pub(crate) struct Consumer {
    pub(crate) name: String,
    pub(crate) command: Command,
}

impl Consumer {
    pub(crate) fn new(name: impl Into<String>, command: Command) -> Consumer {
        Consumer { name: name.into(), command }
    }

    /// Runs it to its end, or the deadline. What it said comes back, also if it failed.
    pub(crate) fn run(mut self) -> Result<String, String> {
        let name = self.name.clone();
        let start = Instant::now();
        let (status, output) = self.wait().unwrap_or_else(|error| panic!("{name}: {error}"));
        let time = start.elapsed().as_secs_f64();
        match status {
            Some(status) if status.success() => {
                println!("{name} passed after {time:.2} s\n{output}");
                Ok(output)
            }
            Some(status) if status.code() == Some(SKIPPED) => {
                say(&format!("{name} skipped itself: {output}"));
                Ok(output)
            }
            Some(status) => Err(format!("{name} failed with {status} after {time:.2} s\n{output}")),
            None => Err(format!("{name} was killed at the deadline\n{output}")),
        }
    }

    /// The exit status, none at the deadline; and the output. That goes through a file, since a
    /// pipe that nobody empties would hold the program up.
    fn wait(&mut self) -> io::Result<(Option<ExitStatus>, String)> {
        let name = self.name.replace(['/', ' '], "-");
        let path = programs().join(name + ".log");
        let file = File::create(&path)?;
        self.command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let end = Instant::now() + DEADLINE;
        let mut child = self.command.spawn()?;
        await_end(&child, end)?;
        let status = child.try_wait()?;
        if status.is_none() {
            child.kill()?;
            child.wait()?;
        }
        Ok((status, String::from_utf8_lossy(&fs::read(&path)?).into_owned()))
    }
}

/// Runs all, whichever fail.
pub(crate) fn run_all(consumers: impl Iterator<Item = Consumer>) {
    let failures: Vec<String> = consumers.filter_map(|consumer| consumer.run().err()).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// Waits for a program's end, or the instant.
fn await_end(child: &Child, end: Instant) -> io::Result<()> {
    // SAFETY: the call takes numbers.
    let handle = unsafe { libc::syscall(libc::SYS_pidfd_open, child.id(), 0) };
    if handle < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new, and nobody else's.
    let handle = unsafe { OwnedFd::from_raw_fd(handle as i32) };
    let mut ended = libc::pollfd { fd: handle.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    while ended.revents == 0 && Instant::now() < end {
        let left = end.saturating_duration_since(Instant::now()).as_millis() + 1;
        // SAFETY: one descriptor is given, as is said.
        unsafe { libc::poll(&mut ended, 1, left as i32) };
    }
    Ok(())
}

/// Says something even if the test passes, where what it prints is not shown.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Runs a command that must succeed. Answers what it printed.
pub(crate) fn must(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let [out, err] =
        [output.stdout, output.stderr].map(|it| String::from_utf8_lossy(&it).into_owned());
    assert!(output.status.success(), "{command:?}: {}\n{out}{err}", output.status);
    out
}

/// The tool that an environment variable names, or the usual one.
pub(crate) fn tool(variable: &str, usual: &str) -> String {
    env::var(variable).unwrap_or_else(|_| usual.to_string())
}

/// Where the shared library is: beside this test, for which the compiler made it in the same go as
/// the one that Rust links. One a folder up may be of an earlier build.
pub(crate) fn libraries() -> PathBuf {
    let test = env::current_exe().expect("the path of this test");
    let folder = test.parent().expect("its folder").to_path_buf();
    assert!(folder.join("libjobexec.so").exists(), "no libjobexec.so in {}", folder.display());
    folder
}

/// Where the programs are built; a folder for each profile.
pub(crate) fn programs() -> PathBuf {
    let folder = libraries().join("../consumers");
    fs::create_dir_all(&folder).expect("a folder for the programs");
    folder
}

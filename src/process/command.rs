//! What a worker process is started with.

use super::VARIABLE;
use crate::os::process::{NUMBER_DIGITS, Process, Spawn};
use crate::status::{Error, Status};
use std::env;
use std::ffi::{CString, OsStr, OsString, c_char};
use std::io;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr;
use std::time::Duration;

/// Where a worker's standard output and standard error go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Where this process's go.
    Inherit,
    /// To the log, line by line.
    Log,
}

/// The program that serves as a worker: it links or loads libjobexec, and calls
/// [`serve_worker`](crate::serve_worker) (C: `jobexec_worker_main`, or `jobexec_worker_next`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerCommand {
    /// The program, looked for in `PATH` unless it has a slash, and its arguments.
    /// `/proc/self/exe` is this very program.
    pub arguments: Vec<OsString>,
    /// What is set in its environment, beside what this process's has at the start of the
    /// executor, and one thread for each of the usual numerical libraries (`OMP_NUM_THREADS` and
    /// its kin).
    pub environment: Vec<(OsString, OsString)>,
    /// Default [`Output::Inherit`].
    pub output: Output,
    /// How long it may take from its start until it asks for work. Default 60 s.
    pub start_timeout: Duration,
}

impl WorkerCommand {
    /// Everything that can be said without looking for the program.
    pub(super) fn validate(&self) -> Result<(), Error> {
        let texts = self.environment.iter().flat_map(|(name, value)| [name, value]);
        if let Some(text) = texts.chain(&self.arguments).find(|text| text.as_bytes().contains(&0)) {
            let text = format!("{} has a zero byte", text.display());
            return Err(Error::new(Status::InvalidArgument, text));
        }
        if self.arguments.first().is_none_or(|first| first.is_empty()) {
            let text = "a worker's command has no program";
            return Err(Error::new(Status::InvalidArgument, text));
        }
        Ok(())
    }

    /// A program with its arguments.
    pub fn new<S: Into<OsString>>(arguments: impl IntoIterator<Item = S>) -> WorkerCommand {
        WorkerCommand {
            arguments: arguments.into_iter().map(Into::into).collect(),
            environment: Vec::new(),
            output: Output::Inherit,
            start_timeout: Duration::from_secs(60),
        }
    }
}

/// Libraries that would start as many threads as there are cores, in each worker.
const ONE_THREAD: [&str; 6] = [
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
];

/// A command, ready to be started again and again.
pub(super) struct Prepared {
    program: CString,
    arguments: Vec<CString>,
    environment: Vec<CString>,
}

impl Prepared {
    pub(super) fn new(command: &WorkerCommand) -> Result<Prepared, Error> {
        command.validate()?;
        let first = &command.arguments[0];
        let c_string = |text: &OsStr| {
            CString::new(text.as_bytes()).map_err(|error| {
                Error::new(Status::WorkerStart, error.to_string()) // Something of ours.
            })
        };
        let program = find(first).ok_or_else(|| {
            let text = format!("the worker's program {} is not in PATH", first.display());
            Error::new(Status::WorkerStart, text)
        })?;
        let ours = ONE_THREAD.map(|name| (OsString::from(name), OsString::from("1")));
        let set: Vec<_> = ours.iter().chain(&command.environment).collect();
        let is_set = |name: &OsStr| name == VARIABLE || set.iter().any(|(set, _)| set == name);
        let inherited = env::vars_os().filter(|(name, _)| !is_set(name));
        // The last that sets a variable counts.
        let own = set
            .iter()
            .enumerate()
            .filter(|(at, (name, _))| !set[at + 1..].iter().any(|(later, _)| later == name));
        let own = own.map(|(_, (name, value))| (name.clone(), value.clone()));
        let environment = inherited.chain(own).map(|(mut name, value)| {
            name.push("=");
            name.push(value);
            c_string(&name)
        });
        Ok(Prepared {
            program: c_string(program.as_os_str())?,
            arguments: command
                .arguments
                .iter()
                .map(|text| c_string(text))
                .collect::<Result<_, _>>()?,
            environment: environment.collect::<Result<_, _>>()?,
        })
    }

    /// Starts it. It ends with the calling thread.
    pub(super) fn spawn(
        &self,
        files: &[RawFd],
        output: Option<RawFd>,
        cpu: Option<usize>,
    ) -> io::Result<Process> {
        let mut variable = format!("{VARIABLE}={}\0", "0".repeat(NUMBER_DIGITS)).into_bytes();
        let number = variable[VARIABLE.len() + 1..].as_mut_ptr();
        let pointers = |strings: &[CString], last: &[*const c_char]| -> Vec<*const c_char> {
            strings.iter().map(|s| s.as_ptr()).chain(last.iter().copied()).collect()
        };
        let arguments = pointers(&self.arguments, &[ptr::null()]);
        let environment = pointers(&self.environment, &[variable.as_ptr().cast(), ptr::null()]);
        let program = &self.program;
        Process::spawn(&Spawn {
            program,
            arguments: &arguments,
            environment: &environment,
            number,
            files,
            output,
            cpu,
        })
    }

    pub(super) fn name(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }
}

/// A program's path, as `execvp(3)` looks for it.
fn find(name: &OsStr) -> Option<PathBuf> {
    if name.as_bytes().contains(&b'/') {
        return Some(name.into());
    }
    let path = env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
    env::split_paths(&path).map(|folder| folder.join(name)).find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_found_and_has_one_thread_unless_told_otherwise() {
        let mut command = WorkerCommand::new(["sh", "-c", "exit"]);
        command.environment.push(("MKL_NUM_THREADS".into(), "3".into()));
        let prepared = Prepared::new(&command).unwrap();
        assert!(prepared.name().ends_with("/sh"), "{}", prepared.name());
        let has = |text: &str| {
            prepared.environment.iter().filter(|line| line.to_str() == Ok(text)).count()
        };
        assert_eq!([has("OMP_NUM_THREADS=1"), has("MKL_NUM_THREADS=3")], [1, 1]);
        assert_eq!(has("MKL_NUM_THREADS=1"), 0);
    }

    #[test]
    fn what_cannot_be_started_is_said_by_name() {
        let error = |arguments: &[&str]| {
            Prepared::new(&WorkerCommand::new(arguments.iter().copied())).err().unwrap()
        };
        assert_eq!(error(&[]).status(), Status::InvalidArgument);
        assert!(error(&["no-such-program-anywhere"]).text().contains("no-such-program-anywhere"));
        assert_eq!(error(&["a\0b"]).status(), Status::InvalidArgument);
    }
}

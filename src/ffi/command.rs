//! What worker processes are started with, as C says it.

use super::config::{
    JOBEXEC_OUTPUT_INHERIT, JOBEXEC_OUTPUT_LOG, JOBEXEC_WORKERS_ARE_PROCESSES,
    JOBEXEC_WORKERS_ARE_THREADS, jobexec_config,
};
use super::error::null;
use crate::process::command::{Output, WorkerCommand};
use crate::status::{Error, Status};
use std::ffi::{CStr, OsStr, OsString, c_char};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

/// The most arguments, and the most variables.
const MOST: usize = 1 << 16;

/// The command of a configuration; `None` where workers are threads.
///
/// # Safety
/// `argv` and `env` are NULL or lists of C strings that end in NULL.
pub(super) unsafe fn command(config: &jobexec_config) -> Result<Option<WorkerCommand>, Error> {
    let invalid = |text: String| Error::new(Status::InvalidArgument, text);
    match config.worker_kind {
        JOBEXEC_WORKERS_ARE_THREADS if config.transform.is_none() => return Err(null("transform")),
        JOBEXEC_WORKERS_ARE_THREADS => return Ok(None),
        JOBEXEC_WORKERS_ARE_PROCESSES => {}
        other => {
            let text = format!("worker_kind is {other}, which is none of JOBEXEC_WORKERS_ARE_");
            return Err(invalid(text));
        }
    }
    for (is_set, name) in [
        (config.transform.is_some(), "transform"),
        (config.worker_init.is_some(), "worker_init"),
        (config.worker_exit.is_some(), "worker_exit"),
        (config.allocate.is_some(), "allocate"),
        (config.deallocate.is_some(), "deallocate"),
    ] {
        if is_set {
            let text = format!("{name} is not for worker processes: their program has its own");
            return Err(invalid(text));
        }
    }
    if config.argv.is_null() {
        return Err(null("argv"));
    }
    // SAFETY: the caller's promise.
    let mut command = WorkerCommand::new(unsafe { list(config.argv) });
    // SAFETY: the caller's promise.
    for setting in unsafe { list(config.env) } {
        let bytes = setting.as_bytes();
        let equals = bytes.iter().position(|byte| *byte == b'=').filter(|at| *at > 0);
        let equals = equals.ok_or_else(|| {
            invalid(format!("env has {}, which is no NAME=value", setting.display()))
        })?;
        let part = |bytes| OsStr::from_bytes(bytes).to_owned();
        command.environment.push((part(&bytes[..equals]), part(&bytes[equals + 1..])));
    }
    command.output = match config.worker_output {
        JOBEXEC_OUTPUT_INHERIT => Output::Inherit,
        JOBEXEC_OUTPUT_LOG => Output::Log,
        other => {
            let text = format!("worker_output is {other}, which is none of JOBEXEC_OUTPUT_");
            return Err(invalid(text));
        }
    };
    command.start_timeout = Duration::from_nanos(config.worker_start_timeout_ns);
    Ok(Some(command))
}

/// # Safety
/// `strings` is NULL or a list of C strings that ends in NULL.
unsafe fn list(strings: *const *const c_char) -> Vec<OsString> {
    let mut found = Vec::new();
    while !strings.is_null() && found.len() < MOST {
        let place = strings.wrapping_add(found.len());
        // SAFETY: the caller's promise: nothing before this was NULL.
        let string = unsafe { place.read() };
        if string.is_null() {
            break;
        }
        // SAFETY: the caller's promise.
        let string = unsafe { CStr::from_ptr(string) };
        found.push(OsStr::from_bytes(string.to_bytes()).to_owned());
    }
    found
}

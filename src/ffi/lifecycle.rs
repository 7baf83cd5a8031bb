//! Start, close and free, for C.

use super::command::command;
use super::config::jobexec_config;
use super::configure::{convert, read};
use super::error::{answer, null};
use super::handle::{get, jobexec_executor, make, take};
use super::memory::source;
use super::run_c::Callbacks;
use super::status::jobexec_status;
use crate::arena::Source;
use crate::clock::Timeout;
use crate::lifecycle::{Running, Site};
use crate::process::processes::Processes;
use crate::run::Run;
use crate::status::{Error, Status};
use std::ffi::c_char;

/// The library's version, "major.minor.patch".
///
/// Threads: any. Ownership: static. Blocks: never.
#[unsafe(no_mangle)]
pub extern "C" fn jobexec_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Starts an executor: validates, allocates everything, starts and pins the workers, and writes
/// the handle when all of them run.
///
/// Threads: any; the caller's CPU affinity is not touched. Ownership: the handle is the caller's,
/// to be freed by jobexec_free. On JOBEXEC_OK the executor owns config.user; on JOBEXEC_TIMEOUT
/// and JOBEXEC_ERROR_WORKER too, since workers may have been using it: the destructor is called
/// when the last has left. On every other answer it stays the caller's. The configuration itself
/// is copied. Blocks: at most timeout_ns, but for what the machine takes to create threads.
/// Answers: JOBEXEC_OK, JOBEXEC_TIMEOUT, JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_SIZE,
/// JOBEXEC_ERROR_ARGUMENT, JOBEXEC_ERROR_MEMORY, JOBEXEC_ERROR_WORKER.
///
/// # Safety
/// `config` is NULL or points to as many readable bytes as its size says, with functions that may
/// be called from any thread; `exec` is NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_start(
    config: *const jobexec_config,
    timeout_ns: u64,
    exec: *mut *mut jobexec_executor,
) -> jobexec_status {
    answer(|| {
        let deadline = Timeout(timeout_ns).deadline();
        // SAFETY: the caller's promise.
        let config = unsafe { read(config) }?;
        // SAFETY: the caller's promise.
        let place = unsafe { exec.as_mut() }.ok_or_else(|| null("exec"))?;
        // SAFETY: the caller's promise.
        let plain = unsafe { convert(&config) }?;
        // SAFETY: the caller's promise.
        let command = unsafe { command(&config) }?;
        let source = if command.is_some() { Source::Shared } else { source(&config)? };
        let callbacks = || Box::new(Callbacks::new(config)) as Box<dyn Run>;
        let run = |site: Site<'_>| match &command {
            Some(command) => Processes::muster(&site, command, callbacks),
            None => Ok(callbacks()),
        };
        let running = Running::start(&plain, source, run, deadline)?;
        *place = make(running);
        Ok(())
    })
}

/// Closes an executor: nothing is accepted or delivered any more, what waits is discarded, what
/// runs is told that it is cancelled and waited for, the workers are joined. JOBEXEC_OK means
/// that no callback runs or will run again, the destructor of config.user included.
/// JOBEXEC_TIMEOUT means that some were still at work, jobexec_last_error names them; their
/// memory stays valid, and the call can be made again, or jobexec_free.
///
/// Threads: any, any number at once, any number of times; not from inside a callback of this
/// executor. Ownership: payloads of discarded jobs go to the discard callback, once each.
/// Blocks: at most timeout_ns, but for the discard callbacks it runs; worker processes that are
/// still at work then are killed, which takes some milliseconds more, at most a second on a machine
/// that has too much to do, and is JOBEXEC_OK.
/// Answers: JOBEXEC_OK, JOBEXEC_TIMEOUT, JOBEXEC_ERROR_INSIDE_CALLBACK, JOBEXEC_ERROR_NULL,
/// JOBEXEC_ERROR_HANDLE.
///
/// # Safety
/// `exec` is NULL or a handle that is not freed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_close(
    exec: *mut jobexec_executor,
    timeout_ns: u64,
) -> jobexec_status {
    answer(|| {
        // SAFETY: the caller's promise.
        unsafe { get(exec) }?.close(Timeout(timeout_ns).deadline())
    })
}

/// Frees an executor. One that is not closed is closed without waiting: workers that are still
/// at work keep what they use until they leave, and call the last callbacks then. NULL is no
/// error and does nothing.
///
/// Threads: any but the workers'; no other call may use the handle at the same time or later.
/// A later use is answered JOBEXEC_ERROR_HANDLE until the handle's memory serves another
/// executor. Blocks: never, but runs the discard callbacks.
/// Answers: JOBEXEC_OK, JOBEXEC_ERROR_HANDLE (freed before), JOBEXEC_ERROR_INSIDE_CALLBACK,
/// JOBEXEC_ERROR_FORKED.
///
/// # Safety
/// `exec` is NULL or a handle that no other call uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_free(exec: *mut jobexec_executor) -> jobexec_status {
    answer(|| {
        if exec.is_null() {
            return Ok(());
        }
        // SAFETY: the caller's promise.
        match unsafe { get(exec) } {
            Ok(running) if running.crew.engine.is_inside() => {
                return Err(Error::from(Status::InsideCallback));
            }
            Err(Status::Forked) => return Err(Error::from(Status::Forked)),
            _ => {}
        }
        // SAFETY: the caller's promise.
        drop(unsafe { take(exec) }?);
        Ok(())
    })
}

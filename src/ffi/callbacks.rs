//! The functions that a configuration names.

use super::job::jobexec_job;
use std::ffi::{c_char, c_void};

/// Transforms a payload, on a worker. 0 is success; any other number makes the job's outcome
/// JOBEXEC_OUTCOME_FAILED with that code. Called from several workers at once. It must not throw;
/// it may end its thread (pthread_exit), though not with workers = 0, where the thread is the
/// caller's: the job has then crashed, and the worker is replaced. The job is valid for the call.
pub type jobexec_transform = Option<
    unsafe extern "C-unwind" fn(
        user: *mut c_void,
        payload: *mut c_void,
        job: *mut jobexec_job,
    ) -> i32,
>;

/// A worker begins, on its own thread, after it was pinned. Anything but 0 makes jobexec_start
/// answer JOBEXEC_ERROR_WORKER; from the replacement of a worker that died, it counts as another
/// death.
pub type jobexec_worker_init =
    Option<unsafe extern "C-unwind" fn(user: *mut c_void, worker: u32) -> i32>;

/// A worker ends, on its own thread.
pub type jobexec_worker_exit = Option<unsafe extern "C-unwind" fn(user: *mut c_void, worker: u32)>;

/// A payload that nobody will get: a reset, an abort or a close came first. Called once for it,
/// from whichever thread finds it, inside or outside of a call of yours; possibly from several
/// at once. It must neither throw nor end its thread.
pub type jobexec_discard =
    Option<unsafe extern "C-unwind" fn(user: *mut c_void, payload: *mut c_void)>;

/// A line about the executor's health, one of the JOBEXEC_LOG_ levels. The text is valid for the
/// call.
pub type jobexec_log =
    Option<unsafe extern "C-unwind" fn(user: *mut c_void, level: i32, text: *const c_char)>;

/// Memory for buffers: bytes that nobody else uses, at a multiple of alignment. NULL: none.
pub type jobexec_allocate = Option<
    unsafe extern "C-unwind" fn(user: *mut c_void, bytes: u64, alignment: u64) -> *mut c_void,
>;

/// Takes back what a jobexec_allocate answered, once, from any thread.
pub type jobexec_deallocate =
    Option<unsafe extern "C-unwind" fn(user: *mut c_void, base: *mut c_void, bytes: u64)>;

/// Frees the user pointer.
pub type jobexec_user_destructor = Option<unsafe extern "C-unwind" fn(user: *mut c_void)>;

//! How long one job may run, for C.

use super::calls::give_id;
use super::error::answer;
use super::handle::{get, jobexec_executor};
use super::sized;
use super::status::jobexec_status;
use crate::clock::Timeout;
use std::ffi::c_void;

/// How one job is put. Set size, and the rest to 0 or what is wanted.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct jobexec_put_options {
    /// sizeof(jobexec_put_options).
    pub size: u64,
    /// How long the job may run, in nanoseconds, instead of config.job_timeout_ns; 0 is that,
    /// UINT64_MAX is for ever. An error where config.job_timeout_ns is 0.
    pub job_timeout_ns: u64,
    /// How long the put may wait for room, in nanoseconds; 0 is not at all.
    pub wait_ns: u64,
}

/// Puts a payload, with options.
///
/// Threads, ownership: as jobexec_put. Blocks: at most options.wait_ns.
/// Answers: as jobexec_put, with JOBEXEC_TIMEOUT in place of JOBEXEC_FULL where it may wait;
/// JOBEXEC_ERROR_SIZE, JOBEXEC_ERROR_ARGUMENT.
///
/// # Safety
/// As jobexec_put; `options` is NULL or as large as its size says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_put_with(
    exec: *mut jobexec_executor,
    payload: *mut c_void,
    options: *const jobexec_put_options,
    job_id: *mut u64,
) -> jobexec_status {
    answer(|| {
        let defaults = jobexec_put_options { size: 0, job_timeout_ns: 0, wait_ns: 0 };
        // SAFETY: the caller's promise.
        let options = unsafe { sized::read(options, defaults) }?;
        // SAFETY: the caller's promise.
        let engine = &unsafe { get(exec) }?.crew.engine;
        let limit = (options.job_timeout_ns > 0).then_some(options.job_timeout_ns);
        let ticket = engine.put_with(payload, limit, Timeout(options.wait_ns))?;
        // SAFETY: the caller's promise.
        unsafe { give_id(job_id, ticket) };
        Ok(())
    })
}

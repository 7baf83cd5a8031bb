//! What a transform in C may ask of the job it is at.

use super::error::{answer, null};
use super::status::jobexec_status;
use crate::run::JobContext;
use std::ffi::{CStr, c_char, c_void};

/// The job that a transform is at. Valid for the call, on the worker's thread only.
pub struct jobexec_job {
    _private: [u8; 0],
}

/// # Safety
/// `job` is NULL, or what a transform was given and has not returned from.
unsafe fn get<'a>(job: *const jobexec_job) -> Option<&'a JobContext<'a>> {
    // SAFETY: the pointer was made from a context in `run_c`.
    unsafe { job.cast::<JobContext<'a>>().as_ref() }
}

/// The number that jobexec_put gave this job; 0 for NULL.
///
/// Threads: the worker's. Blocks: never.
///
/// # Safety
/// `job` is NULL, or what the transform was given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_job_id(job: *const jobexec_job) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { get(job) }.map_or(0, JobContext::id)
}

/// The session the job was put in; 0 for NULL.
///
/// Threads: the worker's. Blocks: never.
///
/// # Safety
/// `job` is NULL, or what the transform was given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_job_session(job: *const jobexec_job) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { get(job) }.map_or(0, JobContext::session)
}

/// How many jobs were accepted before it in its session, modulo 2^36; 0 for NULL.
///
/// Threads: the worker's. Blocks: never.
///
/// # Safety
/// `job` is NULL, or what the transform was given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_job_number(job: *const jobexec_job) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { get(job) }.map_or(0, JobContext::number)
}

/// Which worker runs it, from 0; 0 for NULL.
///
/// Threads: the worker's. Blocks: never.
///
/// # Safety
/// `job` is NULL, or what the transform was given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_job_worker(job: *const jobexec_job) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { get(job) }.map_or(0, |job| job.worker() as u32)
}

/// A seed for this job, mixed from the executor's seed, the session and the job's number: the
/// same whichever worker runs it. 0 for NULL.
///
/// Threads: the worker's. Blocks: never.
///
/// # Safety
/// `job` is NULL, or what the transform was given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_job_seed(job: *const jobexec_job) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { get(job) }.map_or(0, JobContext::seed)
}

/// 1 if the result is no longer wanted (reset, abort, close), else 0. A long transform looks now
/// and then and returns early: it costs one load.
///
/// Threads: the worker's. Blocks: never.
///
/// # Safety
/// `job` is NULL, or what the transform was given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_job_is_cancelled(job: *const jobexec_job) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { get(job) }.map_or(0, |job| job.cancelled().into())
}

/// Makes the result carry another payload than was put. What becomes of the old one is the
/// transform's business.
///
/// Threads: the worker's. Blocks: never. Answers: JOBEXEC_OK, JOBEXEC_ERROR_NULL (the job).
///
/// # Safety
/// `job` is NULL, or what the transform was given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_job_set_payload(
    job: *mut jobexec_job,
    payload: *mut c_void,
) -> jobexec_status {
    answer(|| {
        // SAFETY: the caller's promise; nobody else uses the context during the transform.
        let job = unsafe { job.cast::<JobContext<'_>>().as_mut() };
        job.ok_or_else(|| null("job"))?.payload = payload;
        Ok(())
    })
}

/// What the result says beside the code, if the transform answers one that is not 0. Copied, and
/// cut to 191 bytes; what is no UTF-8 is replaced.
///
/// Threads: the worker's. Blocks: never. Answers: JOBEXEC_OK, JOBEXEC_ERROR_NULL.
///
/// # Safety
/// `job` is NULL, or what the transform was given; `text` is NULL or ends in a zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_job_set_message(
    job: *mut jobexec_job,
    text: *const c_char,
) -> jobexec_status {
    answer(|| {
        // SAFETY: the caller's promise; nobody else uses the context during the transform.
        let job = unsafe { job.cast::<JobContext<'_>>().as_mut() }.ok_or_else(|| null("job"))?;
        if text.is_null() {
            return Err(null("text"));
        }
        // SAFETY: not NULL, and the caller promises the rest.
        let text = unsafe { CStr::from_ptr(text) };
        job.text.set(&text.to_string_lossy());
        Ok(())
    })
}

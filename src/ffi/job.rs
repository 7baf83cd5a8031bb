//! What a transform in C may ask of the job it is at.

use super::error::{answer, null};
use super::status::jobexec_status;
use crate::arena::View;
use crate::run::JobContext;
use crate::status::{Error, Status};
use std::ffi::{CStr, c_char, c_void};
use std::ptr;

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

/// Which stage of a chain the job is run for, from 0, see config.stages; 0 for NULL.
///
/// Threads: the worker's. Blocks: never.
///
/// # Safety
/// `job` is NULL, or what the transform was given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_job_stage(job: *const jobexec_job) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { get(job) }.map_or(0, |job| job.stage() as u32)
}

/// Which try of the job this is, from 1, see config.retries; 0 for NULL.
///
/// Threads: the worker's. Blocks: never.
///
/// # Safety
/// `job` is NULL, or what the transform was given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_job_attempt(job: *const jobexec_job) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { get(job) }.map_or(0, JobContext::attempt)
}

/// 1 if the result is no longer wanted (jobexec_cancel, the job's deadline, reset, abort, close),
/// else 0. A long transform looks now and then and returns early: it costs two loads.
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

/// How many bytes of the input the host filled; 0 for NULL, and where the payload, which is the
/// input's address, is no buffer.
///
/// Threads: the worker's. Blocks: never.
///
/// # Safety
/// `job` is NULL, or what the transform was given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_job_input_bytes(job: *const jobexec_job) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { view(job) }.map_or(0, |view| view.input_used() as u64)
}

/// The output, to be written in place: jobexec_job_output_bytes bytes, with what an earlier job
/// left there. NULL for NULL, and where the payload is no buffer.
///
/// Threads: the worker's. Blocks: never.
///
/// # Safety
/// `job` is NULL, or what the transform was given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_job_output(job: *const jobexec_job) -> *mut c_void {
    // SAFETY: the caller's promise.
    unsafe { view(job) }.map_or(ptr::null_mut(), |view| view.output.cast())
}

/// How many bytes the output can have; 0 for NULL, and where the payload is no buffer.
///
/// Threads: the worker's. Blocks: never.
///
/// # Safety
/// `job` is NULL, or what the transform was given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_job_output_bytes(job: *const jobexec_job) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { view(job) }.map_or(0, |view| view.output_bytes as u64)
}

/// A header of JOBEXEC_HEADER_BYTES that travels with the buffer both ways: shape and type, for
/// example. NULL for NULL, and where the payload is no buffer.
///
/// Threads: the worker's. Blocks: never.
///
/// # Safety
/// `job` is NULL, or what the transform was given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_job_header(job: *const jobexec_job) -> *mut c_void {
    // SAFETY: the caller's promise.
    unsafe { view(job) }.map_or(ptr::null_mut(), |view| view.header().cast())
}

/// How many bytes of the output the result shows; 0 if nobody says.
///
/// Threads: the worker's. Blocks: never. Answers: JOBEXEC_OK, JOBEXEC_ERROR_NULL,
/// JOBEXEC_ERROR_NOT_HELD (the payload is no buffer), JOBEXEC_ERROR_ARGUMENT (more than it can
/// have).
///
/// # Safety
/// `job` is NULL, or what the transform was given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_job_set_output(
    job: *const jobexec_job,
    bytes: u64,
) -> jobexec_status {
    answer(|| {
        // SAFETY: the caller's promise.
        let job = unsafe { get(job) }.ok_or_else(|| null("job"))?;
        let view = job.buffer.ok_or(Status::NotHeld)?;
        if !view.set_output(bytes) {
            let text = format!("{bytes} bytes of output, where {} fit", view.output_bytes);
            return Err(Error::new(Status::InvalidArgument, text));
        }
        Ok(())
    })
}

/// # Safety
/// As [`get`].
unsafe fn view(job: *const jobexec_job) -> Option<View> {
    // SAFETY: the caller's promise.
    unsafe { get(job) }.and_then(|job| job.buffer)
}

/// Makes the result carry another payload than was put. What becomes of the old one is the
/// transform's business. Not where the payload is a buffer, which its result always shows.
///
/// Threads: the worker's. Blocks: never. Answers: JOBEXEC_OK, JOBEXEC_ERROR_NULL (the job),
/// JOBEXEC_ERROR_ARGUMENT (a buffer).
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
        let job = job.ok_or_else(|| null("job"))?;
        if job.buffer.is_some() {
            let text = "the payload is a buffer, which no other can take the place of";
            return Err(Error::new(Status::InvalidArgument, text));
        }
        job.payload = payload;
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

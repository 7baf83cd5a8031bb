//! A result as C sees it.

use super::sized::Growing;
use super::status::jobexec_outcome;
use crate::job::Times;
use crate::poll::Delivery;
use crate::record::MESSAGE_BYTES;
use crate::status::Status;
use std::ffi::{c_char, c_void};
use std::ptr;

/// A result. Set size to sizeof(jobexec_result) once; a poll that answers JOBEXEC_OK fills the
/// rest.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct jobexec_result {
    /// sizeof(jobexec_result), as the program was compiled.
    pub size: u64,
    /// What jobexec_put gave the job.
    pub job_id: u64,
    /// The payload, now the caller's again.
    pub payload: *mut c_void,
    /// One of JOBEXEC_OUTCOME_.
    pub outcome: jobexec_outcome,
    /// What the transform answered, where the outcome is JOBEXEC_OUTCOME_FAILED. How the worker
    /// process ended, where it is JOBEXEC_OUTCOME_CRASHED: its exit code, or less than 0, minus the
    /// signal. Else 0.
    pub code: i32,
    /// The session the job was put in.
    pub session: u32,
    /// Which worker ran it, from 0.
    pub worker: u32,
    /// How many jobs were accepted before it in its session, modulo 2^36.
    pub number: u64,
    /// When the put accepted it, in nanoseconds of CLOCK_MONOTONIC. This and the next four are 0
    /// where jobs are not timed.
    pub created_ns: u64,
    /// When a worker started the transform.
    pub started_ns: u64,
    /// When the transform returned.
    pub finished_ns: u64,
    /// When the result was queued; a worker never waits for a place, so this is finished_ns.
    pub queued_ns: u64,
    /// When this poll took it.
    pub polled_ns: u64,
    /// Why the outcome is not JOBEXEC_OUTCOME_DONE, in UTF-8: what the transform said where it
    /// failed. Else empty.
    pub message: [c_char; 192],
    /// The output, where the payload is a buffer: the caller's until jobexec_buffer_release. Else
    /// NULL.
    pub output: *mut c_void,
    /// How many bytes of it the transform said it wrote.
    pub output_bytes: u64,
    /// The buffer's header, of JOBEXEC_HEADER_BYTES. Else NULL.
    pub header: *mut c_void,
    /// How often the job was begun: more than once where it was tried again, see config.retries.
    pub attempts: u32,
    /// 0.
    pub reserved: u32,
}

const _: () = assert!(MESSAGE_BYTES + 1 == 192);

/// Checks the place that a result is to be written to.
///
/// # Safety
/// `result` is NULL or points to as many writable bytes as its size says.
#[inline]
pub(super) unsafe fn check(result: *mut jobexec_result) -> Result<(), Status> {
    if result.is_null() {
        return Err(Status::NullPointer);
    }
    // SAFETY: not NULL, and the caller promises a size.
    let size = unsafe { (*result).size };
    if size < jobexec_result::FIRST as u64 {
        return Err(Status::WrongSize);
    }
    Ok(())
}

/// Writes a result.
///
/// # Safety
/// The place passed [`check`].
#[inline]
pub(super) unsafe fn write(result: *mut jobexec_result, from: &Delivery<'_>) {
    // What an old program has no place for must not be written, once there is such a thing.
    const { assert!(size_of::<jobexec_result>() == jobexec_result::FIRST) };
    // SAFETY: the place passed the check, so that it holds a whole result.
    let result = unsafe { &mut *result };
    let Times { created, started, finished, queued, polled } = from.times;
    result.job_id = from.id.0;
    result.payload = from.payload;
    result.outcome = from.outcome as i32;
    result.code = 0;
    result.session = from.id.session();
    result.worker = from.worker.into();
    result.number = from.id.number();
    result.created_ns = created;
    result.started_ns = started;
    result.finished_ns = finished;
    result.queued_ns = queued;
    result.polled_ns = polled;
    result.message[0] = 0;
    let buffer = from.buffer.as_ref();
    result.output = buffer.map_or(ptr::null_mut(), |buffer| buffer.output.cast());
    result.output_bytes = buffer.map_or(0, |buffer| buffer.output_used() as u64);
    result.attempts = from.attempts;
    result.reserved = 0;
    result.header = buffer.map_or(ptr::null_mut(), |buffer| buffer.header().cast());
    if let Some(text) = from.text {
        result.code = text.code;
        let bytes = text.as_str().as_bytes();
        for (to, from) in result.message.iter_mut().zip(bytes.iter().chain(&[0])) {
            *to = *from as c_char;
        }
    }
}

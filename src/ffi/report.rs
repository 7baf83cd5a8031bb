//! The job report, and other texts of any length, for C.

use super::error::{answer, null};
use super::handle::{get, jobexec_executor};
use super::status::jobexec_status;
use crate::lifecycle::Running;
use crate::status::Error;
use std::ffi::c_char;

/// Writes the job report, several lines for people, as a text of at most size bytes, the final
/// zero byte counted; a longer report is cut. needed, which may be NULL, is given the bytes that
/// the whole takes. text may be NULL if size is 0.
///
/// Threads: any. Ownership: nothing is kept. Blocks: never, but allocates.
/// Answers: JOBEXEC_OK (also when cut), JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_HANDLE.
///
/// # Safety
/// `exec` is NULL or a handle that is not freed meanwhile; `text` is NULL or has `size` writable
/// bytes; `needed` is NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_report(
    exec: *mut jobexec_executor,
    text: *mut c_char,
    size: usize,
    needed: *mut usize,
) -> jobexec_status {
    // SAFETY: the caller's promise.
    answer(|| unsafe { write(exec, text, size, needed, Running::report) })
}

/// Writes the job report for programs, as jobexec_report does: one JSON object with state, session,
/// pinned_by, capacity (queued, in_flight), workers (each with place, cpu, stage, done, busy and
/// job, which is null or has id, session, number, running_ns and unwanted), stats (all of
/// jobexec_counters, by their names), readiness, busy and warnings.
///
/// Threads, ownership, blocks, answers: as jobexec_report.
///
/// # Safety
/// As jobexec_report.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_report_json(
    exec: *mut jobexec_executor,
    text: *mut c_char,
    size: usize,
    needed: *mut usize,
) -> jobexec_status {
    // SAFETY: the caller's promise.
    answer(|| unsafe { write(exec, text, size, needed, Running::report_json) })
}

/// Writes what the last config.trace_jobs jobs went through whose results were polled, as
/// jobexec_report does: JSON for Perfetto (ui.perfetto.dev) or chrome://tracing, with a row for
/// each worker and its runs, and what was queued and ready, in microseconds of CLOCK_MONOTONIC. 1
/// KB a job, about.
///
/// Threads, ownership, blocks, answers: as jobexec_report.
///
/// # Safety
/// As jobexec_report.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_trace_json(
    exec: *mut jobexec_executor,
    text: *mut c_char,
    size: usize,
    needed: *mut usize,
) -> jobexec_status {
    // SAFETY: the caller's promise.
    answer(|| unsafe { write(exec, text, size, needed, Running::trace_json) })
}

/// Writes what is to be said of an executor, cut at a character to what fits.
///
/// # Safety
/// As [`jobexec_report`].
unsafe fn write(
    exec: *mut jobexec_executor,
    text: *mut c_char,
    size: usize,
    needed: *mut usize,
    say: impl FnOnce(&Running) -> String,
) -> Result<(), Error> {
    if text.is_null() && size > 0 {
        return Err(null("text"));
    }
    // SAFETY: the caller's promise.
    let said = say(unsafe { get(exec) }?);
    // SAFETY: the caller's promise.
    if let Some(place) = unsafe { needed.as_mut() } {
        *place = said.len() + 1;
    }
    if size > 0 {
        let mut length = said.len().min(size - 1);
        while !said.is_char_boundary(length) {
            length -= 1;
        }
        // SAFETY: `length` is less than `size`, and the two do not overlap.
        unsafe { text.copy_from_nonoverlapping(said.as_ptr().cast(), length) };
        let end = text.wrapping_add(length);
        // SAFETY: as above.
        unsafe { end.write(0) };
    }
    Ok(())
}

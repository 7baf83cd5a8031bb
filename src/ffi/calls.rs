//! The walk of a payload, for C.

use super::error::{answer, answer_status};
use super::handle::{get, jobexec_executor};
use super::result::{check, jobexec_result, write};
use super::status::jobexec_status;
use crate::clock::Timeout;
use crate::credits::Ticket;
use crate::job::Id;
use crate::registry;
use crate::status::Status;
use std::ffi::c_void;

/// Puts a payload. job_id, which may be NULL, is given a number that no other job of this
/// executor has.
///
/// Threads: any, any number at once; not from inside a callback of this executor. Ownership: on
/// JOBEXEC_OK the payload is the executor's until a poll or the discard callback gives it back;
/// else it stays the caller's. NULL is a payload like any other. Blocks: never; with workers = 0
/// it runs the transform, and where no worker looks for jobs it may yield once, to one that slept
/// on its own core, if jobs are known to take some microseconds only.
/// Answers: JOBEXEC_OK, JOBEXEC_FULL, JOBEXEC_CLOSED, JOBEXEC_ABORTED, JOBEXEC_ERROR_FINISHED,
/// JOBEXEC_ERROR_NO_WORKERS, JOBEXEC_ERROR_INSIDE_CALLBACK, JOBEXEC_ERROR_NOT_HELD (a buffer that
/// the caller does not hold; with worker processes, any other payload), JOBEXEC_ERROR_NULL,
/// JOBEXEC_ERROR_HANDLE.
///
/// # Safety
/// `exec` is NULL or a handle that is not freed meanwhile; `job_id` is NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_put(
    exec: *mut jobexec_executor,
    payload: *mut c_void,
    job_id: *mut u64,
) -> jobexec_status {
    answer_status(|| {
        // SAFETY: the caller's promise.
        let ticket = unsafe { get(exec) }?.crew.engine.put(payload)?;
        // SAFETY: the caller's promise.
        unsafe { give_id(job_id, ticket) };
        Ok(())
    })
}

/// Puts a payload, waiting for room.
///
/// Threads, ownership: as jobexec_put. Blocks: at most timeout_ns; a reset, a poll, an abort or a
/// close wakes it.
/// Answers: as jobexec_put, with JOBEXEC_TIMEOUT in place of JOBEXEC_FULL.
///
/// # Safety
/// As jobexec_put.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_put_wait(
    exec: *mut jobexec_executor,
    payload: *mut c_void,
    timeout_ns: u64,
    job_id: *mut u64,
) -> jobexec_status {
    answer_status(|| {
        // SAFETY: the caller's promise.
        let engine = &unsafe { get(exec) }?.crew.engine;
        let ticket = engine.put_wait(payload, Timeout(timeout_ns))?;
        // SAFETY: the caller's promise.
        unsafe { give_id(job_id, ticket) };
        Ok(())
    })
}

/// # Safety
/// `job_id` is NULL or valid.
#[inline]
pub(super) unsafe fn give_id(job_id: *mut u64, ticket: Ticket) {
    // SAFETY: the caller's promise.
    if let Some(place) = unsafe { job_id.as_mut() } {
        *place = Id::from(ticket).0;
    }
}

/// Takes a result.
///
/// Threads: any, any number at once. Ownership: on JOBEXEC_OK the payload is the caller's.
/// Blocks: never.
/// Answers: JOBEXEC_OK, JOBEXEC_EMPTY, JOBEXEC_END, JOBEXEC_CLOSED, JOBEXEC_ABORTED,
/// JOBEXEC_ERROR_NO_WORKERS, JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_SIZE, JOBEXEC_ERROR_HANDLE.
///
/// # Safety
/// `exec` is NULL or a handle that is not freed meanwhile; `result` is NULL or as large as its
/// size says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_poll(
    exec: *mut jobexec_executor,
    result: *mut jobexec_result,
) -> jobexec_status {
    answer_status(|| {
        // SAFETY: the caller's promise.
        unsafe { check(result) }?;
        // SAFETY: the caller's promise.
        let engine = &unsafe { get(exec) }?.crew.engine;
        // SAFETY: the place was checked.
        engine.poll(|from| unsafe { write(result, from) })
    })
}

/// Takes a result, waiting for one.
///
/// Threads: any, any number at once; not from inside a callback of this executor. Ownership: as
/// jobexec_poll. Blocks: at most timeout_ns; a result, the end, an abort or a close wakes it.
/// Answers: as jobexec_poll, with JOBEXEC_TIMEOUT in place of JOBEXEC_EMPTY, and
/// JOBEXEC_ERROR_INSIDE_CALLBACK.
///
/// # Safety
/// As jobexec_poll.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_poll_wait(
    exec: *mut jobexec_executor,
    timeout_ns: u64,
    result: *mut jobexec_result,
) -> jobexec_status {
    answer_status(|| {
        // SAFETY: the caller's promise.
        unsafe { check(result) }?;
        // SAFETY: the caller's promise.
        let engine = &unsafe { get(exec) }?.crew.engine;
        // SAFETY: the place was checked.
        engine.poll_wait(Timeout(timeout_ns), |from| unsafe { write(result, from) })
    })
}

/// Says that this session gets no more jobs, so that pollers are told JOBEXEC_END after the last.
///
/// Threads: any. Blocks: never.
/// Answers: JOBEXEC_OK, JOBEXEC_CLOSED, JOBEXEC_ABORTED, JOBEXEC_ERROR_NO_WORKERS,
/// JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_HANDLE.
///
/// # Safety
/// `exec` is NULL or a handle that is not freed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_finish(exec: *mut jobexec_executor) -> jobexec_status {
    // SAFETY: the caller's promise.
    answer_status(|| unsafe { get(exec) }?.crew.engine.finish())
}

/// Begins a new session. Jobs that wait never run, running ones are told that they are cancelled,
/// results that were not polled are discarded. When this returns, no poll that begins later
/// delivers anything of an earlier session, and every place that no running job holds is free.
/// session, which may be NULL, is given the new session's number.
///
/// Threads: any; not from inside a callback of this executor. Ownership: payloads of discarded
/// jobs go to the discard callback, once each. Blocks: never, but runs the discard callbacks.
/// Answers: JOBEXEC_OK, JOBEXEC_CLOSED, JOBEXEC_ABORTED, JOBEXEC_ERROR_NO_WORKERS,
/// JOBEXEC_ERROR_EXHAUSTED, JOBEXEC_ERROR_INSIDE_CALLBACK, JOBEXEC_ERROR_NULL,
/// JOBEXEC_ERROR_HANDLE.
///
/// # Safety
/// `exec` is NULL or a handle that is not freed meanwhile; `session` is NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_reset(
    exec: *mut jobexec_executor,
    session: *mut u32,
) -> jobexec_status {
    answer_status(|| {
        // SAFETY: the caller's promise.
        let begun = unsafe { get(exec) }?.crew.engine.reset()?;
        // SAFETY: the caller's promise.
        if let Some(place) = unsafe { session.as_mut() } {
            *place = begun;
        }
        Ok(())
    })
}

/// Makes every put and poll answer JOBEXEC_ABORTED, those that wait included, and tells running
/// jobs that they are cancelled. The executor can then only be closed.
///
/// Threads: any, callbacks and signal handlers included: it is async-signal-safe. Blocks: never.
/// Answers: JOBEXEC_OK, JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_HANDLE.
///
/// # Safety
/// `exec` is NULL or a handle that is not freed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_abort(exec: *mut jobexec_executor) -> jobexec_status {
    // No sentence is kept for an error, since that would not be async-signal-safe.
    // SAFETY: the caller's promise.
    match unsafe { get(exec) } {
        Ok(running) => {
            running.crew.engine.signals.abort();
            Status::Ok as i32
        }
        Err(status) => status as i32,
    }
}

/// jobexec_abort for every executor of the process.
///
/// Threads: any, callbacks and signal handlers included: it is async-signal-safe. Blocks: never.
#[unsafe(no_mangle)]
pub extern "C" fn jobexec_abort_all() {
    registry::abort_all();
}

/// 1 if a put would answer JOBEXEC_FULL, 0 if not, an error's status below 0.
///
/// Threads: any. Blocks: never.
///
/// # Safety
/// `exec` is NULL or a handle that is not freed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_is_full(exec: *mut jobexec_executor) -> i32 {
    let mut full = false;
    let status = answer(|| {
        // SAFETY: the caller's promise.
        full = unsafe { get(exec) }?.crew.engine.is_full();
        Ok(())
    });
    if status < 0 { status } else { full.into() }
}

/// 1 if every job accepted so far has its outcome, 0 if not, an error's status below 0.
///
/// Threads: any. Blocks: never.
///
/// # Safety
/// `exec` is NULL or a handle that is not freed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_is_idle(exec: *mut jobexec_executor) -> i32 {
    let mut idle = false;
    let status = answer(|| {
        // SAFETY: the caller's promise.
        idle = unsafe { get(exec) }?.crew.engine.credits.in_flight() == 0;
        Ok(())
    });
    if status < 0 { status } else { idle.into() }
}

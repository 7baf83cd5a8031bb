//! Several jobs in one call, for C.

use super::error::answer_status;
use super::handle::{get, jobexec_executor};
use super::result::{check, jobexec_result, write};
use super::status::jobexec_status;
use crate::clock::Timeout;
use crate::poll::Delivery;
use crate::status::Status;
use std::ffi::c_void;

/// Puts payloads in one call: from the front of the list, as many as there is room for, one at
/// least. accepted is given how many they are; first_id, which may be NULL, the number of the first
/// of them: the next has the next number, and so on. Costs a fraction of as many calls of
/// jobexec_put, and wakes sleeping workers at once. To put none (count = 0) is no error.
///
/// Threads: any, any number at once; not from inside a callback of this executor. Ownership: on
/// JOBEXEC_OK the accepted payloads are the executor's, as by jobexec_put; the others, and on any
/// other answer all, stay the caller's. Blocks: never; with workers = 0 it runs the transform.
/// Answers: as jobexec_put; JOBEXEC_FULL if there was no room for one. JOBEXEC_ERROR_NOT_HELD is of
/// the first in the list; one behind it is left, and the next call is told.
///
/// # Safety
/// `exec` is NULL or a handle that is not freed meanwhile; `payloads` is NULL or has `count`
/// payloads; `accepted` and `first_id` are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_put_many(
    exec: *mut jobexec_executor,
    payloads: *const *mut c_void,
    count: u64,
    accepted: *mut u64,
    first_id: *mut u64,
) -> jobexec_status {
    // SAFETY: the caller's promise.
    unsafe { put(exec, payloads, count, None, accepted, first_id) }
}

/// Puts payloads in one call, waiting for room for one.
///
/// Threads, ownership: as jobexec_put_many. Blocks: at most timeout_ns; a reset, a poll, an abort
/// or a close wakes it.
/// Answers: as jobexec_put_many, with JOBEXEC_TIMEOUT in place of JOBEXEC_FULL.
///
/// # Safety
/// As jobexec_put_many.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_put_many_wait(
    exec: *mut jobexec_executor,
    payloads: *const *mut c_void,
    count: u64,
    timeout_ns: u64,
    accepted: *mut u64,
    first_id: *mut u64,
) -> jobexec_status {
    // SAFETY: the caller's promise.
    unsafe { put(exec, payloads, count, Some(Timeout(timeout_ns)), accepted, first_id) }
}

/// # Safety
/// As [`jobexec_put_many`].
#[inline]
unsafe fn put(
    exec: *mut jobexec_executor,
    payloads: *const *mut c_void,
    count: u64,
    timeout: Option<Timeout>,
    accepted: *mut u64,
    first_id: *mut u64,
) -> jobexec_status {
    answer_status(|| {
        // SAFETY: the caller's promise.
        let accepted = unsafe { accepted.as_mut() }.ok_or(Status::NullPointer)?;
        // SAFETY: the caller's promise.
        let list = unsafe { list(payloads, count) }?;
        // SAFETY: the caller's promise.
        let engine = &unsafe { get(exec) }?.crew.engine;
        let ids = match timeout {
            Some(timeout) => engine.put_many_wait(list, timeout)?,
            None => engine.put_many(list)?,
        };
        *accepted = ids.end - ids.start;
        // SAFETY: the caller's promise.
        if let Some(place) = unsafe { first_id.as_mut() } {
            *place = ids.start;
        }
        Ok(())
    })
}

/// # Safety
/// `payloads` is NULL or has `count` payloads.
#[inline]
unsafe fn list<'a>(payloads: *const *mut c_void, count: u64) -> Result<&'a [*mut c_void], Status> {
    if count == 0 {
        return Ok(&[]);
    }
    if payloads.is_null() {
        return Err(Status::NullPointer);
    }
    if !payloads.is_aligned() || count > (isize::MAX as u64) / size_of::<*mut c_void>() as u64 {
        return Err(Status::InvalidArgument);
    }
    // SAFETY: not NULL, aligned, no larger than memory can be; the caller promises the rest.
    Ok(unsafe { std::slice::from_raw_parts(payloads, count as usize) })
}

/// Takes results in one call: up to count, one at least, into an array of them. The size of the
/// first is that of each; the others need none. polled is given how many they are. To take none
/// (count = 0) is no error.
///
/// Threads: any, any number at once. Ownership: on JOBEXEC_OK the payloads of the polled results
/// are the caller's; the other results are left as they are. Blocks: never.
/// Answers: as jobexec_poll.
///
/// # Safety
/// `exec` is NULL or a handle that is not freed meanwhile; `results` is NULL or has `count`
/// results, each as large as the first one's size says; `polled` is NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_poll_many(
    exec: *mut jobexec_executor,
    results: *mut jobexec_result,
    count: u64,
    polled: *mut u64,
) -> jobexec_status {
    // SAFETY: the caller's promise.
    unsafe { poll(exec, None, results, count, polled) }
}

/// Takes results in one call, waiting for one. Where they come one every 100 ns or faster it stays
/// some 1 us for more, rather than take each from under a worker's hands.
///
/// Threads: any, any number at once; not from inside a callback of this executor. Ownership: as
/// jobexec_poll_many. Blocks: at most timeout_ns; a result, the end, an abort or a close wakes it.
/// Answers: as jobexec_poll_many, with JOBEXEC_TIMEOUT in place of JOBEXEC_EMPTY, and
/// JOBEXEC_ERROR_INSIDE_CALLBACK.
///
/// # Safety
/// As jobexec_poll_many.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_poll_many_wait(
    exec: *mut jobexec_executor,
    timeout_ns: u64,
    results: *mut jobexec_result,
    count: u64,
    polled: *mut u64,
) -> jobexec_status {
    // SAFETY: the caller's promise.
    unsafe { poll(exec, Some(Timeout(timeout_ns)), results, count, polled) }
}

/// # Safety
/// As [`jobexec_poll_many`].
#[inline]
unsafe fn poll(
    exec: *mut jobexec_executor,
    timeout: Option<Timeout>,
    results: *mut jobexec_result,
    count: u64,
    polled: *mut u64,
) -> jobexec_status {
    answer_status(|| {
        // SAFETY: the caller's promise.
        let polled = unsafe { polled.as_mut() }.ok_or(Status::NullPointer)?;
        // SAFETY: the caller's promise.
        let engine = &unsafe { get(exec) }?.crew.engine;
        let most = usize::try_from(count).map_err(|_| Status::InvalidArgument)?;
        let (mut place, mut size) = (results, 0);
        if most > 0 {
            // SAFETY: the caller's promise.
            unsafe { check(results) }?;
            // SAFETY: the first was checked.
            size = unsafe { (*results).size } as usize;
            // No sizeof answers what would not leave the second one aligned.
            if !size.is_multiple_of(align_of::<jobexec_result>()) {
                return Err(Status::WrongSize);
            }
        }
        let read = |from: &Delivery<'_>| {
            // SAFETY: the engine shows no more than there are places, each as large as the first.
            unsafe { write(place, from) };
            place = place.wrapping_byte_add(size);
        };
        let taken = match timeout {
            Some(timeout) => engine.poll_many_wait(most, timeout, read)?,
            None => engine.poll_many(most, read)?,
        };
        *polled = taken as u64;
        Ok(())
    })
}

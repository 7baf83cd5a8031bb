//! The descriptor for event loops, for C.

use super::error::{answer, null};
use super::handle::{get, jobexec_executor};
use super::status::jobexec_status;

/// Gives a file descriptor, for epoll, poll and event loops, that is readable when a poll would
/// answer anything but JOBEXEC_EMPTY: a result, JOBEXEC_END, JOBEXEC_CLOSED, JOBEXEC_ABORTED or
/// JOBEXEC_ERROR_NO_WORKERS. It may be readable once when a poll would answer JOBEXEC_EMPTY.
///
/// When it is readable, poll until the answer is JOBEXEC_EMPTY, or one of the ends. That answer (or
/// a waiting poll's JOBEXEC_TIMEOUT) makes it unreadable, and what comes later makes it readable
/// again; so it may be watched by level, by edge or once at a time. An end keeps it readable. Jobs
/// cost no system call by it, but each such answer behind results one, and the first result
/// after it another.
///
/// Threads: any. Ownership: the executor's, the same at every call (an eventfd, close-on-exec,
/// non-blocking): do not read, write or close it, and watch it no longer than until jobexec_free.
/// Blocks: never; the first call makes the descriptor.
/// Answers: JOBEXEC_OK, JOBEXEC_ERROR_MEMORY (no descriptor is to be had), JOBEXEC_ERROR_NULL,
/// JOBEXEC_ERROR_HANDLE, JOBEXEC_ERROR_FORKED.
///
/// # Safety
/// `exec` is NULL or a handle that is not freed meanwhile; `fd` is NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_event_fd(
    exec: *mut jobexec_executor,
    fd: *mut i32,
) -> jobexec_status {
    answer(|| {
        // SAFETY: the caller's promise.
        let place = unsafe { fd.as_mut() }.ok_or_else(|| null("fd"))?;
        // SAFETY: the caller's promise.
        *place = unsafe { get(exec) }?.crew.engine.event_fd()?;
        Ok(())
    })
}

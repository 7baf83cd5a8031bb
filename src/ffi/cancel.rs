//! Cancelling one job, for C.

use super::error::answer_status;
use super::handle::{get, jobexec_executor};
use super::status::jobexec_status;
use crate::job::Id;

/// Cancels a job of this session, by the number that its put gave. One that waits never runs; one
/// that runs is told, see jobexec_job_is_cancelled, and no other is in its place until it returns.
/// Its result comes as JOBEXEC_OUTCOME_CANCELLED, whatever its transform answers; where the job
/// was done before, as what it is.
///
/// Threads: any, callbacks included. Blocks: never; it takes a lock that nobody holds for longer
/// than it takes to look through a list of such jobs.
/// Answers: JOBEXEC_OK, JOBEXEC_EMPTY (no such job was put in this session; or there are no
/// workers, and jobs run inside their put), JOBEXEC_CLOSED, JOBEXEC_ABORTED,
/// JOBEXEC_ERROR_NO_WORKERS, JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_HANDLE.
///
/// # Safety
/// `exec` is NULL or a handle that is not freed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_cancel(
    exec: *mut jobexec_executor,
    job_id: u64,
) -> jobexec_status {
    // SAFETY: the caller's promise.
    answer_status(|| unsafe { get(exec) }?.crew.engine.cancel(Id(job_id)))
}

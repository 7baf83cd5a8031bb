//! The statuses as C sees them.

use crate::credits::Outcome;
use crate::run::LogLevel;
use crate::status::Status;

/// What a function answers. 0 is success, above 0 an ordinary state of the executor, below 0 an
/// error with a sentence in jobexec_last_error. Whatever is not JOBEXEC_OK changed nothing and
/// wrote no output, except where the function says so.
pub type jobexec_status = i32;

/// Done as asked.
pub const JOBEXEC_OK: i32 = 0;
/// put: every place is taken; poll results, or wait.
pub const JOBEXEC_FULL: i32 = 1;
/// poll: no result is ready; jobs may be on their way, or more may be put.
pub const JOBEXEC_EMPTY: i32 = 2;
/// poll: the session was finished and every job of it has had its outcome.
pub const JOBEXEC_END: i32 = 3;
/// The executor was closed.
pub const JOBEXEC_CLOSED: i32 = 4;
/// The executor was aborted; it can only be closed.
pub const JOBEXEC_ABORTED: i32 = 5;
/// The deadline passed first.
pub const JOBEXEC_TIMEOUT: i32 = 6;
/// A pointer that must not be NULL is NULL.
pub const JOBEXEC_ERROR_NULL: i32 = -1;
/// A size field is none that this library knows, or a field beyond those it knows is not zero.
pub const JOBEXEC_ERROR_SIZE: i32 = -2;
/// A value is out of its range.
pub const JOBEXEC_ERROR_ARGUMENT: i32 = -3;
/// The handle is no live executor: freed already, as far as that can be seen, or never started.
pub const JOBEXEC_ERROR_HANDLE: i32 = -4;
/// Not allowed from inside a callback of this executor.
pub const JOBEXEC_ERROR_INSIDE_CALLBACK: i32 = -5;
/// put: the session is finished; put again after a reset.
pub const JOBEXEC_ERROR_FINISHED: i32 = -6;
/// Too little memory for what the configuration asks.
pub const JOBEXEC_ERROR_MEMORY: i32 = -7;
/// A worker could not be started, or its init callback refused.
pub const JOBEXEC_ERROR_WORKER: i32 = -8;
/// Every worker died and the budget of restarts is spent.
pub const JOBEXEC_ERROR_NO_WORKERS: i32 = -9;
/// A counter is at its end (2^27 - 1 sessions).
pub const JOBEXEC_ERROR_EXHAUSTED: i32 = -10;
/// A defect of the library: a panic stopped at its boundary.
pub const JOBEXEC_ERROR_INTERNAL: i32 = -11;

/// The payload is no buffer of this executor that the caller holds.
pub const JOBEXEC_ERROR_NOT_HELD: i32 = -12;
/// This process is no worker of an executor, or not one that fits this library.
pub const JOBEXEC_ERROR_NOT_WORKER: i32 = -13;
/// The executor belongs to the process that this one was forked from.
pub const JOBEXEC_ERROR_FORKED: i32 = -14;

/// What became of a job: one of the JOBEXEC_OUTCOME_ values.
pub type jobexec_outcome = i32;

/// The transform succeeded.
pub const JOBEXEC_OUTCOME_DONE: i32 = 0;
/// The transform answered a code other than 0.
pub const JOBEXEC_OUTCOME_FAILED: i32 = 1;
/// The transform panicked (transforms written in Rust).
pub const JOBEXEC_OUTCOME_PANICKED: i32 = 2;
/// The worker died while it ran the job.
pub const JOBEXEC_OUTCOME_CRASHED: i32 = 3;
/// The job's deadline passed. Not in use yet.
pub const JOBEXEC_OUTCOME_TIMED_OUT: i32 = 4;
/// The job was cancelled by its id. Not in use yet.
pub const JOBEXEC_OUTCOME_CANCELLED: i32 = 5;

/// The level of a line given to the log callback: something was done.
pub const JOBEXEC_LOG_INFO: i32 = 0;
/// The executor goes on, with less than it was asked for.
pub const JOBEXEC_LOG_WARNING: i32 = 1;
/// Something was lost: a worker, its job.
pub const JOBEXEC_LOG_ERROR: i32 = 2;

const _: () = {
    assert!(JOBEXEC_OK == Status::Ok as i32);
    assert!(JOBEXEC_FULL == Status::Full as i32);
    assert!(JOBEXEC_EMPTY == Status::Empty as i32);
    assert!(JOBEXEC_END == Status::End as i32);
    assert!(JOBEXEC_CLOSED == Status::Closed as i32);
    assert!(JOBEXEC_ABORTED == Status::Aborted as i32);
    assert!(JOBEXEC_TIMEOUT == Status::Timeout as i32);
    assert!(JOBEXEC_ERROR_NULL == Status::NullPointer as i32);
    assert!(JOBEXEC_ERROR_SIZE == Status::WrongSize as i32);
    assert!(JOBEXEC_ERROR_ARGUMENT == Status::InvalidArgument as i32);
    assert!(JOBEXEC_ERROR_HANDLE == Status::InvalidHandle as i32);
    assert!(JOBEXEC_ERROR_INSIDE_CALLBACK == Status::InsideCallback as i32);
    assert!(JOBEXEC_ERROR_FINISHED == Status::Finished as i32);
    assert!(JOBEXEC_ERROR_MEMORY == Status::OutOfMemory as i32);
    assert!(JOBEXEC_ERROR_WORKER == Status::WorkerStart as i32);
    assert!(JOBEXEC_ERROR_NO_WORKERS == Status::NoWorkers as i32);
    assert!(JOBEXEC_ERROR_EXHAUSTED == Status::Exhausted as i32);
    assert!(JOBEXEC_ERROR_INTERNAL == Status::Internal as i32);
    assert!(JOBEXEC_ERROR_NOT_HELD == Status::NotHeld as i32);
    assert!(JOBEXEC_ERROR_NOT_WORKER == Status::NotWorker as i32);
    assert!(JOBEXEC_ERROR_FORKED == Status::Forked as i32);
    assert!(JOBEXEC_OUTCOME_DONE == Outcome::Done as i32);
    assert!(JOBEXEC_OUTCOME_FAILED == Outcome::Failed as i32);
    assert!(JOBEXEC_OUTCOME_PANICKED == Outcome::Panicked as i32);
    assert!(JOBEXEC_OUTCOME_CRASHED == Outcome::Crashed as i32);
    assert!(JOBEXEC_OUTCOME_TIMED_OUT == Outcome::TimedOut as i32);
    assert!(JOBEXEC_OUTCOME_CANCELLED == Outcome::Cancelled as i32);
    assert!(JOBEXEC_LOG_INFO == LogLevel::Info as i32);
    assert!(JOBEXEC_LOG_WARNING == LogLevel::Warning as i32);
    assert!(JOBEXEC_LOG_ERROR == LogLevel::Error as i32);
};

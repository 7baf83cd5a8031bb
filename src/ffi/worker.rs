//! Serving as a worker process, for C.

use super::callbacks::jobexec_transform;
use super::error::{answer, null};
use super::job::jobexec_job;
use super::status::jobexec_status;
use crate::clock::{Deadline, Timeout};
use crate::credits::Outcome;
use crate::process::station::{self, Claimed, Station};
use crate::run::JobContext;
use crate::status::{Error, Status};
use std::ffi::c_void;
use std::ptr;
use std::sync::{Mutex, MutexGuard, TryLockError};

/// This process's place, from the first call that needs it.
static PLACE: Mutex<Option<Place>> = Mutex::new(None);

struct Place {
    station: Box<Station>,
    /// The job at hand. Both boxes live as long as the process, and stay where they are.
    at: Option<Claimed>,
    context: Box<Option<JobContext<'static>>>,
}

// SAFETY: the context is used by one thread at a time, under the lock or by whoever has the job.
unsafe impl Send for Place {}

/// 1 if this process was started as a worker by an executor, 0 if not: then it may be the trainer
/// that starts itself as its workers.
///
/// Threads: any. Blocks: never.
#[unsafe(no_mangle)]
pub extern "C" fn jobexec_is_worker() -> i32 {
    station::is_worker().into()
}

/// Serves as a worker process: calls transform with user for one job after the other, until the
/// executor closes. The transform is what it would be on a worker thread, except that it must not
/// unwind and that its worker dies with the process.
///
/// Threads: one, and once for the process. Blocks: until the executor closes.
/// Answers: JOBEXEC_OK (closed), JOBEXEC_ERROR_NOT_WORKER (this process is none, or its executor's
/// library does not fit this one), JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_INSIDE_CALLBACK (a job is at
/// hand).
///
/// # Safety
/// `transform` can be called with `user`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_worker_main(
    transform: jobexec_transform,
    user: *mut c_void,
) -> jobexec_status {
    let Some(function) = transform else {
        return answer(|| Err(null("transform")));
    };
    loop {
        let (mut job, mut input) = (ptr::null_mut(), ptr::null_mut());
        let status = answer(|| {
            (job, input) = claim(Deadline::NEVER)?;
            Ok(())
        });
        if status != Status::Ok as i32 {
            return if status == Status::Closed as i32 { Status::Ok as i32 } else { status };
        }
        // SAFETY: the caller's promise; the job is valid until it is done.
        let code = unsafe { function(user, input, job) };
        let status = answer(|| finish(job, code));
        if status != Status::Ok as i32 {
            return status;
        }
    }
}

/// For languages that cannot be called back: gives job the next job, and input the address of its
/// input, which is what a transform's payload is. The calls for jobs (jobexec_job_output and its
/// kin) are answered for it until jobexec_worker_done.
///
/// Threads: one at a time. Ownership: the job's buffer is the caller's until it is done. Blocks:
/// at most timeout_ns.
/// Answers: JOBEXEC_OK, JOBEXEC_CLOSED (no more will come: end the process), JOBEXEC_TIMEOUT,
/// JOBEXEC_ERROR_NOT_WORKER, JOBEXEC_ERROR_INSIDE_CALLBACK (the job before is not done),
/// JOBEXEC_ERROR_NULL.
///
/// # Safety
/// `job` and `input` are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_worker_next(
    timeout_ns: u64,
    job: *mut *mut jobexec_job,
    input: *mut *mut c_void,
) -> jobexec_status {
    answer(|| {
        // SAFETY: the caller's promise.
        let job = unsafe { job.as_mut() }.ok_or_else(|| null("job"))?;
        // SAFETY: the caller's promise.
        let input = unsafe { input.as_mut() }.ok_or_else(|| null("input"))?;
        (*job, *input) = claim(Timeout(timeout_ns).deadline())?;
        Ok(())
    })
}

/// Says what came of the job at hand: code is what a transform would answer, 0 for success. See
/// jobexec_job_set_message for what it says beside.
///
/// Threads: one at a time. Ownership: nothing of the job is the caller's any more. Blocks: never.
/// Answers: JOBEXEC_OK, JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_NOT_HELD (not the job at hand).
///
/// # Safety
/// `job` is NULL or what jobexec_worker_next gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_worker_done(job: *mut jobexec_job, code: i32) -> jobexec_status {
    answer(|| finish(job, code))
}

/// The place, unless another thread is in one of these calls.
fn place() -> Result<MutexGuard<'static, Option<Place>>, Error> {
    match PLACE.try_lock() {
        Ok(place) => Ok(place),
        Err(TryLockError::Poisoned(place)) => Ok(place.into_inner()),
        Err(TryLockError::WouldBlock) => {
            Err(Error::new(Status::InsideCallback, "another thread asks for work or ends it"))
        }
    }
}

fn claim(deadline: Deadline) -> Result<(*mut jobexec_job, *mut c_void), Error> {
    let mut place = place()?;
    let place = match &mut *place {
        Some(place) => place,
        none => {
            let station = Box::new(Station::take()?);
            none.insert(Place { station, at: None, context: Box::new(None) })
        }
    };
    if place.at.is_some() {
        return Err(Error::new(Status::InsideCallback, "the job before is not done"));
    }
    let claimed = place.station.next(deadline)?;
    let context = place.station.context(&claimed);
    // SAFETY: it borrows from the station's box, which is never moved or dropped, and nothing else
    // of that is used before the job is done and the context gone.
    let context: JobContext<'static> = unsafe { std::mem::transmute(context) };
    let context = place.context.insert(context);
    place.at = Some(claimed);
    Ok((ptr::from_mut(context).cast(), context.payload))
}

fn finish(job: *mut jobexec_job, code: i32) -> Result<(), Error> {
    if job.is_null() {
        return Err(null("job"));
    }
    let mut place = place()?;
    let place = place.as_mut().ok_or(Status::NotHeld)?;
    let context = place.context.take_if(|context| ptr::from_mut(context).cast() == job);
    let context = context.ok_or(Status::NotHeld)?;
    let claimed = place.at.take().ok_or(Status::NotHeld)?;
    if code != 0 {
        context.text.code = code;
    }
    let outcome = if code == 0 { Outcome::Done } else { Outcome::Failed };
    place.station.done(claimed, outcome);
    Ok(())
}

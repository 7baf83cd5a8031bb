//! Handles. A handle's memory is never given back to the allocator but kept for the next
//! executor, so that a call with one that was freed is an error as long as it is not in use
//! again, and never touches memory that is something else by now.

use super::error::null;
use crate::lifecycle::Running;
use crate::status::{Error, Status};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

const LIVE: u64 = 0x6a6f_6265_7865_6321;
const FREED: u64 = 0x6672_6565_6421_2121;

/// An executor. Made by jobexec_start, freed by jobexec_free; nothing of it is for the caller to
/// see. In the child of a fork every call with it answers JOBEXEC_ERROR_FORKED: its workers are the
/// parent's.
pub struct jobexec_executor {
    state: AtomicU64,
    running: Option<Running>,
}

static SPARE: Mutex<Vec<&'static mut jobexec_executor>> = Mutex::new(Vec::new());

/// A live handle.
pub(super) fn make(running: Running) -> *mut jobexec_executor {
    let spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let handle = spare.unwrap_or_else(|| {
        Box::leak(Box::new(jobexec_executor { state: AtomicU64::new(FREED), running: None }))
    });
    handle.running = Some(running);
    handle.state.store(LIVE, Ordering::Release);
    handle
}

/// The executor behind a handle.
///
/// # Safety
/// `exec` is NULL or came from [`make`], and is not freed during the use of the reference.
#[inline]
pub(super) unsafe fn get<'a>(exec: *const jobexec_executor) -> Result<&'a Running, Status> {
    if exec.is_null() {
        return Err(Status::NullPointer);
    }
    // SAFETY: memory of handles stays valid for ever, live or freed.
    let handle = unsafe { &*exec };
    if handle.state.load(Ordering::Acquire) != LIVE {
        return Err(Status::InvalidHandle);
    }
    let running = handle.running.as_ref().ok_or(Status::InvalidHandle)?;
    if !running.birthplace.is_here() {
        return Err(Status::Forked);
    }
    Ok(running)
}

/// Takes the executor out of its handle, once.
///
/// # Safety
/// `exec` is NULL or came from [`make`], and no other call uses it.
pub(super) unsafe fn take(exec: *mut jobexec_executor) -> Result<Running, Error> {
    if exec.is_null() {
        return Err(null("exec"));
    }
    // SAFETY: memory of handles stays valid for ever, live or freed.
    let state = unsafe { &(*exec).state };
    let freed = state.compare_exchange(LIVE, FREED, Ordering::AcqRel, Ordering::Relaxed);
    if freed.is_err() {
        return Err(Error::new(Status::InvalidHandle, "the executor was freed before"));
    }
    // SAFETY: the exchange above succeeded, so that no other call has this handle.
    let handle: &'static mut jobexec_executor = unsafe { &mut *exec };
    let running = handle.running.take();
    let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
    spare.insert(0, handle); // The oldest is used again first: a late use is seen for longer.
    running.ok_or(Status::InvalidHandle.into())
}

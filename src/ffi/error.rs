//! The last error of a thread, and the guard around every entry.

use super::status::jobexec_status;
use crate::status::{Error, Status};
use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static LAST: RefCell<CString> = RefCell::new(CString::default());
}

/// Runs an entry's body. What it answers becomes a number; an error's sentence is kept.
#[inline]
pub(super) fn answer(body: impl FnOnce() -> Result<(), Error>) -> jobexec_status {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => Status::Ok as i32,
        Ok(Err(error)) => keep(error),
        Err(_) => keep(Status::Internal.into()),
    }
}

/// The same for the entries of the fast path, whose ordinary states have no sentence to keep.
#[inline]
pub(super) fn answer_status(body: impl FnOnce() -> Result<(), Status>) -> jobexec_status {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => Status::Ok as i32,
        Ok(Err(status)) if status as i32 > 0 => status as i32,
        Ok(Err(status)) => keep(status.into()),
        Err(_) => keep(Status::Internal.into()),
    }
}

#[cold]
fn keep(error: Error) -> jobexec_status {
    let text = error.text().replace('\0', " ");
    // A thread that is ending has no place for it any more.
    let _ = LAST.try_with(|last| {
        if let Ok(mut last) = last.try_borrow_mut() {
            *last = CString::new(text).unwrap_or_default();
        }
    });
    error.status() as i32
}

/// An error of a pointer argument, by its name.
pub(super) fn null(name: &str) -> Error {
    Error::new(Status::NullPointer, format!("{name} is NULL"))
}

/// A sentence about the last call of this thread that answered an error (below 0) or, from
/// jobexec_start and jobexec_close, JOBEXEC_TIMEOUT. Never NULL; empty before the first. Not set
/// by jobexec_abort, which signal handlers may call.
///
/// Threads: each has its own. Ownership: the library's, valid until this thread's next error.
/// Blocks: never.
#[unsafe(no_mangle)]
pub extern "C" fn jobexec_last_error() -> *const c_char {
    LAST.try_with(|last| last.try_borrow().map_or(c"".as_ptr(), |last| last.as_ptr()))
        .unwrap_or(c"".as_ptr())
}

/// A short text that says what a status means. Never NULL.
///
/// Threads: any. Ownership: static. Blocks: never.
#[unsafe(no_mangle)]
pub extern "C" fn jobexec_status_text(status: jobexec_status) -> *const c_char {
    let known = Status::ALL.into_iter().find(|known| *known as i32 == status);
    known
        .map_or(c"no status of this library", |known: Status| -> &'static CStr { known.c_text() })
        .as_ptr()
}

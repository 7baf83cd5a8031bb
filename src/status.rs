//! What a call can answer. The numbers are the C ABI's and never change their meaning.

use std::fmt;

/// The answer of a call. Zero is success; above zero is an ordinary state of the executor, no
/// error; below zero is an error, with a sentence in [`crate::Error::text`] (C:
/// `jobexec_last_error`). A call that answers anything but `Ok` has changed nothing, except
/// where its documentation says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum Status {
    /// Done as asked.
    Ok = 0,
    /// `put`: every place is taken (see [`crate::Config::capacity`]); poll results, or wait.
    Full = 1,
    /// `poll`: no result is ready; jobs may be on their way, or more may be put.
    Empty = 2,
    /// `poll`: the session was finished and every job of it has had its outcome.
    End = 3,
    /// The executor was closed.
    Closed = 4,
    /// The executor was aborted; it can only be closed.
    Aborted = 5,
    /// The deadline passed first.
    Timeout = 6,
    /// A pointer that must not be NULL is NULL.
    NullPointer = -1,
    /// A `size` field is none that this library knows, or a field beyond it is not zero.
    WrongSize = -2,
    /// A value is out of its range.
    InvalidArgument = -3,
    /// The handle is no live executor (freed already, or never started).
    InvalidHandle = -4,
    /// Not allowed from inside a callback of this executor.
    InsideCallback = -5,
    /// The session is finished: `put` again after `reset`.
    Finished = -6,
    /// Too little memory for what the configuration asks.
    OutOfMemory = -7,
    /// A worker could not be started, or its init callback refused.
    WorkerStart = -8,
    /// Every worker died and the budget of restarts is spent.
    NoWorkers = -9,
    /// A counter is at its end (2^27 - 1 sessions).
    Exhausted = -10,
    /// A defect of the library: a panic stopped at its boundary.
    Internal = -11,
    /// The payload is no buffer of this executor that the caller holds.
    NotHeld = -12,
    /// This process is no worker of an executor, or not one that fits this library.
    NotWorker = -13,
    /// The executor belongs to the process that this one was forked from.
    Forked = -14,
}

impl Status {
    /// Every status, in the order of its number's size.
    pub const ALL: [Status; 21] = [
        Status::Ok,
        Status::Full,
        Status::Empty,
        Status::End,
        Status::Closed,
        Status::Aborted,
        Status::Timeout,
        Status::NullPointer,
        Status::WrongSize,
        Status::InvalidArgument,
        Status::InvalidHandle,
        Status::InsideCallback,
        Status::Finished,
        Status::OutOfMemory,
        Status::WorkerStart,
        Status::NoWorkers,
        Status::Exhausted,
        Status::Internal,
        Status::NotHeld,
        Status::NotWorker,
        Status::Forked,
    ];

    /// A short text that says what the status means.
    pub fn text(self) -> &'static str {
        self.c_text().to_str().unwrap_or("")
    }

    /// The same, ready for C.
    pub(crate) fn c_text(self) -> &'static std::ffi::CStr {
        match self {
            Status::Ok => c"ok",
            Status::Full => c"full: every place is taken",
            Status::Empty => c"empty: no result is ready",
            Status::End => c"end: the session is finished and every job has its outcome",
            Status::Closed => c"closed",
            Status::Aborted => c"aborted",
            Status::Timeout => c"timeout: the deadline passed",
            Status::NullPointer => c"a pointer is NULL that must not be",
            Status::WrongSize => c"a size field does not fit this library",
            Status::InvalidArgument => c"a value is out of its range",
            Status::InvalidHandle => c"the handle is no live executor",
            Status::InsideCallback => c"not allowed from inside a callback of this executor",
            Status::Finished => c"the session is finished: reset before the next put",
            Status::OutOfMemory => c"too little memory for this configuration",
            Status::WorkerStart => c"a worker could not be started",
            Status::NoWorkers => c"every worker died and no restart is left",
            Status::Exhausted => c"a counter is at its end",
            Status::Internal => c"a panic inside the library",
            Status::NotHeld => c"the payload is no buffer of this executor that the caller holds",
            Status::NotWorker => c"this process is no worker of an executor",
            Status::Forked => c"the executor belongs to the process that this one was forked from",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// A status other than `Ok`, with a sentence about this very call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    status: Status,
    text: String,
}

impl Error {
    /// An error that says what was wrong, and with which value.
    pub(crate) fn new(status: Status, text: impl Into<String>) -> Error {
        Error { status, text: text.into() }
    }

    /// What kind of answer it is.
    pub fn status(&self) -> Status {
        self.status
    }

    /// A sentence for people.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Error {
        Error::new(status, status.text())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Error {}

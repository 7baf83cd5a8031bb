//! The descriptor for event loops.

use super::BatchExecutor;
use crate::status::Error;
use std::os::fd::BorrowedFd;

impl BatchExecutor {
    /// A descriptor that is readable when a poll would answer anything but `Empty`, and perhaps
    /// once when it would. When it is, poll until the answer is `Empty` or an end: `Empty`, like a
    /// waiting poll's `Timeout`, makes it unreadable, and what comes later readable again. So it
    /// may be watched by level, by edge or once at a time.
    ///
    /// It is the executor's, and the same at every call: an eventfd, not to be read or written.
    /// Jobs cost no system call by it; each such answer behind results costs one, and the first
    /// result after it another. `OutOfMemory` if the process may have no descriptor more.
    pub fn event_fd(&self) -> Result<BorrowedFd<'_>, Error> {
        let fd = self.running.crew.engine.event_fd()?;
        // SAFETY: it is open for as long as the engine lives.
        Ok(unsafe { BorrowedFd::borrow_raw(fd) })
    }
}

//! A poll that finds nothing, where the host waits for the executor's descriptor: it makes that
//! unreadable, and looks once more. The protocol and its proof: [`crate::doorbell`].

use crate::barrier;
use crate::engine::Engine;
use crate::status::Status;
use crate::sync::fence_after_rmw;

impl Engine {
    /// The answer of a poll, of which `take` is one attempt, that would be `Empty`.
    #[cold]
    #[inline(never)]
    pub(crate) fn answer_empty<T>(
        &self,
        take: impl Fn() -> Result<T, Status>,
    ) -> Result<T, Status> {
        let doorbell = self.signals.doorbell();
        if !doorbell.is_open() || !doorbell.arm() {
            return Err(Status::Empty);
        }
        #[cfg(not(control = "arm_fence"))]
        fence_after_rmw(); // A3
        let mut answer = take(); // A4
        if matches!(answer, Err(Status::Empty)) && self.results.is_pending() {
            #[cfg(not(control = "arm_settle_fence"))]
            barrier::heavy();
            answer = take();
        }
        if !matches!(answer, Err(Status::Empty)) {
            doorbell.ring(); // A5
        }
        answer
    }

    /// The descriptor, which is made at the first call.
    #[cfg(not(loom))]
    pub(crate) fn event_fd(&self) -> Result<std::os::fd::RawFd, crate::status::Error> {
        let (fd, first) = self.signals.doorbell().open().map_err(|error| {
            let text = format!("no descriptor is to be had: {error}");
            crate::status::Error::new(Status::OutOfMemory, text)
        })?;
        if first {
            self.tell_of_what_is_there();
        }
        Ok(fd)
    }

    /// Behind the opening: the descriptor is readable if there is something to poll already.
    fn tell_of_what_is_there(&self) {
        // As a poll that takes nothing; what lies there may be stale, and then it says so in vain.
        let _ = self.answer_empty(|| match self.results.has(0) {
            true => Ok(()),
            false => Err(self.why_nothing()),
        });
    }
}

#[cfg(all(test, loom))]
mod models;

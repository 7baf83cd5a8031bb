//! Clearing the way: a new session begins, and what belongs to none any more is discarded.

use crate::engine::Engine;
use crate::status::Status;
use crate::sync::{Ordering, fence_after_rmw};

impl Engine {
    /// Begins a new session and returns its number. When it returns, jobs of earlier sessions
    /// are discarded, or running and told so; no result of theirs is delivered any more.
    ///
    /// The session is changed first and the queues are cleared after, so that whatever comes
    /// into them later is either of the new session or was pushed by a thread that will see the
    /// change: a push and the change of the phase each have a fence behind them, and then look
    /// at the other. Who finds itself late sweeps again.
    pub(crate) fn reset(&self) -> Result<u32, Status> {
        if self.is_inside() {
            return Err(Status::InsideCallback);
        }
        self.signals.phase().refusal()?;
        let session = self.credits.next_session()?;
        self.signals.begin_session(session);
        #[cfg(not(control = "reset_fence"))]
        fence_after_rmw();
        self.sweep();
        self.signals.room.notify_all();
        Ok(session)
    }

    /// Says that no more jobs come in this session.
    pub(crate) fn finish(&self) -> Result<(), Status> {
        self.signals.phase().refusal()?;
        self.credits.finish();
        self.signals.finish();
        Ok(())
    }

    /// Closes the intake, sends the workers home and discards what nobody will take any more.
    /// Whoever pushes later finds the executor closed and sweeps itself.
    pub(crate) fn shut(&self) {
        self.credits.close();
        self.signals.close(); // Ends with notifications, and so with a fence.
        self.sweep();
    }

    /// Discards what is doomed in the queue, and what is outdated among the results. Looks at
    /// each element once.
    pub(crate) fn sweep(&self) {
        for _ in 0..self.queue.len() {
            let Some(job) = self.queue.pop() else { break };
            if self.signals.phase().dooms(job.session) {
                self.swept.fetch_add(1, Ordering::AcqRel);
                self.discard(job);
            } else {
                self.queue.push(job);
                self.signals.work.notify_one();
            }
        }
        for _ in 0..self.results.len() {
            let Some(job) = self.results.pop() else { break };
            if self.signals.phase().outdates(job.session) {
                self.discard(job);
            } else {
                self.results.push(job);
                self.signals.ready.notify_one();
            }
        }
    }
}

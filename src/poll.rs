//! The last step: a result is handed to the host, its job gets its outcome, and its credit goes
//! back.

use crate::clock::Timeout;
use crate::engine::{Engine, Marks};
use crate::job::{Job, Record};
use crate::status::Status;
use std::ffi::c_void;

impl Engine {
    /// Takes a result and has `read` copy it out, or says at once why there is none.
    #[inline]
    pub(crate) fn poll<R>(
        &self,
        read: impl FnOnce(&Job, *mut c_void, Option<&Record>) -> R,
    ) -> Result<R, Status> {
        let job = self.take_result()?;
        Ok(self.deliver(job, read))
    }

    /// The same, waiting for a result, or the end, until the timeout.
    pub(crate) fn poll_wait<R>(
        &self,
        timeout: Timeout,
        read: impl FnOnce(&Job, *mut c_void, Option<&Record>) -> R,
    ) -> Result<R, Status> {
        if self.is_inside() {
            return Err(Status::InsideCallback);
        }
        let job = match self.take_result() {
            Err(Status::Empty) => {
                let attempt = || match self.take_result() {
                    Err(Status::Empty) => None,
                    answer => Some(answer),
                };
                let backlog = || self.results.len();
                let deadline = timeout.deadline();
                let found = self.signals.ready.wait(self.spin, deadline, attempt, backlog);
                found.unwrap_or(Err(Status::Timeout))?
            }
            answer => answer?,
        };
        Ok(self.deliver(job, read))
    }

    /// The oldest result of the session; those of earlier ones are discarded on the way.
    #[inline]
    fn take_result(&self) -> Result<Job, Status> {
        loop {
            match self.signals.phase().refusal() {
                Err(Status::NoWorkers) | Ok(()) => {}
                refusal => refusal?,
            }
            let Some(job) = self.results.pop() else { break };
            // Read after the pop: what a reset made stale before that is not delivered.
            if job.session >= self.signals.phase().session() {
                return Ok(job);
            }
            self.discard(job);
        }
        let phase = self.signals.phase();
        phase.refusal()?;
        Err(if phase.finishes() && self.ended() { Status::End } else { Status::Empty })
    }

    #[inline]
    fn deliver<R>(
        &self,
        job: Job,
        read: impl FnOnce(&Job, *mut c_void, Option<&Record>) -> R,
    ) -> R {
        if self.marks_due(job.number) {
            Marks::raise(&self.marks.ready, self.results.len() + 1);
        }
        let record = self.records.of(&job);
        let payload = self.records.payload(&job);
        let result = read(&job, payload, record.as_deref());
        self.records.release(job);
        self.resolve(job.outcome);
        result
    }
}

//! The first step: a payload is accepted, becomes a job, and is queued.

use crate::clock::{Timeout, now_ns};
use crate::credits::Ticket;
use crate::engine::{Engine, Marks};
use crate::inside;
use crate::job::{Id, Job};
use crate::record::Text;
use crate::status::Status;
use crate::sync::{Ordering, fence_after_rmw};
use std::ffi::c_void;

impl Engine {
    /// Puts a payload, or says at once why not; then the payload is still the caller's.
    #[inline]
    pub(crate) fn put(&self, payload: *mut c_void) -> Result<Ticket, Status> {
        if self.is_inside() {
            return Err(Status::InsideCallback);
        }
        self.send(payload)?;
        let ticket = self.admit().inspect_err(|_| self.keep(payload))?;
        self.hand_over(payload, ticket);
        Ok(ticket)
    }

    /// The same, waiting for room until the timeout.
    pub(crate) fn put_wait(
        &self,
        payload: *mut c_void,
        timeout: Timeout,
    ) -> Result<Ticket, Status> {
        match self.put(payload) {
            Err(Status::Full) => {}
            answer => return answer,
        }
        let admit = || match self.admit() {
            Err(Status::Full) => None,
            answer => Some(answer),
        };
        self.send(payload)?;
        let room = &self.signals.room;
        let admitted = room.wait(self.spin, timeout.deadline(), admit, |_| !self.is_full());
        let ticket =
            admitted.unwrap_or(Err(Status::Timeout)).inspect_err(|_| self.keep(payload))?;
        self.hand_over(payload, ticket);
        Ok(ticket)
    }

    /// Whether a put would find no room.
    pub(crate) fn is_full(&self) -> bool {
        let (accepted, outcomes) = self.credits.counts();
        accepted - outcomes.iter().sum::<u64>() >= self.capacity.in_flight as u64
            || !self.has_room(accepted)
    }

    #[inline]
    fn admit(&self) -> Result<Ticket, Status> {
        self.signals.phase().refusal()?;
        self.credits.accept(|accepted| self.has_room(accepted))
    }

    /// Whether the queue takes one more, that many being accepted.
    #[inline]
    fn has_room(&self, accepted: u64) -> bool {
        !self.queue_binds()
            || self.is_inline()
            || accepted.saturating_sub(self.jobs.taken()) < self.capacity.queued as u64
    }

    /// An accepted job sets out.
    #[inline]
    fn hand_over(&self, payload: *mut c_void, ticket: Ticket) {
        let created = if self.timing { now_ns() } else { 0 };
        let job = Job { id: Id::from(ticket), payload, created };
        if self.is_inline() {
            return self.run_here(job);
        }
        if Engine::marks_due(ticket.number) {
            Marks::raise(&self.marks.queued, self.queued());
        }
        self.jobs.push(ticket.position, job);
        #[cfg(not(control = "put_fence"))]
        fence_after_rmw(); // N2 of the event, and between the push and the phase.
        self.signals.work.notify_one();
        // A reset, an abort or a close that began before the push may have swept before it too.
        if self.signals.phase().dooms(ticket.session) {
            self.sweep_jobs();
        }
    }

    /// Without workers, the job runs before its put returns.
    fn run_here(&self, job: Job) {
        self.inline.fetch_add(1, Ordering::AcqRel);
        let mut text = Text::EMPTY;
        let done =
            inside::enter(self.identity(), || self.transform(0, job, job.created, &mut text));
        self.inline.fetch_sub(1, Ordering::AcqRel);
        self.publish(done);
    }
}

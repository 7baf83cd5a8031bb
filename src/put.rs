//! The first step: a payload is accepted, becomes a job, and is queued.

use crate::barrier;
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
        self.send(payload)?;
        let (ticket, _) = self.await_room(1, timeout).inspect_err(|_| self.keep(payload))?;
        self.hand_over(payload, ticket);
        Ok(ticket)
    }

    /// As [`Engine::admit_many`], waiting for room for one until the timeout.
    pub(crate) fn await_room(
        &self,
        wanted: u64,
        timeout: Timeout,
    ) -> Result<(Ticket, u64), Status> {
        let attempt = || match self.admit_many(wanted) {
            Err(Status::Full) => None,
            answer => Some(answer),
        };
        let has = |_| !self.is_full();
        let admitted = self.signals.room.wait(self.spin, timeout.deadline(), attempt, has);
        admitted.unwrap_or(Err(Status::Timeout))
    }

    /// Whether a put would find no room.
    pub(crate) fn is_full(&self) -> bool {
        let (accepted, outcomes) = self.credits.counts();
        accepted - outcomes.iter().sum::<u64>() >= self.capacity.in_flight as u64
            || self.room(accepted) == 0
    }

    #[inline]
    fn admit(&self) -> Result<Ticket, Status> {
        self.admit_many(1).map(|(ticket, _)| ticket)
    }

    /// Up to so many jobs are accepted: the place of the first, and how many they are.
    #[inline(always)]
    pub(crate) fn admit_many(&self, wanted: u64) -> Result<(Ticket, u64), Status> {
        self.signals.phase().refusal()?;
        let answer = self.credits.accept(wanted, |accepted| self.room(accepted));
        #[cfg(not(control = "accept_fence"))]
        fence_after_rmw(); // N2 of the event.
        answer
    }

    /// How many more the queue takes, that many being accepted.
    #[inline]
    fn room(&self, accepted: u64) -> u64 {
        let in_queue = if !self.queue_binds() || self.is_inline() {
            u64::MAX
        } else {
            let queued = accepted.saturating_sub(self.jobs.taken());
            (self.capacity.queued as u64).saturating_sub(queued)
        };
        match self.results.are_ordered() {
            false => in_queue,
            true => in_queue.min(self.results.room(accepted)),
        }
    }

    /// An accepted job sets out.
    #[inline]
    fn hand_over(&self, payload: *mut c_void, ticket: Ticket) {
        self.hand_over_many(std::slice::from_ref(&payload), ticket);
    }

    /// Accepted jobs set out, of which that is the place of the first.
    #[inline(always)]
    pub(crate) fn hand_over_many(&self, payloads: &[*mut c_void], first: Ticket) {
        let created = if self.timing { now_ns() } else { 0 };
        let (mut id, mut position) = (Id::from(first).0, first.position);
        let jobs = payloads.iter().map(|&payload| {
            let job = Job { id: Id(id), payload, created, position };
            (id, position) = (id + 1, position + 1);
            job
        });
        if self.is_inline() {
            return jobs.for_each(|job| self.run_here(job));
        }
        if Engine::marks_due(first.number) {
            Marks::raise(&self.marks.queued, self.queued());
        }
        jobs.for_each(|job| self.jobs.push(job));
        #[cfg(not(control = "put_fence"))]
        barrier::light(); // N2 of the event, and between the push and the phase.
        self.signals.work.notify(payloads.len() as u64);
        // A reset, an abort or a close that began before the push may have swept before it too.
        if self.signals.phase().dooms(first.session) {
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

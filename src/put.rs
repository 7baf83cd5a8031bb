//! The first step: a payload is accepted, becomes a job, and is queued.

use crate::barrier;
use crate::clock::{Timeout, now_ns};
use crate::credits::{Outcome, Ticket};
use crate::engine::{Engine, Marks};
use crate::inside;
use crate::job::{Id, Job};
use crate::record::Text;
use crate::status::{Error, Status};
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
        self.hand_over(payload, ticket, self.usual_limit);
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
        self.hand_over(payload, ticket, self.usual_limit);
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
        let (now, state) = (now_ns(), self.mates.host.leaves());
        let at_once = if self.lend_core(now, timeout.counted_from(now)) { attempt() } else { None };
        let has = |_| !self.is_full();
        let wait = || self.signals.room.wait(self.spin, timeout.deadline(), attempt, has);
        let admitted = at_once.or_else(wait);
        self.lending.leave(now_ns());
        self.mates.host.returns(state);
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
    #[inline(always)]
    fn hand_over(&self, payload: *mut c_void, ticket: Ticket, limit: u64) {
        self.hand_over_many(std::slice::from_ref(&payload), ticket, limit);
    }

    /// Puts a payload, waiting for room until the timeout; its job may run for so long, if said.
    pub(crate) fn put_with(
        &self,
        payload: *mut c_void,
        limit: Option<u64>,
        timeout: Timeout,
    ) -> Result<Ticket, Error> {
        if limit.is_some() && self.usual_limit == 0 {
            let text = "a job_timeout is given, but the configuration's job_timeout_ns is 0";
            return Err(Error::new(Status::InvalidArgument, text));
        }
        if self.is_inside() {
            return Err(Status::InsideCallback.into());
        }
        self.send(payload)?;
        let admitted = match self.admit() {
            Err(Status::Full) if timeout.0 > 0 => self.await_room(1, timeout).map(|(it, _)| it),
            answer => answer,
        };
        let ticket = admitted.inspect_err(|_| self.keep(payload))?;
        let limit = limit.unwrap_or(self.usual_limit);
        self.hand_over(payload, ticket, limit);
        Ok(ticket)
    }

    /// Accepted jobs set out, of which that is the place of the first, and how long each may run.
    #[inline(always)]
    pub(crate) fn hand_over_many(&self, payloads: &[*mut c_void], first: Ticket, limit: u64) {
        let created = if self.timing { now_ns() } else { 0 };
        let (mut id, mut position) = (Id::from(first).0, first.position);
        if self.is_inline() {
            return self.run_all_here(payloads, id, position, created);
        }
        if Engine::marks_due(first.number) {
            Marks::raise(&self.marks.queued, self.queued());
        }
        for &payload in payloads {
            self.jobs.push(Job { id: Id(id), payload, created, position, limit, tries: 0 });
            (id, position) = (id + 1, position + 1);
        }
        #[cfg(not(control = "put_fence"))]
        barrier::light(); // N2 of the event, and between the push and the phase.
        self.tell_workers(payloads.len() as u64);
        // A reset, an abort or a close that began before the push may have swept before it too.
        if self.signals.phase().dooms(first.session) {
            self.sweep_jobs();
        }
    }

    /// There are so many jobs more.
    #[inline(always)]
    fn tell_workers(&self, jobs: u64) {
        // Whoever counts as searching looks for all that others rely on it to find: jobs that came
        // back from a worker, too.
        #[cfg(not(control = "near_look"))]
        let (has, pending) = (|others| self.has_job(0, others), || self.has_pending_work(0));
        #[cfg(control = "near_look")]
        let (has, pending) = (|others| self.jobs.has(others), || self.has_pending_jobs());
        if self.signals.work.notify_near(jobs, has, pending, &self.mates) {
            self.turns.begin();
        }
    }

    /// Without workers, jobs run before their put returns.
    #[inline(never)]
    fn run_all_here(&self, payloads: &[*mut c_void], id: u64, position: u64, created: u64) {
        for (&payload, ahead) in payloads.iter().zip(0..) {
            let (id, position) = (Id(id + ahead), position + ahead);
            self.run_here(Job { id, payload, created, position, limit: 0, tries: 0 });
        }
    }

    fn run_here(&self, mut job: Job) {
        self.inline.fetch_add(1, Ordering::AcqRel);
        let mut text = Text::EMPTY;
        let mut stage = 0;
        let (outcome, payload) = loop {
            let (outcome, payload) =
                inside::enter(self.identity(), || self.transform(0, stage, None, job, &mut text));
            job.payload = payload;
            if self.is_to_be_tried_again(&job, outcome) {
                job.tries += 1;
            } else if outcome == Outcome::Done && self.has_stage_after(stage) {
                (job.tries, stage) = (0, stage + 1);
            } else {
                break (outcome, payload);
            }
        };
        let done = self.complete(0, job, job.created, outcome, payload, &text);
        self.tally.ran_inline(done.finished - done.started);
        self.inline.fetch_sub(1, Ordering::AcqRel);
        self.publish(done);
    }
}

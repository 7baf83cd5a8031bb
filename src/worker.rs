//! The second step: a worker takes a job off the queue, transforms it, and publishes the result.
//!
//! The steps of a job are compiled into one loop, so that it never lies in memory, see
//! [`crate::poll`].
//!
//! No frame here may need clean-up: a transform written in C may end its thread by
//! `pthread_exit`, and then [`crate::crew`] finds the job on the worker's desk.

use crate::barrier;
use crate::clock::{Deadline, now_ns};
use crate::credits::Outcome;
use crate::desk::Desk;
use crate::engine::Engine;
use crate::job::{Completion, Job, Tag};
use crate::record::Text;
use crate::run::JobContext;
use crate::spin::Who;
use crate::sync::fence_after_rmw;
use std::ffi::c_void;

/// What a worker that waited has found.
pub(crate) enum Next {
    Job(Job),
    GoHome,
}

impl Engine {
    /// Works until the executor closes.
    pub(crate) fn serve(&self, worker: usize) {
        let mut text = Text::EMPTY;
        // When the job before ended, if the next was already there: one clock reading for both.
        let mut now = None;
        loop {
            while let Some(job) = self.jobs.pop() {
                now = self.work(worker, job, now, &mut text);
            }
            now = match self.wait_for_job() {
                Next::Job(job) => self.work_at_last(worker, job, &mut text),
                Next::GoHome => return,
            };
        }
    }

    /// A job that was waited for. Apart, so that one that was there already never lies in memory.
    #[inline(never)]
    fn work_at_last(&self, worker: usize, job: Job, text: &mut Text) -> Option<u64> {
        self.work(worker, job, None, text)
    }

    #[inline(never)] // As for `work_at_last`.
    fn wait_for_job(&self) -> Next {
        let attempt = || match self.jobs.pop() {
            Some(job) => Some(Next::Job(job)),
            None => self.signals.phase().closed().then_some(Next::GoHome),
        };
        let (work, has) = (&self.signals.work, |others| self.jobs.has(others));
        let pending = || self.has_pending_jobs();
        let next = work.wait_behind(self.spin, Who::Worker, Deadline::NEVER, attempt, has, pending);
        next.unwrap_or(Next::GoHome)
    }

    /// One job from the queue to its result. Returns when it ended, where jobs are timed.
    #[inline(always)]
    pub(crate) fn work(
        &self,
        worker: usize,
        job: Job,
        now: Option<u64>,
        text: &mut Text,
    ) -> Option<u64> {
        if !self.take_up(worker, job) {
            return None;
        }
        let now = if self.timing { now.unwrap_or_else(now_ns) } else { 0 };
        let desk = &self.desks[worker];
        desk.starts(now);
        let (outcome, payload) = self.transform(worker, Some(desk), job, text);
        let done = self.complete(worker, job, now, outcome, payload, text);
        if self.timing {
            desk.ran(done.finished - done.started);
        }
        desk.end();
        self.publish_minding(done);
        self.timing.then_some(done.finished)
    }

    /// Publishes what came of a thread's job, or what was said of it meanwhile.
    #[inline(always)]
    pub(crate) fn publish_minding(&self, done: Completion) {
        if self.signals.phase().minds(done.id.session()) {
            self.publish_told(done);
        } else {
            self.publish_wanted(done);
        }
    }

    /// Something was said since the job was put: perhaps to this job.
    #[cold]
    fn publish_told(&self, mut done: Completion) {
        let desk = &self.desks[usize::from(done.tag.worker())];
        if let Some(reason) = desk.told(desk.last()) {
            done = self.overrule(done, reason);
        }
        self.publish(done);
    }

    /// What becomes of a job that was told why it is not wanted, whatever its transform says.
    fn overrule(&self, done: Completion, reason: Outcome) -> Completion {
        let mut text = Text::EMPTY;
        let outcome = Engine::note_why(reason, &mut text);
        let payload = match done.tag.outcome() {
            Outcome::Done => done.word as *mut c_void,
            _ => self.records.read(done.word).payload,
        };
        if done.tag.outcome() != Outcome::Done {
            self.records.release(done.word);
        }
        let word = self.word(outcome, payload, &text);
        Completion { tag: done.tag.with(outcome), word, ..done }
    }

    /// Writes a job that was taken off the queue on a desk of the worker's. False if it must not run;
    /// then it has its outcome.
    #[inline(always)]
    pub(crate) fn take_up(&self, desk: usize, job: Job) -> bool {
        if self.queue_binds() {
            #[cfg(not(control = "room_fence"))]
            fence_after_rmw(); // N2 of the event: the pop has made room.
            self.signals.room.notify_one();
        }
        self.desks[desk].begin(job);
        #[cfg(not(control = "desk_fence"))]
        barrier::light(); // See `Engine::ended`, and `crate::cancel`.
        !self.signals.phase().minds(job.id.session()) || self.may_run(desk, job.tries)
    }

    /// Something was said since the job on a desk was put. False if it must not run.
    #[cold]
    fn may_run(&self, index: usize, tries: u64) -> bool {
        let desk = &self.desks[index];
        let Some(job) = desk.look().map(|seen| Job { tries, ..seen.job }) else { return false };
        let doomed = self.signals.phase().dooms(job.id.session());
        let cancelled = !doomed
            && self.notes.may_have(job.position)
            && (self.notes.strike(job.id) || desk.told(desk.last()).is_some());
        if !doomed && !cancelled {
            return true;
        }
        // Unless a sweep was faster: a worker process that is broken can make it seem that the job
        // is on offer already.
        if desk.end_if(desk.last()) {
            match doomed {
                true => self.discard_job(job),
                false => self.publish_cancelled(self.worker_at(index), job),
            }
        }
        false
    }

    fn publish_cancelled(&self, worker: usize, job: Job) {
        let mut text = Text::EMPTY;
        text.set("the job was cancelled before it ran");
        let began = if self.timing { now_ns() } else { 0 };
        let (outcome, payload) = (Outcome::Cancelled, job.payload);
        let done = self.complete(worker, job, began, outcome, payload, &text);
        self.publish(Completion { tag: Tag::new(outcome, worker, job.tries), ..done });
    }

    /// What becomes of a job that was told why it is not wanted, whatever its transform says.
    #[cold]
    pub(crate) fn note_why(reason: Outcome, text: &mut Text) -> Outcome {
        text.clear();
        text.set(match reason {
            Outcome::TimedOut => "the job ran past its deadline",
            _ => "the job was cancelled while it ran",
        });
        reason
    }

    /// Runs the transform. Without workers there is no desk.
    #[inline(always)]
    pub(crate) fn transform(
        &self,
        worker: usize,
        desk: Option<&Desk>,
        job: Job,
        text: &mut Text,
    ) -> (Outcome, *mut c_void) {
        text.clear();
        let phase = self.signals.phase_word();
        let told = desk.map_or((&self.untold, 1), Desk::told_word);
        let mut run = |buffer| {
            let mut context = JobContext::new(&job, worker, self.seed, phase, told, buffer, text);
            (self.run.run(&mut context), context.payload)
        };
        match self.arena {
            None => run(None),
            Some(_) => run(self.buffer_of(job.payload)),
        }
    }

    /// What a result has for its payload: where the outcome is not `Done`, a record.
    #[inline]
    pub(crate) fn word(&self, outcome: Outcome, payload: *mut c_void, text: &Text) -> usize {
        match outcome {
            Outcome::Done => payload as usize,
            _ => self.records.write(payload, text),
        }
    }

    /// Writes down what came of a job.
    #[inline(always)]
    pub(crate) fn complete(
        &self,
        worker: usize,
        job: Job,
        began: u64,
        outcome: Outcome,
        payload: *mut c_void,
        text: &Text,
    ) -> Completion {
        let word = self.word(outcome, payload, text);
        let (started, finished) = match self.timing {
            // The job may have been put after the one before it ended.
            true => (began.max(job.created), now_ns()),
            false => (0, 0),
        };
        let Job { id, created, position, tries, .. } = job;
        let tag = Tag::new(outcome, worker, tries + 1);
        Completion { id, word, tag, position, created, started, finished }
    }

    /// The job on the desk of a thread that died gets its outcome.
    pub(crate) fn bury(&self, worker: usize) {
        let desk = &self.desks[worker];
        let since = desk.at_work().map_or(0, |at| at.since);
        let mut text = Text::EMPTY;
        text.set("the worker's thread ended while it ran this job");
        if let Some(job) = desk.look().and_then(|seen| desk.take(seen)) {
            self.publish(self.crash(worker, job, since, &text));
        }
    }

    /// The result of a job whose worker died of it, perhaps.
    pub(crate) fn crash(&self, worker: usize, job: Job, since: u64, text: &Text) -> Completion {
        self.complete(worker, job, since, Outcome::Crashed, job.payload, text)
    }

    /// Hands a result to whoever polls; what is no longer wanted is discarded instead.
    #[inline(always)]
    pub(crate) fn publish(&self, done: Completion) {
        match self.signals.phase().outdates(done.id.session()) {
            true => self.discard_late(done),
            false => self.publish_wanted(done),
        }
    }

    /// The same for one that was wanted just now. After the push nothing of the job is touched: it
    /// belongs to the poller.
    #[inline(always)]
    fn publish_wanted(&self, done: Completion) {
        let session = done.id.session();
        let outdated = || self.signals.phase().outdates(session);
        if let Err(done) = self.results.push(done, outdated) {
            return self.discard_late(done);
        }
        #[cfg(not(control = "publish_fence"))]
        barrier::light(); // N2 of the event, and between the push and the phase.
        if self.results.are_ordered() {
            return self.tell_in_order(session);
        }
        self.signals.tell_poller();
        // A reset, an abort or a close that began before the push may have swept before it too.
        if outdated() {
            self.sweep_results();
        }
    }

    /// A result that came too late. In order of put, a sweep may have waited for it.
    #[cold]
    fn discard_late(&self, done: Completion) {
        self.discard_result(done);
        if self.results.are_ordered() {
            self.sweep_behind();
        }
    }

    /// In order of put, a result is news only if none before it is missing. See the module of
    /// [`crate::results`] that is about this, for why the sleeper is woken, and for the sweep.
    #[inline]
    fn tell_in_order(&self, session: u32) {
        if self.signals.awaits_results() && self.results.has(0) {
            self.signals.tell_poller();
        }
        if self.is_inline() || self.signals.phase().outdates(session) {
            self.sweep_behind();
        }
    }
}

//! One job, from the queue to its result: written on a desk, transformed, and handed over.
//!
//! No frame here may need clean-up: a transform written in C may end its thread by
//! `pthread_exit`, and then [`crate::crew`] finds the job on the worker's desk.

use crate::barrier;
use crate::clock::now_ns;
use crate::credits::Outcome;
use crate::desk::Desk;
use crate::engine::Engine;
use crate::job::{Completion, Job, Tag};
use crate::record::Text;
use crate::run::JobContext;
use crate::sync::fence_after_rmw;
use std::ffi::c_void;

impl Engine {
    /// One job from the queue to its result. Returns when it ended, where jobs are timed.
    #[inline(always)]
    pub(crate) fn work(
        &self,
        worker: usize,
        job: Job,
        now: Option<u64>,
        text: &mut Text,
        is_sample: bool,
    ) -> Option<u64> {
        let done = self.run_job(worker, job, now, text, is_sample)?;
        self.hand_in(worker, done)
    }

    /// The first half: what came of it, unless it was not to run. `is_sample`: how long it takes is of
    /// interest.
    #[inline(always)]
    pub(crate) fn run_job(
        &self,
        worker: usize,
        job: Job,
        now: Option<u64>,
        text: &mut Text,
        is_sample: bool,
    ) -> Option<Completion> {
        if !self.take_up(worker, job) {
            return None;
        }
        let now = if self.timing { now.unwrap_or_else(now_ns) } else { 0 };
        let desk = &self.desks[worker];
        desk.starts(now);
        let began = if is_sample { now_ns() } else { 0 };
        let (outcome, payload) = self.transform(worker, 0, Some(desk), job, text);
        if is_sample {
            self.signals.work.learn_first(now_ns() - began);
        }
        let done = self.complete(worker, job, now, outcome, payload, text);
        if self.timing {
            desk.ran(done.finished - done.started);
        }
        Some(done)
    }

    /// The second: its result is published.
    #[inline(always)]
    pub(crate) fn hand_in(&self, worker: usize, done: Completion) -> Option<u64> {
        self.desks[worker].end();
        self.publish_minding(done);
        self.timing.then_some(done.finished)
    }

    /// Writes a job that was taken off the queue on a desk of the worker's. False if it must not
    /// run; then it has its outcome.
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

    /// Runs the transform. Without workers there is no desk.
    #[inline(always)]
    pub(crate) fn transform(
        &self,
        worker: usize,
        stage: usize,
        desk: Option<&Desk>,
        job: Job,
        text: &mut Text,
    ) -> (Outcome, *mut c_void) {
        text.clear();
        let phase = self.signals.phase_word();
        let told = desk.map_or((&self.untold, 1), Desk::told_word);
        let mut run = |buffer| {
            let mut context =
                JobContext::new(&job, (worker, stage), self.seed, phase, told, buffer, text);
            (self.run.run(&mut context), context.payload)
        };
        match self.arena {
            None => run(None),
            Some(_) => run(self.buffer_for(job.payload, stage)),
        }
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
}

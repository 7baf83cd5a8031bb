//! The worker's step where jobs have limits ([`crate::limits`]), are tried again when they fail, or
//! go through several stages: as in [`crate::worker`], but that a job may be taken off the worker's
//! desk while it runs, its thread being set aside, and may go back to the queue or on to the next.
//!
//! A stage's jobs wait in a queue of their own, which has a place for each job that may be in
//! flight: so no stage ever waits for the next, and all that holds a put back is the credits.

use crate::clock::now_ns;
use crate::credits::Outcome;
use crate::desk::Desk;
use crate::engine::Engine;
use crate::event::is_sample;
use crate::job::{Completion, Id, Job, Tag};
use crate::lend::Loan;
use crate::limits::due;
use crate::record::Text;
use crate::trace::Record;
use crate::worker::Next;
use std::ffi::c_void;

/// How a thread's work ended.
pub(crate) enum Ended {
    /// The executor closes.
    Home,
    /// The thread was set aside, and came back with that payload.
    Aside(*mut c_void),
}

impl Engine {
    /// As [`Engine::serve`], or until the thread is set aside.
    pub(crate) fn serve_supervised(&self, worker: usize) -> Ended {
        let (mut text, stage) = (Text::EMPTY, self.stage_of(worker));
        let mut waits = 0;
        let (seat, mut loan) = (self.mates.seat(worker), Loan::new(self.capacity.in_flight));
        loop {
            let (job, is_sample) = match self.next_job(stage) {
                Some(job) => (job, false),
                None => match self.wait_for_work(worker, stage) {
                    Next::Job(job) => {
                        waits += 1;
                        (job, is_sample(waits))
                    }
                    Next::GoHome => return Ended::Home,
                },
            };
            if let Err(payload) = self.work_supervised(worker, stage, job, &mut text, is_sample) {
                return Ended::Aside(payload);
            }
            if loan.is_due(seat, |others| self.has_job(stage, others)) {
                loan.give_back(seat, || self.wake_lender());
            }
        }
    }

    fn wait_for_work(&self, worker: usize, stage: usize) -> Next {
        let attempt = || match self.next_job(stage) {
            Some(job) => Some(Next::job(job)),
            None => self.signals.phase().closed().then_some(Next::GoHome),
        };
        let has = |others| self.has_job(stage, others);
        let pending = || self.has_pending_work(stage);
        self.await_job(worker, stage, attempt, has, pending).unwrap_or(Next::GoHome)
    }

    /// As [`Engine::work`]; an error is the payload of a job that was taken away.
    pub(crate) fn work_supervised(
        &self,
        worker: usize,
        stage: usize,
        mut job: Job,
        text: &mut Text,
        is_sample: bool,
    ) -> Result<(), *mut c_void> {
        if !self.take_up(worker, job) {
            return Ok(());
        }
        let desk = &self.desks[worker];
        let now = if self.timing { now_ns() } else { 0 };
        let number = self.begin(desk, &job, now);
        let began = if is_sample { now_ns() } else { 0 };
        let (outcome, payload) = self.transform(worker, stage, Some(desk), job, text);
        if is_sample {
            self.signals.work_of(stage).learn_first(now_ns() - began);
        }
        if !desk.end_if(number) {
            return Err(payload);
        }
        let ran = if self.timing { now_ns() - now } else { 0 };
        desk.ran(ran);
        job.payload = payload;
        let is_told = desk.told_at_last(number).is_some();
        if !is_told && self.is_to_be_tried_again(&job, outcome) {
            self.try_again(job, stage);
        } else if !is_told && outcome == Outcome::Done && self.has_stage_after(stage) {
            self.note_run(&job, worker, now, now + ran);
            self.hand_on(job, stage + 1);
        } else {
            self.publish_minding(self.complete(worker, job, now, outcome, payload, text));
        }
        Ok(())
    }

    /// Whether a job that came to that is tried once more.
    pub(crate) fn is_to_be_tried_again(&self, job: &Job, outcome: Outcome) -> bool {
        let again = match outcome {
            Outcome::Crashed => true,
            Outcome::Failed | Outcome::Panicked => self.retry_failed,
            _ => false,
        };
        again && job.tries < self.retries && !self.signals.phase().dooms(job.id.session())
    }

    /// A job goes on to a stage.
    pub(crate) fn hand_on(&self, job: Job, stage: usize) {
        self.give_back(Job { tries: 0, ..job }, stage);
    }

    /// Keeps a run for the trace whose job goes on.
    pub(crate) fn note_run(&self, job: &Job, worker: usize, started: u64, finished: u64) {
        if let Some(trace) = &self.trace {
            let Job { id, created, tries, .. } = *job;
            let tag = Tag::new(Outcome::Done, worker, tries + 1);
            let started = started.max(created);
            trace.write(Record { id, tag, created, started, finished, polled: finished });
        }
    }

    /// Has a job tried once more in its stage, at once or later.
    pub(crate) fn try_again(&self, mut job: Job, stage: usize) {
        job.tries += 1;
        let (Some(later), Some(limits)) = (&self.later, &self.limits) else {
            return self.give_back(job, stage);
        };
        let (id, due) = (job.id, later.push(job, stage, now_ns()));
        limits.begins(due, &self.signals.alarm);
        // The lock of `later` orders this with a reset or a cancel, which changes the phase and
        // then looks there: it finds the job, or it was there before, and its change shows here.
        let phase = self.signals.phase();
        if phase.dooms(id.session()) {
            self.sweep_jobs();
        }
        #[cfg(not(control = "pause_news"))]
        if phase.minds(id.session()) && self.notes.has(id) {
            self.do_not_pause(id);
        }
    }

    /// A job that was cancelled does not wait for its next try: whoever takes it finds it noted.
    pub(crate) fn do_not_pause(&self, id: Id) {
        let paused = self.later.as_ref().and_then(|later| later.take(|_, job| job.id == id));
        if let Some((job, stage)) = paused {
            self.give_back(job, stage);
        }
    }

    /// Hands out the jobs whose time has come.
    pub(crate) fn hand_out(&self, now: u64) {
        while let Some((job, stage)) =
            self.later.as_ref().and_then(|later| later.take(|due, _| due <= now))
        {
            self.give_back(job, stage);
        }
    }

    /// The job that was put on a desk last begins. Answers its number.
    pub(crate) fn begin(&self, desk: &Desk, job: &Job, now: u64) -> u64 {
        desk.note(job.limit, job.tries);
        self.start(desk, job.limit, now)
    }

    /// The same, once that is noted.
    pub(crate) fn start(&self, desk: &Desk, limit: u64, now: u64) -> u64 {
        desk.starts(now);
        if let Some(limits) = &self.limits {
            limits.begins(due(now, limit), &self.signals.alarm);
        }
        desk.last()
    }

    /// The result of a job whose payload another thread has still.
    pub(crate) fn complete_without(
        &self,
        worker: usize,
        job: Job,
        began: u64,
        outcome: Outcome,
        text: &Text,
    ) -> Completion {
        let word = self.records.write_lost(text);
        let Job { id, created, position, tries, .. } = job;
        let (started, finished) = (began.max(created), now_ns());
        let tag = Tag::new(outcome, worker, tries + 1);
        Completion { id, word, tag, position, created, started, finished }
    }
}

#[cfg(all(test, loom))]
mod models;

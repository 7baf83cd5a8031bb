//! The worker's step where jobs have limits ([`crate::limits`]): as in [`crate::worker`], but that
//! the job may be taken off the worker's desk while it runs, and its thread is set aside.

use crate::clock::now_ns;
use crate::credits::Outcome;
use crate::desk::Desk;
use crate::engine::Engine;
use crate::job::{Completion, Job};
use crate::record::Text;
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
    pub(crate) fn serve_limited(&self, worker: usize) -> Ended {
        let mut text = Text::EMPTY;
        loop {
            let job = match self.jobs.pop().map_or_else(|| self.wait_for_job(), Next::Job) {
                Next::Job(job) => job,
                Next::GoHome => return Ended::Home,
            };
            if let Err(payload) = self.work_limited(worker, job, &mut text) {
                return Ended::Aside(payload);
            }
        }
    }

    /// As [`Engine::work`]; an error is the payload of a job that was taken away.
    fn work_limited(&self, worker: usize, job: Job, text: &mut Text) -> Result<(), *mut c_void> {
        if !self.take_up(worker, job) {
            return Ok(());
        }
        let (desk, now) = (&self.desks[worker], now_ns());
        let number = self.limit(desk, job.limit, now);
        let (outcome, payload) = self.transform(worker, Some(desk), job, text);
        if !desk.end_if(number) {
            return Err(payload);
        }
        self.publish_minding(self.complete(worker, job, now, outcome, payload, text));
        Ok(())
    }

    /// The job that was put on a desk last begins, and may run for so long. Answers its number.
    pub(crate) fn limit(&self, desk: &Desk, limit: u64, now: u64) -> u64 {
        desk.may_run(limit);
        desk.starts(now);
        if let Some(limits) = &self.limits {
            limits.begins(now.saturating_add(limit), &self.signals.alarm);
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
        let Job { id, created, position, .. } = job;
        let (started, finished) = (began.max(created), now_ns());
        let worker = worker as u16;
        Completion { id, word, outcome, worker, position, created, started, finished }
    }
}

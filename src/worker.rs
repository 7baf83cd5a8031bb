//! The second step: a worker takes a job off the queue, transforms it, and publishes the result.
//!
//! No frame here may need clean-up: a transform written in C may end its thread by
//! `pthread_exit`, and then [`crate::crew`] finds the job on the worker's desk.

use crate::clock::{Deadline, now_ns};
use crate::credits::Outcome;
use crate::engine::Engine;
use crate::job::{Job, Text};
use crate::run::JobContext;
use crate::sync::{Ordering, fence, fence_after_rmw};

/// What a worker that waited has found.
enum Next {
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
            let job = match self.queue.pop() {
                Some(job) => job,
                None => {
                    now = None;
                    match self.wait_for_job() {
                        Next::Job(job) => job,
                        Next::GoHome => return,
                    }
                }
            };
            now = self.work(worker, job, now, &mut text);
        }
    }

    fn wait_for_job(&self) -> Next {
        let attempt = || match self.queue.pop() {
            Some(job) => Some(Next::Job(job)),
            None => self.signals.phase().closed().then_some(Next::GoHome),
        };
        let backlog = || self.queue.len();
        let next = self.signals.work.wait(self.spin, Deadline::NEVER, attempt, backlog);
        next.unwrap_or(Next::GoHome)
    }

    /// One job from the queue to its result. Returns when it ended, where jobs are timed.
    pub(crate) fn work(
        &self,
        worker: usize,
        job: Job,
        now: Option<u64>,
        text: &mut Text,
    ) -> Option<u64> {
        let desk = &self.desks[worker];
        desk.begin(job);
        if self.queue_binds() {
            #[cfg(not(control = "room_fence"))]
            fence(Ordering::SeqCst); // N2 of the event; the desk is no read-modify-write.
            self.signals.room.notify_one_fenced();
        }
        if self.signals.phase().dooms(job.session) {
            desk.end();
            self.discard(job);
            return None;
        }
        let now = if self.timing { now.unwrap_or_else(now_ns) } else { 0 };
        desk.starts(now);
        let job = self.transform(worker, job, now, text);
        let now = self.records.of(&job).map(|record| record.finished).filter(|_| self.timing);
        desk.end();
        self.publish(job);
        now
    }

    /// Runs the transform, and writes down what came of it.
    pub(crate) fn transform(&self, worker: usize, mut job: Job, now: u64, text: &mut Text) -> Job {
        text.clear();
        let payload = self.records.payload(&job);
        let mut context = JobContext::new(&job, payload, worker, self.seed, &self.signals, text);
        job.outcome = self.run.run(&mut context);
        job.worker = worker as u16;
        let result = context.payload;
        if job.outcome != Outcome::Done {
            self.records.attach(&mut job);
        }
        if result != payload {
            self.records.set_payload(&mut job, result);
        }
        if let Some(record) = self.records.of(&job) {
            if self.timing {
                // The job may have been put after the one before it ended.
                record.started = now.max(record.created);
                record.finished = now_ns();
            }
            record.failure.copy_from(text);
        }
        job
    }

    /// Hands a result to whoever polls; what is no longer wanted is discarded instead. After the
    /// push nothing of the job is touched: it belongs to the poller.
    #[inline]
    pub(crate) fn publish(&self, job: Job) {
        if self.signals.phase().outdates(job.session) {
            return self.discard(job);
        }
        let session = job.session;
        self.results.push(job);
        #[cfg(not(control = "publish_fence"))]
        fence_after_rmw(); // N2 of the event, and between the push and the phase.
        self.signals.ready.notify_one_fenced();
        // A reset, an abort or a close that began before the push may have swept before it too.
        if self.signals.phase().outdates(session) {
            self.sweep();
        }
    }
}

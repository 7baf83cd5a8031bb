//! What came of a job is written down, and handed to whoever polls.
//!
//! As in [`crate::poll`], all of it is compiled into its caller, so that a result never lies in
//! memory on its way.

use crate::barrier;
use crate::clock::now_ns;
use crate::credits::Outcome;
use crate::engine::Engine;
use crate::job::{Completion, Job, Tag};
use crate::record::Text;
use std::ffi::c_void;

impl Engine {
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

//! The last step: a result is handed to the host, its job gets its outcome, and its credit goes
//! back.
//!
//! All of it is compiled into its caller, so that a result is made where it is wanted. Copied, its
//! words would be stored one by one and read back in pairs, for which the core must wait until the
//! stores have reached the cache: a poll in Rust took 2.2 times as long.

use crate::arena::View;
use crate::clock::{Timeout, now_ns};
use crate::credits::Outcome;
use crate::engine::{Engine, Marks};
use crate::job::{Completion, Id, Tag, Times};
use crate::prefetch;
use crate::record::Text;
use crate::status::Status;
use crate::trace::{Record, Trace};
use std::ffi::c_void;

/// A payload is sent for when so many others are to be polled before it, that is some 150 ns
/// earlier: a line's way, here. From 1 to 3 it makes little difference.
const AHEAD: u64 = 2;

/// A result, as it is shown to whoever copies it out.
pub(crate) struct Delivery<'a> {
    pub(crate) id: Id,
    pub(crate) payload: *mut c_void,
    /// The buffer that the payload is, if it is one; from now on the host's.
    pub(crate) buffer: Option<View>,
    pub(crate) outcome: Outcome,
    pub(crate) worker: u16,
    pub(crate) attempts: u32,
    pub(crate) times: Times,
    /// What is to be said where the outcome is not `Done`.
    pub(crate) text: Option<&'a Text>,
}

impl Engine {
    /// Takes a result and has `read` copy it out, or says at once why there is none.
    #[inline(always)]
    pub(crate) fn poll<R>(&self, read: impl FnOnce(&Delivery<'_>) -> R) -> Result<R, Status> {
        match self.take_result() {
            Ok(done) => {
                self.foresee();
                Ok(self.deliver(done, read))
            }
            Err(Status::Empty) => self.poll_once_more(read),
            Err(status) => Err(status),
        }
    }

    /// Apart, so that a result that was there already never lies in memory.
    #[cold]
    #[inline(never)]
    fn poll_once_more<R>(&self, read: impl FnOnce(&Delivery<'_>) -> R) -> Result<R, Status> {
        let done =
            self.answer_empty(|| self.take_result()).inspect_err(|why| self.note_empty(*why))?;
        Ok(self.deliver(done, read))
    }

    /// The same, waiting for a result, or the end, until the timeout.
    #[inline(always)]
    pub(crate) fn poll_wait<R>(
        &self,
        timeout: Timeout,
        read: impl FnOnce(&Delivery<'_>) -> R,
    ) -> Result<R, Status> {
        if self.is_inside() {
            return Err(Status::InsideCallback);
        }
        let done = match self.take_result() {
            Err(Status::Empty) => self.await_result(timeout)?,
            answer => {
                let done = answer?;
                self.foresee();
                done
            }
        };
        Ok(self.deliver(done, read))
    }

    #[cold]
    fn await_result(&self, timeout: Timeout) -> Result<Completion, Status> {
        let take = || self.take_result().inspect(|_| self.foresee());
        self.await_news(timeout, take, |done| done)
    }

    /// A result was taken: has the payload come of one that will be.
    #[inline(always)]
    fn foresee(&self) {
        if let Some(payload) = self.results.payload_behind(AHEAD) {
            prefetch::to_write(payload);
        }
    }

    /// A poll that does not wait got that answer instead of a result.
    pub(crate) fn note_empty(&self, why: Status) {
        if why == Status::Empty {
            self.tally.came_early();
            self.mates.host.asks(self.credits.resolved());
        }
    }

    /// The oldest result of the session; those of earlier ones are discarded on the way.
    #[inline(always)]
    fn take_result(&self) -> Result<Completion, Status> {
        loop {
            self.may_poll()?;
            let Some(done) = self.results.pop() else { return Err(self.why_nothing()) };
            // On its way while the job gets its outcome, if it was not sent for.
            prefetch::to_write(done.word as u64);
            // Read after the pop: what a reset made stale before that is not delivered.
            if done.id.session() >= self.signals.phase().session() {
                return Ok(done);
            }
            self.discard_result(done);
        }
    }

    /// What workers did before all of them died may be polled.
    #[inline]
    pub(crate) fn may_poll(&self) -> Result<(), Status> {
        match self.signals.phase().refusal() {
            Err(Status::NoWorkers) => Ok(()),
            answer => answer,
        }
    }

    /// The answer where there is no result.
    #[inline]
    pub(crate) fn why_nothing(&self) -> Status {
        let phase = self.signals.phase();
        match phase.refusal() {
            Err(refusal) => refusal,
            Ok(()) if phase.finishes() && self.ended() => Status::End,
            Ok(()) => Status::Empty,
        }
    }

    #[inline(always)]
    fn deliver<R>(&self, done: Completion, read: impl FnOnce(&Delivery<'_>) -> R) -> R {
        if Engine::marks_due(done.id.number()) {
            Marks::raise(&self.marks.ready, self.results.len() + 1);
        }
        let polled = self.note_taken(&done);
        let result = self.show(&done, polled, read);
        self.resolve(done.tag.outcome(), 1);
        result
    }

    /// Counts how long a result lay there, where jobs are timed. Answers the time.
    #[inline(always)]
    fn note_taken(&self, done: &Completion) -> u64 {
        if !self.timing {
            return 0;
        }
        let now = now_ns();
        self.note_times(done, now);
        now
    }

    /// Counts what a result says of times, and keeps it for the trace if there is one.
    #[inline(always)]
    pub(crate) fn note_times(&self, done: &Completion, polled: u64) {
        // The bench of features has a build without this, to show what it costs.
        if !cfg!(control = "uncounted") {
            self.tally.took(done, polled);
        }
        if let Some(trace) = &self.trace {
            let Completion { id, tag, created, started, finished, .. } = *done;
            keep(trace, id.0, tag.0, [created, started, finished, polled]);
        }
    }

    /// Has a result copied out. It is the host's now, but for its outcome.
    #[inline(always)]
    pub(crate) fn show<R>(
        &self,
        done: &Completion,
        polled: u64,
        read: impl FnOnce(&Delivery<'_>) -> R,
    ) -> R {
        let Completion { id, word, tag, .. } = *done;
        let (outcome, worker, attempts) = (tag.outcome(), tag.worker(), tag.attempts());
        let Completion { created, started, finished, .. } = *done;
        // All are 0 where jobs are not timed.
        let times = Times { created, started, finished, queued: finished, polled };
        let (payload, text) = (word as *mut c_void, None);
        let buffer = None;
        let mut delivery = Delivery { id, payload, buffer, outcome, worker, attempts, times, text };
        if outcome != Outcome::Done {
            return self.show_record(delivery, word, read);
        }
        delivery.buffer = self.bring(payload);
        read(&delivery)
    }

    /// What is to be said stands in a record.
    #[cold]
    fn show_record<'a, R>(
        &'a self,
        mut delivery: Delivery<'a>,
        index: usize,
        read: impl FnOnce(&Delivery<'_>) -> R,
    ) -> R {
        let record = self.records.read(index);
        (delivery.payload, delivery.text) = (record.payload, Some(&record.text));
        delivery.buffer = self.bring(delivery.payload);
        let result = read(&delivery);
        self.records.release(index);
        result
    }
}

/// By numbers, so that a result does not lie in memory for it.
#[cold]
#[inline(never)]
fn keep(trace: &Trace, id: u64, tag: u64, [created, started, finished, polled]: [u64; 4]) {
    // A poller's clock may be behind a worker's by some nanoseconds.
    let polled = polled.max(finished);
    trace.write(Record { id: Id(id), tag: Tag(tag), created, started, finished, polled });
}

//! The Rust API: an executor of boxed payloads. The C API ([`crate::ffi`]) means the same.

use crate::arena::Source;
use crate::clock::Timeout;
use crate::config::{Capacity, Config, PutOptions};
use crate::credits::{Outcome, Ticket};
use crate::job::{Id, Times};
use crate::lifecycle::{Running, Site};
use crate::poll::Delivery;
use crate::registry;
use crate::run_thread::{Failure, Threaded, Transform};
use crate::stats::Stats;
use crate::status::{Error, Status};
use std::ffi::c_void;
use std::marker::PhantomData;
use std::os::fd::BorrowedFd;
use std::time::Duration;

mod many;

/// A payload that was not accepted, and why.
#[derive(Debug)]
pub struct Rejected<T> {
    /// `Full`, `Closed`, `Aborted`, `Finished`, `Timeout`, `NoWorkers` or `InsideCallback`; from
    /// `put_with` also `InvalidArgument`.
    pub status: Status,
    /// Still yours.
    pub payload: Box<T>,
}

/// The result of a job.
#[derive(Debug)]
pub struct JobResult<T> {
    /// The payload, transformed; after a failure, in the state the transform left it in. `None`
    /// only where the job timed out and a thread that was set aside has it still, see
    /// [`Config::abandon_after_ns`].
    pub payload: Option<Box<T>>,
    /// What `put` answered.
    pub id: u64,
    /// The session it was put in.
    pub session: u32,
    /// How many jobs were accepted before it in that session, modulo 2^36.
    pub number: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// What the transform said, where the outcome is not `Done`.
    pub failure: Option<Failure>,
    /// Which worker ran it.
    pub worker: usize,
    /// How often it was begun: more than once where it was tried again, see [`Config::retries`].
    pub attempts: u32,
    /// When.
    pub times: Times,
}

/// An executor of payloads of type `T`.
///
/// All methods may be called from any thread. None waits but those that take a timeout, and the
/// callbacks they run. Dropping it closes it without waiting.
pub struct Executor<T: Send + 'static> {
    running: Running,
    _payload: PhantomData<fn(T) -> T>,
}

impl<T: Send + 'static> Executor<T> {
    /// Starts the workers and returns when all run, or the error by the deadline.
    pub fn start(
        config: &Config,
        transform: impl Transform<T>,
        timeout: Duration,
    ) -> Result<Executor<T>, Error> {
        let run = |_: Site<'_>| Ok(Box::new(Threaded::new(transform)) as _);
        if config.has_batches() {
            let text = "input_bytes and output_bytes are for a BatchExecutor";
            return Err(Error::new(Status::InvalidArgument, text));
        }
        let deadline = Timeout::from(timeout).deadline();
        let running = Running::start(config, Source::Private, run, deadline)?;
        Ok(Executor { running, _payload: PhantomData })
    }

    /// Puts a payload and answers the job's id. Never waits.
    #[inline]
    pub fn put(&self, payload: Box<T>) -> Result<u64, Rejected<T>> {
        self.put_by(payload, |payload| self.running.crew.engine.put(payload))
    }

    /// Puts a payload, waiting for room.
    #[inline]
    pub fn put_wait(&self, payload: Box<T>, timeout: Duration) -> Result<u64, Rejected<T>> {
        let engine = &self.running.crew.engine;
        self.put_by(payload, |payload| engine.put_wait(payload, timeout.into()))
    }

    /// Puts a payload as the options say. `InvalidArgument` where they give a `job_timeout` and the
    /// configuration has none.
    pub fn put_with(&self, payload: Box<T>, options: PutOptions) -> Result<u64, Rejected<T>> {
        let engine = &self.running.crew.engine;
        let limit = options.job_timeout.map(|time| Timeout::from(time).0);
        self.put_by(payload, |payload| {
            let put = engine.put_with(payload, limit, options.wait.into());
            put.map_err(|error| error.status())
        })
    }

    /// Cancels a job of this session, by the number that its put answered. One that waits never
    /// runs; one that runs is told ([`cancelled`](crate::JobContext::cancelled)). Either comes as
    /// `Cancelled`; one that is done comes as what it is. `Empty` if there was no such job in this
    /// session, or where there are no workers. Never waits; allowed inside callbacks.
    pub fn cancel(&self, id: u64) -> Result<(), Status> {
        self.running.crew.engine.cancel(Id(id))
    }

    #[inline]
    fn put_by(
        &self,
        payload: Box<T>,
        put: impl FnOnce(*mut c_void) -> Result<Ticket, Status>,
    ) -> Result<u64, Rejected<T>> {
        let payload = Box::into_raw(payload);
        match put(payload.cast()) {
            Ok(ticket) => Ok(Id::from(ticket).0),
            // SAFETY: a payload that was not accepted is still ours.
            Err(status) => Err(Rejected { status, payload: unsafe { Box::from_raw(payload) } }),
        }
    }

    /// Takes a result: `Empty`, `End`, `Closed` or `Aborted` if there is none. Never waits.
    #[inline]
    pub fn poll(&self) -> Result<JobResult<T>, Status> {
        self.running.crew.engine.poll(read)
    }

    /// Takes a result, waiting for one: `Timeout`, `End`, `Closed` or `Aborted` if none came.
    #[inline]
    pub fn poll_wait(&self, timeout: Duration) -> Result<JobResult<T>, Status> {
        self.running.crew.engine.poll_wait(timeout.into(), read)
    }

    /// Says that the session gets no more jobs, so that pollers are told `End` after the last.
    pub fn finish(&self) -> Result<(), Status> {
        self.running.crew.engine.finish()
    }

    /// Begins a new session and answers its number. Jobs that wait never run, running ones are
    /// told that they are cancelled, results that were not polled are discarded; when this
    /// returns, nothing of an earlier session is delivered any more.
    pub fn reset(&self) -> Result<u32, Status> {
        self.running.crew.engine.reset()
    }

    /// Makes every put and poll answer `Aborted`, waiting ones included. Async-signal-safe.
    pub fn abort(&self) {
        self.running.crew.engine.signals.abort();
    }

    /// Closes: nothing is accepted or delivered any more, what waits is discarded, what runs is
    /// cancelled and waited for. `Ok` means that no method of the transform runs again, and none
    /// of it is on any thread. `Timeout` names the workers that are stuck; call again, or drop.
    pub fn close(&self, timeout: Duration) -> Result<(), Error> {
        self.running.close(Timeout::from(timeout).deadline())
    }

    /// A descriptor that is readable when a poll would answer anything but `Empty`, and perhaps
    /// once when it would. When it is, poll until the answer is `Empty` or an end: `Empty`, like a
    /// waiting poll's `Timeout`, makes it unreadable, and what comes later readable again. So it
    /// may be watched by level, by edge or once at a time.
    ///
    /// It is the executor's, and the same at every call: an eventfd, not to be read or written.
    /// Jobs cost no system call by it; each such answer behind results costs one, and the first
    /// result after it another. `OutOfMemory` if the process may have no descriptor more.
    pub fn event_fd(&self) -> Result<BorrowedFd<'_>, Error> {
        let fd = self.running.crew.engine.event_fd()?;
        // SAFETY: it is open for as long as the engine lives.
        Ok(unsafe { BorrowedFd::borrow_raw(fd) })
    }

    /// Whether a put would answer `Full`.
    pub fn is_full(&self) -> bool {
        self.running.crew.engine.is_full()
    }

    /// Whether every job accepted so far has its outcome.
    pub fn is_idle(&self) -> bool {
        self.running.crew.engine.credits.in_flight() == 0
    }

    /// The most jobs that may wait and be in flight.
    pub fn capacity(&self) -> Capacity {
        self.running.crew.engine.capacity
    }

    /// Counters.
    pub fn stats(&self) -> Stats {
        self.running.stats()
    }

    /// The job report, several lines for people.
    pub fn report(&self) -> String {
        self.running.report()
    }

    /// The same for programs, as one JSON object: `state`, `session`, `pinned_by`, `capacity`,
    /// `workers` (each with its `place`, `cpu`, `stage`, `done`, `busy` and `job`), `stats` (all of
    /// [`Stats`] by their names), `readiness`, `busy` and `warnings`.
    pub fn report_json(&self) -> String {
        self.running.report_json()
    }

    /// What the last [`Config::trace_jobs`] jobs went through whose results were polled, for
    /// <https://ui.perfetto.dev> or chrome://tracing: a row for each worker with its runs, and what
    /// was queued and ready. In microseconds of the monotonic clock.
    pub fn trace_json(&self) -> String {
        self.running.trace_json()
    }
}

/// Aborts every executor of the process. Async-signal-safe: call it from your own SIGINT handler.
pub fn abort_all() {
    registry::abort_all();
}

#[inline(always)]
fn read<T>(from: &Delivery<'_>) -> JobResult<T> {
    // SAFETY: every payload of a typed executor that is not lost came from a Box of this type, and
    // the result that is being delivered is its only owner.
    let payload = (!from.payload.is_null()).then(|| unsafe { Box::from_raw(from.payload.cast()) });
    let failure =
        from.text.map(|text| Failure { code: text.code, message: text.as_str().to_owned() });
    JobResult {
        payload,
        id: from.id.0,
        session: from.id.session(),
        number: from.id.number(),
        outcome: from.outcome,
        failure,
        worker: from.worker.into(),
        attempts: from.attempts,
        times: from.times,
    }
}

//! The Rust API for batches that are never copied. The C API ([`crate::ffi`]) means the same.

use crate::arena::{Allocate, Source, View};
use crate::batch::{BatchTransform, Batched};
use crate::clock::Timeout;
use crate::config::{Capacity, Config, PutOptions};
use crate::credits::{Outcome, Ticket};
use crate::held::Buffer;
use crate::job::{Id, Times};
use crate::lifecycle::{Running, Site};
use crate::poll::Delivery;
use crate::process::command::WorkerCommand;
use crate::process::processes::Processes;
use crate::run::{JobContext, LogLevel, Run};
use crate::run_thread::{Failure, guarded};
use crate::stats::Stats;
use crate::status::{Error, Status};
use std::ffi::c_void;
use std::sync::Arc;
use std::time::Duration;

mod event_fd;
mod many;

/// A buffer that was not accepted, and why.
#[derive(Debug)]
pub struct NotPut {
    /// `Full`, `Closed`, `Aborted`, `Finished`, `Timeout`, `NoWorkers`, `InsideCallback`; or
    /// `NotHeld` for a buffer of another executor.
    pub status: Status,
    /// Still yours.
    pub buffer: Buffer,
}

/// The result of a batch.
#[derive(Debug)]
pub struct BatchResult {
    /// Input and output, in place, until it is dropped. After a failure the output is what the
    /// transform left there. `None` only where the job timed out and a thread that was set aside
    /// has it still, see [`Config::abandon_after_ns`].
    pub buffer: Option<Buffer>,
    /// What `put` answered.
    pub id: u64,
    /// The session it was put in.
    pub session: u32,
    /// How many jobs were accepted before it in that session, modulo 2^36.
    pub number: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// What is to be said, where the outcome is not `Done`.
    pub failure: Option<Failure>,
    /// Which worker ran it.
    pub worker: usize,
    /// How often it was begun: more than once where it was tried again, see [`Config::retries`].
    pub attempts: u32,
    /// When.
    pub times: Times,
}

/// What the user of worker processes is told.
struct Logging<F>(F);

impl<F: Fn(LogLevel, &str) + Send + Sync> Run for Logging<F> {
    fn enter(&self, _: usize) -> Result<(), String> {
        Ok(())
    }
    fn run(&self, _: &mut JobContext<'_>) -> Outcome {
        Outcome::Failed // Never called: jobs run elsewhere.
    }
    fn exit(&self, _: usize) {}
    fn discard(&self, _: *mut c_void) {}
    fn log(&self, level: LogLevel, line: &str) {
        let _ = guarded(|| self.0(level, line));
    }
    fn retire(&self) {}
}

/// An executor of batches, which lie in memory of its own: acquire a buffer, fill its input, put
/// it; the transform reads that and writes the output; the result shows both, and dropping it
/// gives the buffer back. There are as many buffers as jobs may be in flight.
///
/// All methods may be called from any thread. None waits but those that take a timeout.
pub struct BatchExecutor {
    running: Running,
}

impl BatchExecutor {
    /// Starts worker threads and returns when all run, or the error by the deadline. The sizes
    /// are the configuration's `input_bytes` and `output_bytes`.
    pub fn start(
        config: &Config,
        transform: impl BatchTransform,
        timeout: Duration,
    ) -> Result<BatchExecutor, Error> {
        BatchExecutor::start_from(config, Source::Private, transform, timeout)
    }

    /// The same, with the batches in memory of the caller's.
    pub fn start_in(
        config: &Config,
        memory: impl Allocate + 'static,
        transform: impl BatchTransform,
        timeout: Duration,
    ) -> Result<BatchExecutor, Error> {
        BatchExecutor::start_from(config, Source::Lent(Box::new(memory)), transform, timeout)
    }

    fn start_from(
        config: &Config,
        source: Source,
        transform: impl BatchTransform,
        timeout: Duration,
    ) -> Result<BatchExecutor, Error> {
        if !config.has_batches() {
            let text = "input_bytes and output_bytes are 0: a batch has no memory";
            return Err(Error::new(Status::InvalidArgument, text));
        }
        let run = |_: Site<'_>| Ok(Box::new(Batched(transform)) as _);
        let running = Running::start(config, source, run, Timeout::from(timeout).deadline())?;
        Ok(BatchExecutor { running })
    }

    /// Starts worker processes, each of which runs `command` and asks for work by
    /// [`serve_worker`](crate::serve_worker); returns when all have, or the error by the deadline.
    /// `log` is told of the executor's health, and of what workers print where the command says so.
    ///
    /// A process that dies is replaced. Its memory is its own but for the batches and a link of
    /// a few pages, which a broken worker can spoil; so it can spoil the contents of any batch,
    /// and nothing else.
    pub fn start_processes(
        config: &Config,
        command: &WorkerCommand,
        log: impl Fn(LogLevel, &str) + Send + Sync + 'static,
        timeout: Duration,
    ) -> Result<BatchExecutor, Error> {
        let run = |site: Site<'_>| Processes::muster(&site, command, || Box::new(Logging(log)));
        let deadline = Timeout::from(timeout).deadline();
        let running = Running::start(config, Source::Shared, run, deadline)?;
        Ok(BatchExecutor { running })
    }

    /// A free buffer: `Full` if the host and the workers have all. Never waits.
    pub fn acquire(&self) -> Result<Buffer, Status> {
        Ok(self.buffer(self.running.crew.engine.acquire()?))
    }

    /// A free buffer, waiting for one.
    pub fn acquire_wait(&self, timeout: Duration) -> Result<Buffer, Status> {
        Ok(self.buffer(self.running.crew.engine.acquire_wait(timeout.into())?))
    }

    fn buffer(&self, view: View) -> Buffer {
        Buffer { view, crew: self.running.crew.clone() }
    }

    /// Puts a buffer and answers the job's id. Never waits.
    pub fn put(&self, buffer: Buffer) -> Result<u64, NotPut> {
        if !Arc::ptr_eq(&buffer.crew, &self.running.crew) {
            return Err(NotPut { status: Status::NotHeld, buffer });
        }
        let answer = self.running.crew.engine.put(buffer.view.input.cast());
        self.sent(buffer, answer)
    }

    /// Puts a buffer, waiting for room in the queue.
    pub fn put_wait(&self, buffer: Buffer, timeout: Duration) -> Result<u64, NotPut> {
        if !Arc::ptr_eq(&buffer.crew, &self.running.crew) {
            return Err(NotPut { status: Status::NotHeld, buffer });
        }
        let engine = &self.running.crew.engine;
        let answer = engine.put_wait(buffer.view.input.cast(), timeout.into());
        self.sent(buffer, answer)
    }

    /// Puts a buffer as the options say, see [`crate::Executor::put_with`].
    pub fn put_with(&self, buffer: Buffer, options: PutOptions) -> Result<u64, NotPut> {
        if !Arc::ptr_eq(&buffer.crew, &self.running.crew) {
            return Err(NotPut { status: Status::NotHeld, buffer });
        }
        let limit = options.job_timeout.map(|time| Timeout::from(time).0);
        let engine = &self.running.crew.engine;
        let answer = engine.put_with(buffer.view.input.cast(), limit, options.wait.into());
        self.sent(buffer, answer.map_err(|error| error.status()))
    }

    /// Cancels a job of this session, see [`crate::Executor::cancel`].
    pub fn cancel(&self, id: u64) -> Result<(), Status> {
        self.running.crew.engine.cancel(Id(id))
    }

    fn sent(&self, buffer: Buffer, answer: Result<Ticket, Status>) -> Result<u64, NotPut> {
        match answer {
            Ok(ticket) => {
                buffer.leave();
                Ok(Id::from(ticket).0)
            }
            Err(status) => Err(NotPut { status, buffer }),
        }
    }

    /// Takes a result: `Empty`, `End`, `Closed` or `Aborted` if there is none. Never waits.
    pub fn poll(&self) -> Result<BatchResult, Status> {
        self.running.crew.engine.poll(|from| self.read(from)).and_then(|result| result)
    }

    /// Takes a result, waiting for one: `Timeout`, `End`, `Closed` or `Aborted` if none came.
    pub fn poll_wait(&self, timeout: Duration) -> Result<BatchResult, Status> {
        let engine = &self.running.crew.engine;
        engine.poll_wait(timeout.into(), |from| self.read(from)).and_then(|result| result)
    }

    fn read(&self, from: &Delivery<'_>) -> Result<BatchResult, Status> {
        let text = from.text;
        Ok(BatchResult {
            buffer: from.buffer.map(|view| self.buffer(view)),
            id: from.id.0,
            session: from.id.session(),
            number: from.id.number(),
            outcome: from.outcome,
            failure: text.map(|text| Failure { code: text.code, message: text.as_str().into() }),
            worker: from.worker.into(),
            attempts: from.attempts,
            times: from.times,
        })
    }

    /// The whole of the batches' memory, for as long as the executor or one of its buffers lives:
    /// to page-lock it once, for example.
    pub fn arena(&self) -> (*mut u8, usize) {
        self.running.crew.engine.arena.as_ref().map_or((std::ptr::null_mut(), 0), |a| a.region())
    }

    /// Says that the session gets no more jobs, so that pollers are told `End` after the last.
    pub fn finish(&self) -> Result<(), Status> {
        self.running.crew.engine.finish()
    }

    /// Begins a new session and answers its number; see [`crate::Executor::reset`]. Buffers that
    /// the host holds stay with it.
    pub fn reset(&self) -> Result<u32, Status> {
        self.running.crew.engine.reset()
    }

    /// Makes every put and poll answer `Aborted`, waiting ones included. Async-signal-safe.
    pub fn abort(&self) {
        self.running.crew.engine.signals.abort();
    }

    /// Closes, see [`crate::Executor::close`]. Buffers that the host holds stay valid.
    pub fn close(&self, timeout: Duration) -> Result<(), Error> {
        self.running.close(Timeout::from(timeout).deadline())
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

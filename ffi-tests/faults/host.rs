//! A host at work: puts, polls, resets, and keeps account of what becomes of its jobs, of how long
//! its calls take, and of what is left when all is over.

use jobexec::{
    Batch, BatchExecutor, Config, Error, Failure, JobContext, LogLevel, Output, Pinning, Status,
    WorkerCommand, Workers, is_worker, serve_worker,
};
use std::collections::HashSet;
use std::fmt::{Display, Formatter};
use std::time::{Duration, Instant};
use std::{fs, thread};

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Threads,
    Processes,
}

/// What a job does, by the first byte of its input.
pub(crate) const WORK: u8 = 0;
/// Until it is told to end, and longer than a thread may.
pub(crate) const HANG: u8 = 1;
/// Prints some lines.
pub(crate) const PRINT: u8 = 2;

fn transform(batch: &mut Batch<'_>, job: &JobContext<'_>) -> Result<(), Failure> {
    let (input, output) = batch.split();
    match input[0] {
        HANG => {
            while !job.cancelled() {
                thread::yield_now();
            }
            thread::park_timeout(Duration::from_millis(30));
        }
        PRINT => (0..20).for_each(|line| println!("line {line} of job {}", job.number())),
        _ => {}
    }
    output[..input.len()].copy_from_slice(input);
    let length = input.len();
    batch.set_output(length);
    Ok(())
}

/// Serves as a worker, where this process is one, until the executor closes.
pub(crate) fn serve_if_worker() {
    if is_worker() {
        let status = serve_worker(transform);
        std::process::exit(i32::from(status.is_err()));
    }
}

/// The row of a fault.
#[derive(Default)]
pub(crate) struct Account {
    pub(crate) accepted: u64,
    pub(crate) outcomes: u64,
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    pub(crate) descriptors: i64,
    pub(crate) bytes: i64,
    /// The most that a call took beyond its deadline; one that does not wait has none to spare.
    pub(crate) late: Duration,
}

impl Account {
    pub(crate) fn add(&mut self, other: &Account) {
        self.accepted += other.accepted;
        self.outcomes += other.outcomes;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.descriptors += other.descriptors;
        self.bytes += other.bytes;
        self.late = self.late.max(other.late);
    }

    /// Nothing may be lost, doubled or left.
    pub(crate) fn is_fine(&self) -> bool {
        let balance = self.accepted == self.outcomes;
        // The allocator's own pages, and what the standard library keeps of a thread.
        balance && self.lost + self.doubled == 0 && self.descriptors <= 0 && self.bytes < 16_384
    }
}

impl Display for Account {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Account { accepted, outcomes, lost, doubled, descriptors, bytes, late } = self;
        let late = late.as_secs_f64() * 1e3;
        write!(
            f,
            "{accepted} | {outcomes} | {lost} | {doubled} | {descriptors} | {bytes} | {late:.1}"
        )
    }
}

/// What this process has.
pub(crate) struct Holdings {
    descriptors: i64,
    bytes: i64,
    /// Memory of any kind, which threads' stacks and the allocator's reserves blur.
    mapped: i64,
}

/// What such reserves may grow by.
const RESERVES: i64 = 128 << 20;

impl Holdings {
    pub(crate) fn now() -> Holdings {
        let descriptors = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count) as i64;
        // SAFETY: the call has no arguments.
        let heap = unsafe { libc::mallinfo2() };
        let pages = fs::read_to_string("/proc/self/statm").unwrap_or_default();
        let pages = pages.split(' ').next().and_then(|pages| pages.parse::<i64>().ok());
        let mapped = pages.expect("the size of this process") * 4096;
        Holdings { descriptors, bytes: (heap.uordblks + heap.hblkhd) as i64, mapped }
    }

    /// What is there beyond it now.
    pub(crate) fn left(&self, account: &mut Account) {
        let now = Holdings::now();
        account.descriptors = now.descriptors - self.descriptors;
        account.bytes = now.bytes - self.bytes;
        let grown = now.mapped - self.mapped;
        assert!(grown < RESERVES, "{grown} bytes more are mapped");
    }
}

pub(crate) fn config(workers: usize) -> Config {
    Config {
        workers: Workers::Count(workers),
        pinning: Pinning::Off,
        results: 16,
        queue_per_worker: 8,
        input_bytes: 64,
        output_bytes: 64,
        max_restarts: u32::MAX,
        restart_backoff_ns: 1000,
        ..Config::default()
    }
}

/// See the module.
pub(crate) struct Host {
    executor: BatchExecutor,
    open: HashSet<u64>,
    put: u64,
    account: Account,
}

impl Host {
    pub(crate) fn start(kind: Kind, config: &Config) -> Result<Host, Error> {
        Host::start_logging(kind, config, |_, _| {})
    }

    pub(crate) fn start_logging(
        kind: Kind,
        config: &Config,
        log: impl Fn(LogLevel, &str) + Send + Sync + 'static,
    ) -> Result<Host, Error> {
        let executor = match kind {
            Kind::Threads => BatchExecutor::start(config, transform, PATIENCE)?,
            Kind::Processes => {
                let mut command = WorkerCommand::new(["/proc/self/exe"]);
                command.output = Output::Log;
                BatchExecutor::start_processes(config, &command, log, PATIENCE)?
            }
        };
        Ok(Host { executor, open: HashSet::new(), put: 0, account: Account::default() })
    }

    pub(crate) fn accepted(&self) -> u64 {
        self.account.accepted
    }

    /// A call, and how long it may take.
    fn call<R>(&mut self, deadline: Duration, call: impl FnOnce(&BatchExecutor) -> R) -> R {
        let start = Instant::now();
        let answer = call(&self.executor);
        self.account.late = self.account.late.max(start.elapsed().saturating_sub(deadline));
        answer
    }

    /// Puts while there is room, takes what is there, now and then begins anew. `deed` says what the
    /// job of a number does.
    pub(crate) fn turn(&mut self, deed: impl Fn(u64) -> u8) {
        while let Ok(mut buffer) = self.call(Duration::ZERO, BatchExecutor::acquire) {
            buffer.input_mut()[0] = deed(self.put);
            buffer.set_input(8);
            self.put += 1;
            let Ok(id) = self.call(Duration::ZERO, |executor| executor.put(buffer)) else { break };
            self.account.accepted += 1;
            self.account.doubled += u64::from(!self.open.insert(id));
        }
        let wait = Duration::from_millis(20);
        let result = self.call(wait, |executor| executor.poll_wait(wait));
        let mut next = result.ok();
        while let Some(result) = next {
            self.take(result.id);
            drop(result);
            next = self.call(Duration::ZERO, BatchExecutor::poll).ok();
        }
        if self.put.is_multiple_of(1009) {
            self.reset();
        }
    }

    fn take(&mut self, id: u64) {
        self.account.doubled += u64::from(!self.open.remove(&id));
        self.account.outcomes += 1;
    }

    fn reset(&mut self) {
        let discarded = self.call(Duration::ZERO, BatchExecutor::reset);
        assert!(matches!(discarded, Ok(_) | Err(Status::NoWorkers)), "{discarded:?}");
        if discarded.is_ok() {
            self.account.outcomes += self.open.len() as u64;
            self.open.clear();
        }
    }

    pub(crate) fn turn_until(&mut self, mut is_over: impl FnMut(&Host) -> bool) {
        while !is_over(self) {
            self.turn(|_| WORK);
        }
    }

    /// Takes what is open, closes, and compares with what the library counted.
    pub(crate) fn end(mut self) -> Account {
        if self.call(Duration::ZERO, BatchExecutor::finish).is_ok() {
            let end = loop {
                match self.call(PATIENCE, |executor| executor.poll_wait(PATIENCE)) {
                    Ok(result) => self.take(result.id),
                    Err(end) => break end,
                }
            };
            assert!(matches!(end, Status::End | Status::NoWorkers), "{end:?}");
        }
        self.close()
    }

    /// Closes with whatever is open, which is discarded.
    pub(crate) fn close(self) -> Account {
        self.close_within(PATIENCE)
    }

    pub(crate) fn close_within(mut self, deadline: Duration) -> Account {
        let closed = self.call(deadline, |executor| executor.close(deadline));
        assert!(closed.is_ok(), "{closed:?}");
        self.account.outcomes += self.open.len() as u64;
        let n = self.executor.stats();
        let outcomes = n.done + n.failed + n.panicked + n.crashed + n.timed_out + n.cancelled;
        let outcomes = outcomes + n.discarded;
        assert_eq!(n.accepted, self.account.accepted, "{n:?}");
        // What the host was told of, or was to be told of and reset or closed before.
        self.account.lost = n.accepted - outcomes + n.outstanding;
        assert_eq!(outcomes, self.account.outcomes, "{n:?}");
        self.account
    }
}

/// What an error of the start may be.
pub(crate) fn is_refusal(error: &Error) -> bool {
    matches!(error.status(), Status::OutOfMemory | Status::WorkerStart) && !error.text().is_empty()
}

//! Workers are killed at random instants, again and again, while a host puts, polls, cancels and
//! resets, and some jobs hang until their deadline: every job has exactly one outcome, every result
//! is right, and every worker comes back.
//!
//! `JOBEXEC_SOAK_KILLS` says how many kills; 300 unless it does, 10,000 for a thorough run.
//! `JOBEXEC_SOAK_SEED` repeats a run's choices.

use jobexec::{
    Batch, BatchExecutor, BatchResult, Config, Failure, JobContext, LogLevel, Outcome, Pinning,
    Status, WorkerCommand, Workers, is_worker, serve_worker,
};
use killer::{Random, children, kill_many};
use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};
use std::{env, thread};

mod killer;

const PATIENCE: Duration = Duration::from_secs(30);
const BYTES: usize = 3000;

// ---- The worker ----

/// What byte there must be in the output.
fn mixed(input: &[u8], at: usize, seed: u64) -> u8 {
    input[at].wrapping_mul(31).wrapping_add(at as u8) ^ (seed >> (at % 8)) as u8
}

/// In the first two bytes: does not end, and does not listen.
const HANGS: u16 = u16::MAX;

/// Takes as many microseconds as the first two bytes say, all of it between two bytes written.
fn transform(batch: &mut Batch<'_>, job: &JobContext<'_>) -> Result<(), Failure> {
    let (input, output) = batch.split();
    let time = u16::from_le_bytes([input[0], input[1]]);
    if time == HANGS {
        loop {
            thread::park();
        }
    }
    let time = Duration::from_micros(time.into());
    for (at, byte) in output[..input.len()].iter_mut().enumerate() {
        if at == input.len() / 2 {
            let end = Instant::now() + time;
            while Instant::now() < end && !job.cancelled() {}
        }
        *byte = mixed(input, at, job.seed());
    }
    output[input.len()..][..8].copy_from_slice(&job.seed().to_le_bytes());
    let count = input.len() + 8;
    batch.set_output(count);
    Ok(())
}

// ---- The host ----

/// What it knows of the jobs that have no result yet, by their ids.
struct Host {
    executor: BatchExecutor,
    open: HashMap<u64, Vec<u8>>,
    /// In order of put, the number of the next result.
    next: Option<u64>,
    session: u32,
    accepted: u64,
    /// Done, crashed, cancelled, timed out.
    outcomes: [u64; 4],
    discarded: u64,
}

impl Host {
    fn put(&mut self, random: &mut Random) {
        let Ok(mut buffer) = self.executor.acquire() else { return };
        let length = 2 + random.below(BYTES as u64 - 10) as usize;
        let mut input: Vec<u8> = (0..length).map(|_| random.below(256) as u8).collect();
        let time = if random.below(50) == 0 { HANGS } else { random.below(1000) as u16 };
        input[..2].copy_from_slice(&time.to_le_bytes());
        buffer.input_mut()[..length].copy_from_slice(&input);
        buffer.set_input(length);
        let id = match self.executor.put(buffer) {
            Ok(id) => id,
            // The place of a job that a reset found at its worker may be passed by a moment later.
            Err(refused) if self.next.is_some() && refused.status == Status::Full => return,
            Err(refused) => panic!("there is room where there are buffers: {refused:?}"),
        };
        assert!(self.open.insert(id, input).is_none(), "job {id:#x} was there before");
        self.accepted += 1;
    }

    fn take(&mut self, result: BatchResult) {
        let input = self.open.remove(&result.id).expect("a job that has no result yet");
        assert_eq!(
            (result.session, result.buffer.as_ref().unwrap().input()),
            (self.session, &input[..])
        );
        if let Some(next) = &mut self.next {
            assert_eq!(result.number, *next);
            *next += 1;
        }
        match result.outcome {
            Outcome::Done => {
                let output = result.buffer.as_ref().unwrap().output();
                let (bytes, seed) = output.split_at(input.len());
                let seed = u64::from_le_bytes(seed.try_into().expect("eight bytes"));
                let right = (0..input.len()).all(|at| bytes[at] == mixed(&input, at, seed));
                assert!(right, "the output is wrong");
                self.outcomes[0] += 1;
            }
            Outcome::Crashed => {
                let failure = result.failure.expect("it says why");
                assert_eq!(failure.code, -libc::SIGKILL, "{failure:?}");
                self.outcomes[1] += 1;
            }
            Outcome::Cancelled => self.outcomes[2] += 1,
            Outcome::TimedOut => self.outcomes[3] += 1, // On a busy machine, short ones too.
            other => panic!("{other:?}"),
        }
    }

    fn reset(&mut self) {
        self.session = self.executor.reset().expect("a session");
        self.discarded += self.open.len() as u64;
        self.open.clear();
        self.next = self.next.map(|_| 0);
    }

    fn check_accounts(&self) {
        let n = self.executor.stats();
        let outcomes = n.done + n.crashed + n.cancelled + n.timed_out + n.discarded;
        assert_eq!(n.accepted, outcomes + n.outstanding, "{n:?}");
        assert_eq!(n.accepted, self.accepted);
        assert_eq!([n.done, n.crashed, n.cancelled, n.timed_out], self.outcomes);
    }

    /// Works until it is told to stop and nothing is open.
    fn work(&mut self, stop: &AtomicBool, random: &mut Random) {
        while !stop.load(SeqCst) {
            for _ in 0..random.below(8) {
                self.put(random);
            }
            for _ in 0..random.below(8) {
                match self.executor.poll() {
                    Ok(result) => self.take(result),
                    Err(status) => assert_eq!(status, Status::Empty),
                }
            }
            match random.below(1000) {
                0..5 => self.reset(),
                500..550 => {
                    if let Some(id) = self.open.keys().next() {
                        self.executor.cancel(*id).expect("it was put in this session");
                    }
                }
                5..50 => self.check_accounts(),
                50..500 if !self.open.is_empty() => {
                    let result = self.executor.poll_wait(PATIENCE).expect("a result");
                    self.take(result);
                }
                _ => {}
            }
        }
        self.executor.finish().expect("it is open");
        loop {
            match self.executor.poll_wait(PATIENCE) {
                Ok(result) => self.take(result),
                Err(status) => break assert_eq!(status, Status::End),
            }
        }
        assert!(self.open.is_empty(), "{} jobs never came back", self.open.len());
    }
}

fn soak(kills: u64, retries: u32, ordered: bool, seed: u64) {
    let config = Config {
        workers: Workers::Count(3),
        pinning: Pinning::Off,
        results: 24,
        queue_per_worker: 8,
        input_bytes: BYTES,
        output_bytes: BYTES,
        job_timeout_ns: 3_000_000,
        cancel_kill_ns: 1_000_000,
        max_restarts: u32::MAX,
        restart_backoff_ns: 1000,
        retries,
        ordered,
        ..Config::default()
    };
    let command = WorkerCommand::new(["/proc/self/exe"]);
    let quiet = |_: LogLevel, _: &str| {};
    let executor = BatchExecutor::start_processes(&config, &command, quiet, PATIENCE);
    let executor = executor.expect("it starts");
    let (open, begin) = (HashMap::new(), Instant::now());
    let (next, session, accepted) = (ordered.then_some(0), 0, 0);
    let mut host = Host { executor, open, next, session, accepted, outcomes: [0; 4], discarded: 0 };
    let (stop, killed) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            // The host stops in any case.
            struct Stop<'a>(&'a AtomicBool);
            impl Drop for Stop<'_> {
                fn drop(&mut self) {
                    self.0.store(true, SeqCst);
                }
            }
            let _stop = Stop(&stop);
            kill_many(kills, PATIENCE, &mut Random(seed ^ 0x5bd1_e995), &killed);
        });
        host.work(&stop, &mut Random(seed));
    });
    let killed = killed.load(SeqCst);
    let end = Instant::now() + PATIENCE;
    while host.executor.stats().restarts < killed || host.executor.stats().outstanding > 0 {
        assert!(Instant::now() < end, "{}", host.executor.report());
        thread::yield_now();
    }
    host.check_accounts();
    let n = host.executor.stats();
    assert_eq!(n.discarded, host.discarded, "{n:?}");
    // The library itself ended those that did not listen, also where a reset came first.
    assert!(
        (killed..=killed + n.timed_out + n.cancelled + n.discarded).contains(&n.restarts),
        "{n:?}"
    );
    host.executor.close(PATIENCE).expect("it closes");
    host.check_accounts();
    assert_eq!(children(), []);
    eprintln!(
        "{killed} kills, {retries} retries, ordered {ordered}, {:.1} s: {} jobs, {} done, {} crashed, \
         {} cancelled, {} timed out, {} discarded by {} resets",
        begin.elapsed().as_secs_f64(),
        n.accepted,
        n.done,
        n.crashed,
        n.cancelled,
        n.timed_out,
        n.discarded,
        n.session
    );
}

fn main() -> ExitCode {
    if is_worker() {
        return serve_worker(transform).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    let number = |name| env::var(name).ok().map(|value| value.parse().expect("a number"));
    let kills: u64 = number("JOBEXEC_SOAK_KILLS").unwrap_or(300);
    let seed = number("JOBEXEC_SOAK_SEED").unwrap_or(u64::from(std::process::id()) << 20 | 1);
    eprintln!("JOBEXEC_SOAK_SEED={seed}");
    for (retries, ordered) in [(0, false), (2, false), (0, true), (2, true)] {
        soak(kills.div_ceil(4), retries, ordered, seed + u64::from(retries));
    }
    ExitCode::SUCCESS
}

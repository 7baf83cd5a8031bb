//! An executor of small jobs, and the books that are kept of it.

use crate::partners;
use crate::peers::{self, Cpus, PATIENCE};
use crate::rounds::Contestant;
use crate::{BYTES, tasks, transform};
use jobexec::{BatchExecutor, BatchResult, Buffer, Config, Error, WorkerCommand};
use std::cell::Cell;
use std::time::{Duration, Instant};

/// Who runs the jobs.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Threads,
    Processes,
    /// Python that asks for jobs.
    Asking,
    /// Python that is called for jobs.
    Called,
}

/// An executor of small jobs, the threads and processes that serve it, and what it cost.
pub(crate) struct Ours {
    kind: Kind,
    pub(crate) executor: BatchExecutor,
    pub(crate) tasks: Vec<String>,
    /// For how long a job computes, by its number.
    work_ns: fn(u64) -> u64,
    jobs: Cell<u64>,
    wakes: Cell<u64>,
    switches: Cell<u64>,
}

/// For so many workers and jobs in flight.
pub(crate) fn config(workers: usize, window: usize, cpus: &Cpus) -> Config {
    let (input_bytes, output_bytes, max_restarts) = (BYTES, BYTES, u32::MAX);
    Config { input_bytes, output_bytes, max_restarts, ..peers::config(workers, window, cpus) }
}

fn command(kind: Kind) -> WorkerCommand {
    let form = match kind {
        Kind::Called => "call",
        Kind::Asking => "ask",
        _ => return WorkerCommand::new(["/proc/self/exe"]),
    };
    let script = partners::beside("process_rtt/worker.py");
    let mut command =
        WorkerCommand::new([partners::python(), "-B".into(), script.into(), form.into()]);
    let library = std::env::current_exe().unwrap().with_file_name("libjobexec.so");
    command.environment.push(("JOBEXEC_LIBRARY".into(), library.into()));
    command
}

impl Ours {
    pub(crate) fn start(kind: Kind, config: &Config) -> Result<Ours, Error> {
        let (executor, tasks) = tasks::left_by(|| match kind {
            Kind::Threads => BatchExecutor::start(config, transform, PATIENCE),
            _ => BatchExecutor::start_processes(config, &command(kind), |_, _| (), PATIENCE),
        });
        let (jobs, wakes, switches) = Default::default();
        let work_ns = |_| 0;
        Ok(Ours { kind, executor: executor?, tasks, work_ns, jobs, wakes, switches })
    }

    /// The same with jobs that compute for so long.
    pub(crate) fn computing(self, work_ns: fn(u64) -> u64) -> Ours {
        Ours { work_ns, ..self }
    }

    #[inline]
    fn put(&self, mut buffer: Buffer, number: u64) {
        let words = [number, (self.work_ns)(number)];
        for (bytes, word) in buffer.input_mut().chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        self.executor.put(buffer).map_err(|refused| refused.status).unwrap();
    }

    #[inline]
    fn get(&self) -> BatchResult {
        let result = self.executor.poll_wait(PATIENCE);
        result.unwrap_or_else(|status| panic!("{status}: {}", self.executor.report()))
    }

    pub(crate) fn one(&self, number: u64) -> BatchResult {
        self.put(self.executor.acquire().unwrap(), number);
        self.get()
    }

    pub(crate) fn round_trip(&self) {
        let result = self.one(7);
        assert_eq!(result.buffer.as_ref().unwrap().output()[..8], 7_u64.to_le_bytes());
    }

    /// Keeps `window` jobs in flight until so many are done: one put and one blocking poll at a
    /// time.
    fn stream(&self, window: usize, jobs: u64) -> Duration {
        drop(self.one(0)); // Who slept is awake when the clock starts.
        let spare: Vec<_> = (0..window).map(|_| self.executor.acquire().unwrap()).collect();
        let counts = || (self.executor.stats().wakes, tasks::voluntary_switches(&self.tasks));
        let (before, mut sum) = (counts(), 0);
        let start = Instant::now();
        let mut numbers = 0..jobs;
        for (buffer, number) in spare.into_iter().zip(&mut numbers) {
            self.put(buffer, number);
        }
        for _ in 0..jobs {
            let result = self.get();
            if let Some(output) = result.buffer.as_ref().unwrap().output().first_chunk() {
                sum += u64::from_le_bytes(*output);
            }
            if let Some(number) = numbers.next() {
                self.put(result.buffer.unwrap(), number);
            }
        }
        let (elapsed, after) = (start.elapsed(), counts());
        let python = matches!(self.kind, Kind::Asking | Kind::Called); // These write nothing.
        assert_eq!(sum, if python { 0 } else { jobs * (jobs - 1) / 2 });
        self.jobs.set(self.jobs.get() + jobs);
        self.wakes.set(self.wakes.get() + after.0 - before.0);
        self.switches.set(self.switches.get() + after.1 - before.1);
        self.check();
        elapsed
    }

    pub(crate) fn streamer(&self, name: &'static str, window: usize) -> Contestant<'_> {
        Contestant::new(name, move |jobs| self.stream(window, jobs))
    }

    /// The books are in order.
    pub(crate) fn check(&self) {
        let n = self.executor.stats();
        assert_eq!((n.done + n.crashed, n.outstanding), (n.accepted, 0));
    }

    /// How often a sleeper was woken, and a server of jobs slept, in 1,000 jobs of a stream.
    pub(crate) fn sleeps(&self) -> String {
        let per_mille = |count: &Cell<u64>| 1e3 * count.get() as f64 / self.jobs.get() as f64;
        format!("{:.1}, {:.1}", per_mille(&self.wakes), per_mille(&self.switches))
    }
}

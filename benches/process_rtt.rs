//! Small jobs for worker processes: one at a time while everybody sleeps, many in flight, workers
//! in Python, and how soon a worker that died is back. This program is its own worker.
//!
//! A job's input and output are 1 KiB, in place: the host writes a number there and the worker
//! copies it to the output. Through a pipe the whole KiB travels.
//!
//! A job goes through four hops (the host wakes the worker's thread, that the process, and the
//! same back), where the floor has two: this program's partner, woken by a futex in shared memory.

mod partners;
mod peers;
mod rounds;
mod tasks;

use jobexec::{
    Batch, BatchExecutor, BatchResult, Buffer, Config, Error, Failure, JobContext, Outcome,
    WorkerCommand, is_worker, serve_worker,
};
use partners::{Piped, RawPair, Script};
use peers::{Cpus, PATIENCE, now_ns};
use rounds::{Contestant, median, quantile, ratio, sized};
use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

const BYTES: usize = 1024;
/// A number that tells the worker to die.
const DIE: u64 = u64::MAX;
/// Of a pool that takes so much longer, one job of so many is enough.
const PART: u64 = 10;
/// How long nothing happens before a job comes. Not what makes everybody sleep: that is looked at.
const IDLE: Duration = Duration::from_micros(200);

fn transform(batch: &mut Batch<'_>, _: &JobContext<'_>) -> Result<(), Failure> {
    let (input, output) = batch.split();
    output[..8].copy_from_slice(&input[..8]);
    if input[..8] == DIE.to_le_bytes() {
        // When it died. Nobody says how long the output is, so it is read through the header.
        batch.header_mut()[..8].copy_from_slice(&now_ns().to_le_bytes());
        // SAFETY: the call takes a number.
        unsafe { libc::raise(libc::SIGKILL) };
    }
    batch.set_output(BYTES);
    Ok(())
}

fn main() {
    if is_worker() {
        return serve_worker(transform).unwrap();
    }
    if partners::serve(|answer, _| answer.iter_mut().take(8).for_each(|byte| *byte = 1)) {
        return;
    }
    let cpus = Cpus::read();
    let script = Script::start(cpus.host(), &[cpus.worker(0), cpus.worker(1)]);
    let mut script = RefCell::new(script);
    let parts: [(_, Part); 4] = [
        ("round_trips", round_trips),
        ("streams", streams),
        ("two_workers", two_workers),
        ("lives", lives),
    ];
    for (_, part) in parts.into_iter().filter(|(name, _)| rounds::is_chosen(name)) {
        let script = &mut script;
        // On a thread of its own, for executors are started by one that may run anywhere.
        std::thread::scope(|scope| scope.spawn(|| part(&cpus, script)).join().unwrap());
    }
}

type Part = fn(&Cpus, &mut RefCell<Option<Script>>);

// ---- Ours ----

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Threads,
    Processes,
    /// Python that asks for jobs.
    Asking,
    /// Python that is called for jobs.
    Called,
}

/// An executor of small jobs, the threads and processes that serve it, and what it cost.
struct Ours {
    kind: Kind,
    executor: BatchExecutor,
    tasks: Vec<String>,
    jobs: Cell<u64>,
    wakes: Cell<u64>,
    switches: Cell<u64>,
}

fn config(workers: usize, window: usize, cpus: &Cpus) -> Config {
    let (input_bytes, output_bytes, max_restarts) = (BYTES, BYTES, u32::MAX);
    Config { input_bytes, output_bytes, max_restarts, ..peers::config(workers, window, cpus) }
}

fn command(kind: Kind) -> WorkerCommand {
    let form = match kind {
        Kind::Called => "call",
        Kind::Asking => "ask",
        _ => return WorkerCommand::new(["/proc/self/exe"]),
    };
    let script = partners::beside("process_rtt_worker.py");
    let mut command =
        WorkerCommand::new([partners::python(), "-B".into(), script.into(), form.into()]);
    let library = std::env::current_exe().unwrap().with_file_name("libjobexec.so");
    command.environment.push(("JOBEXEC_LIBRARY".into(), library.into()));
    command
}

impl Ours {
    fn start(kind: Kind, config: &Config) -> Result<Ours, Error> {
        let (executor, tasks) = tasks::left_by(|| match kind {
            Kind::Threads => BatchExecutor::start(config, transform, PATIENCE),
            _ => BatchExecutor::start_processes(config, &command(kind), |_, _| (), PATIENCE),
        });
        let (jobs, wakes, switches) = Default::default();
        Ok(Ours { kind, executor: executor?, tasks, jobs, wakes, switches })
    }

    #[inline]
    fn put(&self, mut buffer: Buffer, number: u64) {
        buffer.input_mut()[..8].copy_from_slice(&number.to_le_bytes());
        self.executor.put(buffer).map_err(|refused| refused.status).unwrap();
    }

    #[inline]
    fn get(&self) -> BatchResult {
        let result = self.executor.poll_wait(PATIENCE);
        result.unwrap_or_else(|status| panic!("{status}: {}", self.executor.report()))
    }

    fn one(&self, number: u64) -> BatchResult {
        self.put(self.executor.acquire().unwrap(), number);
        self.get()
    }

    fn round_trip(&self) {
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

    fn streamer(&self, name: &'static str, window: usize) -> Contestant<'_> {
        Contestant::new(name, move |jobs| self.stream(window, jobs))
    }

    /// The books are in order.
    fn check(&self) {
        let n = self.executor.stats();
        assert_eq!((n.done + n.crashed, n.outstanding), (n.accepted, 0));
    }

    /// How often a sleeper was woken, and a server of jobs slept, in 1,000 jobs of a stream.
    fn sleeps(&self) -> String {
        let per_mille = |count: &Cell<u64>| 1e3 * count.get() as f64 / self.jobs.get() as f64;
        format!("{:.1}, {:.1}", per_mille(&self.wakes), per_mille(&self.switches))
    }
}

// ---- One job at a time ----

/// A sample is one round trip after a while of idleness, when all those tasks sleep.
fn sleeper<'a>(
    name: &'static str,
    tasks: &'a [String],
    round_trip: impl Fn() + 'a,
) -> Contestant<'a> {
    Contestant::each(name, move || {
        std::thread::sleep(IDLE);
        tasks::await_sleep(tasks);
        let start = Instant::now();
        round_trip();
        start.elapsed()
    })
}

fn round_trips(cpus: &Cpus, script: &mut RefCell<Option<Script>>) {
    let script = &*script;
    let spin = config(1, 4, cpus);
    let no_spin = Config { spin_ns: 0, ..spin.clone() };
    let start = |kind, config| Ours::start(kind, config).unwrap();
    let ours = [
        ("processes, no spin", start(Kind::Processes, &no_spin)),
        ("processes, default spin", start(Kind::Processes, &spin)),
        ("threads, no spin", start(Kind::Threads, &no_spin)),
        ("threads, default spin", start(Kind::Threads, &spin)),
    ];
    let (raw, raw_tasks) = tasks::left_by(|| RawPair::start(0, cpus.worker(0)));
    let (pipe, pipe_tasks) = tasks::left_by(|| Piped::start(BYTES, BYTES, cpus.worker(0)));
    cpus.pin_host();

    let mut contestants = vec![
        sleeper("futex pair", &raw_tasks, || _ = raw.hand_over(0)),
        sleeper("pipe", &pipe_tasks, || pipe.round_trip()),
    ];
    for (name, ours) in &ours {
        contestants.push(sleeper(name, &ours.tasks, || ours.round_trip()));
    }
    contestants.extend(partners::pool("multiprocessing.Pool", script, PART, |n| {
        ("pool_round_trip", vec![n, BYTES as u64])
    }));

    let (rounds, samples) = sized((25, 100), (9, 10));
    let ns = rounds::in_turn(&mut contestants, rounds * samples, 1);
    let of_rounds = |row: &[f64], part| -> Vec<f64> {
        row.chunks(samples).map(|round| quantile(round, part)).collect()
    };
    let heads = ["", "p50 us", "p99 us", "p50 / futex pair", "p99 / futex pair", "p50 / pipe"];
    let mut table = vec![heads.map(String::from).to_vec()];
    for (row, contestant) in ns.iter().zip(&contestants) {
        let us = |part| format!("{:.1}", quantile(row, part) / 1e3);
        let over = |part, peer: usize| ratio(&of_rounds(row, part), &of_rounds(&ns[peer], part));
        let cells = [us(0.5), us(0.99), over(0.5, 0), over(0.99, 0), over(0.5, 1)];
        table.push([vec![contestant.name.to_owned()], cells.to_vec()].concat());
    }
    let title = format!(
        "process_rtt: one job of 1 KiB, everybody asleep, 1 worker; ratios (below 1: the row is \
         faster) as median (10th..90th percentile) of {rounds} rounds of {samples} samples"
    );
    rounds::print(&title, &table);
    ours.iter().for_each(|(_, ours)| ours.check());
}

// ---- Many in flight ----

fn streams(cpus: &Cpus, script: &mut RefCell<Option<Script>>) {
    let script = &*script;
    let windows = [4, 64, 1024];
    let start = |kind, timing| {
        let config = |window| Config { timing, ..config(1, window, cpus) };
        windows.map(|window| Ours::start(kind, &config(window)).unwrap())
    };
    let (processes, untimed) = (start(Kind::Processes, true), start(Kind::Processes, false));
    let threads = start(Kind::Threads, true);
    let pipe = &Piped::start(BYTES, BYTES, cpus.worker(0));
    cpus.pin_host();
    let kib = BYTES as u64;
    let mut python = Vec::new();
    python
        .extend(partners::pool("Pool.imap", script, PART, |n| ("pool_stream", vec![n, kib, 1, 1])));
    python.extend(partners::pool("Pool.imap, chunks of 64", script, PART, |n| {
        ("pool_stream", vec![n, kib, 1, 64])
    }));
    python.extend(partners::pool("torch DataLoader", script, 10 * PART, |n| {
        ("loader_stream", vec![n, kib, 1])
    }));

    let (rounds, jobs) = sized((21, 20_000), (7, 2_000));
    let heads = ["", "ns a job", "jobs/s", "/ threads", "/ pipe", "wakes, sleeps in 1,000 jobs"];
    let mut table = vec![heads.map(String::from).to_vec()];
    for (at, &window) in windows.iter().enumerate() {
        let ours = [
            ("threads", &threads[at]),
            ("processes", &processes[at]),
            ("processes, timing off", &untimed[at]),
        ];
        let mut contestants: Vec<Contestant<'_>> =
            ours.iter().map(|(name, ours)| ours.streamer(name, window)).collect();
        contestants.push(Contestant::new("pipe", move |n| pipe.stream(window as u64, n, |_| ())));
        let first_python = contestants.len();
        if window == 64 {
            contestants.append(&mut python);
        }
        let ns = rounds::in_turn(&mut contestants, rounds, jobs);
        for (index, (row, contestant)) in ns.iter().zip(&contestants).enumerate() {
            let name = if index < first_python {
                format!("window {window}, {}", contestant.name)
            } else {
                contestant.name.to_owned()
            };
            let sleeps = ours.get(index).map_or("-".to_owned(), |(_, ours)| ours.sleeps());
            table.push(stream_row(name, row, [&ns[0], &ns[3]], sleeps));
        }
    }
    let title = format!(
        "process_rtt: jobs of 1 KiB in a stream, 1 worker; ratios (below 1: the row is faster) as \
         median (10th..90th percentile) of {rounds} rounds of {jobs} jobs"
    );
    rounds::print(&title, &table);
}

fn stream_row(name: String, ns: &[f64], peers: [&Vec<f64>; 2], sleeps: String) -> Vec<String> {
    let middle = median(ns);
    let cells = [format!("{middle:.0}"), format!("{:.0}", 1e9 / middle)];
    [vec![name], cells.to_vec(), peers.map(|peer| ratio(ns, peer)).to_vec(), vec![sleeps]].concat()
}

fn two_workers(cpus: &Cpus, script: &mut RefCell<Option<Script>>) {
    let script = &*script;
    let window = 64;
    let mut kinds = vec![("2 native workers", Kind::Processes)];
    if script.borrow().is_some() {
        kinds.push(("2 in Python, ask", Kind::Asking));
        kinds.push(("2 in Python, are called", Kind::Called));
    }
    let start = |kind| Ours::start(kind, &config(2, window, cpus)).unwrap();
    let ours: Vec<(_, Ours)> = kinds.into_iter().map(|(name, kind)| (name, start(kind))).collect();
    cpus.pin_host();
    let pool = |chunk| move |n| ("pool_stream", vec![n, BYTES as u64, 2, chunk]);
    let mut contestants: Vec<Contestant<'_>> =
        ours.iter().map(|(name, ours)| ours.streamer(name, window)).collect();
    contestants.extend(partners::pool("Pool(2).imap", script, PART, pool(1)));
    contestants.extend(partners::pool("Pool(2).imap, chunks of 64", script, PART, pool(64)));
    let (rounds, jobs) = sized((21, 20_000), (7, 2_000));
    let ns = rounds::in_turn(&mut contestants, rounds, jobs);
    let nobody = vec![f64::NAN; rounds]; // Where there is no pool.
    let [one, chunked] = [3, 4].map(|at| ns.get(at).unwrap_or(&nobody));
    let heads =
        ["", "ns a job", "jobs/s", "/ Pool", "/ Pool, chunks", "wakes, sleeps in 1,000 jobs"];
    let mut table = vec![heads.map(String::from).to_vec()];
    for (index, (row, contestant)) in ns.iter().zip(&contestants).enumerate() {
        let sleeps = ours.get(index).map_or("-".to_owned(), |(_, ours)| ours.sleeps());
        table.push(stream_row(contestant.name.to_owned(), row, [one, chunked], sleeps));
    }
    let title = format!(
        "process_rtt: the same with 2 workers, window {window}; {rounds} rounds of {jobs} jobs"
    );
    rounds::print(&title, &table);
}

// ---- Death and close ----

fn lives(cpus: &Cpus, _: &mut RefCell<Option<Script>>) {
    let ours = Ours::start(Kind::Processes, &config(1, 4, cpus)).unwrap();
    let cpu = cpus.worker(0);
    let restart = || {
        let dead = ours.one(DIE);
        let died =
            u64::from_le_bytes(*dead.buffer.as_ref().unwrap().header().first_chunk().unwrap());
        assert_eq!(dead.outcome, Outcome::Crashed);
        drop(dead);
        assert_eq!(ours.one(1).outcome, Outcome::Done);
        Duration::from_nanos(now_ns() - died)
    };
    let mut pair = RawPair::start(BYTES, cpu);
    let start_again = || {
        let start = Instant::now();
        pair.start_again(cpu);
        start.elapsed()
    };
    let close = |kind| {
        let ours = Ours::start(kind, &config(2, 4, cpus)).unwrap();
        (0..10).for_each(|_| ours.round_trip());
        tasks::await_sleep(&ours.tasks);
        let start = Instant::now();
        ours.executor.close(PATIENCE).unwrap();
        start.elapsed()
    };
    let end = || {
        let pairs = [0, 1].map(|worker| RawPair::start(0, cpus.worker(worker)));
        tasks::await_sleep(&pairs.each_ref().map(RawPair::task));
        let start = Instant::now();
        drop(pairs);
        start.elapsed()
    };
    let mut restarts = [
        Contestant::each("a worker dies, until the next job is done", restart),
        Contestant::each("a partner killed, started again, and its answer", start_again),
    ];
    let mut closes = [
        Contestant::each("close, 2 idle processes", || close(Kind::Processes)),
        Contestant::each("close, 2 idle threads", || close(Kind::Threads)),
        Contestant::each("2 partners killed", end),
    ];
    let rounds = sized(51, 11);
    let heads = ["", "ms", "p90 ms", "/ last row", "/ threads"];
    let mut table = vec![heads.map(String::from).to_vec()];
    for contestants in [&mut restarts[..], &mut closes[..]] {
        let ns = rounds::in_turn(contestants, rounds, 1);
        for (row, contestant) in ns.iter().zip(contestants.iter()) {
            let ms = |part| format!("{:.2}", quantile(row, part) / 1e6);
            let threads = ns.get(1).filter(|_| ns.len() == 3);
            let over_threads = threads.map_or("-".to_owned(), |threads| ratio(row, threads));
            let over_last = ratio(row, &ns[ns.len() - 1]);
            table.push(vec![contestant.name.to_owned(), ms(0.5), ms(0.9), over_last, over_threads]);
        }
    }
    let title = format!(
        "process_rtt: restart and close; ratios (below 1: the row is faster) as median (10th..90th \
         percentile) of {rounds} rounds"
    );
    rounds::print(&title, &table);
}

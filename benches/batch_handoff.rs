//! Batches from worker processes: what the hand-over costs, whatever the size, and what a batch
//! costs from the first write to the last read. This program is its own worker.
//!
//! The hand-over is from a worker's last write to the host's first read, by the clock that both
//! share: the worker writes the time when its output is full, the host reads it and the output's
//! first byte. Its floor is a partner that fills shared memory and wakes the host by a futex there:
//! one hop, where ours are two, by the worker's thread.

mod partners;
mod peers;
mod rounds;
mod tasks;

use jobexec::{
    Batch, BatchExecutor, BatchResult, Buffer, Config, Failure, JobContext, Pages, WorkerCommand,
    is_worker, serve_worker,
};
use partners::{Piped, RawPair, Script};
use peers::{Cpus, PATIENCE, now_ns};
use rounds::{Contestant, median, quantile, ratio, sized};
use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::hint::black_box;
use std::time::{Duration, Instant};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
const LARGE: usize = 64 * MIB;
const PAGE: usize = 4096;
/// What all contestants together need when batches are large, with something to spare.
const NEEDED: u64 = 2 << 30;
const INPUT: usize = 64;

/// Fills an output with floats.
#[inline(never)]
fn fill(output: &mut [u8], number: u64) {
    for (at, bytes) in output.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        *bytes = (at as i32 as f32 + number as f32).to_ne_bytes();
    }
}

/// Reads one value of each page.
#[inline(never)]
fn consume(output: &[u8]) -> f32 {
    let value = |page: &[u8]| page.first_chunk().map_or(0.0, |bytes| f32::from_ne_bytes(*bytes));
    black_box(output.chunks(PAGE).map(value).sum())
}

fn transform(batch: &mut Batch<'_>, job: &JobContext<'_>) -> Result<(), Failure> {
    let bytes = batch.output().len();
    batch.set_output(bytes);
    fill(batch.output(), job.number());
    batch.header_mut()[..8].copy_from_slice(&now_ns().to_ne_bytes());
    Ok(())
}

fn main() {
    if is_worker() {
        return serve_worker(transform).unwrap();
    }
    if partners::serve(fill) {
        return;
    }
    let cpus = Cpus::read();
    let large = available() >= NEEDED;
    if !large {
        println!("skipped: batches of 64 MiB, for less than {NEEDED} bytes of memory are free");
    }
    // Each on a thread of its own, for executors are started by one that may run anywhere.
    let part = |part: &(dyn Fn() + Sync)| std::thread::scope(|s| s.spawn(part).join().unwrap());
    if rounds::is_chosen("hand_overs") {
        let sizes = [("1 KiB", KIB), ("1 MiB", MIB), ("64 MiB", LARGE)];
        for (name, bytes) in sizes.into_iter().filter(|(_, bytes)| large || *bytes < LARGE) {
            part(&|| hand_overs(name, bytes, &cpus));
        }
    }
    if large && rounds::is_chosen("batches") {
        part(&|| batches(&cpus));
    }
}

/// Bytes that the machine has to spare.
fn available() -> u64 {
    let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap();
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

// ---- Ours ----

struct Ours {
    executor: BatchExecutor,
    tasks: Vec<String>,
    /// What reading took.
    read: Cell<Duration>,
}

impl Ours {
    fn start(processes: bool, config: &Config) -> Ours {
        let command = WorkerCommand::new(["/proc/self/exe"]);
        let (executor, tasks) = tasks::left_by(|| match processes {
            true => BatchExecutor::start_processes(config, &command, |_, _| (), PATIENCE),
            false => BatchExecutor::start(config, transform, PATIENCE),
        });
        let ours = Ours { executor: executor.unwrap(), tasks, read: Cell::default() };
        // All memory is touched on every side before something is timed.
        (0..4).for_each(|_| _ = ours.stream(8));
        ours.read.set(Duration::ZERO);
        ours
    }

    fn put(&self, buffer: Buffer) {
        self.executor.put(buffer).map_err(|refused| refused.status).unwrap();
    }

    fn get(&self) -> BatchResult {
        self.executor.poll_wait(PATIENCE).unwrap()
    }

    /// From the worker's last write to the first read here.
    fn hand_over(&self) -> Duration {
        self.put(self.executor.acquire().unwrap());
        let result = self.get();
        black_box(result.buffer.as_ref().unwrap().output()[0]);
        let read = now_ns();
        let written =
            u64::from_ne_bytes(*result.buffer.as_ref().unwrap().header().first_chunk().unwrap());
        Duration::from_nanos(read - written)
    }

    /// Has so many batches made, as many in flight as there are buffers, and reads them.
    fn stream(&self, batches: u64) -> Duration {
        let start = Instant::now();
        let mut left = batches;
        let mut flying = 0;
        while flying < batches
            && let Ok(buffer) = self.executor.acquire()
        {
            self.put(buffer);
            (flying, left) = (flying + 1, left - 1);
        }
        for _ in 0..batches {
            let result = self.get();
            let begin = Instant::now();
            consume(result.buffer.as_ref().unwrap().output());
            self.read.set(self.read.get() + begin.elapsed());
            if left > 0 {
                self.put(result.buffer.unwrap());
                left -= 1;
            }
        }
        start.elapsed()
    }
}

fn config(workers: usize, buffers: usize, output_bytes: usize, cpus: &Cpus) -> Config {
    let (input_bytes, prefault) = (INPUT, true);
    Config { input_bytes, output_bytes, prefault, ..peers::config(workers, buffers, cpus) }
}

// ---- The hand-over ----

/// A sample is one batch after a while of idleness, when all those tasks sleep.
fn sleeper<'a>(
    name: &'static str,
    tasks: &'a [String],
    hand_over: impl Fn() -> Duration + 'a,
) -> Contestant<'a> {
    Contestant::each(name, move || {
        std::thread::sleep(Duration::from_micros(200));
        tasks::await_sleep(tasks);
        hand_over()
    })
}

fn hand_overs(name: &str, bytes: usize, cpus: &Cpus) {
    let spin = config(1, 1, bytes, cpus);
    let spin_ns = spin.spin_ns;
    let [no_spin, long] =
        [0, jobexec::MAX_SPIN_NS].map(|ns| Config { spin_ns: ns, ..spin.clone() });
    let processes = [&no_spin, &spin, &long].map(|config| Ours::start(true, config));
    let threads = [&no_spin, &spin].map(|config| Ours::start(false, config));
    let (raw, tasks) = tasks::left_by(|| RawPair::start(bytes, cpus.worker(0)));
    cpus.pin_host();

    let (rounds, samples) = sized((25, 8), (5, 3));
    let heads = ["", "p50 us", "p90 us", "p50 / futex pair", "p90 / futex pair"];
    let mut table = vec![heads.map(String::from).to_vec()];
    let [asleep, short, endless] = [0, spin_ns, u64::MAX].map(|ns| {
        let raw = &raw;
        move || raw.hand_over(ns)
    });
    let groups = [
        vec![
            sleeper("asleep: futex pair", &tasks, asleep),
            sleeper("processes, no spin", &processes[0].tasks, || processes[0].hand_over()),
            sleeper("threads, no spin", &threads[0].tasks, || threads[0].hand_over()),
        ],
        vec![
            Contestant::each("looking 20 us: futex pair", short),
            Contestant::each("processes, default spin", || processes[1].hand_over()),
            Contestant::each("threads, default spin", || threads[1].hand_over()),
        ],
        vec![
            Contestant::each("looking on: futex pair", endless),
            Contestant::each("processes, spin 10 ms", || {
                let taken = processes[2].hand_over();
                tasks::await_sleep(&processes[2].tasks); // Not in the way of others.
                taken
            }),
        ],
    ];
    for mut contestants in groups {
        let ns = rounds::in_turn(&mut contestants, rounds * samples, 1);
        let of_rounds = |row: &[f64], part| -> Vec<f64> {
            row.chunks(samples).map(|round| quantile(round, part)).collect()
        };
        for (row, contestant) in ns.iter().zip(&contestants) {
            let us = |part| format!("{:.1}", quantile(row, part) / 1e3);
            let over = |part| ratio(&of_rounds(row, part), &of_rounds(&ns[0], part));
            table.push(vec![contestant.name.to_owned(), us(0.5), us(0.9), over(0.5), over(0.9)]);
        }
    }
    let title = format!(
        "batch_handoff, {name}: the worker's last write to the host's first read; ratios (below 1: \
         the row is faster) as median (10th..90th percentile) of {rounds} rounds of {samples}"
    );
    rounds::print(&title, &table);
}

// ---- Whole batches ----

/// Memory that was touched, of huge pages as ours is.
fn touched() -> Vec<u8> {
    let mut memory = Vec::with_capacity(LARGE);
    let page = (memory.as_mut_ptr() as usize).next_multiple_of(PAGE) as *mut c_void;
    // SAFETY: the range lies in the vector's memory; the advice changes no content.
    unsafe { libc::madvise(page, LARGE - PAGE, libc::MADV_HUGEPAGE) };
    memory.resize(LARGE, 1);
    memory
}

/// Fills such memory so many times in all, on a thread for each pair of buffers: in turn, as a
/// worker does whose last batch the host has. One that is filled over and over stays in the cache
/// on some machines, and that takes 0.4 of the time.
fn fill_alone(pairs: &mut [[Vec<u8>; 2]], batches: u64, cpus: &Cpus) -> Duration {
    let share = batches / pairs.len() as u64;
    let barrier = std::sync::Barrier::new(pairs.len() + 1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = pairs
            .iter_mut()
            .enumerate()
            .map(|(worker, pair)| {
                let barrier = &barrier;
                scope.spawn(move || {
                    peers::pin(cpus.worker(worker));
                    barrier.wait();
                    for number in 0..share {
                        fill(black_box(&mut pair[number as usize % 2]), number);
                    }
                })
            })
            .collect();
        barrier.wait();
        let start = Instant::now();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        start.elapsed()
    })
}

fn batches(cpus: &Cpus) {
    let script = RefCell::new(Script::start(cpus.host(), &[cpus.worker(0), cpus.worker(1)]));
    let start = |processes, workers| {
        let config = config(workers, workers + 1, LARGE, cpus);
        Ours::start(processes, &Config { pages: Pages::Transparent, ..config })
    };
    let ours = [
        ("1 process", start(true, 1)),
        ("2 processes", start(true, 2)),
        ("1 thread", start(false, 1)),
        ("2 threads", start(false, 2)),
    ];
    let again = RefCell::new(touched());
    let pipe = Piped::start(1, LARGE, cpus.worker(0));
    let pairs = RefCell::new([(); 2].map(|()| [(); 2].map(|()| touched())));
    cpus.pin_host();

    let mut contestants = vec![
        Contestant::new("memory filled by 1 thread", |n| {
            fill_alone(&mut pairs.borrow_mut()[..1], n, cpus)
        }),
        Contestant::new("memory filled by 2 threads", |n| {
            fill_alone(&mut *pairs.borrow_mut(), n, cpus)
        }),
    ];
    for (name, ours) in &ours {
        contestants.push(Contestant::new(name, |n| ours.stream(n)));
    }
    contestants.push(Contestant::new("the same memory over and over", |n| {
        let start = Instant::now();
        (0..n).for_each(|number| fill(black_box(&mut *again.borrow_mut()), number));
        start.elapsed()
    }));
    contestants.push(Contestant::new("pipe from 1 process", |n| {
        pipe.stream(1, n, |answer| _ = consume(answer))
    }));
    let pools = [("Pool(2)", "pool_batches"), ("torch DataLoader, 2 workers", "loader_batches")];
    for (name, what) in pools {
        let run = move |n| (what, vec![n, LARGE as u64, 2]);
        contestants.extend(partners::pool(name, &script, 4, run));
    }

    let (rounds, batches) = sized((15, 12), (4, 4));
    let ns = rounds::in_turn(&mut contestants, rounds, batches);
    let heads = ["", "ms a batch", "/ filled by 1", "/ filled by 2", "of that, reading"];
    let mut table = vec![heads.map(String::from).to_vec()];
    for (index, (row, contestant)) in ns.iter().zip(&contestants).enumerate() {
        let ms = median(row) / 1e6;
        let read = index.checked_sub(2).and_then(|at| ours.get(at)).map(|(_, ours)| {
            let read = ours.read.get().as_secs_f64() * 1e3 / (rounds as u64 * batches) as f64;
            format!("{read:.2} ms")
        });
        let cells = [format!("{ms:.2}"), ratio(row, &ns[0]), ratio(row, &ns[1])];
        let read = read.unwrap_or_else(|| "-".to_owned());
        table.push([vec![contestant.name.to_owned()], cells.to_vec(), vec![read]].concat());
    }
    let title = format!(
        "batch_handoff: a batch of 64 MiB made, and one value of each page read; ratios (below 1: \
         the row is faster) as median (10th..90th percentile) of {rounds} rounds of {batches} \
         batches"
    );
    rounds::print(&title, &table);
}

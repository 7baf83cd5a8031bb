//! Clearing the way: a reset with 1,000 jobs waiting, and the close of an executor that is idle
//! or full. Rayon has no counterpart: jobs cannot be withdrawn from its pool, and dropping a
//! pool does not wait for its threads.

mod peers;
mod rounds;
mod tasks;

use crossbeam_channel::{Receiver, Sender, bounded};
use jobexec::{Config, Executor, Failure, JobContext, Transform};
use peers::{Channels, Cpus, Ours, PATIENCE, Pool, Task};
use rounds::{Contestant, median, quantile, ratio, sized};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, yield_now};
use std::time::{Duration, Instant};

/// Jobs that wait when a reset comes. Each full queue of a close holds as many.
const JOBS: usize = 1_000;

/// Yields until it is so.
fn until(mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE);
        yield_now();
    }
}

/// An executor whose worker waits in each job until the gate lets it through. Its payloads have
/// no bytes, so that to discard one is nothing.
struct Gated {
    executor: Executor<()>,
    gate: Sender<()>,
}

impl Gated {
    fn start(cpus: &Cpus) -> Gated {
        let (gate, passes) = bounded(1);
        let transform = move |_: &mut (), _: &JobContext<'_>| -> Result<(), Failure> {
            passes.recv().unwrap();
            Ok(())
        };
        let executor =
            Executor::start(&peers::config(1, JOBS + 1, cpus), transform, PATIENCE).unwrap();
        Gated { executor, gate }
    }

    fn reset(&self) -> Duration {
        let before = self.executor.stats();
        self.executor.put(Box::new(())).unwrap();
        until(|| self.executor.stats().running == 1);
        (0..JOBS).for_each(|_| _ = self.executor.put(Box::new(())).unwrap());
        assert_eq!(self.executor.stats().queued, JOBS as u64);
        let start = Instant::now();
        self.executor.reset().unwrap();
        let elapsed = start.elapsed();
        let discarded = self.executor.stats().discarded - before.discarded;
        assert_eq!(discarded, JOBS as u64, "only the one that runs is left");
        self.gate.send(()).unwrap();
        until(|| self.executor.is_idle());
        let after = self.executor.stats();
        assert_eq!(after.accepted - before.accepted, JOBS as u64 + 1);
        assert_eq!(after.accepted, peers::outcomes(&self.executor) + after.outstanding);
        elapsed
    }
}

/// The same between channels. What is in flight when they are drained still comes out, so this
/// is less than a reset.
struct GatedChannel {
    jobs: Sender<Box<()>>,
    todo: Receiver<Box<()>>,
    gate: Sender<()>,
    _worker: JoinHandle<()>,
}

impl GatedChannel {
    fn start(cpus: &Cpus) -> GatedChannel {
        let (gate, passes) = bounded(1);
        let (jobs, todo) = bounded(JOBS + 1);
        let (own, cpu) = (todo.clone(), cpus.worker(0));
        let worker = std::thread::spawn(move || {
            peers::pin(cpu);
            own.iter().try_for_each(|_| passes.recv()).unwrap_or_default();
        });
        GatedChannel { jobs, todo, gate, _worker: worker }
    }

    fn drain(&self) -> Duration {
        self.jobs.send(Box::new(())).unwrap();
        until(|| self.todo.is_empty());
        (0..JOBS).for_each(|_| self.jobs.send(Box::new(())).unwrap());
        let start = Instant::now();
        let drained = self.todo.try_iter().count();
        let elapsed = start.elapsed();
        assert_eq!(drained, JOBS);
        self.gate.send(()).unwrap();
        elapsed
    }
}

/// Does a few jobs, and lets the workers fall asleep.
fn settle(pool: &impl Pool, tasks: &[String]) {
    peers::drive(pool, 4, 10);
    tasks::await_sleep(tasks);
}

fn close_idle(cpus: &Cpus) -> Duration {
    let (ours, tasks) = tasks::left_by(|| Ours::start(&peers::config(2, 4, cpus)));
    settle(&ours, &tasks);
    let start = Instant::now();
    ours.executor.close(PATIENCE).unwrap();
    start.elapsed()
}

fn join_idle(cpus: &Cpus) -> Duration {
    let (channels, tasks) = tasks::left_by(|| Channels::start(2, 4, cpus));
    settle(&channels, &tasks);
    let start = Instant::now();
    channels.close();
    start.elapsed()
}

/// Lets the first jobs through, and holds the others up until a payload is discarded: the workers
/// of a full executor sleep, as those between full channels do.
struct HeldUp {
    gate: Sender<()>,
    passes: Receiver<()>,
    opened: AtomicBool,
}

impl Transform<u64> for HeldUp {
    fn run(&self, _: &mut u64, job: &JobContext<'_>) -> Result<(), Failure> {
        if job.number() >= JOBS as u64 {
            self.passes.recv().unwrap();
        }
        Ok(())
    }

    fn discard(&self, payload: Box<u64>) {
        drop(payload);
        if !self.opened.load(Ordering::Relaxed) && !self.opened.swap(true, Ordering::Relaxed) {
            (0..2).for_each(|_worker| self.gate.send(()).unwrap());
        }
    }
}

/// As many results as may wait, as many jobs, and both workers in one that is held up.
fn close_full(cpus: &Cpus) -> Duration {
    let (gate, passes) = bounded(2);
    let held_up = HeldUp { gate, passes, opened: AtomicBool::new(false) };
    let config = Config { queue_per_worker: JOBS / 2, ..peers::config(2, 2 * JOBS + 2, cpus) };
    let start = || Executor::start(&config, held_up, PATIENCE).unwrap();
    let (executor, tasks) = tasks::left_by(start);
    for job in 0..2 * JOBS as u64 + 2 {
        executor.put_wait(Box::new(job), PATIENCE).unwrap();
    }
    until(|| executor.stats().running == 2 && executor.stats().ready == JOBS as u64);
    assert!(executor.is_full() && executor.stats().queued == JOBS as u64);
    tasks::await_sleep(&tasks);
    let start = Instant::now();
    executor.close(PATIENCE).unwrap();
    let elapsed = start.elapsed();
    let stats = executor.stats();
    assert_eq!((stats.accepted, stats.outstanding), (2 * JOBS as u64 + 2, 0));
    assert_eq!(stats.discarded, stats.accepted);
    elapsed
}

/// As many results as the channel takes, as many jobs, and both workers waiting for room.
fn join_full(cpus: &Cpus) -> Duration {
    let (channels, tasks) = tasks::left_by(|| Channels::start(2, JOBS, cpus));
    (0..2 * JOBS as u64 + 2).for_each(|job| channels.put(Task::new(job)));
    until(|| channels.jobs.is_full() && channels.results.is_full());
    tasks::await_sleep(&tasks);
    let start = Instant::now();
    channels.close();
    start.elapsed()
}

fn main() {
    let cpus = &Cpus::read();
    let (gated, channel) = (Gated::start(cpus), GatedChannel::start(cpus));
    let mut pairs = [
        (
            "reset with 1000 jobs",
            [
                Contestant::each("ours", || gated.reset()),
                Contestant::each("channel, drained", || channel.drain()),
            ],
        ),
        (
            "close, idle",
            [
                Contestant::each("ours", || close_idle(cpus)),
                Contestant::each("channels, joined", || join_idle(cpus)),
            ],
        ),
        (
            "close, full",
            [
                Contestant::each("ours", || close_full(cpus)),
                Contestant::each("channels, joined", || join_full(cpus)),
            ],
        ),
    ];

    let mut criterion = rounds::criterion();
    for (name, pair) in &mut pairs {
        rounds::group(&mut criterion, name, pair);
    }
    criterion.final_summary();

    let rounds = sized(101, 15);
    let heads = ["", "ours us", "ours p90 us", "peer us", "ours / peer", "peer"];
    let mut table = vec![heads.map(String::from).to_vec()];
    for (name, pair) in &mut pairs {
        let ns = rounds::in_turn(pair, rounds, 1);
        let us = [median(&ns[0]), quantile(&ns[0], 0.9), median(&ns[1])];
        let mut row = vec![name.to_string()];
        row.extend(us.map(|ns| format!("{:.1}", ns / 1e3)));
        row.extend([ratio(&ns[0], &ns[1]), pair[1].name.to_owned()]);
        table.push(row);
    }
    let title = format!(
        "reset_close: time of one, and ours / peer (below 1: ours is faster), as median \
         (10th..90th percentile) of {rounds} rounds; rayon has no counterpart"
    );
    rounds::print(&title, &table);
}

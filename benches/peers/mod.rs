//! Who is compared: this executor, and two pools made of common parts. All of them run the same
//! job, on as many workers, pinned to the same CPUs.

#![allow(dead_code)] // Each bench uses a part.

use core_affinity::CoreId;
use crossbeam_channel::{Receiver, Sender, bounded};
use jobexec::{Config, Executor, Failure, JobContext, Pinning, Status, Workers};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What takes longer has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The job: a payload in, a callback through a pointer, the payload out.
#[inline]
pub(crate) fn run(payload: &mut u64) {
    extern "C" fn nothing(_payload: *mut u64) {}
    let callback: extern "C" fn(*mut u64) = black_box(nothing);
    callback(payload);
}

/// The CPUs that this process may use. The host gets the first; the workers get the others in
/// turn and the host's last, as they do by `Pinning::Auto`.
pub(crate) struct Cpus(Vec<usize>);

impl Cpus {
    /// Those of the calling thread, which is not pinned yet.
    pub(crate) fn read() -> Cpus {
        let mut cpus: Vec<usize> =
            core_affinity::get_core_ids().unwrap_or_default().iter().map(|cpu| cpu.id).collect();
        assert!(cpus.len() >= 2, "the benches need two CPUs");
        cpus.rotate_left(1);
        Cpus(cpus)
    }

    /// The CPU of a worker.
    pub(crate) fn worker(&self, index: usize) -> usize {
        self.0[index % self.0.len()]
    }

    /// The CPU of the host.
    pub(crate) fn host(&self) -> usize {
        self.0[self.0.len() - 1]
    }

    /// Pins the calling thread as the host. Executors are started before: they are allowed the
    /// CPUs of the thread that starts them.
    pub(crate) fn pin_host(&self) {
        pin(self.host());
    }
}

/// Pins the calling thread.
pub(crate) fn pin(cpu: usize) {
    assert!(core_affinity::set_for_current(CoreId { id: cpu }), "CPU {cpu} cannot be had");
}

/// What runs jobs.
pub(crate) trait Pool: Sync {
    /// Hands a payload over; there is room.
    fn put(&self, payload: Box<u64>);
    /// Takes a payload back, waiting for it.
    fn get(&self) -> Box<u64>;
    /// Whether the books are in order: so many jobs were put and got since the last time.
    fn check(&self, jobs: u64);
}

/// Keeps `window` jobs in flight until so many are done: one put and one blocking get at a time.
pub(crate) fn drive(pool: &impl Pool, window: usize, jobs: u64) -> Duration {
    let mut spare: Vec<Box<u64>> = (0..window as u64).map(Box::new).collect();
    pool.put(Box::new(0)); // The workers that slept are awake when the clock starts.
    pool.get();
    let (mut put, mut sum) = (0, 0);
    let start = Instant::now();
    while put < jobs
        && let Some(mut payload) = spare.pop()
    {
        *payload = put;
        pool.put(payload);
        put += 1;
    }
    for _ in 0..jobs {
        let mut payload = pool.get();
        sum += *payload;
        if put < jobs {
            *payload = put;
            pool.put(payload);
            put += 1;
        } else {
            spare.push(payload);
        }
    }
    let elapsed = start.elapsed();
    assert_eq!(sum, jobs * jobs.saturating_sub(1) / 2, "every payload came back once");
    pool.check(jobs + 1);
    elapsed
}

/// This executor.
pub(crate) struct Ours {
    pub(crate) executor: Executor<u64>,
    jobs: AtomicU64,
}

/// So many workers, and places for so many jobs.
pub(crate) fn config(workers: usize, window: usize, cpus: &Cpus) -> Config {
    Config {
        workers: Workers::Count(workers),
        results: window,
        queue_per_worker: window,
        pinning: Pinning::Cpus(cpus.0.clone()),
        ..Config::default()
    }
}

impl Ours {
    pub(crate) fn start(config: &Config) -> Ours {
        let transform = |payload: &mut u64, _: &JobContext<'_>| -> Result<(), Failure> {
            run(payload);
            Ok(())
        };
        let executor = Executor::start(config, transform, PATIENCE).unwrap();
        Ours { executor, jobs: AtomicU64::new(0) }
    }
}

impl Pool for Ours {
    #[inline]
    fn put(&self, payload: Box<u64>) {
        self.executor.put(payload).map_err(|rejected| rejected.status).unwrap();
    }

    #[inline]
    fn get(&self) -> Box<u64> {
        self.executor.poll_wait(PATIENCE).unwrap().payload
    }

    fn check(&self, jobs: u64) {
        let total = self.jobs.fetch_add(jobs, Ordering::Relaxed) + jobs;
        assert_eq!(self.executor.poll().unwrap_err(), Status::Empty);
        let stats = self.executor.stats();
        assert_eq!(stats.accepted, total);
        assert_eq!(stats.accepted, outcomes(&self.executor) + stats.outstanding);
        assert_eq!((stats.done, stats.outstanding), (total, 0));
    }
}

/// How many jobs have their outcome.
pub(crate) fn outcomes<T: Send>(executor: &Executor<T>) -> u64 {
    let s = executor.stats();
    s.done + s.failed + s.panicked + s.crashed + s.timed_out + s.cancelled + s.discarded
}

/// Threads between two bounded channels.
pub(crate) struct Channels {
    pub(crate) jobs: Sender<Box<u64>>,
    pub(crate) results: Receiver<Box<u64>>,
    workers: Vec<JoinHandle<()>>,
}

impl Channels {
    pub(crate) fn start(workers: usize, window: usize, cpus: &Cpus) -> Channels {
        let (jobs, todo) = bounded::<Box<u64>>(window);
        let (done, results) = bounded(window);
        let workers = (0..workers).map(|worker| {
            let (todo, done, cpu) = (todo.clone(), done.clone(), cpus.worker(worker));
            std::thread::spawn(move || {
                pin(cpu);
                for mut payload in todo {
                    run(&mut payload);
                    if done.send(payload).is_err() {
                        break;
                    }
                }
            })
        });
        Channels { jobs, results, workers: workers.collect() }
    }

    /// Sends the workers home and waits for them; drops what is in the channels.
    pub(crate) fn close(self) {
        drop((self.jobs, self.results));
        self.workers.into_iter().for_each(|worker| worker.join().unwrap());
    }
}

impl Pool for Channels {
    #[inline]
    fn put(&self, payload: Box<u64>) {
        self.jobs.send(payload).unwrap();
    }

    #[inline]
    fn get(&self) -> Box<u64> {
        self.results.recv().unwrap()
    }

    fn check(&self, _jobs: u64) {
        assert!(self.jobs.is_empty() && self.results.is_empty());
    }
}

/// Rayon, a spawn for each job; results come back through a bounded channel.
pub(crate) struct Rayon {
    pool: rayon::ThreadPool,
    /// Leaked, so that a job does not pay for a count of references.
    done: &'static Sender<Box<u64>>,
    results: Receiver<Box<u64>>,
}

impl Rayon {
    pub(crate) fn start(workers: usize, window: usize, cpus: &Cpus) -> Rayon {
        let cpus: Vec<usize> = (0..workers).map(|worker| cpus.worker(worker)).collect();
        let builder = rayon::ThreadPoolBuilder::new().num_threads(workers);
        let pool = builder.start_handler(move |worker| pin(cpus[worker])).build().unwrap();
        let (done, results) = bounded(window);
        Rayon { pool, done: Box::leak(Box::new(done)), results }
    }
}

impl Pool for Rayon {
    #[inline]
    fn put(&self, mut payload: Box<u64>) {
        let done = self.done;
        self.pool.spawn(move || {
            run(&mut payload);
            done.send(payload).unwrap();
        });
    }

    #[inline]
    fn get(&self) -> Box<u64> {
        self.results.recv().unwrap()
    }

    fn check(&self, _jobs: u64) {
        assert!(self.results.is_empty());
    }
}

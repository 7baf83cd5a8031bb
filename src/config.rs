//! What an executor is started with. Which values make sense says [`check`].

mod check;

pub use self::check::Capacity;
pub use crate::affinity::Pinning;

/// The most workers an executor may have.
pub const MAX_WORKERS: usize = 4096;

/// The most stages of a chain.
pub const MAX_STAGES: usize = 8;

/// The most jobs that may be in flight.
pub const MAX_IN_FLIGHT: usize = 1 << 20;
/// The last session there can be.
pub const MAX_SESSION: u32 = (1 << 27) - 1;
/// The highest number of a job in its session; the next has 0 again.
pub const MAX_NUMBER: u64 = (1 << 36) - 1;
/// The longest spin before a thread sleeps, in nanoseconds (10 ms).
pub const MAX_SPIN_NS: u64 = 10_000_000;

/// The most bytes that an input or an output of a batch may have (1 TiB).
pub const MAX_BUFFER_BYTES: usize = 1 << 40;

/// How many workers run the transform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workers {
    /// As many as this process may use CPUs: affinity, cgroup quota, ranks and reserved cores
    /// counted.
    Auto,
    /// That many threads. 0 runs the transform inside `put`, on the thread that puts.
    Count(usize),
}

/// Pages of the memory that batches lie in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pages {
    /// As the system is set.
    Normal,
    /// Transparent huge pages, where the system can: a wish. For worker processes they are made at
    /// the start, from Linux 6.1 on, however the system is set; that takes some 2 ms for each 2
    /// MiB, and at most half of the time that the start may take.
    Transparent,
    /// Explicit huge pages of 2 MiB, which the administrator has set aside (`vm.nr_hugepages`);
    /// too few of them is an error of the start.
    Huge,
}

/// The configuration of an executor. Start from [`Config::default`] and change what differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// How many workers. Default: [`Workers::Auto`].
    pub workers: Workers,
    /// Jobs that may wait in the queue, for each worker. Default 2.
    pub queue_per_worker: usize,
    /// Places for jobs in flight, for each worker. Default 3: two wait, one runs.
    pub results_per_worker: usize,
    /// Places for jobs in flight in all; overrides `results_per_worker` unless it is 0, the
    /// default.
    pub results: usize,
    /// Whether `start` returns only when every worker runs. Default true.
    pub wait_until_workers_run: bool,
    /// Where job seeds come from; see `JobContext::seed`. Default 0.
    pub seed: u64,
    /// Whether jobs are timed (created, started, finished, queued, polled). Default true; off
    /// saves the clock readings and one hand-over of a record a job.
    pub timing: bool,
    /// Which CPU each worker runs on. Default [`Pinning::Auto`].
    pub pinning: Pinning,
    /// Cores that automatic pinning leaves to the host. Default 0.
    pub reserve_cores: usize,
    /// This process among those of the same machine that pin workers (torchrun's `LOCAL_RANK`).
    /// Default 0.
    pub local_rank: usize,
    /// How many such processes there are (`LOCAL_WORLD_SIZE`). Default 1.
    pub local_size: usize,
    /// What a thread that finds nothing to do does before it sleeps. Default
    /// [`Waiting::Balanced`].
    pub waiting: Waiting,
    /// How long it goes on looking, in nanoseconds. Default 20,000; 0 sleeps at once; at most
    /// [`MAX_SPIN_NS`].
    pub spin_ns: u64,
    /// How many workers that died may be replaced. Default 64.
    pub max_restarts: u32,
    /// Within how many nanoseconds `max_restarts` count; 0, the default, is the executor's life.
    pub restart_window_ns: u64,
    /// How long a worker process that died before it did a job waits for its second replacement
    /// in a row, in nanoseconds; then twice as long each time, up to 100 times. Default 10 ms.
    pub restart_backoff_ns: u64,
    /// How often a job is tried again whose worker process died while it ran it; with
    /// `retry_failed`, also one that failed or panicked. Default 0; at most 1000.
    pub retries: u32,
    /// Whether a job that failed or panicked is tried again, with its payload as the transform left
    /// it. Default false.
    pub retry_failed: bool,
    /// How long a job waits for its second try, in nanoseconds; for each next twice as long, up to
    /// 100 times. Its place stays taken. Default 0. Without workers it does not wait.
    pub retry_backoff_ns: u64,
    /// Where nobody got a result for so long though a poller waited (in one call or in several),
    /// the job report goes to the log, once a stall; in nanoseconds. Default 30 s; 0 is never.
    pub stall_report_ns: u64,
    /// How long a job may run, in nanoseconds from when a worker begins it. Then it is told, as by
    /// a cancel, and comes as `TimedOut` once its transform returns; a worker process is killed
    /// and replaced. [`PutOptions`] may say otherwise for one job. Default 0: for ever, and no put
    /// may say otherwise; `u64::MAX`: for ever unless a put says otherwise. Needs `timing`; without
    /// workers it has no effect.
    pub job_timeout_ns: u64,
    /// How long a worker process may go on with a job that was cancelled before it is killed and
    /// replaced, in nanoseconds. Default 0: for ever. Needs `timing`.
    pub cancel_kill_ns: u64,
    /// How long a worker's thread may go on with a job that is past its deadline. Then the job
    /// comes as `TimedOut` without its payload, the thread is set aside, and another takes its
    /// place; when its transform returns it discards the payload and ends, without the exit
    /// callback. In nanoseconds, default 1 s; 0: for ever.
    pub abandon_after_ns: u64,
    /// How many threads may be set aside at a time and be replaced; the worker of one more is gone
    /// until one comes back, and where no worker is left puts and polls answer `NoWorkers`. Default
    /// 4.
    pub max_abandoned: u32,
    /// Whether results come in the order in which their jobs were put. What is done before its turn
    /// is held, and its place with it: the window is as many jobs as may be in flight. Default
    /// false: as they are done.
    pub ordered: bool,
    /// The number of the first session. With `first_number`, for who goes on where another left
    /// off: jobs have the seeds that they would have had there. Default 0; at most
    /// [`MAX_SESSION`](crate::MAX_SESSION).
    pub first_session: u32,
    /// The number of that session's first job. Default 0; at most
    /// [`MAX_NUMBER`](crate::MAX_NUMBER).
    pub first_number: u64,
    /// Of how many jobs what they went through is kept, for [`crate::Executor::trace_json`]: the
    /// last whose results were polled. 64 bytes each. Default 0; at most 2^20. Needs `timing`.
    pub trace_jobs: usize,
    /// How many workers each stage of a chain has. Empty, the default, is one stage with all
    /// `workers`; else these say how many there are in all, `workers` counts for nothing, and a job
    /// goes through all stages: what one has done waits for the next, without the host's help.
    /// [`crate::JobContext::stage`] says which one a transform is run for. All 0 runs all stages
    /// inside the put. At most [`MAX_STAGES`].
    pub stages: Vec<usize>,
    /// Bytes of a batch's input and output, for [`crate::BatchExecutor`]; there are as many of each
    /// as jobs may be in flight. Both 0, the default, is no batches. At most
    /// [`MAX_BUFFER_BYTES`](crate::MAX_BUFFER_BYTES).
    pub input_bytes: usize,
    /// See `input_bytes`.
    pub output_bytes: usize,
    /// Pages of the batches' memory. Default [`Pages::Transparent`].
    pub pages: Pages,
    /// Whether all of the batches' memory is touched at the start, so that no later touch faults.
    /// Costs the start the time to write it once. Default false.
    pub prefault: bool,
}

/// What a thread that finds nothing to do does before it sleeps: a worker without a job, a poller
/// without a result. To sleep costs whoever wakes it some microseconds, and the job the time until
/// it runs; to look costs a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Looks for `spin_ns`, or up to 4 times as long where it takes so long until the woken run; and
    /// for less while that is in vain. A host with a core of its own, to which results come at a steady
    /// pace, sleeps by a timer until shortly before the next, and looks then. Where workers take all
    /// cores, a host that waits while jobs do gives its core away first. If it had that back late, it
    /// sleeps until jobs run low, and a result that comes meanwhile lies there: for 4 ms at most, or 1
    /// ms where the host computes between its waits.
    Balanced,
    /// Looks for 50 times as long, without pausing, where workers leave a core free; else as
    /// balanced.
    Latency,
    /// Sleeps at once.
    Power,
}

/// How one job is put, see [`crate::Executor::put_with`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PutOptions {
    /// How long the job may run, instead of [`Config::job_timeout_ns`].
    pub job_timeout: Option<std::time::Duration>,
    /// How long the put may wait for room. 0, the default, is not at all.
    pub wait: std::time::Duration,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            workers: Workers::Auto,
            queue_per_worker: 2,
            results_per_worker: 3,
            results: 0,
            wait_until_workers_run: true,
            seed: 0,
            timing: true,
            pinning: Pinning::Auto,
            reserve_cores: 0,
            local_rank: 0,
            local_size: 1,
            waiting: Waiting::Balanced,
            spin_ns: 20_000,
            max_restarts: 64,
            restart_window_ns: 0,
            restart_backoff_ns: 10_000_000,
            retries: 0,
            retry_failed: false,
            retry_backoff_ns: 0,
            stall_report_ns: 30_000_000_000,
            job_timeout_ns: 0,
            cancel_kill_ns: 0,
            abandon_after_ns: 1_000_000_000,
            max_abandoned: 4,
            ordered: false,
            first_session: 0,
            first_number: 0,
            trace_jobs: 0,
            stages: Vec::new(),
            input_bytes: 0,
            output_bytes: 0,
            pages: Pages::Transparent,
            prefault: false,
        }
    }
}

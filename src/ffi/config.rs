//! The configuration as C sees it.

use super::callbacks::*;
use std::ffi::{c_char, c_void};

/// jobexec_config.workers: as many as this process may use CPUs.
pub const JOBEXEC_WORKERS_AUTO: u32 = 0xffff_ffff;

/// jobexec_config.pinning: each worker on a core of its own, chosen from what this process may
/// use.
pub const JOBEXEC_PIN_AUTO: u32 = 0;
/// jobexec_config.pinning: the scheduler decides.
pub const JOBEXEC_PIN_OFF: u32 = 1;
/// jobexec_config.pinning: each worker on the CPU that has its place in the list of CPUs; with
/// more workers than CPUs the list begins again, and the report says so.
pub const JOBEXEC_PIN_LIST: u32 = 2;

/// jobexec_config.worker_kind: threads, which run config.transform.
pub const JOBEXEC_WORKERS_ARE_THREADS: u32 = 0;
/// jobexec_config.worker_kind: processes, which run config.argv.
pub const JOBEXEC_WORKERS_ARE_PROCESSES: u32 = 1;

/// jobexec_config.worker_output: where this process's standard output and standard error go.
pub const JOBEXEC_OUTPUT_INHERIT: u32 = 0;
/// jobexec_config.worker_output: to the log callback, line by line, on a thread of the library's. A
/// worker whose pipe is full waits for it. A worker that died is replaced at once, and what it
/// printed last comes when its turn comes (256 KiB of it are kept); close goes on logging until its
/// deadline.
pub const JOBEXEC_OUTPUT_LOG: u32 = 1;

/// jobexec_config.pages: as the system is set.
pub const JOBEXEC_PAGES_NORMAL: u32 = 0;
/// jobexec_config.pages: transparent huge pages, where the system can: a wish. For worker processes
/// they are made at the start, from Linux 6.1 on, however the system is set; that takes some 2 ms
/// for each 2 MiB, and at most half of the time that the start may take.
pub const JOBEXEC_PAGES_TRANSPARENT: u32 = 1;
/// jobexec_config.pages: explicit huge pages of 2 MiB, which the administrator has set aside
/// (vm.nr_hugepages).
pub const JOBEXEC_PAGES_HUGE: u32 = 2;

/// jobexec_config.waiting: a thread that finds nothing to do looks for spin_ns before it sleeps, or up
/// to 4 times as long where it takes so long until the woken run; and for less while that is in vain. A
/// host with a core of its own, to which results come at a steady pace, sleeps by a timer until shortly
/// before the next, and looks then. Where workers take all cores, a host that waits while jobs do gives
/// its core away first. If it had that back late, it sleeps until jobs run low, and a result that comes
/// meanwhile lies there: for 4 ms at most, or 1 ms where the host computes between its waits.
pub const JOBEXEC_WAITING_BALANCED: u32 = 0;
/// jobexec_config.waiting: it looks for 50 times as long, without pausing, where workers leave a
/// core free; else as JOBEXEC_WAITING_BALANCED.
pub const JOBEXEC_WAITING_LATENCY: u32 = 1;
/// jobexec_config.waiting: it sleeps at once.
pub const JOBEXEC_WAITING_POWER: u32 = 2;

/// What an executor is started with. Set size to sizeof(jobexec_config), call
/// jobexec_config_init, then change what differs.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobexec_config {
    /// sizeof(jobexec_config), as the program was compiled.
    pub size: u64,
    /// How many workers; 0 runs the transform inside jobexec_put. Default
    /// JOBEXEC_WORKERS_AUTO.
    pub workers: u32,
    /// Jobs that may wait in the queue, for each worker. Default 2.
    pub queue_per_worker: u32,
    /// Places for jobs in flight, for each worker. Default 3.
    pub results_per_worker: u32,
    /// Places for jobs in flight in all; overrides results_per_worker unless 0. Default 0.
    pub results: u32,
    /// Whether jobexec_start waits until every worker runs: 0 or 1. Default 1.
    pub wait_until_workers_run: u32,
    /// Whether jobs are timed: 0 or 1. Default 1.
    pub timing: u32,
    /// Where job seeds come from. Default 0.
    pub seed: u64,
    /// How long a thread that finds nothing to do goes on looking before it sleeps, in
    /// nanoseconds, at most 10,000,000; see waiting. Default 20,000.
    pub spin_ns: u64,
    /// How many workers that died may be replaced, in all or within restart_window_ns. Default 64.
    pub max_restarts: u32,
    /// One of JOBEXEC_PIN_. Default JOBEXEC_PIN_AUTO.
    pub pinning: u32,
    /// The CPUs for JOBEXEC_PIN_LIST; read during jobexec_start only.
    pub cpus: *const u32,
    /// How many they are.
    pub cpu_count: u32,
    /// Cores that automatic pinning leaves to the host. Default 0.
    pub reserve_cores: u32,
    /// This process among those of this machine that pin workers (LOCAL_RANK). Default 0.
    pub local_rank: u32,
    /// How many such processes there are (LOCAL_WORLD_SIZE). Default 1.
    pub local_size: u32,
    /// Must not be NULL with threads; must be NULL with processes, as worker_init and worker_exit.
    pub transform: jobexec_transform,
    /// May be NULL.
    pub worker_init: jobexec_worker_init,
    /// May be NULL.
    pub worker_exit: jobexec_worker_exit,
    /// May be NULL; then nobody is told of payloads that are discarded.
    pub discard: jobexec_discard,
    /// May be NULL.
    pub log: jobexec_log,
    /// Given to every callback. May be NULL.
    pub user: *mut c_void,
    /// Called once with user, when no callback can run any more: by the jobexec_close that
    /// answers JOBEXEC_OK, or by the last worker to leave a freed executor. May be NULL. See
    /// jobexec_start for who owns user when that fails.
    pub user_destructor: jobexec_user_destructor,
    /// Bytes of a buffer's input and output, see jobexec_buffer_acquire. Both 0: there are no
    /// buffers. Default 0; at most 2^40.
    pub input_bytes: u64,
    /// See input_bytes.
    pub output_bytes: u64,
    /// One of JOBEXEC_PAGES_, for the buffers. Default JOBEXEC_PAGES_TRANSPARENT.
    pub pages: u32,
    /// Whether jobexec_start touches all of the buffers' memory, so that no later touch faults:
    /// 0 or 1. Default 0.
    pub prefault: u32,
    /// Where the buffers' memory comes from instead of the system; called once, by
    /// jobexec_start. NULL, the default, together with deallocate.
    pub allocate: jobexec_allocate,
    /// Called once with it: when jobexec_start fails, or when the executor was freed and no worker
    /// is at work any more; perhaps after user_destructor.
    pub deallocate: jobexec_deallocate,
    /// Given to these two.
    pub memory_user: *mut c_void,
    /// One of JOBEXEC_WORKERS_ARE_. Default JOBEXEC_WORKERS_ARE_THREADS. Processes need input_bytes
    /// or output_bytes, and take no payloads but buffers.
    pub worker_kind: u32,
    /// One of JOBEXEC_OUTPUT_, for worker processes. Default JOBEXEC_OUTPUT_INHERIT.
    pub worker_output: u32,
    /// What a worker process is: a program, looked for in PATH unless it has a slash
    /// ("/proc/self/exe" is this one), and its arguments; NULL behind the last. It calls
    /// jobexec_worker_main or jobexec_worker_next. Read during jobexec_start only.
    pub argv: *const *const c_char,
    /// What is set in its environment, as "NAME=value"; NULL behind the last. Else it has this
    /// process's, and one thread for each of the usual numerical libraries (OMP_NUM_THREADS=1 and
    /// its kin). NULL is nothing. Read during jobexec_start only.
    pub env: *const *const c_char,
    /// How long a worker process may take from its start until it asks for work. Default 60 s.
    pub worker_start_timeout_ns: u64,
    /// Within how many nanoseconds max_restarts count; 0 is the executor's life. Default 0.
    pub restart_window_ns: u64,
    /// How long a worker process that died before it did a job waits for its second replacement in
    /// a row; then twice as long each time, up to 100 times. Default 10,000,000.
    pub restart_backoff_ns: u64,
    /// How often a job is tried again whose worker process died while it ran it; with retry_failed,
    /// also one that failed or panicked. Default 0; at most 1000.
    pub retries: u32,
    /// One of JOBEXEC_WAITING_. Default JOBEXEC_WAITING_BALANCED.
    pub waiting: u32,
    /// Where nobody got a result for so long though a poller waited (in one call or in several),
    /// the job report goes to the log callback, once a stall. Default 30 s; 0 is never.
    pub stall_report_ns: u64,
    /// Whether results come in the order in which their jobs were put: 0 or 1. What is done before
    /// its turn is held, and its place with it: the window is as many jobs as may be in flight.
    /// Default 0: as they are done.
    pub ordered: u32,
    /// The number of the first session, at most 2^27 - 1. With first_number, for a program that
    /// goes on where another left off: jobs have the seeds that they would have had there. Default
    /// 0.
    pub first_session: u32,
    /// The number of that session's first job, less than 2^36. Default 0.
    pub first_number: u64,
    /// How long a job may run, in nanoseconds from when a worker begins it. Then it is told, as by
    /// jobexec_cancel, and comes as JOBEXEC_OUTCOME_TIMED_OUT once its transform returns; a worker
    /// process is killed and replaced. jobexec_put_with may say otherwise for one job. Default 0:
    /// for ever, and no put may say otherwise; UINT64_MAX: for ever unless a put says otherwise.
    /// Needs timing; without workers it has no effect.
    pub job_timeout_ns: u64,
    /// How long a worker process may go on with a job that was cancelled before it is killed and
    /// replaced, in nanoseconds. Default 0: for ever. Needs timing.
    pub cancel_kill_ns: u64,
    /// How long a worker's thread may go on with a job that is past its deadline. Then the job
    /// comes as JOBEXEC_OUTCOME_TIMED_OUT with NULL for its payload, the thread is set aside, and
    /// another takes its place; when its transform returns, the discard callback gets the payload,
    /// and the thread ends without worker_exit. In nanoseconds, default 1 s; 0: for ever.
    pub abandon_after_ns: u64,
    /// How many threads may be set aside at a time and be replaced; the worker of one more is gone
    /// until one comes back, and where no worker is left puts and polls answer
    /// JOBEXEC_ERROR_NO_WORKERS. Default 4.
    pub max_abandoned: u32,
    /// Whether a job that failed or panicked is tried again, `retries` times, with its payload as
    /// the transform left it: 0 or 1. Default 0.
    pub retry_failed: u32,
    /// How long a job waits for its second try, in nanoseconds; for each next twice as long, up to
    /// 100 times. Its place stays taken. Default 0. Without workers it does not wait.
    pub retry_backoff_ns: u64,
    /// Of how many jobs what they went through is kept, for jobexec_trace_json: the last whose
    /// results were polled. 64 bytes each. Default 0; at most 2^20. Needs timing.
    pub trace_jobs: u64,
    /// How many workers each stage of a chain has; NULL, the default, is one stage with all
    /// workers. Else these say how many there are in all, workers counts for nothing, and a job
    /// goes through all stages: what one has done waits for the next, without the host's help.
    /// jobexec_job_stage says which one a transform is called for. A buffer is read and written in
    /// turn: a stage's input is what the one before wrote, its output lies where that one read. All
    /// 0 runs all stages inside jobexec_put. Read during jobexec_start only.
    pub stages: *const u32,
    /// How many stages; at most 8. Default 0, as 1.
    pub stage_count: u32,
    /// 0.
    pub reserved: u32,
}

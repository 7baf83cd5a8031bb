//! A lock-free job executor: a host puts payloads, workers pinned to CPU cores transform them,
//! the host polls results. `reset` begins a session and discards what is stale; `close` ends it
//! all by a deadline.
//!
//! ```
//! use jobexec::{Config, Executor, Failure, JobContext, Status, Workers};
//! use std::time::Duration;
//!
//! let second = Duration::from_secs(1);
//! let config = Config { workers: Workers::Count(2), ..Config::default() };
//! let double = |n: &mut u64, _: &JobContext| -> Result<(), Failure> { *n *= 2; Ok(()) };
//! let executor = Executor::start(&config, double, second)?;
//! for n in 1..=3 {
//!     executor.put(Box::new(n)).map_err(|rejected| rejected.status).unwrap();
//! }
//! executor.finish().unwrap();
//! let mut sum = 0;
//! loop {
//!     match executor.poll_wait(second) {
//!         Ok(result) => sum += *result.payload.unwrap(),
//!         Err(status) => break assert_eq!(status, Status::End),
//!     }
//! }
//! assert_eq!(sum, 12);
//! executor.close(second)?;
//! # Ok::<(), jobexec::Error>(())
//! ```
//!
//! # Promises
//! - Every accepted job has exactly one [`Outcome`]; `accepted = outcomes + outstanding`.
//! - No call waits longer than its timeout; those that take none do not wait.
//! - Memory is allocated at the start. A put takes the place of its result with it, so that a
//!   worker never waits for a poller.
//! - An idle executor uses no CPU; a busy one takes no lock and makes no system call.
//! - Workers are threads, or processes whose death costs the job that they were at.
//!
//! # How it is made
//! In reading order; each module uses only what stands above it.
//!
//! | module | what it is |
//! |---|---|
//! | `os`, `sync`, `clock` | the doors to the kernel, to atomics (std or loom), and to time |
//! | `barrier` | a pair of fences of which one costs nothing |
//! | `prefetch` | having a cache line come before it is wanted |
//! | `status`, `affinity`, `config` | answers; where workers run; what an executor is started with |
//! | `spin`, `pace`, `shy` | looking for news; a core that comes back late |
//! | `mates`, `event` | who shares a CPU; waiting, with its proof |
//! | `credits` | accepting jobs and giving them their outcome: one word, one counter each |
//! | `ring`, `record`, `job`, `queue`, `results`, `returned` | the MPMC ring, with its proof; failures; the queues |
//! | `histogram`, `tally` | how long things took; what is counted of jobs and polls |
//! | `trace` | what the last jobs went through, on request, with its proof |
//! | `bell`, `link` | waiting for one partner, with its proof; what a worker process shares |
//! | `free`, `arena` | what is free; the memory of batches, and whose each buffer is |
//! | `mirror` | the copy of the phase that worker processes see |
//! | `doorbell` | a descriptor that is readable while there is something to poll, with its proof |
//! | `signals`, `registry` | what an executor tells its threads, reachable from signal handlers |
//! | `run` | the one step in which kinds of workers differ |
//! | `slip` | the distance that a worker keeps behind those who put |
//! | `desk`, `lane` | what a worker is at; a worker process as threads see it |
//! | `inside` | which executor's callback a thread is in |
//! | `lend` | a waiting host's core, for a worker |
//! | `nap` | a host that sleeps until jobs run low |
//! | `doze` | a host that sleeps until shortly before the next result |
//! | `turns` | a host and a worker of its core, in turn |
//! | `limits` | how long jobs may run; how their warden sleeps, with its proof |
//! | `later` | jobs that are tried again after a pause |
//! | `notes` | which jobs were cancelled while they waited |
//! | `stall` | noticing that pollers wait and nothing comes |
//! | `engine` | all that is shared |
//! | `buffer` | a batch on its way: filled, sent, brought back, released |
//! | `event_fd` | a poll that finds nothing, where the host waits for the descriptor |
//! | `publish` | what came of a job, on its way to pollers |
//! | `host` | how a host waits |
//! | `put`, `work`, `worker`, `poll` | the walk of a payload, step by step |
//! | `many` | several in one call |
//! | `recall`, `reset` | taking back what is not begun; clearing the way |
//! | `supervised` | the worker's step where jobs have limits, or are tried again |
//! | `cancel` | telling one job that it is not wanted |
//! | `pump` | the worker's step where it is a process |
//! | `budget`, `posts`, `crew` | restarts left, which thread serves which worker, the threads |
//! | `service`, `aside`, `warden` | a worker's life; setting one aside; who watches deadlines |
//! | `lifecycle`, `stats`, `report` | start and close, numbers, and the report |
//! | `run_thread`, `batch` | transforms in Rust, of payloads and of batches |
//! | `process` | worker processes: how they are started, watched and buried; their own side |
//! | `batch_worker`, `held` | serving as a worker process; a batch in the host's hands |
//! | `executor`, `batch_executor` | the Rust API for payloads, and for batches |
//! | `ffi` | the C API |

#![cfg_attr(loom, allow(dead_code, unused_imports))]

mod os;
mod sync;

mod barrier;
mod clock;
mod prefetch;

mod affinity;
mod config;
mod status;

mod spin;

mod pace;
mod shy;

mod mates;

mod event;

mod credits;

mod ring;

mod record;

mod job;

mod histogram;
mod tally;
mod trace;

mod queue;
mod results;
mod returned;

mod bell;
mod link;

mod arena;
mod free;

mod doorbell;
#[cfg(not(loom))]
mod mirror;
mod registry;
mod signals;

mod run;
mod slip;

mod desk;
mod doze;
mod inside;
mod lane;
mod later;
mod lend;
mod limits;
mod nap;
mod notes;
mod stall;
mod turns;

mod engine;

mod buffer;
mod event_fd;
mod host;
mod poll;
mod publish;
mod put;
mod recall;
mod reset;
mod work;
mod worker;

mod cancel;
mod supervised;

mod many;

mod pump;

// The models run what stands above: the protocols between threads, without the threads.
#[cfg(not(loom))]
mod budget;
#[cfg(not(loom))]
mod posts;

#[cfg(not(loom))]
mod aside;
#[cfg(not(loom))]
mod crew;
#[cfg(not(loom))]
mod lifecycle;
#[cfg(not(loom))]
mod service;
#[cfg(not(loom))]
mod stats;

#[cfg(not(loom))]
mod report;
#[cfg(not(loom))]
mod warden;

#[cfg(not(loom))]
mod batch;
#[cfg(not(loom))]
mod run_thread;

#[cfg(not(loom))]
mod process;

#[cfg(not(loom))]
mod batch_worker;
#[cfg(not(loom))]
mod held;

#[cfg(not(loom))]
mod batch_executor;
#[cfg(not(loom))]
mod executor;

#[cfg(not(loom))]
#[doc(hidden)] // Its documentation is the header.
pub mod ffi;

pub use arena::{Allocate, HEADER_BYTES};
#[cfg(not(loom))]
pub use batch::{Batch, BatchTransform};
#[cfg(not(loom))]
pub use batch_executor::{BatchExecutor, BatchResult, NotPut};
#[cfg(not(loom))]
pub use batch_worker::{is_worker, serve_worker};
pub use config::{Capacity, Config, MAX_BUFFER_BYTES, MAX_IN_FLIGHT, MAX_NUMBER, MAX_SESSION};
pub use config::{MAX_SPIN_NS, MAX_STAGES, MAX_WORKERS};
pub use config::{Pages, Pinning, PutOptions, Waiting, Workers};
pub use credits::Outcome;
#[cfg(not(loom))]
pub use executor::{Executor, JobResult, Rejected, abort_all};
#[cfg(not(loom))]
pub use held::Buffer;
pub use job::Times;
#[cfg(not(loom))]
pub use process::command::{Output, WorkerCommand};
pub use record::MESSAGE_BYTES;
pub use run::{JobContext, LogLevel};
#[cfg(not(loom))]
pub use run_thread::{Failure, Transform};
#[cfg(not(loom))]
pub use stats::Stats;
pub use status::{Error, Status};

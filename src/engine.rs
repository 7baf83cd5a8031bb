//! Everything the threads of one executor share. The walk of a payload through it is told by
//! [`crate::put`], [`crate::worker`] and [`crate::poll`]; [`crate::reset`] clears the way.

use crate::arena::Arena;
use crate::barrier;
use crate::clock::now_ns;
use crate::config::{Capacity, Config};
use crate::credits::{Credits, Outcome};
use crate::desk::Desk;
use crate::doze::Doze;
use crate::inside;
use crate::lane::Lane;
use crate::later::Later;
use crate::lend::Lending;
use crate::limits::Limits;
use crate::link::DEPTH;
use crate::mates::Mates;
use crate::nap::Naps;
use crate::notes::Notes;
use crate::queue::Jobs;
use crate::record::Records;
use crate::registry::Lease;
use crate::results::Results;
use crate::returned::Returned;
use crate::run::Run;
use crate::spin::Spin;
use crate::stall::Stalls;
use crate::sync::{AtomicU64, Ordering, fence_after_rmw};
use crate::tally::Tally;
use crate::trace::Trace;
use crate::turns::Turns;
use crossbeam_utils::CachePadded;
use std::sync::Arc;

mod counts;
mod discard;

/// The shared state of an executor.
pub(crate) struct Engine {
    pub(crate) signals: Lease,
    pub(crate) credits: Credits,
    pub(crate) jobs: Jobs,
    pub(crate) results: Results,
    pub(crate) records: Records,
    /// One for each worker thread, [`DEPTH`] for each worker process.
    pub(crate) desks: Box<[Desk]>,
    /// One for each worker process.
    pub(crate) lanes: Arc<[Lane]>,
    /// For each stage the jobs that do not come from a put: those that come back from a worker,
    /// where some may, and those that the stage before has done.
    pub(crate) relays: Box<[Option<Returned>]>,
    /// For each stage the first worker that is not its own any more.
    pub(crate) stage_ends: Box<[usize]>,
    pub(crate) run: Box<dyn Run>,
    /// The batches' memory, where there are batches.
    pub(crate) arena: Option<Arc<Arena>>,
    /// How often a job is tried again whose worker process died, or that failed.
    pub(crate) retries: u64,
    /// Whether one that failed is.
    pub(crate) retry_failed: bool,
    /// Those that are after a pause, where there is one.
    pub(crate) later: Option<Later>,
    pub(crate) capacity: Capacity,
    pub(crate) spin: Spin,
    pub(crate) lending: Lending,
    pub(crate) turns: CachePadded<Turns>,
    pub(crate) naps: Naps,
    pub(crate) doze: CachePadded<Doze>,
    pub(crate) mates: Mates,
    pub(crate) timing: bool,
    pub(crate) seed: u64,
    /// Jobs that run inside their put at this moment.
    pub(crate) inline: AtomicU64,
    pub(crate) marks: Marks,
    pub(crate) tally: Tally,
    /// What jobs went through, where that is wanted.
    pub(crate) trace: Option<Trace>,
    /// When it was made.
    pub(crate) born: u64,
    /// Hosts write it whenever they wait, as they do `turns`: away from what workers read, or one
    /// job in a row takes 1.3 times as long.
    pub(crate) stalls: CachePadded<Stalls>,
    pub(crate) notes: Notes,
    /// How long jobs may run, where that is limited.
    pub(crate) limits: Option<Limits>,
    /// What they are where a put does not say; 0 without limits.
    pub(crate) usual_limit: u64,
    /// The first session, and the number of its first job.
    pub(crate) first: (u32, u64),
    /// Tells no job anything, see [`crate::desk::Desk::told_word`].
    pub(crate) untold: AtomicU64,
}

/// High-water marks of the two queues. To look at one takes a line away from the other side, some
/// 70 ns: so it is done with a session's first jobs, and then now and then.
#[derive(Default)]
pub(crate) struct Marks {
    pub(crate) queued: AtomicU64,
    pub(crate) ready: AtomicU64,
}

impl Marks {
    pub(crate) fn raise(mark: &AtomicU64, level: u64) {
        if level > mark.load(Ordering::Relaxed) {
            mark.fetch_max(level, Ordering::Relaxed);
        }
    }
}

/// What an engine is made of.
pub(crate) struct Parts {
    pub(crate) signals: Lease,
    /// The CPU of each worker that has one to itself.
    pub(crate) cpus: Box<[Option<usize>]>,
    pub(crate) capacity: Capacity,
    pub(crate) spin: Spin,
    pub(crate) timing: bool,
    pub(crate) seed: u64,
    /// Whether results come in the order in which the jobs were put.
    pub(crate) ordered: bool,
    /// The first session, and the number of its first job.
    pub(crate) first: (u32, u64),
    pub(crate) retries: u64,
    pub(crate) retry_failed: bool,
    pub(crate) retry_backoff_ns: u64,
    pub(crate) stall_report_ns: u64,
    pub(crate) limits: Option<Limits>,
    pub(crate) trace_jobs: usize,
    /// For each stage the first worker that is not its own any more.
    pub(crate) stage_ends: Box<[usize]>,
    pub(crate) run: Box<dyn Run>,
    pub(crate) arena: Option<Arc<Arena>>,
    /// None where workers are threads.
    pub(crate) lanes: Arc<[Lane]>,
}

impl Engine {
    /// Allocates everything.
    pub(crate) fn new(parts: Parts) -> Engine {
        let Parts { signals, cpus, capacity, spin, timing, seed, ordered, first, .. } = parts;
        let workers = cpus.len();
        let Parts {
            retries,
            retry_failed,
            retry_backoff_ns,
            stall_report_ns,
            limits,
            trace_jobs,
            stage_ends,
            run,
            arena,
            lanes,
            ..
        } = parts;
        // One that serves another stage does not do what a worker would leave to it.
        let is_one_queue = stage_ends.len() == 1;
        let mates =
            Mates::new(&Vec::from_iter(cpus.iter().map(|cpu| cpu.filter(|_| is_one_queue))));
        barrier::prepare();
        signals.begin_session(first.0);
        let processes = !lanes.is_empty();
        let desks = if processes { workers * DEPTH } else { workers };
        let comes_back = processes || retry_failed;
        let usual_limit = limits.as_ref().map_or(0, |limits| limits.usual);
        Engine {
            signals,
            credits: Credits::new(capacity.in_flight, first),
            jobs: Jobs::new(capacity.queued, timing, usual_limit > 0),
            results: Results::new(capacity.in_flight, workers, timing, ordered),
            records: Records::new(capacity.in_flight),
            desks: (0..desks).map(|_| Desk::new()).collect(),
            lanes,
            relays: (0..stage_ends.len())
                .map(|stage| comes_back || stage > 0)
                .map(|has| has.then(|| Returned::new(capacity.in_flight)))
                .collect(),
            stage_ends,
            run,
            arena,
            retries,
            retry_failed,
            later: (retry_backoff_ns > 0).then(|| Later::new(capacity.in_flight, retry_backoff_ns)),
            capacity,
            spin,
            lending: Lending::default(),
            turns: Turns::new(if processes { Box::default() } else { cpus }).into(),
            naps: Naps::default(),
            doze: Doze::new().into(),
            mates,
            timing,
            seed,
            inline: AtomicU64::new(0),
            marks: Marks::default(),
            tally: Tally::new(),
            trace: (trace_jobs > 0).then(|| Trace::new(trace_jobs)),
            born: now_ns(),
            stalls: Stalls::new(stall_report_ns).into(),
            notes: Notes::new(capacity.in_flight),
            usual_limit,
            limits,
            first,
            untold: AtomicU64::new(0),
        }
    }

    /// Bytes that such an engine takes, its buffers aside.
    pub(crate) fn bytes(
        workers: usize,
        capacity: Capacity,
        config: &Config,
        processes: bool,
    ) -> usize {
        let Config { timing, ordered, retry_failed, job_timeout_ns, .. } = *config;
        let if_so = |so, bytes| if so { bytes } else { 0 };
        let desks = if processes { workers * DEPTH } else { workers };
        Jobs::bytes(capacity.queued, timing, job_timeout_ns > 0)
            + Results::bytes(capacity.in_flight, workers, timing, ordered)
            + Records::bytes(capacity.in_flight)
            + Notes::bytes(capacity.in_flight)
            + if_so(processes || retry_failed, Returned::bytes(capacity.in_flight))
            + config.stages.len().saturating_sub(1) * Returned::bytes(capacity.in_flight)
            + if_so(config.has_pauses(), Later::bytes(capacity.in_flight))
            + desks * size_of::<Desk>()
            + if_so(!processes, Turns::bytes(workers))
            + Mates::bytes(workers)
            + Tally::bytes()
            + Trace::bytes(config.trace_jobs)
            + size_of::<Engine>()
    }

    /// The desks of a worker.
    pub(crate) fn desks_of(&self, worker: usize) -> &[Desk] {
        let each = if self.lanes.is_empty() { 1 } else { DEPTH };
        &self.desks[worker * each..(worker + 1) * each]
    }

    /// Whose desk that is.
    pub(crate) fn worker_at(&self, desk: usize) -> usize {
        if self.lanes.is_empty() { desk } else { desk / DEPTH }
    }

    /// Which executor a callback belongs to, see [`crate::inside`].
    pub(crate) fn identity(&self) -> *const () {
        std::ptr::from_ref(self).cast()
    }

    /// Whether this thread is inside a callback of this executor.
    #[inline]
    pub(crate) fn is_inside(&self) -> bool {
        inside::is_inside(self.identity())
    }

    /// Whether the high-water marks are to be looked at with this job of a session: each of the
    /// first 256, and every 64th.
    #[inline]
    pub(crate) fn marks_due(number: u64) -> bool {
        number < 256 || number.is_multiple_of(64)
    }

    /// Whether thread workers take the step of [`crate::supervised`].
    pub(crate) fn is_supervised(&self) -> bool {
        self.limits.is_some() || self.retry_failed || self.stage_ends.len() > 1
    }

    /// Whether hosts may sleep until workers find no job: where all of these serve one queue.
    pub(crate) fn may_nap(&self) -> bool {
        self.spin.is_crowd() && self.stage_ends.len() == 1
    }

    /// Which stage a worker serves.
    pub(crate) fn stage_of(&self, worker: usize) -> usize {
        let earlier = self.stage_ends.iter().take_while(|end| **end <= worker).count();
        earlier.min(self.stage_ends.len() - 1)
    }

    /// Whether there is another stage behind that one.
    pub(crate) fn has_stage_after(&self, stage: usize) -> bool {
        stage + 1 < self.stage_ends.len()
    }

    /// Whether jobs run inside their put.
    #[inline]
    pub(crate) fn is_inline(&self) -> bool {
        self.desks.is_empty()
    }

    /// Whether the queue may fill before the credits are used up.
    #[inline]
    pub(crate) fn queue_binds(&self) -> bool {
        self.capacity.queued < self.capacity.in_flight
    }

    /// Gives so many jobs their outcome and tells who waits for that.
    #[inline]
    pub(crate) fn resolve(&self, outcome: Outcome, jobs: u64) {
        self.credits.resolve(outcome, jobs);
        #[cfg(not(control = "resolve_fence"))]
        fence_after_rmw();
        self.signals.room.notify(jobs);
        let phase = self.signals.phase();
        if phase.finishes() || phase.closed() {
            self.tell_of_the_end();
        }
    }

    #[cold]
    fn tell_of_the_end(&self) {
        if self.signals.phase().closed() {
            self.signals.staff.notify_all();
        }
        if self.ended() {
            self.signals.tell_pollers();
        }
    }
}

#[cfg(all(test, loom))]
pub(crate) mod model;
#[cfg(all(test, loom))]
mod models;

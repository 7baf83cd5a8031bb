//! Start and close. What lies between is in [`crate::engine`].

use crate::affinity::{Placement, Wish, place};
use crate::arena::{Arena, Layout, Source};
use crate::budget::Budget;
use crate::clock::{Deadline, Timeout};
use crate::config::{Config, MAX_WORKERS, Workers};
use crate::crew::{Crew, lock};
use crate::desk::Desk;
use crate::engine::{Engine, Parts};
use crate::lane::Lane;
use crate::limits::Limits;
use crate::link::{Link, WORDS};
use crate::os::fork::{self, Birthplace};
use crate::os::machine::read_machine;
use crate::os::memory::{Map, PAGE};
use crate::registry::Lease;
use crate::run::{LogLevel, Run};
use crate::signals::Signals;
use crate::spin::Spin;
use crate::status::{Error, Status};
use std::sync::Arc;

/// What the step that runs jobs is made for.
pub(crate) struct Site<'a> {
    pub(crate) config: &'a Config,
    pub(crate) signals: &'static Signals,
    pub(crate) cpus: &'a [Option<usize>],
    pub(crate) lanes: &'a Arc<[Lane]>,
    pub(crate) arena: &'a Option<Arc<Arena>>,
    pub(crate) spin: Spin,
}

impl Site<'_> {
    /// Which stage each worker serves.
    pub(crate) fn stages(&self) -> Vec<usize> {
        let counts = self.config.stages.iter().enumerate();
        let stages: Vec<usize> =
            counts.flat_map(|(stage, count)| std::iter::repeat_n(stage, *count)).collect();
        if stages.is_empty() { vec![0; self.cpus.len()] } else { stages }
    }
}

/// How long the end of worker processes may take that are killed at the deadline of a close: a few
/// milliseconds, but longer for one with much memory, or on a machine that has too much to do.
const KILL_NS: u64 = 1_000_000_000;

/// A started executor. Dropping it closes it without waiting: threads that are still at work
/// keep what they use until they leave.
pub(crate) struct Running {
    pub(crate) crew: Arc<Crew>,
    /// Where its threads are.
    pub(crate) birthplace: Birthplace,
}

impl Running {
    /// Validates, allocates, starts and pins the workers. On an error nothing is left behind but
    /// workers that were still in their init callback at the deadline.
    ///
    /// `source` is where the memory of batches comes from, if there are any. `run` is asked for
    /// only when nothing but the threads' start can fail any more.
    pub(crate) fn start(
        config: &Config,
        source: Source,
        run: impl FnOnce(Site<'_>) -> Result<Box<dyn Run>, Error>,
        deadline: Deadline,
    ) -> Result<Running, Error> {
        config.validate()?;
        let placement = placement(config)?;
        let mut cpus = placement.cpus;
        cpus.truncate(MAX_WORKERS); // Where the machine itself has more.
        let capacity = config.capacity(cpus.len())?;
        let processes = matches!(source, Source::Shared);
        let bytes = Engine::bytes(cpus.len(), capacity, config, processes);
        if Vec::<u8>::new().try_reserve_exact(bytes).is_err() {
            let text = format!("{bytes} bytes for the queues are not to be had");
            return Err(Error::new(Status::OutOfMemory, text));
        }
        let arena = arena(config, capacity.in_flight, source, deadline)?;
        let crowd = cpus.len() >= placement.cores;
        let spin = Spin::new(config.waiting, config.spin_ns, capacity.in_flight, crowd);
        let signals = Lease::new();
        let lanes = if processes { lanes(cpus.len())? } else { Arc::new([]) };
        let site = Site {
            config,
            signals: signals.signals(),
            cpus: &cpus,
            lanes: &lanes,
            arena: &arena,
            spin,
        };
        let run = run(site)?;
        let (workers, timing, seed) = (cpus.len(), config.timing, config.seed);
        let engine = Engine::new(Parts {
            signals,
            cpus: cpus.clone().into(),
            capacity,
            spin,
            timing,
            seed,
            ordered: config.ordered,
            first: (config.first_session, config.first_number),
            retries: config.retries.into(),
            retry_failed: config.retry_failed && config.retries > 0,
            retry_backoff_ns: if config.has_pauses() { config.retry_backoff_ns } else { 0 },
            stall_report_ns: config.stall_report_ns,
            trace_jobs: config.trace_jobs,
            stage_ends: stage_ends(config, workers),
            limits: config.needs_warden().then(|| {
                let Config { job_timeout_ns, cancel_kill_ns, .. } = *config;
                let Config { abandon_after_ns, max_abandoned, .. } = *config;
                Limits::new(job_timeout_ns, cancel_kill_ns, abandon_after_ns, max_abandoned)
            }),
            run,
            arena,
            lanes,
        });
        let crew = Arc::new(Crew::new(engine, cpus, placement.source, Budget::new(config)));
        for line in placement.warnings {
            crew.warn(LogLevel::Warning, line);
        }
        let weak = Arc::downgrade(&crew);
        crew.engine.stalls.tell_by(move |ns| {
            if let Some(crew) = weak.upgrade() {
                crew.tell_of_a_stall(ns);
            }
        });
        let birthplace = fork::here();
        let running = Running { crew, birthplace };
        running.call_workers(config, deadline)?;
        Ok(running)
    }

    fn call_workers(&self, config: &Config, deadline: Deadline) -> Result<(), Error> {
        let called = self.crew.call().and_then(|()| self.crew.call_warden());
        let outcome = match called {
            Ok(()) if config.wait_until_workers_run => self.crew.await_running(deadline),
            other => Some(other),
        };
        let error = match outcome {
            Some(Ok(())) => return Ok(()),
            Some(Err(text)) => Error::new(Status::WorkerStart, text),
            None => {
                let (up, all) = (self.crew.running(), self.crew.cpus.len());
                let text = format!("{up} of {all} workers were running at the deadline");
                Error::new(Status::Timeout, text)
            }
        };
        self.crew.engine.shut();
        self.crew.engine.run.kill_all();
        if self.crew.dismiss(deadline) {
            self.crew.retire(deadline);
        }
        Err(error)
    }

    /// Stops the intake, cancels, discards, and waits for the workers to go home. `Ok` means
    /// that no callback will run again; may be called any number of times, from any thread.
    pub(crate) fn close(&self, mut deadline: Deadline) -> Result<(), Error> {
        let engine = &self.crew.engine;
        if engine.is_inside() {
            return Err(Status::InsideCallback.into());
        }
        engine.shut();
        let mut dismissed = self.crew.dismiss(deadline);
        if !dismissed && !engine.lanes.is_empty() {
            engine.run.kill_all();
            deadline = deadline.max(Timeout(KILL_NS).deadline());
            dismissed = self.crew.dismiss(deadline);
        }
        if dismissed && self.crew.retire(deadline) {
            return Ok(());
        }
        Err(Error::new(Status::Timeout, self.stuck()))
    }

    /// Who is still at work after a close.
    fn stuck(&self) -> String {
        let engine = &self.crew.engine;
        let mut names: Vec<String> = Vec::new();
        for worker in 0..self.crew.cpus.len() {
            for at in engine.desks_of(worker).iter().filter_map(Desk::at_work) {
                names.push(format!(
                    "worker {worker} in job {} of session {}",
                    at.id.number(),
                    at.id.session()
                ));
            }
        }
        for aside in lock(&self.crew.posts).aside() {
            names.push(format!(
                "a thread of worker {} that was set aside in job {} of session {}",
                aside.worker,
                aside.id.number(),
                aside.id.session()
            ));
        }
        match (names.is_empty(), self.crew.live(), engine.credits.in_flight()) {
            (false, ..) => format!("still at work at the deadline: {}", names.join(", ")),
            (true, 0, 0) => {
                "the log callback, or the user pointer's destructor".to_owned()
                    + " was still at work"
            }
            (true, 0, jobs) => format!("{jobs} jobs were still in the hands of callers"),
            (true, live, _) => format!("{live} workers were still in their init or exit callback"),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.birthplace.is_here() {
            // The child of a fork: the threads and processes are its parent's.
            std::mem::forget(self.crew.clone());
            return;
        }
        self.crew.engine.shut();
        self.crew.engine.run.kill_all();
        self.crew.let_go();
    }
}

fn arena(
    config: &Config,
    buffers: usize,
    source: Source,
    deadline: Deadline,
) -> Result<Option<Arc<Arena>>, Error> {
    if !config.has_batches() {
        return Ok(None);
    }
    let layout = Layout::new(buffers, config.input_bytes, config.output_bytes);
    let layout = layout.ok_or_else(|| {
        let text = format!(
            "{buffers} buffers of {} and {} bytes are more than there are addresses",
            config.input_bytes, config.output_bytes
        );
        Error::new(Status::OutOfMemory, text)
    })?;
    let arena = Arena::new(layout, config.pages, config.prefault, source, deadline)?;
    Ok(Some(Arc::new(arena)))
}

fn lanes(workers: usize) -> Result<Arc<[Lane]>, Error> {
    let lane = |_| {
        let map = Map::anonymous((WORDS * size_of::<u64>()).next_multiple_of(PAGE), false);
        map.map(|map| Lane::new(Link::new(map)))
    };
    let lanes: std::io::Result<Vec<Lane>> = (0..workers).map(lane).collect();
    lanes.map(Arc::from).map_err(|error| Error::new(Status::OutOfMemory, error.to_string()))
}

/// For each stage the first worker that is not its own any more.
fn stage_ends(config: &Config, workers: usize) -> Box<[usize]> {
    if config.stages.is_empty() {
        return Box::new([workers]);
    }
    let mut end = 0;
    let mut next = |count: &usize| {
        end += count;
        end
    };
    config.stages.iter().map(&mut next).collect()
}

fn placement(config: &Config) -> Result<Placement, Error> {
    let workers = match config.all_workers() {
        Workers::Auto => None,
        Workers::Count(0) => {
            let source = "no workers: jobs run inside put".to_owned();
            return Ok(Placement { cpus: Vec::new(), cores: 1, source, warnings: Vec::new() });
        }
        Workers::Count(count) => Some(count),
    };
    let wish = Wish {
        workers,
        pinning: &config.pinning,
        reserve: config.reserve_cores,
        local_rank: config.local_rank,
        local_size: config.local_size,
    };
    place(&wish, &read_machine()).map_err(|text| Error::new(Status::InvalidArgument, text))
}

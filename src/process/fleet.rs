//! The worker processes of an executor, from its side.

use super::backlog::Backlog;
use super::command::{Output, Prepared, WorkerCommand};
use super::printed::{Printed, READS};
use super::watch::Watcher;
use crate::arena::Arena;
use crate::clock::{Deadline, Timeout};
use crate::lane::Lane;
use crate::lifecycle::Site;
use crate::link::{Terms, VERSION, WORDS};
use crate::os::memory::{PAGE, keep_writable, memory_file, reserve};
use crate::os::process::{End, Process};
use crate::os::watch::pipe;
use crate::run::Run;
use crate::signals::Signals;
use crate::spin::Spin;
use crate::status::{Error, Status};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// See the module. What the user wants to be told of goes to `hooks`.
pub(crate) struct Fleet {
    pub(super) deaths: Watcher,
    /// Where their output goes to the log.
    pub(super) prints: Option<Watcher>,
    /// What the dead printed last, if that goes to the log.
    pub(super) backlog: Option<Backlog>,
    /// What is printed is not logged any more.
    pub(super) hushed: AtomicBool,
    pub(super) hooks: Box<dyn Run>,
    pub(super) command: Prepared,
    start_timeout: Timeout,
    arena: Arc<Arena>,
    phase: File,
    signals: &'static Signals,
    pub(super) lanes: Arc<[Lane]>,
    cpus: Vec<Option<usize>>,
    /// Which stage each worker serves.
    stages: Vec<usize>,
    terms: Terms,
    pub(super) seats: Box<[Mutex<Seat>]>,
    /// No process may live any more.
    pub(super) doomed: AtomicBool,
    /// Which executor this is, see [`inside`]: its first worker says so.
    pub(super) employer: AtomicPtr<()>,
}

/// What belongs to one worker's process.
#[derive(Default)]
pub(super) struct Seat {
    pub(super) process: Option<Process>,
    /// Why it was killed, where the library did that.
    cause: Option<&'static str>,
    pub(super) printed: Option<Printed>,
}

impl Fleet {
    /// No process yet. `hooks` are asked for when the configuration was found to make sense: an
    /// error of the start that comes later is theirs to be told.
    pub(super) fn new(
        site: &Site<'_>,
        command: &WorkerCommand,
        hooks: impl FnOnce() -> Box<dyn Run>,
    ) -> Result<Fleet, Error> {
        let failed = |error: io::Error| Error::new(Status::WorkerStart, error.to_string());
        let Some(arena) = site.arena.clone() else {
            let text = "worker processes need input_bytes or output_bytes: they see nothing else";
            return Err(Error::new(Status::InvalidArgument, text));
        };
        if site.lanes.is_empty() {
            let text = "worker processes are at least one: without workers, put runs the transform";
            return Err(Error::new(Status::InvalidArgument, text));
        }
        let layout = arena.layout();
        let terms = Terms {
            worker: 0,
            seed: site.config.seed,
            spin: site.spin.word(),
            buffers: layout.count as u64,
            input_bytes: layout.input_bytes as u64,
            output_bytes: layout.output_bytes as u64,
            prefault: site.config.prefault.into(),
            stage: 0,
        };
        command.validate()?;
        let hooks = hooks();
        let (output, start_timeout) = (command.output, Timeout::from(command.start_timeout));
        let command = Prepared::new(command)?;
        let deaths = Watcher::new().map_err(failed)?;
        let prints = match output {
            Output::Inherit => None,
            Output::Log => Some(Watcher::new().map_err(failed)?),
        };
        let backlog = prints.as_ref().map(|_| Backlog::new()).transpose().map_err(failed)?;
        if let (Some(prints), Some(backlog)) = (&prints, &backlog) {
            prints.add(backlog.fd(), site.lanes.len(), false).map_err(failed)?;
        }
        let phase = site.signals.open_mirror().map_err(failed)?;
        Ok(Fleet {
            deaths,
            prints,
            backlog,
            hushed: AtomicBool::new(false),
            hooks,
            command,
            start_timeout,
            arena,
            phase,
            signals: site.signals,
            lanes: site.lanes.clone(),
            cpus: site.cpus.to_vec(),
            stages: site.stages(),
            terms,
            seats: site.lanes.iter().map(|_| Mutex::default()).collect(),
            doomed: AtomicBool::new(false),
            employer: AtomicPtr::new(std::ptr::null_mut()),
        })
    }

    pub(super) fn seat(&self, worker: usize) -> MutexGuard<'_, Seat> {
        self.seats[worker].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a process on a fresh link, so that nothing that outlives another can write to it.
    pub(super) fn launch(&self, worker: usize) -> io::Result<()> {
        let lane = &self.lanes[worker];
        let bytes = (WORDS * size_of::<u64>()).next_multiple_of(PAGE);
        let link = memory_file(c"jobexec-link", bytes, false)?;
        reserve(&link, bytes)?;
        keep_writable(&link)?;
        lane.link.map().replace(&link)?;
        let (worker_word, stage) = (worker as u64, self.stages[worker] as u64);
        lane.link.prepare(Terms { worker: worker_word, stage, ..self.terms });
        lane.begin();
        let arena = self.arena.file().ok_or(io::ErrorKind::InvalidInput)?;
        let files = [link.as_raw_fd(), arena.as_raw_fd(), self.phase.as_raw_fd()];
        let (read, write) = match self.prints {
            None => (None, None),
            Some(_) => pipe().map(|(read, write)| (Some(read), Some(write)))?,
        };
        let output = write.as_ref().map(AsRawFd::as_raw_fd);
        let process = self.command.spawn(&files, output, self.cpus[worker])?;
        self.seat_process(worker, process, read)?;
        // Whoever dooms all either finds the process on its seat, or is seen here.
        if self.doomed.load(Ordering::SeqCst) {
            self.kill(worker, None);
        }
        Ok(())
    }

    fn seat_process(
        &self,
        worker: usize,
        process: Process,
        pipe: Option<OwnedFd>,
    ) -> io::Result<()> {
        let mut seat = self.seat(worker);
        let handle = process.handle();
        let printed = pipe.map(Printed::new);
        let pipe = printed.as_ref().map(Printed::fd);
        let heard = pipe.map_or(Ok(()), |pipe| self.ear().add(pipe, worker, false));
        let watched = heard.and_then(|()| self.deaths.add(handle, worker, true));
        if watched.is_err() {
            // Nobody would tell of its end.
            process.kill();
            process.end();
            return watched;
        }
        *seat = Seat { process: Some(process), printed, cause: None };
        Ok(())
    }

    pub(super) fn kill(&self, worker: usize, cause: Option<&'static str>) {
        self.kill_if(worker, cause, &|| true);
    }

    pub(super) fn kill_if(
        &self,
        worker: usize,
        cause: Option<&'static str>,
        still: &dyn Fn() -> bool,
    ) {
        let mut seat = self.seat(worker);
        if let Some(process) = &seat.process
            && still()
        {
            process.kill();
            seat.cause = seat.cause.or(cause);
        }
    }

    pub(super) fn await_death(&self, worker: usize) {
        let lane = &self.lanes[worker];
        let dead = || lane.is_dead().then_some(());
        let (bell, has) = (lane.link.host_bell(), |_| lane.is_dead());
        bell.wait(&lane.pace, Spin::NONE, Deadline::NEVER, dead, has);
    }

    /// How the process ended, which has. Its seat is empty then.
    pub(super) fn bury(&self, worker: usize) -> (i32, String) {
        let mut seat = self.seat(worker);
        let Some(process) = seat.process.take() else {
            return (0, "its process is gone".to_owned());
        };
        let number = process.number;
        let (code, end) = match process.end() {
            End::Exited(code) => (code, format!("ended with exit code {code}")),
            End::Signalled(signal) => (-signal, format!("was killed by signal {signal}")),
            End::Unknown => (0, "ended, and somebody else was told how".to_owned()),
        };
        let cause = seat.cause.take().map_or(String::new(), |cause| format!(": it {cause}"));
        if let Some(mut printed) = seat.printed.take() {
            self.ear().remove(printed.fd());
            // What it has started may go on printing.
            let mut last: String = (0..READS).map_while(|_| printed.read().ok()).collect();
            last += &printed.rest();
            if let Some(backlog) = &self.backlog {
                backlog.push(worker, last);
            }
        }
        (code, format!("its process {number} {end}{cause}"))
    }

    /// A process that was started, until it asks for work.
    pub(super) fn await_hello(&self, worker: usize) -> Result<(), String> {
        enum News {
            Hello(u64),
            Dead,
            Closed,
        }
        let lane = &self.lanes[worker];
        let attempt = || match lane.link.hello() {
            Some(version) => Some(News::Hello(version)),
            None if lane.is_dead() => Some(News::Dead),
            None => self.signals.phase().closed().then_some(News::Closed),
        };
        let deadline = self.start_timeout.deadline();
        let bell = lane.link.host_bell();
        let news = bell.wait(&lane.pace, Spin::NONE, deadline, attempt, |_| false);
        let trouble = match news {
            Some(News::Hello(VERSION)) => return Ok(()),
            Some(News::Hello(version)) => Some(format!(
                "its program was built with another libjobexec: its link is version {version}, \
                 and {VERSION} here"
            )),
            Some(News::Dead) => None,
            Some(News::Closed) => Some("the executor was closed".to_owned()),
            None => Some("it did not ask for work in time".to_owned()),
        };
        self.kill(worker, None);
        self.await_death(worker);
        let (_, end) = self.bury(worker);
        Err(trouble.unwrap_or_else(|| format!("{end} before it asked for work")))
    }

    /// The kernel says that a process has ended.
    pub(super) fn note_death(&self, worker: usize) {
        self.lanes[worker].die();
        self.signals.work_of(self.stages[worker]).notify_all();
    }
}

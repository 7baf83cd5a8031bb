//! The step that runs jobs, where workers are processes: in name only, for jobs go over links. It
//! begins and ends the processes.

use super::command::WorkerCommand;
use super::fleet::Fleet;
use super::watch::Watcher;
use crate::clock::Deadline;
use crate::credits::Outcome;
use crate::inside;
use crate::lifecycle::Site;
use crate::record::Text;
use crate::run::{JobContext, LogLevel, Run};
use crate::status::{Error, Status};
use std::ffi::c_void;
use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The fleet as its executor has it. When that lets go, the threads that watch end, and with the
/// last of them the fleet.
pub(crate) struct Processes(Arc<Fleet>);

impl Processes {
    /// The step that runs jobs; no process yet. See [`Fleet::new`] for `hooks`.
    pub(crate) fn muster(
        site: &Site<'_>,
        command: &WorkerCommand,
        hooks: impl FnOnce() -> Box<dyn Run>,
    ) -> Result<Box<dyn Run>, Error> {
        let failed = |error: io::Error| Error::new(Status::WorkerStart, error.to_string());
        let processes = Processes(Arc::new(Fleet::new(site, command, hooks)?));
        let fleet = &processes.0;
        Watcher::begin(fleet, |fleet| &fleet.deaths, c"jobexec-watch", Fleet::note_death, |_| ())
            .map_err(failed)?;
        if fleet.prints.is_some() {
            let (hear, leave) = (Fleet::hear, Fleet::log_backlog);
            Watcher::begin(fleet, Fleet::ear, c"jobexec-log", hear, leave).map_err(failed)?;
        }
        Ok(Box::new(processes))
    }
}

impl Deref for Processes {
    type Target = Fleet;

    fn deref(&self) -> &Fleet {
        &self.0
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        self.deaths.let_go();
        self.prints.iter().for_each(Watcher::let_go);
    }
}

impl Run for Processes {
    fn enter(&self, worker: usize) -> Result<(), String> {
        self.employer.store(inside::employer().cast_mut(), Ordering::Release);
        let program = || self.command.name();
        let launched = self.launch(worker);
        launched.map_err(|error| format!("{} could not be started: {error}", program()))?;
        self.await_hello(worker).map_err(|trouble| format!("{}: {trouble}", program()))
    }

    fn run(&self, _: &mut JobContext<'_>) -> Outcome {
        Outcome::Failed // Never called: there is always a worker, and it is a process.
    }

    fn exit(&self, worker: usize) {
        if self.seat(worker).process.is_none() {
            return;
        }
        // It finds the executor closed.
        self.lanes[worker].link.worker_bell().ring_loud();
        self.await_death(worker);
        self.bury(worker);
    }

    fn cause_of_death(&self, worker: usize, text: &mut Text) {
        let (code, end) = self.bury(worker);
        text.code = code;
        text.set(&end);
    }

    fn expel(&self, worker: usize, why: &'static str, still: &dyn Fn() -> bool) {
        self.kill_if(worker, Some(why), still);
    }

    fn describe(&self, worker: usize) -> String {
        match &self.seat(worker).process {
            Some(process) => format!("process {}, ", process.number),
            None => "no process, ".to_owned(),
        }
    }

    fn kill_all(&self) {
        self.doomed.store(true, Ordering::SeqCst);
        (0..self.seats.len()).for_each(|worker| self.kill(worker, None));
    }

    fn discard(&self, payload: *mut c_void) {
        self.hooks.discard(payload);
    }

    fn settle(&self, deadline: Deadline) -> bool {
        self.deaths.end(deadline) && self.prints.iter().all(|prints| self.end_log(prints, deadline))
    }

    fn retire(&self) {
        self.hooks.retire();
    }

    fn log(&self, level: LogLevel, line: &str) {
        self.hooks.log(level, line);
    }
}

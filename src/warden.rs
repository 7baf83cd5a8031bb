//! What the warden does, see [`crate::limits`]: a job that ran past its limit is told. Where it is
//! at a process, that is killed; and so is one that goes on with a job that was cancelled.

use crate::clock::now_ns;
use crate::credits::Outcome;
use crate::crew::{Crew, lock};
use crate::engine::Engine;
use crate::inside;
use crate::later::Later;
use crate::limits::{Limits, NEVER, Woken, due};
use crate::os::thread::Thread;
use crate::run::LogLevel;
use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What the warden remembers of a desk.
#[derive(Clone, Copy)]
struct Watched {
    /// Which of the desk's jobs it is about; 0 is none.
    number: u64,
    /// When to act; `NEVER` when that is done.
    due: u64,
    /// It was cancelled, and that was seen.
    cancelled: bool,
    /// It was told that its time is over.
    late: bool,
}

const NOTHING: Watched = Watched { number: 0, due: NEVER, cancelled: false, late: false };

impl Crew {
    /// Starts the warden's thread, where there are limits and workers.
    pub(crate) fn call_warden(self: &Arc<Crew>) -> Result<(), String> {
        if self.engine.limits.is_none() || self.engine.is_inline() {
            return Ok(());
        }
        let crew = Arc::into_raw(self.clone());
        match Thread::spawn(c"jobexec-warden", serve, crew.cast_mut().cast()) {
            Ok(thread) => {
                lock(&self.threads)[self.cpus.len()] = Some(thread);
                self.unjoined.fetch_add(1, Ordering::AcqRel);
                Ok(())
            }
            Err(error) => {
                // SAFETY: no thread was started, so it is still ours.
                drop(unsafe { Arc::from_raw(crew) });
                Err(format!("the thread that watches deadlines could not be started: {error}"))
            }
        }
    }

    /// Watches until the executor closes.
    fn watch_limits(self: &Arc<Crew>, limits: &Limits) {
        let engine = &self.engine;
        let mut watched = vec![NOTHING; engine.desks.len()];
        let closed = || engine.signals.phase().closed();
        while !closed() {
            let now = now_ns();
            engine.hand_out(now);
            for (desk, watched) in watched.iter_mut().enumerate() {
                watched.look(engine, desk, limits, now);
                if watched.due > now {
                    continue;
                }
                watched.due = NEVER;
                if watched.late {
                    self.set_aside(desk, watched.number, limits.most_abandoned);
                } else if self.act(desk, watched.number) {
                    watched.late = true;
                    watched.due = now.saturating_add(limits.abandon_after);
                }
            }
            let next = || {
                let now = now_ns();
                let due = |(desk, watched): (usize, &mut Watched)| {
                    watched.look(engine, desk, limits, now);
                    watched.due
                };
                let later = engine.later.as_ref().and_then(Later::next).unwrap_or(NEVER);
                watched.iter_mut().enumerate().map(due).fold(later, u64::min)
            };
            if let Woken::GoHome = limits.sleep(&engine.signals.alarm, closed, next) {
                return;
            }
        }
    }

    /// A job's time is over, or its worker's who goes on with one that was cancelled. Whether it is
    /// at a thread, which can only be told.
    fn act(&self, desk: usize, number: u64) -> bool {
        let engine = &self.engine;
        let Some(at) = engine.desks[desk].at_work().filter(|at| at.number == number) else {
            return false;
        };
        engine.notes.announce(at.id.session(), || engine.signals.note_cancels());
        if !engine.tell(desk, number, Outcome::TimedOut) {
            return false; // It has left.
        }
        let worker = engine.worker_at(desk);
        let Some(lane) = engine.lanes.get(worker) else {
            let (number, session) = (at.id.number(), at.id.session());
            let line = format!("worker {worker}: job {number} of session {session} is too late");
            self.warn(LogLevel::Warning, line);
            return true;
        };
        let why = match engine.desks[desk].told(number) {
            Some(Outcome::Cancelled) => "went on with a job that was cancelled",
            _ => "ran past its job's deadline",
        };
        engine.run.expel(worker, why, &|| {
            let is_here = engine.desks[desk].has(number);
            if is_here {
                lane.evict();
            }
            is_here
        });
        false
    }
}

impl Watched {
    fn look(&mut self, engine: &Engine, desk: usize, limits: &Limits, now: u64) {
        // What has not begun says so itself when it does.
        let at = engine.desks[desk].at_work().filter(|at| at.since > 0);
        let Some(at) = at else { return *self = NOTHING };
        if self.number != at.number {
            let due = due(at.since, at.limit);
            *self = Watched { number: at.number, due, ..NOTHING };
        }
        if !self.cancelled
            && !engine.lanes.is_empty()
            && engine.desks[desk].told(at.number) == Some(Outcome::Cancelled)
        {
            self.cancelled = true;
            self.due = self.due.min(now.saturating_add(limits.kill_after));
        }
    }
}

extern "C-unwind" fn serve(crew: *mut c_void) -> *mut c_void {
    // SAFETY: `call_warden` made it for this thread.
    let crew = unsafe { Arc::from_raw(crew.cast::<Crew>()) };
    inside::stay(crew.engine.identity());
    if let Some(limits) = &crew.engine.limits {
        crew.watch_limits(limits);
    }
    std::ptr::null_mut()
}

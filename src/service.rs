//! The life of a worker's thread, and of the processes it serves: how it comes, what it does, and
//! who takes the place of one that dies.

use crate::clock::Timeout;
use crate::crew::{Crew, lock};
use crate::inside;
use crate::os::machine::pin_current_thread;
use crate::os::thread::{Thread, at_exit};
use crate::pump::Leave;
use crate::run::LogLevel;
use crate::spin::Spin;
use crate::supervised::Ended;
use std::cell::Cell;
use std::ffi::{CString, c_void};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What a thread carries, from its start to its exit hook.
struct Badge {
    crew: Arc<Crew>,
    worker: usize,
    /// Its name, see [`crate::posts`].
    name: u64,
    /// Whether another had its place before.
    replaces: bool,
    entered: Cell<bool>,
    /// Set when nothing but the end of the thread is to come.
    dismissed: Cell<bool>,
}

impl Crew {
    /// Starts every worker's thread.
    pub(crate) fn call(self: &Arc<Crew>) -> Result<(), String> {
        (0..self.cpus.len()).try_for_each(|worker| self.hire(worker, false))
    }

    /// Starts a thread for a worker.
    fn hire(self: &Arc<Crew>, worker: usize, replaces: bool) -> Result<(), String> {
        let name = lock(&self.posts).hire(worker);
        self.start_thread(worker, name, replaces)
    }

    /// The same, for a post that it has already.
    pub(crate) fn start_thread(
        self: &Arc<Crew>,
        worker: usize,
        name: u64,
        replaces: bool,
    ) -> Result<(), String> {
        let title = CString::new(format!("jobexec-{worker}")).unwrap_or_default();
        let (entered, dismissed) = (Cell::new(false), Cell::new(false));
        let crew = self.clone();
        let badge = Box::new(Badge { crew, worker, name, replaces, entered, dismissed });
        let badge = Box::into_raw(badge);
        self.live.fetch_add(1, Ordering::AcqRel);
        let mut threads = lock(&self.threads);
        match Thread::spawn(&title, serve, badge.cast()) {
            Ok(thread) => {
                match threads[worker].replace(thread) {
                    Some(old) => old.detach(),
                    None => _ = self.unjoined.fetch_add(1, Ordering::AcqRel),
                }
                Ok(())
            }
            Err(error) => {
                drop(threads);
                lock(&self.posts).quit(worker, name);
                self.live.fetch_sub(1, Ordering::AcqRel);
                // SAFETY: no thread was started, so the badge is still ours.
                drop(unsafe { Box::from_raw(badge) });
                Err(format!("the thread of worker {worker} could not be started: {error}"))
            }
        }
    }

    /// A thread that did not come home by itself: its job gets its outcome, and another, for which
    /// its post is kept by that name, takes its place.
    fn bury(self: &Arc<Crew>, badge: &Badge, name: u64) {
        let worker = badge.worker;
        if self.engine.lanes.is_empty() {
            self.engine.bury(worker);
        }
        lock(&self.posts).release(worker);
        let line = if self.engine.signals.phase().closed() {
            None
        } else if !badge.entered.get() && !badge.replaces {
            self.blame(format!("worker {worker}'s thread ended in its init callback"));
            None
        } else if !self.budget.take() {
            Some(format!("worker {worker}'s thread died, and no restart is left"))
        } else {
            let line = match self.start_thread(worker, name, true) {
                Ok(()) => format!("worker {worker}'s thread died and was replaced"),
                Err(error) => format!("worker {worker}'s thread died; {error}"),
            };
            return self.warn(LogLevel::Error, line);
        };
        lock(&self.posts).quit(worker, name);
        if let Some(line) = line {
            self.warn(LogLevel::Error, line);
        }
    }

    /// A thread that was set aside has left its transform, with the payload that this left behind,
    /// or in the middle of it. If nobody has its post, another thread gets it.
    fn come_back(self: &Arc<Crew>, name: u64, payload: Option<*mut c_void>) {
        let mut posts = lock(&self.posts);
        let Some(aside) = posts.come_back(name) else { return };
        let is_open = self.engine.signals.phase().refusal().is_ok();
        let name = if is_open { posts.hire_if_vacant(aside.worker) } else { None };
        drop(posts);
        self.engine.give_up(payload.unwrap_or(aside.payload));
        let worker = aside.worker;
        let back = format!("a thread of worker {worker} came back that had been set aside");
        match name.map(|name| self.start_thread(worker, name, true)) {
            None => self.tell(LogLevel::Info, &back),
            Some(Ok(())) => self.warn(LogLevel::Warning, back + "; another serves again"),
            Some(Err(error)) => self.warn(LogLevel::Error, format!("{back}; {error}")),
        }
    }

    fn is_empty(&self, stage: usize) -> bool {
        let ends = &self.engine.stage_ends;
        let begin = if stage == 0 { 0 } else { ends[stage - 1] };
        let posts = lock(&self.posts);
        !(begin..ends[stage]).any(|worker| posts.is_held(worker))
    }

    /// If no worker of a stage is left, puts and polls are told so.
    pub(crate) fn strand_if_empty(&self) {
        if !self.closed()
            && self.engine.stage_ends.iter().enumerate().any(|(stage, _)| self.is_empty(stage))
        {
            self.engine.signals.strand();
            self.engine.sweep();
        }
    }

    /// Serves a worker's processes, one after the other, until the executor closes or no restart
    /// is left.
    fn serve_processes(&self, worker: usize) {
        let mut failures = 0;
        while let Leave::Died { worked, cause } = self.engine.pump(worker) {
            failures = if worked { 1 } else { failures + 1 };
            let death = format!("worker {worker}: {}", cause.as_str());
            if self.closed() || !self.replace_process(worker, death, &mut failures) {
                return;
            }
        }
    }

    /// False if there is none to be had any more.
    fn replace_process(&self, worker: usize, mut death: String, failures: &mut u32) -> bool {
        while self.budget.take() {
            let pause = Timeout(self.budget.pause_ns(*failures)).deadline();
            let closed = || self.closed().then_some(());
            if self.engine.signals.staff.wait(Spin::NONE, pause, closed, |_| false).is_some() {
                return false;
            }
            match self.engine.run.enter(worker) {
                Ok(()) => {
                    self.warn(LogLevel::Warning, death + "; it was replaced");
                    return true;
                }
                Err(_) if self.closed() => return false,
                Err(refusal) => {
                    self.warn(LogLevel::Warning, death);
                    death = format!("worker {worker}: {refusal}");
                    *failures += 1;
                }
            }
        }
        self.warn(LogLevel::Error, death + "; no restart is left");
        false
    }

    fn closed(&self) -> bool {
        self.engine.signals.phase().closed()
    }

    fn blame(&self, trouble: String) {
        self.warn(LogLevel::Error, trouble.clone());
        lock(&self.trouble).get_or_insert(trouble);
    }
}

/// The life of a worker's thread. The frames from here to the callbacks need no clean-up, see
/// [`crate::worker`].
extern "C-unwind" fn serve(badge: *mut c_void) -> *mut c_void {
    if at_exit(leave, badge) {
        // SAFETY: the badge lives until the exit hook takes it.
        work(unsafe { &*badge.cast::<Badge>() });
    } else {
        // SAFETY: the badge is as `hire` made it, and no hook will take it.
        unsafe { leave(badge) };
    }
    std::ptr::null_mut()
}

fn work(badge: &Badge) {
    let (crew, engine, worker) = (&badge.crew, &badge.crew.engine, badge.worker);
    inside::stay(engine.identity());
    // The thread of a worker process sits beside that where it yields and workers take all cores: on the core
    // of another worker, which is at a long job, it would not run for as long, and its own would have
    // nothing to do.
    let is_placed = engine.lanes.is_empty() || engine.spin.is_crowd();
    if let Some(cpu) = crew.cpus[worker]
        && is_placed
        && !pin_current_thread(cpu)
    {
        let line = format!("worker {worker} could not be pinned to CPU {cpu}");
        crew.warn(LogLevel::Warning, line);
    }
    if let Err(refusal) = engine.run.enter(worker) {
        let refusal = format!("worker {worker}: {refusal}");
        if badge.replaces {
            // The start is over: it counts as one that died, and the next may be luckier.
            return crew.warn(LogLevel::Error, refusal);
        }
        crew.blame(refusal);
        return badge.dismissed.set(true);
    }
    badge.entered.set(true);
    crew.running.fetch_add(1, Ordering::AcqRel);
    engine.signals.staff.notify_all();
    if !engine.lanes.is_empty() {
        crew.serve_processes(worker);
    } else if !engine.is_supervised() {
        engine.serve(worker);
    } else if let Ended::Aside(payload) = engine.serve_supervised(worker) {
        // The worker is another's now, and so is what its exit callback would end.
        badge.dismissed.set(true);
        return crew.come_back(badge.name, Some(payload));
    }
    badge.dismissed.set(true);
    engine.run.exit(worker);
}

/// The last that a worker's thread does, in whatever way it ends.
unsafe extern "C" fn leave(badge: *mut c_void) {
    // SAFETY: `hire` made the badge, and this is called once, at the end of its thread.
    let badge = unsafe { Box::from_raw(badge.cast::<Badge>()) };
    let crew = &badge.crew;
    let mut posts = lock(&crew.posts);
    let held = posts.quit(badge.worker, badge.name);
    let next = (held && !badge.dismissed.get()).then(|| posts.keep(badge.worker));
    drop(posts);
    if held && badge.entered.get() {
        crew.running.fetch_sub(1, Ordering::AcqRel);
    }
    if !held {
        crew.come_back(badge.name, None);
    } else if let Some(name) = next {
        crew.bury(&badge, name);
    }
    crew.live.fetch_sub(1, Ordering::AcqRel);
    crew.strand_if_empty();
    crew.engine.signals.staff.notify_all();
}

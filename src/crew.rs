//! The worker threads: how they come, how one that dies is replaced, how they are sent home.

use crate::budget::Budget;
use crate::clock::Deadline;
use crate::engine::Engine;
use crate::inside;
use crate::os::thread::Thread;
use crate::posts::Posts;
use crate::run::LogLevel;
use crate::spin::Spin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// An executor's threads, and all they share.
pub(crate) struct Crew {
    pub(crate) engine: Engine,
    /// Where each worker is to run.
    pub(crate) cpus: Vec<Option<usize>>,
    pub(crate) budget: Budget,
    /// How it came to that number of workers and those CPUs.
    pub(crate) pinned_by: String,
    /// Each worker's, and the warden's.
    pub(crate) threads: Mutex<Vec<Option<Thread>>>,
    pub(crate) posts: Mutex<Posts>,
    /// Threads that have not left.
    pub(crate) live: AtomicU64,
    /// Threads that came as far as their first job.
    pub(crate) running: AtomicU64,
    /// Threads that were started and not yet joined or replaced.
    pub(crate) unjoined: AtomicU64,
    /// 0, then 1 while somebody is at the last callback, then 2.
    retired: AtomicU64,
    /// Why the start failed.
    pub(crate) trouble: Mutex<Option<String>>,
    warnings: Mutex<Vec<String>>,
}

impl Crew {
    /// Nobody yet.
    pub(crate) fn new(
        engine: Engine,
        cpus: Vec<Option<usize>>,
        pinned_by: String,
        budget: Budget,
    ) -> Crew {
        Crew {
            engine,
            posts: Mutex::new(Posts::new(cpus.len())),
            threads: Mutex::new((0..=cpus.len()).map(|_| None).collect()),
            cpus,
            budget,
            pinned_by,
            live: AtomicU64::new(0),
            running: AtomicU64::new(0),
            unjoined: AtomicU64::new(0),
            retired: AtomicU64::new(0),
            trouble: Mutex::new(None),
            warnings: Mutex::new(Vec::new()),
        }
    }

    /// Waits until every worker runs. `None` if the deadline passed.
    pub(crate) fn await_running(&self, deadline: Deadline) -> Option<Result<(), String>> {
        let attempt = || match lock(&self.trouble).clone() {
            Some(trouble) => Some(Err(trouble)),
            None => (self.running() == self.cpus.len() as u64).then_some(Ok(())),
        };
        self.engine.signals.staff.wait(Spin::NONE, deadline, attempt, |_| false)
    }

    /// After [`Engine::shut`]: waits until every job has its outcome and every thread has left
    /// and is joined. False if the deadline passed first.
    pub(crate) fn dismiss(&self, deadline: Deadline) -> bool {
        let staff = &self.engine.signals.staff;
        let idle = || (self.live() == 0 && self.engine.credits.in_flight() == 0).then_some(());
        if staff.wait(Spin::NONE, deadline, idle, |_| false).is_none() {
            return false;
        }
        loop {
            while let Some((worker, thread)) = self.next_to_join() {
                let late = thread.join(deadline.instant()).err();
                let joined = late.is_none();
                match late {
                    None => _ = self.unjoined.fetch_sub(1, Ordering::AcqRel),
                    late => lock(&self.threads)[worker] = late, // For another call.
                }
                staff.notify_all();
                if !joined {
                    return false;
                }
            }
            // Others join what is left, or give it back.
            let all_joined = || match self.unjoined.load(Ordering::Acquire) {
                0 => Some(true),
                _ => lock(&self.threads).iter().any(Option::is_some).then_some(false),
            };
            match staff.wait(Spin::NONE, deadline, all_joined, |_| false) {
                Some(false) => continue,
                answer => return answer.is_some(),
            }
        }
    }

    fn next_to_join(&self) -> Option<(usize, Thread)> {
        let mut threads = lock(&self.threads);
        threads.iter_mut().enumerate().find_map(|(worker, place)| Some((worker, place.take()?)))
    }

    /// After [`Crew::dismiss`]: the last callback of all. False if the deadline passed first,
    /// while this call or another was at it.
    pub(crate) fn retire(&self, deadline: Deadline) -> bool {
        let [open, busy, done] = [0, 1, 2];
        let staff = &self.engine.signals.staff;
        loop {
            let first =
                self.retired.compare_exchange(open, busy, Ordering::AcqRel, Ordering::Acquire);
            if first.is_ok() {
                let settled = self.engine.run.settle(deadline);
                if settled {
                    inside::enter(self.engine.identity(), || self.engine.run.retire());
                }
                self.retired.swap(if settled { done } else { open }, Ordering::AcqRel);
                staff.notify_all();
                return settled;
            }
            let attempt = || match self.retired.load(Ordering::Acquire) {
                state if state == busy => None,
                state => Some(state == done),
            };
            match staff.wait(Spin::NONE, deadline, attempt, |_| false) {
                Some(true) => return true,
                Some(false) => continue, // Another ran out of time.
                None => return false,
            }
        }
    }

    /// Leaves the threads to themselves.
    pub(crate) fn let_go(&self) {
        lock(&self.threads).iter_mut().filter_map(Option::take).for_each(Thread::detach);
    }

    /// Threads that have not left.
    pub(crate) fn live(&self) -> u64 {
        self.live.load(Ordering::Acquire)
    }

    /// Threads that were set aside and have not come back.
    pub(crate) fn aside(&self) -> u64 {
        lock(&self.posts).aside().len() as u64
    }

    /// Threads that came as far as their first job, and have not left or been set aside.
    pub(crate) fn running(&self) -> u64 {
        self.running.load(Ordering::Acquire)
    }

    /// Workers that were replaced.
    pub(crate) fn restarts(&self) -> u64 {
        self.budget.total()
    }

    /// What people should know of.
    pub(crate) fn warnings(&self) -> Vec<String> {
        lock(&self.warnings).clone()
    }

    /// Gives a line to the log callback.
    pub(crate) fn tell(&self, level: LogLevel, line: &str) {
        inside::enter(self.engine.identity(), || self.engine.run.log(level, line));
    }

    /// The same, and keeps it for the report.
    pub(crate) fn warn(&self, level: LogLevel, line: String) {
        self.tell(level, &line);
        let mut warnings = lock(&self.warnings);
        if warnings.len() < 100 {
            warnings.push(line);
        }
    }
}

/// None of these locks is held while anything panics that leaves it half-changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

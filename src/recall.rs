//! Jobs that come back from workers; and taking back what was handed over to a worker process and
//! is not begun: because its session is over, because another worker has nothing to do, or because
//! the process died.

use crate::barrier;
use crate::engine::Engine;
use crate::job::Job;
use crate::link::{DEPTH, slot};
use crate::returned::Returned;

impl Engine {
    /// Takes what lies on a desk of a worker process.
    pub(crate) fn take_off(&self, worker: usize, slot: usize) -> Option<Job> {
        let desk = &self.desks[worker * DEPTH + slot];
        desk.take(desk.look()?)
    }

    /// The next job for a worker: what came back first.
    #[inline]
    pub(crate) fn next_job(&self) -> Option<Job> {
        self.returned.as_ref().and_then(|jobs| jobs.pop_if(|_| true)).or_else(|| self.jobs.pop())
    }

    /// Whether one came back.
    pub(crate) fn has_returned(&self) -> bool {
        self.returned.as_ref().is_some_and(Returned::has_any)
    }

    /// Whether there is one, whether it shows or not.
    pub(crate) fn has_pending_work(&self) -> bool {
        self.has_pending_jobs() || self.returned.as_ref().is_some_and(|jobs| jobs.len() > 0)
    }

    /// A job that is to be run by whoever comes for it.
    pub(crate) fn give_back(&self, job: Job) {
        let returned = self.returned.as_ref().expect("a queue where jobs come back");
        if let Err(stale) = returned.push(job) {
            return self.discard_job(stale);
        }
        #[cfg(not(control = "give_back_fence"))]
        barrier::light(); // As after a put.
        self.signals.work.notify_one();
        if self.signals.phase().dooms(job.id.session()) {
            self.sweep_jobs();
        }
    }

    /// Takes a job that lies behind another at another worker.
    pub(crate) fn steal(&self, thief: usize) -> Option<Job> {
        let others = (1..self.lanes.len()).map(|step| (thief + step) % self.lanes.len());
        let mut places = others.flat_map(|worker| {
            self.lanes[worker].behind().map(move |position| (worker, slot(position)))
        });
        places.find_map(|(worker, slot)| self.withdraw(worker, slot))
    }

    /// Whether there is something to steal.
    pub(crate) fn has_spoils(&self, thief: usize) -> bool {
        let others = self.lanes.iter().enumerate().filter(|(worker, _)| *worker != thief);
        others
            .map(|(_, lane)| lane)
            .any(|lane| lane.behind().any(|position| lane.link.is_offered(slot(position))))
    }

    /// Takes a job back that is handed over and not begun.
    pub(crate) fn withdraw(&self, worker: usize, slot: usize) -> Option<Job> {
        let (lane, desk) = (&self.lanes[worker], &self.desks[worker * DEPTH + slot]);
        // Before the withdrawal, so that what is taken then is this job or none: the slot may be
        // in use again by then, for its own thread helps. A job that is withdrawn and not taken
        // here is found there.
        let seen = desk.look()?;
        if !lane.link.withdraw(slot) {
            return None;
        }
        let job = desk.take(seen);
        lane.link.host_bell().ring();
        job
    }

    /// Takes back what must not run any more, and discards it.
    pub(crate) fn sweep_lane(&self, worker: usize) {
        for slot in 0..DEPTH {
            let at = self.desks[worker * DEPTH + slot].at_work();
            let doomed = |session| self.signals.phase().dooms(session);
            if at.is_some_and(|at| doomed(at.id.session()))
                && let Some(job) = self.withdraw(worker, slot)
            {
                match doomed(job.id.session()) {
                    true => self.discard_job(job),
                    false => self.give_back(job), // Another, put there meanwhile.
                }
            }
        }
    }
}

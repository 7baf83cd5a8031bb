//! Jobs that come from workers: back, or from the stage before; and taking back what was handed
//! over to a worker process and is not begun: because its session is over, because another worker
//! has nothing to do, or because the process died.

use crate::barrier;
use crate::engine::Engine;
use crate::job::Job;
use crate::link::{DEPTH, slot};

impl Engine {
    /// Takes what lies on a desk of a worker process.
    pub(crate) fn take_off(&self, worker: usize, slot: usize) -> Option<Job> {
        let desk = &self.desks[worker * DEPTH + slot];
        desk.take(desk.look()?)
    }

    /// The next job for a worker of a stage: what came back first.
    #[inline]
    pub(crate) fn next_job(&self, stage: usize) -> Option<Job> {
        let relayed = self.relays[stage].as_ref().and_then(|jobs| jobs.pop_if(|_| true));
        if stage > 0 { relayed } else { relayed.or_else(|| self.jobs.pop()) }
    }

    /// Whether there is one behind so many others.
    pub(crate) fn has_job(&self, stage: usize, others: u64) -> bool {
        let relay = self.relays[stage].as_ref();
        let relayed = |others| relay.is_some_and(|jobs| jobs.has(others));
        if stage > 0 {
            return relayed(others);
        }
        self.jobs.has(others) || others == 0 && relayed(0)
    }

    /// Whether there is one, whether it shows or not.
    pub(crate) fn has_pending_work(&self, stage: usize) -> bool {
        stage == 0 && self.has_pending_jobs()
            || self.relays[stage].as_ref().is_some_and(|jobs| jobs.len() > 0)
    }

    /// A job that is to be run by whoever of that stage comes for it.
    pub(crate) fn give_back(&self, job: Job, stage: usize) {
        let relay = self.relays[stage].as_ref().expect("a queue where jobs come from workers");
        if let Err(stale) = relay.push(job) {
            return self.discard_job(stale);
        }
        #[cfg(not(control = "give_back_fence"))]
        barrier::light(); // As after a put.
        self.signals.work_of(stage).notify_one();
        if self.signals.phase().dooms(job.id.session()) {
            self.sweep_jobs();
        }
    }

    /// Takes a job that lies behind another at another worker.
    pub(crate) fn steal(&self, thief: usize) -> Option<Job> {
        let others = (1..self.lanes.len()).map(|step| (thief + step) % self.lanes.len());
        let others = others.filter(|other| self.stage_of(*other) == self.stage_of(thief));
        let mut places = others.flat_map(|worker| {
            self.lanes[worker].behind().map(move |position| (worker, slot(position)))
        });
        places.find_map(|(worker, slot)| self.withdraw(worker, slot))
    }

    /// Whether there is something to steal.
    pub(crate) fn has_spoils(&self, thief: usize) -> bool {
        let stage = self.stage_of(thief);
        let is_other = |worker: usize| worker != thief && self.stage_of(worker) == stage;
        let others = self.lanes.iter().enumerate().filter(|(worker, _)| is_other(*worker));
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
                    false => self.give_back(job, self.stage_of(worker)), // Another, put there meanwhile.
                }
            }
        }
    }
}

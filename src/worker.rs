//! The second step: a worker takes a job off the queue, transforms it, and publishes the result.
//!
//! The steps of a job are compiled into one loop, so that it never lies in memory, see
//! [`crate::poll`].
//!
//! No frame here may need clean-up: a transform written in C may end its thread by
//! `pthread_exit`, and then [`crate::crew`] finds the job on the worker's desk.

use crate::barrier;
use crate::clock::{Deadline, now_ns};
use crate::credits::Outcome;
use crate::desk::Desk;
use crate::engine::Engine;
use crate::event::{Search, is_sample};
use crate::job::{Completion, Job, Tag};
use crate::mates::Seat;
use crate::prefetch;
use crate::record::Text;
use crate::run::JobContext;
use crate::slip::{ROW, Slip};
use crate::spin::{Spin, Who};
use crate::sync::{fence_after_rmw, full_fence};
use std::ffi::c_void;

/// What a worker that waited has found.
pub(crate) enum Next {
    Job(Job),
    GoHome,
}

impl Next {
    /// A job that was waited for: nobody has sent for its payload, and it comes while the worker
    /// leaves those who search.
    pub(crate) fn job(job: Job) -> Next {
        prefetch::to_read(job.payload as u64);
        Next::Job(job)
    }
}

impl Engine {
    /// Works until the executor closes.
    pub(crate) fn serve(&self, worker: usize) {
        let mut text = Text::EMPTY;
        // When the job before ended, if the next was already there: one clock reading for both.
        let mut now = None;
        let mut slip = Slip::new(self.capacity.queued.min(self.capacity.in_flight));
        loop {
            while let Some(job) = self.jobs.pop() {
                now = self.work(worker, job, now, &mut text, false);
                if slip.ends_row() {
                    now = self.look_ahead(worker, &mut slip, now);
                }
            }
            now = match self.wait_for_job(worker) {
                Next::Job(job) => self.work_at_last(worker, job, &mut text, &mut slip),
                Next::GoHome => return,
            };
        }
    }

    /// Keeps some distance, see [`crate::slip`]. Answers `now`, if it is still that.
    #[inline(never)] // As for `work_at_last`.
    fn look_ahead(&self, worker: usize, slip: &mut Slip, now: Option<u64>) -> Option<u64> {
        let row = slip.end_row(now.unwrap_or_else(now_ns));
        if let Some(each) = row.each {
            self.signals.work.learn_next(each);
        }
        let Some(distance) = row.distance else {
            return self.let_others_go_first(worker, slip, now);
        };
        if self.jobs.has(distance) {
            (0..ROW).filter_map(|at| self.jobs.payload_behind(at)).for_each(prefetch::to_read);
            return now;
        }
        self.signals.work.stay_away(self.spin, |others| self.jobs.has(others));
        slip.begin_row(now_ns());
        None
    }

    /// Between two rows of jobs that are not short. Answers `now`, if it is still that.
    fn let_others_go_first(&self, worker: usize, slip: &mut Slip, now: Option<u64>) -> Option<u64> {
        let seat = self.seat(worker);
        if self.lending.are_short() || !seat.has_to_wait() {
            return now;
        }
        self.signals.work.pass_on(|| self.jobs.has(0));
        seat.let_others_go_first(|| self.jobs.has(0));
        slip.begin_row(now_ns());
        None
    }

    /// A job that was waited for. Apart, so that one that was there already never lies in memory.
    #[inline(never)]
    fn work_at_last(
        &self,
        worker: usize,
        job: Job,
        text: &mut Text,
        slip: &mut Slip,
    ) -> Option<u64> {
        self.work(worker, job, None, text, is_sample(slip.waited()))
    }

    #[inline(never)] // As for `work_at_last`.
    fn wait_for_job(&self, worker: usize) -> Next {
        let attempt = || match self.jobs.pop() {
            Some(job) => Some(Next::job(job)),
            None => self.signals.phase().closed().then_some(Next::GoHome),
        };
        let has = |others| self.jobs.has(others);
        let pending = || self.has_pending_jobs();
        self.await_job(worker, 0, attempt, has, pending).unwrap_or(Next::GoHome)
    }

    /// Where a worker sits. Short jobs of others go first, but not a host: whoever waits for one counts
    /// as searching meanwhile, and jobs would wait for longer than they take.
    fn seat(&self, worker: usize) -> Seat<'_> {
        self.mates.seat(worker).beside_host(self.spin.is_crowd() && !self.lending.are_short())
    }

    /// How a worker that runs its jobs itself looks for them.
    fn spin_of_worker(&self, seat: Seat<'_>) -> Spin {
        self.spin.of_worker(seat.is_shared(), self.lending.are_short(), self.turns.go_on())
    }

    /// Waits for a job of a worker's stage, or the end: a worker that runs its jobs itself.
    pub(crate) fn await_job<T>(
        &self,
        worker: usize,
        stage: usize,
        mut attempt: impl FnMut() -> Option<T>,
        has: impl Fn(u64) -> bool,
        pending: impl Fn() -> bool,
    ) -> Option<T> {
        let seat = self.seat(worker);
        seat.set(false);
        let attempt = || {
            let found = attempt()?;
            seat.set(true);
            Some(found)
        };
        self.await_work(stage, self.spin_of_worker(seat), attempt, has, pending, Some(seat))
    }

    /// Waits for jobs of a stage, or the end.
    pub(crate) fn await_work<T>(
        &self,
        stage: usize,
        spin: Spin,
        attempt: impl FnMut() -> Option<T>,
        has: impl Fn(u64) -> bool,
        pending: impl Fn() -> bool,
        seat: Option<Seat<'_>>,
    ) -> Option<T> {
        let in_vain = || self.tell_lenders();
        let search = Search { attempt, has, pending, seat, in_vain };
        self.signals.work_of(stage).wait_behind(spin, Who::Worker, Deadline::NEVER, search)
    }

    /// A worker found no job, as it began to wait or for the last time before it sleeps: a host that has
    /// lent its core gets to know.
    pub(crate) fn tell_lenders(&self) {
        if self.may_nap() {
            self.naps.found_none();
            #[cfg(not(control = "nap_fence"))]
            full_fence(); // See `crate::nap`.
            if self.signals.empty.has_sleepers() {
                self.signals.empty.notify_all();
            }
        }
    }

    /// One job from the queue to its result. Returns when it ended, where jobs are timed. `is_sample`:
    /// how long it takes is of interest.
    #[inline(always)]
    pub(crate) fn work(
        &self,
        worker: usize,
        job: Job,
        now: Option<u64>,
        text: &mut Text,
        is_sample: bool,
    ) -> Option<u64> {
        if !self.take_up(worker, job) {
            return None;
        }
        let now = if self.timing { now.unwrap_or_else(now_ns) } else { 0 };
        let desk = &self.desks[worker];
        desk.starts(now);
        let began = if is_sample { now_ns() } else { 0 };
        let (outcome, payload) = self.transform(worker, 0, Some(desk), job, text);
        if is_sample {
            self.signals.work.learn_first(now_ns() - began);
        }
        let done = self.complete(worker, job, now, outcome, payload, text);
        if self.timing {
            desk.ran(done.finished - done.started);
        }
        desk.end();
        self.publish_minding(done);
        self.timing.then_some(done.finished)
    }

    /// Writes a job that was taken off the queue on a desk of the worker's. False if it must not
    /// run; then it has its outcome.
    #[inline(always)]
    pub(crate) fn take_up(&self, desk: usize, job: Job) -> bool {
        if self.queue_binds() {
            #[cfg(not(control = "room_fence"))]
            fence_after_rmw(); // N2 of the event: the pop has made room.
            self.signals.room.notify_one();
        }
        self.desks[desk].begin(job);
        #[cfg(not(control = "desk_fence"))]
        barrier::light(); // See `Engine::ended`, and `crate::cancel`.
        !self.signals.phase().minds(job.id.session()) || self.may_run(desk, job.tries)
    }

    /// Something was said since the job on a desk was put. False if it must not run.
    #[cold]
    fn may_run(&self, index: usize, tries: u64) -> bool {
        let desk = &self.desks[index];
        let Some(job) = desk.look().map(|seen| Job { tries, ..seen.job }) else { return false };
        let doomed = self.signals.phase().dooms(job.id.session());
        let cancelled = !doomed
            && self.notes.may_have(job.position)
            && (self.notes.strike(job.id) || desk.told(desk.last()).is_some());
        if !doomed && !cancelled {
            return true;
        }
        // Unless a sweep was faster: a worker process that is broken can make it seem that the job
        // is on offer already.
        if desk.end_if(desk.last()) {
            match doomed {
                true => self.discard_job(job),
                false => self.publish_cancelled(self.worker_at(index), job),
            }
        }
        false
    }

    fn publish_cancelled(&self, worker: usize, job: Job) {
        let mut text = Text::EMPTY;
        text.set("the job was cancelled before it ran");
        let began = if self.timing { now_ns() } else { 0 };
        let (outcome, payload) = (Outcome::Cancelled, job.payload);
        let done = self.complete(worker, job, began, outcome, payload, &text);
        self.publish(Completion { tag: Tag::new(outcome, worker, job.tries), ..done });
    }

    /// Runs the transform. Without workers there is no desk.
    #[inline(always)]
    pub(crate) fn transform(
        &self,
        worker: usize,
        stage: usize,
        desk: Option<&Desk>,
        job: Job,
        text: &mut Text,
    ) -> (Outcome, *mut c_void) {
        text.clear();
        let phase = self.signals.phase_word();
        let told = desk.map_or((&self.untold, 1), Desk::told_word);
        let mut run = |buffer| {
            let mut context =
                JobContext::new(&job, (worker, stage), self.seed, phase, told, buffer, text);
            (self.run.run(&mut context), context.payload)
        };
        match self.arena {
            None => run(None),
            Some(_) => run(self.buffer_for(job.payload, stage)),
        }
    }

    /// The job on the desk of a thread that died gets its outcome.
    pub(crate) fn bury(&self, worker: usize) {
        let desk = &self.desks[worker];
        let since = desk.at_work().map_or(0, |at| at.since);
        let mut text = Text::EMPTY;
        text.set("the worker's thread ended while it ran this job");
        if let Some(job) = desk.look().and_then(|seen| desk.take(seen)) {
            self.publish(self.crash(worker, job, since, &text));
        }
    }

    /// The result of a job whose worker died of it, perhaps.
    pub(crate) fn crash(&self, worker: usize, job: Job, since: u64, text: &Text) -> Completion {
        self.complete(worker, job, since, Outcome::Crashed, job.payload, text)
    }
}

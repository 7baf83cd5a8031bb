//! The second step: a worker takes a job off the queue, transforms it, and publishes the result.
//!
//! The steps of a job ([`crate::work`]) are compiled into one loop, so that it never lies in memory, see
//! [`crate::poll`]. No frame here may need clean-up, either.
//!
//! # The next job first
//! A worker takes its next job before it publishes the result of this one. A result is written to a line
//! that another worker or a poller has just had, and a take is a read-modify-write, which lets all stores
//! before it through first. The other way round the next job of 1 us begins 110 ns behind this one
//! with one worker, 190 with two; this way 45 and 127 (of which 30 are the measurement's), and the stores
//! go their way while it runs. Such jobs take 0.955 of the time with one worker, and 0.975 with two.
//!
//! Not where so few are in flight that somebody waits for each result; nor where a poller is to be woken,
//! or something was said to jobs since this one was put, for both may take long, and another worker
//! had better have the next one then.

use crate::clock::{Deadline, now_ns};
use crate::engine::Engine;
use crate::event::{Search, is_sample};
use crate::job::{Completion, Job};
use crate::lend::Loan;
use crate::mates::Seat;
use crate::prefetch;
use crate::record::Text;
use crate::slip::{ROW, Slip};
use crate::spin::{Spin, Who};
use crate::sync::{Rather, full_fence};

/// Where so few may be in flight somebody waits for each result. The models have both orders.
const FEW: usize = if cfg!(loom) { 1 } else { 8 };

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
        let (seat, mut loan) = (self.mates.seat(worker), Loan::new(self.capacity.in_flight));
        loop {
            let mut next = self.jobs.pop();
            while let Some(job) = next {
                let Some(done) = self.run_job(worker, job, now, &mut text, false) else {
                    (now, next) = (None, self.jobs.pop());
                    continue;
                };
                let ends_row = slip.ends_row();
                let host_first =
                    !slip.is_fast() && loan.is_due(seat, |others| self.jobs.has(others));
                let result_first = ends_row || host_first || self.may_take_long(&done);
                next = if result_first { None } else { self.jobs.pop() };
                now = self.hand_in(worker, done);
                if !result_first {
                    continue;
                }
                if host_first {
                    now = self.give_core_back(&mut loan, seat, &mut slip);
                }
                if ends_row {
                    now = self.look_ahead(worker, &mut slip, now);
                }
                next = self.jobs.pop();
            }
            now = match self.wait_for_job(worker) {
                Next::Job(job) => self.work_at_last(worker, job, &mut text, &mut slip),
                Next::GoHome => return,
            };
        }
    }

    /// Whether to publish a result may take long, or somebody waits for it: see the module.
    #[inline(always)]
    fn may_take_long(&self, done: &Completion) -> bool {
        self.capacity.in_flight <= FEW
            || self.signals.awaits_results()
            || self.signals.phase().minds(done.id.session())
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
        seat.let_others_go_first(|| self.jobs.has(0), || ());
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
        self.spin.of_worker(
            seat.is_shared(),
            self.lending.are_short(),
            seat.host_waits().is_awake(),
        )
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

    /// Gives its core to a host that waits. Answers the time then.
    #[cold]
    #[inline(never)]
    fn give_core_back(&self, loan: &mut Loan, seat: Seat<'_>, slip: &mut Slip) -> Option<u64> {
        let (now, away) = loan.give_back(seat, || self.wake_lender());
        slip.leave_out(away);
        Some(now)
    }

    /// Wakes a host that sleeps on this core, before somebody finds no job.
    pub(crate) fn wake_lender(&self) {
        if self.signals.empty.has_sleepers() {
            self.signals.empty.give_one(Rather::Here);
        }
    }
}

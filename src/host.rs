//! How a host waits: its core is a worker's before it is its own again.
//!
//! Where workers take all cores, one that waits gives its core away first ([`crate::lend`],
//! [`crate::nap`], [`crate::turns`]), and only then looks, and sleeps ([`crate::event`]).

use crate::clock::{Deadline, Timeout, now_ns};
use crate::doze::Doze;
use crate::engine::Engine;
use crate::event::Search;
use crate::job::Completion;
use crate::nap::Naps;
use crate::os::slack;
use crate::pace::give_way;
use crate::spin::{Spin, Who};
use crate::status::Status;
use crate::sync::Rather;

impl Engine {
    /// Leaves the core of a caller that has to wait to a worker, if there is work for one. Whether it
    /// did. Not for long behind the deadline.
    pub(crate) fn lend_core(&self, now: u64, deadline: Deadline) -> bool {
        if !self.spin.is_crowd() {
            return false;
        }
        // Before a turn, too: it is this that sees that the host was away. Turns are for brief jobs, one
        // after the other.
        let takes = self.signals.work.takes_ns();
        let others = self.lending.worth(now, self.credits.resolved(), takes);
        if self.turns.are_on() && self.has_job(0, 0) && !self.has_job(0, others.max(1)) {
            self.take_turn();
            return true;
        }
        let is_wanted = |stage: &usize| self.has_job(*stage, others);
        let Some(stage) = (0..self.relays.len()).find(is_wanted) else { return false };
        let work = self.signals.work_of(stage);
        if self.may_nap() && self.naps.next() {
            let longest = Naps::longest(self.mates.host.is_keen());
            let longest = Deadline::at(now.saturating_add(longest));
            // First, for who is woken may have the core at once.
            let state = self.mates.host.sleeps();
            if work.has_sleepers() {
                work.give_one(Rather::Here);
            }
            self.nap(if longest.is_before(deadline) { longest } else { deadline });
            self.mates.host.returns(state);
            return true;
        }
        self.naps.lend();
        let mut is_taken = give_way();
        if is_taken && self.lending.was_away(now) && is_wanted(&stage) {
            // Behind a pause caches are cold, and a yield takes as long though nobody took the core.
            is_taken = give_way();
        }
        self.naps.came_back();
        if !is_taken && work.has_sleepers() {
            work.give_one(Rather::Here);
        }
        true
    }

    /// Sleeps until a worker finds no job, see [`crate::nap`]; not if there is a result.
    pub(crate) fn nap(&self, until: Deadline) {
        let is_over = || {
            let is_wanted = self.results.has(0) || self.signals.phase().refusal().is_err();
            is_wanted || !self.has_job(0, 0)
        };
        self.signals.empty.wait(Spin::NONE, until, || is_over().then_some(()), |_| false);
    }

    /// Leaves the core to the worker that it takes turns with, see [`crate::turns`].
    fn take_turn(&self) {
        if self.turns.are_enough() && self.signals.work.has_sleepers() {
            self.signals.work.give_one(Rather::Elsewhere);
        }
        // The kernel need not switch at the first. If it did, and the job lies there, it was not to
        // the worker.
        for _ in 0..3 {
            let is_taken = give_way();
            if !self.has_job(0, 0) {
                return;
            }
            if is_taken {
                break;
            }
        }
        self.turns.end();
    }

    /// Sleeps by `wait` until shortly before a result is to come, see [`crate::doze`]. Apart, so that
    /// a wait that is over soon does not carry it.
    #[cold]
    #[inline(never)]
    fn doze<T>(
        &self,
        until: u64,
        deadline: Deadline,
        wait: impl Fn(Deadline) -> Option<T>,
    ) -> Option<T> {
        // In the models nothing is known of time.
        if cfg!(loom) || !self.spin.is_alone() || deadline.is_before(Deadline::at(until)) {
            return None;
        }
        let found = slack::without(|| wait(Deadline::at(until)));
        self.doze.woke(until, now_ns());
        found
    }

    /// Waits until `take` does not find it empty, or the timeout. `first` is what it found first.
    pub(crate) fn await_news<T>(
        &self,
        timeout: Timeout,
        take: impl Fn() -> Result<T, Status>,
        first: impl Fn(&T) -> &Completion,
    ) -> Result<T, Status> {
        let take = &take;
        let attempt = || match take() {
            Err(Status::Empty) => None,
            answer => Some(answer),
        };
        let (ready, has) = (&self.signals.ready, |others| self.results.has(others));
        let pending = || self.results.is_pending();
        let wait_by = |spin, until| {
            let search = Search { attempt, has, pending, seat: None, in_vain: || () };
            ready.wait_behind(spin, Who::Host, until, search)
        };
        let wait = |until| wait_by(self.spin, until);
        let (now, looks) = (now_ns(), ready.looks().0);
        self.mates.host.awaits(now);
        // What is there then is not to lie until the look begins, some pauses later.
        let at_once = if self.lend_core(now, timeout.counted_from(now)) { attempt() } else { None };
        let doze = || {
            let until = self.doze.until(now)?;
            self.doze(until, timeout.counted_from(now), |until| wait_by(Spin::NONE, until))
        };
        let resolved = || self.credits.resolved();
        let watch = || self.stalls.watch(now, timeout.counted_from(now), resolved, wait);
        let found = at_once.or_else(doze).or_else(watch);
        let found = found.unwrap_or_else(|| match self.answer_empty(take) {
            Err(Status::Empty) => Err(Status::Timeout),
            answer => answer,
        });
        let end = now_ns();
        self.mates.host.works(end - now, end);
        if Doze::minds(end - now) && found.is_ok() && self.spin.is_alone() {
            let by_look = ready.looks().0 > looks;
            self.doze.learn(if by_look { end } else { end - ready.wake_ns().min(end - now) });
        }
        if self.spin.is_crowd() {
            self.lending.leave(end);
            if let Ok(done) = &found {
                self.turns.waited(first(done).tag.worker(), end - now, end);
            }
        }
        self.tally.waited(end - now, found.is_ok());
        found
    }
}

#[cfg(all(test, loom))]
mod models;

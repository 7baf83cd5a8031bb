//! Workers that share a CPU: who is at work goes on first.
//!
//! Where there are more workers than CPUs, the kernel takes a core from one to give it to another: with
//! a tick, every few milliseconds, and with some wakes. If that one takes a job then, the other's has
//! to wait: a short one for a long one that came later, and several milliseconds more where a
//! worker has just taken it and not begun. So whoever has waited gives the core back first to others
//! of it that are at work, and takes a job when they do not want the core: they have no job any more, or
//! theirs sleeps in the kernel. And who wakes others, having news to deal with, rather wakes those of
//! other cores. Of 64 jobs in flight, some of 2 ms, with 4 workers on 2 cores the longest wait of a short
//! one is 0.85 to 0.95 times as long as a long one takes; it was 1.3 times as long.
//!
//! # The host
//! Where workers take all cores one of them sits on the core of the host, and got that with each tick,
//! for some jobs that others would have done a little later: these found none then, slept, and were to
//! be woken by the host, which takes 15 us here. So a host is a mate, too, from a wait for results to
//! the next; while it waits its core is a worker's. A step of 100 us, with 80 us of jobs for two workers,
//! is 1.0 to 1.9 us longer than without any, instead of 1.9 to 2.2. Not so where jobs are short (see
//! `Engine::seat`); and not if a host asks again and again instead of waiting, for it is always at work.
//!
//! Where it waits for its core, a worker gives that back as [`crate::lend`] says, of brief jobs, too.
//!
//! # CPUs with nothing to do
//! Who leaves a job to a mate still counts as searching, so that the next put wakes nobody ([`crate::event`]).
//! Not if a worker sleeps on a CPU where nobody is at work: then the duty goes to that one. Without
//! this, where its look had ended for want of jobs, or another program had its core for a moment, a
//! CPU did nothing until all jobs were done: with 4 workers on 2 cores one of 9 rounds of 1 us jobs took
//! twice as long, and in some runs most did.
//!
//! # Hints
//! At work is who has a job, or comes from one and has not begun to wait. That is a hint: a worker
//! that is in error about it takes its job somewhat sooner or later. No proof rests on it, so the
//! atomics are not those of the models, which need not try all that hints could be.

mod host;

pub(crate) use self::host::Wait;
use self::host::{AT_WORK, HAS_HAD_ITS_TURN, Host, IDLE, NOWHERE};
use crate::clock::now_ns;
use crate::pace::give_way;
use crossbeam_utils::CachePadded;
use std::sync::atomic::{AtomicU64, Ordering};

/// The kernel need not switch with each yield; after so many without a switch nobody wants the core.
const KEPT: u32 = if cfg!(loom) { 1 } else { 3 };
/// After so long whoever is at work then has had its turn: it may be so for ever.
const GIVEN_NS: u64 = 32_000_000;

/// The workers of an executor, by the CPUs that they are pinned to, and its host.
pub(crate) struct Mates {
    workers: Box<[CachePadded<Mate>]>,
    pub(crate) host: Host,
}

struct Mate {
    cpu: u64,
    /// The next one of its CPU, in a ring.
    next: usize,
    /// Seldom of interest to other CPUs.
    state: AtomicU64,
}

impl Mates {
    pub(crate) fn new(cpus: &[Option<usize>]) -> Mates {
        let next = |worker: usize| {
            let cpu = cpus[worker]?;
            (worker + 1..cpus.len()).chain(0..worker).find(|other| cpus[*other] == Some(cpu))
        };
        let mate = |worker: usize| Mate {
            cpu: cpus[worker].map_or(NOWHERE - 1, |cpu| cpu as u64),
            next: next(worker).unwrap_or(worker),
            state: AtomicU64::new(IDLE),
        };
        let workers = (0..cpus.len()).map(|worker| mate(worker).into()).collect();
        Mates { workers, host: Host::new() }
    }

    /// Bytes that it takes beside its own, for so many workers.
    pub(crate) fn bytes(workers: usize) -> usize {
        workers * size_of::<CachePadded<Mate>>()
    }

    /// The place of a worker.
    pub(crate) fn seat(&self, worker: usize) -> Seat<'_> {
        Seat { mates: self, worker, beside_host: false }
    }
}

/// A worker's place among those of its CPU.
#[derive(Clone, Copy)]
pub(crate) struct Seat<'a> {
    mates: &'a Mates,
    worker: usize,
    beside_host: bool,
}

impl<'a> Seat<'a> {
    /// The same, with the host as one of its mates or not.
    pub(crate) fn beside_host(self, is_so: bool) -> Seat<'a> {
        Seat { beside_host: is_so, ..self }
    }

    fn others(self) -> impl Iterator<Item = &'a AtomicU64> {
        let Seat { mates: Mates { workers, host }, worker: me, beside_host } = self;
        let next = move |worker: usize| Some(workers[worker].next).filter(|next| *next != me);
        std::iter::successors(next(me), move |worker| next(*worker))
            .map(|worker| &workers[worker].state)
            .chain(beside_host.then(|| host.state_at(workers[me].cpu)).flatten())
    }

    /// How a host of this CPU waits for that.
    #[inline]
    pub(crate) fn host_waits(self) -> Wait {
        self.mates.host.waits_at(self.mates.workers[self.worker].cpu)
    }

    /// Whether the worker shares its CPU with others.
    pub(crate) fn is_shared(self) -> bool {
        self.mates.workers[self.worker].next != self.worker
    }

    /// The worker has a job, or has none. Then there is nothing that a host of its CPU keeps it from,
    /// and that goes first again.
    pub(crate) fn set(self, is_at_work: bool) {
        let Mates { workers, host } = self.mates;
        let me = &workers[self.worker];
        me.state.store(if is_at_work { AT_WORK } else { IDLE }, Ordering::Relaxed);
        if let Some(state) = host.state_at(me.cpu).filter(|_| !is_at_work) {
            exchange(state, HAS_HAD_ITS_TURN, AT_WORK);
        }
    }

    /// Whether others are at work and go first.
    pub(crate) fn has_to_wait(self) -> bool {
        self.others().any(|state| state.load(Ordering::Relaxed) == AT_WORK)
    }

    /// The other CPUs that workers sit on of whom none is at work: bit `cpu & 31` of each.
    #[cold]
    pub(crate) fn idle_cpus(self) -> u32 {
        let bit = |cpu: u64| 1 << (cpu & 31);
        let workers = &self.mates.workers;
        let (mut all, mut busy) = (0, bit(workers[self.worker].cpu));
        for worker in workers.iter().filter(|worker| worker.cpu < NOWHERE - 1) {
            let is_idle = worker.state.load(Ordering::Relaxed) == IDLE;
            *(if is_idle { &mut all } else { &mut busy }) |= bit(worker.cpu);
        }
        all & !busy
    }

    /// Gives the core to them for as long as there is something to take, and they are at work and want
    /// it, but not for ever: how often is no measure of that, for they may give it to the host each time.
    /// `leaves` comes before each time.
    #[cold]
    #[inline(never)]
    pub(crate) fn let_others_go_first(self, has_news: impl Fn() -> bool, leaves: impl Fn()) {
        let (mut kept, began) = (0, now_ns());
        while kept < KEPT && has_news() && self.has_to_wait() {
            if now_ns() - began > GIVEN_NS {
                return self.pass_by();
            }
            leaves();
            kept = if give_way() { 0 } else { kept + 1 };
        }
    }

    fn pass_by(self) {
        self.others().for_each(|state| exchange(state, AT_WORK, HAS_HAD_ITS_TURN));
    }
}

fn exchange(state: &AtomicU64, current: u64, next: u64) {
    let _ = state.compare_exchange(current, next, Ordering::Relaxed, Ordering::Relaxed);
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::host::{EACH, ELSE_NS, ENOUGH, MOST, WAITED_NS};
    use super::*;
    use crate::os::machine::current_cpu;

    #[test]
    fn those_of_one_cpu_are_mates() {
        let mates = Mates::new(&[Some(3), None, Some(5), Some(3), None, Some(3)]);
        let all = |ask: fn(Seat<'_>) -> bool| [0, 1, 2, 3, 4, 5].map(|at| ask(mates.seat(at)));
        let waits = || all(|seat| seat.has_to_wait());
        assert_eq!(all(|seat| seat.is_shared()), [true, false, false, true, false, true]);
        assert_eq!(waits(), [false; 6]);
        (0..5).for_each(|worker| mates.seat(worker).set(true));
        assert_eq!(waits(), [true, false, false, true, false, true]);
        mates.seat(3).set(false);
        assert_eq!(waits(), [false, false, false, true, false, true]);
        mates.seat(0).set(false);
        assert_eq!(waits(), [false; 6]);
    }

    /// Nobody is at work in truth here, and so others may have the core in between or not.
    #[test]
    fn who_is_at_work_for_ever_has_had_its_turn() {
        let mates = Mates::new(&[Some(0); 3]);
        mates.seat(1).set(true);
        mates.seat(0).let_others_go_first(|| true, || ());
        mates.seat(0).pass_by();
        assert!([0, 1, 2].iter().all(|worker| !mates.seat(*worker).has_to_wait()));
        mates.seat(0).let_others_go_first(|| true, || ());
        mates.seat(1).set(true);
        assert!(mates.seat(0).has_to_wait() && mates.seat(2).has_to_wait());
        mates.seat(1).set(false);
        assert!(!mates.seat(0).has_to_wait());
    }

    #[test]
    fn a_cpu_is_idle_where_none_of_its_workers_is_at_work() {
        let mates = Mates::new(&[Some(3), None, Some(5), Some(3), Some(33), Some(5)]);
        let idle = |worker| mates.seat(worker).idle_cpus();
        assert_eq!([0, 2, 4].map(idle), [1 << 5 | 1 << 1, 1 << 3 | 1 << 1, 1 << 3 | 1 << 5]);
        mates.seat(5).set(true);
        assert_eq!([0, 2, 4].map(idle), [1 << 1, 1 << 3 | 1 << 1, 1 << 3]);
        mates.seat(4).set(true);
        mates.seat(3).set(true);
        assert_eq!([0, 2, 4].map(idle), [0; 3]);
        mates.seat(3).set(false);
        assert_eq!([0, 2, 4].map(idle), [0, 1 << 3, 1 << 3]);
    }

    #[test]
    fn a_host_goes_first_where_it_has_waited_until_it_waits_again() {
        // A thread may go to another CPU at any time.
        let seen = (0..1_000).any(|_| {
            let here = current_cpu().unwrap();
            let mates = Mates::new(&[Some(here), Some(here + 1), None]);
            let wait =
                |beside| [0, 1, 2].map(|at| mates.seat(at).beside_host(beside).has_to_wait());
            mates.host.works(WAITED_NS, 0);
            let unknown = wait(true);
            mates.host.works(WAITED_NS + 1, 0);
            let (at_work, of_no_interest) = (wait(true), wait(false));
            let state = mates.host.leaves();
            let away = wait(true);
            mates.host.returns(state);
            let back = wait(true);
            mates.seat(0).beside_host(true).pass_by();
            let passed = wait(true);
            mates.seat(1).set(false);
            mates.seat(0).set(true);
            let passed_still = wait(true);
            mates.seat(0).set(false);
            let again = wait(true);
            mates.host.asks(7);
            let once = wait(true);
            mates.host.asks(8);
            let with_results = wait(true);
            mates.host.asks(8);
            let (here_only, nobody) = ([true, false, false], [false; 3]);
            current_cpu() == Some(here)
                && [at_work, back, again, once, with_results] == [here_only; 5]
                && [unknown, of_no_interest, away, passed, passed_still] == [nobody; 5]
                && wait(true) == nobody
        });
        assert!(seen);
    }
    #[test]
    fn a_host_waits_for_its_core() {
        // As above.
        let seen = (0..1_000).any(|_| {
            let here = current_cpu().unwrap();
            let mates = Mates::new(&[Some(here), Some(here + 1), None]);
            let host = &mates.host;
            let waits = || [0, 1, 2].map(|at| mates.seat(at).host_waits());
            let unknown = waits();
            host.works(WAITED_NS + 1, 1_000);
            let at_work = waits();
            host.awaits(1_000 + ELSE_NS);
            let away = waits();
            let state = host.sleeps();
            let asleep = waits();
            host.returns(state);
            let back = waits();
            let wait_after = |ns| {
                host.works(0, 2_000);
                host.awaits(2_000 + ns);
                waits()
            };
            let often = (0..ENOUGH / EACH + 2).map(|_| wait_after(ELSE_NS + 1)[0]);
            let often: Vec<Wait> = often.collect();
            let long = (0..).take_while(|_| wait_after(0)[0] == Wait::ForOne).count() as u64;
            let no = Wait::No;
            current_cpu() == Some(here)
                && [away, back] == [[Wait::ForResults, no, no]; 2]
                && often[..2] == [Wait::ForResults; 2]
                && often[2..] == [Wait::ForOne; 3]
                && [unknown, at_work] == [[no; 3]; 2]
                && asleep == [Wait::Asleep, no, no]
                && long == MOST - ENOUGH
        });
        assert!(seen);
    }
}

//! The core of a host that has to wait, for a worker.
//!
//! Where the workers take all cores, the host sits on the core of some of them, and looks for news
//! there. The other cores bring that, one result in a microsecond: so it found something each
//! time, just before it would have yielded, and a worker that is awake got the core only after 8
//! us. One that sleeps does not take it even then, and a put wakes nobody while one who was woken
//! is on his way: on a core, it may be, where another works, and which he gets when a time slice
//! ends. Meanwhile jobs lay in the queue, and the host's core did nothing: of 8 workers on 2 cores,
//! the 4 of the host's core did a fifth of the jobs of 1 us.
//!
//! So whoever has to wait though there are jobs gives its core away before it looks; and if nobody
//! took it, and a worker sleeps, it wakes one: of this core, if there is one. Jobs of 1 us take
//! 0.94 to 0.97 of the time with 2 workers on 2 cores for the first, and 0.82 with 8 for the second.
//!
//! # And back
//! A worker that finds no job gives the core back at once, without pausing first, for on this core
//! nobody brings any. And it does so once before it takes a job if that is the last one: the host polls and
//! puts while the other cores are at theirs, and not when they have none. Together jobs of 1 us, 64 in
//! flight, take 0.98 of the time with 2 workers on 2 cores, and 0.945 with 16 in flight; of 10 us 0.99. (Jobs
//! that take no longer than lines travel are put as fast as they are done: it might always be the last.)
//!
//! A host that does something else between its waits wants one result, or a few, and not that all jobs
//! are done. So it has its core back after a while. Where 32 jobs of 10 us were put while all slept, and 8
//! are waited for after a step of 100 us, those are there after 40 us and not 190.
//!
//! A host that sleeps ([`crate::nap`]) has it back when half of what may be in flight is left, where
//! workers share its core. Linux lets whoever is entitled to run do so for a time slice, 0.7 ms here, since
//! it got the core, before it gives that to one who is woken. A worker is entitled to it beside another one
//! that has yielded; so one of 17 wakes by other cores came to nothing, and their workers did
//! nothing for as long. One that has yielded itself is not, and then they all succeed. Uneven
//! jobs, 64 in flight, take 0.98 of the time by that with 4 workers on 2 cores. Where one worker sits on
//! the host's core all wakes succeed anyway, and half as many turns of the host are cheaper.
//!
//! Where a worker that gave it back has it again late ([`crate::shy`]), though the host waits still and no
//! other worker of the core is at work, another program had it, and the worker keeps it for a while.
//!
//! # When
//! To lend it pays where so many jobs wait that they would lie there for longer than it takes to wake
//! somebody, and to go to and fro between two threads. How far apart outcomes are shows where a host waits for
//! many in a row; before that, how long a job takes stands for it. Otherwise, of 8 jobs of 100 us put after a
//! pause, the host's core began with its first 100 us later. Where the host has its core back late, see
//! [`crate::nap`].

use crate::clock::now_ns;
use crate::mates::{Seat, Wait};
use crate::shy::Shy;
use crate::sync::{AtomicU64, Ordering};
use crossbeam_utils::CachePadded;

/// A backlog is worth a worker's wake if it lasts for so long.
const WORTH_NS: u64 = 16_000;
/// Jobs from one look at the clock to the next.
const SAMPLE: u64 = 16;

/// Jobs whose outcomes are no further apart are short ones.
const SHORT_NS: u64 = 4_000;

/// What was done while a host was away for so long says nothing of how far apart outcomes are.
const AWAY_NS: u64 = 100_000;

/// Of a host that waits for one result a worker has the core for so long; to and fro takes 2 us.
const LOAN_NS: u64 = 32_000;
/// The most jobs that are left when a host that sleeps has it back.
const LOW: u64 = 32;
/// A core that comes back later, for no reason that is known, was had by another program.
const LATE_NS: u64 = 500_000;

/// What hosts have learnt of how far apart outcomes are.
#[derive(Default)]
pub(crate) struct Lending {
    /// So many jobs had theirs...
    count: AtomicU64,
    /// ...then.
    then: AtomicU64,
    /// When a host has waited last.
    left: AtomicU64,
    /// How far apart those before were, in nanoseconds. Workers read it whenever they wait, and a
    /// host writes what is above as often: together, one job in a row took 1.3 times as long.
    apart: CachePadded<AtomicU64>,
}

impl Lending {
    /// Whether jobs are known to be short, by a host that has waited for them.
    pub(crate) fn are_short(&self) -> bool {
        (1..=SHORT_NS).contains(&self.apart.load(Ordering::Relaxed))
    }

    /// How many jobs must wait for a worker to be worth its wake, now that so many had their
    /// outcome. `takes`: how long one is known to take; 0 if nobody knows.
    pub(crate) fn worth(&self, now: u64, resolved: u64, takes: u64) -> u64 {
        let jobs = resolved.saturating_sub(self.count.load(Ordering::Relaxed));
        if self.was_away(now) {
            self.then.store(now, Ordering::Relaxed);
            self.count.store(resolved, Ordering::Relaxed);
        } else if jobs >= SAMPLE {
            let ns = now.saturating_sub(self.then.swap(now, Ordering::Relaxed));
            self.count.store(resolved, Ordering::Relaxed);
            self.apart.store(ns / jobs, Ordering::Relaxed);
        }
        // Where they come by a few, between pauses, it is never known how far apart they are.
        let apart = match self.apart.load(Ordering::Relaxed) {
            0 => takes,
            apart => apart,
        };
        WORTH_NS / apart.max(1)
    }

    /// Whether no host has waited for long.
    pub(crate) fn was_away(&self, now: u64) -> bool {
        now.saturating_sub(self.left.load(Ordering::Relaxed)) > AWAY_NS
    }

    /// A host has waited until now.
    pub(crate) fn leave(&self, now: u64) {
        self.left.store(now, Ordering::Relaxed);
    }
}

/// A host's core, as a worker of it has it.
pub(crate) struct Loan {
    /// When it was given back last.
    since: u64,
    /// The queue runs low where no more jobs wait...
    low: u64,
    /// ...and did not when last looked at.
    was_high: bool,
    kept: Shy<4, 256>,
}

impl Loan {
    /// Where so many jobs may be in flight.
    pub(crate) fn new(in_flight: usize) -> Loan {
        let low = LOW.min(in_flight as u64 / 2);
        Loan { since: 0, low, was_high: false, kept: Shy::default() }
    }

    /// Whether it is to be given back, before the worker takes another job. `has`: whether there
    /// is a job behind so many others.
    #[inline(always)]
    pub(crate) fn is_due(&mut self, seat: Seat<'_>, has: impl Fn(u64) -> bool) -> bool {
        let is_due = match seat.host_waits() {
            Wait::No => return false,
            Wait::ForResults => !has(1),
            Wait::ForOne => !has(1) || now_ns() - self.since > LOAN_NS,
            Wait::Asleep => seat.is_shared() && self.runs_low(has),
        };
        is_due && !self.kept.keeps()
    }

    /// Whether a host that sleeps is to be woken for it, by who does not hold that core itself.
    pub(crate) fn is_due_to_sleeper(&mut self, seat: Seat<'_>, has: impl Fn(u64) -> bool) -> bool {
        seat.host_waits() == Wait::Asleep && seat.is_shared() && self.runs_low(has)
    }

    /// Once, until the queue has been filled again.
    fn runs_low(&mut self, has: impl Fn(u64) -> bool) -> bool {
        let is_high = has(self.low);
        std::mem::replace(&mut self.was_high, is_high) && !is_high
    }

    /// Gives it back, once; to a host that sleeps by way of `wake`. Answers when the worker had it
    /// again, and for how long it had not.
    pub(crate) fn give_back(&mut self, seat: Seat<'_>, wake: impl FnOnce()) -> (u64, u64) {
        let before = now_ns();
        if seat.host_waits() == Wait::Asleep {
            wake();
        }
        std::thread::yield_now();
        let now = now_ns();
        self.since = now;
        // Where the host goes on with something else it has its core for longer, and so have mates.
        let is_known = seat.host_waits() == Wait::No || seat.has_to_wait();
        self.kept.came_back(now - before > LATE_NS && !is_known);
        (now, now - before)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::mates::Mates;
    use crate::os::machine::current_cpu;
    use std::cell::Cell;

    #[test]
    fn a_backlog_is_worth_a_wake_by_how_long_it_lasts() {
        let (lending, takes) = (Lending::default(), Cell::new(0));
        let worth = |later: u64, resolved| {
            let now = 1_000_000 + later;
            let worth = lending.worth(now, resolved, takes.get());
            lending.leave(now + 1_000);
            worth
        };
        assert!(!lending.are_short());
        assert_eq!(worth(5_000, 0), WORTH_NS); // Nothing is known: none is.
        takes.set(4_000);
        assert_eq!(worth(5_000, 0), 4);
        assert_eq!(worth(10_000, SAMPLE), 51); // 312 ns apart.
        assert_eq!(worth(14_000, 2 * SAMPLE - 1), 51);
        assert_eq!(worth(26_000, 2 * SAMPLE), 16); // 1 us apart.
        assert!(lending.are_short());
        assert_eq!(worth(127_001, 3 * SAMPLE), 16, "the host was away");
        assert_eq!(worth(225_000, 4 * SAMPLE), 2); // 6 us apart, and more.
        assert!(!lending.are_short());
    }
    #[test]
    fn a_core_is_given_back_to_who_waits_for_it() {
        // A thread may go to another CPU at any time.
        let seen = (0..1_000).any(|_| {
            let here = current_cpu().unwrap();
            let mates = Mates::new(&[Some(here)]);
            let (seat, mut loan) = (mates.seat(0), Loan::new(64));
            let due = |loan: &mut Loan| [true, false].map(|has| loan.is_due(seat, |_| has));
            let begin = now_ns();
            mates.host.works(1_000_000, begin);
            let at_work = due(&mut loan);
            mates.host.awaits(begin);
            let for_results = due(&mut loan);
            for _ in 0..3 {
                mates.host.works(0, begin);
                mates.host.awaits(begin + 1_000_000);
            }
            let for_one = due(&mut loan);
            loan.give_back(seat, || unreachable!());
            let soon = due(&mut loan);
            let in_time = now_ns() - loan.since < LOAN_NS;
            loan.since -= LOAN_NS + 1;
            let again = due(&mut loan);
            loan.kept.came_back(true);
            let kept = due(&mut loan);
            current_cpu() == Some(here)
                && in_time
                && at_work == [false, false]
                && [for_results, soon] == [[false, true]; 2]
                && [for_one, again] == [[true, true]; 2]
                && kept == [false, false]
        });
        assert!(seen);
    }

    #[test]
    fn a_host_that_sleeps_has_its_core_back_where_workers_share_it() {
        // As above.
        let seen = (0..1_000).any(|_| {
            let here = current_cpu().unwrap();
            let mates = Mates::new(&[Some(here); 2]);
            let alone = Mates::new(&[Some(here)]);
            let (mut woken, mut agree) = (0, true);
            let mut due = |mates: &Mates, in_flight| {
                let (seat, mut loan) = (mates.seat(0), Loan::new(in_flight));
                mates.host.works(1_000_000, 0);
                mates.host.sleeps();
                let with = |jobs| move |others| jobs > others;
                let left = [0, 33, 33, 32, 32, 33, 2, 3, 2];
                let due = left.map(|jobs| loan.is_due(seat, with(jobs)));
                let mut others = Loan::new(in_flight);
                let told = left.map(|jobs| others.is_due_to_sleeper(seat, with(jobs)));
                agree &= due == told;
                loan.give_back(seat, || woken += 1);
                due.map(u64::from)
            };
            let found = [due(&mates, 1 << 20), due(&mates, 64), due(&mates, 4), due(&alone, 64)];
            let half = [0, 0, 0, 1, 0, 0, 1, 0, 0];
            current_cpu() == Some(here)
                && found == [half, half, [0, 0, 0, 0, 0, 0, 1, 0, 1], [0; 9]]
                && woken == 4
                && agree
        });
        assert!(seen);
    }
}

//! Looking for news before going to sleep: for how long, and how.
//!
//! # Why a waiter first stays away
//! A consumer that is faster than its producer arrives at the end of the queue again and again, and
//! each look there takes the cache lines away that the producer is about to write: both go at the
//! pace of lines travelling. So a waiter pauses before its first look, for longer each time that
//! enough came meanwhile, for half as long each time that it did not: streams are taken in bites,
//! and a single job is not kept waiting. Enough is one item for eight pauses, which take 80 ns on
//! one machine and 200 on another: where three were asked for, a partner that took just as long as
//! that for an item was stopped at every one.
//!
//! # Why a crowd yields
//! Where the workers take all cores, the host sits on the core of one of them, and whoever pauses
//! there keeps the other from its work: of two workers on two cores, with jobs of 1 us, one did
//! them all. So a waiter that has kept its core for 8 us of pauses gives it away, for a partner on
//! another core may bring news in time for ever; a worker pauses for 0.7 us only, and first of all
//! yields where a host of its core is known to wait for that. One that comes back late to find nothing
//! looks no longer: a worker, because its search would keep those from being woken who have a core to
//! themselves; a host, because whoever yields is served after all others, and whoever sleeps when
//! it is woken. (To a worker that sleeps a host gives its core as [`crate::lend`] says. Unless jobs are
//! short, nobody relies on a worker that yields, see [`Spin::steps_back`].)
//!
//! Where the workers leave a core free it may still be shared, with another thread of the host's.
//! So it is given away there, too, every 160 us; and if another used it, as in a crowd for a while.
//!
//! For how long it looks, [`length`] says.

mod length;

use self::length::Length;
use crate::clock::{Deadline, now_ns};
use crate::spin::{KEEN, Manner, Spin, Who};
use crate::sync::{AtomicU64, Ordering};

/// So many pauses are worth it if an item comes meanwhile.
#[cfg(not(loom))]
const ITEM: u64 = 8;
/// Looks before the yielding ones, with a pause before each: 2 us. A look at a line that nobody has
/// written to costs its writer nothing, and whoever pauses for longer and longer finds what comes
/// late by half a pause later: with up to 8 pauses between two looks, one job in a row took 1.25 to
/// 1.3 times as long.
#[cfg(not(loom))]
const STEPS: u64 = 72;
/// The same in a crowd: 0.7 us, which is as long as a worker waits for one job in a row. With 17, that
/// took 1.15 times as long, for the worker yielded each time.
#[cfg(not(loom))]
const STEPS_IN_CROWD: u64 = 24;
/// After a yield that took longer a host sleeps for so many waits, instead of yielding.
#[cfg(not(loom))]
const LOSS_NS: u64 = 500_000;
#[cfg(not(loom))]
const SHYNESS: u64 = 64;
/// In a crowd a core is given away after so many pauses, some 8 us.
#[cfg(not(loom))]
const KEEPS: u64 = 400;
/// The same for one who has, it seems, a core to itself; 160 us.
#[cfg(not(loom))]
const KEEPS_ALONE: u64 = 8_000;
/// A yield that takes longer let another thread run.
const WANTED_NS: u64 = 1_500;
/// How often a core is given away as in a crowd after that.
#[cfg(not(loom))]
const COMPANY: u64 = 64;
/// A worker whose yield took longer sits on a core that is busy with more than a window of jobs, and
/// sleeps. One that slept after 60 us was woken for each window of jobs of 10 us, which took 1.03
/// times as long with 4 and 8 workers on 2 cores; after 5 ms it makes no difference any more.
#[cfg(not(loom))]
const GAIN_NS: u64 = 1_000_000;

/// While another thread of a crowd has its core a worker's look does not grow old, so many times:
/// one that slept meanwhile was woken for each window, and with 4 workers on 2 cores jobs of 1 us
/// took 1.2 times as long. Each time it has the core itself for a microsecond or two.
#[cfg(not(loom))]
const PATIENCE: u64 = 64;

/// What the waiters of one event have learnt of the pace at which its news comes.
#[derive(Default)]
pub(crate) struct Pace {
    /// Pauses before the first look.
    gap: AtomicU64,
    /// Pauses since a core was last given away.
    kept: AtomicU64,
    /// How often it is still to be given away as in a crowd, for another wanted it.
    company: AtomicU64,
    /// Looks that will not yield, for one who did came back late.
    shy: AtomicU64,
    length: Length,
}

impl Pace {
    /// How many looks found something before the sleep that they put off, and how many did not.
    pub(crate) fn looks(&self) -> (u64, u64) {
        self.length.looks()
    }

    /// How long it takes here from a wake until the sleeper runs; 0 if nobody knows.
    pub(crate) fn wake_ns(&self) -> u64 {
        self.length.wake_ns()
    }

    /// A sleeper was woken at `gave`, and runs `now`.
    pub(crate) fn woken(&self, gave: u64, now: u64) {
        self.length.woken(gave, now);
    }

    /// As new.
    pub(crate) fn clear(&self) {
        let Pace { gap, kept, company, shy, length } = self;
        for count in [gap, kept, company, shy] {
            count.store(0, Ordering::Relaxed);
        }
        length.clear();
    }

    /// Looks again and again for as long as `spin` allows: first with pauses, which is enough for a
    /// partner that is running, then yielding, for a partner that wants this core; first of all where it
    /// is known that one does. `away(true)` comes before each yield, `away(false)` after it.
    #[cfg(not(loom))]
    pub(crate) fn look<T>(
        &self,
        spin: Spin,
        who: Who,
        deadline: Deadline,
        attempt: &mut impl FnMut() -> Option<T>,
        has: impl Fn(u64) -> bool,
        away: impl FnMut(bool),
    ) -> Option<T> {
        if spin.ns == 0 {
            return None;
        }
        let found = self.look_on(spin, who, deadline, attempt, has, away);
        self.length.count(found.is_some());
        found
    }

    /// Pauses, as often as it answers, and learns whether enough came meanwhile.
    #[cfg(not(loom))]
    pub(crate) fn stay_away(&self, spin: Spin, has: impl Fn(u64) -> bool) -> u64 {
        let gap = self.gap.load(Ordering::Relaxed);
        self.share(spin);
        pause(gap);
        self.learn(gap, has(gap / ITEM), spin.most);
        gap
    }

    #[cfg(not(loom))]
    fn look_on<T>(
        &self,
        spin: Spin,
        who: Who,
        deadline: Deadline,
        attempt: &mut impl FnMut() -> Option<T>,
        has: impl Fn(u64) -> bool,
        mut away: impl FnMut(bool),
    ) -> Option<T> {
        let steps = match spin.manner {
            Manner::Yields => 0,
            Manner::Keen => 1,
            Manner::Crowd if who == Who::Worker => STEPS_IN_CROWD,
            Manner::Alone | Manner::Crowd => STEPS,
        };
        if spin.yields_first {
            away(true);
            std::thread::yield_now();
            away(false);
            if let Some(found) = glance(0, attempt, &has) {
                return Some(found);
            }
        }
        let gap = if steps > 0 { self.stay_away(spin, &has) } else { 0 };
        if let Some(found) = glance(0, attempt, &has) {
            return Some(found);
        }
        for step in 1..=steps {
            if let Some(found) = glance(1, attempt, &has) {
                self.keep(gap + step);
                return Some(found);
            }
        }
        if self.is_shy() {
            return None;
        }
        let mut now = now_ns();
        let mut end = self.length.end(spin, now);
        let last = deadline.instant().unwrap_or(u64::MAX);
        let mut patience = if who == Who::Worker && spin.is_crowd() { PATIENCE } else { 0 };
        loop {
            let before = now;
            let found = match spin.manner {
                Manner::Keen => {
                    self.keep(KEEN);
                    self.share(spin);
                    (0..KEEN).find_map(|_| glance(1, attempt, &has))
                }
                _ => {
                    away(true);
                    std::thread::yield_now();
                    away(false);
                    None
                }
            };
            now = now_ns();
            let found = found.or_else(&mut *attempt);
            let away_ns = now - before;
            let lost = spin.is_crowd() && !has(0) && self.has_lost(who, away_ns);
            if patience > 0 && away_ns > WANTED_NS {
                (patience, end) = (patience - 1, end.saturating_add(away_ns));
            }
            if found.is_some() || now >= end.min(last) || lost {
                return found;
            }
        }
    }

    /// Whether whoever yielded for so long had better slept.
    #[cfg(not(loom))]
    fn has_lost(&self, who: Who, yielded_ns: u64) -> bool {
        let (most, shyness) = match who {
            Who::Worker => (GAIN_NS, 1),
            Who::Host => (LOSS_NS, SHYNESS),
        };
        let lost = yielded_ns > most;
        if lost {
            self.shy.store(shyness, Ordering::Relaxed);
        }
        lost
    }

    /// Whether it is better to sleep than to yield.
    #[cfg(not(loom))]
    fn is_shy(&self) -> bool {
        let shy = self.shy.load(Ordering::Relaxed);
        if shy > 0 {
            self.shy.store(shy - 1, Ordering::Relaxed);
        }
        shy > 0
    }

    /// Notes so many pauses.
    #[cfg(not(loom))]
    fn keep(&self, pauses: u64) {
        self.kept.store(self.kept.load(Ordering::Relaxed) + pauses, Ordering::Relaxed);
    }

    /// Gives the core away if it was kept for long, and learns whether another wanted it.
    #[cfg(not(loom))]
    fn share(&self, spin: Spin) {
        let company = self.company.load(Ordering::Relaxed);
        let most = if spin.is_crowd() || company > 0 { KEEPS } else { KEEPS_ALONE };
        if self.kept.load(Ordering::Relaxed) < most {
            return;
        }
        self.kept.store(0, Ordering::Relaxed);
        let company = if give_way() { COMPANY } else { company.saturating_sub(1) };
        self.company.store(company, Ordering::Relaxed);
    }

    /// In the model one look is as good as many.
    #[cfg(loom)]
    pub(crate) fn look<T>(
        &self,
        spin: Spin,
        _: Who,
        _: Deadline,
        attempt: &mut impl FnMut() -> Option<T>,
        _: impl Fn(u64) -> bool,
        mut away: impl FnMut(bool),
    ) -> Option<T> {
        if spin.ns == 0 {
            return None;
        }
        away(true);
        away(false);
        attempt()
    }

    /// Whether enough came while a waiter paused so often, and the most that it may.
    fn learn(&self, gap: u64, enough: bool, most: u64) {
        let next = if enough { (2 * gap + 1).min(most) } else { gap / 2 };
        if next != gap {
            self.gap.store(next, Ordering::Relaxed);
        }
    }
}

/// Gives the core away once. Whether another thread took it.
pub(crate) fn give_way() -> bool {
    let before = now_ns();
    std::thread::yield_now();
    now_ns() - before > WANTED_NS
}

#[cfg(not(loom))]
fn pause(times: u64) {
    (0..times).for_each(|_| std::hint::spin_loop());
}

/// One look behind so many pauses. It asks for the backlog first, which disturbs the partner less
/// than an attempt.
#[cfg(not(loom))]
fn glance<T>(
    pauses: u64,
    attempt: &mut impl FnMut() -> Option<T>,
    has: &impl Fn(u64) -> bool,
) -> Option<T> {
    pause(pauses);
    if has(0) { attempt() } else { None }
}

#[cfg(all(test, not(loom)))]
mod tests;

//! Looking for news before going to sleep: for how long, and how.
//!
//! # Why a waiter first stays away
//! A consumer that is faster than its producer arrives at the end of the queue again and again,
//! and each look there takes the cache lines away that the producer is about to write: both go
//! at the pace of lines travelling. So a waiter pauses before its first look, for longer each
//! time that enough came meanwhile (one item for three pauses of some 25 ns), for half as long each
//! time that it did not: streams are taken in bites, and a single job is not kept waiting.
//!
//! # Why a crowd yields
//! Where the workers take all cores, the host sits on the core of one of them, and whoever pauses
//! there keeps the other from its work: of two workers on two cores, with jobs of 1 us, one did
//! them all. So in a crowd a waiter pauses for half a microsecond at most, then gives its core
//! away between looks, and gives it away at once every few times, for a partner on another core
//! may bring news in time for ever. A worker that finds that another used its core meanwhile looks
//! no longer: its search would only keep those from being woken who have a core to themselves.
//!
//! # What a look learns
//! A look that ends in sleep was in vain. After some in a row looks become shorter, down to a
//! sixteenth; every sixteenth is long again, and one that finds something makes all long.

use crate::clock::Deadline;
use crate::config::Waiting;
use crate::sync::{AtomicU64, Ordering};

/// The longest that a waiter stays away before its first look: about 1.5 us.
const MOST_PAUSES: u64 = 63;
/// Looks before the yielding ones; before each the pauses are doubled. 5 us.
#[cfg(not(loom))]
const STEPS: u32 = 7;
/// The same in a crowd: 0.5 us.
#[cfg(not(loom))]
const STEPS_IN_CROWD: u32 = 4;
/// Whoever yields is served after all others on its core, some milliseconds each if they have long
/// jobs; whoever sleeps is served when it is woken. After such a loss waiters sleep for a while.
#[cfg(not(loom))]
const LOSS_NS: u64 = 500_000;
#[cfg(not(loom))]
const SHYNESS: u64 = 64;
/// In a crowd a host gives its core away after so many pauses, some 8 us.
#[cfg(not(loom))]
const KEEPS: u64 = 400;
/// A yield that takes longer was another thread's gain.
#[cfg(not(loom))]
const GAIN_NS: u64 = 4_000;
/// A look for low latency lasts so many times as long as another.
const KEEN: u64 = 50;

/// How a waiter looks before it sleeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spin {
    /// For how long, behind its pauses; 0 does not look.
    ns: u64,
    /// How many pauses it may stay away: no more than a quarter of all that may be in flight
    /// takes, or everybody would end up waiting for it.
    most: u64,
    manner: Manner,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// It has its core to itself.
    Alone,
    /// The same, and no time to lose.
    Keen,
    /// It may sit on a core that another thread needs.
    Crowd,
    /// It does, and never pauses.
    Yields,
}

impl Spin {
    /// Sleeps at once.
    pub(crate) const NONE: Spin = Spin { ns: 0, most: 0, manner: Manner::Yields };

    /// The way of an executor's threads, where so many items may be in flight. `crowd`: there is no
    /// core beside those of its workers.
    pub(crate) fn new(waiting: Waiting, ns: u64, in_flight: usize, crowd: bool) -> Spin {
        let most = MOST_PAUSES.min(in_flight as u64 / 4);
        match waiting {
            Waiting::Power => Spin::NONE,
            Waiting::Latency if !crowd => {
                Spin { ns: ns.saturating_mul(KEEN), most: 0, manner: Manner::Keen }
            }
            _ if crowd => Spin { ns, most, manner: Manner::Crowd },
            _ => Spin { ns, most, manner: Manner::Alone },
        }
    }

    /// For a thread between two others, of which one may need its core: it never pauses. Where
    /// three share two cores, a stream of jobs to a worker process takes 0.7 to 0.8 of the time
    /// that it takes with pauses.
    pub(crate) fn yielding(self) -> Spin {
        Spin { most: 0, manner: Manner::Yields, ..self }
    }

    /// The same as one word, for a worker process.
    #[cfg(not(loom))]
    pub(crate) fn word(self) -> u64 {
        self.ns << 2 | self.manner as u64
    }

    /// What [`Spin::word`] says, where so many items may be in flight.
    #[cfg(not(loom))]
    pub(crate) fn of_word(word: u64, in_flight: usize) -> Spin {
        let manners = [Manner::Alone, Manner::Keen, Manner::Crowd, Manner::Yields];
        let manner = manners[(word & 3) as usize];
        let paced = matches!(manner, Manner::Alone | Manner::Crowd);
        let most = if paced { MOST_PAUSES.min(in_flight as u64 / 4) } else { 0 };
        Spin { ns: word >> 2, most, manner }
    }

    /// Whether one who searches is enough, for others would be in each other's way.
    pub(crate) fn is_crowd(self) -> bool {
        self.manner == Manner::Crowd
    }
}

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// One of several, any of whom will do.
    Worker,
    /// One who waits for something of its own.
    Host,
}

/// What the waiters of one event have learnt of the pace at which its news comes.
#[derive(Default)]
pub(crate) struct Pace {
    /// Pauses before the first look.
    gap: AtomicU64,
    /// Looks in vain since one that paid.
    misses: AtomicU64,
    /// Looks that found something, and others.
    paid: AtomicU64,
    vain: AtomicU64,
    /// Pauses since the host last gave its core away, in a crowd.
    kept: AtomicU64,
    /// Looks that will not yield, for one who did came back late.
    shy: AtomicU64,
}

impl Pace {
    /// How many looks found something before the sleep that they put off, and how many did not.
    pub(crate) fn looks(&self) -> (u64, u64) {
        (self.paid.load(Ordering::Relaxed), self.vain.load(Ordering::Relaxed))
    }

    /// As new.
    pub(crate) fn clear(&self) {
        [&self.gap, &self.misses, &self.paid, &self.vain]
            .into_iter()
            .for_each(|count| count.store(0, Ordering::Relaxed));
    }

    /// Looks again and again for as long as `spin` allows: first with pauses, which is enough for
    /// a partner that is running, then yielding, for a partner that wants this core.
    #[cfg(not(loom))]
    pub(crate) fn look<T>(
        &self,
        spin: Spin,
        who: Who,
        deadline: Deadline,
        attempt: &mut impl FnMut() -> Option<T>,
        has: impl Fn(u64) -> bool,
    ) -> Option<T> {
        if spin.ns == 0 {
            return None;
        }
        let found = self.look_on(spin, who, deadline, attempt, has);
        self.count(found.is_some());
        found
    }

    #[cfg(not(loom))]
    fn look_on<T>(
        &self,
        spin: Spin,
        who: Who,
        deadline: Deadline,
        attempt: &mut impl FnMut() -> Option<T>,
        has: impl Fn(u64) -> bool,
    ) -> Option<T> {
        let gap = self.gap.load(Ordering::Relaxed);
        let steps = match spin.manner {
            Manner::Yields => 0,
            Manner::Keen => 1,
            Manner::Alone => STEPS,
            Manner::Crowd if who == Who::Worker => STEPS_IN_CROWD,
            Manner::Crowd if self.is_turn_of_others() => 0,
            Manner::Crowd => STEPS,
        };
        if steps > 0 {
            pause(gap);
            self.learn(gap, has(gap / 3), spin.most);
        }
        if let Some(found) = glance(0, attempt, &has) {
            return Some(found);
        }
        for step in 0..steps {
            if let Some(found) = glance(1 << step, attempt, &has) {
                self.count_pauses(spin, 1 << step);
                return Some(found);
            }
        }
        if self.is_shy() {
            return None;
        }
        let mut now = crate::clock::now_ns();
        let end = now.saturating_add(self.budget(spin));
        let end = deadline.instant().map_or(end, |instant| instant.min(end));
        loop {
            let before = now;
            let found = match spin.manner {
                Manner::Keen => (0..KEEN).find_map(|_| glance(1, attempt, &has)),
                _ => {
                    std::thread::yield_now();
                    None
                }
            };
            now = crate::clock::now_ns();
            let found = found.or_else(&mut *attempt);
            let lost = spin.is_crowd() && !has(0) && self.has_lost(who, now - before);
            if found.is_some() || now >= end || lost {
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

    /// Notes how long a host kept its core.
    #[cfg(not(loom))]
    fn count_pauses(&self, spin: Spin, pauses: u64) {
        if spin.manner == Manner::Crowd {
            self.kept.fetch_add(2 * pauses, Ordering::Relaxed);
        }
    }

    #[cfg(not(loom))]
    fn is_turn_of_others(&self) -> bool {
        let turn = self.kept.load(Ordering::Relaxed) > KEEPS;
        if turn {
            self.kept.store(0, Ordering::Relaxed);
        }
        turn
    }

    /// How long this look may last.
    #[cfg(not(loom))]
    fn budget(&self, spin: Spin) -> u64 {
        let misses = self.misses.load(Ordering::Relaxed);
        if spin.manner == Manner::Keen || misses.is_multiple_of(16) {
            return spin.ns;
        }
        spin.ns >> misses.saturating_sub(2).min(4)
    }

    #[cfg(not(loom))]
    fn count(&self, paid: bool) {
        if paid {
            self.paid.fetch_add(1, Ordering::Relaxed);
            if self.misses.load(Ordering::Relaxed) > 0 {
                self.misses.store(0, Ordering::Relaxed);
            }
        } else {
            self.vain.fetch_add(1, Ordering::Relaxed);
            self.misses.fetch_add(1, Ordering::Relaxed);
        }
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
    ) -> Option<T> {
        if spin.ns == 0 { None } else { attempt() }
    }

    /// Whether enough came while a waiter paused so often, and the most that it may.
    fn learn(&self, gap: u64, enough: bool, most: u64) {
        let next = if enough { (2 * gap + 1).min(most) } else { gap / 2 };
        if next != gap {
            self.gap.store(next, Ordering::Relaxed);
        }
    }
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

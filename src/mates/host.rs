//! The host as one who shares its CPU with workers: a thread that waits for results, the last one that
//! did.
//!
//! All that is known of it are hints, see [`super`].

use crate::os::machine::current_cpu;
use crossbeam_utils::CachePadded;
use std::sync::atomic::{AtomicU64, Ordering};

/// What somebody is at: nothing, work, or work that others need not wait for any more.
pub(super) const IDLE: u64 = 0;
pub(super) const AT_WORK: u64 = 1;
pub(super) const HAS_HAD_ITS_TURN: u64 = 2;
/// A host that waits, and will be woken.
const ASLEEP: u64 = 3;
/// One that waits for a result, to go on with something else.
const KEEN: u64 = 4;

/// No CPU.
pub(super) const NOWHERE: u64 = u64::MAX;

/// It is known to sit on a CPU if it waited there for so long: the next wait will tell, too.
pub(super) const WAITED_NS: u64 = 1_000;
/// One that takes so long between two waits did something else there...
pub(super) const ELSE_NS: u64 = 50_000;
/// ...which counts so much, and a wait without it one less, up to `MOST`. From `ENOUGH` on it is keen. To
/// have done so once or twice is not enough: another thread had its core, or it woke workers.
pub(super) const EACH: u64 = 16;
pub(super) const ENOUGH: u64 = 48;
pub(super) const MOST: u64 = 64;

/// How a host waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Not here, or not for this core.
    No,
    /// To poll and put.
    ForResults,
    /// For the first result, to go on with something else.
    ForOne,
    /// Asleep, until it is woken.
    Asleep,
}

impl Wait {
    /// Whether it runs as soon as it has its core.
    pub(crate) fn is_awake(self) -> bool {
        matches!(self, Wait::ForResults | Wait::ForOne)
    }
}

/// See the module.
pub(crate) struct Host {
    /// All workers read it, so it is seldom written.
    cpu: CachePadded<AtomicU64>,
    /// Of no interest to other CPUs, as all that follows.
    state: CachePadded<AtomicU64>,
    /// How many jobs had their outcome when it asked for a result in vain.
    asked: AtomicU64,
    /// When it has waited last.
    left: AtomicU64,
    /// How much it seems to do something else between its waits.
    keen: AtomicU64,
}

impl Host {
    pub(super) fn new() -> Host {
        Host {
            cpu: AtomicU64::new(NOWHERE).into(),
            state: AtomicU64::new(IDLE).into(),
            asked: AtomicU64::new(u64::MAX),
            left: AtomicU64::new(u64::MAX),
            keen: AtomicU64::new(0),
        }
    }

    /// What it is at, if it sits there.
    #[inline]
    pub(super) fn state_at(&self, cpu: u64) -> Option<&AtomicU64> {
        (self.cpu.load(Ordering::Relaxed) == cpu).then_some(&*self.state)
    }

    /// How it waits there.
    #[inline]
    pub(super) fn waits_at(&self, cpu: u64) -> Wait {
        match self.state_at(cpu).map(|state| state.load(Ordering::Relaxed)) {
            Some(IDLE) => Wait::ForResults,
            Some(KEEN) => Wait::ForOne,
            Some(ASLEEP) => Wait::Asleep,
            _ => Wait::No,
        }
    }

    /// Whether it waits for one result, to go on with something else.
    pub(crate) fn is_keen(&self) -> bool {
        self.state.load(Ordering::Relaxed) == KEEN
    }

    /// It gives its core away. Answers what is to be told to [`Host::returns`].
    pub(crate) fn leaves(&self) -> u64 {
        let state = self.state.load(Ordering::Relaxed);
        self.state.store(IDLE, Ordering::Relaxed);
        state
    }

    /// It waits, and will be woken when it is to have its core. Answers as [`Host::leaves`].
    pub(crate) fn sleeps(&self) -> u64 {
        let state = self.leaves();
        self.state.store(ASLEEP, Ordering::Relaxed);
        state
    }

    /// It has its core again.
    pub(crate) fn returns(&self, state: u64) {
        self.state.store(state, Ordering::Relaxed);
    }

    /// It begins to wait for results.
    pub(crate) fn awaits(&self, now: u64) {
        let keen = self.keen.load(Ordering::Relaxed);
        let next = match now.saturating_sub(self.left.load(Ordering::Relaxed)) > ELSE_NS {
            true => (keen + EACH).min(MOST),
            false => keen.saturating_sub(1),
        };
        if next != keen {
            self.keen.store(next, Ordering::Relaxed);
        }
        let is_keen = next >= ENOUGH;
        self.state.store(if is_keen { KEEN } else { IDLE }, Ordering::Relaxed);
    }

    /// It goes on with something else, having waited for so long until `now`.
    pub(crate) fn works(&self, waited_ns: u64, now: u64) {
        if waited_ns > WAITED_NS {
            self.sits(current_cpu().map_or(NOWHERE, |cpu| cpu as u64));
        }
        self.left.store(now, Ordering::Relaxed);
        self.state.store(AT_WORK, Ordering::Relaxed);
    }

    /// It asked in vain, when so many jobs had their outcome. One that asks again and again instead of
    /// waiting would always seem to be at work; one that polls until there is nothing goes on with
    /// something else.
    pub(crate) fn asks(&self, resolved: u64) {
        if self.asked.load(Ordering::Relaxed) == resolved {
            self.sits(NOWHERE);
        }
        self.asked.store(resolved, Ordering::Relaxed);
    }

    fn sits(&self, cpu: u64) {
        if self.cpu.load(Ordering::Relaxed) != cpu {
            self.cpu.store(cpu, Ordering::Relaxed);
        }
    }
}

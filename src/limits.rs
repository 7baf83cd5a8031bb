//! How long jobs may run, and how the **warden** sleeps, a thread that acts when one ran too long
//! ([`crate::warden`]): for ever while nothing runs, and till the next job is due while something
//! does.
//!
//! ```text
//! worker                              warden
//!   L1  write desk, begin, limit        M1  look at all desks: when is the next due
//!   L2  light fence                     M2  write that: when it will look again
//!   L3  due before the warden looks?    M3  heavy fence, look at all desks again
//!       make that earlier (RMW), fence, M4  sleep till then, or till it was made earlier
//!       wake it
//! ```
//!
//! Either L3 sees what M2 wrote, or M3 sees the job. A worker whose job is due later than what the
//! warden waits for does nothing: where all jobs may run as long, that is each but the first. So a
//! busy executor wakes it about once in such a time, an idle one once more.
//!
//! To cancel a job at a worker process also makes the warden look, where the process may be killed
//! for it.

use crate::barrier;
use crate::clock::Deadline;
use crate::event::Event;
use crate::spin::Spin;
use crate::sync::{AtomicU64, Ordering, fence_after_rmw};
use crossbeam_utils::CachePadded;

/// Further away than any instant; as a time, without end.
pub(crate) const NEVER: u64 = u64::MAX;

/// See the module.
pub(crate) struct Limits {
    /// How long a job may run unless its put says otherwise, in nanoseconds; 0 where no put may,
    /// and jobs have no limits.
    pub(crate) usual: u64,
    /// How long a process may go on with a job that was cancelled.
    pub(crate) kill_after: u64,
    /// How long a thread may go on with a job that is past its limit, and how many such threads
    /// there may be that are replaced.
    pub(crate) abandon_after: u64,
    pub(crate) most_abandoned: usize,
    /// When the warden looks again.
    looks: CachePadded<AtomicU64>,
}

/// When a job is due that began then and may run for so long, if it has a limit.
pub(crate) fn due(since: u64, limit: u64) -> u64 {
    if limit == 0 { NEVER } else { since.saturating_add(limit) }
}

/// Why the warden woke.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Woken {
    /// It is to look.
    Look,
    /// The executor closes.
    GoHome,
}

impl Limits {
    /// Limits of so many nanoseconds, of which 0 is none.
    pub(crate) fn new(
        usual: u64,
        kill_after: u64,
        abandon_after: u64,
        most_abandoned: u32,
    ) -> Limits {
        let some = |ns| if ns == 0 { NEVER } else { ns };
        Limits {
            usual,
            kill_after: some(kill_after),
            abandon_after: some(abandon_after),
            most_abandoned: most_abandoned as usize,
            looks: CachePadded::new(AtomicU64::new(NEVER)),
        }
    }

    /// L2 and L3, for a job that is due then.
    #[inline]
    pub(crate) fn begins(&self, due: u64, alarm: &Event) {
        barrier::light();
        if due < self.looks.load(Ordering::Relaxed) {
            self.look_by(due, alarm);
        }
    }

    /// The warden is to look at once: something has changed on a desk.
    pub(crate) fn look_now(&self, alarm: &Event) {
        self.look_by(0, alarm);
    }

    #[cold]
    fn look_by(&self, due: u64, alarm: &Event) {
        self.looks.fetch_min(due, Ordering::AcqRel);
        fence_after_rmw();
        alarm.notify_one();
    }

    /// M1 to M4. `next` looks at all desks and says when the next is due.
    pub(crate) fn sleep(
        &self,
        alarm: &Event,
        closed: impl Fn() -> bool,
        mut next: impl FnMut() -> u64,
    ) -> Woken {
        let due = next();
        self.looks.swap(due, Ordering::AcqRel);
        #[cfg(not(control = "warden_fence"))]
        barrier::heavy();
        if next() < due {
            return Woken::Look;
        }
        let attempt = || match (closed(), self.looks.load(Ordering::Acquire) < due) {
            (true, _) => Some(Woken::GoHome),
            (_, true) => Some(Woken::Look),
            _ => None,
        };
        let deadline = if due == NEVER { Deadline::NEVER } else { Deadline::at(due) };
        let woken = alarm.wait(Spin::NONE, deadline, attempt, |_| false);
        woken.unwrap_or(Woken::Look)
    }
}

#[cfg(all(test, loom))]
mod models;

//! Deadlines. Every wait of the library takes one.

use std::time::Duration;

#[cfg(not(loom))]
pub(crate) use crate::os::clock::now_ns;

/// In the model time stands still.
#[cfg(loom)]
pub(crate) fn now_ns() -> u64 {
    0
}

/// An instant of the monotonic clock by which a call returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deadline(Option<u64>);

impl Deadline {
    /// Only for workers that wait for work: they are woken by `close`.
    pub(crate) const NEVER: Deadline = Deadline(None);

    /// That many nanoseconds from now; beyond the end of the clock (584 years) is never.
    pub(crate) fn after(timeout_ns: u64) -> Deadline {
        Deadline(now_ns().checked_add(timeout_ns))
    }

    /// The instant, for the kernel.
    pub(crate) fn instant(self) -> Option<u64> {
        self.0
    }

    /// Whether it lies behind us.
    pub(crate) fn passed(self) -> bool {
        self.0.is_some_and(|at| now_ns() >= at)
    }
}

impl From<Duration> for Deadline {
    fn from(timeout: Duration) -> Deadline {
        Deadline::after(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX))
    }
}

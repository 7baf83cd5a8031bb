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

    /// That instant.
    pub(crate) fn at(instant: u64) -> Deadline {
        Deadline(Some(instant))
    }

    /// Whether it comes no later than the other.
    pub(crate) fn is_before(self, other: Deadline) -> bool {
        self.0.unwrap_or(u64::MAX) <= other.0.unwrap_or(u64::MAX)
    }

    /// Half of what is left until then.
    pub(crate) fn halfway(self) -> Deadline {
        let now = now_ns();
        Deadline(self.0.map(|at| now + at.saturating_sub(now) / 2))
    }

    /// The later of the two.
    pub(crate) fn max(self, other: Deadline) -> Deadline {
        Deadline(self.0.zip(other.0).map(|(one, two)| one.max(two)))
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

/// How long a call may wait: a deadline that is not yet fixed, so that a call that does not
/// have to wait reads no clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeout(pub(crate) u64);

impl Timeout {
    /// That many nanoseconds from now; beyond the end of the clock (584 years) is never.
    pub(crate) fn deadline(self) -> Deadline {
        self.counted_from(now_ns())
    }

    /// That many nanoseconds from that instant.
    pub(crate) fn counted_from(self, now: u64) -> Deadline {
        Deadline(now.checked_add(self.0))
    }
}

impl From<Duration> for Timeout {
    fn from(timeout: Duration) -> Timeout {
        Timeout(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX))
    }
}

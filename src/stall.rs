//! Noticing that pollers wait and nothing comes: once a stall, the one that has waited is told to
//! say so. Costs who waits a few loads, and nobody else anything.

use crate::clock::Deadline;
use crate::sync::{AtomicU64, Ordering};
use std::sync::OnceLock;

/// Tells the user. Given how many nanoseconds nobody got anything.
type Report = Box<dyn Fn(u64) + Send + Sync>;

/// See the module.
pub(crate) struct Stalls {
    after_ns: u64,
    /// How many jobs had their outcome when somebody began to wait, plus one; and when that was.
    resolved: AtomicU64,
    since: AtomicU64,
    /// What `resolved` was at the last report.
    told: AtomicU64,
    report: OnceLock<Report>,
}

impl Stalls {
    /// Pollers that wait so long have met a stall; 0 is never.
    pub(crate) fn new(after_ns: u64) -> Stalls {
        let [resolved, since, told] = [0; 3].map(AtomicU64::new);
        Stalls { after_ns, resolved, since, told, report: OnceLock::new() }
    }

    /// Says how stalls are told of. Once.
    pub(crate) fn tell_by(&self, report: impl Fn(u64) + Send + Sync + 'static) {
        let _ = self.report.set(Box::new(report));
    }

    /// Waits until the deadline by `wait`, interrupted by the report where there is a stall.
    pub(crate) fn watch<T>(
        &self,
        now: u64,
        deadline: Deadline,
        resolved: impl Fn() -> u64,
        wait: impl Fn(Deadline) -> Option<T>,
    ) -> Option<T> {
        if self.after_ns == 0 {
            return wait(deadline);
        }
        let mut now = now;
        loop {
            let stall = Deadline::at(self.begin(now, resolved()).saturating_add(self.after_ns));
            if deadline.is_before(stall) {
                return wait(deadline);
            }
            if let Some(found) = wait(stall) {
                return Some(found);
            }
            now = stall.instant().unwrap_or(now);
            if !self.tell(now, resolved()) {
                continue; // Others got something meanwhile.
            }
            return wait(deadline);
        }
    }

    /// Somebody waits. Since when nobody got anything.
    fn begin(&self, now: u64, resolved: u64) -> u64 {
        if self.resolved.load(Ordering::Acquire) == resolved + 1 {
            return self.since.load(Ordering::Relaxed);
        }
        self.since.store(now, Ordering::Relaxed);
        self.resolved.store(resolved + 1, Ordering::Release);
        now
    }

    /// Reports a stall, unless there is none or another has.
    fn tell(&self, now: u64, resolved: u64) -> bool {
        let since = self.since.load(Ordering::Relaxed);
        let stalls = self.resolved.load(Ordering::Acquire) == resolved + 1;
        if stalls
            && self.told.swap(resolved + 1, Ordering::AcqRel) != resolved + 1
            && let Some(report) = self.report.get()
        {
            report(now.saturating_sub(since));
        }
        stalls
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::cell::{Cell, RefCell};
    use std::sync::{Arc, Mutex};

    const SECOND: u64 = 1_000_000_000;

    /// Waits of 10 s each from 0 on, of which that one finds something; `resolved` says how many
    /// jobs had their outcome by then. Answers when a stall was reported.
    fn reports(after: u64, waits: u64, found: Option<u64>, resolved: fn(u64) -> u64) -> Vec<u64> {
        let stalls = Stalls::new(after * SECOND);
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = told.clone();
        stalls.tell_by(move |ns| tell.lock().unwrap().push(ns / SECOND));
        let time = Cell::new(0);
        let parts = RefCell::new(Vec::new());
        for wait in 0..waits {
            let (now, end) = (wait * 10 * SECOND, (wait + 1) * 10 * SECOND);
            time.set(now);
            let found = stalls.watch(
                now,
                Deadline::at(end),
                || resolved(time.get() / SECOND),
                |until| {
                    parts.borrow_mut().push(until);
                    time.set(until.instant().unwrap());
                    (found == Some(wait)).then_some(())
                },
            );
            assert!(found.is_some() || time.get() == end);
        }
        told.lock().unwrap().clone()
    }

    #[test]
    fn a_stall_is_told_once() {
        assert_eq!(reports(30, 20, None, |_| 0), [30]);
        assert_eq!(reports(3, 20, None, |_| 0), [3]);
    }

    #[test]
    fn each_stall_is_told() {
        // A result at 50 s and one at 120 s.
        let resolved = |now| u64::from(now >= 50) + u64::from(now >= 120);
        assert_eq!(reports(30, 20, None, resolved), [30, 30, 30]);
    }

    #[test]
    fn no_stall_is_told_where_results_come() {
        assert_eq!(reports(30, 20, None, |now| now / 20), [] as [u64; 0]);
        assert_eq!(reports(0, 20, None, |_| 0), [] as [u64; 0]);
        assert_eq!(reports(30, 2, Some(1), |_| 0), [] as [u64; 0]);
    }
}

//! How many workers that died may be replaced: so many in all, or within a time.

use crate::clock::now_ns;
use crate::config::Config;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// See the module.
pub(crate) struct Budget {
    most: usize,
    window_ns: Option<u64>,
    backoff_ns: u64,
    spent: Mutex<Spent>,
}

#[derive(Default)]
struct Spent {
    total: u64,
    /// When the latest were, at most as many as there may be in the window.
    times: VecDeque<u64>,
}

impl Budget {
    /// What the configuration allows, all of it left.
    pub(crate) fn new(config: &Config) -> Budget {
        Budget {
            most: config.max_restarts as usize,
            window_ns: (config.restart_window_ns > 0).then_some(config.restart_window_ns),
            backoff_ns: config.restart_backoff_ns,
            spent: Mutex::default(),
        }
    }

    /// Takes one. False if none is left.
    pub(crate) fn take(&self) -> bool {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now_ns();
        let begin = self.window_ns.map_or(0, |window| now.saturating_sub(window));
        while spent.times.front().is_some_and(|time| *time < begin) {
            spent.times.pop_front();
        }
        if spent.times.len() >= self.most {
            return false;
        }
        spent.times.push_back(now);
        spent.total += 1;
        true
    }

    /// How many were ever taken.
    pub(crate) fn total(&self) -> u64 {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner).total
    }

    /// How long to wait before the next replacement, after so many deaths in a row that came
    /// before a job was done: not at all, then twice as long each time.
    pub(crate) fn pause_ns(&self, failures: u32) -> u64 {
        let doubled = 1_u64.checked_shl(failures.saturating_sub(2)).unwrap_or(u64::MAX);
        if failures < 2 { 0 } else { self.backoff_ns.saturating_mul(doubled.min(100)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_spent_and_a_window_gives_it_back() {
        let config = Config { max_restarts: 2, ..Config::default() };
        let budget = Budget::new(&config);
        assert_eq!([budget.take(), budget.take(), budget.take()], [true, true, false]);
        assert_eq!(budget.total(), 2);
        let budget = Budget::new(&Config { restart_window_ns: 1, ..config });
        let end = now_ns() + 10_000_000_000;
        let mut taken = 0;
        while taken < 5 && now_ns() < end {
            taken += u64::from(budget.take());
        }
        assert_eq!((taken, budget.total()), (5, 5));
    }

    #[test]
    fn deaths_in_a_row_are_replaced_more_and_more_slowly() {
        let budget = Budget::new(&Config { restart_backoff_ns: 7, ..Config::default() });
        let pauses = [0, 1, 2, 3, 4, 200].map(|failures| budget.pause_ns(failures));
        assert_eq!(pauses, [0, 0, 7, 14, 28, 700]);
    }
}

//! What a stress round does, drawn by lot from a seed.

use crate::random::Random;
use crate::support::config;
use jobexec::{Config, Waiting};
use std::thread::panicking;

/// What a round does.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) config: Config,
    pub(crate) producers: u64,
    pub(crate) pollers: u64,
    pub(crate) jobs: usize,
    /// How many puts there are for each reset; 0 for none.
    pub(crate) puts_a_reset: u64,
    /// How many puts there are for each job that is cancelled; 0 for none.
    pub(crate) puts_a_cancel: u64,
    /// How many puts and polls there are for each that waits; 0 for none.
    pub(crate) calls_a_wait: u64,
    /// How many jobs there are for each that takes half a millisecond; 0 for none.
    pub(crate) jobs_a_long: u64,
    pub(crate) ending: Ending,
    /// The payload with which the end comes, unless there are fewer.
    pub(crate) ends_at: usize,
    /// Whether the executor is dropped without being closed first.
    pub(crate) unclosed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Finish,
    Close,
    Abort,
}

impl Plan {
    pub(crate) fn new(seed: u64) -> Plan {
        let mut random = Random::new(seed);
        let jobs = random.pick(&[10, 1_000, 100_000]);
        let timing = random.one_in(2);
        Plan {
            seed,
            config: Config {
                results: random.pick(&[0, 1, 2, 5, 64, 300]),
                queue_per_worker: random.pick(&[1, 2, 100]),
                spin_ns: random.pick(&[0, Config::default().spin_ns]),
                waiting: random.pick(&[Waiting::Balanced, Waiting::Latency, Waiting::Power]),
                timing,
                retries: random.pick(&[0, 1, 2]),
                retry_failed: random.one_in(3),
                retry_backoff_ns: random.pick(&[0, 20_000]),
                // None comes to it, but threads take the longer way.
                job_timeout_ns: if timing && random.one_in(3) { u64::MAX } else { 0 },
                ordered: random.one_in(2),
                seed,
                ..config(random.pick(&[1, 2, 4]))
            },
            producers: random.pick(&[1, 2, 4]),
            pollers: random.pick(&[1, 2, 3]),
            jobs: jobs as usize,
            puts_a_reset: random.pick(&[0, 0, 50, 2_000]),
            puts_a_cancel: random.pick(&[0, 0, 3, 100]),
            calls_a_wait: random.pick(&[0, 1, 2, 20]),
            jobs_a_long: random.pick(&[0, 0, 0, 50]),
            ending: random.pick(&[Ending::Finish, Ending::Close, Ending::Abort]),
            ends_at: random.below(jobs) as usize,
            unclosed: random.one_in(3),
        }
    }
}

impl Plan {
    /// How often a job is begun that always fails.
    pub(crate) fn attempts(&self) -> u64 {
        if self.config.retry_failed { u64::from(self.config.retries) + 1 } else { 1 }
    }
}

/// Names the plan of a round that fails.
impl Drop for Plan {
    fn drop(&mut self) {
        if panicking() {
            eprintln!("{self:?}");
        }
    }
}

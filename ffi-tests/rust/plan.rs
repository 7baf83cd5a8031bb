//! What a stress round does, drawn by lot from a seed.

use crate::support::config;
use jobexec::Config;
use std::thread::panicking;

/// Xorshift (Marsaglia 2003).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        (0..4).for_each(|_| _ = random.below(1)); // Takes seeds apart that differ little.
        random
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % end
    }

    /// Once in so many times; never where that is 0.
    pub(crate) fn one_in(&mut self, times: u64) -> bool {
        times > 0 && self.below(times) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, choice: &[T]) -> T {
        choice[self.below(choice.len() as u64) as usize]
    }
}

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
    /// How many puts and polls there are for each that waits; 0 for none.
    pub(crate) calls_a_wait: u64,
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
        Plan {
            seed,
            config: Config {
                results: random.pick(&[0, 1, 2, 5, 64, 300]),
                queue_per_worker: random.pick(&[1, 2, 100]),
                spin_ns: random.pick(&[0, Config::default().spin_ns]),
                timing: random.one_in(2),
                seed,
                ..config(random.pick(&[1, 2, 4]))
            },
            producers: random.pick(&[1, 2, 4]),
            pollers: random.pick(&[1, 2, 3]),
            jobs: jobs as usize,
            puts_a_reset: random.pick(&[0, 0, 50, 2_000]),
            calls_a_wait: random.pick(&[0, 1, 2, 20]),
            ending: random.pick(&[Ending::Finish, Ending::Close, Ending::Abort]),
            ends_at: random.below(jobs) as usize,
            unclosed: random.one_in(3),
        }
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

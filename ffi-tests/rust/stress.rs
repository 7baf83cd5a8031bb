//! Many threads at once, for a while, in every mixture: each payload comes to exactly one end,
//! nothing stale is delivered, and nobody waits in vain.
//!
//! Environment: `JOBEXEC_STRESS_SEED` is where the plans of the rounds come from (a failure names
//! the seed of its round), `JOBEXEC_STRESS_SECONDS` how long each test goes on.

mod ledger;
mod plan;
mod random;
mod round;
mod support;

use jobexec::{Config, Waiting, Workers};
use plan::{Ending, Plan};
use round::Round;
use std::env;
use std::time::{Duration, Instant};
use support::hush;

/// Rounds for a while, each with a plan of its own.
fn stress(adapt: impl Fn(&mut Plan)) {
    hush();
    let number = |name, usual| env::var(name).map_or(usual, |text| text.parse().unwrap());
    let seed = number("JOBEXEC_STRESS_SEED", 1);
    let end = Instant::now() + Duration::from_secs(number("JOBEXEC_STRESS_SECONDS", 8));
    let (mut jobs, mut rounds) = (0, 0);
    for seed in seed.. {
        let mut plan = Plan::new(seed);
        adapt(&mut plan);
        jobs += Round::new(plan).run();
        rounds += 1;
        if Instant::now() > end {
            break;
        }
    }
    println!("{jobs} jobs, {rounds} rounds");
}

#[test]
fn anything_goes() {
    stress(|_| {});
}

#[test]
fn one_place() {
    stress(|plan| (plan.config.results, plan.config.queue_per_worker) = (1, 1));
}

#[test]
fn a_queue_shorter_than_there_are_credits() {
    stress(|plan| (plan.config.results, plan.config.queue_per_worker) = (64, 1));
}

#[test]
fn all_sleep() {
    stress(|plan| (plan.config.spin_ns, plan.calls_a_wait) = (0, 1));
}

/// Hosts sleep while their core is a worker's.
#[test]
fn some_jobs_are_long() {
    stress(|plan| {
        (plan.jobs_a_long, plan.calls_a_wait, plan.config.results) = (20, 1, 64);
        plan.config.waiting = Waiting::Balanced;
        plan.config.spin_ns = Config::default().spin_ns;
    });
}

#[test]
fn many_resets() {
    stress(|plan| (plan.puts_a_reset, plan.calls_a_wait) = (2, 0));
}

#[test]
fn a_close_in_the_middle() {
    stress(|plan| (plan.ending, plan.jobs) = (Ending::Close, plan.jobs.min(2_000)));
}

#[test]
fn an_abort_in_the_middle() {
    stress(|plan| (plan.ending, plan.jobs) = (Ending::Abort, plan.jobs.min(2_000)));
}

#[test]
fn no_workers() {
    stress(|plan| plan.config.workers = Workers::Count(0));
}

//! One thing done for somebody who sleeps.

use super::await_sleep;
use crate::rounds::Contestant;
use std::time::{Duration, Instant};

/// How long nothing happens before it. Not what makes everybody sleep: that is looked at.
const IDLE: Duration = Duration::from_micros(200);

/// A sample is one round trip after a while of idleness, when all those tasks sleep.
pub(crate) fn sleeper<'a>(
    name: &'static str,
    tasks: &'a [String],
    round_trip: impl Fn() + 'a,
) -> Contestant<'a> {
    Contestant::each(name, move || {
        std::thread::sleep(IDLE);
        await_sleep(tasks);
        let start = Instant::now();
        round_trip();
        start.elapsed()
    })
}

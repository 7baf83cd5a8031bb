//! What the tests in Rust have in common. Each of them uses some of it.

#![allow(dead_code)]

use jobexec::{Config, Executor, Failure, JobContext, JobResult, Pinning, Transform, Workers};
use std::panic;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Once};
use std::thread::yield_now;
use std::time::{Duration, Instant};

/// No wait of a correct run takes that long, on whatever machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// What a panic says that a test wants.
pub(crate) const WANTED: &str = "on purpose";

/// What a transform answers.
pub(crate) type Answer = Result<(), Failure>;

/// That many workers, wherever the scheduler puts them: several tests run at a time.
pub(crate) fn config(workers: usize) -> Config {
    Config { workers: Workers::Count(workers), pinning: Pinning::Off, ..Config::default() }
}

/// An executor that must start.
pub(crate) fn start<T: Send + 'static>(
    config: &Config,
    transform: impl Transform<T>,
) -> Executor<T> {
    Executor::start(config, transform, PATIENCE).unwrap_or_else(|error| panic!("{error}"))
}

/// A result that must come.
#[track_caller]
pub(crate) fn next<T: Send>(executor: &Executor<T>) -> JobResult<T> {
    executor.poll_wait(PATIENCE).unwrap_or_else(|status| panic!("{status}\n{}", executor.report()))
}

/// Waits for what another thread does.
#[track_caller]
pub(crate) fn until(condition: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "waited in vain");
        yield_now();
    }
}

/// What transforms wait at until it is opened.
#[derive(Clone, Default)]
pub(crate) struct Door(Arc<AtomicBool>);

impl Door {
    pub(crate) fn open(&self) {
        self.0.store(true, SeqCst);
    }

    pub(crate) fn shut(&self) {
        self.0.store(false, SeqCst);
    }

    pub(crate) fn wait(&self) {
        until(|| self.0.load(SeqCst));
    }
}

/// An executor whose jobs do not end before the door is opened.
pub(crate) fn held<T: Send + 'static>(config: &Config) -> (Executor<T>, Door) {
    let door = Door::default();
    let inside = door.clone();
    let hold = move |_: &mut T, _: &JobContext<'_>| -> Answer {
        inside.wait();
        Ok(())
    };
    (start(config, hold), door)
}

/// Counts how often something was dropped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drops(Arc<AtomicUsize>);

/// What is counted when it is dropped.
#[derive(Debug)]
pub(crate) struct Counted(Drops);

impl Drops {
    pub(crate) fn one(&self) -> Counted {
        Counted(self.clone())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, SeqCst);
    }
}

/// Keeps wanted panics, and those that say nothing, off the standard error.
pub(crate) fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if panic.payload_as_str().is_some_and(|text| !text.contains(WANTED)) {
                usual(panic);
            }
        }));
    });
}

//! A transform with every method: when each is called, and what becomes of its panics.

mod support;

use jobexec::{Config, Executor, JobContext, LogLevel, Status, Transform};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::{Answer, Counted, Door, Drops, PATIENCE, WANTED, config, hush, next, start, until};

/// Tells what was called, panics where it is told to, and holds jobs of payload 0 at the door.
#[derive(Clone, Default)]
struct Teller {
    calls: Arc<Mutex<Vec<String>>>,
    panics: &'static [&'static str],
    refuses: bool,
    /// Whether workers, too, wait for the door before they come in.
    late: bool,
    door: Door,
    drops: Drops,
}

/// A payload that does not like to be dropped.
#[derive(Debug)]
struct Nitroglycerin;

impl Drop for Nitroglycerin {
    fn drop(&mut self) {
        panic!("{WANTED}");
    }
}

impl Teller {
    fn tell(&self, call: &'static str, what: impl std::fmt::Display) {
        self.calls.lock().unwrap().push(format!("{call} {what}"));
        assert!(!self.panics.contains(&call), "{WANTED}");
    }

    fn told(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    fn count(&self, call: &str) -> usize {
        self.told().iter().filter(|told| told.starts_with(call)).count()
    }
}

/// A teller as its executor owns it.
struct Owned {
    teller: Teller,
    _counted: Counted,
}

impl Transform<u32> for Owned {
    fn run(&self, payload: &mut u32, _: &JobContext<'_>) -> Answer {
        self.teller.tell("run", &payload);
        if *payload == 0 {
            self.teller.door.wait();
        }
        Ok(())
    }

    fn enter(&self, worker: usize) -> Result<(), String> {
        self.teller.tell("enter", worker);
        if self.teller.late {
            self.teller.door.wait();
        }
        if self.teller.refuses { Err("not today".to_owned()) } else { Ok(()) }
    }

    fn exit(&self, worker: usize) {
        self.teller.tell("exit", worker);
    }

    fn discard(&self, payload: Box<u32>) {
        self.teller.tell("discard", payload);
    }

    fn log(&self, level: LogLevel, line: &str) {
        self.teller.tell("log", format!("{level:?} {line}"));
    }
}

impl From<&Teller> for Owned {
    fn from(teller: &Teller) -> Owned {
        Owned { teller: teller.clone(), _counted: teller.drops.one() }
    }
}

#[test]
fn each_method_is_called_when_its_time_has_come() {
    let teller = Teller::default();
    let executor = start(&config(1), Owned::from(&teller));
    assert_eq!(teller.told(), ["enter 0"]);
    executor.put(Box::new(1)).unwrap();
    next(&executor);
    executor.put(Box::new(0)).unwrap();
    until(|| executor.stats().running == 1);
    executor.put(Box::new(2)).unwrap();
    executor.reset().unwrap();
    assert_eq!(teller.told(), ["enter 0", "run 1", "run 0", "discard 2"]);
    teller.door.open();
    executor.close(PATIENCE).unwrap();
    assert_eq!(teller.told()[4..], ["discard 0", "exit 0"]);
    assert_eq!(teller.drops.count(), 0);
    drop(executor);
    assert_eq!((teller.drops.count(), teller.told().len()), (1, 6));
}

#[test]
fn every_worker_enters_and_exits_once() {
    let teller = Teller::default();
    let executor = start(&config(4), Owned::from(&teller));
    assert_eq!(teller.count("enter"), 4);
    executor.close(PATIENCE).unwrap();
    let mut told = teller.told();
    told.sort();
    let expected = ["enter", "exit"].map(|call| [0, 1, 2, 3].map(|n| format!("{call} {n}")));
    assert_eq!(told, expected.concat());
}

#[test]
fn a_panic_or_an_error_in_enter_makes_the_start_fail() {
    hush();
    let panics = Teller { panics: &["enter"], ..Teller::default() };
    let refuses = Teller { refuses: true, ..Teller::default() };
    for (teller, text) in [(panics, WANTED), (refuses, "not today")] {
        let error = Executor::start(&config(2), Owned::from(&teller), PATIENCE).map(drop);
        let error = error.unwrap_err();
        assert_eq!(error.status(), Status::WorkerStart);
        assert!(error.text().contains(text), "{error}");
        // The workers have left: nothing of them is to come.
        assert_eq!((teller.drops.count(), teller.count("exit")), (1, 0));
        assert!(teller.count("log Error") > 0);
    }
}

#[test]
fn a_start_that_runs_out_of_time_leaves_the_transform_to_the_last_worker() {
    let teller = Teller { late: true, ..Teller::default() };
    let short = Duration::from_millis(5);
    let error = Executor::start(&config(2), Owned::from(&teller), short).map(drop).unwrap_err();
    assert_eq!(error.status(), Status::Timeout);
    assert_eq!(error.text(), "0 of 2 workers were running at the deadline");
    assert_eq!(teller.drops.count(), 0);
    teller.door.open();
    until(|| teller.drops.count() == 1);
    assert_eq!((teller.count("enter"), teller.count("exit")), (2, 2));
}

#[test]
fn a_start_need_not_wait_for_the_workers() {
    let teller = Teller { late: true, ..Teller::default() };
    let config = Config { wait_until_workers_run: false, ..config(2) };
    let executor = Executor::start(&config, Owned::from(&teller), Duration::ZERO).unwrap();
    executor.put(Box::new(7)).unwrap();
    let error = executor.close(Duration::ZERO).unwrap_err();
    assert_eq!(error.text(), "2 workers were still in their init or exit callback");
    teller.door.open();
    executor.close(PATIENCE).unwrap();
    assert_eq!((teller.count("run"), teller.count("discard 7")), (0, 1));
}

#[test]
fn panics_in_exit_and_discard_are_logged_and_in_log_are_borne() {
    hush();
    let sane = Teller { panics: &["exit", "discard"], ..Teller::default() };
    let mad = Teller { panics: &["exit", "discard", "log"], ..Teller::default() };
    for teller in [sane, mad] {
        let executor = start(&config(1), Owned::from(&teller));
        executor.put(Box::new(0)).unwrap();
        until(|| executor.stats().running == 1);
        executor.put(Box::new(1)).unwrap();
        executor.reset().unwrap();
        teller.door.open();
        executor.close(PATIENCE).unwrap();
        let discard = format!("log Error the discard callback panicked: {WANTED}");
        let exit = format!("log Error the exit callback panicked: {WANTED}");
        let logged: Vec<String> =
            teller.told().into_iter().filter(|told| told.starts_with("log")).collect();
        assert_eq!(logged, [discard.clone(), discard, exit]);
        assert_eq!(executor.stats().discarded, 2);
    }
}

#[test]
fn a_payload_whose_drop_panics_is_still_discarded() {
    hush();
    let executor =
        start(&config(0), |_: &mut Nitroglycerin, _: &JobContext<'_>| -> Answer { Ok(()) });
    for _ in 0..3 {
        executor.put(Box::new(Nitroglycerin)).unwrap();
    }
    executor.reset().unwrap();
    assert_eq!(executor.stats().discarded, 3);
    assert!(executor.is_idle());
    executor.close(PATIENCE).unwrap();
}

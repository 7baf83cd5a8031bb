//! The warden against the workers whose jobs it watches, under loom. `.ci/run` also runs these
//! without the fence, and then they must fail.

use super::*;
use loom::sync::Arc;
use loom::thread;
use std::cell::Cell;

/// Workers' desks, of which each says when its job is due, and the executor's word that it closes.
struct Office {
    limits: Limits,
    alarm: Event,
    dues: [AtomicU64; 2],
    closed: AtomicU64,
}

const TIME: u64 = 10;

impl Office {
    /// The warden has just looked, and nothing was there.
    fn new() -> Arc<Office> {
        let office = Office {
            limits: Limits::new(TIME, 0, 0, 0),
            alarm: Event::default(),
            dues: [AtomicU64::new(NEVER), AtomicU64::new(NEVER)],
            closed: AtomicU64::new(0),
        };
        office.limits.look_now(&office.alarm);
        Arc::new(office)
    }

    fn begin(&self, worker: usize, due: u64) {
        self.dues[worker].store(due, Ordering::Release);
        self.limits.begins(due, &self.alarm);
    }

    fn next(&self) -> u64 {
        self.dues.iter().map(|due| due.load(Ordering::Acquire)).min().unwrap_or(NEVER)
    }

    /// The warden: until it knows of that instant, for time stands still in a model, and it would
    /// sleep till then.
    fn watch(&self, wanted: u64) {
        let known = Cell::new(NEVER);
        let next = || {
            known.set(self.next());
            known.get()
        };
        while self.limits.sleep(&self.alarm, || known.get() <= wanted, next) == Woken::Look {}
    }
}

fn model(body: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(body);
}

/// A job begins while the warden lies down: it knows of it, or is woken.
#[test]
fn models_the_warden_learns_of_a_job() {
    model(|| {
        let office = Office::new();
        let worker = office.clone();
        let worker = thread::spawn(move || worker.begin(0, TIME));
        office.watch(TIME);
        worker.join().unwrap();
    });
}

/// Two do, of which the later may be due first.
#[test]
fn models_the_warden_learns_of_the_first_to_be_due() {
    model(|| {
        let office = Office::new();
        let workers = [TIME, TIME - 1].into_iter().enumerate().map(|(worker, due)| {
            let office = office.clone();
            thread::spawn(move || office.begin(worker, due))
        });
        let workers: Vec<_> = workers.collect();
        office.watch(TIME - 1);
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    });
}

/// The executor closes while the warden lies down.
#[test]
fn models_the_warden_goes_home() {
    model(|| {
        let office = Office::new();
        let host = office.clone();
        let host = thread::spawn(move || {
            host.closed.fetch_add(1, Ordering::AcqRel);
            host.alarm.notify_all();
        });
        let closed = || office.closed.load(Ordering::Acquire) > 0;
        assert_eq!(office.limits.sleep(&office.alarm, closed, || NEVER), Woken::GoHome);
        host.join().unwrap();
    });
}

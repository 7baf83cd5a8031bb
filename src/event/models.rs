//! The protocol of [`super`] under loom. Each model ends only if no wake-up is lost: a waiter
//! that sleeps for ever is a deadlock, which loom reports. `.ci/run` also runs them with one
//! fence removed at a time (`JOBEXEC_CONTROL`), and then they must fail.

use super::*;
use crate::config::Waiting;
use crate::mates::Mates;
use loom::sync::Arc;
use loom::thread;

/// At once to sleep, or one look before, or having stepped back.
fn spins() -> [Spin; 3] {
    let crowd = Spin::new(Waiting::Balanced, 1, 4, true);
    [Spin::NONE, Spin::new(Waiting::Balanced, 1, 4, false), crowd.of_worker(true, false, false)]
}

fn model(preemptions: usize, body: impl Fn(Spin) + Sync + Send + Copy + 'static) {
    model_of(&spins(), preemptions, body);
}

fn model_of(
    spins: &[Spin],
    preemptions: usize,
    body: impl Fn(Spin) + Sync + Send + Copy + 'static,
) {
    for &spin in spins {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(preemptions);
        builder.check(move || body(spin));
    }
}

/// News that is a mere count, with no fence of its own that could stand in for a missing one.
struct Bell {
    spin: Spin,
    event: Event,
    news: AtomicU64,
    /// The other one is always at work.
    mates: Mates,
}

impl Bell {
    fn new(spin: Spin) -> Arc<Bell> {
        let mates = Mates::new(&[Some(0), Some(0)]);
        mates.seat(1).set(true);
        Arc::new(Bell { spin, event: Event::default(), news: AtomicU64::new(0), mates })
    }

    fn ring(&self) {
        self.news.fetch_add(1, Ordering::AcqRel);
        fence_after_rmw();
        self.event.notify_one();
    }

    /// As for news that is known to be brief.
    fn ring_near(&self) {
        self.news.fetch_add(1, Ordering::AcqRel);
        fence_after_rmw();
        self.event.give_near(1, |_| self.more(), || false, &self.mates);
    }

    fn take(&self) -> Option<()> {
        let mut news = self.news.load(Ordering::Acquire);
        while news > 0 {
            match self.news.compare_exchange(news, news - 1, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some(()),
                Err(seen) => news = seen,
            }
        }
        None
    }

    fn more(&self) -> bool {
        self.news.load(Ordering::Acquire) > 0
    }

    /// Who steps back lets others of its core go first, too.
    fn listen(&self) {
        let (attempt, has) = (|| self.take(), |_| self.more());
        let seat = self.spin.steps_back.then(|| self.mates.seat(0));
        let search = Search { attempt, has, pending: || false, seat, in_vain: || () };
        let heard = self.event.wait_behind(self.spin, Who::Worker, Deadline::NEVER, search);
        heard.expect("there is no deadline");
    }

    fn assert_quiet(&self) {
        assert_eq!(self.event.word.load(Ordering::Relaxed), 0, "somebody is still counted");
        assert!(!self.more());
    }
}

fn listener(bell: &Arc<Bell>) -> thread::JoinHandle<()> {
    let bell = bell.clone();
    thread::spawn(move || bell.listen())
}

/// The store-then-load race itself: the news against the sleep.
#[test]
fn one_waiter_one_notifier() {
    model(3, |spin| {
        let bell = Bell::new(spin);
        let listener = listener(&bell);
        bell.ring();
        listener.join().unwrap();
        bell.assert_quiet();
    });
}

/// Two waiters, two news from one notifier: the second may find a searcher and rely on it.
#[test]
fn a_searcher_passes_its_duty_on() {
    model(3, |spin| {
        let bell = Bell::new(spin);
        let listeners = [listener(&bell), listener(&bell)];
        bell.ring();
        bell.ring();
        listeners.into_iter().for_each(|listener| listener.join().unwrap());
        bell.assert_quiet();
    });
}

/// One waiter takes twice what two notifiers bring.
#[test]
fn two_notifiers() {
    model(3, |spin| {
        let bell = Bell::new(spin);
        let ringer = thread::spawn({
            let bell = bell.clone();
            move || bell.ring()
        });
        let listener = thread::spawn({
            let bell = bell.clone();
            move || (bell.listen(), bell.listen())
        });
        bell.ring();
        ringer.join().unwrap();
        listener.join().unwrap();
        bell.assert_quiet();
    });
}

/// News for all reaches all, whoever sleeps, searches or is on the way.
#[test]
fn the_end_reaches_everybody() {
    model(2, |spin| {
        let bell = Bell::new(spin);
        let ended = Arc::new(AtomicU64::new(0));
        let listeners = [0, 1].map(|_| {
            let (bell, ended) = (bell.clone(), ended.clone());
            thread::spawn(move || {
                let end = || (ended.load(Ordering::Acquire) == 1).then_some(());
                let attempt = || bell.take().or_else(end);
                bell.event.wait(bell.spin, Deadline::NEVER, attempt, |_| bell.more())
            })
        });
        bell.ring();
        ended.fetch_add(1, Ordering::AcqRel);
        bell.event.notify_all();
        listeners.into_iter().for_each(|listener| assert!(listener.join().unwrap().is_some()));
        assert_eq!(bell.event.word.load(Ordering::Relaxed), 0, "somebody is still counted");
    });
}

/// A sleeper is woken for nothing, by one who lends its core, while another brings news.
#[test]
fn a_core_is_lent() {
    model(3, |spin| {
        let bell = Bell::new(spin);
        let listener = listener(&bell);
        let lender = thread::spawn({
            let bell = bell.clone();
            move || bell.event.give_one(Rather::Here)
        });
        bell.ring();
        lender.join().unwrap();
        listener.join().unwrap();
        bell.assert_quiet();
    });
}

/// One who wakes somebody of its own core searches meanwhile, and another relies on that.
#[test]
fn a_waker_of_its_own_core_looks_again() {
    model_of(&[Spin::NONE], 2, |spin| {
        let bell = Bell::new(spin);
        let listeners = [listener(&bell), listener(&bell)];
        let ringer = thread::spawn({
            let bell = bell.clone();
            move || bell.ring()
        });
        bell.ring_near();
        ringer.join().unwrap();
        listeners.into_iter().for_each(|listener| listener.join().unwrap());
        bell.assert_quiet();
    });
}

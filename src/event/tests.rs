use super::*;
use crate::clock::Timeout;
use crate::config::Waiting;
use crate::mates::Mates;
use std::sync::atomic::{AtomicU64 as Counter, Ordering::SeqCst};
use std::time::Duration;

fn far() -> Deadline {
    Timeout::from(Duration::from_secs(20)).deadline()
}

fn take(counter: &Counter) -> Option<()> {
    counter.fetch_update(SeqCst, SeqCst, |n| n.checked_sub(1)).ok().map(|_| ())
}

fn looking(ns: u64) -> Spin {
    Spin::new(Waiting::Balanced, ns, 64, ns.is_multiple_of(2))
}

#[test]
fn nobody_waits_nobody_is_woken() {
    let event = Event::default();
    event.notify_one();
    event.notify_all();
    assert_eq!(event.wakes(), 0);
    assert_eq!(event.word.load(Ordering::Relaxed), 0);
}

#[test]
fn a_wait_that_runs_out_leaves_nothing_behind() {
    let event = Event::default();
    for ns in [0, 1000] {
        let deadline = Timeout::from(Duration::from_millis(2)).deadline();
        assert_eq!(event.wait(looking(ns), deadline, || None::<()>, |_| false), None);
        assert!(deadline.passed());
    }
    assert_eq!(event.word.load(Ordering::Relaxed), 0);
}

/// One who searches and does not come, for its core is busy, does not keep a lender from waking
/// another.
#[test]
fn a_sleeper_is_woken_though_another_searches() {
    let (event, news) = (Event::default(), Counter::new(0));
    std::thread::scope(|scope| {
        let wait = || event.wait(Spin::NONE, far(), || take(&news), |_| news.load(SeqCst) > 0);
        let sleeper = scope.spawn(wait);
        let limit = far();
        while !event.has_sleepers() {
            assert!(!limit.passed());
            std::thread::yield_now();
        }
        assert!(event.announce());
        news.fetch_add(1, SeqCst);
        event.notify_one();
        assert_eq!(event.wakes(), 0);
        event.give_one(Rather::Here);
        assert_eq!(sleeper.join().unwrap(), Some(()));
        assert_eq!(event.wakes(), 1);
        event.stop_searching(true, || false);
    });
    assert_eq!(event.word.load(Ordering::Relaxed), 0);
}

/// A worker that lets another one of its CPU go first leaves its duty to one that sleeps on a CPU where
/// nobody is at work.
#[test]
fn who_leaves_news_to_others_keeps_no_idle_cpu_from_being_woken() {
    for is_idle in [true, false] {
        let mates = Mates::new(&[0, 0, 1].map(Some));
        mates.seat(1).set(true);
        mates.seat(2).set(!is_idle);
        let (event, news) = (Event::default(), Counter::new(0));
        let (event, news, seat) = (&event, &news, |worker| Some(mates.seat(worker)));
        let wait = |spin, seat| {
            let (attempt, has) = (|| take(news), |others| news.load(SeqCst) > others);
            let search = Search { attempt, has, pending: || false, seat, in_vain: || () };
            event.wait_behind(spin, Who::Worker, far(), search)
        };
        let limit = far();
        let until = |is_so: &dyn Fn() -> bool| {
            while !is_so() {
                assert!(!limit.passed());
                std::thread::yield_now();
            }
        };
        let keen = Spin::new(Waiting::Latency, 1_000_000_000, 64, false);
        std::thread::scope(|scope| {
            let sleeper = scope.spawn(|| wait(Spin::NONE, None));
            until(&|| event.has_sleepers());
            let searcher = scope.spawn(|| wait(keen, seat(0)));
            until(&|| searching(event.word.load(Ordering::Relaxed)) == 1);
            news.fetch_add(1, SeqCst);
            event.notify_one();
            until(&|| news.load(SeqCst) == 0);
            // Who gave it counts that before the sleeper can be back, but not before it has the news.
            until(&|| event.wakes() >= u64::from(is_idle));
            assert_eq!(event.wakes(), u64::from(is_idle));
            news.fetch_add(1, SeqCst);
            event.notify_all();
            assert!([sleeper, searcher].into_iter().all(|thread| thread.join().unwrap().is_some()));
        });
        assert_eq!(event.word.load(Ordering::Relaxed), 0);
    }
}

/// Threads pass tokens round: every wait can end only by another's notification.
#[test]
fn a_ring_of_waiters_never_stalls() {
    for ns in [0, 2_000] {
        let ring: Vec<(Event, Counter)> =
            (0..4).map(|i| (Event::default(), Counter::new(u64::from(i == 0)))).collect();
        std::thread::scope(|scope| {
            for i in 0..4 {
                let ring = &ring;
                scope.spawn(move || {
                    let (event, counter) = &ring[i];
                    let (next, bell) = (&ring[(i + 1) % 4].1, &ring[(i + 1) % 4].0);
                    for _ in 0..2_000 {
                        event
                            .wait(looking(ns), far(), || take(counter), |_| false)
                            .expect("the token came round");
                        next.fetch_add(1, SeqCst);
                        bell.notify_one();
                    }
                });
            }
        });
        ring.iter().for_each(|(event, _)| assert_eq!(event.word.load(Ordering::Relaxed), 0));
    }
}

/// More waiters than news, many notifiers: everything is taken, and everybody is let go.
#[test]
fn news_for_many_is_all_taken() {
    for ns in [0, 2_000] {
        let (event, news, taken) = (Event::default(), Counter::new(0), Counter::new(0));
        let all = 20_000;
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let attempt = || match take(&news) {
                        Some(()) => Some(true),
                        None => (taken.load(SeqCst) == all).then_some(false),
                    };
                    let has = |others| news.load(SeqCst) > others;
                    while event.wait(looking(ns), far(), attempt, has).expect("in time") {
                        if taken.fetch_add(1, SeqCst) + 1 == all {
                            event.notify_all();
                        }
                    }
                });
            }
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..all / 2 {
                        news.fetch_add(1, SeqCst);
                        event.notify_one();
                    }
                });
            }
        });
        assert_eq!(event.word.load(Ordering::Relaxed), 0);
    }
}

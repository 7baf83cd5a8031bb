use super::*;
use crate::config::Waiting;
use std::cell::Cell;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

#[test]
fn streams_are_taken_in_bites_and_single_jobs_at_once() {
    let pace = Pace::default();
    let gap = || pace.gap.load(Ordering::Relaxed);
    for (in_flight, most) in [(1, 0), (4, 3), (16, 15), (64, 111), (1024, 127)] {
        let spin = Spin::new(Waiting::Balanced, 1, in_flight, false);
        (0..10).for_each(|_| pace.learn(gap(), true, spin.most));
        assert_eq!(gap(), most);
        (0..10).for_each(|_| pace.learn(gap(), false, spin.most));
        assert_eq!(gap(), 0);
    }
}

fn look(pace: &Pace, spin: Spin, news: bool) -> bool {
    let mut attempt = || news.then_some(());
    pace.look(spin, Who::Host, Deadline::NEVER, &mut attempt, |_| news, |_| ()).is_some()
}

#[test]
fn who_takes_turns_yields_before_it_pauses() {
    for in_turn in [false, true] {
        let spin = Spin::new(Waiting::Balanced, 1, 64, true).of_worker(false, false, in_turn);
        // How many looks came before the first yield.
        let (looks, before) = (Cell::new(0), Cell::new(None));
        let has = |_| {
            looks.set(looks.get() + 1);
            false
        };
        let away = |_| before.set(before.get().or(Some(looks.get())));
        Pace::default().look(spin, Who::Worker, Deadline::NEVER, &mut || None::<()>, has, away);
        assert_eq!(before.get() == Some(0), in_turn);
    }
}

#[test]
fn who_saves_power_does_not_look() {
    let pace = Pace::default();
    for spin in [Spin::NONE, Spin::new(Waiting::Power, 1000, 8, false)] {
        assert!(!look(&pace, spin, true));
    }
    assert_eq!(pace.looks(), (0, 0));
}

#[test]
fn low_latency_is_for_those_who_have_a_core() {
    let spin = |crowd| Spin::new(Waiting::Latency, 1000, 8, crowd);
    assert_eq!((spin(false).ns, spin(false).most), (KEEN * 1000, 0));
    assert_eq!((spin(true).ns, spin(true).is_crowd()), (1000, true));
    assert!(look(&Pace::default(), spin(false), true));
}

/// A worker in a crowd is patient with a core that others use, but not for ever: without an end to
/// that it mostly looks 400 times and more.
#[test]
fn a_look_ends_though_another_always_uses_the_core() {
    const LIMIT: Duration = Duration::from_secs(10);
    let cpu = core_affinity::get_core_ids().unwrap()[0].id;
    let ended = AtomicBool::new(false);
    let (pace, spin) = (Pace::default(), Spin::new(Waiting::Balanced, 20_000, 64, true));
    let other = || {
        assert!(crate::os::machine::pin_current_thread(cpu));
        let begun = Instant::now();
        while !ended.load(Ordering::Acquire) && begun.elapsed() < LIMIT {
            let turn = Instant::now();
            while turn.elapsed() < Duration::from_micros(20) {}
            std::thread::yield_now();
        }
        begun.elapsed()
    };
    let waiter = || {
        assert!(crate::os::machine::pin_current_thread(cpu));
        let mut looks = 0;
        let mut attempt = || {
            looks += 1;
            None::<()>
        };
        pace.look(spin, Who::Worker, Deadline::NEVER, &mut attempt, |_| false, |_| ());
        ended.store(true, Ordering::Release);
        looks
    };
    std::thread::scope(|scope| {
        let (other, waiter) = (scope.spawn(other), scope.spawn(waiter));
        // Those behind a turn of the other's, and those behind yields that nobody used.
        assert!(waiter.join().unwrap() < 4 * PATIENCE);
        assert!(other.join().unwrap() < LIMIT);
    });
}

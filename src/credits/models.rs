//! Accepting, resolving and changing sessions under loom.

use super::*;
use loom::sync::Arc;
use loom::thread;

fn model(preemptions: usize, body: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(body);
}

/// Two who put and one who polls: never more in flight than there are credits, no number twice.
#[test]
fn credits_bound_what_is_in_flight() {
    model(3, || {
        let credits = Arc::new(Credits::new(1, (0, 0)));
        let held = Arc::new(AtomicU64::new(0));
        let putters: Vec<_> = (0..2)
            .map(|_| {
                let (credits, held) = (credits.clone(), held.clone());
                thread::spawn(move || {
                    let ticket = credits.accept(1, |_| 1).ok()?.0;
                    assert_eq!(held.fetch_add(1, Ordering::AcqRel), 0, "two hold one credit");
                    held.fetch_sub(1, Ordering::AcqRel);
                    credits.resolve(Outcome::Done, 1);
                    Some(ticket.number)
                })
            })
            .collect();
        let mut numbers: Vec<u64> =
            putters.into_iter().filter_map(|putter| putter.join().unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
        assert!(!numbers.is_empty());
        assert_eq!(credits.in_flight(), 0);
    });
}

/// Puts against resets: numbers begin at 0 in every session and leave no gap.
#[test]
fn each_job_has_one_session_and_its_place_in_it() {
    model(3, || {
        let credits = Arc::new(Credits::new(4, (0, 0)));
        let resetter = thread::spawn({
            let credits = credits.clone();
            move || credits.next_session().unwrap()
        });
        let putter = thread::spawn({
            let credits = credits.clone();
            move || (0..2).map(|_| credits.accept(1, |_| 1).unwrap().0).collect::<Vec<_>>()
        });
        let mut tickets = vec![credits.accept(1, |_| 1).unwrap().0];
        tickets.extend(putter.join().unwrap());
        assert_eq!(resetter.join().unwrap(), 1);
        for session in 0..2 {
            let mut numbers: Vec<u64> =
                tickets.iter().filter(|t| t.session == session).map(|t| t.number).collect();
            numbers.sort_unstable();
            assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
        }
    });
}

/// Two resets at once begin two sessions.
#[test]
fn resets_at_once_are_told_apart() {
    model(3, || {
        let credits = Arc::new(Credits::new(4, (0, 0)));
        let other = thread::spawn({
            let credits = credits.clone();
            move || credits.next_session().unwrap()
        });
        credits.accept(1, |_| 1).unwrap();
        let (mine, theirs) = (credits.next_session().unwrap(), other.join().unwrap());
        assert_eq!(mine + theirs, 3);
        let ticket = Ticket { session: 2, number: 0, position: 1 };
        assert_eq!(credits.accept(1, |_| 1), Ok((ticket, 1)));
    });
}

/// An end is seen only when the last job of the session has its outcome, and is not missed by
/// whoever resolves that one: what pollers are woken by.
#[test]
fn whoever_resolves_last_sees_the_end() {
    model(3, || {
        let credits = Arc::new(Credits::new(2, (0, 0)));
        for _ in 0..2 {
            credits.accept(1, |_| 1).unwrap();
        }
        credits.finish();
        let resolve = |credits: &Credits| {
            credits.resolve(Outcome::Done, 1);
            crate::sync::fence_after_rmw();
            credits.ended(|_| 0)
        };
        let other = thread::spawn({
            let credits = credits.clone();
            move || resolve(&credits)
        });
        let mine = resolve(&credits);
        assert!(mine | other.join().unwrap());
        assert!(credits.ended(|_| 0));
    });
}

use super::*;

const WORKERS: usize = 2;

fn done(position: u64) -> Completion {
    Completion { id: Id(100 + position), position, finished: position, ..Completion::NONE }
}

fn ids(results: &PutOrder) -> Vec<u64> {
    std::iter::from_fn(|| results.pop()).map(|done| done.id.0 - 100).collect()
}

#[test]
fn results_come_as_their_jobs_were_put() {
    for timed in [false, true] {
        let results = PutOrder::new(4, WORKERS, timed);
        for lap in (0..40).step_by(4) {
            assert_eq!(results.room(lap), 4);
            for (worker, position) in [lap + 2, lap + 1, lap + 3].into_iter().enumerate() {
                assert!(results.push(worker, done(position), || false).is_ok());
                assert!(!results.has(0) && results.pop().is_none());
            }
            assert_eq!((results.len(), results.room(lap + 4)), (3, 0));
            assert!(results.push(0, done(lap), || false).is_ok());
            assert_eq!(results.len(), 4);
            assert_eq!(ids(&results), [lap, lap + 1, lap + 2, lap + 3]);
            assert!(results.len() == 0 && !results.has(0));
        }
    }
}

#[test]
fn rows_and_takers_pass_what_is_nothing() {
    let results = PutOrder::new(8, WORKERS, true);
    let mut row = [Completion::NONE; 8];
    for lap in (0..80).step_by(8) {
        for position in lap..lap + 8 {
            match position % 4 {
                0 | 3 => results.pass(position, || false),
                _ => assert!(results.push(1, done(position), || false).is_ok()),
            }
        }
        assert_eq!(results.pop_many(&mut row), 2);
        assert_eq!([row[0].id.0 - 100, row[1].id.0 - 100], [lap + 1, lap + 2]);
        assert_eq!(row[1].finished, lap + 2);
        assert_eq!(ids(&results), [lap + 5, lap + 6]);
        assert_eq!(results.len(), 0);
    }
}

#[test]
fn what_is_outdated_is_passed_by() {
    let results = PutOrder::new(4, WORKERS, false);
    let seen = std::cell::RefCell::new(Vec::new());
    let sweep = |end, outdated: fn(u32) -> bool| {
        results.pass_by(end, outdated, |done| seen.borrow_mut().push(done.id.0 - 100));
        std::mem::take(&mut *seen.borrow_mut())
    };
    // Holes at 0 and 2, and 3 is of the next session.
    assert!(results.push(0, done(1), || false).is_ok());
    assert!(results.push(0, done(3), || false).is_ok());
    assert_eq!(sweep(3, |session| session < 1), [1]);
    assert_eq!((ids(&results), results.len()), (vec![3], 0));
    // Too late: nothing is published, and the place serves another.
    assert_eq!(results.push(1, done(2), || true).unwrap_err().position, 2);
    for position in 4..8 {
        assert!(results.push(1, done(position), || false).is_ok());
    }
    assert_eq!(sweep(3, |_| true), [] as [u64; 0]);
    assert_eq!(ids(&results), [4, 5, 6, 7]);
}

#[test]
fn a_sweep_leaves_what_somebody_is_about_to_publish() {
    let results = PutOrder::new(4, WORKERS, false);
    results.push(1, done(1), || false).unwrap();
    let nobody = |_: Completion| panic!("a result that is held");
    let late = || {
        // Between its seat and its result, and of session 0.
        results.pass_by(2, |session| session < 1, nobody);
        assert_eq!((results.len(), results.room(4)), (1, 0));
        // Nothing is outdated for a session that goes on.
        assert!(results.is_pending());
        false
    };
    results.push(0, done(0), late).unwrap();
    assert_eq!(ids(&results), [0, 1]);
    assert!(!results.is_pending());
}

#[test]
fn a_place_is_filled_once_and_not_when_it_is_in_use_again() {
    let ring = Ring::new(2, 2);
    assert!(ring.fill(0, 1) && !ring.fill(0, 1));
    assert!(ring.take(|first, _| Some(first)) == Some(1) && !ring.fill(0, 1));
    ring.publish(1, 2, [0]);
    ring.publish(2, 4, [0]);
    assert!(!ring.fill(0, 1) && !ring.fill(1, 3) && !ring.fill(2, 5));
    let all: Vec<_> = std::iter::from_fn(|| ring.take(|first, _| Some(first))).collect();
    assert_eq!((all, ring.fill(3, 7)), (vec![2, 4], true));
}

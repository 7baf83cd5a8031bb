use super::*;
use std::sync::atomic::{AtomicU64 as Counter, Ordering::SeqCst};

fn publish(ring: &Ring, position: u64) {
    ring.publish(position, 3 * position, [7 * position]);
}

fn take(ring: &Ring) -> Option<u64> {
    ring.take(|first, rest| {
        assert_eq!(rest[0].load(Ordering::Relaxed), 7 * first / 3);
        Some(first / 3)
    })
}

#[test]
fn first_in_first_out_lap_after_lap() {
    for tokens in [1, 2, 3, 8, 9, 48, 49, 64, 1000] {
        let ring = Ring::new(tokens, 2);
        let (mut tail, mut head) = (0, 0);
        for burst in (1..=tokens as u64).chain(1..=tokens as u64) {
            for _ in 0..burst {
                publish(&ring, tail);
                tail += 1;
                assert!(ring.has(tail - head - 1) && !ring.has(tail - head));
            }
            for _ in 0..burst {
                assert_eq!(take(&ring), Some(head));
                head += 1;
            }
            assert!(take(&ring).is_none() && !ring.has(0));
            assert_eq!(ring.taken(), tail);
        }
    }
}

#[test]
fn the_ends_of_a_full_ring_are_apart() {
    let places = |tokens| Ring::new(tokens, 2).mask + 1;
    assert_eq!([9, 48, 49, 64, 112, 113].map(places), [32, 64, 128, 128, 128, 256]);
    assert_eq!(places(8), 8, "each place has a line of its own");
}

#[test]
fn places_begin_with_a_line() {
    for (tokens, words) in [(1, 2), (4, 3), (8, 6), (64, 2), (64, 4)] {
        let ring = Ring::new(tokens, words);
        assert_eq!(std::ptr::from_ref(ring.place(0).0).addr() % 64, 0);
        assert_eq!(Ring::bytes(tokens, words), size_of_val(&*ring.words));
    }
}

#[test]
fn a_glimpse_is_of_an_item_that_is_there() {
    let ring = Ring::new(9, 2);
    for position in 0..40 {
        assert_eq!(ring.glimpse(0, 0), None);
        publish(&ring, position);
        assert_eq!(ring.glimpse(1, 0), None);
        assert_eq!(ring.glimpse(0, 0), Some(7 * position));
        assert_eq!(take(&ring), Some(position));
    }
    let ring = Ring::new(4, 2);
    publish(&ring, 0);
    assert_eq!(ring.glimpse(0, 0), None, "a line of its own is its publisher's");
}

#[test]
fn what_lies_behind_a_hole_is_there_once_it_is_filled() {
    let ring = Ring::new(4, 2);
    publish(&ring, 1);
    publish(&ring, 2);
    assert!(take(&ring).is_none() && !ring.has(0) && ring.has(1));
    publish(&ring, 0);
    assert_eq!([take(&ring), take(&ring), take(&ring)], [Some(0), Some(1), Some(2)]);
}

#[test]
fn what_is_not_wanted_stays() {
    let ring = Ring::new(2, 2);
    publish(&ring, 0);
    assert!(ring.take(|_, _| None::<()>).is_none());
    assert_eq!((ring.taken(), take(&ring)), (0, Some(0)));
}

/// Takes up to so many, in order and whole.
fn take_many(ring: &Ring, most: u64) -> Vec<u64> {
    let mut row = vec![0; most.min(100) as usize];
    let count = ring.take_many(most, |index, first, rest| {
        assert_eq!(rest[0].load(Ordering::Relaxed), 7 * first / 3);
        row[index] = first / 3;
        true
    });
    row.truncate(count);
    row
}

#[test]
fn a_row_is_as_long_as_there_are_items_lap_after_lap() {
    for tokens in [1, 2, 3, 8, 9, 64] {
        let ring = Ring::new(tokens, 2);
        let (mut tail, mut head) = (0, 0);
        for (burst, most) in (1..=tokens as u64).flat_map(|b| [(b, 1), (b, 2), (b, 7), (b, b)]) {
            for _ in 0..burst {
                publish(&ring, tail);
                tail += 1;
            }
            while head < tail {
                let end = tail.min(head + most);
                assert_eq!(take_many(&ring, most), Vec::from_iter(head..end));
                head = end;
                assert_eq!(ring.taken(), head);
            }
            assert!(take_many(&ring, most).is_empty() && take(&ring).is_none());
        }
    }
}

#[test]
fn a_row_is_no_longer_than_the_ring_and_ends_at_a_hole() {
    let ring = Ring::new(4, 2);
    (0..4).for_each(|position| publish(&ring, position));
    assert!(take_many(&ring, 0).is_empty());
    assert_eq!(take_many(&ring, u64::MAX), [0, 1, 2, 3]);
    [4, 5, 7].into_iter().for_each(|position| publish(&ring, position));
    assert_eq!(take_many(&ring, 4), [4, 5]);
    assert!(take_many(&ring, 4).is_empty() && ring.has(1));
    publish(&ring, 6);
    assert_eq!(take_many(&ring, 4), [6, 7]);
}

#[test]
fn a_row_ends_before_what_is_not_wanted() {
    let ring = Ring::new(4, 2);
    (0..4).for_each(|position| publish(&ring, position));
    let below = |end: u64| ring.take_many(4, |_, first, _| first < 3 * end);
    assert_eq!((below(0), ring.taken()), (0, 0));
    assert_eq!((below(3), ring.taken()), (3, 3));
    assert_eq!((below(3), take(&ring)), (0, Some(3)));
}

/// Takes one, or up to so many.
fn read_row(ring: &Ring, most: u64) -> Vec<(u64, u64, u64)> {
    let read = |token: u64, rest: &[AtomicU64]| {
        let word = |index: usize| rest[index].load(Ordering::Relaxed);
        (token, word(0), word(1))
    };
    if most == 1 {
        return Vec::from_iter(ring.take(|token, rest| Some(read(token, rest))));
    }
    let mut row = vec![(0, 0, 0); most as usize];
    let count = ring.take_many(most, |index, token, rest| {
        row[index] = read(token, rest);
        true
    });
    row.truncate(count);
    row
}

/// Tokens go round through two rings, among threads on every end.
#[test]
fn tokens_go_round_whole_and_one_at_a_time() {
    const TOKENS: usize = 6;
    const TURNS: u64 = 200_000;
    let rings = [Ring::new(TOKENS, 3), Ring::new(TOKENS, 3)];
    let tails = [Counter::new(0), Counter::new(0)];
    let turns = Counter::new(0);
    let held: [Counter; TOKENS] = Default::default();
    let push = |ring: usize, token: u64, turn: u64| {
        let position = tails[ring].fetch_add(1, Ordering::AcqRel);
        rings[ring].publish(position, token, [turn, token ^ turn]);
    };
    (0..TOKENS as u64).for_each(|token| push(0, token, 0));
    std::thread::scope(|scope| {
        for (from, most) in [(0, 1), (1, 1), (0, 2), (1, TOKENS as u64)] {
            let (rings, turns, held, push) = (&rings, &turns, &held, &push);
            scope.spawn(move || {
                while turns.load(Ordering::Relaxed) < TURNS {
                    let row = read_row(&rings[from], most);
                    if row.is_empty() {
                        std::thread::yield_now();
                    }
                    for (token, turn, check) in row {
                        assert_eq!(check, token ^ turn, "a torn item");
                        assert_eq!(held[token as usize].fetch_add(1, SeqCst), 0, "taken twice");
                        turns.fetch_add(1, Ordering::Relaxed);
                        held[token as usize].fetch_sub(1, SeqCst);
                        push(1 - from, token, turn + 1);
                    }
                }
            });
        }
    });
    let left = rings.iter().map(|ring| std::iter::from_fn(|| ring.take(|t, _| Some(t))).count());
    assert_eq!(left.sum::<usize>(), TOKENS, "none is lost");
}

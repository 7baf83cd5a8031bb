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
    for tokens in [1, 2, 3, 8, 9, 64, 1000] {
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
        for from in [0, 1, 0, 1] {
            let (rings, turns, held, push) = (&rings, &turns, &held, &push);
            scope.spawn(move || {
                while turns.load(Ordering::Relaxed) < TURNS {
                    let taken = rings[from].take(|token, rest| {
                        let word = |index: usize| rest[index].load(Ordering::Relaxed);
                        Some((token, word(0), word(1)))
                    });
                    let Some((token, turn, check)) = taken else {
                        std::thread::yield_now();
                        continue;
                    };
                    assert_eq!(check, token ^ turn, "a torn item");
                    assert_eq!(held[token as usize].fetch_add(1, SeqCst), 0, "taken twice");
                    turns.fetch_add(1, Ordering::Relaxed);
                    held[token as usize].fetch_sub(1, SeqCst);
                    push(1 - from, token, turn + 1);
                }
            });
        }
    });
    let left = rings.iter().map(|ring| std::iter::from_fn(|| ring.take(|t, _| Some(t))).count());
    assert_eq!(left.sum::<usize>(), TOKENS, "none is lost");
}

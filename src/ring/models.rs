//! The ring under loom: no item is torn, lost, or taken twice, whoever stops in the middle.

use super::*;
use crate::barrier;
use loom::sync::Arc;
use loom::thread;

fn model(preemptions: usize, body: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(body);
}

struct Counted {
    ring: Ring,
    tail: AtomicU64,
}

impl Counted {
    fn new(tokens: usize) -> Arc<Counted> {
        Arc::new(Counted { ring: Ring::new(tokens, 2), tail: AtomicU64::new(0) })
    }

    /// An item whose words belong together.
    fn publish(&self, item: u64) {
        let position = self.tail.fetch_add(1, Ordering::AcqRel);
        self.ring.publish(position, item, [10 * item]);
    }

    fn take(&self) -> Option<u64> {
        self.ring.take(|first, rest| Some((first, rest[0].load(Ordering::Relaxed)))).map(
            |(first, second)| {
                assert_eq!(second, 10 * first, "a torn item");
                first
            },
        )
    }

    /// Up to so many, in one swap.
    fn take_many(&self, most: u64) -> Vec<u64> {
        let mut row = vec![(0, 0); most as usize];
        let count = self.ring.take_many(most, |index, first, rest| {
            row[index] = (first, rest[0].load(Ordering::Relaxed));
            true
        });
        row.truncate(count);
        let whole = |(first, second)| {
            assert_eq!(second, 10 * first, "a torn item");
            first
        };
        row.into_iter().map(whole).collect()
    }

    fn take_all(&self) -> Vec<u64> {
        std::iter::from_fn(|| self.take()).collect()
    }
}

/// Two who publish, two who take.
#[test]
fn each_item_is_taken_whole_and_once() {
    model(2, || {
        let ring = Counted::new(2);
        let publisher = |item| {
            let ring = ring.clone();
            thread::spawn(move || ring.publish(item))
        };
        let publishers = [publisher(1), publisher(2)];
        let taker = thread::spawn({
            let ring = ring.clone();
            move || ring.take()
        });
        let mut taken = Vec::from_iter(ring.take());
        taken.extend(taker.join().unwrap());
        publishers.into_iter().for_each(|publisher| publisher.join().unwrap());
        taken.extend(ring.take_all());
        taken.sort_unstable();
        assert_eq!(taken, [1, 2]);
    });
}

/// One token, one place, lap after lap: whoever took publishes again over what another, whose
/// head is out of date, may be reading.
#[test]
fn a_place_that_is_used_again_is_not_taken_for_the_old_one() {
    model(3, || {
        let ring = Counted::new(1);
        ring.publish(1);
        let go_on = |ring: &Counted| {
            let item = ring.take()?;
            ring.publish(item + 1);
            Some(item)
        };
        let other = thread::spawn({
            let ring = ring.clone();
            move || (go_on(&ring), go_on(&ring))
        });
        let mine = go_on(&ring);
        let (first, second) = other.join().unwrap();
        let mut taken: Vec<u64> = [mine, first, second].into_iter().flatten().collect();
        taken.sort_unstable();
        let turns = taken.len() as u64;
        assert_eq!(taken, (1..=turns).collect::<Vec<_>>());
        assert_eq!(ring.take_all(), [turns + 1]);
    });
}

/// What the waiting relies on: who looks behind a heavy fence sees the item, or its publisher sees,
/// behind a light one, what the other did before it looked.
#[test]
fn what_is_published_shows_behind_a_heavy_fence() {
    model(3, || {
        let ring = Counted::new(2);
        let asleep = Arc::new(AtomicU64::new(0));
        let publisher = thread::spawn({
            let (ring, asleep) = (ring.clone(), asleep.clone());
            move || {
                ring.publish(1);
                barrier::light();
                asleep.load(Ordering::Relaxed) == 1
            }
        });
        asleep.store(1, Ordering::Relaxed);
        barrier::heavy();
        let found = ring.ring.has(0);
        assert!(publisher.join().unwrap() | found);
    });
}

/// A take does not find a ring empty in which there is an item all the time, though the place it
/// looks at is taken and used again meanwhile. (The taker is the thread that is spawned: loom
/// remembers only the last access of each word, so that with the roles changed it never lets the
/// taker's head be out of date.)
#[test]
fn what_is_there_all_the_time_is_found() {
    model(3, || {
        let ring = Counted::new(2);
        ring.publish(1);
        ring.publish(2);
        let taker = thread::spawn({
            let ring = ring.clone();
            move || ring.take()
        });
        let item = ring.take().expect("two are there, and one other takes");
        ring.publish(item + 2);
        assert!(taker.join().unwrap().is_some());
        assert_eq!(ring.take_all().len(), 1);
    });
}

/// Two who take several; one of them publishes again what it took.
#[test]
fn rows_are_taken_whole_and_once() {
    model(3, || {
        let ring = Counted::new(2);
        ring.publish(1);
        ring.publish(2);
        let taker = thread::spawn({
            let ring = ring.clone();
            move || ring.take_many(2)
        });
        let mine = ring.take_many(2);
        mine.iter().for_each(|item| ring.publish(item + 2));
        let mut taken = [mine, taker.join().unwrap(), ring.take_many(2)].concat();
        let again = taken.iter().filter(|item| **item > 2).count();
        assert_eq!(again, taken.len() - 2);
        taken.sort_unstable();
        taken.dedup();
        assert_eq!(taken.len(), 2 + again, "one was taken twice");
        assert!(ring.take_many(2).is_empty());
    });
}

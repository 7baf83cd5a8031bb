//! A trace on request: what the last so many jobs went through whose results were polled. A ring
//! of records, allocated at the start; whoever takes a result writes one, in the place of the
//! oldest.
//!
//! # Why a reader sees whole records
//! Each place is a seqlock. A record's number is claimed first, and says which place it has; its
//! writer swaps the place's stamp to odd, `2 * number + 1`, then writes the words, then sets the
//! stamp to even, `2 * number + 2`. A reader that finds the same even stamp before it has read the
//! words and after has read one record: had it read a word of another's, the fences that the two
//! have (the writer's behind its swap, the reader's behind the words) would show it that one's odd
//! stamp, or a later.
//!
//! A writer that is so late that the place is another's meanwhile, which is as many records further
//! on, drops its own; so that two never write to a place at a time. None waits for another.

mod json;

use crate::job::{Id, Tag};
use crate::sync::{AtomicU64, Ordering, fence};
use crossbeam_utils::CachePadded;

pub(crate) use json::json;

/// See the module.
pub(crate) struct Trace {
    places: Box<[Place]>,
    /// How many records were begun.
    begun: CachePadded<AtomicU64>,
}

struct Place {
    stamp: AtomicU64,
    words: [AtomicU64; 6],
}

/// What a job went through, in nanoseconds of the monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) id: Id,
    pub(crate) tag: Tag,
    pub(crate) created: u64,
    pub(crate) started: u64,
    pub(crate) finished: u64,
    pub(crate) polled: u64,
}

impl Trace {
    /// Of so many jobs.
    pub(crate) fn new(jobs: usize) -> Trace {
        let place = |_| Place {
            stamp: AtomicU64::new(0),
            words: std::array::from_fn(|_| AtomicU64::new(0)),
        };
        Trace { places: (0..jobs).map(place).collect(), begun: CachePadded::new(AtomicU64::new(0)) }
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(jobs: usize) -> usize {
        jobs * size_of::<Place>()
    }

    /// Keeps a record.
    pub(crate) fn write(&self, record: Record) {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        let place = &self.places[number as usize % self.places.len()];
        let (mine, seen) = (2 * number + 1, place.stamp.load(Ordering::Relaxed));
        let is_free = seen.is_multiple_of(2) && seen < mine;
        if !is_free
            || place
                .stamp
                .compare_exchange(seen, mine, Ordering::Acquire, Ordering::Relaxed)
                .is_err()
        {
            return;
        }
        fence(Ordering::Release);
        let Record { id, tag, created, started, finished, polled } = record;
        for (word, value) in
            place.words.iter().zip([id.0, tag.0, created, started, finished, polled])
        {
            word.store(value, Ordering::Relaxed);
        }
        place.stamp.store(mine + 1, Ordering::Release);
    }

    /// The records that are there and not just being written, in no order.
    pub(crate) fn read(&self) -> Vec<Record> {
        self.places.iter().filter_map(Place::read).collect()
    }
}

impl Place {
    fn read(&self) -> Option<Record> {
        let stamp = self.stamp.load(Ordering::Acquire);
        let words = self.words.each_ref().map(|word| word.load(Ordering::Relaxed));
        fence(Ordering::Acquire);
        let is_whole =
            stamp > 0 && stamp.is_multiple_of(2) && self.stamp.load(Ordering::Relaxed) == stamp;
        let [id, tag, created, started, finished, polled] = words;
        is_whole.then_some(Record { id: Id(id), tag: Tag(tag), created, started, finished, polled })
    }
}

#[cfg(all(test, loom))]
mod models;

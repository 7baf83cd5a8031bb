//! The jobs that were cancelled while they waited: whoever takes one off the queue is not to run
//! it. A table under a lock; but who has taken a job looks there only while a flag of the phase is
//! up and the job is not younger than all that were cancelled, so it costs the others nothing. The
//! flag stays up until the next reset, and costs each job some nanoseconds.

use crate::job::Id;
use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering};
use std::sync::PoisonError;

/// See the module.
pub(crate) struct Notes {
    table: Mutex<Vec<Note>>,
    places: usize,
    /// No job from this position on is noted.
    end: AtomicU64,
    /// The latest session in which the flag was raised, plus one.
    latest: AtomicU64,
}

#[derive(Clone, Copy)]
struct Note {
    id: Id,
    position: u64,
}

impl Notes {
    /// Of an executor with so many jobs in flight. Of what is noted, at most that many wait; the
    /// rest was done when it was cancelled, and nobody will meet it.
    pub(crate) fn new(in_flight: usize) -> Notes {
        let places = 2 * in_flight;
        Notes {
            table: Mutex::new(Vec::with_capacity(places)),
            places,
            end: AtomicU64::new(0),
            latest: AtomicU64::new(0),
        }
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(in_flight: usize) -> usize {
        2 * in_flight * size_of::<Note>()
    }

    /// Never held while anything waits or calls back.
    fn table(&self) -> MutexGuard<'_, Vec<Note>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the job at that position, and has `raise` put up the flag. Where there is no room, the
    /// first of those is forgotten that are on the queue no longer: before position `taken`.
    pub(crate) fn add(&self, id: Id, position: u64, taken: u64, raise: impl FnOnce()) {
        let mut table = self.table();
        if table.iter().all(|note| note.id != id) {
            if table.len() == self.places
                && let Some(gone) = table.iter().position(|note| note.position < taken)
            {
                table.remove(gone);
            }
            table.push(Note { id, position });
        }
        self.end.fetch_max(position + 1, Ordering::AcqRel);
        self.latest.fetch_max(u64::from(id.session()) + 1, Ordering::AcqRel);
        raise();
    }

    /// Has `raise` put up the flag: a job of that session is about to be told something.
    pub(crate) fn announce(&self, session: u32, raise: impl FnOnce()) {
        let _table = self.table();
        self.latest.fetch_max(u64::from(session) + 1, Ordering::AcqRel);
        raise();
    }

    /// False if a job at that position is surely not noted.
    #[inline]
    pub(crate) fn may_have(&self, position: u64) -> bool {
        position < self.end.load(Ordering::Acquire)
    }

    /// Whether a job is noted.
    pub(crate) fn has(&self, id: Id) -> bool {
        self.table().iter().any(|note| note.id == id)
    }

    /// Strikes a job off. Whether it was noted.
    pub(crate) fn strike(&self, id: Id) -> bool {
        let mut table = self.table();
        let noted = table.iter().position(|note| note.id == id);
        noted.map(|at| table.remove(at)).is_some()
    }

    /// Strikes off all of the sessions before that one, and has `lower` take the flag down if it
    /// was raised in none since.
    pub(crate) fn forget(&self, session: u32, lower: impl FnOnce()) {
        let mut table = self.table();
        table.retain(|note| note.id.session() >= session);
        if self.latest.load(Ordering::Acquire) <= u64::from(session) {
            lower();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// However many are cancelled that are done, what waits is not forgotten.
    #[test]
    fn what_waits_stays_noted() {
        let notes = Notes::new(4);
        let add = |position| notes.add(Id(position), position, 100, || ());
        add(100);
        (0..100).for_each(add);
        assert!(notes.may_have(100) && !notes.may_have(101));
        assert!(notes.table().len() <= 8);
        assert!(notes.strike(Id(100)) && !notes.strike(Id(100)));
        assert!(!notes.strike(Id(0)) && notes.strike(Id(99)));
    }

    #[test]
    fn the_flag_is_down_when_nothing_is_noted() {
        let notes = Notes::new(4);
        let id = |session| Id::from(crate::credits::Ticket { session, number: 7, position: 7 });
        notes.add(id(1), 7, 0, || ());
        notes.add(id(2), 8, 0, || ());
        notes.forget(2, || panic!("one is left"));
        let mut lowered = false;
        notes.forget(3, || lowered = true);
        assert!(lowered);
    }
}

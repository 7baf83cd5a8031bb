//! Jobs that are tried again after a pause: they wait here for their time, and the warden
//! ([`crate::limits`]) hands them out. Under a lock, for only jobs that failed come here.

use crate::job::Job;
use crate::sync::{Mutex, MutexGuard};
use std::sync::PoisonError;

/// See the module.
pub(crate) struct Later {
    jobs: Mutex<Vec<(u64, Job, usize)>>,
    /// The pause before the second try, in nanoseconds; each next is twice as long.
    pause: u64,
}

/// No pause is longer than so many times the first.
const LONGEST: u64 = 100;

// SAFETY: a payload may be handed to another thread; that is what it was put for.
unsafe impl Send for Later {}
// SAFETY: as above; all is under the lock.
unsafe impl Sync for Later {}

impl Later {
    /// For so many jobs.
    pub(crate) fn new(places: usize, pause: u64) -> Later {
        Later { jobs: Mutex::new(Vec::with_capacity(places)), pause }
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(places: usize) -> usize {
        places * size_of::<(u64, Job, usize)>()
    }

    /// Never held while anything waits or calls back.
    fn jobs(&self) -> MutexGuard<'_, Vec<(u64, Job, usize)>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a job that has just failed in a stage. Answers when its time comes.
    pub(crate) fn push(&self, job: Job, stage: usize, now: u64) -> u64 {
        let times = 1_u64.checked_shl(job.tries as u32 - 1).unwrap_or(LONGEST).min(LONGEST);
        let due = now.saturating_add(self.pause.saturating_mul(times));
        self.jobs().push((due, job, stage));
        due
    }

    /// Takes a job that is wanted, by its time and itself, and its stage.
    pub(crate) fn take(&self, wanted: impl Fn(u64, &Job) -> bool) -> Option<(Job, usize)> {
        let mut jobs = self.jobs();
        let at = jobs.iter().position(|(due, job, _)| wanted(*due, job))?;
        let (_, job, stage) = jobs.swap_remove(at);
        Some((job, stage))
    }

    /// When the next one's time comes.
    pub(crate) fn next(&self) -> Option<u64> {
        self.jobs().iter().map(|(due, ..)| *due).min()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        self.jobs().len() as u64
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::job::Id;

    #[test]
    fn pauses_double_up_to_a_hundred_times() {
        let later = Later::new(1, 10);
        for (tries, pause) in [(1, 10), (2, 20), (3, 40), (7, 640), (8, 1000), (500, 1000)] {
            let payload = std::ptr::null_mut();
            let job = Job { id: Id(0), payload, created: 0, position: 0, limit: 0, tries };
            assert_eq!(later.push(job, 0, 5), 5 + pause);
            assert_eq!((later.next(), later.len()), (Some(5 + pause), 1));
            assert!(later.take(|due, _| due < 5 + pause).is_none());
            assert!(later.take(|due, _| due == 5 + pause).is_some());
        }
        assert_eq!(later.next(), None);
    }
}

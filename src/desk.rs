//! Where a job lies that is at a worker: the words by which others may see it, and take it away
//! from a worker that has died or has not begun. A thread has one desk, a worker process one for
//! each slot of its link. Only the owner puts jobs there, so that nothing here travels between
//! cores unless somebody asks.

use crate::credits::Outcome;
use crate::job::{Id, Job};
use crate::sync::{AtomicU64, Ordering};
use crossbeam_utils::CachePadded;
use std::ffi::c_void;

/// See the module.
pub(crate) struct Desk {
    line: CachePadded<Line>,
}

#[derive(Default)]
struct Line {
    /// Which of the jobs that were ever put here lies here, from 1; 0 if none does. Whoever swaps
    /// it to 0 owns the job. A number is never used again, so that nobody takes another job than
    /// the one it read.
    at: AtomicU64,
    id: AtomicU64,
    payload: AtomicU64,
    created: AtomicU64,
    position: AtomicU64,
    /// When it began, where jobs are timed.
    since: AtomicU64,
    /// How many jobs were ever put here.
    begun: AtomicU64,
    /// How long the worker's jobs ran, where jobs are timed: on its first desk.
    busy: AtomicU64,
    /// How long it may run, where jobs have limits.
    limit: AtomicU64,
    /// How often it was tried before, where jobs are tried again.
    tries: AtomicU64,
    /// Which of the jobs that were ever put here was told last that its result is not wanted, and
    /// in the lowest bit why: see [`crate::cancel`].
    told: AtomicU64,
}

/// In the lowest bit of `told`.
const TOO_LATE: u64 = 1;

#[cold]
fn reason(told: u64) -> Outcome {
    if told & TOO_LATE == 0 { Outcome::Cancelled } else { Outcome::TimedOut }
}

/// What a worker is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AtWork {
    pub(crate) id: Id,
    /// 0 where jobs are not timed, and before it began.
    pub(crate) since: u64,
    /// How long it may run, where jobs have limits.
    pub(crate) limit: u64,
    /// Which of the desk's jobs it is, from 1.
    pub(crate) number: u64,
}

/// A job as it lay on a desk when somebody looked.
pub(crate) struct Glance {
    at: u64,
    pub(crate) job: Job,
}

impl Desk {
    /// An empty desk.
    pub(crate) fn new() -> Desk {
        Desk { line: CachePadded::default() }
    }

    /// The owner puts a job here. What it reads next must not be older than what others can then
    /// see here: see [`crate::engine::Engine::ended`].
    #[inline]
    pub(crate) fn begin(&self, job: Job) {
        let line = &*self.line;
        let number = line.begun.load(Ordering::Relaxed) + 1;
        line.begun.store(number, Ordering::Relaxed);
        line.id.store(job.id.0, Ordering::Release);
        line.payload.store(job.payload as u64, Ordering::Relaxed);
        line.created.store(job.created, Ordering::Relaxed);
        line.position.store(job.position, Ordering::Relaxed);
        line.since.store(0, Ordering::Relaxed);
        line.at.store(number, Ordering::Release);
    }

    /// The owner starts the transform.
    #[inline]
    pub(crate) fn starts(&self, now: u64) {
        self.line.since.store(now, Ordering::Release);
    }

    /// The owner says how long the job may run and how often it was tried, before it starts it.
    #[inline]
    pub(crate) fn note(&self, limit: u64, tries: u64) {
        self.line.limit.store(limit, Ordering::Relaxed);
        self.line.tries.store(tries, Ordering::Relaxed);
    }

    /// Tells the job of that number why it is not wanted; who comes first has said it. False if it
    /// has left, perhaps meanwhile. If it has not, [`Desk::told_at_last`] will say so: either that
    /// is the later swap of the word, or this one sees all that was before it.
    pub(crate) fn tell(&self, number: u64, reason: Outcome) -> bool {
        let late = if reason == Outcome::TimedOut { TOO_LATE } else { 0 };
        let word = number << 1 | late;
        let mut told = self.line.told.load(Ordering::Acquire);
        while self.has(number) && told >> 1 < number {
            let swap =
                self.line.told.compare_exchange(told, word, Ordering::AcqRel, Ordering::Acquire);
            match swap {
                Ok(_) if cfg!(control = "told_late") => return true,
                Ok(_) => break,
                Err(seen) => told = seen,
            }
        }
        self.has(number)
    }

    /// Whether the job of that number lies here.
    pub(crate) fn has(&self, number: u64) -> bool {
        self.line.at.load(Ordering::Acquire) == number
    }

    /// The owner has run a job for so long.
    #[inline]
    pub(crate) fn ran(&self, ns: u64) {
        let busy = self.line.busy.load(Ordering::Relaxed).wrapping_add(ns);
        self.line.busy.store(busy, Ordering::Relaxed);
    }

    /// How long its jobs ran in all.
    pub(crate) fn busy_ns(&self) -> u64 {
        self.line.busy.load(Ordering::Relaxed)
    }

    /// The number of the job that was put here last.
    #[inline]
    pub(crate) fn last(&self) -> u64 {
        self.line.begun.load(Ordering::Relaxed)
    }

    /// Why the job of that number was told, if it was.
    pub(crate) fn told(&self, number: u64) -> Option<Outcome> {
        let told = self.line.told.load(Ordering::Acquire);
        (told >> 1 == number).then(|| reason(told))
    }

    /// The same, for who has taken the job from here: nobody else is told by [`Desk::tell`] that it
    /// was in time.
    pub(crate) fn told_at_last(&self, number: u64) -> Option<Outcome> {
        let told = self.line.told.fetch_or(0, Ordering::AcqRel);
        (told >> 1 == number).then(|| reason(told))
    }

    /// For the job that was put here last: a word, and what that is at least when the job was told.
    #[inline]
    pub(crate) fn told_word(&self) -> (&AtomicU64, u64) {
        (&self.line.told, self.last() << 1)
    }

    /// The owner, where nobody else takes jobs from here, is about to publish or discard the job.
    /// Before that, so that a job that was polled is never still counted as running.
    #[inline]
    pub(crate) fn end(&self) {
        self.line.at.store(0, Ordering::Release);
    }

    /// The same where the job may be taken from here meanwhile, by its number. False if it was.
    pub(crate) fn end_if(&self, number: u64) -> bool {
        let swap = self.line.at.compare_exchange(number, 0, Ordering::AcqRel, Ordering::Relaxed);
        swap.is_ok()
    }

    /// What lies here, to be taken with [`Desk::take`].
    pub(crate) fn look(&self) -> Option<Glance> {
        let line = &*self.line;
        let at = line.at.load(Ordering::Acquire);
        (at > 0).then(|| Glance {
            at,
            job: Job {
                id: Id(line.id.load(Ordering::Acquire)),
                payload: line.payload.load(Ordering::Acquire) as *mut c_void,
                created: line.created.load(Ordering::Acquire),
                position: line.position.load(Ordering::Acquire),
                limit: line.limit.load(Ordering::Acquire),
                tries: line.tries.load(Ordering::Acquire),
            },
        })
    }

    /// Takes away what was seen here. The job is the caller's if nobody else was faster; and then
    /// what was read is one job, for the owner puts none here before this is empty.
    pub(crate) fn take(&self, seen: Glance) -> Option<Job> {
        #[cfg(control = "take_swap")]
        return (self.line.at.load(Ordering::Acquire) == seen.at).then(|| {
            self.line.at.store(0, Ordering::Release);
            seen.job
        });
        #[cfg(not(control = "take_swap"))]
        {
            let (free, taken) = (Ordering::Relaxed, Ordering::AcqRel);
            let swap = self.line.at.compare_exchange(seen.at, 0, taken, free);
            swap.ok().map(|_| seen.job)
        }
    }

    /// Jobs put here that are here no longer.
    pub(crate) fn left(&self) -> u64 {
        let here = u64::from(self.line.at.load(Ordering::Acquire) > 0);
        self.line.begun.load(Ordering::Relaxed).saturating_sub(here)
    }

    /// The job at hand.
    pub(crate) fn at_work(&self) -> Option<AtWork> {
        let line = &*self.line;
        loop {
            let at = line.at.load(Ordering::Acquire);
            if at == 0 {
                return None;
            }
            let since = line.since.load(Ordering::Acquire);
            let (id, limit) = (line.id.load(Ordering::Acquire), line.limit.load(Ordering::Acquire));
            if line.at.load(Ordering::Acquire) == at {
                return Some(AtWork { id: Id(id), since, limit, number: at });
            }
        }
    }
}

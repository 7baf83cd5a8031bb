//! What can be seen of an engine from outside, at one instant.

use super::Engine;
use crate::credits::Outcome;
use crate::desk::Desk;
use crate::later::Later;
use crate::returned::Returned;
use crate::sync::Ordering;

impl Engine {
    /// Jobs that wait for a worker, those included that are just being put.
    pub(crate) fn queued(&self) -> u64 {
        if self.is_inline() {
            return 0;
        }
        // In this order, so that it is never more than there were places.
        let accepted = self.credits.counts().0;
        let returned = self.relays.iter().flatten().map(Returned::len).sum::<u64>()
            + self.later.as_ref().map_or(0, Later::len);
        accepted.saturating_sub(self.jobs.taken()) + returned
    }

    /// Whether a job was accepted that no worker has taken off the queue, whether it shows there or
    /// not. Exact for what was accepted before.
    pub(crate) fn has_pending_jobs(&self) -> bool {
        self.credits.has_beyond(self.jobs.taken())
    }

    /// Jobs that a worker has at hand.
    pub(crate) fn running(&self) -> u64 {
        let at_desks = self.desks.iter().filter(|desk| desk.at_work().is_some()).count();
        at_desks as u64 + self.inline.load(Ordering::Acquire)
    }

    /// How long a worker's jobs ran in all, where jobs are timed.
    pub(crate) fn busy_ns(&self, worker: usize) -> u64 {
        self.desks_of(worker).first().map_or(0, Desk::busy_ns)
    }

    /// Jobs at a worker that ran past their limit and were told so.
    pub(crate) fn stalled(&self) -> u64 {
        let late = |desk: &&Desk| {
            desk.at_work().and_then(|at| desk.told(at.number)) == Some(Outcome::TimedOut)
        };
        self.desks.iter().filter(late).count() as u64
    }

    /// Jobs of sessions before that one which a worker has at hand.
    pub(crate) fn stale(&self, session: u32) -> u64 {
        let stale = |desk: &&Desk| desk.at_work().is_some_and(|at| at.id.session() < session);
        self.desks.iter().filter(stale).count() as u64
    }

    /// Whether the session is finished and each of its jobs has its outcome. Jobs of earlier
    /// sessions that still run do not count: they are nobody's any more.
    ///
    /// A worker writes such a job on its desk and then, a light fence between, reads the phase; a
    /// reset changes the phase, and then, a heavy fence between, tells pollers to look. So the
    /// worker sees the reset and discards the job, or pollers see the job on the desk.
    pub(crate) fn ended(&self) -> bool {
        self.credits.ended(|session| self.stale(session))
    }
}

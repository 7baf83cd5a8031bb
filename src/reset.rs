//! Clearing the way: a new session begins, and what belongs to none any more is discarded.

use crate::barrier;
use crate::engine::Engine;
use crate::job::Id;
use crate::status::Status;

impl Engine {
    /// Begins a new session and returns its number. When it returns, jobs of earlier sessions
    /// are discarded, or running and told so; no result of theirs is delivered any more.
    ///
    /// The session is changed first and the queues are cleared after, so that whatever comes
    /// into them later is either of the new session or was pushed by a thread that will see the
    /// change: a push and the change of the phase each have a fence behind them (a light and a
    /// heavy one, see [`crate::barrier`]), and then look at the other. Who finds itself late sweeps
    /// again.
    pub(crate) fn reset(&self) -> Result<u32, Status> {
        if self.is_inside() {
            return Err(Status::InsideCallback);
        }
        self.signals.phase().refusal()?;
        let session = self.credits.next_session()?;
        self.clear_for(session);
        Ok(session)
    }

    /// The rest of a reset, once jobs are accepted in the new session.
    pub(crate) fn clear_for(&self, session: u32) {
        self.signals.begin_session(session);
        self.sweep();
        self.notes.forget(session, || self.signals.forget_cancels());
        self.signals.room.notify_all();
        #[cfg(not(control = "reset_news"))]
        self.signals.tell_pollers(); // An end may be near, see `Engine::ended`.
    }

    /// Says that no more jobs come in this session.
    pub(crate) fn finish(&self) -> Result<(), Status> {
        self.signals.phase().refusal()?;
        self.credits.finish();
        self.signals.finish();
        Ok(())
    }

    /// Closes the intake, sends the workers home and discards what nobody will take any more.
    /// Whoever pushes later finds the executor closed and sweeps itself.
    pub(crate) fn shut(&self) {
        self.credits.close();
        self.signals.close();
        // For a thread that waits for a process to ask for work.
        self.lanes.iter().for_each(|lane| lane.link.host_bell().ring());
        self.sweep();
    }

    /// The phase has changed: discards what is doomed in the queue or at a worker that has not
    /// begun it, and what is outdated among the results.
    pub(crate) fn sweep(&self) {
        #[cfg(not(control = "reset_fence"))]
        barrier::heavy();
        self.sweep_jobs();
        (0..self.lanes.len()).for_each(|worker| self.sweep_lane(worker));
        self.sweep_results();
    }

    /// Both queues are sorted by session, so that what is to go comes first. A job or a result
    /// that is just being pushed holds up the sweep; whoever pushes it finds itself late and
    /// sweeps again, for it is no younger than those behind it that are to go.
    pub(crate) fn sweep_jobs(&self) {
        let doomed = |id: Id| self.signals.phase().dooms(id.session());
        if let Some(later) = &self.later {
            while let Some((job, _)) = later.take(|_, job| doomed(job.id)) {
                self.discard_job(job);
            }
        }
        while let Some(job) = self.jobs.pop_if(doomed) {
            self.discard_job(job);
        }
        for relay in self.relays.iter().flatten() {
            while let Some(job) = relay.pop_if(doomed) {
                self.discard_job(job);
            }
        }
        #[cfg(not(control = "sweep_news"))]
        self.signals.empty.notify_all();
    }

    /// As [`Engine::sweep_jobs`].
    pub(crate) fn sweep_results(&self) {
        let phase = self.signals.phase();
        let outdated = |session| self.signals.phase().outdates(session);
        // Where the phase outdates all; else the next reset's, which is under way.
        let end = || match phase.ends_all() {
            true => self.credits.counts().0,
            false => self.credits.base(phase.session()).unwrap_or(0),
        };
        self.results.sweep(end, outdated, |done| self.discard_result(done));
    }

    /// Where results come in the order of put: a sweep by whoever may have kept another from it,
    /// and the news that this makes.
    pub(crate) fn sweep_behind(&self) {
        self.sweep_results();
        self.signals.room.notify_all();
        self.signals.tell_pollers();
    }
}

//! What an executor tells all its threads: its phase, and the events they wait for. Written
//! rarely, read at every step; and the only part of an executor that a signal handler touches.

use crate::config::MAX_STAGES;
use crate::doorbell::Doorbell;
use crate::event::Event;
use crate::status::Status;
use crate::sync::{AtomicU64, Ordering};
use crossbeam_utils::CachePadded;

const CLOSED: u64 = 1;
const ABORTED: u64 = 2;
const STRANDED: u64 = 4;
const FINISHES: u64 = 8;
const CANCELS: u64 = 16;
const SESSION_SHIFT: u32 = 32;

/// The phase at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Phase(pub(crate) u64);

impl Phase {
    /// The session whose jobs count. Jobs of an earlier one are stale; a job may be one ahead of
    /// this number for as long as a reset is under way.
    #[inline]
    pub(crate) fn session(self) -> u32 {
        (self.0 >> SESSION_SHIFT) as u32
    }

    /// No callback may start any more but discards and the workers' exits.
    #[inline]
    pub(crate) fn closed(self) -> bool {
        self.0 & CLOSED != 0
    }

    /// Whether some session was ever finished: only then is an end to be looked for.
    #[inline]
    pub(crate) fn finishes(self) -> bool {
        self.0 & FINISHES != 0
    }

    /// Whether a job of that session may have to be treated otherwise than by running it.
    #[inline]
    pub(crate) fn minds(self, session: u32) -> bool {
        session < self.session() || self.0 & (CLOSED | ABORTED | STRANDED | CANCELS) != 0
    }

    /// Whether nothing of any session counts any more.
    #[inline]
    pub(crate) fn ends_all(self) -> bool {
        self.0 & (CLOSED | ABORTED) != 0
    }

    /// Why nothing can be put or polled, if so.
    #[inline]
    pub(crate) fn refusal(self) -> Result<(), Status> {
        match self.0 & (CLOSED | ABORTED | STRANDED) {
            0 => Ok(()),
            flags if flags & CLOSED != 0 => Err(Status::Closed),
            flags if flags & ABORTED != 0 => Err(Status::Aborted),
            _ => Err(Status::NoWorkers),
        }
    }

    /// Whether a job of that session must not run.
    #[inline]
    pub(crate) fn dooms(self, session: u32) -> bool {
        self.outdates(session) || self.0 & STRANDED != 0
    }

    /// Whether a result of that session must not be delivered.
    #[inline]
    pub(crate) fn outdates(self, session: u32) -> bool {
        session < self.session() || self.ends_all()
    }
}

/// What every step reads, and hardly one writes.
#[derive(Default)]
struct Front {
    /// session:32, flags:32.
    phase: AtomicU64,
    doorbell: Doorbell,
}

/// The phase and the events. Its memory outlives its executor, see [`crate::registry`].
#[derive(Default)]
pub(crate) struct Signals {
    front: CachePadded<Front>,
    /// Workers wait for jobs.
    pub(crate) work: Event,
    /// The same for the later stages of a chain.
    stages: [Event; MAX_STAGES - 1],
    /// Pollers wait for results, or the end. To be told by [`Signals::tell_poller`].
    pub(crate) ready: Event,
    /// Hosts that have lent their core wait for workers to find no job, see [`crate::nap`].
    pub(crate) empty: Event,
    /// Putters wait for room.
    pub(crate) room: Event,
    /// Those who fill batches wait for a free buffer.
    pub(crate) spare: Event,
    /// The warden waits for jobs that are due, see [`crate::limits`].
    pub(crate) alarm: Event,
    /// `start` and `close` wait for workers, and for the last job.
    pub(crate) staff: Event,
    #[cfg(not(loom))]
    mirror: std::sync::OnceLock<crate::mirror::Mirror>,
}

impl Signals {
    /// The phase now.
    #[inline]
    pub(crate) fn phase(&self) -> Phase {
        Phase(self.front.phase.load(Ordering::Acquire))
    }

    /// Where it stands.
    pub(crate) fn phase_word(&self) -> &AtomicU64 {
        &self.front.phase
    }

    /// Where the workers of a stage wait for jobs.
    pub(crate) fn work_of(&self, stage: usize) -> &Event {
        if stage == 0 { &self.work } else { &self.stages[stage - 1] }
    }

    /// The descriptor that tells of what there is to poll.
    #[inline]
    pub(crate) fn doorbell(&self) -> &Doorbell {
        &self.front.doorbell
    }

    /// There is a result more. As for [`Event::notify_one`].
    #[inline(always)]
    pub(crate) fn tell_poller(&self) {
        self.ready.notify_one();
        self.front.doorbell.ring();
    }

    /// Whether [`Signals::tell_poller`] would tell anybody.
    #[inline(always)]
    pub(crate) fn awaits_results(&self) -> bool {
        self.ready.has_sleepers() || self.front.doorbell.is_armed()
    }

    /// There is news for every poller. Async-signal-safe.
    pub(crate) fn tell_pollers(&self) {
        self.ready.notify_all();
        self.front.doorbell.ring();
    }

    /// Begins a session, unless a later one has begun already.
    pub(crate) fn begin_session(&self, session: u32) {
        let mut phase = self.front.phase.load(Ordering::Relaxed);
        while Phase(phase).session() < session {
            let next = u64::from(session) << SESSION_SHIFT | phase & 0xffff_ffff;
            match self.front.phase.compare_exchange_weak(
                phase,
                next,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => break,
                Err(seen) => phase = seen,
            }
        }
        self.show();
    }

    /// Has worker processes see the phase. To be called when it has changed.
    fn show(&self) {
        #[cfg(not(loom))]
        if let Some(mirror) = self.mirror.get()
            && mirror.is_ours()
        {
            mirror.show(self.phase().0);
        }
    }

    /// A page for worker processes, which shows them the phase from now on.
    #[cfg(not(loom))]
    pub(crate) fn open_mirror(&self) -> std::io::Result<std::fs::File> {
        if self.mirror.get().is_none() {
            // Only one executor has these signals, and starts once.
            let _ = self.mirror.set(crate::mirror::Mirror::new()?);
        }
        let page = self.mirror.get().map(crate::mirror::Mirror::open);
        self.show();
        page.unwrap_or_else(|| Err(std::io::ErrorKind::Other.into()))
    }

    /// Tells pollers to look for the end of the session.
    pub(crate) fn finish(&self) {
        self.front.phase.fetch_or(FINISHES, Ordering::AcqRel);
        self.show();
        self.tell_pollers();
        self.room.notify_all();
    }

    /// Has all look whether the job at hand is one that was cancelled, see [`crate::notes`].
    pub(crate) fn note_cancels(&self) {
        self.front.phase.fetch_or(CANCELS, Ordering::AcqRel);
    }

    /// No longer.
    pub(crate) fn forget_cancels(&self) {
        self.front.phase.fetch_and(!CANCELS, Ordering::AcqRel);
    }

    /// Makes every put and poll say `Aborted`, and wakes all sleepers. Async-signal-safe.
    pub(crate) fn abort(&self) {
        self.raise(ABORTED);
    }

    /// Makes every put and poll say `Closed`, wakes all sleepers, and sends the workers home.
    pub(crate) fn close(&self) {
        self.raise(CLOSED);
    }

    /// Makes every put and poll say `NoWorkers`.
    pub(crate) fn strand(&self) {
        self.raise(STRANDED);
    }

    fn raise(&self, flag: u64) {
        self.front.phase.fetch_or(flag, Ordering::AcqRel);
        self.show();
        self.work.notify_all();
        self.stages.iter().for_each(Event::notify_all);
        self.tell_pollers();
        self.empty.notify_all();
        self.room.notify_all();
        self.spare.notify_all();
        self.alarm.notify_all();
        self.staff.notify_all();
    }

    /// As new, for the next executor.
    pub(crate) fn clear(&self) {
        [&self.work, &self.ready, &self.empty, &self.room, &self.spare, &self.alarm, &self.staff]
            .into_iter()
            .chain(&self.stages)
            .for_each(Event::clear);
        self.front.phase.store(0, Ordering::Release);
    }

    /// Nothing of the executor is left: its descriptor goes too, and its worker processes' page.
    #[cfg(not(loom))]
    pub(crate) fn retire(&self) {
        self.front.doorbell.close();
        if let Some(mirror) = self.mirror.get() {
            mirror.close();
        }
    }
}

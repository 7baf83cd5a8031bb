//! Telling one job that its result is not wanted.
//!
//! A job that is at a worker is **told**, by a word on its desk: its transform looks there. A flag
//! in the phase, which is raised before, has its worker look there, too, when the transform has
//! returned: so a transform that saw the word does not come as done. A job that waits is **noted**
//! ([`crate::notes`]), and by the same flag whoever takes it looks there. A job that is just taken
//! up may be on no desk yet: its worker writes the desk and then, a light fence between, reads the
//! phase and the notes; whoever cancels notes the job, and then, a heavy fence between, looks at
//! the desks. One of them sees the other; where both do, the worker does not run it.
//!
//! A job that lies at a worker process, not begun, is taken back and so waits again. One that is
//! just being handed over is not there to be taken back: it is told on its desk, and the thread
//! that hands it over looks there afterwards and passes that on to the link; a fence between on
//! either side.

use crate::barrier;
use crate::credits::{NUMBERS, Outcome};
use crate::engine::Engine;
use crate::job::Id;
use crate::link::DEPTH;
use crate::status::Status;
use crate::sync::full_fence;

impl Engine {
    /// Cancels a job of this session: one that waits never runs, one that runs is told. Either
    /// comes as `Cancelled`; one that is done comes as what it is. `Empty` if no such job was put
    /// in this session.
    pub(crate) fn cancel(&self, id: Id) -> Result<(), Status> {
        self.signals.phase().refusal()?;
        let position = self.position_of(id).ok_or(Status::Empty)?;
        if self.is_inline() {
            return Err(Status::Empty); // It runs inside its put, and has no number yet.
        }
        self.notes.add(id, position, self.jobs.taken(), || self.signals.note_cancels());
        #[cfg(not(control = "cancel_fence"))]
        barrier::heavy();
        self.do_not_pause(id);
        if (0..self.desks.len()).any(|desk| self.call_off(desk, id)) {
            self.notes.strike(id);
            if let Some(limits) = &self.limits {
                limits.look_now(&self.signals.alarm);
            }
        }
        Ok(())
    }

    /// The place among all jobs of a job of this session.
    fn position_of(&self, id: Id) -> Option<u64> {
        let base = self.credits.base(id.session())?;
        let accepted = self.credits.counts().0.saturating_sub(base);
        let (session, number) = self.first;
        let first = if id.session() == session { number } else { 0 };
        let offset = id.number().wrapping_sub(first) % NUMBERS;
        // Numbers come again after that many: the latest is meant.
        let laps = accepted.checked_sub(offset + 1)? / NUMBERS;
        Some(base + offset + laps * NUMBERS)
    }

    /// Tells a job, if it is on that desk; one that is not begun is taken back instead.
    fn call_off(&self, desk: usize, id: Id) -> bool {
        let Some(at) = self.desks[desk].at_work().filter(|at| at.id == id) else { return false };
        if !self.lanes.is_empty()
            && let Some(job) = self.withdraw(desk / DEPTH, desk % DEPTH)
        {
            self.give_back(job, self.stage_of(desk / DEPTH)); // Whoever takes it next finds it noted.
            return false;
        }
        self.tell(desk, at.number, Outcome::Cancelled)
    }

    /// Tells the job of that number on a desk why it is not wanted. False if it has left.
    pub(crate) fn tell(&self, desk: usize, number: u64, reason: Outcome) -> bool {
        let told = self.desks[desk].tell(number, reason);
        if told && let Some(lane) = self.lanes.get(desk / DEPTH) {
            full_fence(); // Between the word on the desk and the look at the slot, see above.
            let lap = lane.link.lap(desk % DEPTH);
            // While it is there the slot is its own, or still that of the job before it.
            if self.desks[desk].has(number) {
                lane.link.tell(desk % DEPTH, lap);
            }
        }
        told
    }
}

#[cfg(all(test, loom))]
mod models;

//! Batches on their way: who may fill, send and release a buffer, see [`crate::arena`].

use crate::arena::View;
use crate::clock::Timeout;
use crate::engine::Engine;
use crate::status::Status;
use crate::sync::fence_after_rmw;
use std::ffi::c_void;

impl Engine {
    /// A free buffer, from now on the caller's; or says at once why there is none.
    pub(crate) fn acquire(&self) -> Result<View, Status> {
        self.signals.phase().refusal()?;
        self.arena.as_ref().ok_or(Status::NotHeld)?.acquire().ok_or(Status::Full)
    }

    /// The same, waiting until the timeout.
    pub(crate) fn acquire_wait(&self, timeout: Timeout) -> Result<View, Status> {
        if self.is_inside() {
            return Err(Status::InsideCallback);
        }
        match self.acquire() {
            Err(Status::Full) => {}
            answer => return answer,
        }
        let attempt = || match self.acquire() {
            Err(Status::Full) => None,
            answer => Some(answer),
        };
        let has = |_| self.arena.as_ref().is_some_and(|arena| arena.has_free());
        let found = self.signals.spare.wait(self.spin, timeout.deadline(), attempt, has);
        found.unwrap_or(Err(Status::Timeout))
    }

    /// Takes a buffer back that the caller holds.
    pub(crate) fn release(&self, input: *mut c_void) -> Result<(), Status> {
        let arena = self.arena.as_ref().ok_or(Status::NotHeld)?;
        let index = arena.index_of(input).ok_or(Status::NotHeld)?;
        if !arena.release(index) {
            return Err(Status::NotHeld);
        }
        self.tell_of_a_spare();
        Ok(())
    }

    /// A buffer that the caller holds.
    pub(crate) fn held(&self, input: *mut c_void) -> Result<View, Status> {
        let arena = self.arena.as_ref().ok_or(Status::NotHeld)?;
        let index = arena.index_of(input).filter(|index| arena.is_held(*index));
        Ok(arena.view(index.ok_or(Status::NotHeld)?))
    }

    /// The buffer that a payload is, if it is one.
    #[inline]
    pub(crate) fn buffer_of(&self, payload: *mut c_void) -> Option<View> {
        let arena = self.arena.as_ref()?;
        Some(arena.view(arena.index_of(payload)?))
    }

    /// The same for a stage, whose output counts as empty.
    pub(crate) fn buffer_for(&self, payload: *mut c_void, stage: usize) -> Option<View> {
        let view = self.buffer_of(payload)?.for_stage(stage);
        if stage > 0 {
            view.set_output(0);
        }
        Some(view)
    }

    /// The caller puts a payload: if it is a buffer, it must hold it, and does no longer.
    #[inline]
    pub(crate) fn send(&self, payload: *mut c_void) -> Result<(), Status> {
        let Some(arena) = &self.arena else { return Ok(()) };
        match arena.index_of(payload) {
            Some(index) if arena.send(index) => Ok(()),
            // Plain payloads are for threads, and none lies in here.
            None if arena.file().is_none() && !arena.contains(payload) => Ok(()),
            _ => Err(Status::NotHeld),
        }
    }

    /// A put was refused: the caller goes on holding it.
    pub(crate) fn keep(&self, payload: *mut c_void) {
        self.bring(payload);
    }

    /// A payload is the host's again.
    #[inline]
    pub(crate) fn bring(&self, payload: *mut c_void) -> Option<View> {
        let arena = self.arena.as_ref()?;
        let index = arena.index_of(payload)?;
        arena.bring(index).then(|| arena.view(index).behind(self.stage_ends.len()))
    }

    /// Takes a buffer back that nobody will get. False if the payload is none.
    pub(crate) fn recycle(&self, payload: *mut c_void) -> bool {
        let Some(arena) = &self.arena else { return false };
        let recycled = arena.index_of(payload).is_some_and(|index| arena.discard(index));
        if recycled {
            self.tell_of_a_spare();
        }
        recycled
    }

    fn tell_of_a_spare(&self) {
        fence_after_rmw(); // N2 of the event, behind the push of the free buffer.
        self.signals.spare.notify_one();
    }
}

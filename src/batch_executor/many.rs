//! Several buffers in one call, from a list and to one.

use super::{BatchExecutor, BatchResult};
use crate::held::Buffer;
use crate::status::Status;
use std::ffi::c_void;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

impl BatchExecutor {
    /// Puts buffers from the front of the list in one call, as many as there is room for, one at
    /// least, and takes them off the list. Answers their ids. A buffer of another executor ends
    /// what is put; in front it is the error `NotHeld`. An error, `Full` among them, leaves the
    /// list as it is; to put nothing is no error. Never waits.
    pub fn put_many(&self, buffers: &mut Vec<Buffer>) -> Result<Range<u64>, Status> {
        self.put_many_by(buffers, |inputs| self.running.crew.engine.put_many(inputs))
    }

    /// The same, waiting for room for one.
    pub fn put_many_wait(
        &self,
        buffers: &mut Vec<Buffer>,
        timeout: Duration,
    ) -> Result<Range<u64>, Status> {
        let engine = &self.running.crew.engine;
        self.put_many_by(buffers, |inputs| engine.put_many_wait(inputs, timeout.into()))
    }

    fn put_many_by(
        &self,
        buffers: &mut Vec<Buffer>,
        put: impl FnOnce(&[*mut c_void]) -> Result<Range<u64>, Status>,
    ) -> Result<Range<u64>, Status> {
        let ours = |buffer: &&Buffer| Arc::ptr_eq(&buffer.crew, &self.running.crew);
        let inputs = buffers.iter().take_while(ours).map(|buffer| buffer.view.input.cast());
        let inputs: Vec<*mut c_void> = inputs.collect();
        if inputs.is_empty() && !buffers.is_empty() {
            return Err(Status::NotHeld);
        }
        let ids = put(&inputs)?;
        buffers.drain(..(ids.end - ids.start) as usize).for_each(Buffer::leave);
        Ok(ids)
    }

    /// Takes up to `most` results in one call, one at least, and appends them to the list. Answers
    /// how many they are; an error is that of [`BatchExecutor::poll`]. Never waits.
    pub fn poll_many(&self, most: usize, to: &mut Vec<BatchResult>) -> Result<usize, Status> {
        // Each has a result: every payload is a buffer.
        self.running.crew.engine.poll_many(most, |from| to.extend(self.read(from)))
    }

    /// The same, waiting for one result.
    pub fn poll_many_wait(
        &self,
        most: usize,
        to: &mut Vec<BatchResult>,
        timeout: Duration,
    ) -> Result<usize, Status> {
        let engine = &self.running.crew.engine;
        engine.poll_many_wait(most, timeout.into(), |from| to.extend(self.read(from)))
    }
}

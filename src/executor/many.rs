//! Several payloads in one call, from a list and to one.

use super::{Executor, JobResult, read};
use crate::status::Status;
use std::ffi::c_void;
use std::ops::Range;
use std::time::Duration;

impl<T: Send + 'static> Executor<T> {
    /// Puts payloads from the front of the list in one call, as many as there is room for, one at
    /// least, and takes them off the list. Answers their ids. An error, `Full` among them, leaves
    /// the list as it is; to put nothing is no error. Never waits.
    #[inline]
    pub fn put_many(&self, payloads: &mut Vec<Box<T>>) -> Result<Range<u64>, Status> {
        self.put_many_by(payloads, |payloads| self.running.crew.engine.put_many(payloads))
    }

    /// The same, waiting for room for one.
    #[inline]
    pub fn put_many_wait(
        &self,
        payloads: &mut Vec<Box<T>>,
        timeout: Duration,
    ) -> Result<Range<u64>, Status> {
        let engine = &self.running.crew.engine;
        self.put_many_by(payloads, |payloads| engine.put_many_wait(payloads, timeout.into()))
    }

    #[inline]
    fn put_many_by(
        &self,
        payloads: &mut Vec<Box<T>>,
        put: impl FnOnce(&[*mut c_void]) -> Result<Range<u64>, Status>,
    ) -> Result<Range<u64>, Status> {
        let (list, len) = (payloads.as_ptr().cast::<*mut c_void>(), payloads.len());
        // SAFETY: a box is a pointer, and the list is not changed during the call.
        let ids = put(unsafe { std::slice::from_raw_parts(list, len) })?;
        let rest = len - (ids.end - ids.start) as usize;
        // SAFETY: 0 is no more than the capacity. Nothing is dropped.
        unsafe { payloads.set_len(0) };
        let front = payloads.as_mut_ptr();
        // SAFETY: the accepted ones are the executor's, and lie in front of the rest.
        let back = unsafe { front.add(len - rest) };
        // SAFETY: both ends lie in the list. The boxes are moved as bytes: those in front are not
        // touched, for they may have another owner by now.
        unsafe { std::ptr::copy(back, front, rest) };
        // SAFETY: the rest is in front now.
        unsafe { payloads.set_len(rest) };
        Ok(ids)
    }

    /// Takes up to `most` results in one call, one at least, and appends them to the list. Answers
    /// how many they are; an error is that of [`Executor::poll`]. Never waits.
    #[inline]
    pub fn poll_many(&self, most: usize, to: &mut Vec<JobResult<T>>) -> Result<usize, Status> {
        self.running.crew.engine.poll_many(most, |from| to.push(read(from)))
    }

    /// The same, waiting for one result.
    #[inline]
    pub fn poll_many_wait(
        &self,
        most: usize,
        to: &mut Vec<JobResult<T>>,
        timeout: Duration,
    ) -> Result<usize, Status> {
        let engine = &self.running.crew.engine;
        engine.poll_many_wait(most, timeout.into(), |from| to.push(read(from)))
    }
}

//! What a transform of batches is, in Rust. The same runs on worker threads and in worker
//! processes.

use crate::arena::{HEADER_BYTES, View};
use crate::credits::Outcome;
use crate::run::{JobContext, LogLevel, Run};
use crate::run_thread::{Failure, guarded, note};
use std::ffi::c_void;
use std::marker::PhantomData;

/// A batch as a transform sees it, in place.
pub struct Batch<'a> {
    view: View,
    _job: PhantomData<&'a mut [u8]>,
}

impl Batch<'_> {
    /// What the host filled.
    pub fn input(&self) -> &[u8] {
        // SAFETY: the buffer is the job's while it runs, and the length was checked.
        unsafe { std::slice::from_raw_parts(self.view.input, self.view.input_used()) }
    }

    /// The input to read and the output to write: all of it, with what an earlier job left there.
    pub fn split(&mut self) -> (&[u8], &mut [u8]) {
        // SAFETY: as above.
        let input = unsafe { std::slice::from_raw_parts(self.view.input, self.view.input_used()) };
        // SAFETY: as above; input and output do not overlap.
        let output =
            unsafe { std::slice::from_raw_parts_mut(self.view.output, self.view.output_bytes) };
        (input, output)
    }

    /// The output to write, as in [`Batch::split`].
    pub fn output(&mut self) -> &mut [u8] {
        self.split().1
    }

    /// How many bytes of the output the result shows; none, if nobody says.
    ///
    /// # Panics
    /// If the output cannot have so many.
    pub fn set_output(&mut self, bytes: usize) {
        assert!(self.view.set_output(bytes as u64), "{bytes} bytes do not fit the output");
    }

    /// Travels with the batch, both ways: shape and type, for example.
    pub fn header(&self) -> &[u8; HEADER_BYTES] {
        // SAFETY: as above; the header lies in the buffer's head.
        unsafe { &*self.view.header().cast() }
    }

    /// The same, to be written.
    pub fn header_mut(&mut self) -> &mut [u8; HEADER_BYTES] {
        // SAFETY: as above.
        unsafe { &mut *self.view.header().cast() }
    }
}

/// What an executor does with batches. A closure `Fn(&mut Batch, &JobContext) -> Result<(),
/// Failure>` is one; a type that implements it can answer the other calls too. See
/// [`crate::Transform`], which is the same for payloads.
pub trait BatchTransform: Send + Sync + 'static {
    /// Transforms a batch, on a worker.
    fn run(&self, batch: &mut Batch<'_>, job: &JobContext<'_>) -> Result<(), Failure>;

    /// A worker thread begins. An error makes the start fail.
    fn enter(&self, _worker: usize) -> Result<(), String> {
        Ok(())
    }

    /// A worker thread ends.
    fn exit(&self, _worker: usize) {}

    /// A line about the executor's health. By default it is dropped.
    fn log(&self, _level: LogLevel, _line: &str) {}
}

impl<F> BatchTransform for F
where
    F: Fn(&mut Batch<'_>, &JobContext<'_>) -> Result<(), Failure> + Send + Sync + 'static,
{
    fn run(&self, batch: &mut Batch<'_>, job: &JobContext<'_>) -> Result<(), Failure> {
        self(batch, job)
    }
}

/// Makes the step that runs a job of a transform of batches.
pub(crate) struct Batched<F>(pub(crate) F);

impl<F: BatchTransform> Run for Batched<F> {
    fn enter(&self, worker: usize) -> Result<(), String> {
        guarded(|| self.0.enter(worker)).unwrap_or_else(Err)
    }

    fn run(&self, job: &mut JobContext<'_>) -> Outcome {
        let Some(view) = job.buffer else { return Outcome::Failed };
        let mut batch = Batch { view, _job: PhantomData };
        let answer = guarded(|| self.0.run(&mut batch, job));
        note(answer, job)
    }

    fn exit(&self, worker: usize) {
        if let Err(message) = guarded(|| self.0.exit(worker)) {
            let line = format!("the exit callback panicked: {message}");
            self.log(LogLevel::Error, &line);
        }
    }

    /// Every payload is a buffer, and those are recycled.
    fn discard(&self, _: *mut c_void) {}

    fn log(&self, level: LogLevel, line: &str) {
        let _ = guarded(|| self.0.log(level, line));
    }

    fn retire(&self) {}
}

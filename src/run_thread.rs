//! What a transform in Rust is, and how it is run on the worker's thread.

use crate::credits::Outcome;
use crate::run::{JobContext, LogLevel, Run};
use std::any::Any;
use std::ffi::c_void;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Why a transform could not do its job. Comes back with the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The transform's own number.
    pub code: i32,
    /// For people; cut to [`crate::MESSAGE_BYTES`].
    pub message: String,
}

/// What an executor does with payloads of type `T`. A closure `Fn(&mut T, &JobContext) ->
/// Result<(), Failure>` is one; a type that implements it can answer the other calls too.
///
/// Every method may be called from several threads at once. A panic in `run` is the job's
/// outcome; in `enter` it is an error of the start; elsewhere it is caught and logged.
pub trait Transform<T>: Send + Sync + 'static {
    /// Transforms a payload in place, on a worker.
    fn run(&self, payload: &mut T, job: &JobContext<'_>) -> Result<(), Failure>;

    /// A worker begins, on its own thread. An error makes the start fail; from the replacement of
    /// a worker that died, it counts as another death.
    fn enter(&self, _worker: usize) -> Result<(), String> {
        Ok(())
    }

    /// A worker ends, on its own thread.
    fn exit(&self, _worker: usize) {}

    /// A payload that nobody will get: its session was reset, or the executor closed. Called on
    /// whichever thread finds it. By default it is dropped.
    fn discard(&self, payload: Box<T>) {
        drop(payload);
    }

    /// A line about the executor's health. By default it is dropped; the report keeps those about
    /// workers that died or could not be placed as wished.
    fn log(&self, _level: LogLevel, _line: &str) {}
}

impl<T, F> Transform<T> for F
where
    F: Fn(&mut T, &JobContext<'_>) -> Result<(), Failure> + Send + Sync + 'static,
{
    fn run(&self, payload: &mut T, job: &JobContext<'_>) -> Result<(), Failure> {
        self(payload, job)
    }
}

/// Makes the step that runs a job of a transform. Payloads are boxed `T`.
pub(crate) struct Threaded<T, F> {
    transform: F,
    _payload: PhantomData<fn(T) -> T>,
}

impl<T, F> Threaded<T, F> {
    pub(crate) fn new(transform: F) -> Threaded<T, F> {
        Threaded { transform, _payload: PhantomData }
    }
}

impl<T: Send + 'static, F: Transform<T>> Run for Threaded<T, F> {
    fn enter(&self, worker: usize) -> Result<(), String> {
        guarded(|| self.transform.enter(worker)).unwrap_or_else(Err)
    }

    fn run(&self, job: &mut JobContext<'_>) -> Outcome {
        let payload = job.payload.cast::<T>();
        // SAFETY: payloads of this executor are boxed `T`, and the job is ours while we run it.
        let payload = unsafe { &mut *payload };
        let answer = guarded(|| self.transform.run(payload, job));
        note(answer, job)
    }

    fn exit(&self, worker: usize) {
        self.tell(guarded(|| self.transform.exit(worker)), "exit");
    }

    fn discard(&self, payload: *mut c_void) {
        // SAFETY: payloads of this executor are boxed `T`, and whoever discards one owns it.
        let payload = unsafe { Box::from_raw(payload.cast::<T>()) };
        self.tell(guarded(|| self.transform.discard(payload)), "discard");
    }

    fn log(&self, level: LogLevel, line: &str) {
        let _ = guarded(|| self.transform.log(level, line));
    }

    fn retire(&self) {}
}

impl<T: Send + 'static, F: Transform<T>> Threaded<T, F> {
    fn tell(&self, outcome: Result<(), String>, callback: &str) {
        if let Err(message) = outcome {
            self.log(LogLevel::Error, &format!("the {callback} callback panicked: {message}"));
        }
    }
}

/// What a transform answered, as the outcome of its job.
pub(crate) fn note(answer: Result<Result<(), Failure>, String>, job: &mut JobContext) -> Outcome {
    match answer {
        Ok(Ok(())) => Outcome::Done,
        Ok(Err(failure)) => {
            job.text.code = failure.code;
            job.text.set(&failure.message);
            Outcome::Failed
        }
        Err(message) => {
            job.text.set(&message);
            Outcome::Panicked
        }
    }
}

/// Runs a callback; a panic becomes its message.
pub(crate) fn guarded<R>(callback: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(callback)).map_err(|cause| {
        let message = message(&*cause);
        // The cause may panic when it is dropped; such a one is leaked.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(cause))).map_err(std::mem::forget);
        message
    })
}

fn message(cause: &(dyn Any + Send)) -> String {
    match (cause.downcast_ref::<&str>(), cause.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "a panic whose payload is no text".to_owned(),
    }
}

//! A transform in Rust, run on the worker's thread.

use crate::credits::Outcome;
use crate::executor::Transform;
use crate::run::{JobContext, LogLevel, Run};
use std::any::Any;
use std::ffi::c_void;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

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
        match guarded(|| self.transform.run(payload, job)) {
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

/// Runs a callback; a panic becomes its message.
fn guarded<R>(callback: impl FnOnce() -> R) -> Result<R, String> {
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

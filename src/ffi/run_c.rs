//! A transform in C, run on the worker's thread. No frame here needs clean-up while a callback
//! runs: it may end its thread.

use super::config::jobexec_config;
use super::job::jobexec_job;
use crate::credits::Outcome;
use crate::run::{JobContext, LogLevel, Run};
use std::ffi::{CString, c_void};
use std::sync::atomic::{AtomicBool, Ordering};

/// The callbacks of a configuration.
pub(super) struct Callbacks {
    config: jobexec_config,
    retired: AtomicBool,
}

// SAFETY: the caller of `jobexec_start` promises callbacks and a user pointer that may be used
// from any thread; the list of CPUs is not touched after the start.
unsafe impl Send for Callbacks {}
// SAFETY: as above.
unsafe impl Sync for Callbacks {}

impl Callbacks {
    pub(super) fn new(config: jobexec_config) -> Callbacks {
        Callbacks { config, retired: AtomicBool::new(false) }
    }
}

impl Run for Callbacks {
    fn enter(&self, worker: usize) -> Result<(), String> {
        let Some(init) = self.config.worker_init else { return Ok(()) };
        // SAFETY: the caller of `jobexec_start` promises a callable function.
        match unsafe { init(self.config.user, worker as u32) } {
            0 => Ok(()),
            code => Err(format!("the init callback answered {code}")),
        }
    }

    fn run(&self, job: &mut JobContext<'_>) -> Outcome {
        let Some(transform) = self.config.transform else { return Outcome::Failed };
        // In the later stages of a chain the input is where the stage before wrote it.
        let payload = job.buffer.map_or(job.payload, |view| view.input.cast());
        let handle = std::ptr::from_mut(job).cast::<jobexec_job>();
        // SAFETY: as above; the handle is valid for the call, and nobody else uses the job.
        match unsafe { transform(self.config.user, payload, handle) } {
            0 => Outcome::Done,
            code => {
                job.text.code = code;
                Outcome::Failed
            }
        }
    }

    fn exit(&self, worker: usize) {
        if let Some(exit) = self.config.worker_exit {
            // SAFETY: as above.
            unsafe { exit(self.config.user, worker as u32) };
        }
    }

    fn discard(&self, payload: *mut c_void) {
        if let Some(discard) = self.config.discard {
            // SAFETY: as above; the payload belongs to nobody else any more.
            unsafe { discard(self.config.user, payload) };
        }
    }

    fn log(&self, level: LogLevel, line: &str) {
        if let (Some(log), Ok(line)) = (self.config.log, CString::new(line)) {
            // SAFETY: as above; the text is valid for the call.
            unsafe { log(self.config.user, level as i32, line.as_ptr()) };
        }
    }

    fn retire(&self) {
        if let Some(destructor) = self.config.user_destructor
            && !self.retired.swap(true, Ordering::AcqRel)
        {
            // SAFETY: as above; no other callback runs now or later, and this one only once.
            unsafe { destructor(self.config.user) };
        }
    }
}

impl Drop for Callbacks {
    fn drop(&mut self) {
        self.retire();
    }
}

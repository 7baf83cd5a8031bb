//! The thread that the kernel tells of the ends of worker processes, and of what they print. It
//! sleeps otherwise.

use crate::os::thread::Thread;
use crate::os::watch::{Flag, Watch};
use std::ffi::c_void;
use std::io;
use std::os::fd::RawFd;
use std::sync::{Mutex, PoisonError};

const STOP: u64 = u64::MAX;

/// Who is told.
pub(super) trait Listener: Sync {
    /// Whose thread tells it.
    fn watcher(&self) -> &Watcher;
    /// A process has ended. Once for each.
    fn note_death(&self, worker: usize);
    /// It has printed something.
    fn read_output(&self, worker: usize);
}

/// The descriptors that are watched, and the thread.
pub(super) struct Watcher {
    watch: Watch,
    stop: Flag,
    thread: Mutex<Option<Thread>>,
}

impl Watcher {
    pub(super) fn new() -> io::Result<Watcher> {
        let (watch, stop) = (Watch::new()?, Flag::new()?);
        watch.add(stop.fd(), STOP, false)?;
        Ok(Watcher { watch, stop, thread: Mutex::default() })
    }

    /// Starts the thread. The listener calls [`Watcher::end`] before it goes.
    pub(super) fn begin<L: Listener>(&self, listener: *const L) -> io::Result<()> {
        let thread = Thread::spawn(c"jobexec-watch", run::<L>, listener.cast_mut().cast())?;
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(())
    }

    /// Ends the thread, once.
    pub(super) fn end(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            self.stop.raise();
            let _ = thread.join(None);
        }
    }

    /// Tells of a worker's end, once.
    pub(super) fn add_process(&self, handle: RawFd, worker: usize) -> io::Result<()> {
        self.watch.add(handle, 2 * worker as u64, true)
    }

    /// Tells when a worker printed something.
    pub(super) fn add_output(&self, pipe: RawFd, worker: usize) -> io::Result<()> {
        self.watch.add(pipe, 2 * worker as u64 + 1, false)
    }

    pub(super) fn remove(&self, pipe: RawFd) {
        self.watch.remove(pipe);
    }
}

extern "C-unwind" fn run<L: Listener>(listener: *mut c_void) -> *mut c_void {
    // SAFETY: the listener joins this thread before it goes.
    let listener = unsafe { &*listener.cast::<L>() };
    loop {
        for tag in listener.watcher().watch.wait() {
            let worker = (tag / 2) as usize;
            match tag {
                STOP => return std::ptr::null_mut(),
                _ if tag % 2 == 0 => listener.note_death(worker),
                _ => listener.read_output(worker),
            }
        }
    }
}

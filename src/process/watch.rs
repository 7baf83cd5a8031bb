//! Threads that the kernel tells of worker processes: one of their ends, one of what they print.
//! They sleep otherwise. Two, because the second calls the user's log, which may take its time.

use crate::clock::Deadline;
use crate::os::thread::Thread;
use crate::os::watch::{Flag, Watch};
use std::ffi::{CStr, c_void};
use std::io;
use std::os::fd::RawFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const STOP: u64 = u64::MAX;

/// The descriptors that are watched, and the thread.
pub(super) struct Watcher {
    watch: Watch,
    stop: Flag,
    thread: Mutex<Option<Thread>>,
}

/// What a thread is given: whom it tells, and which of its watchers it is.
struct Post<L> {
    listener: Arc<L>,
    watcher: fn(&L) -> &Watcher,
    tell: fn(&L, usize),
    leave: fn(&L),
}

impl Watcher {
    pub(super) fn new() -> io::Result<Watcher> {
        let (watch, stop) = (Watch::new()?, Flag::new()?);
        watch.add(stop.fd(), STOP, false)?;
        Ok(Watcher { watch, stop, thread: Mutex::default() })
    }

    /// Starts the thread of one of the listener's watchers, which calls `tell` with the number of
    /// each worker that there is news of, and `leave` when it is to end. It keeps the listener
    /// until then.
    pub(super) fn begin<L: Send + Sync>(
        listener: &Arc<L>,
        watcher: fn(&L) -> &Watcher,
        name: &CStr,
        tell: fn(&L, usize),
        leave: fn(&L),
    ) -> io::Result<()> {
        let post = Box::new(Post { listener: listener.clone(), watcher, tell, leave });
        let post = Box::into_raw(post);
        match Thread::spawn(name, run::<L>, post.cast()) {
            Ok(thread) => {
                *watcher(listener).thread() = Some(thread);
                Ok(())
            }
            Err(error) => {
                // SAFETY: no thread was started, so it is still ours.
                drop(unsafe { Box::from_raw(post) });
                Err(error)
            }
        }
    }

    fn thread(&self) -> MutexGuard<'_, Option<Thread>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the thread's end. False if the deadline passed first; then it may be called again.
    /// By one caller at a time.
    pub(super) fn end(&self, deadline: Deadline) -> bool {
        self.stop.raise();
        let Some(thread) = self.thread().take() else { return true };
        let late = thread.join(deadline.instant()).err();
        let ended = late.is_none();
        *self.thread() = late;
        ended
    }

    /// Leaves the thread to its end.
    pub(super) fn let_go(&self) {
        self.stop.raise();
        if let Some(thread) = self.thread().take() {
            thread.detach();
        }
    }

    /// Watches a descriptor of a worker's: until it was readable, if that is to be told only once.
    pub(super) fn add(&self, fd: RawFd, worker: usize, once: bool) -> io::Result<()> {
        self.watch.add(fd, worker as u64, once)
    }

    /// Watches it no longer.
    pub(super) fn remove(&self, fd: RawFd) {
        self.watch.remove(fd);
    }
}

extern "C-unwind" fn run<L: Send + Sync>(post: *mut c_void) -> *mut c_void {
    // SAFETY: `begin` made it for this thread alone.
    let Post { listener, watcher, tell, leave } = *unsafe { Box::from_raw(post.cast::<Post<L>>()) };
    let watcher = watcher(&listener);
    loop {
        for tag in watcher.watch.wait() {
            if tag == STOP {
                leave(&listener);
                return std::ptr::null_mut();
            }
            tell(&listener, tag as usize);
        }
    }
}

//! Threads by pthread calls, for two things the standard library cannot do: to be joined by a
//! deadline, and to notice that a thread ends in the middle of a callback (`pthread_exit`,
//! `pthread_cancel`). The hook that notices runs as the destructor of thread-specific data,
//! after the C++ and Rust thread-local destructors (glibc: `start_thread`).

use super::clock;
use std::ffi::{CStr, c_int, c_void};
use std::io;
use std::sync::OnceLock;

/// What a thread runs. It may be unwound through by a forced end.
pub(crate) type Main = extern "C-unwind" fn(*mut c_void) -> *mut c_void;

unsafe extern "C" {
    fn pthread_create(
        thread: *mut libc::pthread_t,
        attributes: *const libc::pthread_attr_t,
        main: Main,
        argument: *mut c_void,
    ) -> c_int;
    #[cfg(target_env = "gnu")]
    fn pthread_clockjoin_np(
        thread: libc::pthread_t,
        result: *mut *mut c_void,
        clock: libc::clockid_t,
        deadline: *const libc::timespec,
    ) -> c_int;
}

/// A thread that is neither joined nor detached.
pub(crate) struct Thread(libc::pthread_t);

impl Thread {
    /// Starts a thread, with the signals blocked that a program handles in its own threads.
    /// `argument` must stay valid for as long as `main` uses it.
    pub(crate) fn spawn(name: &CStr, main: Main, argument: *mut c_void) -> io::Result<Thread> {
        let before = block_signals();
        let mut id = 0;
        // SAFETY: `id` is a valid place, NULL asks for the default attributes, and `main` takes
        // what it is given.
        let error = unsafe { pthread_create(&mut id, std::ptr::null(), main, argument) };
        restore_signals(&before);
        if error != 0 {
            return Err(io::Error::from_raw_os_error(error));
        }
        // SAFETY: the thread is neither joined nor detached, so its id is valid.
        unsafe { libc::pthread_setname_np(id, name.as_ptr()) };
        Ok(Thread(id))
    }

    /// Waits for its end until the deadline (`None`: for ever). Gives the thread back if the
    /// deadline came first.
    pub(crate) fn join(self, deadline: Option<u64>) -> Result<(), Thread> {
        let limit = clock::timespec(deadline.unwrap_or(u64::MAX));
        let (null, clock) = (std::ptr::null_mut(), libc::CLOCK_MONOTONIC);
        // SAFETY: the id is valid until this call succeeds, and `self` is gone then.
        #[cfg(target_env = "gnu")]
        let error = unsafe { pthread_clockjoin_np(self.0, null, clock, &limit) };
        // Another C library joins without a deadline; the thread has left its last callback
        // when this is called, and only thread-local destructors could still hold it up.
        #[cfg(not(target_env = "gnu"))]
        let _ = (clock, limit);
        // SAFETY: as above.
        #[cfg(not(target_env = "gnu"))]
        let error = unsafe { libc::pthread_join(self.0, null) };
        if error == libc::ETIMEDOUT { Err(self) } else { Ok(()) }
    }

    /// Leaves it to itself.
    pub(crate) fn detach(self) {
        // SAFETY: the id is valid: neither joined nor detached before.
        unsafe { libc::pthread_detach(self.0) };
    }
}

/// Has `hook` called with `argument` when the calling thread ends, in whatever way it does.
/// One hook for the whole process: the first that is named.
pub(crate) fn at_exit(hook: unsafe extern "C" fn(*mut c_void), argument: *mut c_void) -> bool {
    static KEY: OnceLock<Option<libc::pthread_key_t>> = OnceLock::new();
    let key = KEY.get_or_init(|| {
        let mut key = 0;
        // SAFETY: `key` is a valid place; the hook takes the values that are set below.
        let error = unsafe { libc::pthread_key_create(&mut key, Some(hook)) };
        (error == 0).then_some(key)
    });
    // SAFETY: the key was created above and is never deleted.
    key.is_some_and(|key| unsafe { libc::pthread_setspecific(key, argument) } == 0)
}

/// Blocks all signals for this thread but those that a thread raises itself by a fault, which
/// must reach the program's handlers. Returns the mask from before.
fn block_signals() -> libc::sigset_t {
    block(&[
        libc::SIGSEGV,
        libc::SIGBUS,
        libc::SIGFPE,
        libc::SIGILL,
        libc::SIGTRAP,
        libc::SIGSYS,
        libc::SIGABRT,
        libc::SIGPROF,
    ])
}

/// Blocks all signals for this thread. Returns the mask from before.
pub(crate) fn block_all_signals() -> libc::sigset_t {
    block(&[])
}

fn block(all_but: &[i32]) -> libc::sigset_t {
    // SAFETY: all-zero bytes are a valid set to write into.
    let (mut all, mut before) = unsafe { std::mem::zeroed::<(libc::sigset_t, libc::sigset_t)>() };
    // SAFETY: `all` is a valid place.
    unsafe { libc::sigfillset(&mut all) };
    for own in all_but {
        // SAFETY: `all` is a valid set and `own` a signal's number.
        unsafe { libc::sigdelset(&mut all, *own) };
    }
    // SAFETY: both sets are valid.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before) };
    before
}

/// Puts back what was blocked before.
pub(crate) fn restore_signals(before: &libc::sigset_t) {
    // SAFETY: the set is what `block_signals` returned; NULL asks for no old mask.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before, std::ptr::null_mut()) };
}

//! A fence that the kernel puts into every thread of this process that runs at the moment; those
//! that do not have had one when they were switched. May be called from a signal handler.

/// Asks the kernel for the right to call [`everywhere`]. False where it is not to be had.
pub(crate) fn prepare() -> bool {
    call(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)
}

/// A full fence in every running thread, somewhere between the call and its return. False if it
/// was refused.
pub(crate) fn everywhere() -> bool {
    call(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED)
}

fn call(command: i32) -> bool {
    // SAFETY: errno's address is valid for the life of the calling thread.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let before = unsafe { errno.read() };
    // SAFETY: the arguments are plain numbers.
    let answer = unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) };
    // SAFETY: as above.
    unsafe { errno.write(before) };
    answer == 0
}

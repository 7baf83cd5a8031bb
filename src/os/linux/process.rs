//! Processes: started by clone and exec, known by a descriptor (`pidfd_open(2)`), never by a
//! number that may be another's by now. Needs Linux 5.4.
//!
//! Between clone and exec the child runs on the parent's memory while the parent's thread waits
//! (`CLONE_VM | CLONE_VFORK`, as `posix_spawn` does), so that starting a worker costs a trainer
//! of a hundred gigabytes no more than a small program; and it makes system calls only.

use super::memory::{Map, PAGE};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

/// The first descriptor of a worker beside its standard ones: they are given in order.
pub(crate) const FIRST_FILE: RawFd = 3;
/// Descriptors from here on are nobody's in the child while it sorts its own.
const SPARE_FILE: RawFd = FIRST_FILE + 8;
/// Digits of a process's number, in [`Spawn::number`].
pub(crate) const NUMBER_DIGITS: usize = 10;

/// What is to be started, and with what.
pub(crate) struct Spawn<'a> {
    pub(crate) program: &'a CStr,
    /// Both end in NULL.
    pub(crate) arguments: &'a [*const c_char],
    pub(crate) environment: &'a [*const c_char],
    /// Where in the environment the child's number is to be written.
    pub(crate) number: *mut u8,
    /// Its only descriptors beside the standard ones, from [`FIRST_FILE`]. At most 8.
    pub(crate) files: &'a [RawFd],
    /// Where standard output and standard error go; where this process's go, if nowhere else.
    pub(crate) output: Option<RawFd>,
    pub(crate) cpu: Option<usize>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Exited(i32),
    Signalled(i32),
    /// Somebody else of this process has asked before, and was told.
    Unknown,
}

/// A process that was started, until it is asked how it ended.
pub(crate) struct Process {
    handle: OwnedFd,
    pub(crate) number: i32,
}

/// Where the child says what failed.
struct Order<'a> {
    spawn: &'a Spawn<'a>,
    parent: i32,
    step: &'static str,
    error: i32,
}

impl Process {
    /// Starts a program. It is killed when the calling *thread* ends, or the whole process.
    pub(crate) fn spawn(spawn: &Spawn<'_>) -> io::Result<Process> {
        let stack = Map::anonymous(16 * PAGE, false)?;
        let top = stack.base().wrapping_add(stack.bytes());
        let mut order = Order { spawn, parent: std::process::id() as i32, step: "", error: 0 };
        let order_at: *mut Order<'_> = &mut order;
        let mut handle: c_int = -1;
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
        let before = super::thread::block_all_signals();
        // SAFETY: the child gets a stack of its own and an order that outlives its use of it,
        // since this thread waits until it has made its exec or has ended.
        let number = unsafe {
            libc::clone(
                become_worker,
                top.cast(),
                flags,
                order_at.cast(),
                &mut handle as *mut c_int,
            )
        };
        let error = io::Error::last_os_error();
        super::thread::restore_signals(&before);
        if number < 0 {
            return Err(error);
        }
        // SAFETY: the kernel has just made this descriptor for us.
        let process = Process { handle: unsafe { OwnedFd::from_raw_fd(handle) }, number };
        if order.error != 0 {
            process.end();
            let error = io::Error::from_raw_os_error(order.error);
            return Err(io::Error::new(error.kind(), format!("{}: {error}", order.step)));
        }
        Ok(process)
    }

    /// Readable once the process has ended.
    pub(crate) fn handle(&self) -> RawFd {
        self.handle.as_raw_fd()
    }

    /// Ends it at once. One that has ended already is no error.
    pub(crate) fn kill(&self) {
        // SAFETY: the call takes a descriptor that is open, numbers, and NULL.
        unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                self.handle(),
                libc::SIGKILL,
                ptr::null::<c_void>(),
                0,
            )
        };
    }

    /// How it ended, once it has; waits if it has not. Nothing of it is left then.
    pub(crate) fn end(&self) -> End {
        // SAFETY: all-zero bytes are a valid siginfo to write into.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        loop {
            let id = self.handle() as libc::id_t;
            // SAFETY: the descriptor is open and `info` a valid place.
            if unsafe { libc::waitid(libc::P_PIDFD, id, &mut info, libc::WEXITED) } == 0 {
                break;
            }
            if io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
                return End::Unknown;
            }
        }
        // SAFETY: waitid filled the fields of a child's end.
        let status = unsafe { info.si_status() };
        if info.si_code == libc::CLD_EXITED { End::Exited(status) } else { End::Signalled(status) }
    }
}

/// The child's side. Returns only if something failed; then it ends.
extern "C" fn become_worker(order: *mut c_void) -> c_int {
    // SAFETY: the parent's thread waits, and has left its order to us.
    let order = unsafe { &mut *order.cast::<Order<'_>>() };
    (order.step, order.error) = match prepare(order.spawn, order.parent) {
        Err(step) => (step, errno()),
        Ok(()) => {
            let Spawn { program, arguments, environment, .. } = order.spawn;
            // SAFETY: both lists are C strings and end in NULL.
            unsafe { libc::execve(program.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
            ("exec", errno())
        }
    };
    127
}

fn errno() -> i32 {
    // SAFETY: the call takes nothing; the child's is its parent's, which waits.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: errno's address is valid.
    let error = unsafe { place.read() };
    if error == 0 { libc::EINVAL } else { error }
}

/// System calls only, each of which is safe between clone and exec: none allocates or locks.
fn prepare(spawn: &Spawn<'_>, parent: i32) -> Result<(), &'static str> {
    let check = |answer: i32, step| if answer < 0 { Err(step) } else { Ok(answer) };
    // SAFETY: the call takes numbers.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) }, "prctl")?;
    // SAFETY: the call takes nothing.
    if unsafe { libc::getppid() } != parent {
        return Err("the parent has ended"); // Before it could be told to us.
    }
    // Ctrl-C in a terminal is for the trainer, which decides what becomes of its workers.
    // SAFETY: the call takes numbers.
    check(unsafe { libc::setpgid(0, 0) }, "setpgid")?;
    reset_signals();
    if let Some(cpu) = spawn.cpu {
        pin(cpu);
    }
    write_number(spawn.number);

    let mut moved = [-1; 9];
    let output = spawn.output.iter().chain(spawn.files);
    for (to, from) in moved.iter_mut().zip(output) {
        // SAFETY: the call takes numbers.
        *to = check(unsafe { libc::fcntl(*from, libc::F_DUPFD, SPARE_FILE) }, "fcntl")?;
    }
    // SAFETY: the path is a C string.
    let null = check(unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) }, "/dev/null")?;
    let place = |from, to| {
        // SAFETY: the call takes numbers.
        check(unsafe { libc::dup2(from, to) }, "dup2")
    };
    place(null, 0)?;
    let mut moved = moved.iter();
    if spawn.output.is_some() {
        let output = *moved.next().ok_or("output")?;
        place(output, 1)?;
        place(output, 2)?;
    }
    for (from, to) in moved.take(spawn.files.len()).zip(FIRST_FILE..) {
        place(*from, to)?;
    }
    close_from(FIRST_FILE + spawn.files.len() as RawFd);
    unblock_signals();
    Ok(())
}

/// Signals do what they do in a program that has just begun.
fn reset_signals() {
    // The kernel's own structure, for C libraries keep some signals to themselves: all zeros is
    // the default action.
    let default = [0_u64; 4];
    let (action, old) = (default.as_ptr(), ptr::null_mut::<c_void>());
    for signal in 1..=64 {
        // SAFETY: the action is valid; signals that cannot be reset are refused.
        unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, action, old, size_of::<u64>()) };
    }
}

fn unblock_signals() {
    // SAFETY: all-zero bytes are a set without signals.
    let none: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set is valid, and NULL asks for no old mask.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, &none, ptr::null_mut()) };
}

/// A wish, as for threads.
fn pin(cpu: usize) {
    // SAFETY: all-zero bytes are an empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    if cpu < libc::CPU_SETSIZE as usize {
        // SAFETY: `cpu` is below CPU_SETSIZE.
        unsafe { libc::CPU_SET(cpu, &mut set) };
        // SAFETY: the set is readable and has the size given.
        unsafe { libc::sched_setaffinity(0, size_of_val(&set), &set) };
    }
}

fn write_number(place: *mut u8) {
    // SAFETY: the call takes nothing.
    let mut rest = unsafe { libc::getpid() };
    for at in (0..NUMBER_DIGITS).rev() {
        let digit = place.wrapping_add(at);
        // SAFETY: the caller of `spawn` gives as many bytes.
        unsafe { digit.write(b'0' + (rest % 10) as u8) };
        rest /= 10;
    }
}

/// Nothing of the parent's is inherited: descriptors of devices above all.
fn close_from(first: RawFd) {
    // SAFETY: closing takes numbers; this is a table of the child's own.
    if unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) } == 0 {
        return;
    }
    // Before Linux 5.9.
    for fd in first..65_536 {
        // SAFETY: as above.
        unsafe { libc::close(fd) };
    }
}

#[cfg(all(test, not(loom)))]
mod tests;

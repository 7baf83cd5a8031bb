//! Descriptors that tell of something by becoming readable, and a thread's wait for that.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::ptr;

/// Waits for descriptors to become readable, each of which has a tag.
pub(crate) struct Watch(OwnedFd);

impl Watch {
    pub(crate) fn new() -> io::Result<Watch> {
        // SAFETY: the call takes a number.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor is new, and nobody else's.
        Ok(Watch(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Watches a descriptor until it is closed; `once`: until it was readable.
    pub(crate) fn add(&self, fd: RawFd, tag: u64, once: bool) -> io::Result<()> {
        let events = libc::EPOLLIN as u32 | if once { libc::EPOLLONESHOT as u32 } else { 0 };
        let mut event = libc::epoll_event { events, u64: tag };
        let (epoll, add) = (self.0.as_raw_fd(), libc::EPOLL_CTL_ADD);
        // SAFETY: the event is a valid place.
        match unsafe { libc::epoll_ctl(epoll, add, fd, &mut event) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Stops watching a descriptor that is still open.
    pub(crate) fn remove(&self, fd: RawFd) {
        let (epoll, remove) = (self.0.as_raw_fd(), libc::EPOLL_CTL_DEL);
        // SAFETY: NULL is allowed where a descriptor is removed.
        unsafe { libc::epoll_ctl(epoll, remove, fd, ptr::null_mut()) };
    }

    /// The tags of what is readable; waits until something is.
    pub(crate) fn wait(&self) -> impl Iterator<Item = u64> + use<> {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 16];
        let (epoll, most) = (self.0.as_raw_fd(), events.len() as i32);
        // SAFETY: the events are as many places as is said.
        let count = unsafe { libc::epoll_wait(epoll, events.as_mut_ptr(), most, -1) };
        events.into_iter().take(count.max(0) as usize).map(|event| event.u64)
    }
}

/// A descriptor that can be made readable, by an eventfd's count.
pub(crate) struct Flag(OwnedFd);

impl Flag {
    pub(crate) fn new() -> io::Result<Flag> {
        // SAFETY: the call takes numbers.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor is new, and nobody else's.
        Ok(Flag(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// From now on the caller closes it.
    pub(crate) fn leak(self) -> RawFd {
        self.0.into_raw_fd()
    }

    pub(crate) fn raise(&self) {
        raise(self.fd());
    }
}

/// Makes a flag readable. Async-signal-safe, and leaves errno as it was.
pub(crate) fn raise(flag: RawFd) {
    let one = 1_u64.to_ne_bytes();
    // SAFETY: the bytes are eight, as an eventfd takes them.
    keeping_errno(|| unsafe { libc::write(flag, one.as_ptr().cast(), one.len()) });
}

/// Makes a flag unreadable, if it was not.
pub(crate) fn lower(flag: RawFd) {
    let mut count = [0_u8; 8];
    // SAFETY: the place is one of eight bytes, as an eventfd gives them.
    keeping_errno(|| unsafe { libc::read(flag, count.as_mut_ptr().cast(), count.len()) });
}

fn keeping_errno(call: impl FnOnce() -> isize) {
    // SAFETY: the call has no conditions; the place is this thread's own, for as long as it lives.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let before = unsafe { place.read() };
    call();
    // SAFETY: as above.
    unsafe { place.write(before) };
}

/// A pipe, whose first end is read without waiting.
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [-1; 2];
    // SAFETY: the place is one for two descriptors.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new, and nobody else's.
    let read = unsafe { OwnedFd::from_raw_fd(ends[0]) };
    // SAFETY: as above.
    let write = unsafe { OwnedFd::from_raw_fd(ends[1]) };
    // SAFETY: the call takes numbers.
    unsafe { libc::fcntl(read.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) };
    Ok((read, write))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_watch_tells_of_an_end_and_of_a_flag() {
        let (watch, flag) = (Watch::new().unwrap(), Flag::new().unwrap());
        watch.add(flag.fd(), 7, true).unwrap();
        flag.raise();
        assert_eq!(watch.wait().collect::<Vec<_>>(), [7]);
    }

    #[test]
    fn a_flag_is_lowered_whatever_raised_it() {
        let flag = Flag::new().unwrap();
        let readable = || {
            let mut place = libc::pollfd { fd: flag.fd(), events: libc::POLLIN, revents: 0 };
            // SAFETY: one descriptor is given, as is said.
            unsafe { libc::poll(&mut place, 1, 0) == 1 }
        };
        assert!(!readable());
        lower(flag.fd());
        flag.raise();
        flag.raise();
        assert!(readable());
        lower(flag.fd());
        assert!(!readable());
    }
}

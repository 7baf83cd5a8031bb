use super::*;
use std::os::fd::RawFd;

fn is_readable(fd: RawFd) -> bool {
    let mut place = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: one descriptor is given, as is said.
    unsafe { libc::poll(&mut place, 1, 0) == 1 }
}

fn opened() -> (Doorbell, RawFd) {
    let doorbell = Doorbell::default();
    let (fd, first) = doorbell.open().unwrap();
    assert!(first && doorbell.arm() && !is_readable(fd));
    (doorbell, fd)
}

#[test]
fn it_is_rung_once_until_it_is_armed_again() {
    let (doorbell, fd) = opened();
    assert!(!doorbell.arm(), "armed already, and nothing to read");
    for rings in 1..=3 {
        doorbell.ring();
        doorbell.ring();
        assert!(is_readable(fd) && doorbell.rings() == rings);
        assert!(doorbell.arm() && !is_readable(fd));
        assert!(!doorbell.arm());
    }
    assert_eq!(doorbell.open().unwrap(), (fd, false));
    doorbell.close();
}

#[test]
fn nobody_asked_nobody_is_told() {
    let doorbell = Doorbell::default();
    doorbell.ring();
    assert!(!doorbell.is_open() && !doorbell.arm() && doorbell.rings() == 0);
    doorbell.close();
    doorbell.ring();
    assert_eq!(doorbell.rings(), 0);
}

/// Whoever polls meanwhile arms, and the write that comes late is read by the next that polls.
#[test]
fn a_late_write_does_not_stay() {
    let (doorbell, fd) = opened();
    assert!(doorbell.begin_ring());
    assert!(doorbell.arm() && !is_readable(fd));
    doorbell.end_ring();
    assert!(is_readable(fd));
    assert!(doorbell.arm() && !is_readable(fd));
    assert!(!doorbell.arm());
    doorbell.close();
}

/// The descriptor is not closed while somebody is about to write to it, but kept for the next
/// executor, whose it is alone.
#[test]
fn a_write_that_outlives_the_executor_reaches_no_other_file() {
    let (doorbell, fd) = opened();
    assert!(doorbell.begin_ring());
    doorbell.close();
    assert_eq!(doorbell.chime.fd.load(Ordering::Relaxed), fd, "closed while in use");
    doorbell.end_ring();
    doorbell.ring();
    assert!(is_readable(fd) && doorbell.rings() == 0);

    assert_eq!(doorbell.open().unwrap(), (fd, true));
    assert!(doorbell.arm() && !is_readable(fd));
    doorbell.ring();
    assert!(is_readable(fd) && doorbell.rings() == 1);
    doorbell.close();
    assert_eq!(doorbell.chime.fd.load(Ordering::Relaxed), chime::NONE);
}

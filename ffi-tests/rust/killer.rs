//! Killing the worker processes of this process at random.

use std::fs;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

/// Any will do, as long as a run can be repeated (xorshift).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// From 0 to before that.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// A child of this process that has not ended, and when it was born: no other has both.
fn parent_and_birth(pid: u32) -> Option<(u32, u64)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let birth = fields.nth(17)?.parse().ok()?;
    (state != "Z" && state != "X").then_some((parent, birth))
}

/// The children that have not ended.
pub(crate) fn children() -> Vec<(u32, u64)> {
    let entries = fs::read_dir("/proc").expect("processes").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let child = |pid| {
        let (parent, birth) = parent_and_birth(pid)?;
        (parent == std::process::id()).then_some((pid, birth))
    };
    pids.filter_map(child).collect()
}

/// Sends that child a signal. False if it has ended: then nobody else gets it in its place.
pub(crate) fn send(pid: u32, birth: u64, signal: i32) -> bool {
    // SAFETY: the call takes numbers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    if fd < 0 {
        return false;
    }
    // SAFETY: the descriptor is new, and nobody else's.
    let handle = unsafe { OwnedFd::from_raw_fd(fd as i32) };
    if parent_and_birth(pid) != Some((std::process::id(), birth)) {
        return false;
    }
    let (fd, nothing) = (handle.as_raw_fd(), std::ptr::null::<libc::siginfo_t>());
    // SAFETY: the call takes a descriptor that is open, numbers, and NULL.
    unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, signal, nothing, 0) == 0 }
}

/// Kills so many, now and then two at once, at any point of their lives.
pub(crate) fn kill_many(count: u64, patience: Duration, random: &mut Random, killed: &AtomicU64) {
    let mut last = Vec::new();
    let end = Instant::now() + Duration::from_millis(100) * count as u32 + patience;
    while killed.load(SeqCst) < count {
        assert!(Instant::now() < end, "too few workers to kill");
        let mut living = children();
        living.retain(|child| !last.contains(child));
        if living.is_empty() {
            thread::yield_now();
            continue;
        }
        for _ in 0..=u64::from(random.below(4) == 0) {
            let (pid, birth) = living[random.below(living.len() as u64) as usize];
            if !last.contains(&(pid, birth)) && send(pid, birth, libc::SIGKILL) {
                killed.fetch_add(1, SeqCst);
                last.push((pid, birth));
            }
        }
        last.drain(..last.len().saturating_sub(64));
        let pause = Instant::now() + Duration::from_micros(random.below(3000));
        while Instant::now() < pause {
            thread::yield_now();
        }
    }
}

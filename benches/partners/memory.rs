//! A partner that answers through shared memory, and sleeps on a futex in it: the floor of two
//! hops.

use super::{Fill, start};
use crate::peers::now_ns;
use crossbeam_utils::CachePadded;
use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

const HEAD: usize = 4096;

/// The first page of the memory.
#[repr(C)]
struct Doors {
    there: Door,
    back: Door,
    /// When the partner had written its last byte.
    written: CachePadded<AtomicU64>,
}

/// Closed, open, or closed and somebody sleeps in front of it. One passes it, and closes it behind
/// itself.
#[repr(C)]
struct Door(CachePadded<AtomicU32>);

const CLOSED: u32 = 0;
const OPEN: u32 = 1;
const SLEEPER: u32 = 2;

impl Door {
    fn open(&self) {
        if self.0.swap(OPEN, Ordering::AcqRel) == SLEEPER {
            self.futex(libc::FUTEX_WAKE, 1);
        }
    }

    fn pass(&self, spin_ns: u64) {
        if spin_ns > 0 {
            let end = now_ns().saturating_add(spin_ns);
            while self.0.load(Ordering::Acquire) != OPEN {
                (0..16).for_each(|_| std::hint::spin_loop());
                if now_ns() >= end {
                    break;
                }
            }
        }
        let exchange =
            |from, to| self.0.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed);
        while exchange(OPEN, CLOSED).is_err() {
            if exchange(CLOSED, SLEEPER) != Err(OPEN) {
                self.futex(libc::FUTEX_WAIT, SLEEPER);
            }
        }
    }

    /// Not private: the word lies in memory that both map.
    fn futex(&self, operation: i32, value: u32) {
        let forever = std::ptr::null::<libc::timespec>();
        // SAFETY: the word is aligned and outlives the call; the rest are plain numbers.
        unsafe { libc::syscall(libc::SYS_futex, self.0.as_ptr(), operation, value, forever) };
    }
}

/// A map of the memory, with so many bytes behind the doors.
struct Shared {
    base: *mut u8,
    bytes: usize,
}

impl Shared {
    fn map(file: &File, bytes: usize) -> Shared {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let null = std::ptr::null_mut();
        // SAFETY: a new map disturbs nobody.
        let base = unsafe {
            libc::mmap(null, HEAD + bytes, protection, libc::MAP_SHARED, file.as_raw_fd(), 0)
        };
        assert_ne!(base, libc::MAP_FAILED);
        Shared { base: base.cast(), bytes }
    }

    fn doors(&self) -> &Doors {
        // SAFETY: the map begins with the doors, all of whose bit patterns are valid.
        unsafe { &*self.base.cast::<Doors>() }
    }

    fn output(&self) -> *mut u8 {
        self.base.wrapping_add(HEAD)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: the map is this object's.
        unsafe { libc::munmap(self.base.cast(), HEAD + self.bytes) };
    }
}

/// Serves as the partner.
pub(super) fn answer(bytes: usize, fill: Fill) {
    // SAFETY: whoever started this process gave it the memory as its standard input.
    let shared = Shared::map(&unsafe { File::from_raw_fd(0) }, bytes);
    let doors = shared.doors();
    for number in 0.. {
        doors.there.pass(0); // Not in the way of others while it waits.
        // SAFETY: the output is the partner's from one door to the other.
        fill(unsafe { std::slice::from_raw_parts_mut(shared.output(), bytes) }, number);
        doors.written.store(now_ns(), Ordering::Relaxed);
        doors.back.open();
    }
}

/// A partner in a process of its own, which shares memory with this one.
pub(crate) struct RawPair {
    memory: File,
    shared: Shared,
    partner: Child,
}

impl RawPair {
    /// Its memory has been touched on both sides when this returns.
    pub(crate) fn start(bytes: usize, cpu: usize) -> RawPair {
        // SAFETY: the name is a C string.
        let fd = unsafe { libc::memfd_create(c"bench".as_ptr(), libc::MFD_CLOEXEC) };
        assert!(fd >= 0);
        // SAFETY: the descriptor is new, and nobody else's.
        let file = unsafe { File::from_raw_fd(fd) };
        file.set_len((HEAD + bytes) as u64).unwrap();
        let shared = Shared::map(&file, bytes);
        let partner = RawPair::partner(&file, bytes, cpu);
        let pair = RawPair { memory: file, shared, partner };
        pair.hand_over(0);
        for page in (0..bytes).step_by(HEAD) {
            let byte = pair.shared.output().wrapping_add(page);
            // SAFETY: the byte lies in the output, and the partner waits.
            unsafe { byte.read_volatile() };
        }
        pair
    }

    /// Two hops: wakes the partner to write, and waits until it has, looking for `spin_ns` before
    /// it sleeps. Answers how long it was from its last write to the first read here.
    #[inline]
    pub(crate) fn hand_over(&self, spin_ns: u64) -> Duration {
        let doors = self.shared.doors();
        doors.there.open();
        doors.back.pass(spin_ns);
        if self.shared.bytes > 0 {
            // SAFETY: the byte lies in the output, and the partner waits.
            unsafe { self.shared.output().read_volatile() };
        }
        let read = now_ns();
        Duration::from_nanos(read - doors.written.load(Ordering::Relaxed))
    }

    fn partner(memory: &File, bytes: usize, cpu: usize) -> Child {
        let memory = memory.try_clone().unwrap().into();
        start("memory", &[bytes, cpu], memory, Stdio::inherit())
    }

    /// Kills the partner, starts another in its place, and waits for its first answer.
    pub(crate) fn start_again(&mut self, cpu: usize) {
        self.partner.kill().unwrap();
        self.partner.wait().unwrap();
        self.partner = RawPair::partner(&self.memory, self.shared.bytes, cpu);
        self.hand_over(0);
    }

    /// The partner's number.
    pub(crate) fn task(&self) -> String {
        self.partner.id().to_string()
    }
}

impl Drop for RawPair {
    fn drop(&mut self) {
        self.partner.kill().unwrap();
        self.partner.wait().unwrap();
    }
}

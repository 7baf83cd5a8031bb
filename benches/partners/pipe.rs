//! A partner that answers through a pipe.

use super::{Fill, start};
use crate::peers::now_ns;
use std::cell::RefCell;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::{Child, Stdio};
use std::time::Duration;

/// What an unprivileged process may make a pipe hold, where nothing else is set.
const PIPE_BYTES: i32 = 1 << 20;

/// Serves as the partner until the other side is gone.
pub(super) fn answer(request_bytes: usize, bytes: usize, fill: Fill) {
    // SAFETY: the descriptors are open, and nobody else uses them.
    let [mut from, mut to] = [0, 1].map(|fd| unsafe { File::from_raw_fd(fd) });
    let (mut request, mut answer) = (vec![0; request_bytes], vec![0; bytes]);
    for number in 0.. {
        if from.read_exact(&mut request).is_err() {
            return; // The other side is gone.
        }
        fill(&mut answer, number);
        to.write_all(&answer).unwrap();
    }
}

/// A partner that reads requests and writes answers.
pub(crate) struct Piped {
    to: File,
    from: File,
    request: Vec<u8>,
    answer: RefCell<Vec<u8>>,
    partner: Child,
}

impl Piped {
    pub(crate) fn start(request_bytes: usize, answer_bytes: usize, cpu: usize) -> Piped {
        let numbers = [answer_bytes, cpu, request_bytes];
        let mut partner = start("pipe", &numbers, Stdio::piped(), Stdio::piped());
        let to = File::from(OwnedFd::from(partner.stdin.take().unwrap()));
        let from = File::from(OwnedFd::from(partner.stdout.take().unwrap()));
        for fd in [to.as_raw_fd(), from.as_raw_fd()] {
            // SAFETY: the call takes numbers; where it is refused, the pipe stays smaller.
            unsafe { libc::fcntl(fd, libc::F_SETPIPE_SZ, PIPE_BYTES) };
        }
        let (request, answer) = (vec![1; request_bytes], RefCell::new(vec![0; answer_bytes]));
        let piped = Piped { to, from, request, answer, partner };
        piped.round_trip();
        piped
    }

    fn ask(&self) {
        (&self.to).write_all(&self.request).unwrap();
    }

    fn get(&self) {
        (&self.from).read_exact(&mut self.answer.borrow_mut()).unwrap();
    }

    pub(crate) fn round_trip(&self) {
        self.ask();
        self.get();
    }

    /// Keeps `window` requests in flight until so many are answered, each of which `read` sees.
    pub(crate) fn stream(&self, window: u64, jobs: u64, read: impl Fn(&[u8])) -> Duration {
        let start = now_ns();
        let first = window.min(jobs);
        (0..first).for_each(|_| self.ask());
        for job in 0..jobs {
            self.get();
            read(&self.answer.borrow());
            if first + job < jobs {
                self.ask();
            }
        }
        Duration::from_nanos(now_ns() - start)
    }

    /// The partner's number.
    pub(crate) fn task(&self) -> String {
        self.partner.id().to_string()
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        self.partner.kill().unwrap();
        self.partner.wait().unwrap();
    }
}

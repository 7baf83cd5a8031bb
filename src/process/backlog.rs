//! What dead workers printed last, on its way to the log. The thread of the log takes it from here,
//! since a log may take its time and a worker that died is to be replaced at once.

use crate::os::watch::{Flag, lower};
use std::collections::VecDeque;
use std::io;
use std::os::fd::RawFd;
use std::sync::{Mutex, PoisonError};

/// So many bytes are kept for a log that is slow; then the oldest go.
const MOST: usize = 1 << 18;

/// See the module.
pub(super) struct Backlog {
    flag: Flag,
    pending: Mutex<Pending>,
}

#[derive(Default)]
struct Pending {
    /// A worker, and lines of it.
    pieces: VecDeque<(usize, String)>,
    bytes: usize,
    dropped: usize,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Lines(usize, String),
    /// So many bytes are gone.
    Gap(usize),
}

impl Backlog {
    pub(super) fn new() -> io::Result<Backlog> {
        Ok(Backlog { flag: Flag::new()?, pending: Mutex::default() })
    }

    /// Is readable when there is something to take.
    pub(super) fn fd(&self) -> RawFd {
        self.flag.fd()
    }

    pub(super) fn push(&self, worker: usize, lines: String) {
        if lines.is_empty() {
            return;
        }
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.bytes += lines.len();
        pending.pieces.push_back((worker, lines));
        while pending.bytes > MOST
            && let Some((_, oldest)) = pending.pieces.pop_front()
        {
            pending.bytes -= oldest.len();
            pending.dropped += oldest.len();
        }
        drop(pending);
        self.flag.raise();
    }

    /// For one thread. Whoever finds nothing is told by the descriptor when there is something.
    pub(super) fn pop(&self) -> Option<Next> {
        lower(self.flag.fd());
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if pending.dropped > 0 {
            return Some(Next::Gap(std::mem::take(&mut pending.dropped)));
        }
        let (worker, lines) = pending.pieces.pop_front()?;
        pending.bytes -= lines.len();
        Some(Next::Lines(worker, lines))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_and_it_is_said_how_many() {
        let backlog = Backlog::new().unwrap();
        backlog.push(0, String::new());
        assert_eq!(backlog.pop(), None);
        backlog.push(1, "one".to_owned());
        backlog.push(2, "x".repeat(MOST));
        backlog.push(3, "three".to_owned());
        assert_eq!(backlog.pop(), Some(Next::Gap(3 + MOST)));
        assert_eq!(backlog.pop(), Some(Next::Lines(3, "three".to_owned())));
        assert_eq!(backlog.pop(), None);
    }
}

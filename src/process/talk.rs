//! What worker processes print goes to the log, by a thread of its own: the log is the user's, and
//! may take its time.

use super::backlog::Next;
use super::fleet::Fleet;
use super::printed::READS;
use super::watch::Watcher;
use crate::clock::{Deadline, Timeout};
use crate::inside;
use crate::run::LogLevel;
use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long a close waits beyond its deadline for the line that is being logged.
const GRACE: Duration = Duration::from_millis(100);

impl Fleet {
    /// Who watches what is printed; where nobody does, there are no pipes.
    pub(super) fn ear(&self) -> &Watcher {
        self.prints.as_ref().unwrap_or(&self.deaths)
    }

    /// A worker has printed; or, by the number behind the last, there is a backlog.
    pub(super) fn hear(&self, worker: usize) {
        if worker == self.seats.len() {
            self.log_backlog();
        } else {
            self.log_output(worker);
        }
    }

    /// One that prints without end is read in bites, so that others are heard too.
    fn log_output(&self, worker: usize) {
        for _ in 0..READS {
            let mut seat = self.seat(worker);
            let Some(printed) = &mut seat.printed else { return };
            let lines = match printed.read() {
                Ok(lines) => lines,
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return self.ear().remove(printed.fd());
                }
                Err(_) => return,
            };
            drop(seat);
            self.log_lines(worker, &lines);
        }
    }

    /// What the dead have left.
    pub(super) fn log_backlog(&self) {
        let Some(backlog) = &self.backlog else { return };
        while let Some(next) = backlog.pop() {
            match next {
                Next::Lines(worker, lines) => self.log_lines(worker, &lines),
                Next::Gap(bytes) => {
                    let line = format!("{bytes} bytes of what workers printed came too fast");
                    self.log_line(LogLevel::Warning, &line);
                }
            }
        }
    }

    fn log_lines(&self, worker: usize, lines: &str) {
        for line in lines.lines().filter(|line| !line.is_empty()) {
            self.log_line(LogLevel::Info, &format!("worker {worker}: {line}"));
        }
    }

    fn log_line(&self, level: LogLevel, line: &str) {
        if !self.hushed.load(Ordering::Acquire) {
            let employer = self.employer.load(Ordering::Acquire);
            inside::enter(employer, || self.hooks.log(level, line));
        }
    }

    /// Ends the thread that logs, once all is logged; at the deadline the rest is not, nor where
    /// workers had to be killed, which is what a deadline is for. False if one line takes longer
    /// than that.
    pub(super) fn end_log(&self, prints: &Watcher, deadline: Deadline) -> bool {
        self.hushed.fetch_or(self.doomed.load(Ordering::SeqCst), Ordering::AcqRel);
        if prints.end(deadline) {
            return true;
        }
        self.hushed.store(true, Ordering::Release);
        prints.end(Timeout::from(GRACE).deadline())
    }
}

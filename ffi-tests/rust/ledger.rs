//! What becomes of each payload of a stress round, and the check that it is what should.

use jobexec::Outcome;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};

/// A line for each payload.
pub(crate) struct Ledger {
    lines: Box<[Line]>,
    used: AtomicUsize,
}

#[derive(Default)]
struct Line {
    /// How often each [`Event`] came, eight bits each.
    events: AtomicU64,
    /// The job's id plus one, by whoever learned it first.
    id: AtomicU64,
}

/// What happens to a payload.
#[derive(Clone, Copy)]
pub(crate) enum Event {
    Accepted = 0,
    Ran = 8,
    Delivered = 16,
    Discarded = 24,
    Freed = 32,
}

/// A payload that has a line.
pub(crate) struct Payload {
    ledger: Arc<Ledger>,
    pub(crate) line: usize,
    /// The job that ran it, and what the transform did.
    pub(crate) ran: Option<(u64, Outcome)>,
}

/// How many payloads were accepted, and what became of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) accepted: u64,
    pub(crate) delivered: u64,
    pub(crate) discarded: u64,
}

impl Ledger {
    pub(crate) fn new(lines: usize) -> Arc<Ledger> {
        let lines = (0..lines).map(|_| Line::default()).collect();
        Arc::new(Ledger { lines, used: AtomicUsize::new(0) })
    }

    /// A new payload, while there are lines.
    pub(crate) fn payload(self: &Arc<Ledger>) -> Option<Box<Payload>> {
        let line = self.used.fetch_add(1, SeqCst);
        let payload = || Box::new(Payload { ledger: self.clone(), line, ran: None });
        (line < self.lines.len()).then(payload)
    }

    pub(crate) fn note(&self, line: usize, event: Event) {
        self.lines[line].events.fetch_add(1 << event as u64, SeqCst);
    }

    /// The job's id, which is the same for all who are told it.
    pub(crate) fn note_id(&self, line: usize, id: u64) {
        let other = self.lines[line].id.swap(id + 1, SeqCst);
        assert!(other == 0 || other == id + 1, "job {id:#x} is also called {:#x}", other - 1);
    }

    /// After all is over: each payload was freed once, and each that was accepted came back or
    /// was discarded; the numbers of each session have no gap.
    /// A job that was delivered was begun as often as is said, another at most so often.
    pub(crate) fn check(&self, runs: RangeInclusive<u64>) -> Totals {
        let mut totals = Totals::default();
        let mut ids = Vec::new();
        for line in &self.lines[..self.used.load(SeqCst).min(self.lines.len())] {
            let events = line.events.load(SeqCst);
            let count = |event: Event| events >> event as u64 & 0xff;
            let (accepted, ran) = (count(Event::Accepted), count(Event::Ran));
            let (delivered, discarded) = (count(Event::Delivered), count(Event::Discarded));
            assert!(
                count(Event::Freed) == 1
                    && accepted <= 1
                    && delivered + discarded == accepted
                    && (delivered * runs.start()..=accepted * runs.end()).contains(&ran),
                "a payload was accepted {accepted} times, ran {ran} times, was delivered \
                 {delivered} times, discarded {discarded} times and freed {} times",
                count(Event::Freed)
            );
            totals.accepted += accepted;
            totals.delivered += delivered;
            totals.discarded += discarded;
            if accepted == 1 {
                ids.push(line.id.load(SeqCst) - 1);
            }
        }
        ids.sort_unstable();
        let mut before = None;
        for (session, number) in ids.into_iter().map(split) {
            let next = match before {
                Some((same, number)) if same == session => number + 1,
                _ => 0,
            };
            assert_eq!(number, next, "session {session} skips a number, or has one twice");
            before = Some((session, number));
        }
        totals
    }
}

impl Payload {
    pub(crate) fn note(&self, event: Event) {
        self.ledger.note(self.line, event);
    }
}

impl Drop for Payload {
    fn drop(&mut self) {
        self.note(Event::Freed);
    }
}

/// The session and the number that an id is made of.
pub(crate) fn split(id: u64) -> (u32, u64) {
    ((id >> 36) as u32, id & ((1 << 36) - 1))
}

//! Several jobs in one call: what a put or a poll costs beside its job is paid once. They are
//! accepted by one swap, told of by one look at who sleeps, taken by one swap, and resolved by one
//! addition.

use crate::clock::{Timeout, now_ns};
use crate::credits::{Outcome, Ticket};
use crate::engine::{Engine, Marks};
use crate::job::{Completion, Id};
use crate::poll::Delivery;
use crate::prefetch;
use crate::status::Status;
use std::ffi::c_void;
use std::ops::Range;

/// How many results are taken by one swap: with more, the swap's share is not to be seen.
const ROW: usize = 8;

/// Results on their way from the queue to the host: the first of `places` that are taken.
struct Row {
    places: [Completion; ROW],
    first: usize,
    end: usize,
}

impl Engine {
    /// Puts payloads from the front of the list, as many as there is room for, one at least; or
    /// says at once why not even one. Answers their ids. The rest is still the caller's.
    #[inline]
    pub(crate) fn put_many(&self, payloads: &[*mut c_void]) -> Result<Range<u64>, Status> {
        self.put_many_by(payloads, |wanted| self.admit_many(wanted))
    }

    /// The same, waiting for room for one until the timeout.
    pub(crate) fn put_many_wait(
        &self,
        payloads: &[*mut c_void],
        timeout: Timeout,
    ) -> Result<Range<u64>, Status> {
        self.put_many_by(payloads, |wanted| match self.admit_many(wanted) {
            Err(Status::Full) => self.await_room(wanted, timeout),
            answer => answer,
        })
    }

    #[inline]
    fn put_many_by(
        &self,
        payloads: &[*mut c_void],
        admit: impl FnOnce(u64) -> Result<(Ticket, u64), Status>,
    ) -> Result<Range<u64>, Status> {
        if self.is_inside() {
            return Err(Status::InsideCallback);
        }
        if payloads.is_empty() {
            return self.signals.phase().refusal().map(|()| 0..0);
        }
        let payloads = self.send_many(payloads)?;
        let (ticket, count) =
            admit(payloads.len() as u64).inspect_err(|_| self.keep_many(payloads))?;
        let (accepted, refused) = payloads.split_at(count as usize);
        self.keep_many(refused);
        self.hand_over_many(accepted, ticket, self.usual_limit);
        let first = Id::from(ticket).0;
        Ok(first..first + count)
    }

    /// Those at the front that may be put.
    #[inline]
    fn send_many<'a>(&self, payloads: &'a [*mut c_void]) -> Result<&'a [*mut c_void], Status> {
        if self.arena.is_none() {
            return Ok(payloads);
        }
        for (index, payload) in payloads.iter().enumerate() {
            match self.send(*payload) {
                Err(refusal) if index == 0 => return Err(refusal),
                Err(_) => return Ok(&payloads[..index]),
                Ok(()) => {}
            }
        }
        Ok(payloads)
    }

    #[inline]
    fn keep_many(&self, payloads: &[*mut c_void]) {
        if self.arena.is_some() {
            payloads.iter().for_each(|payload| self.keep(*payload));
        }
    }

    /// Takes up to `most` results, one at least, and has `read` copy them out in turn; or says at
    /// once why there is none. Answers how many they are.
    pub(crate) fn poll_many(
        &self,
        most: usize,
        read: impl FnMut(&Delivery<'_>),
    ) -> Result<usize, Status> {
        if most == 0 {
            return self.may_poll().map(|()| 0);
        }
        let row = match self.take_row(most) {
            Err(Status::Empty) => self
                .answer_empty(|| self.take_row(most))
                .inspect_err(|why| self.note_empty(*why))?,
            answer => answer?,
        };
        Ok(self.deliver_many(row, most, false, read))
    }

    /// The same, waiting for one result, or the end, until the timeout. Who takes all that is there
    /// has caught up with the workers: it stays away for as long as [`crate::pace`] says, some 1
    /// us, and looks for more.
    pub(crate) fn poll_many_wait(
        &self,
        most: usize,
        timeout: Timeout,
        read: impl FnMut(&Delivery<'_>),
    ) -> Result<usize, Status> {
        if self.is_inside() {
            return Err(Status::InsideCallback);
        }
        if most == 0 {
            return self.may_poll().map(|()| 0);
        }
        let row = match self.take_row(most) {
            Err(Status::Empty) => self.await_row(most, timeout)?,
            answer => answer?,
        };
        let more = row.end < most.min(ROW) && timeout.0 > 0;
        if more {
            self.signals.ready.stay_away(self.spin, |others| self.results.has(others));
        }
        Ok(self.deliver_many(row, most, more, read))
    }

    #[cold]
    fn await_row(&self, most: usize, timeout: Timeout) -> Result<Row, Status> {
        self.await_news(timeout, || self.take_row(most), |row| &row.places[row.first])
    }

    /// The oldest results of the session; those of earlier ones are discarded on the way.
    #[inline]
    fn take_row(&self, most: usize) -> Result<Row, Status> {
        let mut row = Row { places: [Completion::NONE; ROW], first: 0, end: 0 };
        let places = &mut row.places[..most.min(ROW)];
        loop {
            self.may_poll()?;
            row.end = self.results.pop_many(places);
            if row.end == 0 {
                return Err(self.why_nothing());
            }
            // Read after the pop: what a reset made stale before that is not delivered.
            let session = self.signals.phase().session();
            row.first = 0;
            // They are sorted by session.
            while row.first < row.end && places[row.first].id.session() < session {
                self.discard_result(places[row.first]);
                row.first += 1;
            }
            if row.first < row.end {
                return Ok(row);
            }
        }
    }

    /// Row by row, until one is not full; `more`: until another is not.
    #[inline]
    fn deliver_many(
        &self,
        mut row: Row,
        most: usize,
        mut more: bool,
        mut read: impl FnMut(&Delivery<'_>),
    ) -> usize {
        let mut delivered = 0;
        loop {
            let full = row.end == ROW.min(most - delivered);
            delivered += self.deliver_row(&row.places[row.first..row.end], &mut read);
            if !(full || more) || delivered == most {
                return delivered;
            }
            more &= full;
            match self.take_row(most - delivered) {
                Ok(next) => row = next,
                Err(_) => return delivered, // Whoever asks again is told.
            }
        }
    }

    #[inline]
    fn deliver_row(&self, row: &[Completion], read: &mut impl FnMut(&Delivery<'_>)) -> usize {
        row.iter().for_each(|done| prefetch::to_write(done.word as u64));
        if row.iter().any(|done| Engine::marks_due(done.id.number())) {
            Marks::raise(&self.marks.ready, self.results.len() + row.len() as u64);
        }
        let polled = if self.timing { now_ns() } else { 0 };
        let mut done = 0;
        for result in row {
            if self.timing {
                self.note_times(result, polled);
            }
            self.show(result, polled, &mut *read);
            match result.tag.outcome() {
                Outcome::Done => done += 1,
                other => self.resolve(other, 1),
            }
        }
        if done > 0 {
            self.resolve(Outcome::Done, done);
        }
        row.len()
    }
}

#[cfg(all(test, loom))]
mod models;

//! What an executor without workers answers, exactly, where one thread plays with it: jobs run
//! inside their put, and results come in the order of the puts.

use crate::script::{Kind, Script};
use jobexec::ffi::*;
use std::collections::VecDeque;

pub(crate) struct Model {
    capacity: usize,
    /// The ids of jobs whose results wait.
    ready: VecDeque<u64>,
    finished: bool,
    aborted: bool,
    closed: bool,
}

impl Model {
    /// Nothing where answers depend on when workers or other threads do something.
    pub(crate) fn of(script: &Script, capacity: u64) -> Option<Model> {
        let setup = &script.setup;
        let is_alone = setup.kind == Kind::Threads && setup.workers == 0 && setup.stages == 0;
        let is_exact = is_alone && script.threads.len() == 1 && !setup.batches;
        is_exact.then(|| Model {
            capacity: capacity as usize,
            ready: VecDeque::new(),
            finished: false,
            aborted: false,
            closed: false,
        })
    }

    /// What each call answers from now on, if it is at its end.
    fn end(&self) -> Option<jobexec_status> {
        let aborted = self.aborted.then_some(JOBEXEC_ABORTED);
        self.closed.then_some(JOBEXEC_CLOSED).or(aborted)
    }

    /// `wanted` jobs were put; these ids were given.
    pub(crate) fn put(&mut self, wanted: usize, waits: bool, status: jobexec_status, ids: &[u64]) {
        let room = self.capacity - self.ready.len();
        let full = if waits { JOBEXEC_TIMEOUT } else { JOBEXEC_FULL };
        let expected = match self.end() {
            Some(end) => end,
            None if self.finished => JOBEXEC_ERROR_FINISHED,
            None if room == 0 => full,
            None => JOBEXEC_OK,
        };
        assert_eq!(status, expected);
        assert_eq!(ids.len(), if status == JOBEXEC_OK { room.min(wanted) } else { 0 });
        self.ready.extend(ids);
    }

    /// Up to so many results were asked for; these came.
    pub(crate) fn poll(
        &mut self,
        most: usize,
        waits: bool,
        status: jobexec_status,
        results: &[jobexec_result],
    ) {
        let empty = if waits { JOBEXEC_TIMEOUT } else { JOBEXEC_EMPTY };
        let expected = match self.end() {
            Some(end) => end,
            None if !self.ready.is_empty() => JOBEXEC_OK,
            None if self.finished => JOBEXEC_END,
            None => empty,
        };
        assert_eq!(status, expected);
        assert_eq!(
            results.len(),
            if status == JOBEXEC_OK { most.min(self.ready.len()) } else { 0 }
        );
        for result in results {
            assert_eq!(Some(result.job_id), self.ready.pop_front());
        }
    }

    pub(crate) fn reset(&mut self, status: jobexec_status) {
        assert_eq!(status, self.end().unwrap_or(JOBEXEC_OK));
        if status == JOBEXEC_OK {
            self.ready.clear();
            self.finished = false;
        }
    }

    pub(crate) fn finish(&mut self, status: jobexec_status) {
        assert_eq!(status, self.end().unwrap_or(JOBEXEC_OK));
        self.finished = true;
    }

    pub(crate) fn abort(&mut self) {
        self.aborted = true;
    }

    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    pub(crate) fn cancel(&self, status: jobexec_status) {
        assert_eq!(status, self.end().unwrap_or(JOBEXEC_EMPTY));
    }

    pub(crate) fn is_full(&self, answer: i32) {
        if self.end().is_none() {
            assert_eq!(answer, i32::from(self.ready.len() == self.capacity));
        }
    }
}

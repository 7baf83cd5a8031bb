//! Polls, and what a result may be.

use crate::play::Game;
use crate::script::{Deed, Kind, Wait};
use jobexec::ffi::*;
use std::sync::atomic::Ordering::SeqCst;

impl Game {
    pub(crate) fn poll(&self, wait: Wait) {
        // SAFETY: a result of zeros is one.
        let mut results: [jobexec_result; 3] = unsafe { std::mem::zeroed() };
        results[0].size = size_of::<jobexec_result>() as u64;
        let mut polled = u64::MAX;
        let status = match wait {
            // SAFETY: the executor lives, the places are valid.
            Wait::No => unsafe { jobexec_poll(self.exec, &mut results[0]) },
            Wait::For(time) => self.in_time(time, || {
                // SAFETY: as above.
                unsafe { jobexec_poll_wait(self.exec, time, &mut results[0]) }
            }),
            Wait::Other(byte) if byte % 2 == 0 => {
                // SAFETY: as above; there are three places.
                unsafe { jobexec_poll_many(self.exec, results.as_mut_ptr(), 3, &mut polled) }
            }
            Wait::Other(_) => self.in_time(1_000_000, || {
                let places = results.as_mut_ptr();
                // SAFETY: as above.
                unsafe { jobexec_poll_many_wait(self.exec, 1_000_000, places, 3, &mut polled) }
            }),
        };
        let waits =
            matches!(wait, Wait::For(_)) || matches!(wait, Wait::Other(byte) if byte % 2 == 1);
        let none = if waits { JOBEXEC_TIMEOUT } else { JOBEXEC_EMPTY };
        self.may_end(status, &[JOBEXEC_OK, none, JOBEXEC_END]);
        assert!(status != JOBEXEC_END || self.ledger.finished.load(SeqCst));
        let count = match wait {
            _ if status != JOBEXEC_OK => 0,
            Wait::Other(_) => polled as usize,
            _ => 1,
        };
        assert!((status == JOBEXEC_OK) == (1..=3).contains(&count), "{count}");
        let most = if matches!(wait, Wait::Other(_)) { 3 } else { 1 };
        self.tell(|model| model.poll(most, waits, status, &results[..count]));
        results[..count].iter().for_each(|result| self.deliver(result));
    }

    fn deliver(&self, result: &jobexec_result) {
        self.ledger.delivered.fetch_add(1, SeqCst);
        assert!((JOBEXEC_OUTCOME_DONE..=JOBEXEC_OUTCOME_CANCELLED).contains(&result.outcome));
        let (setup, ledger) = (&self.setup, &self.ledger);
        let is_hostile = setup.kind == Kind::Processes;
        assert!(result.outcome != JOBEXEC_OUTCOME_CRASHED || is_hostile);
        let may_time_out = (1..u64::MAX).contains(&setup.job_timeout_ns);
        let times_out = result.outcome == JOBEXEC_OUTCOME_TIMED_OUT;
        assert!(!times_out || setup.job_timeout_ns > 0);
        let is_cancelled = result.outcome == JOBEXEC_OUTCOME_CANCELLED;
        assert!(!is_cancelled || ledger.cancelled.load(SeqCst));
        if result.payload.is_null() {
            // Its thread still has it.
            assert!(times_out && setup.kind == Kind::Threads);
        } else if setup.batches {
            ledger.take(result.payload, false);
            assert!(!result.output.is_null() && result.output_bytes <= 8);
        } else {
            let deed = Deed::of(ledger.cell(result.payload).deed.load(SeqCst) as u8);
            ledger.end(result.payload);
            if !may_time_out && !times_out && !is_cancelled {
                let fails = matches!(deed, Deed::Fails | Deed::Dies | Deed::Scribbles);
                assert_eq!(result.outcome, i32::from(fails), "{deed:?}");
                assert_eq!(result.code, if fails { 7 } else { 0 });
                let tries = if fails { 1 + setup.retries * setup.retry_failed } else { 1 };
                assert_eq!(
                    result.attempts,
                    if setup.workers == 0 { result.attempts } else { tries }
                );
            }
        }
    }
}

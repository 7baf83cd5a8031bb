//! Puts, of pointers and of buffers.

use crate::play::Game;
use crate::script::{Deed, Wait};
use jobexec::ffi::*;
use std::ffi::c_void;
use std::ptr;

impl Game {
    /// A payload with that deed: a pointer, or an input that begins with it.
    fn payload(&self, deed: Deed, more: [u8; 2], wait: u64) -> Option<*mut c_void> {
        if !self.setup.batches {
            return self.ledger.fresh(deed as u8);
        }
        let mut input = ptr::null_mut();
        let status = self.in_time(wait, || match wait {
            // SAFETY: the executor lives, the place is valid.
            0 => unsafe { jobexec_buffer_acquire(self.exec, &mut input) },
            // SAFETY: as above.
            _ => unsafe { jobexec_buffer_acquire_wait(self.exec, wait, &mut input) },
        });
        self.may_end(status, &[JOBEXEC_OK, if wait == 0 { JOBEXEC_FULL } else { JOBEXEC_TIMEOUT }]);
        if status != JOBEXEC_OK {
            assert!(input.is_null());
            return None;
        }
        self.ledger.take(input, true);
        // SAFETY: an input has 8 bytes.
        unsafe { input.cast::<[u8; 3]>().write([deed as u8, more[0], more[1]]) };
        Some(input)
    }

    pub(crate) fn put(&self, deed: Deed, wait: Wait, more: [u8; 2]) {
        let time = if let Wait::For(time) = wait { time } else { 0 };
        let Some(payload) = self.payload(deed, more, time) else { return };
        if self.setup.batches {
            self.ledger.pass_on(payload);
        }
        let mut id = u64::MAX;
        let options = options(wait);
        let waits = time > 0 || options.wait_ns > 0;
        let status = self.in_time(time.max(options.wait_ns), || match wait {
            // SAFETY: the executor lives, the places are valid.
            Wait::No => unsafe { jobexec_put(self.exec, payload, &mut id) },
            // SAFETY: as above.
            Wait::For(time) => unsafe { jobexec_put_wait(self.exec, payload, time, &mut id) },
            // SAFETY: as above.
            Wait::Other(_) => unsafe { jobexec_put_with(self.exec, payload, &options, &mut id) },
        });
        let waits = waits || matches!(wait, Wait::For(_));
        let no_limit = matches!(wait, Wait::Other(_)) && options.job_timeout_ns > 0;
        if no_limit && self.setup.job_timeout_ns == 0 {
            assert_eq!(status, JOBEXEC_ERROR_ARGUMENT);
        } else if waits {
            self.may_end(status, &[JOBEXEC_OK, JOBEXEC_TIMEOUT, JOBEXEC_ERROR_FINISHED]);
        } else {
            self.may_end(status, &[JOBEXEC_OK, JOBEXEC_FULL, JOBEXEC_ERROR_FINISHED]);
        }
        self.settle(status == JOBEXEC_OK, payload);
        if status != JOBEXEC_ERROR_ARGUMENT {
            let ids = if status == JOBEXEC_OK { &[id][..] } else { &[] };
            self.tell(|model| model.put(1, waits, status, ids));
        }
        if status == JOBEXEC_OK {
            self.ledger.ids.lock().unwrap().push(id);
        } else {
            assert_eq!(id, u64::MAX, "an output was written");
        }
    }

    fn settle(&self, is_accepted: bool, payload: *mut c_void) {
        if is_accepted {
            self.ledger.accept(payload, self.setup.batches);
        } else if self.setup.batches {
            self.ledger.take(payload, false);
        }
    }

    pub(crate) fn put_many(&self, deed: Deed, count: u8, wait: Wait) {
        let payloads: Vec<_> = (0..count).map_while(|_| self.payload(deed, [0; 2], 0)).collect();
        if self.setup.batches {
            for payload in &payloads {
                self.ledger.pass_on(*payload);
            }
        }
        let (mut accepted, mut first) = (u64::MAX, u64::MAX);
        let (list, count) = (payloads.as_ptr(), payloads.len() as u64);
        let status = match wait {
            Wait::For(time) => self.in_time(time, || {
                // SAFETY: the executor lives, the list has as many payloads, the places are valid.
                unsafe {
                    jobexec_put_many_wait(self.exec, list, count, time, &mut accepted, &mut first)
                }
            }),
            _ => {
                // SAFETY: as above.
                unsafe { jobexec_put_many(self.exec, list, count, &mut accepted, &mut first) }
            }
        };
        let full = if matches!(wait, Wait::For(_)) { JOBEXEC_TIMEOUT } else { JOBEXEC_FULL };
        self.may_end(status, &[JOBEXEC_OK, full, JOBEXEC_ERROR_FINISHED]);
        let accepted = if status == JOBEXEC_OK { accepted as usize } else { 0 };
        assert!(accepted <= payloads.len() && (status != JOBEXEC_OK || count == 0 || accepted > 0));
        for (index, payload) in payloads.iter().enumerate() {
            self.settle(index < accepted, *payload);
        }
        if count > 0 {
            let ids: Vec<u64> = (first..).take(accepted).collect();
            let waits = matches!(wait, Wait::For(_));
            self.tell(|model| model.put(payloads.len(), waits, status, &ids));
        }
    }
}

fn options(wait: Wait) -> jobexec_put_options {
    let byte = if let Wait::Other(byte) = wait { byte } else { 0 };
    jobexec_put_options {
        size: size_of::<jobexec_put_options>() as u64,
        job_timeout_ns: [0, 3_000_000][usize::from(byte % 2)],
        wait_ns: [0, 1_000_000][usize::from(byte / 2 % 2)],
    }
}

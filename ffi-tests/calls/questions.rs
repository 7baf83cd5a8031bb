//! What an executor says of itself, and to arguments that it must refuse.

use crate::play::{Game, outcomes};
use jobexec::ffi::*;
use std::ffi::{c_char, c_void};
use std::ptr;

impl Game {
    pub(crate) fn inspect(&self, which: u8) {
        let exec = self.exec;
        match which % 5 {
            0 => {
                let counters = self.counters();
                let ended = outcomes(&counters);
                assert!(ended + counters.outstanding >= ended, "{ended}");
            }
            1 => {
                // SAFETY: the executor lives.
                let answer = unsafe { jobexec_is_full(exec) };
                self.may_end(answer, &[0, 1]);
                self.tell(|model| model.is_full(answer));
            }
            // SAFETY: the executor lives.
            2 => self.may_end(unsafe { jobexec_is_idle(exec) }, &[0, 1]),
            3 => {
                let mut text: [c_char; 64] = [1; 64];
                let (place, mut needed) = (text.as_mut_ptr(), 0);
                let size = usize::from(which) % 64;
                let report =
                    if which.is_multiple_of(2) { jobexec_report } else { jobexec_report_json };
                // SAFETY: the executor lives, the text has that many places.
                let status = unsafe { report(exec, place, size, &mut needed) };
                assert_eq!(status, JOBEXEC_OK);
                assert!(needed > 64 && text[size] == 1, "more than the size was written");
            }
            _ => assert!(self.capacity() > 0),
        }
    }

    /// What no program should call, and what it is told.
    #[expect(clippy::undocumented_unsafe_blocks, reason = "one comment for all of one kind")]
    pub(crate) fn misuse(&self, which: u8) {
        let (exec, null) = (self.exec, ptr::null_mut::<c_void>());
        let mut somewhere = 0_u64;
        let odd: *mut c_void = (&raw mut somewhere).cast();
        // SAFETY: NULL may be given everywhere, and sizes that are refused; a payload that is no
        // buffer is compared and not used.
        let status = match which % 12 {
            0 => unsafe { jobexec_put(null.cast(), odd, ptr::null_mut()) },
            1 => unsafe { jobexec_poll(exec, ptr::null_mut()) },
            2 => unsafe { jobexec_put_with(exec, odd, ptr::null(), ptr::null_mut()) },
            3 => unsafe { jobexec_put_with(exec, odd, (&raw const somewhere).cast(), null.cast()) },
            4 => unsafe { jobexec_poll(exec, odd.cast()) },
            5 => unsafe { jobexec_stats(exec, odd.cast()) },
            6 => unsafe { jobexec_buffer_release(exec, odd) },
            7 => unsafe { jobexec_buffer_set_input(exec, odd, 1) },
            8 => unsafe { jobexec_buffer_acquire(exec, ptr::null_mut()) },
            9 => unsafe { jobexec_put_many(exec, ptr::null(), 3, &mut 0, null.cast()) },
            10 => unsafe { jobexec_event_fd(exec, ptr::null_mut()) },
            _ => unsafe { jobexec_close(null.cast(), 0) },
        };
        assert!(status < 0, "misuse {which}: {status}");
        assert_eq!(somewhere, 0, "misuse {which} wrote");
    }
}

//! What jobs do, on threads and in processes.

use crate::ledger::Ledger;
use crate::script::Deed;
use jobexec::ffi::*;
use std::ffi::c_void;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// How long a job takes that does not end by itself.
const LONG: Duration = Duration::from_millis(8);

/// What callbacks are given: the ledger, and the executor once it is known.
pub(crate) struct User {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) exec: OnceLock<usize>,
    pub(crate) batches: bool,
}

/// On a worker's thread.
pub(crate) unsafe extern "C-unwind" fn transform(
    user: *mut c_void,
    payload: *mut c_void,
    job: *mut jobexec_job,
) -> i32 {
    // SAFETY: lives until `destroy`.
    let user = unsafe { &*user.cast::<User>() };
    let deed = if user.batches {
        // SAFETY: an input has some bytes.
        unsafe { payload.cast::<u8>().read() }
    } else {
        user.ledger.cell(payload).deed.load(SeqCst) as u8
    };
    match Deed::of(deed) {
        Deed::CallsBack => {
            call_back(user.exec.get().map_or(std::ptr::null_mut(), |exec| *exec as *mut _));
            0
        }
        Deed::Dies | Deed::Scribbles => 7,
        // SAFETY: the job is at hand.
        deed => unsafe { ordinary(deed, job) },
    }
}

/// # Safety
/// The job is at hand.
unsafe fn ordinary(deed: Deed, job: *mut jobexec_job) -> i32 {
    let end = Instant::now() + LONG;
    // SAFETY: the caller's promise.
    let is_told = || unsafe { jobexec_job_is_cancelled(job) } == 1;
    match deed {
        Deed::Fails => {
            // SAFETY: the caller's promise.
            unsafe { jobexec_job_set_message(job, c"as asked".as_ptr()) };
            return 7;
        }
        Deed::Listens => while !is_told() && Instant::now() < end {},
        Deed::Stuck => while Instant::now() < end {},
        _ => {}
    }
    // SAFETY: the caller's promise.
    if unsafe { jobexec_job_output_bytes(job) } > 0 {
        // SAFETY: the caller's promise.
        assert_eq!(unsafe { jobexec_job_set_output(job, 1) }, JOBEXEC_OK);
        // SAFETY: the caller's promise.
        assert!(unsafe { jobexec_job_set_output(job, u64::MAX) } < 0);
    }
    0
}

/// What would wait is refused to a callback.
fn call_back(exec: *mut jobexec_executor) {
    if exec.is_null() {
        return; // It is just starting.
    }
    let (mut payload, mut size) = (0_u64, 0_u64);
    let place = (&raw mut payload).cast();
    let refused = [
        // SAFETY: the executor lives while its job runs; the places are valid.
        unsafe { jobexec_put_wait(exec, place, 1_000_000, &mut size) },
        // SAFETY: as above.
        unsafe { jobexec_close(exec, 1_000_000) },
        // SAFETY: as above.
        unsafe { jobexec_free(exec) },
    ];
    assert!(refused.iter().all(|status| *status < 0), "{refused:?}");
    // SAFETY: as above.
    assert!(unsafe { jobexec_is_full(exec) } >= 0);
}

/// A payload that nobody will get. A buffer is free already.
pub(crate) unsafe extern "C-unwind" fn discard(user: *mut c_void, payload: *mut c_void) {
    // SAFETY: lives until `destroy`.
    let user = unsafe { &*user.cast::<User>() };
    assert!(!user.batches);
    user.ledger.discarded.fetch_add(1, SeqCst);
    user.ledger.end(payload);
}

pub(crate) unsafe extern "C-unwind" fn destroy(user: *mut c_void) {
    // SAFETY: given once, and not used after this.
    let user = unsafe { Box::from_raw(user.cast::<User>()) };
    user.ledger.destroyed.store(true, SeqCst);
}

/// What this process shares with its host, mapped whole: the link and the buffers.
static SHARED: OnceLock<[Shared; 2]> = OnceLock::new();

struct Shared {
    words: *const AtomicU64,
    count: usize,
}

// SAFETY: of atomics.
unsafe impl Send for Shared {}
// SAFETY: of atomics.
unsafe impl Sync for Shared {}

impl Shared {
    /// A descriptor that a worker was given.
    fn map(file: i32) -> Shared {
        // SAFETY: the call moves the descriptor's own position, which nobody uses.
        let bytes = unsafe { libc::lseek(file, 0, libc::SEEK_END) } as usize;
        let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
        // SAFETY: a new mapping.
        let base = unsafe { libc::mmap(std::ptr::null_mut(), bytes, access, flags, file, 0) };
        assert_ne!(base, libc::MAP_FAILED);
        Shared { words: base.cast(), count: bytes / 8 }
    }

    fn write(&self, at: usize, value: u64) {
        let word = self.words.wrapping_add(at % self.count);
        // SAFETY: inside of the mapping, which stays.
        unsafe { &*word }.store(value, SeqCst);
    }
}

/// Serves as a worker process, where this is one.
pub(crate) fn serve_if_worker() {
    if jobexec_is_worker() == 1 {
        SHARED.get_or_init(|| [3, 4].map(Shared::map));
        // SAFETY: the callback can be called with NULL.
        let status = unsafe { jobexec_worker_main(Some(in_process), std::ptr::null_mut()) };
        std::process::exit(if status == JOBEXEC_OK { 0 } else { 1 });
    }
}

/// In a worker process.
unsafe extern "C-unwind" fn in_process(
    _: *mut c_void,
    input: *mut c_void,
    job: *mut jobexec_job,
) -> i32 {
    // SAFETY: an input has some bytes.
    let bytes = unsafe { input.cast::<[u8; 3]>().read() };
    match Deed::of(bytes[0]) {
        Deed::Dies if bytes[1] % 2 == 0 => std::process::exit(3),
        Deed::Dies => std::process::abort(),
        Deed::Scribbles => {
            let [link, buffers] = SHARED.get().expect("a worker");
            let value = [0, u64::MAX, 1 << 63, u64::from(bytes[2])][usize::from(bytes[2] % 4)];
            // Any word of the head and of the first slots, or a buffer's header.
            link.write(usize::from(bytes[1]), value);
            buffers.write(usize::from(bytes[2]) * 8, value);
            0
        }
        // SAFETY: the job is at hand.
        deed => unsafe { ordinary(deed, job) },
    }
}

//! Memory is allocated at the start: after that the walk of a payload allocates nothing, whatever
//! becomes of it and whoever has to wait.

mod support;

use ::jobexec::ffi::*;
use ::jobexec::{Batch, BatchExecutor, BatchTransform};
use ::jobexec::{Config, Executor, Failure, JobContext, Status, Transform};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ffi::c_void;
use std::mem::zeroed;
use std::ptr::{from_ref, null_mut, without_provenance_mut};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use support::{Answer, PATIENCE, config, next, start, until};

/// Counts the allocations of threads that asked for it.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

thread_local! {
    static COUNTER: Cell<Option<&'static AtomicUsize>> = const { Cell::new(None) };
}

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if let Some(counter) = COUNTER.get() {
            counter.fetch_add(1, SeqCst);
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// How much this thread allocates by the call, and those that count by the same counter.
fn allocations(counter: &'static AtomicUsize, call: impl FnOnce()) -> usize {
    let before = counter.load(SeqCst);
    COUNTER.set(Some(counter));
    call();
    COUNTER.set(None);
    counter.load(SeqCst) - before
}

#[test]
fn the_counter_counts() {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    assert_eq!(allocations(&COUNT, || drop(std::hint::black_box(Box::new(1)))), 1);
    drop(std::hint::black_box(Box::new(1)));
    assert_eq!(allocations(&COUNT, || drop(Vec::<u8>::new())), 0);
}

/// Fails with odd payloads. Its workers count.
struct Odd(&'static AtomicUsize);

impl Transform<usize> for Odd {
    fn run(&self, payload: &mut usize, _: &JobContext<'_>) -> Answer {
        match *payload % 2 {
            0 => Ok(()),
            _ => Err(Failure { code: 1, message: String::new() }),
        }
    }

    fn enter(&self, _: usize) -> Result<(), String> {
        COUNTER.set(Some(self.0));
        Ok(())
    }
}

/// Puts until there is no room, and polls until all is back.
#[allow(clippy::vec_box)] // The boxes are what is put.
fn turn(executor: &Executor<usize>, payloads: &mut Vec<Box<usize>>) {
    let all = payloads.len();
    while let Some(payload) = payloads.pop() {
        if let Err(rejected) = executor.put(payload) {
            assert_eq!(rejected.status, Status::Full);
            payloads.push(rejected.payload);
            break;
        }
    }
    while payloads.len() < all {
        payloads.push(next(executor).payload.unwrap());
    }
    assert_eq!(executor.poll().map(drop), Err(Status::Empty));
    assert_eq!(executor.stats().outstanding, 0);
}

#[test]
fn the_walk_of_a_payload_allocates_nothing() {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    for (workers, timing) in [(0, true), (0, false), (1, true), (1, false), (2, true), (2, false)] {
        for spin_ns in [0, Config::default().spin_ns] {
            let config = Config { timing, spin_ns, results: 10, ..config(workers) };
            let executor = start(&config, Odd(&COUNT));
            let mut payloads: Vec<Box<usize>> = (0..11).map(Box::new).collect();
            turn(&executor, &mut payloads);
            let turns = || (0..2_000).for_each(|_| turn(&executor, &mut payloads));
            assert_eq!(allocations(&COUNT, turns), 0, "{config:?}");
        }
    }
}

/// Fails with odd batches. Its workers count.
impl BatchTransform for Odd {
    fn run(&self, batch: &mut Batch<'_>, _: &JobContext<'_>) -> Answer {
        let first = batch.input()[0];
        batch.output()[0] = first;
        batch.set_output(1);
        match first % 2 {
            0 => Ok(()),
            _ => Err(Failure { code: 1, message: String::new() }),
        }
    }

    fn enter(&self, _: usize) -> Result<(), String> {
        COUNTER.set(Some(self.0));
        Ok(())
    }
}

/// Puts all buffers, and polls all, or waits until a reset has freed them.
fn turn_batches(executor: &BatchExecutor, reset: bool) {
    let mut accepted = 0;
    while let Ok(mut buffer) = executor.acquire() {
        buffer.input_mut()[0] = accepted;
        executor.put_wait(buffer, PATIENCE).unwrap();
        accepted += 1;
    }
    if reset {
        executor.reset().unwrap();
        until(|| executor.stats().outstanding == 0);
        return;
    }
    for _ in 0..accepted {
        let result = executor.poll_wait(PATIENCE).unwrap();
        assert_eq!(
            result.buffer.as_ref().unwrap().output(),
            &result.buffer.as_ref().unwrap().input()[..1]
        );
    }
    assert_eq!(accepted, 10);
    assert_eq!(executor.stats().outstanding, 0);
}

#[test]
fn the_walk_of_a_batch_allocates_nothing() {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    for (workers, timing) in [(0, true), (0, false), (1, true), (1, false), (2, true), (2, false)] {
        let sizes = Config { input_bytes: 64, output_bytes: 64, ..config(workers) };
        let config = Config { timing, results: 10, ..sizes };
        let executor = BatchExecutor::start(&config, Odd(&COUNT), PATIENCE).unwrap();
        turn_batches(&executor, false);
        let turns = || (0..2_000).for_each(|n| turn_batches(&executor, n % 3 == 0));
        assert_eq!(allocations(&COUNT, turns), 0, "{config:?}");
    }
}

unsafe extern "C-unwind" fn count(user: *mut c_void, _worker: u32) -> i32 {
    // SAFETY: the user pointer of this test is a static counter.
    COUNTER.set(Some(unsafe { &*user.cast::<AtomicUsize>() }));
    0
}

unsafe extern "C-unwind" fn fail_if_odd(
    _user: *mut c_void,
    payload: *mut c_void,
    job: *mut jobexec_job,
) -> i32 {
    // SAFETY: the job is the one given, the text a constant.
    let said = unsafe { jobexec_job_set_message(job, c"an odd payload".as_ptr()) };
    // SAFETY: the job is the one given.
    let kept = unsafe { jobexec_job_set_payload(job, payload) };
    said + kept + (payload.addr() % 2) as i32
}

/// Sets out more payloads than fit, and either polls what was accepted or resets.
fn turn_in_c(exec: *mut jobexec_executor, result: &mut jobexec_result, reset: bool) {
    let mut accepted = 0;
    for payload in 0..11 {
        // SAFETY: the handle is live, and the payload only a number.
        let status = unsafe { jobexec_put(exec, without_provenance_mut(payload), null_mut()) };
        assert!(status == JOBEXEC_OK || status == JOBEXEC_FULL);
        accepted += usize::from(status == JOBEXEC_OK);
    }
    if reset {
        // SAFETY: the handle is live.
        assert_eq!(unsafe { jobexec_reset(exec, null_mut()) }, JOBEXEC_OK);
        return;
    }
    for _ in 0..accepted {
        // SAFETY: the handle is live, the result as large as it says.
        let status = unsafe { jobexec_poll_wait(exec, PATIENCE.as_nanos() as u64, result) };
        assert_eq!(status, JOBEXEC_OK);
        assert_eq!(result.code != 0, result.payload.addr() % 2 == 1);
    }
    // SAFETY: as above.
    assert_eq!(unsafe { jobexec_poll_wait(exec, 1, result) }, JOBEXEC_TIMEOUT);
}

#[test]
fn in_c_failures_and_resets_allocate_nothing_either() {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    for (workers, timing) in [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)] {
        // SAFETY: all-zero bytes are a valid configuration in C, and here.
        let mut config: jobexec_config = unsafe { zeroed() };
        config.size = size_of::<jobexec_config>() as u64;
        // SAFETY: the structure is as large as it says.
        unsafe { jobexec_config_init(&mut config) };
        (config.workers, config.timing, config.pinning) = (workers, timing, JOBEXEC_PIN_OFF);
        config.transform = Some(fail_if_odd);
        config.worker_init = Some(count);
        (config.results, config.user) = (10, from_ref(&COUNT).cast_mut().cast());
        let mut exec = null_mut();
        // SAFETY: the configuration is whole, its callbacks may be called from any thread.
        let status = unsafe { jobexec_start(&config, PATIENCE.as_nanos() as u64, &mut exec) };
        assert_eq!(status, JOBEXEC_OK);
        // SAFETY: as above for the configuration.
        let mut result: jobexec_result = unsafe { zeroed() };
        result.size = size_of::<jobexec_result>() as u64;
        turn_in_c(exec, &mut result, false);
        let turns = || (0..2_000).for_each(|n| turn_in_c(exec, &mut result, n % 3 == 0));
        assert_eq!(allocations(&COUNT, turns), 0, "{workers} workers, timing {timing}");
        // SAFETY: the handle is live.
        assert_eq!(unsafe { jobexec_close(exec, PATIENCE.as_nanos() as u64) }, JOBEXEC_OK);
        // SAFETY: nobody else uses it.
        assert_eq!(unsafe { jobexec_free(exec) }, JOBEXEC_OK);
    }
}

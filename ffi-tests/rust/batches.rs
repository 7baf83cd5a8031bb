//! Batches in Rust: what is filled is what is transformed is what is read, in place; and every
//! buffer comes back, whatever becomes of its job, its executor or its transform.

mod support;

use jobexec::{
    Allocate, Batch, BatchExecutor, BatchTransform, Buffer, Config, Executor, JobContext, NotPut,
    Outcome, Status,
};
use std::alloc::{Layout, alloc, dealloc};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread::scope;
use std::time::{Duration, Instant};
use support::{Answer, Door, PATIENCE, WANTED, hush, until};

const BYTES: usize = 100;

fn config(workers: usize, results: usize) -> Config {
    let sizes = Config { input_bytes: BYTES, output_bytes: 2 * BYTES, ..support::config(workers) };
    Config { results, queue_per_worker: results, ..sizes }
}

fn start(config: &Config, transform: impl BatchTransform) -> BatchExecutor {
    BatchExecutor::start(config, transform, PATIENCE).unwrap_or_else(|error| panic!("{error}"))
}

/// Writes each byte of the input twice.
fn double(batch: &mut Batch<'_>, job: &JobContext<'_>) -> Answer {
    batch.header_mut()[1] = job.number() as u8;
    let (input, output) = batch.split();
    assert_eq!(output.len(), 2 * BYTES);
    let bytes = 2 * input.len();
    output.chunks_mut(2).zip(input).for_each(|(pair, byte)| pair.fill(*byte));
    batch.set_output(bytes);
    Ok(())
}

fn filled(executor: &BatchExecutor, text: &[u8]) -> Buffer {
    let mut buffer = executor.acquire_wait(PATIENCE).unwrap();
    buffer.input_mut()[..text.len()].copy_from_slice(text);
    buffer.set_input(text.len());
    buffer
}

fn refusal(answer: Result<u64, NotPut>) -> (Status, Buffer) {
    let refused = answer.unwrap_err();
    (refused.status, refused.buffer)
}

/// Every accepted job has one outcome, or none yet: so many.
#[track_caller]
fn check_accounts(executor: &BatchExecutor, outstanding: u64) {
    let n = executor.stats();
    let outcomes = n.done + n.failed + n.panicked + n.crashed + n.timed_out + n.cancelled;
    assert_eq!(n.accepted, outcomes + n.discarded + n.outstanding);
    assert_eq!(n.outstanding, outstanding);
}

/// How many buffers nobody has.
#[track_caller]
fn free(executor: &BatchExecutor) -> usize {
    check_accounts(executor, 0);
    let all: Vec<Buffer> = std::iter::from_fn(|| executor.acquire().ok()).collect();
    all.len()
}

#[test]
fn what_is_filled_is_transformed_and_read_in_place() {
    for workers in 0..3 {
        let executor = start(&config(workers, 4), double);
        for n in 0..100_u8 {
            let mut buffer = filled(&executor, &vec![n; n.into()]);
            assert_eq!((buffer.input().len(), buffer.output().len()), (n.into(), 0));
            let address = buffer.input().as_ptr();
            buffer.header_mut()[0] = n;
            let id = executor.put(buffer).unwrap();
            let result = executor.poll_wait(PATIENCE).unwrap();
            assert_eq!((result.id, result.number, result.session), (id, n.into(), 0));
            assert_eq!((result.outcome, result.failure), (Outcome::Done, None));
            assert_eq!(result.buffer.as_ref().unwrap().input().as_ptr(), address);
            assert_eq!(result.buffer.as_ref().unwrap().input(), vec![n; n.into()]);
            assert_eq!(result.buffer.as_ref().unwrap().output(), vec![n; 2 * usize::from(n)]);
            assert_eq!(result.buffer.as_ref().unwrap().header()[..3], [n, n, 0]);
        }
        assert_eq!(free(&executor), 4);
    }
}

#[test]
fn a_buffer_that_is_not_put_comes_back() {
    let executor = start(&config(1, 2), double);
    let (one, two) = (filled(&executor, b"one"), filled(&executor, b"two"));
    assert_eq!(executor.acquire().unwrap_err(), Status::Full);
    assert_eq!(executor.acquire_wait(Duration::ZERO).unwrap_err(), Status::Timeout);
    executor.put(one).unwrap();
    executor.finish().unwrap();
    let (status, two) = refusal(executor.put(two));
    assert_eq!((status, two.input()), (Status::Finished, &b"two"[..]));
    let (status, two) = refusal(executor.put_wait(two, PATIENCE));
    assert_eq!((status, two.input()), (Status::Finished, &b"two"[..]));
    assert_eq!(executor.poll_wait(PATIENCE).unwrap().buffer.unwrap().output(), b"oonnee");
    assert_eq!(executor.poll_wait(PATIENCE).unwrap_err(), Status::End);
    executor.close(PATIENCE).unwrap();
    assert_eq!(refusal(executor.put(two)).0, Status::Closed);
    assert_eq!(executor.acquire().unwrap_err(), Status::Closed);
    check_accounts(&executor, 0);
}

#[test]
fn a_waiter_gets_a_buffer_that_is_dropped_discarded_or_none_at_the_end() {
    let door = Door::default();
    let inside = door.clone();
    let hold = move |_: &mut Batch<'_>, _: &JobContext<'_>| -> Answer {
        inside.wait();
        Ok(())
    };
    let executor = start(&config(1, 1), hold);
    let during = |act: &dyn Fn(Buffer)| {
        let buffer = executor.acquire().unwrap();
        scope(|scope| {
            let waiter = scope.spawn(|| executor.acquire_wait(PATIENCE).map(drop));
            act(buffer);
            let start = Instant::now();
            let answer = waiter.join().unwrap();
            assert!(start.elapsed() < PATIENCE / 2, "no news, but the deadline");
            answer
        })
    };
    assert_eq!(during(&drop), Ok(()));
    let reset = |buffer| {
        executor.put(buffer).unwrap();
        executor.reset().unwrap();
        door.open();
    };
    assert_eq!(during(&reset), Ok(()));
    assert_eq!(during(&|_| executor.abort()), Err(Status::Aborted));
    executor.close(PATIENCE).unwrap();
    check_accounts(&executor, 0);
    assert_eq!(executor.stats().discarded, 1);
}

#[test]
fn a_buffer_outlives_its_executor() {
    let executor = start(&config(2, 4), double);
    let mut held = filled(&executor, b"held");
    executor.put(filled(&executor, b"read")).unwrap();
    let read = executor.poll_wait(PATIENCE).unwrap().buffer.unwrap();
    executor.put(filled(&executor, b"lost")).unwrap();
    check_accounts(&executor, 1);
    drop(executor);
    held.input_mut().fill(7);
    assert_eq!((held.input(), read.output()), (&[7; 4][..], &b"rreeaadd"[..]));
    drop(read);
    held.header_mut().fill(1);
}

#[test]
fn a_panic_or_a_failure_leaves_the_output_as_it_is() {
    hush();
    let fail = |batch: &mut Batch<'_>, _: &JobContext<'_>| -> Answer {
        batch.output()[0] = 9;
        batch.set_output(1);
        match batch.input()[0] {
            0 => panic!("{WANTED}"),
            code => Err(jobexec::Failure { code: code.into(), message: "so".into() }),
        }
    };
    let executor = start(&config(1, 3), fail);
    for (n, outcome, text) in [(0, Outcome::Panicked, WANTED), (5, Outcome::Failed, "so")] {
        executor.put(filled(&executor, &[n])).unwrap();
        let result = executor.poll_wait(PATIENCE).unwrap();
        let failure = result.failure.unwrap();
        assert_eq!((result.outcome, result.buffer.as_ref().unwrap().output()), (outcome, &[9][..]));
        assert!(failure.message.contains(text), "{failure:?}");
    }
    assert_eq!(free(&executor), 3);
}

#[test]
fn a_length_that_does_not_fit_panics() {
    let too_much = |batch: &mut Batch<'_>, _: &JobContext<'_>| -> Answer {
        batch.set_output(2 * BYTES + 1);
        Ok(())
    };
    let executor = start(&config(0, 1), too_much);
    executor.put(filled(&executor, b"")).unwrap();
    let result = executor.poll().unwrap();
    let failure = result.failure.unwrap();
    assert!(failure.message.contains("201 bytes do not fit the output"), "{failure:?}");
    drop(result.buffer.unwrap());
    let mut buffer = executor.acquire().unwrap();
    let too_much = catch_unwind(AssertUnwindSafe(|| buffer.set_input(BYTES + 1)));
    assert!(too_much.is_err() && buffer.input().len() == BYTES);
    drop(buffer);
    assert_eq!(free(&executor), 1);
}

/// Counts what it lends.
#[derive(Clone, Default)]
struct Lender(Arc<[AtomicUsize; 2]>);

// SAFETY: the system's allocator does the work.
unsafe impl Allocate for Lender {
    fn allocate(&self, bytes: usize, alignment: usize) -> *mut u8 {
        self.0[0].fetch_add(1, SeqCst);
        // SAFETY: the size is not zero.
        unsafe { alloc(Layout::from_size_align(bytes, alignment).unwrap()) }
    }

    unsafe fn deallocate(&self, base: *mut u8, bytes: usize) {
        self.0[1].fetch_add(1, SeqCst);
        // SAFETY: it is what was allocated; the alignment asked for is that of a page.
        unsafe { dealloc(base, Layout::from_size_align(bytes, 4096).unwrap()) };
    }
}

#[test]
fn memory_that_is_lent_goes_back_with_the_last_buffer() {
    let lender = Lender::default();
    let lent = || [lender.0[0].load(SeqCst), lender.0[1].load(SeqCst)];
    let executor = BatchExecutor::start_in(&config(1, 2), lender.clone(), double, PATIENCE);
    let executor = executor.unwrap();
    let (base, bytes) = executor.arena();
    executor.put(filled(&executor, b"ab")).unwrap();
    let buffer = executor.poll_wait(PATIENCE).unwrap().buffer.unwrap();
    assert_eq!(buffer.output(), b"aabb");
    assert!((base as usize..base as usize + bytes).contains(&(buffer.input().as_ptr() as usize)));
    executor.close(PATIENCE).unwrap();
    check_accounts(&executor, 0);
    drop(executor);
    assert_eq!((lent(), buffer.output()), ([1, 0], &b"aabb"[..]));
    drop(buffer);
    until(|| lent() == [1, 1]);
}

#[test]
fn each_kind_of_executor_refuses_what_it_cannot_do() {
    let pass = |_: &mut u8, _: &JobContext<'_>| -> Answer { Ok(()) };
    let error = Executor::start(&config(1, 1), pass, PATIENCE).err().unwrap();
    assert_eq!(error.status(), Status::InvalidArgument);
    let error = BatchExecutor::start(&support::config(1), double, PATIENCE).err().unwrap();
    assert_eq!(error.status(), Status::InvalidArgument);
}

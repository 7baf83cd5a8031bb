//! Worker processes through the Rust API. This program is its own worker: what it does with a
//! batch, the batch says.

use jobexec::{
    Batch, BatchExecutor, BatchResult, Config, Failure, JobContext, LogLevel, Outcome, Status,
    WorkerCommand, Workers, is_worker, serve_worker,
};
use std::os::fd::AsRawFd;
use std::process::ExitCode;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

// What a worker does with a batch whose input begins with...
const ADD: u8 = 0;
const DIE: u8 = 1;
const EXIT: u8 = 2;
const FAIL: u8 = 3;
const PANIC: u8 = 4;
const HANG: u8 = 5;
const CHAIN: u8 = 6;

fn transform(batch: &mut Batch<'_>, job: &JobContext<'_>) -> Result<(), Failure> {
    let (input, output) = batch.split();
    if input[0] == CHAIN {
        // What came, and one more.
        let length = input.len();
        assert_eq!(length, 2 + job.stage());
        output[..length].copy_from_slice(input);
        output[length] = 100 + job.stage() as u8;
        if input[1] == 10 * (job.stage() as u8 + 1) && job.attempt() == 1 {
            std::process::abort();
        }
        batch.set_output(length + 1);
        return Ok(());
    }
    match input[0] {
        DIE => std::process::abort(),
        EXIT => std::process::exit(3),
        FAIL => return Err(Failure { code: 7, message: "no".into() }),
        PANIC => panic!("oh"),
        HANG => while !job.cancelled() {},
        _ => {}
    }
    let sum: u64 = input.iter().map(|byte| u64::from(*byte)).sum();
    output[..8].copy_from_slice(&sum.to_le_bytes());
    output[8..16].copy_from_slice(&job.seed().to_le_bytes());
    batch.set_output(16);
    Ok(())
}

fn config(workers: usize) -> Config {
    Config {
        workers: Workers::Count(workers),
        input_bytes: 1000,
        output_bytes: 100,
        ..Config::default()
    }
}

fn start(config: &Config) -> BatchExecutor {
    let command = WorkerCommand::new(["/proc/self/exe"]);
    BatchExecutor::start_processes(config, &command, log, PATIENCE).expect("it starts")
}

fn log(_: LogLevel, line: &str) {
    eprintln!("  log: {line}");
}

fn put(executor: &BatchExecutor, what: u8, value: u8) -> u64 {
    let mut buffer = executor.acquire_wait(PATIENCE).expect("a buffer");
    buffer.input_mut()[..2].copy_from_slice(&[what, value]);
    buffer.set_input(2);
    executor.put_wait(buffer, PATIENCE).expect("room")
}

fn poll(executor: &BatchExecutor) -> BatchResult {
    executor.poll_wait(PATIENCE).expect("a result")
}

fn check_accounts(executor: &BatchExecutor) {
    let n = executor.stats();
    let outcomes = n.done + n.failed + n.panicked + n.crashed + n.discarded;
    assert_eq!(n.accepted, outcomes + n.outstanding, "{n:?}");
}

fn end(executor: BatchExecutor) {
    executor.close(PATIENCE).expect("it closes");
    check_accounts(&executor);
    assert_eq!(executor.stats().outstanding, 0);
}

fn batches_are_transformed_elsewhere() {
    let executor = start(&config(2));
    for round in 0..200_u64 {
        let id = put(&executor, ADD, round as u8);
        let result = poll(&executor);
        assert_eq!((result.id, result.outcome), (id, Outcome::Done));
        assert_eq!(result.buffer.as_ref().unwrap().output()[..8], round.to_le_bytes()[..]);
        assert_eq!(result.number, round);
    }
    end(executor);
}

fn a_death_is_an_outcome_and_the_worker_comes_back() {
    let executor = start(&config(1));
    for (what, code) in [(DIE, -6), (EXIT, 3)] {
        put(&executor, what, 0);
        let result = poll(&executor);
        let failure = result.failure.expect("it says why");
        assert_eq!((result.outcome, failure.code), (Outcome::Crashed, code), "{failure:?}");
        put(&executor, ADD, 9);
        assert_eq!(poll(&executor).outcome, Outcome::Done);
    }
    assert_eq!(executor.stats().restarts, 2);
    end(executor);
}

fn failures_and_panics_come_back_with_their_text() {
    let executor = start(&config(1));
    put(&executor, FAIL, 0);
    let result = poll(&executor);
    assert_eq!(result.failure.unwrap(), Failure { code: 7, message: "no".into() });
    assert_eq!(result.outcome, Outcome::Failed);
    put(&executor, PANIC, 0);
    let result = poll(&executor);
    assert_eq!((result.outcome, result.failure.unwrap().message), (Outcome::Panicked, "oh".into()));
    end(executor);
}

fn a_failure_is_tried_again_and_a_killer_ends() {
    for retry_backoff_ns in [0, 1_000_000] {
        let again = Config { retries: 2, retry_failed: true, retry_backoff_ns, ..config(2) };
        let executor = start(&again);
        for what in [FAIL, PANIC, DIE, ADD] {
            put(&executor, what, 0);
            let result = poll(&executor);
            let (outcome, attempts) = match what {
                FAIL => (Outcome::Failed, 3),
                PANIC => (Outcome::Panicked, 3),
                DIE => (Outcome::Crashed, 3),
                _ => (Outcome::Done, 1),
            };
            assert_eq!((result.outcome, result.attempts), (outcome, attempts));
        }
        end(executor);
    }
}

/// Each stage's processes read what those of the stage before wrote; one that dies costs a try.
fn a_chain_of_processes() {
    for (stages, ordered) in [(vec![1, 1], false), (vec![2, 1, 1], true)] {
        let count = stages.len() as u8;
        let sizes = Config { input_bytes: 100, results: 16, queue_per_worker: 16, ..config(1) };
        let executor = start(&Config { stages, ordered, retries: 1, ..sizes });
        for round in 0..5 {
            let first = [1, 10, 2, 20, 3, 30, 4].map(|value| put(&executor, CHAIN, value));
            for number in 0..7 {
                let result = poll(&executor);
                assert_eq!(result.outcome, Outcome::Done, "{:?}", result.failure);
                assert!(!ordered || result.id == first[number]);
                let at = first.iter().position(|id| *id == result.id).unwrap();
                let value = [1, 10, 2, 20, 3, 30, 4][at];
                let mut expected = vec![CHAIN, value];
                expected.extend((0..count).map(|stage| 100 + stage));
                assert_eq!(result.buffer.unwrap().output(), expected, "round {round}");
            }
            check_accounts(&executor);
        }
        for value in 0..8 {
            put(&executor, CHAIN, value);
        }
        executor.reset().expect("a session");
        end(executor);
    }
}

fn a_reset_is_seen_by_what_runs() {
    let executor = start(&config(2));
    for _ in 0..4 {
        put(&executor, HANG, 0);
    }
    executor.reset().expect("a session");
    put(&executor, ADD, 4);
    let result = poll(&executor);
    assert_eq!((result.session, result.outcome), (1, Outcome::Done));
    drop(result);
    end(executor);
}

fn a_close_kills_what_does_not_end() {
    let executor = start(&Config { results: 4, ..config(2) });
    for _ in 0..4 {
        put(&executor, HANG, 0);
    }
    end(executor);
}

fn many_short_jobs() {
    let executor = start(&Config { results: 64, queue_per_worker: 64, ..config(1) });
    let begin = std::time::Instant::now();
    let (mut put_count, mut got) = (0_u64, 0);
    const JOBS: u64 = 200_000;
    while got < JOBS {
        while put_count < JOBS
            && let Ok(mut buffer) = executor.acquire()
        {
            buffer.input_mut()[..2].copy_from_slice(&[ADD, put_count as u8]);
            buffer.set_input(2);
            executor.put(buffer).expect("room");
            put_count += 1;
        }
        let result = poll(&executor);
        assert_eq!(result.outcome, Outcome::Done);
        got += 1;
    }
    let rate = JOBS as f64 / begin.elapsed().as_secs_f64();
    eprintln!("  {rate:.0} jobs a second");
    end(executor);
}

fn many_in_one_call() {
    let executor = start(&Config { results: 16, queue_per_worker: 4, ..config(2) });
    let (mut list, mut results, mut sums) = (Vec::new(), Vec::new(), Vec::new());
    let mut next = 0;
    while sums.len() < 200 {
        while next < 200
            && let Ok(mut buffer) = executor.acquire()
        {
            buffer.input_mut()[..2].copy_from_slice(&[ADD, next]);
            buffer.set_input(2);
            list.push(buffer);
            next += 1;
        }
        executor.put_many_wait(&mut list, PATIENCE).expect("room");
        executor.poll_many_wait(8, &mut results, PATIENCE).expect("results");
        for result in results.drain(..) {
            assert_eq!(result.outcome, Outcome::Done);
            sums.push(result.buffer.as_ref().unwrap().output()[0]);
        }
    }
    sums.sort_unstable();
    assert!(sums.into_iter().eq(0..200));
    end(executor);
}

/// A host that sleeps until the descriptor is readable, and then polls all there is; in the end it
/// is told that no worker is left.
fn a_host_sleeps_on_the_descriptor() {
    let config = Config { results: 16, queue_per_worker: 16, max_restarts: 0, ..config(2) };
    let executor = start(&config);
    let fd = executor.event_fd().expect("a descriptor");
    let sleep = || {
        let mut place = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one descriptor is given, as is said.
        let count = unsafe { libc::poll(&mut place, 1, PATIENCE.as_millis() as i32) };
        assert_eq!(count, 1, "not woken\n{}", executor.report());
    };
    let (mut next, mut done) = (0_u64, 0);
    while done < 2_000 {
        while next < 2_000
            && let Ok(mut buffer) = executor.acquire()
        {
            buffer.input_mut()[..2].copy_from_slice(&[ADD, next as u8]);
            buffer.set_input(2);
            executor.put(buffer).expect("room");
            next += 1;
        }
        sleep();
        while let Ok(result) = executor.poll() {
            assert_eq!(result.outcome, Outcome::Done);
            done += 1;
        }
    }
    check_accounts(&executor);
    let mut crashed = 0;
    for _ in 0..2 {
        put(&executor, DIE, 0);
        while crashed < 2 {
            sleep();
            match executor.poll() {
                Ok(result) => {
                    assert_eq!(result.outcome, Outcome::Crashed);
                    crashed += 1;
                    break;
                }
                Err(status) => assert_eq!(status, Status::Empty),
            }
        }
    }
    let end = loop {
        sleep();
        match executor.poll() {
            Err(Status::Empty) => {}
            answer => break answer.map(|result| result.id),
        }
    };
    assert_eq!(end, Err(Status::NoWorkers));
    self::end(executor);
}

fn what_cannot_be_started_is_an_error() {
    let failed = |command: &[&str]| {
        let command = WorkerCommand::new(command.iter().copied());
        BatchExecutor::start_processes(&config(1), &command, log, PATIENCE).err().expect("no")
    };
    for (command, says) in [
        (&["no-such-program"][..], "no-such-program"),
        (&["/proc/self/mem"], "could not be started"),
        (&["sh", "-c", "exit 5"], "exit code 5"),
    ] {
        let error = failed(command);
        assert_eq!(error.status(), Status::WorkerStart, "{error}");
        assert!(error.text().contains(says), "{error}");
    }
}

fn main() -> ExitCode {
    if is_worker() {
        return match serve_worker(transform) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        };
    }
    macro_rules! run {
        ($($test:ident),* $(,)?) => { $(eprintln!("{}", stringify!($test)); $test();)* };
    }
    run!(
        batches_are_transformed_elsewhere,
        a_death_is_an_outcome_and_the_worker_comes_back,
        failures_and_panics_come_back_with_their_text,
        a_failure_is_tried_again_and_a_killer_ends,
        a_chain_of_processes,
        a_reset_is_seen_by_what_runs,
        a_close_kills_what_does_not_end,
        many_short_jobs,
        many_in_one_call,
        a_host_sleeps_on_the_descriptor,
        what_cannot_be_started_is_an_error,
    );
    ExitCode::SUCCESS
}

//! Several jobs in one call: the list keeps exactly what was not accepted, ids follow each other,
//! and every job has one outcome, whatever else goes on.

mod crowd;
mod ledger;
mod random;
mod support;

use crowd::Crowd;
use jobexec::{Batch, BatchExecutor, Buffer, Config, JobContext, JobResult, Status};
use random::Random;
use std::time::Duration;
use support::{Answer, Counted, Drops, PATIENCE, config, held, start, until};

fn boxes<T>(payloads: impl Iterator<Item = T>) -> Vec<Box<T>> {
    payloads.map(Box::new).collect()
}

#[test]
fn the_list_keeps_what_was_not_accepted() {
    let (executor, door) = held(&Config { results: 5, queue_per_worker: 5, ..config(1) });
    let mut list = boxes(0..8_u64);
    assert_eq!(executor.put_many(&mut list), Ok(0..5));
    assert_eq!(list, boxes(5..8));
    assert_eq!(executor.put_many(&mut list), Err(Status::Full));
    assert_eq!(executor.put_many_wait(&mut list, Duration::ZERO), Err(Status::Timeout));
    assert_eq!(list, boxes(5..8));
    let mut results = Vec::new();
    assert_eq!(executor.poll_many(9, &mut results).unwrap_err(), Status::Empty);
    door.open();
    until(|| executor.stats().ready == 5);
    assert_eq!(executor.poll_many(2, &mut results), Ok(2));
    assert_eq!(executor.put_many_wait(&mut list, PATIENCE), Ok(5..7));
    assert_eq!(list, boxes(7..8));
    executor.finish().unwrap();
    assert_eq!(executor.put_many(&mut list), Err(Status::Finished));
    let end = loop {
        match executor.poll_many_wait(3, &mut results, PATIENCE) {
            Ok(count) => assert!((1..=3).contains(&count)),
            Err(status) => break status,
        }
    };
    assert_eq!(end, Status::End);
    let number = |result: &JobResult<u64>| (**result.payload.as_ref().unwrap(), result.id);
    let numbers: Vec<_> = results.iter().map(number).collect();
    assert_eq!(numbers, Vec::from_iter((0..7).map(|n| (n, n))));
    assert_eq!(executor.reset(), Ok(1));
    assert_eq!(executor.put_many(&mut list), Ok(1 << 36..(1 << 36) + 1));
    assert!(list.is_empty());
}

#[test]
fn none_is_no_error_unless_nothing_can_be_put() {
    let executor = start(&config(1), |_: &mut u64, _: &JobContext<'_>| -> Answer { Ok(()) });
    let mut results = Vec::new();
    assert!(executor.put_many(&mut Vec::new()).unwrap().is_empty());
    assert!(executor.put_many_wait(&mut Vec::new(), PATIENCE).unwrap().is_empty());
    assert_eq!(executor.poll_many(0, &mut results), Ok(0));
    assert_eq!(executor.poll_many_wait(0, &mut results, PATIENCE), Ok(0));
    executor.close(PATIENCE).unwrap();
    assert_eq!(executor.put_many(&mut Vec::new()), Err(Status::Closed));
    assert_eq!(executor.poll_many(0, &mut results), Err(Status::Closed));
    assert!(results.is_empty() && executor.stats().accepted == 0);
}

#[test]
fn each_payload_is_dropped_once() {
    for workers in [0, 1] {
        let drops = Drops::default();
        let executor = start(
            &Config { results: 6, queue_per_worker: 6, ..config(workers) },
            |_: &mut Counted, _: &JobContext<'_>| -> Answer { Ok(()) },
        );
        let mut list = boxes((0..10).map(|_| drops.one()));
        assert_eq!(executor.put_many(&mut list), Ok(0..6));
        until(|| executor.stats().ready == 6);
        let mut results = Vec::new();
        assert_eq!(executor.poll_many(2, &mut results), Ok(2));
        assert_eq!(executor.put_many(&mut list), Ok(6..8));
        assert_eq!((list.len(), results.len(), drops.count()), (2, 2, 0));
        drop(results);
        assert_eq!(drops.count(), 2);
        executor.reset().unwrap();
        executor.close(PATIENCE).unwrap();
        assert_eq!(drops.count(), 8);
        drop(list);
        assert_eq!(drops.count(), 10);
    }
}

fn batches(results: usize) -> BatchExecutor {
    let config = Config { results, queue_per_worker: results, input_bytes: 8, ..config(1) };
    let copy = |batch: &mut Batch<'_>, _: &JobContext<'_>| -> Answer {
        batch.header_mut()[0] = batch.input()[0] + 100;
        Ok(())
    };
    BatchExecutor::start(&config, copy, PATIENCE).unwrap()
}

fn buffers(executor: &BatchExecutor, numbers: std::ops::Range<u8>) -> Vec<Buffer> {
    let buffer = |number| {
        let mut buffer = executor.acquire().unwrap();
        buffer.input_mut()[0] = number;
        buffer
    };
    numbers.map(buffer).collect()
}

#[test]
fn a_buffer_of_another_executor_ends_the_row() {
    let (executor, other) = (batches(6), batches(1));
    let mut list = buffers(&executor, 0..3);
    list.extend(buffers(&other, 9..10));
    list.extend(buffers(&executor, 3..6));
    assert_eq!(executor.put_many(&mut list), Ok(0..3));
    assert_eq!(list.len(), 4);
    assert_eq!(executor.put_many(&mut list), Err(Status::NotHeld));
    assert_eq!(executor.put_many_wait(&mut list, PATIENCE), Err(Status::NotHeld));
    assert_eq!(list.len(), 4);
    list.remove(0);
    assert_eq!(executor.put_many_wait(&mut list, PATIENCE), Ok(3..6));
    assert!(list.is_empty() && executor.acquire().is_err());
    let mut results = Vec::new();
    while results.len() < 6 {
        executor.poll_many_wait(4, &mut results, PATIENCE).unwrap();
    }
    for (number, result) in (0..).zip(&results) {
        assert_eq!(result.id, u64::from(number));
        assert_eq!(
            (
                result.buffer.as_ref().unwrap().input()[0],
                result.buffer.as_ref().unwrap().header()[0]
            ),
            (number, number + 100)
        );
    }
    drop(results);
    assert_eq!(buffers(&executor, 0..6).len(), 6);
    executor.close(PATIENCE).unwrap();
    assert_eq!(executor.poll_many(1, &mut Vec::new()).unwrap_err(), Status::Closed);
}

/// In a third of the rounds there are no resets, in half of them a close comes in the middle.
#[test]
fn every_job_has_one_outcome_whatever_goes_on() {
    for seed in 0..24 {
        let mut random = Random::new(seed);
        let config = Config {
            results: random.pick(&[1, 2, 7, 64]),
            queue_per_worker: random.pick(&[1, 2, 64]),
            timing: random.one_in(2),
            spin_ns: random.pick(&[0, Config::default().spin_ns]),
            ..config(random.pick(&[0, 1, 2, 3]))
        };
        Crowd::new(&config, random.pick(&[0, 50, 500]), random.one_in(2)).run(seed);
    }
}

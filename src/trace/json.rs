//! The trace as Perfetto and Chrome read it: the Trace Event Format, in JSON. A row for each
//! worker, with a slice for each run; and what waited for a worker, or for a poll, as slices that
//! may lie above each other.

use super::Record;
use crate::credits::Outcome;
use crate::job::Id;
use std::collections::BTreeSet;
use std::fmt::{Result, Write};

const WORKERS: u32 = 1;
const QUEUED: u32 = 2;
const READY: u32 = 3;

/// The trace of these runs, of so many stages; `stage_of` says which one a worker serves.
pub(crate) fn json(
    mut records: Vec<Record>,
    stages: usize,
    stage_of: impl Fn(usize) -> usize,
) -> String {
    records.sort_unstable_by_key(|record| (record.created, record.id.0));
    let mut text = String::from("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[");
    // Writing to a String cannot fail.
    let _ = write_all(&mut text, &records, stages, &stage_of);
    text.push_str("]}");
    text
}

fn write_all(
    text: &mut String,
    records: &[Record],
    stages: usize,
    stage_of: &impl Fn(usize) -> usize,
) -> Result {
    for (process, name) in [(WORKERS, "workers"), (QUEUED, "queued"), (READY, "ready")] {
        let comma = if process == WORKERS { "" } else { ",\n" };
        write!(
            text,
            "{comma}{{\"ph\":\"M\",\"pid\":{process},\"tid\":0,\"name\":\"process_name\",\
             \"args\":{{\"name\":\"{name}\"}}}}"
        )?;
    }
    let workers: BTreeSet<u16> = records.iter().map(|record| record.tag.worker()).collect();
    for worker in workers {
        write!(
            text,
            ",\n{{\"ph\":\"M\",\"pid\":{WORKERS},\"tid\":{},\"name\":\"thread_name\",\
             \"args\":{{\"name\":\"worker {worker}\"}}}}",
            worker + 1
        )?;
    }
    records.iter().try_for_each(|record| {
        let stage = stage_of(record.tag.worker().into());
        write_run(text, record, stage)?;
        if stage == 0 {
            write_wait(text, QUEUED, "queued", record.id, [record.created, record.started])?;
        }
        if stage + 1 == stages || record.tag.outcome() != Outcome::Done {
            write_wait(text, READY, "ready", record.id, [record.finished, record.polled])?;
        }
        Ok(())
    })
}

fn write_run(text: &mut String, record: &Record, stage: usize) -> Result {
    let Record { id, tag, started, finished, .. } = *record;
    let (number, session) = (id.number(), id.session());
    write!(
        text,
        ",\n{{\"ph\":\"X\",\"pid\":{WORKERS},\"tid\":{},\"ts\":{},\"dur\":{},\
         \"name\":\"job {number}\",\"args\":{{\"id\":{},\"session\":{session},\"number\":{number},\
         \"stage\":{stage},\"outcome\":\"{}\",\"attempts\":{}}}}}",
        tag.worker() + 1,
        us(started),
        us(finished - started),
        id.0,
        name_of(tag.outcome()),
        tag.attempts()
    )
}

fn write_wait(text: &mut String, process: u32, name: &str, id: Id, times: [u64; 2]) -> Result {
    for (phase, at) in ["b", "e"].into_iter().zip(times) {
        write!(
            text,
            ",\n{{\"ph\":\"{phase}\",\"cat\":\"{name}\",\"pid\":{process},\"tid\":1,\
             \"id\":\"{}\",\"ts\":{},\"name\":\"job {}\"}}",
            id.0,
            us(at),
            id.number()
        )?;
    }
    Ok(())
}

/// Microseconds, to the nanosecond.
fn us(ns: u64) -> String {
    format!("{}.{:03}", ns / 1000, ns % 1000)
}

fn name_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Failed => "failed",
        Outcome::Panicked => "panicked",
        Outcome::Crashed => "crashed",
        Outcome::TimedOut => "timed out",
        Outcome::Cancelled => "cancelled",
        Outcome::Discarded => "discarded",
    }
}

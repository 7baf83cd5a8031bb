//! Worker processes' lanes under loom: a thread plays the process. Each job has one outcome,
//! whoever wants it, and no job waits while somebody sleeps who could run it.

use super::*;
use crate::arena::{Allocate, Arena, Layout, Source};
use crate::config::{Capacity, Pages};
use crate::engine::Parts;
use crate::engine::model::parts;
use crate::link::{Claim, Link, Terms, Verdict};
use crate::run::{JobContext, LogLevel, Run};
use crate::sync::Ordering;
use loom::sync::Arc;
use loom::thread;
use std::ffi::c_void;

struct Quiet;

impl Run for Quiet {
    fn enter(&self, _: usize) -> Result<(), String> {
        Ok(())
    }
    fn run(&self, _: &mut JobContext<'_>) -> crate::credits::Outcome {
        unreachable!("jobs run elsewhere")
    }
    fn exit(&self, _: usize) {}
    fn discard(&self, _: *mut c_void) {}
    fn retire(&self) {}
    fn log(&self, _: LogLevel, _: &str) {}
}

/// Memory that stays for ever, one for all models: nothing in it is looked at.
struct Heap;

// SAFETY: the memory is as large and as aligned as asked, and never another's while one model
// runs.
unsafe impl Allocate for Heap {
    fn allocate(&self, bytes: usize, alignment: usize) -> *mut u8 {
        let layout = std::alloc::Layout::from_size_align(bytes, alignment).unwrap();
        // SAFETY: the layout is not empty.
        unsafe { std::alloc::alloc_zeroed(layout) }
    }

    unsafe fn deallocate(&self, base: *mut u8, bytes: usize) {
        let layout = std::alloc::Layout::from_size_align(bytes, 4096).unwrap();
        // SAFETY: the caller's promise.
        unsafe { std::alloc::dealloc(base, layout) };
    }
}

/// An engine with so many lanes, whose links are ready.
fn engine(workers: usize) -> Arc<Engine> {
    let layout = Layout::new(2, 1, 1).unwrap();
    let arena =
        Arena::new(layout, Pages::Normal, false, Source::Lent(Box::new(Heap)), Deadline::NEVER)
            .unwrap();
    let lanes: std::sync::Arc<[Lane]> = (0..workers).map(|_| Lane::new(Link::new())).collect();
    lanes.iter().for_each(|lane| lane.link.prepare(Terms::default()));
    let arena = Some(std::sync::Arc::new(arena));
    let parts = parts(workers, Capacity { queued: 2, in_flight: 2 });
    Arc::new(Engine::new(Parts { run: Box::new(Quiet), arena, lanes, ..parts }))
}

fn put(engine: &Engine) {
    let buffer = engine.acquire().unwrap();
    engine.put(buffer.input.cast()).unwrap();
}

fn shift(engine: &Engine, worker: usize) -> Shift<'_> {
    let lane = &engine.lanes[worker];
    let (head, tail, run_ns, now, ended) = (0, 0, 1, 0, 0);
    Shift { worker, stage: 0, lane, head, tail, run_ns, now, ended, expelled: false, worked: false }
}

/// Puts a job and hands it over.
fn hand_over(engine: &Engine, shift: &mut Shift<'_>) {
    put(engine);
    let job = engine.next_job(0).unwrap();
    engine.lend(shift, job);
}

/// The process: runs what it finds at these positions, without waiting.
fn work(engine: &Engine, worker: usize, positions: std::ops::Range<u64>) {
    let link = &engine.lanes[worker].link;
    for position in positions {
        if let Claim::Job(..) = link.claim(position) {
            let outcome = crate::credits::Outcome::Done;
            link.finish(position, &Verdict { outcome, started: 0, finished: 0, text: Text::EMPTY });
        }
    }
}

/// Polls what is there; every job has an outcome then, and every buffer is free again.
fn check(engine: &Engine) {
    while engine.poll(|from| engine.release(from.payload)).is_ok() {}
    let (accepted, outcomes) = engine.credits.counts();
    assert_eq!(accepted, outcomes.iter().sum::<u64>(), "outcomes: {outcomes:?}");
    let arena = engine.arena.as_ref().unwrap();
    assert!(arena.acquire().is_some() && arena.acquire().is_some(), "a buffer is lost");
}

fn model(preemptions: usize, body: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 50_000;
    builder.check(body);
}

/// The process claims a job while another worker steals it and its own thread looks.
#[test]
fn models_pump_a_job_is_run_or_stolen() {
    model(2, || {
        let engine = engine(2);
        let mut mine = shift(&engine, 0);
        hand_over(&engine, &mut mine);
        hand_over(&engine, &mut mine);
        let process = engine.clone();
        let process = thread::spawn(move || work(&process, 0, 0..2));
        let thief = engine.clone();
        let thief = thread::spawn(move || {
            let stolen = thief.steal(1);
            let found = stolen.is_some();
            if let Some(job) = stolen {
                thief.discard(job.payload);
            }
            found
        });
        engine.collect(&mut mine);
        let stolen = thief.join().unwrap();
        process.join().unwrap();
        engine.collect(&mut mine);
        let mut given_up = u64::from(stolen);
        while let Some(job) = engine.next_job(0) {
            engine.discard(job.payload); // Withdrawn, and found by its thread before the thief.
            given_up += 1;
        }
        work(&engine, 0, 1..2); // The process may have stopped at what was there before.
        engine.collect(&mut mine);
        assert!(mine.is_empty(), "a job is left");
        assert_eq!(engine.credits.counts().1[6], given_up, "a job was discarded unasked");
        check(&engine);
    });
}

/// Whoever lies down while a job is handed over behind another finds it.
#[test]
fn models_pump_no_job_waits_behind_another_while_somebody_sleeps() {
    model(2, || {
        let engine = engine(2);
        let idle = engine.clone();
        let idle = thread::spawn(move || match idle.wait_for_errand(1) {
            Errand::Job(job) => idle.discard(job.payload),
            _ => panic!("nothing else is to be found"),
        });
        let mut mine = shift(&engine, 0);
        put(&engine);
        if let Some(job) = engine.next_job(0) {
            engine.lend(&mut mine, job);
            put(&engine);
            if let Some(job) = engine.next_job(0) {
                engine.lend(&mut mine, job);
            }
        }
        idle.join().unwrap();
        engine.lanes[0].die();
        engine.bury_all(&mut mine);
        while let Some(job) = engine.next_job(0) {
            engine.discard(job.payload);
        }
        check(&engine);
    });
}

/// A job that comes back from a dead worker wakes who sleeps.
#[test]
fn models_pump_what_comes_back_is_found() {
    model(2, || {
        let engine = engine(2);
        let mut mine = shift(&engine, 0);
        hand_over(&engine, &mut mine);
        let idle = engine.clone();
        let idle = thread::spawn(move || match idle.wait_for_errand(1) {
            Errand::Job(job) => idle.discard(job.payload),
            _ => panic!("nothing else is to be found"),
        });
        engine.lanes[0].die();
        engine.bury_all(&mut mine);
        idle.join().unwrap();
        check(&engine);
    });
}

/// A reset while a job is handed over: it is taken back by one of the two, or runs.
#[test]
fn models_pump_a_reset_finds_what_is_handed_over() {
    model(2, || {
        let engine = engine(1);
        put(&engine);
        let resetter = engine.clone();
        let resetter = thread::spawn(move || resetter.reset().unwrap());
        let mut mine = shift(&engine, 0);
        if let Some(job) = engine.next_job(0) {
            engine.lend(&mut mine, job);
        }
        resetter.join().unwrap();
        engine.collect(&mut mine);
        assert!(mine.is_empty(), "a stale job is left to run");
        check(&engine);
    });
}

/// Whoever takes a job back tells the lane's thread, which waits for the process.
#[test]
fn models_pump_a_withdrawal_is_told() {
    model(3, || {
        let engine = engine(1);
        let mut mine = shift(&engine, 0);
        hand_over(&engine, &mut mine);
        let resetter = engine.clone();
        let resetter = thread::spawn(move || resetter.reset().unwrap());
        while !mine.is_empty() {
            engine.wait_for_news(&mine);
            engine.collect(&mut mine);
        }
        resetter.join().unwrap();
        check(&engine);
    });
}

/// A worker dies while another steals from it.
#[test]
fn models_pump_a_death_leaves_each_job_to_one() {
    model(2, || {
        let engine = engine(2);
        let mut mine = shift(&engine, 0);
        hand_over(&engine, &mut mine);
        hand_over(&engine, &mut mine);
        let thief = engine.clone();
        let thief = thread::spawn(move || {
            if let Some(job) = thief.steal(1) {
                thief.discard(job.payload);
            }
        });
        engine.lanes[0].die();
        engine.bury_all(&mut mine);
        thief.join().unwrap();
        while let Some(job) = engine.next_job(0) {
            engine.discard(job.payload);
        }
        check(&engine);
    });
}

/// A job is cancelled while it is handed over: its process is told, or finds it gone.
#[test]
fn models_pump_a_cancel_meets_the_handing_over() {
    model(2, || {
        let engine = engine(1);
        put(&engine);
        let other = engine.clone();
        let other = thread::spawn(move || other.cancel(crate::job::Id(0)).unwrap());
        let mut mine = shift(&engine, 0);
        let job = engine.next_job(0).unwrap();
        engine.lend(&mut mine, job);
        other.join().unwrap();
        if let Claim::Job(..) = engine.lanes[0].link.claim(0) {
            let (word, number) = engine.lanes[0].link.told_word(0);
            assert!(word.load(Ordering::Relaxed) >= number, "the process is not told");
            let verdict = Verdict {
                outcome: crate::credits::Outcome::Done,
                started: 0,
                finished: 0,
                text: Text::EMPTY,
            };
            engine.lanes[0].link.finish(0, &verdict);
        }
        engine.collect(&mut mine);
        if let Some(job) = engine.next_job(0) {
            engine.lend(&mut mine, job); // It was taken back.
        }
        check(&engine);
        let outcomes = engine.credits.counts().1;
        assert_eq!(outcomes[crate::credits::Outcome::Cancelled as usize], 1);
    });
}

//! The one step in which kinds of workers differ: running a job. And what a transform is told.

use crate::arena::View;
use crate::clock::Deadline;
use crate::credits::Outcome;
use crate::job::{Id, Job};
use crate::record::Text;
use crate::signals::Phase;
use crate::sync::{AtomicU64, Ordering};
use std::ffi::c_void;

/// How serious a line for the log callback is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum LogLevel {
    /// Something was done that people may want to know of.
    Info = 0,
    /// The executor goes on, with less than it was asked for.
    Warning = 1,
    /// Something was lost: a worker, its job.
    Error = 2,
}

/// The user's side of an executor. Called from workers and, for `discard` and `log`, from
/// whichever thread comes to it. Nothing here may unwind but `run`, by a thread's forced end.
pub(crate) trait Run: Send + Sync {
    /// A worker begins, on its own thread; a process, too, that takes another's place. An error
    /// ends the start of the executor.
    fn enter(&self, worker: usize) -> Result<(), String>;
    /// Transforms one job. What it says of a failure goes into the context's text.
    fn run(&self, job: &mut JobContext<'_>) -> Outcome;
    /// A worker ends, on its own thread.
    fn exit(&self, worker: usize);
    /// A payload that nobody will get.
    fn discard(&self, payload: *mut c_void);
    /// Why a worker process is gone; takes note that it is.
    fn cause_of_death(&self, _worker: usize, _text: &mut Text) {}
    /// What there is to say of a worker in the report, with a comma behind.
    fn describe(&self, _worker: usize) -> String {
        String::new()
    }
    /// Ends a worker process that broke the rules, if `still` says so in the end: while it is
    /// asked, no process dies unseen or takes another's place.
    fn expel(&self, _worker: usize, _why: &'static str, _still: &dyn Fn() -> bool) {}
    /// Ends all worker processes: the deadline of a close has passed.
    fn kill_all(&self) {}
    /// Waits for the end of threads of its own, once there are no workers any more. False if the
    /// deadline passed first; then it may be called again. By one caller at a time.
    fn settle(&self, _deadline: Deadline) -> bool {
        true
    }
    /// No callback comes after this one. May be called more than once.
    fn retire(&self);
    /// A line for people.
    fn log(&self, level: LogLevel, line: &str);
}

/// The job that a transform is at. Lives for the call, on the worker's stack.
pub struct JobContext<'a> {
    pub(crate) payload: *mut c_void,
    pub(crate) text: &'a mut Text,
    /// The buffer that the payload is, if it is one.
    pub(crate) buffer: Option<View>,
    /// The word of [`crate::signals`], or the copy of it that a worker process sees.
    phase: &'a AtomicU64,
    /// A word that is at least as high as the number once somebody told this job that it is not
    /// wanted: on its desk, or in its slot of a link.
    told: (&'a AtomicU64, u64),
    id: Id,
    tries: u64,
    /// The worker below, the stage above.
    place: u64,
    seed: u64,
}

impl<'a> JobContext<'a> {
    pub(crate) fn new(
        job: &Job,
        (worker, stage): (usize, usize),
        seed: u64,
        phase: &'a AtomicU64,
        told: (&'a AtomicU64, u64),
        buffer: Option<View>,
        text: &'a mut Text,
    ) -> JobContext<'a> {
        let place = worker as u64 | (stage as u64) << 32;
        JobContext {
            payload: job.payload,
            text,
            buffer,
            phase,
            told,
            id: job.id,
            tries: job.tries,
            place,
            seed,
        }
    }

    /// The number that `put` answered for this job.
    pub fn id(&self) -> u64 {
        self.id.0
    }

    /// The session the job was put in.
    pub fn session(&self) -> u32 {
        self.id.session()
    }

    /// How many jobs were accepted before it in its session, modulo 2^36.
    pub fn number(&self) -> u64 {
        self.id.number()
    }

    /// Which worker runs it, from 0.
    pub fn worker(&self) -> usize {
        self.place as u32 as usize
    }

    /// Which stage of a chain it is run for, from 0, see [`crate::Config::stages`].
    pub fn stage(&self) -> usize {
        (self.place >> 32) as usize
    }

    /// Which try of the job this is, from 1, see [`crate::Config::retries`].
    pub fn attempt(&self) -> u32 {
        self.tries as u32 + 1
    }

    /// A seed for this job: mixed from the executor's seed, the session and the job's number, and
    /// so the same whichever worker runs it.
    pub fn seed(&self) -> u64 {
        mix(mix(mix(self.seed) ^ u64::from(self.session())) ^ self.number())
    }

    /// Whether the result is no longer wanted: the job was cancelled, the session was reset, the
    /// executor aborted or closed. A long transform looks now and then and returns early; two
    /// loads of lines that hardly anybody writes.
    pub fn cancelled(&self) -> bool {
        let (told, number) = self.told;
        Phase(self.phase.load(Ordering::Acquire)).outdates(self.session())
            || told.load(Ordering::Acquire) >= number
    }
}

/// The finalizer of splitmix64 (Steele, Lea, Flood 2014), after its increment.
fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

//! Small jobs for worker processes: one at a time while everybody sleeps, many in flight, workers
//! in Python, and how soon a worker that died is back. This program is its own worker.
//!
//! A job's input and output are 1 KiB, in place: the host writes a number there and the worker
//! copies it to the output, and computes for as long as a second number says. Through a pipe the
//! whole KiB travels.
//!
//! A job goes through four hops (the host wakes the worker's thread, that the process, and the
//! same back), where the floor has two: this program's partner, woken by a futex in shared memory.

#[path = "../compare/workloads/alone.rs"]
mod alone;
mod computing;
mod lives;
mod ours;
#[path = "../partners/mod.rs"]
mod partners;
#[path = "../peers/mod.rs"]
mod peers;
mod round_trips;
#[path = "../rounds/mod.rs"]
mod rounds;
mod streams;
#[path = "../tasks/mod.rs"]
mod tasks;

use jobexec::{Batch, Failure, JobContext, is_worker, serve_worker};
use partners::Script;
use peers::{Cpus, now_ns, work};
use std::cell::RefCell;

const BYTES: usize = 1024;
/// A number that tells the worker to die.
const DIE: u64 = u64::MAX;
/// Of a pool that takes so much longer, one job of so many is enough.
const PART: u64 = 10;

fn transform(batch: &mut Batch<'_>, _: &JobContext<'_>) -> Result<(), Failure> {
    let (input, output) = batch.split();
    output[..8].copy_from_slice(&input[..8]);
    if input[..8] == DIE.to_le_bytes() {
        // When it died. Nobody says how long the output is, so it is read through the header.
        batch.header_mut()[..8].copy_from_slice(&now_ns().to_le_bytes());
        // SAFETY: the call takes a number.
        unsafe { libc::raise(libc::SIGKILL) };
    }
    let work_ns = u64::from_le_bytes(*batch.input()[8..].first_chunk().unwrap());
    if work_ns > 0 {
        work(work_ns);
    }
    batch.set_output(BYTES);
    Ok(())
}

fn main() {
    if is_worker() {
        return serve_worker(transform).unwrap();
    }
    if partners::serve(|answer, _| answer.iter_mut().take(8).for_each(|byte| *byte = 1)) {
        return;
    }
    let cpus = Cpus::read();
    let script = Script::start(cpus.host(), &[cpus.worker(0), cpus.worker(1)]);
    let mut script = RefCell::new(script);
    let parts: [(_, Part); 5] = [
        ("round_trips", round_trips::run),
        ("streams", streams::one_worker),
        ("two_workers", streams::two_workers),
        ("computing", computing::run),
        ("lives", lives::run),
    ];
    for (_, part) in parts.into_iter().filter(|(name, _)| rounds::is_chosen(name)) {
        let script = &mut script;
        // On a thread of its own, for executors are started by one that may run anywhere.
        std::thread::scope(|scope| scope.spawn(|| part(&cpus, script)).join().unwrap());
    }
}

type Part = fn(&Cpus, &mut RefCell<Option<Script>>);

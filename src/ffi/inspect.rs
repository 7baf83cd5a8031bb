//! Numbers and the report, for C.

use super::error::answer;
use super::handle::{get, jobexec_executor};
use super::sized;
use super::status::jobexec_status;
use crate::stats::Stats;

/// Counts since the start. Always accepted = done + failed + panicked + crashed + timed_out +
/// cancelled + discarded + outstanding; when nothing moves, outstanding = queued + running +
/// ready. Set size to sizeof(jobexec_counters) before the call.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct jobexec_counters {
    /// sizeof(jobexec_counters), as the program was compiled.
    pub size: u64,
    /// Jobs that a put accepted.
    pub accepted: u64,
    /// Results delivered of jobs that succeeded.
    pub done: u64,
    /// Results delivered of jobs that failed.
    pub failed: u64,
    /// Results delivered of jobs that panicked.
    pub panicked: u64,
    /// Results delivered of jobs whose worker died.
    pub crashed: u64,
    /// Not in use yet.
    pub timed_out: u64,
    /// Not in use yet.
    pub cancelled: u64,
    /// Jobs whose payload went to the discard callback.
    pub discarded: u64,
    /// Jobs accepted that have no outcome yet.
    pub outstanding: u64,
    /// Of these, how many wait for a worker.
    pub queued: u64,
    /// How many a worker has at hand.
    pub running: u64,
    /// How many results wait for a poll.
    pub ready: u64,
    /// The most that were outstanding at once.
    pub most_outstanding: u64,
    /// The most seen waiting for a worker: looked at with each of a session's first 256 jobs, and
    /// then with every 64th.
    pub most_queued: u64,
    /// The most results seen waiting for a poll; looked at likewise.
    pub most_ready: u64,
    /// The session: config.first_session, and one more with each reset.
    pub session: u64,
    /// Workers that the executor was started with.
    pub workers: u64,
    /// Workers that died and were replaced.
    pub restarts: u64,
    /// How often a sleeping thread was woken.
    pub wakes: u64,
    /// How often a thread looked for news before it would sleep, and found some.
    pub looks_paid: u64,
    /// How often it looked in vain, and slept.
    pub looks_in_vain: u64,
    /// With config.ordered and timing: how many results were done before one that was put before
    /// them, and had to wait for it.
    pub held: u64,
    /// How long they had to, all together, in nanoseconds.
    pub held_ns: u64,
    /// How often the descriptor of jobexec_event_fd was made readable.
    pub event_fd_rings: u64,
    /// Jobs that run past their deadline at this moment.
    pub stalled: u64,
    /// Threads that were set aside and have not come back, see config.abandon_after_ns.
    pub abandoned: u64,
    /// Results that were there when a poll looked for one; each of a row counts.
    pub polls_found: u64,
    /// Polls that had to wait, whether they got a result or not.
    pub polls_waited: u64,
    /// Polls that do not wait and found nothing.
    pub polls_empty: u64,
    /// How long polls waited in all, in nanoseconds.
    pub poll_wait_ns: u64,
    /// How old the executor is, in nanoseconds. The share of the time that its workers were busy is
    /// busy_ns of age_ns * workers.
    pub age_ns: u64,
    /// How long jobs ran in all, in nanoseconds. This and the following are 0 where jobs are not
    /// timed.
    pub busy_ns: u64,
    /// How long the jobs of polled results waited for a worker, in nanoseconds: half of them no
    /// longer than that, at most an eighth too high. Of a part of them: the first 64 of a session,
    /// one in 16 to its 4,096th, one in 64 from then on, each weighed by the jobs that it stands
    /// for.
    pub queue_wait_p50_ns: u64,
    /// 99 of 100 no longer than that, likewise.
    pub queue_wait_p99_ns: u64,
    /// The longest of all.
    pub queue_wait_max_ns: u64,
    /// How long they ran, likewise.
    pub run_p50_ns: u64,
    /// See queue_wait_p99_ns.
    pub run_p99_ns: u64,
    /// See queue_wait_max_ns.
    pub run_max_ns: u64,
    /// How long their results lay until a poll took them, likewise.
    pub result_wait_p50_ns: u64,
    /// See queue_wait_p99_ns.
    pub result_wait_p99_ns: u64,
    /// See queue_wait_max_ns.
    pub result_wait_max_ns: u64,
    /// The most buffers that were not free at once; 0 where there are no batches.
    pub buffers_most: u64,
}

/// Reads the counters.
///
/// Threads: any. Ownership: nothing is kept. Blocks: never.
/// Answers: JOBEXEC_OK, JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_SIZE, JOBEXEC_ERROR_HANDLE.
///
/// # Safety
/// `exec` is NULL or a handle that is not freed meanwhile; `stats` is NULL or as large as its
/// size says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_stats(
    exec: *mut jobexec_executor,
    stats: *mut jobexec_counters,
) -> jobexec_status {
    answer(|| {
        // SAFETY: the caller's promise.
        let size = unsafe { sized::size(stats) }?;
        // SAFETY: the caller's promise.
        let counters = convert(&unsafe { get(exec) }?.stats());
        // SAFETY: the caller promises as many bytes as the size says.
        unsafe { sized::write(stats, size, &counters) };
        Ok(())
    })
}

fn convert(stats: &Stats) -> jobexec_counters {
    jobexec_counters {
        size: 0,
        accepted: stats.accepted,
        done: stats.done,
        failed: stats.failed,
        panicked: stats.panicked,
        crashed: stats.crashed,
        timed_out: stats.timed_out,
        cancelled: stats.cancelled,
        discarded: stats.discarded,
        outstanding: stats.outstanding,
        queued: stats.queued,
        running: stats.running,
        ready: stats.ready,
        most_outstanding: stats.most_outstanding,
        most_queued: stats.most_queued,
        most_ready: stats.most_ready,
        session: stats.session,
        workers: stats.workers,
        restarts: stats.restarts,
        wakes: stats.wakes,
        looks_paid: stats.looks_paid,
        looks_in_vain: stats.looks_in_vain,
        held: stats.held,
        held_ns: stats.held_ns,
        event_fd_rings: stats.event_fd_rings,
        stalled: stats.stalled,
        abandoned: stats.abandoned,
        polls_found: stats.polls_found,
        polls_waited: stats.polls_waited,
        polls_empty: stats.polls_empty,
        poll_wait_ns: stats.poll_wait_ns,
        age_ns: stats.age_ns,
        busy_ns: stats.busy_ns,
        queue_wait_p50_ns: stats.queue_wait_p50_ns,
        queue_wait_p99_ns: stats.queue_wait_p99_ns,
        queue_wait_max_ns: stats.queue_wait_max_ns,
        run_p50_ns: stats.run_p50_ns,
        run_p99_ns: stats.run_p99_ns,
        run_max_ns: stats.run_max_ns,
        result_wait_p50_ns: stats.result_wait_p50_ns,
        result_wait_p99_ns: stats.result_wait_p99_ns,
        result_wait_max_ns: stats.result_wait_max_ns,
        buffers_most: stats.buffers_most,
    }
}

/// How many jobs may be in flight in this executor, and how many may wait. Either output may be
/// NULL.
///
/// Threads: any. Blocks: never. Answers: JOBEXEC_OK, JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_HANDLE.
///
/// # Safety
/// `exec` is NULL or a handle that is not freed meanwhile; the outputs are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_capacity(
    exec: *mut jobexec_executor,
    in_flight: *mut u64,
    queued: *mut u64,
) -> jobexec_status {
    answer(|| {
        // SAFETY: the caller's promise.
        let capacity = unsafe { get(exec) }?.crew.engine.capacity;
        // SAFETY: the caller's promise.
        if let Some(place) = unsafe { in_flight.as_mut() } {
            *place = capacity.in_flight as u64;
        }
        // SAFETY: the caller's promise.
        if let Some(place) = unsafe { queued.as_mut() } {
            *place = capacity.queued as u64;
        }
        Ok(())
    })
}

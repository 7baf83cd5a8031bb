//! Numbers about an executor.

use crate::clock::now_ns;
use crate::crew::Crew;
use crate::event::Event;
use crate::lifecycle::Running;

/// Makes the structure, and a list of its numbers with their names.
macro_rules! numbers {
    ($($(#[$about:meta])* $name:ident,)*) => {
        /// Counts since the start. Each is exact when nothing moves; read while jobs move, they
        /// were true at slightly different instants.
        ///
        /// Always `accepted = done + failed + panicked + crashed + timed_out + cancelled +
        /// discarded + outstanding`, and when nothing moves `outstanding = queued + running +
        /// ready`.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Stats {
            $($(#[$about])* pub $name: u64,)*
        }

        impl Stats {
            /// All of them, by name.
            pub(crate) fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)*].into_iter()
            }
        }
    };
}

numbers! {
    /// Jobs that a put accepted.
    accepted,
    /// Results delivered of jobs that succeeded.
    done,
    /// Results delivered of jobs that said they failed.
    failed,
    /// Results delivered of jobs that panicked.
    panicked,
    /// Results delivered of jobs whose worker died.
    crashed,
    /// Jobs whose deadline passed (0: there are no deadlines a job yet).
    timed_out,
    /// Jobs cancelled by their id (0: there is no such call yet).
    cancelled,
    /// Jobs whose payload went to the discard callback.
    discarded,
    /// Jobs accepted that have no outcome yet.
    outstanding,
    /// Of these, how many wait for a worker.
    queued,
    /// How many a worker has at hand.
    running,
    /// How many results wait for a poll.
    ready,
    /// The most that were outstanding at once.
    most_outstanding,
    /// The most that were seen to wait for a worker: looked at with each of a session's first 256
    /// jobs, and then with every 64th.
    most_queued,
    /// The most results that were seen to wait for a poll; looked at likewise.
    most_ready,
    /// The session: `first_session`, and one more with each reset.
    session,
    /// Workers that the executor was started with.
    workers,
    /// Workers that died and were replaced.
    restarts,
    /// How often a sleeping thread or worker process was woken: workers, pollers and putters
    /// together.
    wakes,
    /// How often one of them looked for news before it would sleep, and found some.
    looks_paid,
    /// How often it looked in vain, and slept.
    looks_in_vain,
    /// Where results come in the order of put and jobs are timed: how many were done before one
    /// that was put before them, and had to wait for it.
    held,
    /// How long they had to, all together, in nanoseconds.
    held_ns,
    /// How often the descriptor of `event_fd` was made readable.
    event_fd_rings,
    /// Jobs that run past their deadline at this moment.
    stalled,
    /// Threads that were set aside and have not come back, see `Config::abandon_after_ns`.
    abandoned,
    /// Results that were there when a poll looked for one; each of a row counts.
    polls_found,
    /// Polls that had to wait, whether they got a result or not.
    polls_waited,
    /// Polls that do not wait and found nothing.
    polls_empty,
    /// How long polls waited in all, in nanoseconds.
    poll_wait_ns,
    /// How old the executor is, in nanoseconds. The share of the time that its workers were busy is
    /// `busy_ns` of `age_ns * workers`.
    age_ns,
    /// How long jobs ran in all, in nanoseconds. This and the following are 0 where jobs are not
    /// timed.
    busy_ns,
    /// How long the jobs of polled results waited for a worker, in nanoseconds: half of them no
    /// longer than that, at most an eighth too high. Of a part of them: the first 64 of a session,
    /// one in 16 to its 4,096th, one in 64 from then on, each weighed by the jobs that it stands
    /// for.
    queue_wait_p50_ns,
    /// 99 of 100 no longer than that, likewise.
    queue_wait_p99_ns,
    /// The longest of all.
    queue_wait_max_ns,
    /// How long they ran, likewise.
    run_p50_ns,
    /// See `queue_wait_p99_ns`.
    run_p99_ns,
    /// See `queue_wait_max_ns`.
    run_max_ns,
    /// How long their results lay until a poll took them, likewise.
    result_wait_p50_ns,
    /// See `queue_wait_p99_ns`.
    result_wait_p99_ns,
    /// See `queue_wait_max_ns`.
    result_wait_max_ns,
    /// The most buffers that were not free at once; 0 where there are no batches.
    buffers_most,
}

impl Stats {
    /// The share of results that were there when a poll looked for one, from 0 to 1: below 1 the
    /// host waits for data. 1 before the first poll.
    pub fn readiness(&self) -> f64 {
        let all = self.polls_found + self.polls_waited + self.polls_empty;
        if all == 0 { 1.0 } else { self.polls_found as f64 / all as f64 }
    }

    /// The share of the time that workers were busy, from 0 to 1. 0 where jobs are not timed.
    pub fn busy(&self) -> f64 {
        let whole = self.age_ns as f64 * self.workers.max(1) as f64;
        if whole > 0.0 { (self.busy_ns as f64 / whole).min(1.0) } else { 0.0 }
    }
}

impl Running {
    pub(crate) fn stats(&self) -> Stats {
        self.crew.stats()
    }
}

impl Crew {
    pub(crate) fn stats(&self) -> Stats {
        let (crew, engine) = (self, &self.engine);
        let signals = &engine.signals;
        let events = [&signals.work, &signals.ready, &signals.empty, &signals.room, &signals.spare];
        let looks = events.map(Event::looks);
        let (accepted, [done, failed, panicked, crashed, timed_out, cancelled, discarded]) =
            engine.credits.counts();
        let resolved = done + failed + panicked + crashed + timed_out + cancelled + discarded;
        let delivered = resolved - discarded;
        let polls = engine.tally.polls();
        let [queue_wait, run, result_wait] = engine.tally.spreads();
        let workers = 0..crew.cpus.len();
        let mark = |mark: &crate::sync::AtomicU64| mark.load(crate::sync::Ordering::Relaxed);
        Stats {
            accepted,
            done,
            failed,
            panicked,
            crashed,
            timed_out,
            cancelled,
            discarded,
            outstanding: accepted - resolved,
            queued: engine.queued(),
            running: engine.running(),
            ready: engine.results.len(),
            most_outstanding: engine.credits.most_in_flight(),
            most_queued: mark(&engine.marks.queued),
            most_ready: mark(&engine.marks.ready),
            session: u64::from(signals.phase().session()),
            workers: crew.cpus.len() as u64,
            restarts: crew.restarts(),
            wakes: events
                .map(Event::wakes)
                .into_iter()
                .chain((1..engine.stage_ends.len()).map(|stage| signals.work_of(stage).wakes()))
                .chain(engine.lanes.iter().map(|lane| lane.link.wakes()))
                .sum(),
            looks_paid: looks.iter().map(|(paid, _)| paid).sum(),
            looks_in_vain: looks.iter().map(|(_, vain)| vain).sum(),
            held: engine.results.held().0,
            held_ns: engine.results.held().1,
            event_fd_rings: signals.doorbell().rings(),
            stalled: engine.stalled(),
            abandoned: crew.aside(),
            polls_found: delivered.saturating_sub(polls.paid),
            polls_waited: polls.waited,
            polls_empty: polls.empty,
            poll_wait_ns: polls.wait_ns,
            age_ns: now_ns().saturating_sub(engine.born),
            busy_ns: engine.tally.inline_ns() + workers.map(|it| engine.busy_ns(it)).sum::<u64>(),
            queue_wait_p50_ns: queue_wait.p50,
            queue_wait_p99_ns: queue_wait.p99,
            queue_wait_max_ns: queue_wait.max,
            run_p50_ns: run.p50,
            run_p99_ns: run.p99,
            run_max_ns: run.max,
            result_wait_p50_ns: result_wait.p50,
            result_wait_p99_ns: result_wait.p99,
            result_wait_max_ns: result_wait.max,
            buffers_most: engine.arena.as_ref().map_or(0, |arena| arena.most_in_use()),
        }
    }
}

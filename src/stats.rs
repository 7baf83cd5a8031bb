//! Numbers about an executor, and the report for people.

use crate::clock::now_ns;
use crate::credits::Outcome;
use crate::crew::Crew;
use crate::desk::Desk;
use crate::event::Event;
use crate::lifecycle::Running;
use crate::run::LogLevel;
use std::fmt::Write;

/// Counts since the start. Each is exact when nothing moves; read while jobs move, they were
/// true at slightly different instants.
///
/// Always `accepted = done + failed + panicked + crashed + timed_out + cancelled + discarded +
/// outstanding`, and when nothing moves `outstanding = queued + running + ready`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Jobs that a put accepted.
    pub accepted: u64,
    /// Results delivered of jobs that succeeded.
    pub done: u64,
    /// Results delivered of jobs that said they failed.
    pub failed: u64,
    /// Results delivered of jobs that panicked.
    pub panicked: u64,
    /// Results delivered of jobs whose worker died.
    pub crashed: u64,
    /// Jobs whose deadline passed (0: there are no deadlines a job yet).
    pub timed_out: u64,
    /// Jobs cancelled by their id (0: there is no such call yet).
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
    /// The most that were seen to wait for a worker: looked at with each of a session's first 256
    /// jobs, and then with every 64th.
    pub most_queued: u64,
    /// The most results that were seen to wait for a poll; looked at likewise.
    pub most_ready: u64,
    /// The session: `first_session`, and one more with each reset.
    pub session: u64,
    /// Workers that the executor was started with.
    pub workers: u64,
    /// Workers that died and were replaced.
    pub restarts: u64,
    /// How often a sleeping thread or worker process was woken: workers, pollers and putters
    /// together.
    pub wakes: u64,
    /// How often one of them looked for news before it would sleep, and found some.
    pub looks_paid: u64,
    /// How often it looked in vain, and slept.
    pub looks_in_vain: u64,
    /// Where results come in the order of put and jobs are timed: how many were done before one
    /// that was put before them, and had to wait for it.
    pub held: u64,
    /// How long they had to, all together, in nanoseconds.
    pub held_ns: u64,
    /// How often the descriptor of `event_fd` was made readable.
    pub event_fd_rings: u64,
    /// Jobs that run past their deadline at this moment.
    pub stalled: u64,
    /// Threads that were set aside and have not come back, see `Config::abandon_after_ns`.
    pub abandoned: u64,
}

impl Running {
    pub(crate) fn stats(&self) -> Stats {
        self.crew.stats()
    }

    /// The job report.
    pub(crate) fn report(&self) -> String {
        self.crew.report()
    }
}

impl Crew {
    fn stats(&self) -> Stats {
        let (crew, engine) = (self, &self.engine);
        let signals = &engine.signals;
        let events = [&signals.work, &signals.ready, &signals.room, &signals.spare];
        let looks = events.map(Event::looks);
        let (accepted, [done, failed, panicked, crashed, timed_out, cancelled, discarded]) =
            engine.credits.counts();
        let resolved = done + failed + panicked + crashed + timed_out + cancelled + discarded;
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
                .chain(engine.lanes.iter().map(|lane| lane.link.wakes()))
                .sum(),
            looks_paid: looks.iter().map(|(paid, _)| paid).sum(),
            looks_in_vain: looks.iter().map(|(_, vain)| vain).sum(),
            held: engine.results.held().0,
            held_ns: engine.results.held().1,
            event_fd_rings: signals.doorbell().rings(),
            stalled: engine.stalled(),
            abandoned: crew.aside(),
        }
    }

    /// Gives the report to the log, for nobody got a result for so long.
    pub(crate) fn tell_of_a_stall(&self, ns: u64) {
        let line = format!(
            "a poller waits, and for {:.1} s nobody got a result\n{}",
            ns as f64 * 1e-9,
            self.report()
        );
        self.tell(LogLevel::Warning, &line);
    }

    fn report(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_report(&mut text);
        text
    }

    fn write_report(&self, text: &mut String) -> std::fmt::Result {
        let (crew, stats) = (self, self.stats());
        let engine = &crew.engine;
        let phase = engine.signals.phase();
        let state = match phase.refusal() {
            Ok(()) => "open".to_string(),
            Err(status) => status.to_string(),
        };
        writeln!(text, "jobexec: {state}, session {}, {} workers", stats.session, stats.workers)?;
        writeln!(text, "  cpus: {}", self.pinned_by)?;
        for worker in 0..crew.cpus.len() {
            writeln!(text, "  worker {worker}: {}", worker_line(crew, worker))?;
        }
        let capacity = engine.capacity;
        writeln!(
            text,
            "  queue: {} of {} waiting (at most {}), {} running, {} ready (at most {})",
            stats.queued,
            capacity.queued,
            stats.most_queued,
            stats.running,
            stats.ready,
            stats.most_ready
        )?;
        writeln!(
            text,
            "  in flight: {} of {} (at most {})",
            stats.outstanding, capacity.in_flight, stats.most_outstanding
        )?;
        writeln!(
            text,
            "  jobs: {} accepted = {} done + {} failed + {} panicked + {} crashed + {} timed out \
             + {} cancelled + {} discarded + {} outstanding",
            stats.accepted,
            stats.done,
            stats.failed,
            stats.panicked,
            stats.crashed,
            stats.timed_out,
            stats.cancelled,
            stats.discarded,
            stats.outstanding
        )?;
        if engine.results.are_ordered() {
            let (held, time) = (stats.held, stats.held_ns as f64 * 1e-9);
            writeln!(
                text,
                "  order: {held} results waited for one before them, {time:.3} s in all"
            )?;
        }
        let (live, running) = (crew.live(), crew.running());
        writeln!(
            text,
            "  threads: {live} alive, {running} serving, {} restarted, {} wakes, {} looks that paid \
             and {} in vain",
            stats.restarts, stats.wakes, stats.looks_paid, stats.looks_in_vain
        )?;
        crew.warnings().iter().try_for_each(|line| writeln!(text, "  warning: {line}"))
    }
}

fn worker_line(crew: &Crew, worker: usize) -> String {
    let place = match crew.cpus[worker] {
        Some(cpu) => format!("cpu {cpu}"),
        None => "not pinned".to_string(),
    };
    let engine = &crew.engine;
    let desks = engine.desks_of(worker);
    let done = match engine.lanes.get(worker) {
        Some(lane) => lane.done(),
        None => desks.iter().map(Desk::left).sum(),
    };
    let place = engine.run.describe(worker) + &place;
    // Of a process's the one it is at: the oldest of those that have begun.
    let at_work = desks.iter().filter_map(|desk| Some((desk, desk.at_work()?)));
    let first = at_work.min_by_key(|(_, at)| (at.since == 0, at.id.0));
    let Some((desk, at)) = first else {
        return format!("{place}, idle, {done} jobs behind it");
    };
    let since = match at.since {
        0 => "for an unknown time (jobs are not timed)".to_string(),
        since => format!("for {:.3} s", now_ns().saturating_sub(since) as f64 * 1e-9),
    };
    let wanted = match desk.told(at.number) {
        _ if engine.signals.phase().outdates(at.id.session()) => ", no longer wanted",
        Some(Outcome::TimedOut) => ", past its deadline",
        Some(_) => ", cancelled",
        None => "",
    };
    let job = format!("job {} of session {}", at.id.number(), at.id.session());
    format!("{place}, in {job} {since}{wanted}, {done} jobs behind it")
}

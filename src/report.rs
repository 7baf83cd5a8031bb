//! The job report: in lines for people, and in JSON for programs.

mod json;

use crate::clock::now_ns;
use crate::credits::Outcome;
use crate::crew::Crew;
use crate::desk::Desk;
use crate::job::Id;
use crate::lifecycle::Running;
use crate::run::LogLevel;
use crate::stats::Stats;
use crate::trace::{self, Trace};
use std::fmt::Write;

/// What there is to say of a worker.
struct Worker {
    /// Where it runs, and in which process.
    place: String,
    cpu: Option<usize>,
    /// Which stage it serves, where there are several.
    stage: Option<usize>,
    /// Jobs that it has left behind.
    done: u64,
    /// The share of the time that it was busy, from 0 to 1.
    busy: f64,
    at: Option<At>,
}

/// The job that a worker is at.
struct At {
    id: Id,
    /// For how long, in nanoseconds; not where jobs are not timed.
    ns: Option<u64>,
    /// Why it is not wanted any more, if so.
    unwanted: Option<&'static str>,
}

impl Running {
    /// The job report.
    pub(crate) fn report(&self) -> String {
        self.crew.report()
    }

    /// The same as one JSON object.
    pub(crate) fn report_json(&self) -> String {
        self.crew.report_json()
    }

    /// What the last jobs went through.
    pub(crate) fn trace_json(&self) -> String {
        let engine = &self.crew.engine;
        let records = engine.trace.as_ref().map_or(Vec::new(), Trace::read);
        trace::json(records, engine.stage_ends.len(), |worker| engine.stage_of(worker))
    }
}

impl Crew {
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
        let _ = self.write_report(&mut text, &self.stats());
        text
    }

    /// Whether puts and polls are answered, and if not, how.
    fn state(&self) -> String {
        match self.engine.signals.phase().refusal() {
            Ok(()) => "open".to_string(),
            Err(status) => status.to_string(),
        }
    }

    fn workers(&self, age_ns: u64) -> impl Iterator<Item = Worker> {
        (0..self.cpus.len()).map(move |worker| self.worker(worker, age_ns))
    }

    fn worker(&self, worker: usize, age_ns: u64) -> Worker {
        let (engine, cpu) = (&self.engine, self.cpus[worker]);
        let desks = engine.desks_of(worker);
        let done = match engine.lanes.get(worker) {
            Some(lane) => lane.done(),
            None => desks.iter().map(Desk::left).sum(),
        };
        let pinned = cpu.map_or("not pinned".to_owned(), |cpu| format!("cpu {cpu}"));
        let place = engine.run.describe(worker) + &pinned;
        let busy = (engine.busy_ns(worker) as f64 / age_ns.max(1) as f64).min(1.0);
        // Of a process's the one it is at: the oldest of those that have begun.
        let at_work = desks.iter().filter_map(|desk| Some((desk, desk.at_work()?)));
        let first = at_work.min_by_key(|(_, at)| (at.since == 0, at.id.0));
        let at = first.map(|(desk, at)| At {
            id: at.id,
            ns: (at.since > 0).then(|| now_ns().saturating_sub(at.since)),
            unwanted: match desk.told(at.number) {
                _ if engine.signals.phase().outdates(at.id.session()) => Some("no longer wanted"),
                Some(Outcome::TimedOut) => Some("past its deadline"),
                told => told.map(|_| "cancelled"),
            },
        });
        let stage = (engine.stage_ends.len() > 1).then(|| engine.stage_of(worker));
        let place = stage.map_or(String::new(), |stage| format!("stage {stage}, ")) + &place;
        Worker { place, cpu, stage, done, busy, at }
    }

    fn write_report(&self, text: &mut String, stats: &Stats) -> std::fmt::Result {
        let (crew, engine) = (self, &self.engine);
        let state = self.state();
        writeln!(text, "jobexec: {state}, session {}, {} workers", stats.session, stats.workers)?;
        writeln!(text, "  cpus: {}", self.pinned_by)?;
        for (number, worker) in self.workers(stats.age_ns).enumerate() {
            writeln!(text, "  worker {number}: {}", worker.line(engine.timing))?;
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
        writeln!(
            text,
            "  polls: {:.1} % found a result at once; {} waited, {:.3} s in all; {} found nothing",
            100.0 * stats.readiness(),
            stats.polls_waited,
            stats.poll_wait_ns as f64 * 1e-9,
            stats.polls_empty
        )?;
        if engine.timing {
            let Stats { queue_wait_p50_ns, queue_wait_p99_ns, queue_wait_max_ns, .. } = *stats;
            let Stats { run_p50_ns, run_p99_ns, run_max_ns, .. } = *stats;
            let Stats { result_wait_p50_ns, result_wait_p99_ns, result_wait_max_ns, .. } = *stats;
            for (name, times) in [
                ("queued", [queue_wait_p50_ns, queue_wait_p99_ns, queue_wait_max_ns]),
                ("run", [run_p50_ns, run_p99_ns, run_max_ns]),
                ("ready", [result_wait_p50_ns, result_wait_p99_ns, result_wait_max_ns]),
            ] {
                let [p50, p99, max] = times.map(time);
                writeln!(
                    text,
                    "  {name}: half of the jobs up to {p50}, 99 % up to {p99}, all {max}"
                )?;
            }
        }
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

impl Worker {
    fn line(&self, timing: bool) -> String {
        let Worker { place, done, busy, .. } = self;
        let busy = match timing {
            true => format!("{:.1} % busy, ", 100.0 * busy),
            false => String::new(),
        };
        let Some(At { id, ns, unwanted }) = &self.at else {
            return format!("{place}, idle, {busy}{done} jobs behind it");
        };
        let since = match ns {
            None => "for an unknown time (jobs are not timed)".to_string(),
            Some(ns) => format!("for {:.3} s", *ns as f64 * 1e-9),
        };
        let unwanted = unwanted.map_or(String::new(), |why| format!(", {why}"));
        let job = format!("job {} of session {}", id.number(), id.session());
        format!("{place}, in {job} {since}{unwanted}, {busy}{done} jobs behind it")
    }
}

/// A time for people.
fn time(ns: u64) -> String {
    match ns {
        0..1_000 => format!("{ns} ns"),
        1_000..1_000_000 => format!("{:.1} us", ns as f64 * 1e-3),
        1_000_000..1_000_000_000 => format!("{:.1} ms", ns as f64 * 1e-6),
        _ => format!("{:.3} s", ns as f64 * 1e-9),
    }
}

//! A stress round: its threads, and the accounts after it.

use crate::ledger::{Event, Ledger, Payload, split};
use crate::plan::{Ending, Plan};
use crate::random::Random;
use crate::support::{Answer, PATIENCE, WANTED, start, until};
use jobexec::{Executor, Failure, JobContext, JobResult, Outcome, Stats, Status, Transform};
use std::fmt::Display;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::thread::{ScopedJoinHandle, scope, yield_now};
use std::time::{Duration, Instant};

/// Succeeds mostly, fails now and then, panics seldom, and takes long for one of so many; which,
/// the job's seed decides.
struct Moody {
    ledger: Arc<Ledger>,
    jobs_a_long: u64,
}

impl Transform<Payload> for Moody {
    fn run(&self, payload: &mut Payload, job: &JobContext<'_>) -> Answer {
        let mut random = Random::new(job.seed());
        payload.note(Event::Ran);
        self.ledger.note_id(payload.line, job.id());
        (0..random.below(100)).for_each(|_| std::hint::spin_loop());
        if random.one_in(100) {
            yield_now();
        }
        if random.one_in(self.jobs_a_long) {
            let end = Instant::now() + Duration::from_micros(500);
            while Instant::now() < end {
                std::hint::spin_loop();
            }
        }
        let outcome = match random.below(300) {
            0 => Outcome::Panicked,
            1..10 => Outcome::Failed,
            _ => Outcome::Done,
        };
        payload.ran = Some((job.id(), outcome));
        match outcome {
            Outcome::Panicked => panic!("{WANTED}"),
            Outcome::Failed => Err(Failure { code: 1, message: "moody".to_owned() }),
            _ => Ok(()),
        }
    }

    fn discard(&self, payload: Box<Payload>) {
        payload.note(Event::Discarded);
    }
}

/// What the threads of a round share.
pub(crate) struct Round {
    plan: Plan,
    executor: Executor<Payload>,
    ledger: Arc<Ledger>,
    /// The latest session whose reset has returned.
    floor: AtomicU32,
    /// No reset is to come.
    last: AtomicBool,
    over: AtomicBool,
    /// When the producers stop.
    end: Instant,
}

impl Round {
    pub(crate) fn new(plan: Plan) -> Round {
        let ledger = Ledger::new(plan.jobs);
        let moody = Moody { ledger: ledger.clone(), jobs_a_long: plan.jobs_a_long };
        let executor = start(&plan.config, moody);
        let end = Instant::now() + Duration::from_secs(1);
        let (last, over) = Default::default();
        Round { plan, executor, ledger, floor: AtomicU32::new(0), last, over, end }
    }

    /// Answers how many jobs it came to.
    pub(crate) fn run(self) -> u64 {
        self.go();
        self.settle()
    }

    fn go(&self) {
        scope(|scope| {
            let spawn = |work: fn(&Round, Random), number| {
                let random = Random::new(self.plan.seed ^ number << 32);
                scope.spawn(move || work(self, random))
            };
            let watcher = spawn(Round::watch, 1);
            let pollers = (100..100 + self.plan.pollers).map(|n| spawn(Round::consume, n));
            let pollers: Vec<_> = pollers.collect();
            let producers = (200..200 + self.plan.producers).map(|n| spawn(Round::produce, n));
            producers.collect::<Vec<_>>().into_iter().for_each(join);
            self.last.store(true, SeqCst);
            self.finish();
            pollers.into_iter().chain([watcher]).for_each(join);
        });
    }

    fn produce(&self, mut random: Random) {
        while Instant::now() < self.end
            && let Some(mut payload) = self.ledger.payload()
        {
            let line = payload.line;
            if self.plan.ending != Ending::Finish && line / 2 == self.plan.ends_at / 2 {
                self.finish();
            }
            if random.one_in(self.plan.puts_a_reset) {
                self.reset(&mut random);
            }
            let floor = self.floor.load(SeqCst);
            let answer = loop {
                let answer = match random.one_in(self.plan.calls_a_wait) {
                    true => self.executor.put_wait(payload, PATIENCE),
                    false => self.executor.put(payload),
                };
                match answer {
                    Ok(id) => break Ok(id),
                    Err(rejected) => match rejected.status {
                        Status::Full | Status::Finished => payload = rejected.payload,
                        status => break Err(status),
                    },
                }
                self.pause();
            };
            match answer {
                Ok(id) => {
                    if random.one_in(self.plan.puts_a_cancel) {
                        self.cancel(id);
                    }
                    assert!(split(id).0 >= floor, "accepted by a session that was over");
                    self.ledger.note(line, Event::Accepted);
                    self.ledger.note_id(line, id);
                }
                Err(status) => return self.expect_end(status),
            }
        }
    }

    fn consume(&self, mut random: Random) {
        let mut before = None;
        loop {
            let last = self.last.load(SeqCst);
            match self.poll(random.one_in(self.plan.calls_a_wait)) {
                Ok(id) => {
                    assert!(!self.plan.config.ordered || before < Some(id), "out of order");
                    before = Some(id);
                }
                Err(Status::Empty) => self.pause(),
                Err(Status::End) if !last => self.pause(),
                Err(status) => {
                    self.over.store(true, SeqCst);
                    return self.expect_end(status);
                }
            }
        }
    }

    /// Answers the job's id.
    fn poll(&self, wait: bool) -> Result<u64, Status> {
        let floor = self.floor.load(SeqCst);
        let result =
            if wait { self.executor.poll_wait(PATIENCE)? } else { self.executor.poll()? };
        self.check(&result, floor);
        Ok(result.id)
    }

    fn check(&self, result: &JobResult<Payload>, floor: u32) {
        let payload = result.payload.as_ref().expect("no thread is set aside");
        payload.note(Event::Delivered);
        self.ledger.note_id(payload.line, result.id);
        assert!(result.session >= floor, "delivered after its session was over");
        assert_eq!((result.session, result.number), split(result.id));
        let attempts = u64::from(result.attempts);
        match result.outcome {
            Outcome::Cancelled => assert!(self.plan.puts_a_cancel > 0),
            outcome => assert_eq!(payload.ran, Some((result.id, outcome))),
        }
        match result.outcome {
            Outcome::Done => assert_eq!(attempts, 1),
            Outcome::Cancelled => assert!(attempts <= self.plan.attempts()),
            _ => assert_eq!(attempts, self.plan.attempts()),
        }
        assert_eq!(result.failure.is_some(), result.outcome != Outcome::Done);
        assert_eq!(result.times.created > 0, self.plan.config.timing);
    }

    fn cancel(&self, id: u64) {
        match self.executor.cancel(id) {
            // Or its session is over.
            Ok(()) | Err(Status::Empty | Status::Closed | Status::Aborted) => {}
            Err(status) => self.fail(status),
        }
    }

    fn reset(&self, random: &mut Random) {
        let finished = if random.one_in(2) { self.executor.finish() } else { Ok(()) };
        match finished.and_then(|()| self.executor.reset()) {
            Ok(session) => {
                self.floor.fetch_max(session, SeqCst);
                let _ = self.poll(false);
            }
            Err(status) => self.expect_end(status),
        }
    }

    fn finish(&self) {
        match self.plan.ending {
            Ending::Finish => self.executor.finish().unwrap_or_else(|status| self.fail(status)),
            Ending::Close => self.executor.close(PATIENCE).unwrap_or_else(|error| self.fail(error)),
            Ending::Abort => self.executor.abort(),
        }
    }

    /// What is always true of the counters, also while everything moves.
    fn watch(&self, _: Random) {
        let mut before = Stats::default();
        while !self.over.load(SeqCst) && Instant::now() < self.end + PATIENCE {
            let now = self.executor.stats();
            let capacity = self.executor.capacity();
            let (queued, in_flight) = (capacity.queued as u64, capacity.in_flight as u64);
            assert!(now.outstanding <= now.accepted && resolved(&now) <= now.accepted, "{now:?}");
            assert!(before.accepted <= now.accepted && resolved(&before) <= resolved(&now));
            assert!(now.most_outstanding <= in_flight && now.most_ready <= in_flight, "{now:?}");
            // What is tried again waits beside the queue.
            let again = if self.plan.attempts() > 1 { in_flight } else { 0 };
            assert!(now.most_queued <= queued + again && now.queued <= queued + again, "{now:?}");
            assert!(now.ready <= in_flight && before.session <= now.session, "{now:?}");
            before = now;
            yield_now();
        }
    }

    /// The end of the round, with all accounts.
    fn settle(self) -> u64 {
        let Round { plan, executor, ledger, .. } = self;
        let mut stats = None;
        if !plan.unclosed {
            executor.close(PATIENCE).unwrap_or_else(|error| panic!("{error}"));
            stats = Some(executor.stats());
        }
        drop(executor);
        until(|| Arc::strong_count(&ledger) == 1);
        let begun = if plan.puts_a_cancel > 0 { 0 } else { 1 };
        let totals = ledger.check(begun..=plan.attempts());
        if let Some(stats) = stats {
            let delivered = stats.done + stats.failed + stats.panicked + stats.cancelled;
            let counted = (stats.accepted, delivered, stats.discarded);
            assert_eq!(counted, (totals.accepted, totals.delivered, totals.discarded));
            let left = (stats.outstanding, stats.queued, stats.running, stats.ready);
            assert_eq!(left, (0, 0, 0, 0));
        }
        if plan.ending == Ending::Finish && plan.puts_a_reset == 0 {
            assert_eq!(totals.discarded, 0);
        }
        totals.accepted
    }

    /// The answer of a call that is to be the last.
    fn expect_end(&self, status: Status) {
        match (self.plan.ending, status) {
            (Ending::Finish, Status::End)
            | (Ending::Close, Status::Closed)
            | (Ending::Abort, Status::Aborted) => {}
            _ => self.fail(status),
        }
    }

    fn pause(&self) {
        if Instant::now() > self.end + PATIENCE {
            self.fail("stalled");
        }
        yield_now();
    }

    fn fail(&self, why: impl Display) -> ! {
        panic!("{why}\n{}", self.executor.report());
    }
}

/// A panic of the thread goes on here.
fn join(thread: ScopedJoinHandle<'_, ()>) {
    thread.join().unwrap_or_else(|cause| resume_unwind(cause));
}

fn resolved(stats: &Stats) -> u64 {
    stats.done + stats.failed + stats.panicked + stats.cancelled + stats.discarded
}

//! Threads that put and poll many jobs in one call, with resets in between, and a close in the
//! middle or at the end; and the accounts after it.

use crate::ledger::{Event, Ledger, Payload, split};
use crate::random::Random;
use crate::support::{Answer, PATIENCE, start};
use jobexec::{Config, Executor, JobContext, Outcome, Status, Transform};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::thread::{scope, yield_now};
use std::time::Instant;

/// Notes what becomes of payloads.
struct Noting;

impl Transform<Payload> for Noting {
    fn run(&self, payload: &mut Payload, job: &JobContext<'_>) -> Answer {
        payload.note(Event::Ran);
        payload.ran = Some((job.id(), Outcome::Done));
        Ok(())
    }
    fn discard(&self, payload: Box<Payload>) {
        payload.note(Event::Discarded);
    }
}

/// See the module.
pub(crate) struct Crowd {
    executor: Executor<Payload>,
    ledger: Arc<Ledger>,
    /// How many puts there are for each reset; 0 for none.
    puts_a_reset: u64,
    closes: bool,
    /// The latest session whose reset has returned.
    floor: AtomicU32,
    /// No reset is to come.
    last: AtomicBool,
    limit: Instant,
}

impl Crowd {
    pub(crate) fn new(config: &Config, puts_a_reset: u64, closes: bool) -> Crowd {
        let (floor, last) = Default::default();
        let (executor, ledger) = (start(config, Noting), Ledger::new(10_000));
        let limit = Instant::now() + PATIENCE;
        Crowd { executor, ledger, puts_a_reset, closes, floor, last, limit }
    }

    pub(crate) fn run(self, seed: u64) {
        scope(|scope| {
            let (crowd, random) = (&self, |thread: u64| Random::new(seed ^ thread << 32));
            let consumers = [0, 1].map(|n| scope.spawn(move || crowd.consume(random(n))));
            let producers = [2, 3, 4].map(|n| scope.spawn(move || crowd.produce(random(n))));
            producers.into_iter().for_each(|producer| producer.join().unwrap());
            crowd.last.store(true, SeqCst);
            match crowd.closes {
                true => crowd.executor.close(PATIENCE).unwrap(),
                false => crowd.executor.finish().unwrap(),
            }
            consumers.into_iter().for_each(|consumer| consumer.join().unwrap());
        });
        self.executor.close(PATIENCE).unwrap();
        let (totals, stats) = (self.ledger.check(1..=1), self.executor.stats());
        let counted = (stats.accepted, stats.done, stats.discarded, stats.outstanding);
        assert_eq!(counted, (totals.accepted, totals.delivered, totals.discarded, 0));
    }

    fn produce(&self, mut random: Random) {
        let mut list = Vec::new();
        loop {
            let more = (1 + random.below(20) as usize).saturating_sub(list.len());
            list.extend(std::iter::from_fn(|| self.ledger.payload()).take(more));
            if list.is_empty() {
                return;
            }
            if random.one_in(self.puts_a_reset) {
                match self.executor.reset() {
                    Ok(session) => _ = self.floor.fetch_max(session, SeqCst),
                    Err(status) => return self.expect_closed(status),
                }
            }
            if self.closes && random.one_in(1_000) {
                self.executor.close(PATIENCE).unwrap();
            }
            let before: Vec<usize> = list.iter().map(|payload| payload.line).collect();
            let floor = self.floor.load(SeqCst);
            let answer = match random.one_in(2) {
                true => self.executor.put_many_wait(&mut list, PATIENCE),
                false => self.executor.put_many(&mut list),
            };
            let ids = match answer {
                Ok(ids) => ids,
                Err(Status::Full) => {
                    self.pause();
                    continue;
                }
                Err(status) => return self.expect_closed(status),
            };
            let (accepted, kept) = before.split_at((ids.end - ids.start) as usize);
            assert!(list.iter().map(|payload| &payload.line).eq(kept));
            for (line, id) in accepted.iter().zip(ids) {
                assert!(split(id).0 >= floor, "accepted by a session that was over");
                self.ledger.note(*line, Event::Accepted);
                self.ledger.note_id(*line, id);
            }
        }
    }

    fn consume(&self, mut random: Random) {
        let mut results = Vec::new();
        loop {
            let (last, floor) = (self.last.load(SeqCst), self.floor.load(SeqCst));
            let most = 1 + random.below(20) as usize;
            let answer = match random.one_in(2) {
                true => self.executor.poll_many_wait(most, &mut results, PATIENCE),
                false => self.executor.poll_many(most, &mut results),
            };
            match answer {
                Ok(count) => assert!((1..=most).contains(&count) && results.len() == count),
                Err(Status::End) if last => return,
                Err(Status::Empty | Status::End) => self.pause(),
                Err(status) => return self.expect_closed(status),
            }
            for result in results.drain(..) {
                assert!(result.session >= floor, "delivered after its session was over");
                assert_eq!((result.session, result.number), split(result.id));
                assert_eq!(result.payload.as_ref().unwrap().ran, Some((result.id, result.outcome)));
                result.payload.as_ref().unwrap().note(Event::Delivered);
                self.ledger.note_id(result.payload.as_ref().unwrap().line, result.id);
            }
        }
    }

    /// The answer of a call that is to be the last.
    fn expect_closed(&self, status: Status) {
        assert!(self.closes && status == Status::Closed, "{status}\n{}", self.executor.report());
    }

    fn pause(&self) {
        assert!(Instant::now() < self.limit, "stalled\n{}", self.executor.report());
        yield_now();
    }
}

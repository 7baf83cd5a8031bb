//! What [`crate::worker`] is for a worker that is a process: its thread takes jobs off the queue,
//! hands them over, and publishes what came of them.
//!
//! Some jobs are handed over ahead, so that the process finds the next when it is done with one:
//! one, or as many short ones as take it [`AHEAD_NS`]. What lies there behind another is still
//! anybody's: whoever finds the queue empty takes it from there ([`Engine::steal`]) before it
//! sleeps. To hand over ahead is to tell news like a put: the sleeper that it wakes, or that lies
//! down meanwhile, finds the job. So no job waits behind another while a worker sleeps.
//!
//! A host that sleeps while its core is lent is woken by this thread as by a thread worker
//! ([`crate::lend`]): uneven jobs take 0.96 of the time with 4 processes on 2 cores.

use crate::clock::{Deadline, now_ns};
use crate::credits::Outcome;
use crate::desk::Desk;
use crate::engine::Engine;
use crate::job::{Completion, Job, Tag};
use crate::lane::Lane;
use crate::lend::Loan;
use crate::link::{DEPTH, Seen, slot};
use crate::record::Text;

/// Work that is handed over ahead, in nanoseconds.
const AHEAD_NS: u64 = 100_000;
/// What takes longer need not be told apart.
const LONG_NS: u64 = 1_000_000_000;

/// Why a thread stopped serving its process.
pub(crate) enum Leave {
    /// The executor closes.
    Home,
    /// The process has ended, before or after it did a job.
    Died { worked: bool, cause: Box<Text> },
}

/// One process's life, for its thread.
struct Shift<'a> {
    worker: usize,
    stage: usize,
    lane: &'a Lane,
    /// Positions that are handed over and not collected.
    head: u64,
    tail: u64,
    /// What a job took of late.
    run_ns: u64,
    /// When the clock was last read for what the process says.
    now: u64,
    /// When its last job ended, or it was begun with: it does one at a time.
    ended: u64,
    /// It broke the rules, and was told to go.
    expelled: bool,
    /// It did a job.
    worked: bool,
}

impl Shift<'_> {
    fn is_empty(&self) -> bool {
        self.head == self.tail
    }

    /// The desk of the job at the head.
    fn desk<'a>(&self, engine: &'a Engine) -> &'a Desk {
        &engine.desks[self.worker * DEPTH + slot(self.head)]
    }

    /// Why the job at the head, which was taken from its desk, is not wanted, if somebody said so.
    fn told(&self, engine: &Engine) -> Option<Outcome> {
        let desk = self.desk(engine);
        desk.told_at_last(desk.last())
    }

    fn ahead(&self) -> u64 {
        (AHEAD_NS / self.run_ns.max(1)).clamp(2, DEPTH as u64)
    }

    /// A stamp that the process wrote: its clock is the machine's, but it may say anything.
    fn believed(&mut self, stamp: u64) -> u64 {
        if stamp > self.now {
            self.now = now_ns();
        }
        stamp.min(self.now)
    }

    fn learn(&mut self, took: u64) {
        // A worker says so itself, and may say anything.
        self.run_ns = (3 * self.run_ns + took.min(LONG_NS)) / 4;
    }
}

/// What a thread without anything to do has found.
enum Errand {
    Job(Job),
    Dead,
    GoHome,
}

impl Engine {
    /// Serves until the executor closes or the process dies. In both cases nothing of this lane
    /// is left.
    pub(crate) fn pump(&self, worker: usize) -> Leave {
        let lane = &self.lanes[worker];
        let (head, tail) = (0, 0);
        let mut shift = Shift {
            worker,
            stage: self.stage_of(worker),
            lane,
            head,
            tail,
            run_ns: AHEAD_NS,
            now: 0,
            ended: now_ns(),
            expelled: false,
            worked: false,
        };
        let (seat, mut loan) = (self.mates.seat(worker), Loan::new(self.capacity.in_flight));
        loop {
            if loan.is_due_to_sleeper(seat, |others| self.has_job(shift.stage, others)) {
                self.wake_lender();
            }
            if lane.is_dead() {
                let cause = self.bury_all(&mut shift);
                return Leave::Died { worked: shift.worked, cause };
            }
            let collected = self.collect(&mut shift);
            let handed = self.hand_ahead(&mut shift);
            if shift.is_empty() && !shift.expelled {
                // To begin to wait is to tell that there is no job.
                let next = self.next_job(shift.stage).map(Errand::Job);
                match next.unwrap_or_else(|| self.wait_for_errand(worker)) {
                    Errand::Job(job) => self.lend(&mut shift, job),
                    Errand::Dead => {}
                    Errand::GoHome => return Leave::Home,
                }
            } else if !collected && !handed {
                self.wait_for_news(&shift);
            }
        }
    }

    fn wait_for_errand(&self, worker: usize) -> Errand {
        let (lane, stage) = (&self.lanes[worker], self.stage_of(worker));
        let attempt = || match self.next_job(stage).or_else(|| self.steal(worker)) {
            Some(job) => Some(Errand::Job(job)),
            None if lane.is_dead() => Some(Errand::Dead),
            None => self.signals.phase().closed().then_some(Errand::GoHome),
        };
        let has = |others| self.has_job(stage, others) || others == 0 && self.has_spoils(worker);
        let pending = || self.has_pending_work(stage);
        let spin = self.spin.yielding();
        self.await_work(stage, spin, attempt, has, pending, None).unwrap_or(Errand::GoHome)
    }

    /// Waits for the process, which has jobs at hand.
    fn wait_for_news(&self, shift: &Shift) {
        let Shift { lane, head, expelled, .. } = *shift;
        let news = |others| lane.is_dead() || !expelled && lane.has_news(head + others);
        let attempt = || news(0).then_some(());
        let has = |others| others < shift.tail - head && news(others);
        let spin = self.spin.yielding();
        lane.link.host_bell().wait(&lane.pace, spin, Deadline::NEVER, attempt, has);
    }

    fn hand_ahead(&self, shift: &mut Shift) -> bool {
        let mut handed = false;
        while !shift.expelled && !shift.is_empty() && shift.tail - shift.head < shift.ahead() {
            let Some(job) = self.next_job(shift.stage) else { break };
            self.lend(shift, job);
            handed = true;
        }
        handed
    }

    /// Hands a job over, unless it must not run.
    fn lend(&self, shift: &mut Shift, job: Job) {
        let position = shift.tail;
        let desk = shift.worker * DEPTH + slot(position);
        if !self.take_up(desk, job) {
            return;
        }
        // Each payload of such an executor is a buffer: `Engine::send` lets no other pass.
        let arena = self.arena.as_ref().expect("an arena");
        let buffer = arena.index_of(job.payload).expect("a buffer");
        self.desks[desk].note(job.limit, job.tries);
        // Where it is limited, its time counts from when it is at the head.
        if self.timing && (self.limits.is_none() || shift.is_empty()) {
            self.start(&self.desks[desk], job.limit, now_ns());
        }
        shift.tail += 1;
        shift.lane.show(shift.head, shift.tail);
        // Ends with a fence, which is N2 of the event, too, and lies between the offer and the
        // phase.
        shift.lane.link.offer(position, job.id, buffer, job.tries);
        if shift.tail - shift.head > 1 {
            self.signals.work_of(shift.stage).notify_one();
        }
        if self.desks[desk].told(self.desks[desk].last()).is_some() {
            shift.lane.link.tell(slot(position), shift.lane.link.lap(slot(position)));
        }
        // As after a put: a reset that began before the offer may have swept before it too.
        if self.signals.phase().dooms(job.id.session()) {
            self.sweep_lane(shift.worker);
        }
    }

    /// Publishes what is done, and passes by what was taken back.
    fn collect(&self, shift: &mut Shift) -> bool {
        let before = shift.head;
        while !shift.is_empty() && !shift.expelled {
            match shift.lane.link.look(shift.head) {
                Seen::Offered | Seen::Claimed => break,
                Seen::Done => {
                    if !self.collect_done(shift) {
                        self.expel(shift);
                    }
                }
                Seen::Withdrawn => {
                    // Whoever took it back may not have come to take it off the desk.
                    if let Some(job) = self.take_off(shift.worker, slot(shift.head)) {
                        self.give_back(job, shift.stage);
                    }
                    shift.head += 1;
                }
                Seen::Broken => self.expel(shift),
            }
        }
        shift.lane.show(shift.head, shift.tail);
        let moved = shift.head > before;
        if moved
            && self.limits.is_some()
            && let Some(at) = shift.desk(self).at_work()
        {
            self.start(shift.desk(self), at.limit, now_ns());
        }
        moved
    }

    fn expel(&self, shift: &mut Shift) {
        shift.expelled = true;
        self.run.expel(shift.worker, "wrote to its link what makes no sense", &|| true);
    }

    /// False if the verdict makes no sense.
    fn collect_done(&self, shift: &mut Shift) -> bool {
        let mut text = Text::EMPTY;
        let verdict = shift.lane.link.verdict(shift.head, &mut text);
        let Some((mut outcome, [started, finished])) = verdict else { return false };
        shift.worked = true;
        shift.lane.count_done();
        shift.learn(finished.saturating_sub(started));
        let job = self.take_off(shift.worker, slot(shift.head));
        let created = job.as_ref().map_or(0, |job| job.created);
        let (mut began, mut ended) = (0, 0);
        if self.timing {
            let least = created.max(shift.ended);
            ended = shift.believed(finished).max(least);
            began = started.clamp(least, ended);
            shift.ended = ended;
            self.desks[shift.worker * DEPTH].ran(ended - began);
        }
        if let Some(reason) = shift.told(self) {
            outcome = Engine::note_why(reason, &mut text);
        }
        shift.head += 1;
        if let Some(job) = job
            && self.is_to_be_tried_again(&job, outcome)
        {
            self.try_again(job, shift.stage);
        } else if let Some(job) = job
            && outcome == Outcome::Done
            && self.has_stage_after(shift.stage)
        {
            self.note_run(&job, shift.worker, began, ended);
            self.hand_on(job, shift.stage + 1);
        } else if let Some(job) = job {
            let word = self.word(outcome, job.payload, &text);
            let Job { id, created, position, tries, .. } = job;
            let tag = Tag::new(outcome, shift.worker, tries + 1);
            let (started, finished) = (began, ended);
            self.publish(Completion { id, word, tag, position, created, started, finished });
        }
        true
    }

    /// The process has died: what is done is published, what it had begun has crashed or is tried
    /// again, and the rest is run elsewhere.
    fn bury_all(&self, shift: &mut Shift) -> Box<Text> {
        let mut text = Box::new(Text::EMPTY);
        self.run.cause_of_death(shift.worker, &mut text);
        while !shift.is_empty() {
            let seen = shift.lane.link.look(shift.head);
            if seen == Seen::Done && self.collect_done(shift) {
                continue;
            }
            let desk = shift.desk(self);
            let since = desk.at_work().map_or(0, |at| at.since);
            if let Some(job) = self.take_off(shift.worker, slot(shift.head)) {
                match seen {
                    _ if shift.told(self).is_some() => self.bury_told(shift, job, since),
                    Seen::Offered | Seen::Withdrawn => self.give_back(job, shift.stage),
                    _ if shift.lane.is_evicted() => self.give_back(job, shift.stage),
                    _ if self.is_to_be_tried_again(&job, Outcome::Crashed) => {
                        self.try_again(job, shift.stage)
                    }
                    _ => self.publish(self.crash(shift.worker, job, since, &text)),
                }
            }
            shift.head += 1;
        }
        shift.lane.show(shift.head, shift.head);
        text
    }

    /// A job that was told why it is not wanted, and whose worker has died meanwhile.
    fn bury_told(&self, shift: &Shift, job: Job, since: u64) {
        let Some(reason) = shift.told(self) else { return };
        let mut text = Text::EMPTY;
        let outcome = Engine::note_why(reason, &mut text);
        self.publish(self.complete(shift.worker, job, since, outcome, job.payload, &text));
    }
}

#[cfg(all(test, loom))]
mod models;

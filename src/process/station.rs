//! A worker process, from its own side: it finds its link, claims jobs and says what came of
//! them.

use super::{ARENA_FILE, LINK_FILE, PHASE_FILE, VARIABLE};
use crate::arena::{Layout, View};
use crate::clock::{Deadline, now_ns};
use crate::config::MAX_IN_FLIGHT;
use crate::credits::Outcome;
use crate::job::{Id, Job};
use crate::link::{Claim, Link, Terms, Verdict, WORDS};
use crate::mirror::Mirror;
use crate::os::memory::Map;
use crate::pace::Pace;
use crate::record::Text;
use crate::run::JobContext;
use crate::signals::Phase;
use crate::spin::Spin;
use crate::status::{Error, Status};
use crate::sync::Ordering;
use std::cell::Cell;
use std::fs::File;
use std::os::fd::FromRawFd;
use std::sync::atomic::AtomicBool;

/// Whether this process was started as a worker of an executor.
pub(crate) fn is_worker() -> bool {
    let number = std::env::var(VARIABLE).ok().and_then(|number| number.parse::<u32>().ok());
    number == Some(std::process::id())
}

/// A worker's place: what it shares with its executor, and how far it has come.
pub(crate) struct Station {
    link: Link,
    arena: Map,
    layout: Layout,
    phase: Mirror,
    terms: Terms,
    spin: Spin,
    pace: Pace,
    /// The position of the next job.
    next: Cell<u64>,
    verdict: Verdict,
}

/// A job that was claimed.
#[derive(Clone, Copy)]
pub(crate) struct Claimed {
    position: u64,
    id: Id,
    tries: u64,
    view: View,
    started: u64,
}

impl Station {
    /// Takes the place that this process was started for, once, and says so to its executor.
    pub(crate) fn take() -> Result<Station, Error> {
        static TAKEN: AtomicBool = AtomicBool::new(false);
        let refuse = |text: String| Error::new(Status::NotWorker, text);
        if !is_worker() {
            return Err(refuse("this process was not started by an executor".to_owned()));
        }
        if TAKEN.swap(true, Ordering::AcqRel) {
            return Err(refuse("this process has taken its place before".to_owned()));
        }
        // SAFETY: the executor gave these descriptors to this process; nobody else closes them.
        let [link, arena, phase] =
            [LINK_FILE, ARENA_FILE, PHASE_FILE].map(|fd| unsafe { File::from_raw_fd(fd) });
        let failed = |error: std::io::Error| refuse(format!("its link is gone: {error}"));
        let size = |file: &File| Ok(file.metadata()?.len() as usize);
        let link_bytes = size(&link).map_err(failed)?;
        if link_bytes < WORDS * size_of::<u64>() {
            return Err(refuse(format!("the executor's link has only {link_bytes} bytes")));
        }
        let link = Link::new(Map::shared(&link, link_bytes, true).map_err(failed)?);
        let terms = link.terms().inspect_err(|_| link.refuse()).map_err(refuse)?;
        let count = (terms.buffers as usize).min(MAX_IN_FLIGHT);
        let layout = Layout::new(count, terms.input_bytes as usize, terms.output_bytes as usize);
        let arena_bytes = size(&arena).map_err(failed)?;
        let layout = layout.filter(|layout| layout.bytes == arena_bytes);
        let layout = layout.ok_or_else(|| refuse("the buffers have another size".to_owned()))?;
        let arena = Map::shared(&arena, arena_bytes, true).map_err(failed)?;
        if terms.prefault == 1 {
            arena.populate().map_err(failed)?; // Where the kernel cannot, touches fault once.
        }
        let phase = Mirror::of(&phase).map_err(failed)?;
        let spin = Spin::of_word(terms.spin, count);
        let verdict =
            Verdict { outcome: Outcome::Done, started: 0, finished: 0, text: Text::EMPTY };
        let (pace, next) = (Pace::default(), Cell::new(0));
        link.say_hello();
        Ok(Station { link, arena, layout, phase, terms, spin, pace, next, verdict })
    }

    /// Which worker of its executor this is, from 0.
    pub(crate) fn worker(&self) -> usize {
        self.terms.worker as usize
    }

    /// The next job: `Closed` when no more will come, `Timeout` if none came.
    pub(crate) fn next(&self, deadline: Deadline) -> Result<Claimed, Status> {
        let attempt = || match self.claim() {
            Some(claimed) => Some(Ok(claimed)),
            None => self.phase().closed().then_some(Err(Status::Closed)),
        };
        if let Some(answer) = attempt() {
            return answer;
        }
        let has = |others| self.link.has(self.next.get(), others);
        let found = self.link.worker_bell().wait(&self.pace, self.spin, deadline, attempt, has);
        found.unwrap_or(Err(Status::Timeout))
    }

    fn claim(&self) -> Option<Claimed> {
        loop {
            let position = self.next.get();
            match self.link.claim(position) {
                Claim::Nothing => return None,
                Claim::Withdrawn => self.next.set(position + 1),
                Claim::Job(id, buffer, tries) => {
                    self.next.set(position + 1);
                    let buffer = buffer.min(self.layout.count - 1);
                    let stage = self.terms.stage as usize;
                    let view = self.layout.view(self.arena.base(), buffer).for_stage(stage);
                    if stage > 0 {
                        view.set_output(0);
                    }
                    return Some(Claimed { position, id, tries, view, started: now_ns() });
                }
            }
        }
    }

    fn phase(&self) -> Phase {
        Phase(self.phase.word().load(Ordering::Acquire))
    }

    /// Says what came of a job. From then on nothing of it is this process's.
    pub(crate) fn done(&mut self, claimed: Claimed, outcome: Outcome) {
        let verdict = &mut self.verdict;
        (verdict.outcome, verdict.started, verdict.finished) = (outcome, claimed.started, now_ns());
        self.link.finish(claimed.position, verdict);
    }

    /// Runs a claimed job.
    pub(crate) fn run(
        &mut self,
        claimed: Claimed,
        run: impl FnOnce(&mut JobContext<'_>) -> Outcome,
    ) {
        let outcome = run(&mut self.context(&claimed));
        self.done(claimed, outcome);
    }

    /// What a transform is told of a job.
    pub(crate) fn context(&mut self, claimed: &Claimed) -> JobContext<'_> {
        let Claimed { id, view, .. } = *claimed;
        let job = Job {
            id,
            payload: view.input.cast(),
            created: 0,
            position: 0,
            limit: 0,
            tries: claimed.tries,
        };
        let place = (self.terms.worker as usize, self.terms.stage as usize);
        let seed = self.terms.seed;
        self.verdict.text.clear();
        let (phase, told) = (self.phase.word(), self.link.told_word(claimed.position));
        let text = &mut self.verdict.text;
        JobContext::new(&job, place, seed, phase, told, Some(view), text)
    }

    /// Serves until the executor closes.
    pub(crate) fn serve(mut self, mut run: impl FnMut(&mut JobContext<'_>) -> Outcome) {
        while let Ok(claimed) = self.next(Deadline::NEVER) {
            self.run(claimed, &mut run);
        }
    }
}

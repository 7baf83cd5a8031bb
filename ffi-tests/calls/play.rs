//! Plays a script and checks each answer: that it is one which the header names, for a reason that
//! was given, and that each accepted job came to one end.

use crate::deeds::{self, User};
use crate::ledger::Ledger;
use crate::model::Model;
use crate::script::{Call, Kind, Script, Setup};
use jobexec::ffi::*;
use std::ffi::{CString, c_void};
use std::ptr;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

const SECOND: u64 = 1_000_000_000;
const PATIENCE: u64 = 20 * SECOND;
/// A call may take so much longer than it may wait: the machine may be busy.
const SLACK: Duration = Duration::from_secs(5);

/// Plays a whole script, from the start of an executor to its end.
pub(crate) fn play(script: &Script) {
    let mut game = Game::start(&script.setup);
    game.model = Model::of(script, game.capacity()).map(Mutex::new);
    std::thread::scope(|scope| {
        for calls in &script.threads {
            scope.spawn(|| calls.iter().for_each(|call| game.call(call)));
        }
    });
    game.end();
}

/// An executor that is played with.
pub(crate) struct Game {
    pub(crate) exec: *mut jobexec_executor,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) setup: Setup,
    /// Where one thread plays alone.
    model: Option<Mutex<Model>>,
}

// SAFETY: a handle may be used by any thread.
unsafe impl Sync for Game {}

impl Game {
    fn start(setup: &Setup) -> Game {
        let ledger = Arc::new(Ledger::new());
        let batches = setup.batches;
        let user = User { ledger: ledger.clone(), exec: OnceLock::new(), batches };
        let user = Box::into_raw(Box::new(user));
        let mut config = config(setup);
        let program = std::env::current_exe().expect("a path");
        let program = CString::new(program.to_str().expect("a path")).expect("a path");
        let argv = [program.as_ptr(), ptr::null()];
        config.user = user.cast();
        config.user_destructor = Some(deeds::destroy);
        config.discard = Some(deeds::discard);
        let stages = [setup.stages; 2];
        if setup.stages > 0 {
            (config.stages, config.stage_count) = (stages.as_ptr(), 2);
        }
        match setup.kind {
            Kind::Threads => config.transform = Some(deeds::transform),
            Kind::Processes => {
                config.worker_kind = JOBEXEC_WORKERS_ARE_PROCESSES;
                config.argv = argv.as_ptr();
            }
        }
        let mut exec = ptr::null_mut();
        // SAFETY: all of it is valid.
        let status = unsafe { jobexec_start(&config, PATIENCE, &mut exec) };
        assert_eq!(status, JOBEXEC_OK, "{:?}", last_error());
        // SAFETY: the destructor comes after `end`.
        let _ = unsafe { &(*user).exec }.set(exec as usize);
        Game { exec, ledger, setup: *setup, model: None }
    }

    /// Tells the model, if there is one, what was answered.
    pub(crate) fn tell(&self, of: impl FnOnce(&mut Model)) {
        if let Some(model) = &self.model {
            of(&mut model.lock().unwrap());
        }
    }

    pub(crate) fn capacity(&self) -> u64 {
        let (mut in_flight, mut queued) = (0, 0);
        // SAFETY: the executor lives, the places are valid.
        let status = unsafe { jobexec_capacity(self.exec, &mut in_flight, &mut queued) };
        assert_eq!(status, JOBEXEC_OK);
        assert!(in_flight >= 1 && queued <= in_flight);
        in_flight
    }

    fn call(&self, call: &Call) {
        match *call {
            Call::Put(deed, wait, more) => self.put(deed, wait, more),
            Call::PutMany(deed, count, wait) => self.put_many(deed, count, wait),
            Call::Poll(wait) => self.poll(wait),
            Call::Reset => self.reset(),
            Call::Finish => {
                self.ledger.finished.store(true, SeqCst);
                // SAFETY: the executor lives.
                let status = unsafe { jobexec_finish(self.exec) };
                self.may_end(status, &[JOBEXEC_OK]);
                self.tell(|model| model.finish(status));
            }
            Call::Abort => {
                self.ledger.aborted.store(true, SeqCst);
                // SAFETY: the executor lives.
                assert_eq!(unsafe { jobexec_abort(self.exec) }, JOBEXEC_OK);
                self.tell(Model::abort);
            }
            Call::Cancel(ago) => self.cancel(ago),
            Call::Close(timeout) => {
                self.ledger.closed.store(true, SeqCst);
                let status = self.in_time(timeout, || {
                    // SAFETY: the executor lives.
                    unsafe { jobexec_close(self.exec, timeout) }
                });
                assert!([JOBEXEC_OK, JOBEXEC_TIMEOUT].contains(&status), "{status}");
                self.tell(Model::close);
            }
            Call::Inspect(which) => self.inspect(which),
            Call::Release => self.release(),
            Call::Misuse(which) => self.misuse(which),
            Call::Watch => {
                let mut fd = -7;
                // SAFETY: the executor lives.
                assert_eq!(unsafe { jobexec_event_fd(self.exec, &mut fd) }, JOBEXEC_OK);
                assert!(fd >= 0);
            }
        }
    }

    fn reset(&self) {
        let mut discarded = u32::MAX;
        // SAFETY: the executor lives, the place is valid.
        let status = unsafe { jobexec_reset(self.exec, &mut discarded) };
        self.may_end(status, &[JOBEXEC_OK, JOBEXEC_ERROR_EXHAUSTED]);
        self.tell(|model| model.reset(status));
    }

    fn cancel(&self, ago: u8) {
        let id = {
            let ids = self.ledger.ids.lock().unwrap();
            let at = ids.len().checked_sub(1 + usize::from(ago));
            at.map_or(u64::from(ago) << 36, |at| ids[at])
        };
        self.ledger.cancelled.store(true, SeqCst);
        // SAFETY: the executor lives.
        let status = unsafe { jobexec_cancel(self.exec, id) };
        self.may_end(status, &[JOBEXEC_OK, JOBEXEC_EMPTY]);
        self.tell(|model| model.cancel(status));
    }

    fn release(&self) {
        let Some(buffer) = self.ledger.give() else { return };
        // SAFETY: the executor lives.
        assert_eq!(unsafe { jobexec_buffer_release(self.exec, buffer) }, JOBEXEC_OK);
    }

    /// A status that is expected, or one that tells of an end which has a cause.
    pub(crate) fn may_end(&self, status: jobexec_status, expected: &[jobexec_status]) {
        let ledger = &self.ledger;
        let has_cause = match status {
            JOBEXEC_CLOSED => ledger.closed.load(SeqCst),
            JOBEXEC_ABORTED => ledger.aborted.load(SeqCst),
            JOBEXEC_ERROR_FINISHED => ledger.finished.load(SeqCst),
            // Processes may die too often, threads be set aside.
            JOBEXEC_ERROR_NO_WORKERS => {
                self.setup.kind == Kind::Processes || self.setup.job_timeout_ns > 0
            }
            _ => false,
        };
        let is_fine = expected.contains(&status) && status != JOBEXEC_ERROR_FINISHED || has_cause;
        assert!(is_fine, "{status}: {:?}", last_error());
    }

    /// A call that ends by its deadline.
    pub(crate) fn in_time<R>(&self, timeout_ns: u64, call: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let answer = call();
        let took = start.elapsed();
        assert!(took < Duration::from_nanos(timeout_ns) + SLACK, "{took:?}");
        answer
    }

    pub(crate) fn counters(&self) -> jobexec_counters {
        // SAFETY: counters of zeros are such.
        let mut counters: jobexec_counters = unsafe { std::mem::zeroed() };
        counters.size = size_of::<jobexec_counters>() as u64;
        // SAFETY: the executor lives, the place is valid.
        assert_eq!(unsafe { jobexec_stats(self.exec, &mut counters) }, JOBEXEC_OK);
        counters
    }

    /// Closes and frees; then all accounts are in order.
    fn end(self) {
        self.ledger.closed.store(true, SeqCst);
        // SAFETY: the executor lives.
        let status = self.in_time(PATIENCE, || unsafe { jobexec_close(self.exec, PATIENCE) });
        assert_eq!(status, JOBEXEC_OK, "{:?}", last_error());
        let counters = self.counters();
        let ledger = &self.ledger;
        assert_eq!(counters.accepted, ledger.accepted.load(SeqCst) as u64);
        assert_eq!(
            counters.accepted,
            outcomes(&counters),
            "{counters:?}",
            counters = outcomes(&counters)
        );
        assert_eq!(counters.outstanding, 0);
        let delivered = ledger.delivered.load(SeqCst) as u64;
        assert_eq!(outcomes(&counters) - counters.discarded, delivered);
        while ledger.give().map(|it| self.give_back(it)).is_some() {}
        // SAFETY: nobody uses it any more.
        assert_eq!(unsafe { jobexec_free(self.exec) }, JOBEXEC_OK);
        let start = Instant::now();
        // Threads that were set aside end later.
        while !ledger.destroyed.load(SeqCst) {
            assert!(start.elapsed() < Duration::from_nanos(PATIENCE), "not destroyed");
            std::thread::yield_now();
        }
        if !self.setup.batches {
            ledger.check_all_ended();
        }
    }

    fn give_back(&self, buffer: *mut c_void) {
        // SAFETY: the executor lives.
        assert_eq!(unsafe { jobexec_buffer_release(self.exec, buffer) }, JOBEXEC_OK);
    }
}

pub(crate) fn outcomes(counters: &jobexec_counters) -> u64 {
    counters.done
        + counters.failed
        + counters.panicked
        + counters.crashed
        + counters.timed_out
        + counters.cancelled
        + counters.discarded
}

fn config(setup: &Setup) -> jobexec_config {
    // SAFETY: a configuration of zeros is one.
    let mut config: jobexec_config = unsafe { std::mem::zeroed() };
    config.size = size_of::<jobexec_config>() as u64;
    // SAFETY: the place is valid.
    assert_eq!(unsafe { jobexec_config_init(&mut config) }, JOBEXEC_OK);
    config.workers = setup.workers;
    config.pinning = JOBEXEC_PIN_OFF;
    config.results = setup.results;
    config.queue_per_worker = setup.queue_per_worker;
    config.ordered = setup.ordered;
    config.timing = setup.timing;
    config.retries = setup.retries;
    config.retry_failed = setup.retry_failed;
    config.job_timeout_ns = setup.job_timeout_ns;
    config.abandon_after_ns = setup.abandon_after_ns;
    config.cancel_kill_ns = setup.cancel_kill_ns;
    config.trace_jobs = setup.trace_jobs;
    config.waiting = setup.waiting;
    config.restart_backoff_ns = 0;
    if setup.batches {
        (config.input_bytes, config.output_bytes) = (8, 8);
    }
    config
}

fn last_error() -> CString {
    // SAFETY: never NULL.
    unsafe { std::ffi::CStr::from_ptr(jobexec_last_error()) }.to_owned()
}

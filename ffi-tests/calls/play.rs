//! Plays a script and checks each answer: that it is one which the header names, for a reason that
//! was given, and that each accepted job came to one end.

use crate::deeds::{self, User};
use crate::ledger::Ledger;
use crate::model::Model;
use crate::script::{Call, Deed, Kind, Script, Setup, Wait};
use jobexec::ffi::*;
use std::ffi::{CString, c_char, c_void};
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
struct Game {
    exec: *mut jobexec_executor,
    ledger: Arc<Ledger>,
    setup: Setup,
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
    fn tell(&self, of: impl FnOnce(&mut Model)) {
        if let Some(model) = &self.model {
            of(&mut model.lock().unwrap());
        }
    }

    fn capacity(&self) -> u64 {
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

    /// A payload with that deed: a pointer, or an input that begins with it.
    fn payload(&self, deed: Deed, more: [u8; 2], wait: u64) -> Option<*mut c_void> {
        if !self.setup.batches {
            return self.ledger.fresh(deed as u8);
        }
        let mut input = ptr::null_mut();
        let status = self.in_time(wait, || match wait {
            // SAFETY: the executor lives, the place is valid.
            0 => unsafe { jobexec_buffer_acquire(self.exec, &mut input) },
            // SAFETY: as above.
            _ => unsafe { jobexec_buffer_acquire_wait(self.exec, wait, &mut input) },
        });
        self.may_end(status, &[JOBEXEC_OK, if wait == 0 { JOBEXEC_FULL } else { JOBEXEC_TIMEOUT }]);
        if status != JOBEXEC_OK {
            assert!(input.is_null());
            return None;
        }
        self.ledger.take(input, true);
        // SAFETY: an input has 8 bytes.
        unsafe { input.cast::<[u8; 3]>().write([deed as u8, more[0], more[1]]) };
        Some(input)
    }

    fn put(&self, deed: Deed, wait: Wait, more: [u8; 2]) {
        let time = if let Wait::For(time) = wait { time } else { 0 };
        let Some(payload) = self.payload(deed, more, time) else { return };
        if self.setup.batches {
            self.ledger.pass_on(payload);
        }
        let mut id = u64::MAX;
        let options = options(wait);
        let waits = time > 0 || options.wait_ns > 0;
        let status = self.in_time(time.max(options.wait_ns), || match wait {
            // SAFETY: the executor lives, the places are valid.
            Wait::No => unsafe { jobexec_put(self.exec, payload, &mut id) },
            // SAFETY: as above.
            Wait::For(time) => unsafe { jobexec_put_wait(self.exec, payload, time, &mut id) },
            // SAFETY: as above.
            Wait::Other(_) => unsafe { jobexec_put_with(self.exec, payload, &options, &mut id) },
        });
        let waits = waits || matches!(wait, Wait::For(_));
        let no_limit = matches!(wait, Wait::Other(_)) && options.job_timeout_ns > 0;
        if no_limit && self.setup.job_timeout_ns == 0 {
            assert_eq!(status, JOBEXEC_ERROR_ARGUMENT);
        } else if waits {
            self.may_end(status, &[JOBEXEC_OK, JOBEXEC_TIMEOUT, JOBEXEC_ERROR_FINISHED]);
        } else {
            self.may_end(status, &[JOBEXEC_OK, JOBEXEC_FULL, JOBEXEC_ERROR_FINISHED]);
        }
        self.settle(status == JOBEXEC_OK, payload);
        if status != JOBEXEC_ERROR_ARGUMENT {
            let ids = if status == JOBEXEC_OK { &[id][..] } else { &[] };
            self.tell(|model| model.put(1, waits, status, ids));
        }
        if status == JOBEXEC_OK {
            self.ledger.ids.lock().unwrap().push(id);
        } else {
            assert_eq!(id, u64::MAX, "an output was written");
        }
    }

    fn settle(&self, is_accepted: bool, payload: *mut c_void) {
        if is_accepted {
            self.ledger.accept(payload, self.setup.batches);
        } else if self.setup.batches {
            self.ledger.take(payload, false);
        }
    }

    fn put_many(&self, deed: Deed, count: u8, wait: Wait) {
        let payloads: Vec<_> = (0..count).map_while(|_| self.payload(deed, [0; 2], 0)).collect();
        if self.setup.batches {
            for payload in &payloads {
                self.ledger.pass_on(*payload);
            }
        }
        let (mut accepted, mut first) = (u64::MAX, u64::MAX);
        let (list, count) = (payloads.as_ptr(), payloads.len() as u64);
        let status = match wait {
            Wait::For(time) => self.in_time(time, || {
                // SAFETY: the executor lives, the list has as many payloads, the places are valid.
                unsafe {
                    jobexec_put_many_wait(self.exec, list, count, time, &mut accepted, &mut first)
                }
            }),
            _ => {
                // SAFETY: as above.
                unsafe { jobexec_put_many(self.exec, list, count, &mut accepted, &mut first) }
            }
        };
        let full = if matches!(wait, Wait::For(_)) { JOBEXEC_TIMEOUT } else { JOBEXEC_FULL };
        self.may_end(status, &[JOBEXEC_OK, full, JOBEXEC_ERROR_FINISHED]);
        let accepted = if status == JOBEXEC_OK { accepted as usize } else { 0 };
        assert!(accepted <= payloads.len() && (status != JOBEXEC_OK || count == 0 || accepted > 0));
        for (index, payload) in payloads.iter().enumerate() {
            self.settle(index < accepted, *payload);
        }
        if count > 0 {
            let ids: Vec<u64> = (first..).take(accepted).collect();
            let waits = matches!(wait, Wait::For(_));
            self.tell(|model| model.put(payloads.len(), waits, status, &ids));
        }
    }

    fn poll(&self, wait: Wait) {
        // SAFETY: a result of zeros is one.
        let mut results: [jobexec_result; 3] = unsafe { std::mem::zeroed() };
        results[0].size = size_of::<jobexec_result>() as u64;
        let mut polled = u64::MAX;
        let status = match wait {
            // SAFETY: the executor lives, the places are valid.
            Wait::No => unsafe { jobexec_poll(self.exec, &mut results[0]) },
            Wait::For(time) => self.in_time(time, || {
                // SAFETY: as above.
                unsafe { jobexec_poll_wait(self.exec, time, &mut results[0]) }
            }),
            Wait::Other(byte) if byte % 2 == 0 => {
                // SAFETY: as above; there are three places.
                unsafe { jobexec_poll_many(self.exec, results.as_mut_ptr(), 3, &mut polled) }
            }
            Wait::Other(_) => self.in_time(1_000_000, || {
                let places = results.as_mut_ptr();
                // SAFETY: as above.
                unsafe { jobexec_poll_many_wait(self.exec, 1_000_000, places, 3, &mut polled) }
            }),
        };
        let waits =
            matches!(wait, Wait::For(_)) || matches!(wait, Wait::Other(byte) if byte % 2 == 1);
        let none = if waits { JOBEXEC_TIMEOUT } else { JOBEXEC_EMPTY };
        self.may_end(status, &[JOBEXEC_OK, none, JOBEXEC_END]);
        assert!(status != JOBEXEC_END || self.ledger.finished.load(SeqCst));
        let count = match wait {
            _ if status != JOBEXEC_OK => 0,
            Wait::Other(_) => polled as usize,
            _ => 1,
        };
        assert!((status == JOBEXEC_OK) == (1..=3).contains(&count), "{count}");
        let most = if matches!(wait, Wait::Other(_)) { 3 } else { 1 };
        self.tell(|model| model.poll(most, waits, status, &results[..count]));
        results[..count].iter().for_each(|result| self.deliver(result));
    }

    fn deliver(&self, result: &jobexec_result) {
        self.ledger.delivered.fetch_add(1, SeqCst);
        assert!((JOBEXEC_OUTCOME_DONE..=JOBEXEC_OUTCOME_CANCELLED).contains(&result.outcome));
        let (setup, ledger) = (&self.setup, &self.ledger);
        let is_hostile = setup.kind == Kind::Processes;
        assert!(result.outcome != JOBEXEC_OUTCOME_CRASHED || is_hostile);
        let may_time_out = (1..u64::MAX).contains(&setup.job_timeout_ns);
        let times_out = result.outcome == JOBEXEC_OUTCOME_TIMED_OUT;
        assert!(!times_out || setup.job_timeout_ns > 0);
        let is_cancelled = result.outcome == JOBEXEC_OUTCOME_CANCELLED;
        assert!(!is_cancelled || ledger.cancelled.load(SeqCst));
        if result.payload.is_null() {
            // Its thread still has it.
            assert!(times_out && setup.kind == Kind::Threads);
        } else if setup.batches {
            ledger.take(result.payload, false);
            assert!(!result.output.is_null() && result.output_bytes <= 8);
        } else {
            let deed = Deed::of(ledger.cell(result.payload).deed.load(SeqCst) as u8);
            ledger.end(result.payload);
            if !may_time_out && !times_out && !is_cancelled {
                let fails = matches!(deed, Deed::Fails | Deed::Dies | Deed::Scribbles);
                assert_eq!(result.outcome, i32::from(fails), "{deed:?}");
                assert_eq!(result.code, if fails { 7 } else { 0 });
                let tries = if fails { 1 + setup.retries * setup.retry_failed } else { 1 };
                assert_eq!(
                    result.attempts,
                    if setup.workers == 0 { result.attempts } else { tries }
                );
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

    fn inspect(&self, which: u8) {
        let exec = self.exec;
        match which % 5 {
            0 => {
                let counters = self.counters();
                let ended = outcomes(&counters);
                assert!(ended + counters.outstanding >= ended, "{ended}");
            }
            1 => {
                // SAFETY: the executor lives.
                let answer = unsafe { jobexec_is_full(exec) };
                self.may_end(answer, &[0, 1]);
                self.tell(|model| model.is_full(answer));
            }
            // SAFETY: the executor lives.
            2 => self.may_end(unsafe { jobexec_is_idle(exec) }, &[0, 1]),
            3 => {
                let mut text: [c_char; 64] = [1; 64];
                let (place, mut needed) = (text.as_mut_ptr(), 0);
                let size = usize::from(which) % 64;
                let report =
                    if which.is_multiple_of(2) { jobexec_report } else { jobexec_report_json };
                // SAFETY: the executor lives, the text has that many places.
                let status = unsafe { report(exec, place, size, &mut needed) };
                assert_eq!(status, JOBEXEC_OK);
                assert!(needed > 64 && text[size] == 1, "more than the size was written");
            }
            _ => assert!(self.capacity() > 0),
        }
    }

    /// What no program should call, and what it is told.
    #[expect(clippy::undocumented_unsafe_blocks, reason = "one comment for all of one kind")]
    fn misuse(&self, which: u8) {
        let (exec, null) = (self.exec, ptr::null_mut::<c_void>());
        let mut somewhere = 0_u64;
        let odd: *mut c_void = (&raw mut somewhere).cast();
        // SAFETY: NULL may be given everywhere, and sizes that are refused; a payload that is no
        // buffer is compared and not used.
        let status = match which % 12 {
            0 => unsafe { jobexec_put(null.cast(), odd, ptr::null_mut()) },
            1 => unsafe { jobexec_poll(exec, ptr::null_mut()) },
            2 => unsafe { jobexec_put_with(exec, odd, ptr::null(), ptr::null_mut()) },
            3 => unsafe { jobexec_put_with(exec, odd, (&raw const somewhere).cast(), null.cast()) },
            4 => unsafe { jobexec_poll(exec, odd.cast()) },
            5 => unsafe { jobexec_stats(exec, odd.cast()) },
            6 => unsafe { jobexec_buffer_release(exec, odd) },
            7 => unsafe { jobexec_buffer_set_input(exec, odd, 1) },
            8 => unsafe { jobexec_buffer_acquire(exec, ptr::null_mut()) },
            9 => unsafe { jobexec_put_many(exec, ptr::null(), 3, &mut 0, null.cast()) },
            10 => unsafe { jobexec_event_fd(exec, ptr::null_mut()) },
            _ => unsafe { jobexec_close(null.cast(), 0) },
        };
        assert!(status < 0, "misuse {which}: {status}");
        assert_eq!(somewhere, 0, "misuse {which} wrote");
    }

    /// A status that is expected, or one that tells of an end which has a cause.
    fn may_end(&self, status: jobexec_status, expected: &[jobexec_status]) {
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
    fn in_time<R>(&self, timeout_ns: u64, call: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let answer = call();
        let took = start.elapsed();
        assert!(took < Duration::from_nanos(timeout_ns) + SLACK, "{took:?}");
        answer
    }

    fn counters(&self) -> jobexec_counters {
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

fn outcomes(counters: &jobexec_counters) -> u64 {
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

fn options(wait: Wait) -> jobexec_put_options {
    let byte = if let Wait::Other(byte) = wait { byte } else { 0 };
    jobexec_put_options {
        size: size_of::<jobexec_put_options>() as u64,
        job_timeout_ns: [0, 3_000_000][usize::from(byte % 2)],
        wait_ns: [0, 1_000_000][usize::from(byte / 2 % 2)],
    }
}

fn last_error() -> CString {
    // SAFETY: never NULL.
    unsafe { std::ffi::CStr::from_ptr(jobexec_last_error()) }.to_owned()
}

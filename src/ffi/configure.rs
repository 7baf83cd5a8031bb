//! The configuration from C and to C: its defaults, and how its shape and its fields are checked.

use super::config::*;
use super::error::{answer, null};
use super::sized;
use super::status::jobexec_status;
use crate::config::{Config, MAX_STAGES, MAX_WORKERS, Pages, Pinning, Waiting, Workers};
use crate::status::{Error, Status};

/// Fills a configuration with defaults. size must be set before; every byte behind it is
/// overwritten.
///
/// Threads: any. Ownership: nothing is kept. Blocks: never.
/// Answers: JOBEXEC_OK, JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_SIZE.
///
/// # Safety
/// `config` is NULL or points to as many writable bytes as its size says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_config_init(config: *mut jobexec_config) -> jobexec_status {
    answer(|| {
        // SAFETY: the caller promises a readable structure, or NULL.
        let size = unsafe { sized::size(config) }?;
        // SAFETY: the caller promises `size` writable bytes.
        unsafe { sized::write(config, size, &defaults()) };
        Ok(())
    })
}

/// How many jobs may be in flight, and wait, in an executor of that many workers: in_flight is
/// results, or results_per_worker * max(workers, 1) where that is 0; queued is queue_per_worker *
/// max(workers, 1), and never more than in_flight. Either output may be NULL.
///
/// Threads: any. Ownership: nothing is kept. Blocks: never.
/// Answers: JOBEXEC_OK, JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_SIZE, JOBEXEC_ERROR_ARGUMENT.
///
/// # Safety
/// The pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_config_capacity(
    config: *const jobexec_config,
    workers: u32,
    in_flight: *mut u64,
    queued: *mut u64,
) -> jobexec_status {
    answer(|| {
        // SAFETY: the caller promises a valid structure, or NULL.
        let config = unsafe { read(config) }?;
        if workers as usize > MAX_WORKERS {
            let text = format!("{workers} workers are more than {MAX_WORKERS}");
            return Err(Error::new(Status::InvalidArgument, text));
        }
        let capacity = plain(&config).capacity(workers as usize)?;
        // SAFETY: the caller promises valid places, or NULL.
        if let Some(place) = unsafe { in_flight.as_mut() } {
            *place = capacity.in_flight as u64;
        }
        // SAFETY: as above.
        if let Some(place) = unsafe { queued.as_mut() } {
            *place = capacity.queued as u64;
        }
        Ok(())
    })
}

/// Copies a configuration out of the caller's memory, checked as far as its shape goes.
///
/// # Safety
/// `config` is NULL or points to as many readable bytes as its size says.
pub(super) unsafe fn read(config: *const jobexec_config) -> Result<jobexec_config, Error> {
    // SAFETY: the caller's promise.
    unsafe { sized::read(config, defaults()) }
}

/// The configuration as the rest of the library knows it.
///
/// # Safety
/// `cpus` points to `cpu_count` numbers, where pinning is by a list; `stages` to `stage_count`.
pub(super) unsafe fn convert(config: &jobexec_config) -> Result<Config, Error> {
    let pinning = match config.pinning {
        JOBEXEC_PIN_AUTO => Pinning::Auto,
        JOBEXEC_PIN_OFF => Pinning::Off,
        JOBEXEC_PIN_LIST if config.cpus.is_null() => return Err(null("cpus")),
        JOBEXEC_PIN_LIST if config.cpu_count as usize > MAX_WORKERS => {
            let text = format!("{} CPUs are listed, more than {MAX_WORKERS}", config.cpu_count);
            return Err(Error::new(Status::InvalidArgument, text));
        }
        JOBEXEC_PIN_LIST => {
            // SAFETY: the caller's promise.
            let cpus =
                unsafe { std::slice::from_raw_parts(config.cpus, config.cpu_count as usize) };
            Pinning::Cpus(cpus.iter().map(|cpu| *cpu as usize).collect())
        }
        other => {
            let text = format!("pinning is {other}, which is none of JOBEXEC_PIN_");
            return Err(Error::new(Status::InvalidArgument, text));
        }
    };
    let wait_until_workers_run = flag("wait_until_workers_run", config.wait_until_workers_run)?;
    let timing = flag("timing", config.timing)?;
    let prefault = flag("prefault", config.prefault)?;
    let ordered = flag("ordered", config.ordered)?;
    let retry_failed = flag("retry_failed", config.retry_failed)?;
    let pages = match config.pages {
        JOBEXEC_PAGES_NORMAL => Pages::Normal,
        JOBEXEC_PAGES_TRANSPARENT => Pages::Transparent,
        JOBEXEC_PAGES_HUGE => Pages::Huge,
        other => {
            let text = format!("pages is {other}, which is none of JOBEXEC_PAGES_");
            return Err(Error::new(Status::InvalidArgument, text));
        }
    };
    let waiting = match config.waiting {
        JOBEXEC_WAITING_BALANCED => Waiting::Balanced,
        JOBEXEC_WAITING_LATENCY => Waiting::Latency,
        JOBEXEC_WAITING_POWER => Waiting::Power,
        other => {
            let text = format!("waiting is {other}, which is none of JOBEXEC_WAITING_");
            return Err(Error::new(Status::InvalidArgument, text));
        }
    };
    if config.reserved != 0 {
        let text = format!("reserved is {}, not 0", config.reserved);
        return Err(Error::new(Status::InvalidArgument, text));
    }
    let stages = match config.stage_count as usize {
        0 => Vec::new(),
        _ if config.stages.is_null() => return Err(null("stages")),
        count if count > MAX_STAGES => {
            let text = format!("{count} stages are more than {MAX_STAGES}");
            return Err(Error::new(Status::InvalidArgument, text));
        }
        count => {
            // SAFETY: the caller's promise.
            let counts = unsafe { std::slice::from_raw_parts(config.stages, count) };
            counts.iter().map(|count| *count as usize).collect()
        }
    };
    let plain = plain(config);
    Ok(Config {
        waiting,
        pinning,
        wait_until_workers_run,
        timing,
        pages,
        prefault,
        ordered,
        retry_failed,
        stages,
        ..plain
    })
}

/// The fields that need no check of their own.
fn plain(config: &jobexec_config) -> Config {
    Config {
        workers: match config.workers {
            JOBEXEC_WORKERS_AUTO => Workers::Auto,
            count => Workers::Count(count as usize),
        },
        queue_per_worker: config.queue_per_worker as usize,
        results_per_worker: config.results_per_worker as usize,
        results: config.results as usize,
        seed: config.seed,
        reserve_cores: config.reserve_cores as usize,
        local_rank: config.local_rank as usize,
        local_size: config.local_size as usize,
        spin_ns: config.spin_ns,
        max_restarts: config.max_restarts,
        restart_window_ns: config.restart_window_ns,
        restart_backoff_ns: config.restart_backoff_ns,
        retries: config.retries,
        first_session: config.first_session,
        first_number: config.first_number,
        stall_report_ns: config.stall_report_ns,
        job_timeout_ns: config.job_timeout_ns,
        cancel_kill_ns: config.cancel_kill_ns,
        abandon_after_ns: config.abandon_after_ns,
        max_abandoned: config.max_abandoned,
        retry_backoff_ns: config.retry_backoff_ns,
        trace_jobs: config.trace_jobs as usize,
        input_bytes: config.input_bytes as usize,
        output_bytes: config.output_bytes as usize,
        ..Config::default()
    }
}

fn defaults() -> jobexec_config {
    let config = Config::default();
    jobexec_config {
        size: size_of::<jobexec_config>() as u64,
        workers: JOBEXEC_WORKERS_AUTO,
        queue_per_worker: config.queue_per_worker as u32,
        results_per_worker: config.results_per_worker as u32,
        results: config.results as u32,
        wait_until_workers_run: config.wait_until_workers_run.into(),
        timing: config.timing.into(),
        seed: config.seed,
        spin_ns: config.spin_ns,
        max_restarts: config.max_restarts,
        pinning: JOBEXEC_PIN_AUTO,
        cpus: std::ptr::null(),
        cpu_count: 0,
        reserve_cores: config.reserve_cores as u32,
        local_rank: config.local_rank as u32,
        local_size: config.local_size as u32,
        transform: None,
        worker_init: None,
        worker_exit: None,
        discard: None,
        log: None,
        user: std::ptr::null_mut(),
        user_destructor: None,
        input_bytes: config.input_bytes as u64,
        output_bytes: config.output_bytes as u64,
        pages: JOBEXEC_PAGES_TRANSPARENT,
        prefault: config.prefault.into(),
        allocate: None,
        deallocate: None,
        memory_user: std::ptr::null_mut(),
        worker_kind: JOBEXEC_WORKERS_ARE_THREADS,
        worker_output: JOBEXEC_OUTPUT_INHERIT,
        argv: std::ptr::null(),
        env: std::ptr::null(),
        worker_start_timeout_ns: 60_000_000_000,
        restart_window_ns: config.restart_window_ns,
        restart_backoff_ns: config.restart_backoff_ns,
        retries: config.retries,
        waiting: JOBEXEC_WAITING_BALANCED,
        stall_report_ns: config.stall_report_ns,
        ordered: config.ordered.into(),
        first_session: config.first_session,
        first_number: config.first_number,
        job_timeout_ns: config.job_timeout_ns,
        cancel_kill_ns: config.cancel_kill_ns,
        abandon_after_ns: config.abandon_after_ns,
        max_abandoned: config.max_abandoned,
        retry_failed: config.retry_failed.into(),
        retry_backoff_ns: config.retry_backoff_ns,
        trace_jobs: config.trace_jobs as u64,
        stages: std::ptr::null(),
        stage_count: 0,
        reserved: 0,
    }
}

fn flag(name: &str, value: u32) -> Result<bool, Error> {
    if value > 1 {
        let text = format!("{name} is {value}, not 0 or 1");
        return Err(Error::new(Status::InvalidArgument, text));
    }
    Ok(value == 1)
}

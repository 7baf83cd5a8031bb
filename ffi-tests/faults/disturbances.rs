//! What happens beside an executor: a slow log, clocks that are set, affinity that is changed.

use crate::host::{Account, HANG, Host, Kind, PRINT, WORK, config};
use crate::killer::Random;
use jobexec::{Config, Pinning};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

/// An option: the machine's clock may be set, an hour on and back.
pub(crate) const STEP: &str = "--step-clock";
/// That a child may.
pub(crate) const MAY_STEP: &str = "JOBEXEC_STEP_CLOCK";

/// Each line takes as long as a disk that is busy.
pub(crate) fn slow_log(scale: u64) -> Option<Account> {
    let lines = Arc::new(AtomicU64::new(0));
    let counted = lines.clone();
    let log = move |_, _: &str| {
        counted.fetch_add(1, SeqCst);
        thread::park_timeout(Duration::from_millis(20));
    };
    let mut host = Host::start_logging(Kind::Processes, &config(2), log).expect("it starts");
    let end = Instant::now() + Duration::from_millis(500 * scale);
    while Instant::now() < end {
        host.turn(|number| if number % 3 == 0 { PRINT } else { WORK });
    }
    assert!(lines.load(SeqCst) > 10, "nothing was logged");
    // What they have printed takes longer than that to be logged.
    Some(host.close_within(Duration::from_millis(100)))
}

/// CLOCK_REALTIME goes an hour on and back, while jobs have deadlines and calls wait.
pub(crate) fn clock_steps(_: u64) -> Option<Account> {
    std::env::var_os(MAY_STEP)?;
    let step = |seconds: i64| {
        let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the place is valid.
        unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &mut now) };
        now.tv_sec += seconds;
        // SAFETY: the structure is valid.
        unsafe { libc::clock_settime(libc::CLOCK_REALTIME, &now) == 0 }
    };
    if !step(0) {
        return None;
    }
    let mut account = Account::default();
    for kind in [Kind::Threads, Kind::Processes] {
        let config = Config { job_timeout_ns: 5_000_000, ..config(2) };
        let mut host = Host::start(kind, &config).expect("it starts");
        for seconds in [3600, -3600, -3600, 3600] {
            assert!(step(seconds));
            for _ in 0..5 {
                host.turn(|number| if number % 50 == 0 { HANG } else { WORK });
            }
        }
        account.add(&host.end());
    }
    Some(account)
}

/// All threads of this process are moved about.
pub(crate) fn affinity(scale: u64) -> Option<Account> {
    let mut account = Account::default();
    // SAFETY: a set of zeros is one.
    let mut allowed: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the place is valid.
    unsafe { libc::sched_getaffinity(0, size_of_val(&allowed), &mut allowed) };
    // SAFETY: numbers below the set's size.
    let is_allowed = |cpu: &usize| unsafe { libc::CPU_ISSET(*cpu, &allowed) };
    let cpus: Vec<usize> = (0..1024).filter(is_allowed).collect();
    for kind in [Kind::Threads, Kind::Processes] {
        let config = Config { pinning: Pinning::Auto, ..config(2) };
        let mut host = Host::start(kind, &config).expect("it starts");
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut random = Random(17);
                let end = Instant::now() + Duration::from_millis(300 * scale);
                while Instant::now() < end {
                    let tasks = std::fs::read_dir("/proc/self/task").expect("threads").flatten();
                    for task in tasks {
                        let number = task.file_name().to_string_lossy().parse().expect("a number");
                        let cpu = cpus[random.below(cpus.len() as u64) as usize];
                        // SAFETY: a set of zeros is one.
                        let mut one: libc::cpu_set_t = unsafe { std::mem::zeroed() };
                        // SAFETY: a number below the set's size.
                        unsafe { libc::CPU_SET(cpu, &mut one) };
                        // SAFETY: the structure is valid. A thread that has ended is refused.
                        unsafe { libc::sched_setaffinity(number, size_of_val(&one), &one) };
                    }
                }
                is_over.store(true, SeqCst);
            });
            host.turn_until(|_| is_over.load(SeqCst));
        });
        // SAFETY: the structure is valid.
        unsafe { libc::sched_setaffinity(0, size_of_val(&allowed), &allowed) };
        account.add(&host.end());
    }
    Some(account)
}

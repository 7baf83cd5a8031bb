//! Workers that share a CPU: whoever is at work there goes on first, and yet nobody waits for ever.

mod support;

use jobexec::{Config, JobContext, Outcome, Pinning};
use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use support::{Answer, PATIENCE, config, next, start, until};

/// So many workers on one CPU: those that only run jobs, and those that also watch over them.
fn crowded(workers: usize) -> [Config; 2] {
    let cpus = vec![core_affinity::get_core_ids().unwrap()[0].id];
    let plain = Config { pinning: Pinning::Cpus(cpus), ..config(workers) };
    [Config { timing: true, job_timeout_ns: 600_000_000_000, ..plain.clone() }, plain]
}

/// A job that computes until another has run, which must have its turn.
#[test]
fn a_job_that_computes_does_not_keep_the_core_for_ever() {
    for config in crowded(2) {
        let (began, ran) = (Arc::new(AtomicBool::new(false)), AtomicBool::new(false));
        let has_begun = began.clone();
        let executor = start(&config, move |is_first: &mut bool, _: &JobContext<'_>| {
            began.store(true, SeqCst);
            let end = Instant::now() + PATIENCE / 2;
            while *is_first && !ran.load(SeqCst) && Instant::now() < end {
                spin_loop();
            }
            *is_first = ran.swap(true, SeqCst);
            Answer::Ok(())
        });
        executor.put(Box::new(true)).unwrap();
        until(|| has_begun.load(SeqCst));
        executor.put(Box::new(false)).unwrap();
        for (number, saw_the_other) in [(1, false), (0, true)] {
            let result = next(&executor);
            assert_eq!((result.number, result.outcome), (number, Outcome::Done));
            assert_eq!(*result.payload.unwrap(), saw_the_other);
        }
        let stats = executor.stats();
        assert_eq!((stats.accepted, stats.done, stats.outstanding), (2, 2, 0));
    }
}

/// A host that has waited, and then computes until a job has run.
#[test]
fn a_host_that_computes_does_not_keep_the_core_for_ever() {
    for config in crowded(core_affinity::get_core_ids().unwrap().len()) {
        let ran = Arc::new(AtomicUsize::new(0));
        let seen = ran.clone();
        let executor = start(&config, move |_: &mut (), _: &JobContext<'_>| {
            ran.fetch_add(1, SeqCst);
            Answer::Ok(())
        });
        core_affinity::set_for_current(core_affinity::get_core_ids().unwrap()[0]);
        for round in 1..=3 {
            executor.put(Box::default()).unwrap();
            assert_eq!(next(&executor).outcome, Outcome::Done);
            executor.put(Box::default()).unwrap();
            let end = Instant::now() + PATIENCE;
            while seen.load(SeqCst) < 2 * round {
                assert!(Instant::now() < end, "the job does not run");
                spin_loop();
            }
            assert_eq!(next(&executor).outcome, Outcome::Done);
        }
        let stats = executor.stats();
        assert_eq!((stats.accepted, stats.done, stats.outstanding), (6, 6, 0));
    }
}

/// A job that waits in the kernel leaves the core to others: all are under way at once.
#[test]
fn a_job_that_sleeps_keeps_nobody() {
    let workers = 4;
    for config in crowded(workers) {
        let (count, all_here) = (Mutex::new(0), Condvar::new());
        let meet = move |has_met: &mut bool, _: &JobContext<'_>| -> Answer {
            let mut here = count.lock().unwrap();
            *here += 1;
            all_here.notify_all();
            let round = (*here - 1) / workers;
            let patience = PATIENCE / 2;
            let missing = |here: &mut usize| *here < (round + 1) * workers;
            let (_here, wait) = all_here.wait_timeout_while(here, patience, missing).unwrap();
            *has_met = !wait.timed_out();
            Ok(())
        };
        let executor = start(&config, meet);
        let rounds = 50;
        for _ in 0..rounds {
            (0..workers).for_each(|_| _ = executor.put(Box::new(false)).unwrap());
            for _ in 0..workers {
                let result = next(&executor);
                assert_eq!(result.outcome, Outcome::Done);
                assert!(*result.payload.unwrap(), "jobs wait for a core that nobody uses");
            }
        }
        let (stats, jobs) = (executor.stats(), (rounds * workers) as u64);
        assert_eq!((stats.accepted, stats.done, stats.outstanding), (jobs, jobs, 0));
        executor.close(Duration::from_secs(20)).unwrap();
    }
}

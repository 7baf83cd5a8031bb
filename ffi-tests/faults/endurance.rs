//! What shows only after long: many starts, many jobs.

use crate::host::{Account, Host, Kind, PATIENCE, WORK, config};
use jobexec::{Config, Executor, JobContext, Pinning, Status, Workers};
use std::time::{Duration, Instant};

pub(crate) fn cycles(scale: u64) -> Option<Account> {
    let mut account = Account::default();
    for cycle in 0..1000 * scale {
        let kind = if cycle % 100 == 0 { Kind::Processes } else { Kind::Threads };
        let mut host = Host::start(kind, &config(2)).expect("it starts");
        host.turn(|_| WORK);
        account.add(&if cycle % 2 == 0 { host.end() } else { host.close() });
    }
    Some(account)
}

/// Small ones, with plain pointers. Each payload knows how often it came.
pub(crate) fn jobs(scale: u64) -> Option<Account> {
    let config = Config {
        workers: Workers::Count(2),
        pinning: Pinning::Off,
        results: 1024,
        ..Config::default()
    };
    let transform = |payload: &mut u64, _: &JobContext<'_>| {
        *payload += 1;
        Ok(())
    };
    let executor = Executor::start(&config, transform, PATIENCE).expect("it starts");
    let total = 1_000_000 * scale;
    let mut account = Account::default();
    let (mut spare, mut sum) = (Vec::new(), 0);
    (0..1024).for_each(|_| spare.push(Box::new(0_u64)));
    while account.outcomes < total {
        while account.accepted < total
            && let Some(mut payload) = spare.pop()
        {
            *payload = account.accepted;
            let start = Instant::now();
            let answer = executor.put(payload);
            account.late = account.late.max(start.elapsed());
            match answer {
                Ok(_) => account.accepted += 1,
                Err(refused) => {
                    assert_eq!(refused.status, Status::Full);
                    spare.push(refused.payload);
                    break;
                }
            }
        }
        let wait = Duration::from_secs(1);
        let start = Instant::now();
        let mut next = executor.poll_wait(wait);
        account.late = account.late.max(start.elapsed().saturating_sub(wait));
        while let Ok(result) = next {
            let payload = result.payload.expect("it is not set aside");
            sum += *payload;
            account.outcomes += 1;
            spare.push(payload);
            next = executor.poll();
        }
    }
    // Each number once, and one more.
    account.lost = total - account.outcomes;
    account.doubled = u64::from(sum != total * (total - 1) / 2 + total);
    executor.close(PATIENCE).expect("it closes");
    let stats = executor.stats();
    assert_eq!((stats.accepted, stats.done, stats.outstanding), (total, total, 0));
    Some(account)
}

//! Workers and hosts that are killed, or stopped for a while, at random moments.

use crate::host::{Account, Host, Kind, PATIENCE, WORK, config};
use crate::killer::{Random, children, kill_many, send};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

/// A process called with this is a host that works until it is killed or its input ends.
pub(crate) const VICTIM: &str = "--victim";

pub(crate) fn workers_killed(scale: u64) -> Option<Account> {
    let mut host = Host::start(Kind::Processes, &config(3)).expect("it starts");
    let (killed, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            kill_many(100 * scale, PATIENCE, &mut Random(7), &killed);
            is_over.store(true, SeqCst);
        });
        host.turn_until(|_| is_over.load(SeqCst));
    });
    Some(host.end())
}

pub(crate) fn workers_stopped(scale: u64) -> Option<Account> {
    let mut host = Host::start(Kind::Processes, &config(3)).expect("it starts");
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut random = Random(9);
            for _ in 0..30 * scale {
                let workers = children();
                let Some(worker) = workers.get(random.below(workers.len() as u64) as usize) else {
                    continue;
                };
                send(worker.0, worker.1, libc::SIGSTOP);
                thread::park_timeout(Duration::from_millis(random.below(30)));
                send(worker.0, worker.1, libc::SIGCONT);
            }
            // One that is stopped must not hold up the end.
            if let Some(worker) = children().first() {
                send(worker.0, worker.1, libc::SIGSTOP);
            }
            is_over.store(true, SeqCst);
        });
        host.turn_until(|_| is_over.load(SeqCst));
    });
    Some(host.close_within(Duration::from_millis(100)))
}

/// A host that works, with processes as workers, and says so.
fn victim() -> Child {
    let mut command = Command::new("/proc/self/exe");
    command.arg(VICTIM).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut first = [0];
    child.stdout.as_mut().expect("a pipe").read_exact(&mut first).expect("it works");
    child
}

pub(crate) fn be_the_host() -> ExitCode {
    let over = thread::spawn(|| std::io::stdin().read_to_end(&mut Vec::new()));
    let mut host = Host::start(Kind::Processes, &config(2)).expect("it starts");
    host.turn(|_| WORK);
    println!();
    host.turn_until(|_| over.is_finished());
    println!("{}", host.end());
    ExitCode::SUCCESS
}

/// The processes whose parent that one is.
fn workers_of(pid: u32) -> Vec<u32> {
    let path = format!("/proc/{pid}/task");
    let tasks = std::fs::read_dir(path).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().flat_map(str::parse).collect::<Vec<_>>())
        .collect()
}

/// Its workers end with it, and nothing of it stays.
pub(crate) fn host_killed(scale: u64) -> Option<Account> {
    let mut random = Random(11);
    let mut account = Account::default();
    for _ in 0..10 * scale {
        let mut child = victim();
        let workers = workers_of(child.id());
        assert_eq!(workers.len(), 2);
        thread::park_timeout(Duration::from_micros(random.below(5000)));
        child.kill().expect("it lives");
        child.wait().expect("it was ours");
        let start = Instant::now();
        let is_there = |pid: &u32| {
            std::fs::read_to_string(format!("/proc/{pid}/stat"))
                .is_ok_and(|stat| !stat.contains(") Z") && stat.contains("faults"))
        };
        while workers.iter().any(is_there) {
            assert!(start.elapsed() < PATIENCE, "workers without a host");
            thread::yield_now();
        }
        account.late = account.late.max(start.elapsed());
    }
    Some(account)
}

/// It is late by as long as it was stopped, and that is all.
pub(crate) fn host_stopped(scale: u64) -> Option<Account> {
    let mut random = Random(13);
    let mut child = victim();
    for _ in 0..30 * scale {
        for (signal, most) in [(libc::SIGSTOP, 30), (libc::SIGCONT, 10)] {
            // SAFETY: the call takes numbers; the child was not waited for.
            unsafe { libc::kill(child.id() as i32, signal) };
            thread::park_timeout(Duration::from_millis(random.below(most)));
        }
    }
    drop(child.stdin.take());
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let said = lines.map_while(Result::ok).last().expect("an account");
    assert!(child.wait().expect("it was ours").success());
    let mut numbers = said.split(" | ");
    let mut next = || numbers.next().and_then(|text| text.parse::<f64>().ok()).expect("a number");
    let [accepted, outcomes, lost, doubled] = [(); 4].map(|()| next() as u64);
    let [_, _, late] = [(); 3].map(|()| next());
    let late = Duration::from_secs_f64(late / 1e3);
    Some(Account { accepted, outcomes, lost, doubled, late, ..Account::default() })
}

//! What goes wrong around an executor, and what that does to it. Each fault is a process of its own,
//! since limits and signals are a process's; it says what became of its jobs, and all of them make a
//! table.
//!
//! `cargo test --release --test faults` runs short forms; with `-- --full` behind it each is as long
//! as docs/faults.md says, and the table is the one that stands there. A name runs that fault alone.

mod disturbances;
mod endurance;
mod host;
#[path = "../rust/killer.rs"]
mod killer;
mod limits;
mod signals;

use host::{Account, Holdings, Host, Kind, config};
use std::io::Write;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use std::{env, io};

/// A name, and what is done. It is given how many times as long as the short form it runs.
struct Fault {
    name: &'static str,
    run: fn(scale: u64) -> Option<Account>,
    /// How many times the short form the full one is.
    full: u64,
}

const FAULTS: [Fault; 16] = [
    Fault { name: "workers killed at random", run: signals::workers_killed, full: 50 },
    Fault { name: "host killed at random", run: signals::host_killed, full: 20 },
    Fault { name: "workers stopped and continued", run: signals::workers_stopped, full: 10 },
    Fault { name: "host stopped and continued", run: signals::host_stopped, full: 10 },
    Fault { name: "memory limit, threads", run: limits::memory_of_threads, full: 8 },
    Fault { name: "memory limit, processes", run: limits::memory_of_processes, full: 8 },
    Fault { name: "descriptor limit", run: limits::descriptors, full: 1 },
    Fault { name: "full /dev/shm", run: limits::shared_memory, full: 1 },
    Fault { name: "threads refused at the start", run: limits::threads_at_start, full: 1 },
    Fault { name: "threads refused later", run: limits::threads_later, full: 1 },
    Fault { name: "processes refused later", run: limits::processes_later, full: 1 },
    Fault { name: "slow log callback", run: disturbances::slow_log, full: 10 },
    Fault { name: "clock steps", run: disturbances::clock_steps, full: 1 },
    Fault { name: "affinity changed under way", run: disturbances::affinity, full: 10 },
    Fault { name: "starts and closes", run: endurance::cycles, full: 100 },
    Fault { name: "many jobs", run: endurance::jobs, full: 100 },
];

/// What a child is called with: the name, and the scale.
const ONE: &str = "--one";
/// For one fault.
const LIMIT: Duration = Duration::from_secs(900);

fn main() -> ExitCode {
    host::serve_if_worker();
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [option, name, scale] = &arguments[..]
        && option == ONE
    {
        return one(name, scale.parse().expect("a number"));
    }
    if arguments.first().is_some_and(|first| first == signals::VICTIM) {
        return signals::be_the_host();
    }
    let is_full = arguments.iter().any(|argument| argument == "--full");
    let step = arguments.iter().any(|argument| argument == disturbances::STEP);
    let mut named = arguments.iter().filter(|argument| !argument.starts_with('-')).peekable();
    let is_all = named.peek().is_none();
    let named: Vec<&String> = named.collect();
    println!(
        "| fault | accepted | outcomes | lost | doubled | descriptors left | bytes left | ms late |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let mut fails = false;
    for fault in &FAULTS {
        if is_all || named.iter().any(|part| fault.name.contains(part.as_str())) {
            fails |= !row(fault, if is_full { fault.full } else { 1 }, step);
        }
    }
    ExitCode::from(u8::from(fails))
}

/// Runs a fault in a process of its own, and prints its row.
fn row(fault: &Fault, scale: u64, step: bool) -> bool {
    let mut command = Command::new("/proc/self/exe");
    command.args([ONE, fault.name, &scale.to_string()]).stdout(Stdio::piped());
    // What threads keep of free memory, or of addresses for more, is not taken for lost.
    command.env("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1");
    if step {
        command.env(disturbances::MAY_STEP, "1");
    }
    let start = Instant::now();
    let child = command.stdin(Stdio::null()).spawn().expect("it starts");
    let pid = child.id();
    let (done, waits) = std::sync::mpsc::channel::<()>();
    let guard = std::thread::spawn(move || {
        if waits.recv_timeout(LIMIT) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            // SAFETY: the call takes numbers; the child was not waited for yet.
            unsafe { libc::kill(pid as i32, libc::SIGKILL) };
        }
    });
    let output = child.wait_with_output().expect("it ends");
    let _ = done.send(());
    guard.join().expect("it watched");
    let said = String::from_utf8_lossy(&output.stdout);
    let said = said.lines().last().unwrap_or("").trim();
    let time = start.elapsed().as_secs();
    let ends =
        if output.status.success() { String::new() } else { format!(" FAILED: {}", output.status) };
    println!("| {} | {said} |{ends}", fault.name);
    eprintln!("  ({time} s)");
    let _ = io::stdout().flush();
    output.status.success()
}

/// The child: the fault, and what it leaves.
fn one(name: &str, scale: u64) -> ExitCode {
    let fault = FAULTS.iter().find(|fault| fault.name == name).expect("a fault");
    // What the first executor of a process leaves is the standard library's.
    for kind in [Kind::Threads, Kind::Processes] {
        let mut host = Host::start(kind, &config(2)).expect("it starts");
        host.turn(|_| host::WORK);
        host.end();
    }
    let before = Holdings::now();
    let Some(mut account) = (fault.run)(scale) else {
        println!("not possible here | | | | | |");
        return ExitCode::SUCCESS;
    };
    before.left(&mut account);
    println!("{account}");
    ExitCode::from(u8::from(!account.is_fine()))
}

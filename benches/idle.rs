//! What an executor costs while nothing happens: two workers sleep, and a thread waits for a
//! result. Not a timing: the kernel's own counts.

mod peers;
mod rounds;
mod tasks;

use peers::{Channels, Cpus, Ours, Pool, Rayon, Task};
use rounds::{median, quantile, sized};
use std::time::{Duration, Instant};

const WORKERS: usize = 2;

/// CPU time that this process has used, in microseconds.
fn cpu_us() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for one timespec.
    let rc = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    assert_eq!(rc, 0);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

/// CPU microseconds of the process per second in which the calling thread sleeps.
fn idle_cost() -> Vec<f64> {
    let nap = sized(Duration::from_secs(1), Duration::from_millis(100));
    let one = |_| {
        let (start, before) = (Instant::now(), cpu_us());
        std::thread::sleep(nap);
        (cpu_us() - before) / start.elapsed().as_secs_f64()
    };
    (0..5).map(one).collect()
}

/// The row of a pool, and how often its workers were on a CPU meanwhile.
fn measure<P: Pool>(name: &str, start: impl FnOnce() -> P) -> (Vec<String>, u64) {
    let (pool, workers) = tasks::left_by(start);
    peers::drive(&pool, 4, 1_000);
    let measured = std::thread::scope(|scope| {
        let ((), poller) = tasks::left_by(|| {
            scope.spawn(|| assert_eq!(pool.get().number, 7));
        });
        std::thread::sleep(Duration::from_millis(50)); // Whoever looks a while before it sleeps.
        tasks::await_sleep(&workers);
        tasks::await_sleep(&poller);
        let counts = || [&workers, &poller].map(|tasks| tasks::voluntary_switches(tasks));
        let before = counts();
        let cost = idle_cost();
        let after = counts();
        pool.put(Task::new(7)); // The poller goes home.
        let switches = [after[0] - before[0], after[1] - before[1]];
        let mut row = row(name, &cost);
        row.extend(switches.map(|count| count.to_string()));
        (row, switches[0])
    });
    pool.check(1);
    measured
}

fn row(name: &str, cost: &[f64]) -> Vec<String> {
    let (low, high) = (quantile(cost, 0.1), quantile(cost, 0.9));
    vec![name.to_owned(), format!("{:.1} ({low:.1}..{high:.1})", median(cost))]
}

fn main() {
    let cpus = &Cpus::read();
    let heads = ["", "CPU us / idle s", "switches of the workers", "of the poller"];
    let mut nothing = row("nothing but the host asleep", &idle_cost());
    nothing.extend(["-", "-"].map(String::from));
    let (ours, switches) = measure("ours", || Ours::start(&peers::config(WORKERS, 4, cpus)));
    assert_eq!(switches, 0, "a worker of an idle executor woke up");
    let (channels, _) = measure("channels", || Channels::start(WORKERS, 4, cpus));
    let (rayon, _) = measure("rayon", || Rayon::start(WORKERS, 4, cpus));
    let table = [heads.map(String::from).to_vec(), nothing, ours, channels, rayon];
    rounds::print("idle: median (10th..90th percentile)", &table);
}

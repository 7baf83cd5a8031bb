//! One job to an executor that sleeps: from the put to the return of poll_wait. That is two
//! hops, each to a thread that sleeps in the kernel, as in the floor.
//!
//! Two things go below the floor: a poller that still looks when its result comes makes it one
//! hop, and a worker on the host's own CPU is woken without a signal to another one. The first
//! is counted and printed; the second may happen with as many workers as CPUs.

mod floors;
mod peers;
mod rounds;
mod tasks;

use floors::FutexPair;
use jobexec::Config;
use peers::{Channels, Cpus, Ours, Pool, Rayon, Task};
use rounds::{Contestant, quantile, ratio, sized};
use tasks::sleeper;

/// A pool or a pair of threads, and the threads that must sleep before a sample.
type Sleeper<P> = (P, Vec<String>);

/// All that wake up, with so many workers.
struct Setup {
    workers: usize,
    no_spin: Sleeper<Ours>,
    spin: Sleeper<Ours>,
    channels: Sleeper<Channels>,
    rayon: Sleeper<Rayon>,
    futex: Sleeper<FutexPair>,
}

impl Setup {
    fn start(workers: usize, cpus: &Cpus) -> Setup {
        let config = peers::config(workers, 4, cpus);
        let no_spin = Config { spin_ns: 0, ..config.clone() };
        Setup {
            workers,
            no_spin: tasks::left_by(|| Ours::start(&no_spin)),
            spin: tasks::left_by(|| Ours::start(&config)),
            channels: tasks::left_by(|| Channels::start(workers, 4, cpus)),
            rayon: tasks::left_by(|| Rayon::start(workers, 4, cpus)),
            futex: tasks::left_by(|| FutexPair::start(cpus.worker(0))),
        }
    }

    fn contestants(&self) -> Vec<Contestant<'_>> {
        vec![
            pool("ours, no spin", &self.no_spin),
            pool("ours, default spin", &self.spin),
            pool("channels", &self.channels),
            pool("rayon", &self.rayon),
            sleeper("futex pair", &self.futex.1, || self.futex.0.round_trip()),
        ]
    }
}

fn pool<'a>(name: &'static str, (pool, tasks): &'a Sleeper<impl Pool>) -> Contestant<'a> {
    sleeper(name, tasks, || {
        pool.put(Task::new(7));
        assert_eq!(pool.get().number, 7);
    })
}

fn main() {
    let cpus = Cpus::read();
    let setups = [1, 2].map(|workers| Setup::start(workers, &cpus));
    cpus.pin_host();

    let mut criterion = rounds::criterion();
    for setup in &setups {
        let name = format!("wake_up workers {}", setup.workers);
        rounds::group(&mut criterion, &name, &mut setup.contestants());
    }
    criterion.final_summary();
    setups.iter().for_each(measure);
}

fn measure(setup: &Setup) {
    let (rounds, samples) = sized((25, 200), (15, 10));
    let mut contestants = setup.contestants();
    let before = wakes(setup);
    let ns = rounds::in_turn(&mut contestants, rounds * samples, 1);
    let of_rounds = |row: &[f64], part| -> Vec<f64> {
        row.chunks(samples).map(|round| quantile(round, part)).collect()
    };

    let peers = [4, 2, 3]; // The floor first.
    let mut table = vec![vec![String::new(), "p50 us".into(), "p99 us".into()]];
    for part in ["p50", "p99"] {
        table[0].extend(peers.map(|peer| format!("{part} / {}", contestants[peer].name)));
    }
    for (row, contestant) in ns.iter().zip(&contestants) {
        let us = |part| format!("{:.1}", quantile(row, part) / 1e3);
        let mut cells = vec![contestant.name.to_owned(), us(0.5), us(0.99)];
        for part in [0.5, 0.99] {
            let own = of_rounds(row, part);
            cells.extend(peers.map(|peer| ratio(&own, &of_rounds(&ns[peer], part))));
        }
        table.push(cells);
    }
    rounds::print(
        &format!(
            "wake_up, workers {}: put to poll_wait returning, {} samples each; ratios (below 1: \
             the row is faster) as median (10th..90th percentile) of {rounds} rounds of {samples} \
             samples",
            setup.workers,
            rounds * samples,
        ),
        &table,
    );
    let jobs = (rounds * samples) as u64;
    for ((before, after), name) in before.into_iter().zip(wakes(setup)).zip(["no", "default"]) {
        // The worker slept, so each job woke it; what is beyond that woke the poller.
        assert!(after - before >= jobs, "a job was done by a worker that did not sleep");
        let share = 100 * (after - before - jobs) / jobs;
        println!("ours, {name} spin: the poller slept too in {share} % of the samples");
    }
}

/// How often a sleeper of ours was woken; the books are in order.
fn wakes(setup: &Setup) -> [u64; 2] {
    [&setup.no_spin.0, &setup.spin.0].map(|ours| {
        let stats = ours.executor.stats();
        assert_eq!(stats.accepted, peers::outcomes(&ours.executor) + stats.outstanding);
        assert_eq!((stats.done, stats.outstanding), (stats.accepted, 0));
        stats.wakes
    })
}

//! What can be switched: put_poll with it against the plain executor. Each round runs all
//! of them in turn, and a ratio is taken within a round. What cannot be switched in a program, the
//! counting of times, is compared between two builds ([`counted`]).
//!
//! A feature is a line of [`features`]. `-- switched` and `-- counted` run one of the two parts.

mod counted;
#[path = "../peers/mod.rs"]
mod peers;
#[path = "../rounds/mod.rs"]
mod rounds;

use jobexec::Config;
use peers::{Cpus, Ours, PATIENCE, Pool, Task, drive};
use rounds::{Contestant, median, sized};
use std::os::fd::AsRawFd;

/// A name, how the configuration differs, and what is asked of the started executor.
struct Feature {
    name: &'static str,
    configure: fn(Config) -> Config,
    prepare: fn(&Ours),
    take: fn(&Ours) -> Box<Task>,
}

const PLAIN: Feature =
    Feature { name: "plain", configure: |config| config, prepare: |_| (), take: Pool::get };

fn features() -> Vec<Feature> {
    fn traced(it: Config) -> Config {
        Config { trace_jobs: 1024, ..it }
    }
    fn open(ours: &Ours) {
        ours.executor.event_fd().unwrap();
    }
    vec![
        PLAIN,
        Feature { name: "plain again", ..PLAIN }, // How much is noise.
        Feature { name: "event_fd", prepare: open, ..PLAIN },
        Feature { name: "event_fd, slept on", prepare: open, take: take_by_descriptor, ..PLAIN },
        Feature { name: "ordered", configure: |it| Config { ordered: true, ..it }, ..PLAIN },
        // Without clocks and without what is counted from them; the plain one has both.
        Feature { name: "untimed", configure: |it| Config { timing: false, ..it }, ..PLAIN },
        Feature { name: "traced", configure: traced, ..PLAIN },
    ]
}

/// As an event loop does that has nothing else to do: the host sleeps in poll(2).
fn take_by_descriptor(ours: &Ours) -> Box<Task> {
    loop {
        if let Some(task) = ours.try_get() {
            return task;
        }
        let fd = ours.executor.event_fd().unwrap().as_raw_fd();
        let mut place = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        // SAFETY: one descriptor is given, as is said.
        let count = unsafe { libc::poll(&mut place, 1, PATIENCE.as_millis() as i32) };
        assert_eq!(count, 1, "not woken");
    }
}

/// An executor with a feature, as its host uses it.
struct Featured {
    ours: Ours,
    take: fn(&Ours) -> Box<Task>,
}

impl Pool for Featured {
    #[inline]
    fn put(&self, task: Box<Task>) {
        self.ours.put(task);
    }

    #[inline]
    fn get(&self) -> Box<Task> {
        (self.take)(&self.ours)
    }

    fn try_get(&self) -> Option<Box<Task>> {
        self.ours.try_get()
    }

    fn check(&self, tasks: u64) {
        self.ours.check(tasks);
    }

    fn stop(self: Box<Self>) {
        Box::new(self.ours).stop();
    }
}

/// Executors with one feature each, with so many workers and so many jobs in flight.
struct Setup {
    workers: usize,
    window: usize,
    pools: Vec<(&'static str, Featured)>,
}

impl Setup {
    /// One of each size.
    fn all(cpus: &Cpus, features: fn() -> Vec<Feature>) -> Vec<Setup> {
        let sizes = [1, 2].map(|workers| [4, 64, 1024].map(|window| (workers, window)));
        let start = |&(workers, window)| Setup::start(workers, window, cpus, features());
        sizes.iter().flatten().map(start).collect()
    }

    fn start(workers: usize, window: usize, cpus: &Cpus, features: Vec<Feature>) -> Setup {
        let start = |feature: Feature| {
            let config = peers::config(workers, window, cpus);
            let ours = Ours::start(&(feature.configure)(config));
            (feature.prepare)(&ours);
            (feature.name, Featured { ours, take: feature.take })
        };
        Setup { workers, window, pools: features.into_iter().map(start).collect() }
    }

    fn size(&self) -> String {
        format!("workers {}, window {}", self.workers, self.window)
    }

    fn contestants(&self) -> Vec<Contestant<'_>> {
        let window = self.window;
        let pools = self.pools.iter();
        pools.map(|(name, pool)| Contestant::new(name, move |n| drive(pool, window, n))).collect()
    }
}

fn main() {
    let cpus = Cpus::read();
    if std::env::args().any(|argument| argument == counted::OPTION) {
        return counted::measure(&cpus);
    }
    if rounds::is_chosen("switched") {
        // On a thread of its own, which it pins: the other part's programs may run anywhere.
        std::thread::scope(|scope| scope.spawn(|| compare_switched(&cpus)).join().unwrap());
    }
    // To see that it runs is not worth another build of everything.
    if rounds::is_chosen("counted") && !rounds::quick() {
        counted::compare(&cpus);
    }
}

fn compare_switched(cpus: &Cpus) {
    let setups = Setup::all(cpus, features);
    cpus.pin_host();
    let (rounds, jobs) = sized((41, 10_000), (15, 1_000));
    let mut table = vec![["", "", "ns a job", "/ plain"].map(String::from).to_vec()];
    for setup in &setups {
        let ns = rounds::in_turn(&mut setup.contestants(), rounds, jobs);
        for ((name, _), own) in setup.pools.iter().zip(&ns) {
            let time = format!("{:.0}", median(own));
            table.push(vec![setup.size(), name.to_string(), time, rounds::ratio(own, &ns[0])]);
        }
    }
    let title = format!(
        "features: put_poll with each over without, as median (10th..90th percentile) of {rounds} \
         rounds of {jobs} jobs"
    );
    rounds::print(&title, &table);
}

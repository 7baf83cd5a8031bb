//! What is off unless asked for: put_poll with it against the plain executor. Each round runs all of
//! them in turn, and a ratio is taken within a round.
//!
//! A feature is a line of [`features`].

mod peers;
mod rounds;

use jobexec::Config;
use peers::{Cpus, Ours, PATIENCE, Pool, Task, drive};
use rounds::{Contestant, Spread, median, sized};
use std::os::fd::AsRawFd;

/// A name, how the configuration differs, and what is asked of the started executor.
struct Feature {
    name: &'static str,
    configure: fn(Config) -> Config,
    prepare: fn(&Ours),
    take: fn(&Ours) -> Box<Task>,
}

fn features() -> Vec<Feature> {
    const PLAIN: Feature =
        Feature { name: "plain", configure: |config| config, prepare: |_| (), take: Pool::get };
    fn open(ours: &Ours) {
        ours.executor.event_fd().unwrap();
    }
    vec![
        PLAIN,
        Feature { name: "plain again", ..PLAIN }, // How much is noise.
        Feature { name: "event_fd", prepare: open, ..PLAIN },
        Feature { name: "event_fd, slept on", prepare: open, take: take_by_descriptor, ..PLAIN },
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

fn main() {
    let cpus = Cpus::read();
    let sizes = [1, 2].map(|workers| [4, 64, 1024].map(|window| (workers, window)));
    cpus.pin_host();
    let (rounds, jobs) = sized((41, 10_000), (15, 1_000));
    let heads = ["", "", "ns a job", "/ plain"];
    let mut table = vec![heads.map(String::from).to_vec()];
    for (workers, window) in sizes.into_iter().flatten() {
        let features = features();
        let started: Vec<Featured> = features
            .iter()
            .map(|feature| {
                let config = peers::config(workers, window, &cpus);
                let ours = Ours::start(&(feature.configure)(config));
                (feature.prepare)(&ours);
                Featured { ours, take: feature.take }
            })
            .collect();
        let mut contestants: Vec<Contestant<'_>> = features
            .iter()
            .zip(&started)
            .map(|(feature, pool)| Contestant::new(feature.name, move |n| drive(pool, window, n)))
            .collect();
        let ns = rounds::in_turn(&mut contestants, rounds, jobs);
        for (feature, own) in features.iter().zip(&ns) {
            let setup = format!("workers {workers}, window {window}");
            let ratio = Spread::of_ratios(own, &ns[0]).to_string();
            table.push(vec![setup, feature.name.into(), format!("{:.0}", median(own)), ratio]);
        }
    }
    let title = format!(
        "features: put_poll with each over without, as median (10th..90th percentile) of {rounds} \
         rounds of {jobs} jobs"
    );
    rounds::print(&title, &table);
}

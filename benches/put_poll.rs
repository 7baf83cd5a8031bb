//! The cost of a job that does nothing: `window` jobs in flight, one put and one blocking poll
//! at a time.

mod floors;
mod peers;
mod rounds;

use jobexec::Config;
use peers::{Channels, Cpus, Ours, Rayon, drive};
use rounds::{Contestant, median, ratio, sized};

struct Setup {
    workers: usize,
    window: usize,
    timing_off: Ours,
    timing_on: Ours,
    channels: Channels,
    rayon: Rayon,
}

impl Setup {
    fn start(workers: usize, window: usize, cpus: &Cpus) -> Setup {
        let ours = |timing| Ours::start(&Config { timing, ..peers::config(workers, window, cpus) });
        Setup {
            workers,
            window,
            timing_off: ours(false),
            timing_on: ours(true),
            channels: Channels::start(workers, window, cpus),
            rayon: Rayon::start(workers, window, cpus),
        }
    }

    fn name(&self) -> String {
        format!("workers {}, window {}", self.workers, self.window)
    }

    fn contestants(&self) -> Vec<Contestant<'_>> {
        let window = self.window;
        vec![
            Contestant::new("timing off", move |n| drive(&self.timing_off, window, n)),
            Contestant::new("timing on", move |n| drive(&self.timing_on, window, n)),
            Contestant::new("channels", move |n| drive(&self.channels, window, n)),
            Contestant::new("rayon", move |n| drive(&self.rayon, window, n)),
        ]
    }
}

fn main() {
    let cpus = Cpus::read();
    let sizes = [1, 2].map(|workers| [4, 64, 1024].map(|window| (workers, window)));
    let setups: Vec<Setup> =
        sizes.iter().flatten().map(|&(w, window)| Setup::start(w, window, &cpus)).collect();
    cpus.pin_host();
    let floor = || Contestant::new("cache lines", |n| floors::cache_lines(cpus.worker(0), n));

    let mut criterion = rounds::criterion();
    rounds::group(&mut criterion, "put_poll floor", &mut [floor()]);
    for setup in &setups {
        let name = format!("put_poll {}", setup.name());
        rounds::group(&mut criterion, &name, &mut setup.contestants());
    }
    criterion.final_summary();

    let (rounds, jobs) = sized((41, 10_000), (15, 1_000));
    let heads =
        ["", "ours ns", "channels ns", "rayon ns", "/ channels", "/ rayon", "/ cache lines"];
    let mut table = vec![heads.map(String::from).to_vec()];
    for setup in &setups {
        let mut contestants = setup.contestants();
        contestants.push(floor());
        let ns = rounds::in_turn(&mut contestants, rounds, jobs);
        let [channels, rayon, floor] = [&ns[2], &ns[3], &ns[4]];
        for (ours, contestant) in ns.iter().zip(&contestants).take(2) {
            let [a, b, c] = [ours, channels, rayon].map(|ns| format!("{:.0}", median(ns)));
            let [x, y, z] = [channels, rayon, floor].map(|peer| ratio(ours, peer));
            table.push(vec![format!("{}, {}", setup.name(), contestant.name), a, b, c, x, y, z]);
        }
    }
    let title = format!(
        "put_poll: time per job, and ours / peer (below 1: ours is faster), as median (10th..90th \
         percentile) of {rounds} rounds of {jobs} jobs"
    );
    rounds::print(&title, &table);
}

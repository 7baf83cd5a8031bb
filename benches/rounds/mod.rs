//! How it is measured. A number alone does not repeat, for clocks, neighbours and schedulers
//! change; so contestants run in turn, in short rounds, and a ratio is taken within each round.

#![allow(dead_code)] // Each bench uses a part.

use criterion::Criterion;
use std::fmt::{Display, Formatter};
use std::time::Duration;

/// Only to see that the benches run: `JOBEXEC_BENCH_QUICK=1`, or not run by `cargo bench`.
pub(crate) fn quick() -> bool {
    std::env::var_os("JOBEXEC_BENCH_QUICK").is_some_and(|value| value == "1")
        || !std::env::args().any(|argument| argument == "--bench")
}

/// Whether the command line names that part of a bench, or none.
pub(crate) fn is_chosen(part: &str) -> bool {
    let mut names = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    names.next().is_none_or(|first| first == part || names.any(|name| name == part))
}

/// One of the two, by what the run is for.
pub(crate) fn sized<T>(full: T, quickly: T) -> T {
    if quick() { quickly } else { full }
}

/// Does something so many times and says how long that took.
pub(crate) struct Contestant<'a> {
    pub(crate) name: &'static str,
    run: Box<dyn FnMut(u64) -> Duration + 'a>,
}

impl<'a> Contestant<'a> {
    pub(crate) fn new(name: &'static str, run: impl FnMut(u64) -> Duration + 'a) -> Self {
        Contestant { name, run: Box::new(run) }
    }

    /// What is timed is only a part of what it does each time.
    pub(crate) fn each(name: &'static str, mut one: impl FnMut() -> Duration + 'a) -> Self {
        Contestant::new(name, move |times| (0..times).map(|_| one()).sum())
    }
}

pub(crate) fn criterion() -> Criterion {
    let ms = Duration::from_millis;
    Criterion::default()
        .without_plots()
        .sample_size(10)
        .nresamples(sized(10_000, 2_000))
        .warm_up_time(sized(ms(200), ms(5)))
        .measurement_time(sized(ms(800), ms(20)))
        .configure_from_args()
}

/// A group of criterion's.
pub(crate) fn group(criterion: &mut Criterion, name: &str, contestants: &mut [Contestant<'_>]) {
    let mut group = criterion.benchmark_group(name);
    for contestant in contestants {
        group.bench_function(contestant.name, |b| b.iter_custom(|n| (contestant.run)(n)));
    }
    group.finish();
}

/// Nanoseconds a time of each contestant in each round.
pub(crate) fn in_turn(
    contestants: &mut [Contestant<'_>],
    rounds: usize,
    times: u64,
) -> Vec<Vec<f64>> {
    alternate(contestants.len(), rounds, |index| {
        let elapsed = (contestants[index].run)(times);
        elapsed.as_nanos() as f64 / times as f64
    })
}

/// What each of so many contestants answers in each round. Another one begins in each round.
pub(crate) fn alternate<R>(
    count: usize,
    rounds: usize,
    mut run: impl FnMut(usize) -> R,
) -> Vec<Vec<R>> {
    let mut rows: Vec<Vec<R>> = (0..count).map(|_| Vec::with_capacity(rounds)).collect();
    for round in 0..rounds {
        for index in (0..count).map(|i| (i + round) % count) {
            rows[index].push(run(index));
        }
    }
    rows
}

/// The value below which that part of all values lies.
pub(crate) fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[(part * (sorted.len() - 1) as f64).round() as usize]
}

pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// A median, and the 10th and the 90th percentile.
#[derive(Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

impl Spread {
    pub(crate) fn of(values: &[f64]) -> Spread {
        let [low, median, high] = [0.1, 0.5, 0.9].map(|part| quantile(values, part));
        Spread { low, median, high }
    }

    /// Of the ratios of the rounds.
    pub(crate) fn of_ratios(ours: &[f64], peer: &[f64]) -> Spread {
        let ratios: Vec<f64> = ours.iter().zip(peer).map(|(ours, peer)| ours / peer).collect();
        Spread::of(&ratios)
    }
}

impl Display for Spread {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.2} ({:.2}..{:.2})", self.median, self.low, self.high)
    }
}

/// The ratio of each round: its median, and its 10th to 90th percentile.
pub(crate) fn ratio(ours: &[f64], peer: &[f64]) -> String {
    Spread::of_ratios(ours, peer).to_string()
}

/// Prints rows of equal length, the first being the heads of the columns.
pub(crate) fn print(title: &str, rows: &[Vec<String>]) {
    println!("\n{title}");
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            let width = width(column);
            let end = if column + 1 == row.len() { "\n" } else { "  " };
            print!("{cell:>width$}{end}");
        }
    }
}

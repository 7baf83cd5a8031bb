//! Who takes part.

use crate::arguments::Arguments;
use crate::peers::{
    Abi, ChannelPool, Channels, Cpus, Flume, Kanal, Library, Mpsc, Ours, Pool, Rayon, Spinning,
    config,
};
use jobexec::Config;
use jobexec::ffi::{JOBEXEC_WAITING_LATENCY, jobexec_config};
use std::path::PathBuf;

/// What a column is for.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Role {
    /// To this all others are compared.
    Ours,
    /// This executor too, otherwise configured.
    Variant,
    /// Somebody's pool, in Rust.
    Rust,
    /// Somebody's pool, in C++.
    Native,
    /// No pool to use, for it never sleeps; so it exists only while it is measured.
    Reference,
}

impl Role {
    /// Whether it can be the best peer.
    pub(crate) fn is_peer(self) -> bool {
        matches!(self, Role::Rust | Role::Native)
    }
}

type Start = Box<dyn Fn(usize, usize, &Cpus) -> Box<dyn Pool> + Sync>;

/// One that takes part.
pub(crate) struct Entrant {
    pub(crate) name: String,
    pub(crate) role: Role,
    /// With so many workers, for so many jobs in flight.
    pub(crate) start: Start,
}

impl Entrant {
    fn new<P: Pool + 'static>(
        name: &str,
        role: Role,
        start: impl Fn(usize, usize, &Cpus) -> P + Sync + 'static,
    ) -> Entrant {
        let start = move |workers, window, cpus: &Cpus| -> Box<dyn Pool> {
            Box::new(start(workers, window, cpus))
        };
        Entrant { name: name.to_owned(), role, start: Box::new(start) }
    }
}

/// All that take part, ours first; and who cannot, and why.
pub(crate) struct Field {
    pub(crate) entrants: Vec<Entrant>,
    pub(crate) skipped: Vec<(String, String)>,
}

impl Field {
    pub(crate) fn gather(arguments: &Arguments) -> Field {
        let ours = |configure| {
            move |workers, window, cpus: &Cpus| Abi::start(workers, window, cpus, configure)
        };
        let untimed: fn(&mut jobexec_config) = |config| config.timing = 0;
        let keen: fn(&mut jobexec_config) = |config| {
            (config.timing, config.waiting) = (0, JOBEXEC_WAITING_LATENCY);
        };
        let mut entrants = vec![
            Entrant::new("ours", Role::Ours, ours(untimed)),
            Entrant::new("ours timed", Role::Variant, ours(|_| ())),
            Entrant::new("ours latency", Role::Variant, ours(keen)),
            Entrant::new("ours in Rust", Role::Variant, |workers, window, cpus: &Cpus| {
                Ours::start(&Config { timing: false, ..config(workers, window, cpus) })
            }),
            Entrant::new("crossbeam", Role::Rust, Channels::start),
            Entrant::new("rayon", Role::Rust, Rayon::start),
            Entrant::new("flume", Role::Rust, ChannelPool::<Flume>::start),
            Entrant::new("kanal", Role::Rust, ChannelPool::<Kanal>::start),
            Entrant::new("std-mpsc", Role::Rust, ChannelPool::<Mpsc>::start),
        ];
        let mut skipped = Vec::new();
        for (name, library) in libraries(arguments) {
            match library {
                Ok(library) => {
                    let start =
                        move |workers, window, cpus: &Cpus| library.pool(workers, window, cpus);
                    entrants.push(Entrant::new(&name, Role::Native, start));
                }
                Err(why) => skipped.push((name, why)),
            }
        }
        entrants.push(Entrant::new("spinning", Role::Reference, Spinning::start));
        entrants
            .retain(|entrant| entrant.role == Role::Ours || arguments.wants_peer(&entrant.name));
        Field { entrants, skipped }
    }

    /// Of all that take part, or were to.
    pub(crate) fn names(&self) -> Vec<&String> {
        let entrants = self.entrants.iter().map(|entrant| &entrant.name);
        entrants.chain(self.skipped.iter().map(|(name, _)| name)).collect()
    }
}

/// The libraries that are wanted, by their sources' names, compiled at the same time.
fn libraries(arguments: &Arguments) -> Vec<(String, Result<Library, String>)> {
    let name = |source: &PathBuf| source.file_stem().unwrap().to_string_lossy().into_owned();
    let named = Library::sources().into_iter().map(|source| (name(&source), source));
    let wanted = named.filter(|(name, _)| arguments.wants_peer(name));
    std::thread::scope(|scope| {
        let load = |source: PathBuf| scope.spawn(move || Library::load(&source));
        let loading: Vec<_> = wanted.map(|(name, source)| (name, load(source))).collect();
        loading.into_iter().map(|(name, thread)| (name, thread.join().unwrap())).collect()
    })
}

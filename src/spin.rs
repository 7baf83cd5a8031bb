//! How a waiter looks for news before it sleeps, as it was configured. [`crate::pace`] looks.

use crate::config::Waiting;

/// The longest that a waiter stays away before its first look: 1.4 to 3 us, as the processor has it.
/// With half of that, workers come so close behind the host that both wait for lines: a job that does
/// nothing takes 1.05 to 1.2 times as long, as the code happens to lie in memory. With twice as much it
/// takes 0.95 of the time in one build, at 1024 in flight, and no less in another.
const MOST_PAUSES: u64 = 127;
/// A look for low latency lasts so many times as long as another.
pub(crate) const KEEN: u64 = 50;

/// How a waiter looks before it sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spin {
    /// For how long, behind its pauses; 0 does not look.
    pub(crate) ns: u64,
    /// How many pauses it may stay away, see [`most_pauses`].
    pub(crate) most: u64,
    pub(crate) manner: Manner,
    /// Whether a searcher that yields does not count as one meanwhile. It may sit on a core where
    /// another is at a long job, and nobody would be woken for those behind that: uneven jobs take
    /// 0.90 to 0.93 of the time with more workers than cores. Where jobs are known to be short it
    /// is back soon, and to count it spares a wake for each window: jobs of 1 us would take 1.1
    /// times as long.
    pub(crate) steps_back: bool,
    /// Whether it yields before it pauses: a host of its core waits for that, see [`crate::lend`].
    pub(crate) yields_first: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It has its core to itself.
    Alone,
    /// The same, and no time to lose.
    Keen,
    /// It may sit on a core that another thread needs.
    Crowd,
    /// It does, and never pauses.
    Yields,
}

impl Spin {
    /// Sleeps at once.
    pub(crate) const NONE: Spin =
        Spin { ns: 0, most: 0, manner: Manner::Yields, steps_back: false, yields_first: false };

    /// The way of an executor's threads, where so many items may be in flight. `crowd`: there is no
    /// core beside those of its workers.
    pub(crate) fn new(waiting: Waiting, ns: u64, in_flight: usize, crowd: bool) -> Spin {
        let most = most_pauses(in_flight);
        match waiting {
            Waiting::Power => Spin::NONE,
            Waiting::Latency if !crowd => {
                Spin { ns: ns.saturating_mul(KEEN), manner: Manner::Keen, ..Spin::NONE }
            }
            _ if crowd => Spin { ns, most, manner: Manner::Crowd, ..Spin::NONE },
            _ => Spin { ns, most, manner: Manner::Alone, ..Spin::NONE },
        }
    }

    /// For a thread between two others, of which one may need its core: it never pauses. Where
    /// three share two cores, a stream of jobs to a worker process takes 0.7 to 0.8 of the time
    /// that it takes with pauses.
    pub(crate) fn yielding(self) -> Spin {
        Spin { most: 0, manner: Manner::Yields, ..self }
    }

    /// The same for a worker, who may share its CPU with others, whose jobs are known to be `short` or
    /// not, and on whose core a host may wait.
    pub(crate) fn of_worker(self, shares: bool, short: bool, host_waits: bool) -> Spin {
        let crowd = self.is_crowd();
        let steps_back = !short && (shares || crowd);
        Spin { steps_back, yields_first: host_waits && crowd, ..self }
    }

    /// The same as one word, for a worker process.
    #[cfg(not(loom))]
    pub(crate) fn word(self) -> u64 {
        self.ns << 2 | self.manner as u64
    }

    /// What [`Spin::word`] says, where so many items may be in flight.
    #[cfg(not(loom))]
    pub(crate) fn of_word(word: u64, in_flight: usize) -> Spin {
        let manners = [Manner::Alone, Manner::Keen, Manner::Crowd, Manner::Yields];
        let manner = manners[(word & 3) as usize];
        let paced = matches!(manner, Manner::Alone | Manner::Crowd);
        let most = if paced { most_pauses(in_flight) } else { 0 };
        Spin { ns: word >> 2, most, manner, ..Spin::NONE }
    }

    /// Whether it looks for some time on a core of its own, and then sleeps.
    pub(crate) fn is_alone(self) -> bool {
        self.manner == Manner::Alone && self.ns > 0
    }

    /// Whether one who searches is enough, for others would be in each other's way.
    pub(crate) fn is_crowd(self) -> bool {
        self.manner == Manner::Crowd
    }
}

/// Where so many items may be in flight: a pause for each other, and two for each beyond 16, or everybody
/// would end up waiting for who stays away; a host that has nothing else to do puts an item in two or
/// three pauses. With one for all, jobs that do nothing take 1.06 to 1.08 of the time at 64; with two,
/// 1.03 at 16.
fn most_pauses(in_flight: usize) -> u64 {
    let in_flight = in_flight as u64;
    MOST_PAUSES.min(in_flight.saturating_sub(1) + in_flight.saturating_sub(16))
}

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// One of several, any of whom will do.
    Worker,
    /// One who waits for something of its own.
    Host,
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn who_stays_away_leaves_something_for_others() {
        let most = [0, 1, 4, 16, 17, 64, 72, 73, 1 << 20].map(most_pauses);
        assert_eq!(most, [0, 0, 3, 15, 17, 111, 127, 127, 127]);
        for waiting in [Waiting::Balanced, Waiting::Latency, Waiting::Power] {
            for crowd in [false, true] {
                let spin = Spin::new(waiting, 20_000, 64, crowd);
                assert_eq!(Spin::of_word(spin.word(), 64), spin);
            }
        }
    }
}

//! Waiting: how a thread that finds nothing to do goes to sleep, and how whoever gives it
//! something to do knows whether to wake it. Workers wait for jobs by it, pollers for results,
//! putters for room, `start` and `close` for workers.
//!
//! # The protocol
//! A thread that waits is in one of three states, counted in one word:
//!
//! - **awake**, not counted: it tries now and then, pausing and yielding in between;
//! - **searching**: awake, and announced: whoever has news may rely on it to look;
//! - **sleeping**: it looks no more until it is given a **token**.
//!
//! ```text
//! notifier                              waiter
//!   N1  announce the news (RMW)           W1  searching-1 (if it was), sleeping+1   (RMW)
//!   N2  fence, light fence                W2  fence
//!   N3  read the word                     W3  try once more: the real pop
//!   N4  there is more news than search,   W4  sleep until there is a token, take it;
//!       and n sleepers to make up for it:     now it is searching
//!       sleeping-n, searching+n, token+n  W5  found something: searching-1 (RMW), fence;
//!       (one RMW), wake n                     was it the last searcher, is there more,
//!                                             does somebody sleep: notify. Found in W3:
//!                                             the same look for more, whoever searches
//! ```
//!
//! News is announced by a read-modify-write: of a count, a position in a queue, a state. Most shows
//! by that. Where it shows only later, by a plain store (an item of [`crate::ring`], by its stamp),
//! that store comes between the two fences of N2; and a waiter whose W3, or whose look for more in
//! W5, finds nothing though something is **pending** (announced, and not taken) does a heavy fence
//! and looks again. (The two kinds of fence: [`crate::barrier`].) That is rare, for a notifier is
//! there for some nanoseconds only; and it is what spares it a fence behind each store.
//!
//! After that an attempt may still fail for news that is announced: then the notifier was before
//! its store at the heavy fence, so that its N3 comes later. It may fail for news that shows, too,
//! where that lies behind such a hole.
//!
//! # Why no wake-up is lost
//! Suppose news N stays untouched for ever although a waiter sleeps for ever.
//! 1. *The notifier read sleeping == 0.* Each waiter that sleeps came to its W1 after N3 in the
//!    order of the word. Then N2 comes before its W2 in the order of the fences, so that its W3
//!    sees the announcement; and the news, at the latest behind the heavy fence, or N3 would have
//!    seen its W1. It takes it, or sees that another has.
//! 2. *The notifier read searching > 0.* Take the last of those searchers to stop. It stops by
//!    W1 or by W5, a read-modify-write of the word after N3: N2 comes before the fence that
//!    follows, so what it looks at then shows the news, as in 1. By W1: its W3 takes the news, or
//!    takes others before it in the queue, and then looks for more and notifies. By W5: it looks
//!    for more and notifies.
//! 3. *It gave a token.* The number of threads between W1 and W4 is always `sleeping + tokens`,
//!    so a token is taken by one of them: in W4, or in W3, where a waiter that found something
//!    leaves by taking one if nobody is left without. Whoever takes it is a searcher, see 2.
//!
//! And where a look in 1 or 2 finds a hole: whoever fills that has an N3 that comes after the
//! looker's W1 or W5, or the look would show what it filled. So it reads sleeping > 0, and 2 or 3
//! holds of it in turn: somebody looks again. That look may find another hole, but there are
//! only so many in front of N, and each N3 comes later than the one before.
//!
//! News for all (`notify_all`: the end, an abort) gives a token to each sleeper. A thread that
//! came to its W1 later sees such news in its W3, and takes no token from those who slept: it
//! leaves as one of the sleeping if there is one without a token, and there is: itself.
//!
//! Whoever is awake may announce itself at any time, and does so where it is of use: at the beginning
//! of a look and behind each yield, if others sleep. A searcher may step back while it yields
//! ([`Spin::steps_back`]), one with a token, too, for those who go first, and does where a CPU has nothing
//! to do ([`crate::mates`]): by W5, as one that found something; behind that it is awake.
//!
//! A notifier may count as searching for a while, and leaves as any searcher does ([`brief`]).
//!
//! A deadline only ends a wait; it is never what finds the news. A thread that runs out of time
//! leaves like one that found something: if a token is there it takes it, looks once more, and
//! passes the duty on (W5).
//!
//! # Why busy work does not reach the kernel
//! A wake costs the waker about 3 us, the woken 11 to 18 us until it runs. While it is on its
//! way it already counts as searching, so that of a burst of jobs one pays; and a waiter that
//! spins counts as searching whenever another sleeps, so that short gaps cost nothing. And what is
//! soon done is left to a sleeper of the waker's own core, see [`brief`]. The idea of counting
//! searchers is the Go scheduler's and Tokio's; of proving it on paper, rayon's.

mod brief;
mod give;
mod search;
mod sleep;
mod word;

use self::brief::Brief;
pub(crate) use self::brief::is_sample;
pub(crate) use self::search::Search;
use self::word::{SEARCHING, searching, sleeping, tokens};
use crate::barrier;
use crate::clock::Deadline;
use crate::pace::Pace;
use crate::spin::{Spin, Who};
use crate::sync::{AtomicU64, Ordering, Parking, Rather, fence_after_rmw};
use crossbeam_utils::CachePadded;
use std::cell::Cell;

/// How many sleepers one call wakes at most.
const BREADTH: u64 = 4;

/// A place to wait for one kind of news. At most 65,535 threads may wait at a time.
#[derive(Default)]
pub(crate) struct Event {
    /// How many are in which state. The futex is the low half.
    word: CachePadded<AtomicU64>,
    pace: CachePadded<Pace>,
    /// How long it takes to deal with the news.
    brief: CachePadded<Brief>,
    wakes: AtomicU64,
    /// When somebody was woken last; 0 where that says nothing of what a wake takes.
    #[cfg(not(loom))]
    gave: AtomicU64,
    parking: Parking,
}

impl Event {
    /// There is news for one waiter. The caller announced it by a read-modify-write, with
    /// [`fence_after_rmw`] behind; and if it shows by another store, put [`barrier::light`] behind
    /// that (N2).
    #[inline]
    pub(crate) fn notify_one(&self) {
        self.notify(1);
    }

    /// The same, with news for so many waiters. It wakes a few, who wake the others: a wake costs
    /// the waker some microseconds, and they share that.
    #[inline]
    pub(crate) fn notify(&self, news: u64) {
        let word = self.word.load(Ordering::Relaxed); // N3
        if sleeping(word) > 0 {
            self.tell(word, news, Rather::Anywhere);
        }
    }

    /// N4 where the word says that enough search, or does not. Apart, as all that is not done where
    /// everybody is awake: in the middle of a put it cost that the registers.
    #[cold]
    #[inline(never)]
    fn tell(&self, word: u64, news: u64, rather: Rather) {
        let most = news.min(BREADTH);
        let wanted = move |word| sleeping(word).min(most.saturating_sub(searching(word)));
        if wanted(word) > 0 {
            self.give(wanted, rather);
        } else if tokens(word) > 0 {
            self.hurry(rather);
        }
    }

    /// Whether somebody sleeps.
    #[inline]
    pub(crate) fn has_sleepers(&self) -> bool {
        sleeping(self.word.load(Ordering::Relaxed)) > 0
    }

    /// There is news for every waiter. Async-signal-safe.
    pub(crate) fn notify_all(&self) {
        fence_after_rmw(); // N2
        self.give(sleeping, Rather::Anywhere);
    }

    /// How many times a sleeper was woken.
    pub(crate) fn wakes(&self) -> u64 {
        self.wakes.load(Ordering::Relaxed)
    }

    /// How many looks found something before the sleep that they put off, and how many did not.
    pub(crate) fn looks(&self) -> (u64, u64) {
        self.pace.looks()
    }

    /// How long it takes here from a wake until the sleeper runs; 0 if nobody knows.
    pub(crate) fn wake_ns(&self) -> u64 {
        self.pace.wake_ns()
    }

    /// As new. Nobody waits.
    pub(crate) fn clear(&self) {
        self.pace.clear();
        self.brief.clear();
        self.wakes.store(0, Ordering::Relaxed);
    }

    /// Waits until `attempt` gives something, or the deadline: then the answer is that of a last
    /// attempt. `attempt` and `has` as in [`Search`]; all news shows by what announces it.
    pub(crate) fn wait<T>(
        &self,
        spin: Spin,
        deadline: Deadline,
        attempt: impl FnMut() -> Option<T>,
        has: impl Fn(u64) -> bool,
    ) -> Option<T> {
        let search = Search { attempt, has, pending: || false, seat: None, in_vain: || () };
        self.wait_behind(spin, Who::Host, deadline, search)
    }

    /// The same for news that may show later than it is announced.
    pub(crate) fn wait_behind<T>(
        &self,
        spin: Spin,
        who: Who,
        deadline: Deadline,
        search: Search<
            '_,
            impl FnMut() -> Option<T>,
            impl Fn(u64) -> bool,
            impl Fn() -> bool,
            impl Fn(),
        >,
    ) -> Option<T> {
        let Search { mut attempt, has, pending, seat, in_vain } = search;
        in_vain();
        let settle = || {
            let unsettled = pending();
            #[cfg(not(control = "settle_fence"))]
            if unsettled {
                barrier::heavy();
            }
            unsettled
        };
        let more = || has(0) || settle() && has(0);
        let searcher = Cell::new(self.announce());
        // Who leaves the news to another of its core must not keep a CPU that has nothing to do from
        // being woken.
        let idle = || match seat.filter(|seat| seat.has_to_wait() && self.has_sleepers()) {
            Some(seat) => seat.idle_cpus(),
            None => 0,
        };
        let away = |leaves: bool| match (leaves, searcher.get()) {
            (false, is_one) => searcher.set(self.announce_late(is_one)),
            (true, false) => {}
            (true, true) => match idle() {
                0 if spin.steps_back => self.stop_searching(searcher.replace(false), more),
                0 => {}
                cpus => self.step_back(searcher.replace(false), more, Rather::Of(cpus)),
            },
        };
        let give_way = || {
            if let Some(seat) = seat.filter(|seat| seat.has_to_wait() && has(0)) {
                seat.let_others_go_first(|| has(0), || away(true));
                away(false);
            }
        };
        loop {
            let mut try_once = || {
                give_way();
                attempt()
            };
            if let Some(found) = self.pace.look(spin, who, deadline, &mut try_once, &has, away) {
                self.stop_searching(searcher.get(), more);
                return Some(found);
            }
            self.lie_down(searcher.get()); // W1
            #[cfg(not(control = "wait_fence"))]
            fence_after_rmw(); // W2
            let found = attempt().or_else(|| if settle() { attempt() } else { None });
            if let Some(found) = found {
                // W3
                if self.get_up() {
                    self.stop_searching(true, more)
                } else {
                    self.pass_on(more)
                }
                return Some(found);
            }
            #[cfg(not(control = "nap_look"))]
            in_vain();
            if !self.sleep(deadline) {
                let searcher = self.get_up();
                let found = attempt();
                self.stop_searching(searcher, more);
                return found;
            }
            searcher.set(true);
            give_way();
            if let Some(found) = attempt() {
                self.stop_searching(searcher.get(), more);
                return Some(found);
            }
        }
    }

    /// Leaves those who bring news alone for a while, if that comes fast: see [`crate::pace`].
    pub(crate) fn stay_away(&self, spin: Spin, has: impl Fn(u64) -> bool) {
        #[cfg(not(loom))]
        if spin.most > 0 {
            self.pace.stay_away(spin, has);
        }
        #[cfg(loom)]
        let _ = (spin, has);
    }

    /// Announces a search if somebody sleeps, for only then is it of use to a notifier.
    fn announce(&self) -> bool {
        let useful = sleeping(self.word.load(Ordering::Relaxed)) > 0;
        if useful {
            self.word.fetch_add(SEARCHING, Ordering::AcqRel);
        }
        useful
    }

    /// The same later in a look, for somebody may have gone to sleep meanwhile, and a notifier would
    /// wake him. Apart, for compiled into the look it slows jobs by 8 to 1.15 of the time.
    #[cold]
    #[inline(never)]
    fn announce_late(&self, searcher: bool) -> bool {
        searcher || self.announce()
    }

    /// W5.
    fn stop_searching(&self, searcher: bool, more: impl Fn() -> bool) {
        self.step_back(searcher, more, Rather::Elsewhere);
    }

    /// W5, with a sleeper to take over `rather`.
    #[inline]
    fn step_back(&self, searcher: bool, more: impl Fn() -> bool, rather: Rather) {
        if !searcher {
            return;
        }
        let before = self.word.fetch_sub(SEARCHING, Ordering::AcqRel);
        if searching(before) == 1 {
            #[cfg(not(control = "handover_fence"))]
            fence_after_rmw();
            self.pass_on_to(rather, more);
        }
    }

    /// The duty of a searcher goes to a sleeper, if there is more. One of the same core might take that
    /// from the caller, who has news to deal with.
    #[inline]
    pub(crate) fn pass_on(&self, more: impl Fn() -> bool) {
        self.pass_on_to(Rather::Elsewhere, more);
    }

    #[inline]
    fn pass_on_to(&self, rather: Rather, more: impl Fn() -> bool) {
        if sleeping(self.word.load(Ordering::Relaxed)) > 0 && more() {
            self.tell(self.word.load(Ordering::Relaxed), 1, rather);
        }
    }

    fn swap(&self, current: u64, next: u64) -> Result<u64, u64> {
        self.word.compare_exchange_weak(current, next, Ordering::AcqRel, Ordering::Relaxed)
    }
}

#[cfg(all(test, loom))]
mod models;

#[cfg(all(test, not(loom)))]
mod tests;

//! News that is dealt with sooner than another core is woken.
//!
//! To wake a thread of another core takes the waker 3 us on one machine and 15 on another, and it runs
//! after 18 or 46. One that sleeps on the waker's own core is woken in 1 us, and runs as soon as the
//! waker lets it. So where news is known to be brief somebody of this core is woken for it, if one
//! sleeps here, and given the core; and others only if there is news left when the waker has the core
//! again. With 2 workers on 2 cores, 64 jobs that do nothing are back after 8 us instead of 25; one
//! alone after 3.5 instead of 19.
//!
//! Meanwhile the waker counts as searching, so that the one it woke does not wake another for what
//! it is about to take itself. Behind that the waker looks as any searcher does (W5 of
//! [`super`]), and more: whether or not it was the last, for the one that it woke may not have run.
//!
//! How long news takes those tell who deal with it. A core that comes back late, for another thread
//! had it, is not given away again for a while.

use super::word::{SEARCHING, searching, sleeping};
use super::{BREADTH, Event};
use crate::barrier;
#[cfg(not(loom))]
use crate::clock::now_ns;
use crate::mates::Mates;
use crate::shy::Shy;
use crate::sync::{AtomicU64, Ordering, Rather, fence_after_rmw};

/// News is brief that takes no longer than this part of what it takes until a woken thread runs: that
/// is about what the waker would spend.
const PART: u64 = 3;

/// Where another thread had the core, it is kept for so much news, see [`Shy`].
const KEPT: u64 = 2;
const KEPT_MOST: u64 = 64;

/// Of news that a waiter waited for, the first are samples, and then one of so many: two clock readings
/// more for one of 8 showed in the p99 of jobs in a row.
const FIRST: u64 = 16;
const SAMPLE: u64 = 128;

/// Whether it is of use to learn how long the `nth` took that a waiter waited for.
pub(crate) fn is_sample(nth: u64) -> bool {
    nth <= FIRST || nth.is_multiple_of(SAMPLE)
}

/// How long it takes to deal with news, in nanoseconds; 0: nobody knows.
#[derive(Default)]
pub(super) struct Brief {
    /// With one that was waited for.
    first: AtomicU64,
    /// With one that follows another.
    next: AtomicU64,
    shy: Shy<KEPT, KEPT_MOST>,
    /// In the models nothing is known of time: all news is brief, or none. Not loom's, for it is
    /// written before threads are there.
    #[cfg(loom)]
    always: std::sync::atomic::AtomicBool,
}

impl Brief {
    /// As new.
    pub(super) fn clear(&self) {
        self.first.store(0, Ordering::Relaxed);
        self.next.store(0, Ordering::Relaxed);
        self.shy.clear();
    }

    /// How long so much news takes.
    fn takes(&self, news: u64) -> Option<u64> {
        let (first, next) = (self.first.load(Ordering::Relaxed), self.next.load(Ordering::Relaxed));
        let next = if next > 0 { next } else { first };
        (first > 0).then(|| first.saturating_add(next.saturating_mul(news - 1)))
    }

    fn learn_first(&self, took: u64) {
        let known = self.first.load(Ordering::Relaxed);
        let first = if known == 0 { took } else { (3 * known + took) / 4 };
        self.first.store(first.max(1), Ordering::Relaxed);
    }

    fn learn_next(&self, took: u64) {
        let known = self.next.load(Ordering::Relaxed);
        // Seldom written, for every worker reads it.
        if took > 2 * known || took < known / 2 {
            self.next.store(took.max(1), Ordering::Relaxed);
        }
    }
}

impl Event {
    /// As [`Event::notify`], from one on whose core some may sleep, and who has time for what is
    /// brief: whether one of these was woken. `has` and `pending` as for [`Event::wait_behind`]: of
    /// all news that others may bring, for these may rely on this thread as on any searcher.
    #[inline]
    pub(crate) fn notify_near(
        &self,
        news: u64,
        has: impl Fn(u64) -> bool,
        pending: impl Fn() -> bool,
        mates: &Mates,
    ) -> bool {
        let word = self.word.load(Ordering::Relaxed); // N3
        sleeping(word) > 0 && self.tell_near(word, news, has, pending, mates)
    }

    /// As [`Event::tell`].
    #[cold]
    #[inline(never)]
    fn tell_near(
        &self,
        word: u64,
        news: u64,
        has: impl Fn(u64) -> bool,
        pending: impl Fn() -> bool,
        mates: &Mates,
    ) -> bool {
        if searching(word) == 0 && self.is_brief(news, &has) {
            return self.give_near(news, has, pending, mates);
        }
        // Those of other cores need not wait until the caller lets go of its own.
        self.tell(word, news, Rather::Elsewhere);
        false
    }

    /// How long it takes to deal with news that is waited for; 0 if nobody knows.
    pub(crate) fn takes_ns(&self) -> u64 {
        self.brief.first.load(Ordering::Relaxed)
    }

    /// It took so long to deal with news that was waited for.
    pub(crate) fn learn_first(&self, ns: u64) {
        if !cfg!(loom) {
            self.brief.learn_first(ns);
        }
    }

    /// It took so long to deal with news that followed another.
    pub(crate) fn learn_next(&self, ns: u64) {
        if !cfg!(loom) {
            self.brief.learn_next(ns);
        }
    }

    /// Whether it is known to be brief, and the core may be given away.
    #[cfg(not(loom))]
    fn is_brief(&self, news: u64, has: impl Fn(u64) -> bool) -> bool {
        let most = self.pace.wake_ns() / PART;
        // Behind others it is not at once that somebody comes to it.
        self.brief.takes(news).is_some_and(|takes| takes <= most)
            && !has(news)
            && !self.brief.shy.keeps()
    }

    #[cfg(loom)]
    fn is_brief(&self, news: u64, has: impl Fn(u64) -> bool) -> bool {
        self.brief.always.load(std::sync::atomic::Ordering::SeqCst) && !has(news)
    }

    /// From now on, for a model.
    #[cfg(all(test, loom))]
    pub(crate) fn is_always_brief(&self) {
        self.brief.always.store(true, std::sync::atomic::Ordering::SeqCst);
    }

    /// Whether one of this core was woken.
    pub(super) fn give_near(
        &self,
        news: u64,
        has: impl Fn(u64) -> bool,
        pending: impl Fn() -> bool,
        mates: &Mates,
    ) -> bool {
        self.word.fetch_add(SEARCHING, Ordering::AcqRel);
        // Who is woken may have the core at once.
        let state = mates.host.leaves();
        let is_here = self.give_one(Rather::Here) == Some(1);
        if is_here {
            self.let_run();
        }
        mates.host.returns(state);
        self.word.fetch_sub(SEARCHING, Ordering::AcqRel); // W5
        #[cfg(not(control = "near_fence"))]
        fence_after_rmw();
        let settle = || {
            barrier::heavy();
            has(0)
        };
        if has(0) || pending() && settle() {
            let others = (news.min(BREADTH) - 1).max(1);
            self.give(|word| sleeping(word).min(others), Rather::Elsewhere);
        }
        is_here
    }

    /// Gives the core to whoever was woken on it. If it comes back late, for another thread had it,
    /// news is not taken for brief for a while.
    fn let_run(&self) {
        #[cfg(not(loom))]
        {
            // What it takes him to run is not what a wake takes.
            self.gave.store(0, Ordering::Relaxed);
            let began = now_ns();
            std::thread::yield_now();
            self.brief.shy.came_back(now_ns() - began > self.pace.wake_ns());
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::clock::{Deadline, Timeout};
    use crate::spin::Spin;
    use std::time::Duration;

    #[test]
    fn how_long_news_takes_is_learnt() {
        let brief = Brief::default();
        brief.learn_next(50);
        assert_eq!(brief.takes(1), None, "nothing is known of the first");
        brief.learn_first(400);
        assert_eq!(brief.takes(1), Some(400));
        assert_eq!(brief.takes(64), Some(400 + 63 * 50));
        brief.learn_first(800);
        assert_eq!(brief.takes(1), Some(500));
        for (took, known) in [(99, 50), (101, 101), (51, 101), (49, 49)] {
            brief.learn_next(took);
            assert_eq!(brief.takes(2), Some(500 + known));
        }
        brief.clear();
        assert_eq!(brief.takes(1), None);
        brief.learn_first(400);
        assert_eq!(brief.takes(3), Some(1200), "those behind are taken to be the same");
    }

    /// Whatever core the sleepers are on, and whatever is thought of it, all news is taken.
    #[test]
    fn brief_news_is_all_taken() {
        let (event, news, taken) = (Event::default(), AtomicU64::new(0), AtomicU64::new(0));
        let (rounds, each, mates) = (3_000, 3, Mates::new(&[]));
        (0..16).for_each(|_| event.pace.woken(0, 60_000));
        let take = || news.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| n.checked_sub(1));
        let has = |others| news.load(Ordering::Acquire) > others;
        let far = || Timeout::from(Duration::from_secs(20)).deadline();
        let all = |limit: Deadline, count| {
            while taken.load(Ordering::Acquire) < count {
                assert!(!limit.passed(), "some is left");
                std::thread::yield_now();
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let end = || taken.load(Ordering::Acquire) == rounds * each;
                    let attempt = || take().ok().map(|_| true).or_else(|| end().then_some(false));
                    while event.wait(Spin::NONE, far(), attempt, has).expect("in time") {
                        taken.fetch_add(1, Ordering::AcqRel);
                    }
                });
            }
            for round in 0..rounds {
                // A core that was had by another makes news long.
                event.brief.first.store(1_000, Ordering::Relaxed);
                news.fetch_add(each, Ordering::AcqRel);
                fence_after_rmw();
                event.notify_near(each, has, || false, &mates);
                all(far(), (round + 1) * each);
            }
            event.notify_all();
        });
        assert!(event.wakes() > 0);
        assert_eq!(event.word.load(Ordering::Relaxed), 0);
    }
}

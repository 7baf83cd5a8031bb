//! Ringing and waiting under loom: no ring is lost. Without one of the two fences it is, and the
//! model ends in a deadlock.

use super::*;
use loom::sync::Arc;
use loom::thread;

struct Pair {
    word: AtomicU64,
    parking: Parking,
    wakes: Count,
    news: AtomicU64,
}

impl Pair {
    fn new() -> Arc<Pair> {
        let word = AtomicU64::new(AWAKE);
        let (wakes, news) = (Count::new(0), AtomicU64::new(0));
        Arc::new(Pair { word, parking: Parking::across(), wakes, news })
    }

    fn bell(&self) -> Bell<'_> {
        Bell { word: &self.word, parking: &self.parking, wakes: &self.wakes }
    }

    fn tell(&self) {
        self.news.fetch_add(1, Ordering::Release);
        self.bell().ring();
    }

    fn await_news(&self, count: u64) {
        let attempt = || (self.news.load(Ordering::Relaxed) >= count).then_some(());
        self.bell().wait(&Pace::default(), Spin::NONE, Deadline::NEVER, attempt, |_| false);
    }
}

#[test]
fn models_bell_a_ring_is_not_lost() {
    loom::model(|| {
        let pair = Pair::new();
        let other = pair.clone();
        let ringer = thread::spawn(move || {
            other.tell();
            other.tell();
        });
        pair.await_news(1);
        pair.await_news(2);
        ringer.join().unwrap();
    });
}

#[test]
fn models_bell_two_may_ring() {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(|| {
        let pair = Pair::new();
        let ringers = [pair.clone(), pair.clone()].map(|pair| thread::spawn(move || pair.tell()));
        pair.await_news(2);
        ringers.into_iter().for_each(|ringer| ringer.join().unwrap());
    });
}

//! The link under loom: what a worker says is seen whole, and each job is run by one.

use super::*;
use crate::clock::Deadline;
use crate::pace::Pace;
use crate::spin::Spin;
use loom::sync::Arc;
use loom::thread;

fn verdict(started: u64) -> Verdict {
    Verdict { outcome: Outcome::Done, started, finished: started + 1, text: Text::EMPTY }
}

/// The worker's side: claims what comes at these positions, waiting for each, and says a number
/// made from the id and the buffer.
fn work(link: &Link, positions: std::ops::Range<u64>) {
    for position in positions {
        let attempt = || match link.claim(position) {
            Claim::Job(id, buffer, _) => Some(Some(id.0 * 10 + buffer as u64)),
            Claim::Withdrawn => Some(None),
            Claim::Nothing => None,
        };
        let (bell, pace) = (link.worker_bell(), Pace::default());
        let claimed = bell.wait(&pace, Spin::NONE, Deadline::NEVER, attempt, |_| false);
        if let Some(Some(number)) = claimed {
            link.finish(position, &verdict(number));
        }
    }
}

fn collect(link: &Link, position: u64) -> Option<u64> {
    let attempt = || match link.look(position) {
        Seen::Done => Some(link.verdict(position, &mut Text::EMPTY.clone())),
        Seen::Withdrawn => Some(None),
        Seen::Offered | Seen::Claimed => None,
        Seen::Broken => panic!("broken"),
    };
    let (bell, pace) = (link.host_bell(), Pace::default());
    let verdict = bell.wait(&pace, Spin::NONE, Deadline::NEVER, attempt, |_| false).flatten();
    verdict.map(|(outcome, [started, finished])| {
        assert_eq!((outcome, finished), (Outcome::Done, started + 1), "a torn verdict");
        started
    })
}

#[test]
fn models_link_jobs_go_and_come_back_lap_after_lap() {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(|| {
        let link = Arc::new(Link::new());
        link.prepare(Terms::default());
        let worker = link.clone();
        let worker = thread::spawn(move || work(&worker, 0..3));
        link.offer(0, Id(7), 1, 0);
        link.offer(1, Id(8), 2, 0);
        assert_eq!(collect(&link, 0), Some(71));
        link.offer(2, Id(9), 3, 0); // In the first slot again.
        assert_eq!([collect(&link, 1), collect(&link, 2)], [Some(82), Some(93)]);
        worker.join().unwrap();
    });
}

/// Worker and executor both want it: one gets it, and both know who.
#[test]
fn models_link_a_job_is_claimed_or_withdrawn() {
    loom::model(|| {
        let link = Arc::new(Link::new());
        link.prepare(Terms::default());
        link.offer(0, Id(7), 1, 0);
        let worker = link.clone();
        let worker = thread::spawn(move || work(&worker, 0..1));
        let withdrawn = link.withdraw(0);
        worker.join().unwrap();
        assert_eq!(collect(&link, 0).is_none(), withdrawn);
    });
}

/// What is taken back leaves its slot to the next lap, whenever the worker comes by.
#[test]
fn models_link_a_late_worker_passes_by_what_was_withdrawn() {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(|| {
        let link = Arc::new(Link::new());
        link.prepare(Terms::default());
        let worker = link.clone();
        let worker = thread::spawn(move || work(&worker, 0..3));
        link.offer(0, Id(7), 1, 0);
        link.offer(1, Id(8), 2, 0);
        let withdrawn = link.withdraw(0);
        assert_eq!(collect(&link, 0), if withdrawn { None } else { Some(71) });
        link.offer(2, Id(9), 3, 0);
        assert_eq!([collect(&link, 1), collect(&link, 2)], [Some(82), Some(93)]);
        worker.join().unwrap();
    });
}

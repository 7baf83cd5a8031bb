use super::*;
use crate::credits::Outcome;

#[test]
fn jobs_come_as_they_were_put() {
    for timed in [false, true] {
        let jobs = Jobs::new(3, timed);
        for position in 0..20 {
            let (payload, created) = ((8 * position) as *mut c_void, 100 + position);
            jobs.push(position, Job { id: Id(position << 36 | 5), payload, created });
            assert!(jobs.has(0) && !jobs.has(1));
            assert!(jobs.pop_if(|id| id.session() as u64 != position).is_none());
            let job = jobs.pop().unwrap();
            assert_eq!((job.id.session() as u64, job.id.number()), (position, 5));
            assert_eq!(job.payload, payload);
            assert_eq!(job.created, if timed { created } else { 0 });
            assert!(!jobs.has(0) && jobs.pop().is_none());
            assert_eq!(jobs.taken(), position + 1);
        }
    }
}

#[test]
fn results_come_as_they_were_finished() {
    for timed in [false, true] {
        let results = Results::new(100, timed);
        for word in 0..1000 {
            let (outcome, worker) = (Outcome::ALL[word % 7], (word % 4096) as u16);
            let (created, started, finished) = (1, 2, 3 + word as u64);
            let id = Id(word as u64);
            let done = Completion { id, word, outcome, worker, created, started, finished };
            assert!(results.push(done).is_ok());
            assert_eq!(results.len(), 1);
            let done = results.pop().unwrap();
            assert_eq!((done.id, done.word), (id, word));
            assert_eq!((done.outcome, done.worker), (outcome, worker));
            let times = [done.created, done.started, done.finished];
            assert_eq!(times, if timed { [created, started, finished] } else { [0; 3] });
            assert!(results.len() == 0 && results.pop().is_none());
        }
    }
}

#[test]
fn results_are_taken_in_rows() {
    for timed in [false, true] {
        let results = Results::new(5, timed);
        let mut next = 0;
        for (pushed, most) in (1..=5).flat_map(|pushed| [(pushed, 2), (pushed, 5)]) {
            for number in next..next + pushed {
                let (word, outcome, worker) = (number as usize, Outcome::Done, 3);
                let (created, started, finished) = (number, number + 1, number + 2);
                let id = Id(number);
                let done = Completion { id, word, outcome, worker, created, started, finished };
                assert!(results.push(done).is_ok());
            }
            let end = next + pushed;
            let mut row = [Completion::NONE; 5];
            while next < end {
                let count = results.pop_many(&mut row[..most]);
                assert_eq!(count as u64, (end - next).min(most as u64));
                for done in &row[..count] {
                    let times = [done.created, done.started, done.finished];
                    assert_eq!((done.id, done.word, done.worker), (Id(next), next as usize, 3));
                    assert_eq!(times, if timed { [next, next + 1, next + 2] } else { [0; 3] });
                    next += 1;
                }
                assert_eq!(results.len(), end - next);
            }
            assert_eq!(results.pop_many(&mut row), 0);
        }
    }
}

#[test]
fn a_result_of_an_earlier_session_finds_no_place() {
    let results = Results::new(4, false);
    let done = |session: u64| {
        let (word, outcome, worker) = (0, Outcome::Done, 0);
        let (created, started, finished) = (0, 0, 0);
        let id = Id(session << 36);
        Completion { id, word, outcome, worker, created, started, finished }
    };
    for session in [0, 0, 3, 3] {
        assert!(results.push(done(session)).is_ok());
    }
    assert_eq!(results.push(done(2)).unwrap_err().id.session(), 2);
    let stale = |id: Id| id.session() < 3;
    assert!(results.pop_if(stale).is_some() && results.pop_if(stale).is_some());
    assert!(results.pop_if(stale).is_none() && results.len() == 2);
    results.tail.store(results.tail.load(Ordering::Relaxed) | COUNT, Ordering::Relaxed);
    assert_eq!(results.claim(3), Some(COUNT));
    assert_eq!(results.claim(3), Some(0));
}

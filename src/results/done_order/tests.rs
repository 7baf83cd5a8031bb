use super::*;
use crate::credits::Outcome;

#[test]
fn results_come_as_they_were_finished() {
    for timed in [false, true] {
        let results = DoneOrder::new(100, timed);
        for word in 0..1000 {
            let tag = Tag::new(Outcome::ALL[word % 7], word % 4096, 1);
            let (created, started, finished) = (1, 2, 3 + word as u64);
            let id = Id(word as u64);
            let position = 0;
            let done = Completion { id, word, tag, position, created, started, finished };
            assert!(results.push(done).is_ok());
            assert_eq!(results.len(), 1);
            let done = results.pop().unwrap();
            assert_eq!((done.id, done.word), (id, word));
            assert_eq!(done.tag, tag);
            let times = [done.created, done.started, done.finished];
            assert_eq!(times, if timed { [created, started, finished] } else { [0; 3] });
            assert!(results.len() == 0 && results.pop().is_none());
        }
    }
}

#[test]
fn results_are_taken_in_rows() {
    for timed in [false, true] {
        let results = DoneOrder::new(5, timed);
        let mut next = 0;
        for (pushed, most) in (1..=5).flat_map(|pushed| [(pushed, 2), (pushed, 5)]) {
            for number in next..next + pushed {
                let (word, tag) = (number as usize, Tag::new(Outcome::Done, 3, 1));
                let (created, started, finished) = (number, number + 1, number + 2);
                let id = Id(number);
                let position = 0;
                let done = Completion { id, word, tag, position, created, started, finished };
                assert!(results.push(done).is_ok());
            }
            let end = next + pushed;
            let mut row = [Completion::NONE; 5];
            while next < end {
                let count = results.pop_many(&mut row[..most]);
                assert_eq!(count as u64, (end - next).min(most as u64));
                for done in &row[..count] {
                    let times = [done.created, done.started, done.finished];
                    assert_eq!(
                        (done.id, done.word, done.tag.worker()),
                        (Id(next), next as usize, 3)
                    );
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
    let results = DoneOrder::new(4, false);
    let done = |session: u64| Completion { id: Id(session << 36), ..Completion::NONE };
    for session in [0, 0, 3, 3] {
        assert!(results.push(done(session)).is_ok());
    }
    assert_eq!(results.push(done(2)).unwrap_err().id.session(), 2);
    let stale = |id: Id| id.session() < 3;
    assert!(results.pop_if(stale).is_some() && results.pop_if(stale).is_some());
    assert!(results.pop_if(stale).is_none() && results.len() == 2);
    let full = results.tail.load(Ordering::Relaxed) | COUNT;
    results.tail.store(full, Ordering::Relaxed);
    assert_eq!(results.claim(3), Some(COUNT));
    assert_eq!(results.claim(3), Some(0));
}

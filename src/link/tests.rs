use super::*;
use crate::os::memory::{Map, PAGE};

fn link() -> Link {
    let bytes = (WORDS * size_of::<u64>()).next_multiple_of(PAGE);
    let link = Link::new(Map::anonymous(bytes, false).unwrap());
    link.prepare(Terms { worker: 3, seed: 5, ..Terms::default() });
    link
}

#[test]
fn a_worker_learns_its_terms_and_another_version_is_told_so() {
    let link = link();
    assert_eq!(link.terms(), Ok(Terms { worker: 3, seed: 5, ..Terms::default() }));
    assert_eq!(link.hello(), None);
    link.say_hello();
    assert_eq!(link.hello(), Some(VERSION));
    link.word(VERSION_AT).store(VERSION + 1, Ordering::Relaxed);
    let refusal = link.terms().unwrap_err();
    assert!(refusal.contains(&format!("version {}", VERSION + 1)), "{refusal}");
    link.word(HELLO).store(0, Ordering::Relaxed);
    link.refuse();
    assert_eq!(link.hello(), Some(VERSION)); // For an executor of that other version to read.
    link.word(VERSION_AT).store(VERSION, Ordering::Relaxed);
    link.word(HELLO).store(0, Ordering::Relaxed);
    link.refuse();
    assert_eq!(link.hello(), None);
    link.word(MAGIC_AT).store(0, Ordering::Relaxed);
    assert!(link.terms().unwrap_err().contains("no link"));
}

#[test]
fn failures_carry_their_text_and_slots_are_used_again() {
    let link = link();
    let mut text = Text::EMPTY;
    for position in 0..3 * DEPTH as u64 {
        assert!(matches!(link.look(position), Seen::Broken)); // Not of this lap yet.
        assert_eq!(link.claim(position), Claim::Nothing);
        link.offer(position, Id(position), 7, 0);
        assert_eq!(link.look(position), Seen::Offered);
        assert_eq!(link.claim(position), Claim::Job(Id(position), 7, 0));
        assert_eq!(link.look(position), Seen::Claimed);
        assert!(!link.withdraw(slot(position)));
        let said = format!("{position}").repeat(30);
        let mut verdict =
            Verdict { outcome: Outcome::Failed, started: 1, finished: 2, text: Text::EMPTY };
        verdict.text.set(&said);
        verdict.text.code = -4;
        link.finish(position, &verdict);
        assert_eq!(link.look(position), Seen::Done);
        assert_eq!(link.verdict(position, &mut text), Some((Outcome::Failed, [1, 2])));
        assert_eq!((text.code, text.as_str()), (-4, verdict.text.as_str()));
    }
}

#[test]
fn what_is_withdrawn_is_passed_by() {
    let link = link();
    link.offer(0, Id(1), 0, 0);
    link.offer(1, Id(2), 0, 0);
    assert!(link.has(0, 1) && !link.has(0, 2));
    assert!(link.is_offered(0) && link.withdraw(0) && !link.withdraw(0));
    assert_eq!((link.claim(0), link.look(0)), (Claim::Withdrawn, Seen::Withdrawn));
    assert_eq!(link.claim(1), Claim::Job(Id(2), 0, 0));
    // A worker that comes late finds a slot in use again.
    link.offer(DEPTH as u64, Id(3), 0, 0);
    assert!(link.has(0, 0));
    assert_eq!(link.claim(0), Claim::Withdrawn);
    assert_eq!(link.claim(DEPTH as u64), Claim::Job(Id(3), 0, 0));
}

/// Whatever a worker writes, it is broken, or a verdict that fits.
#[test]
fn nonsense_is_seen_or_harmless() {
    let link = link();
    let mut random = 1_u64;
    let mut text = Text::EMPTY;
    for _ in 0..20_000 {
        for at in 0..WORDS {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            if random.is_multiple_of(16) {
                link.word(at).store(random, Ordering::Relaxed);
            }
        }
        for position in 0..2 {
            let _ = (link.look(position), link.is_offered(slot(position)), link.hello());
            let _ = link.verdict(position, &mut text);
            assert!(text.as_str().len() <= MESSAGE_BYTES);
        }
    }
}

use super::*;

fn accept(credits: &Credits) -> Result<Ticket, Status> {
    credits.accept(1, |_| 1).map(|(ticket, _)| ticket)
}

#[test]
fn credits_are_taken_by_accepting_and_given_back_by_any_outcome() {
    let credits = Credits::new(3, (0, 0));
    for (i, outcome) in Outcome::ALL.into_iter().enumerate() {
        let numbers: Vec<u64> = (0..3).map(|_| accept(&credits).unwrap().number).collect();
        assert_eq!(numbers, [0, 1, 2].map(|n| n + 3 * i as u64));
        assert_eq!(accept(&credits), Err(Status::Full));
        (0..3).for_each(|_| credits.resolve(outcome, 1));
    }
    assert_eq!(credits.counts(), (21, [3; 7]));
    assert_eq!((credits.in_flight(), credits.most_in_flight()), (0, 3));
}

#[test]
fn a_full_queue_burns_no_number() {
    let credits = Credits::new(3, (0, 0));
    assert_eq!(credits.accept(1, |_| 0), Err(Status::Full));
    assert_eq!(accept(&credits).unwrap().number, 0);
}

#[test]
fn numbers_begin_again_with_each_session() {
    let credits = Credits::new(8, (0, 0));
    for session in 0..20 {
        for number in 0..3 {
            let position = 3 * u64::from(session) + number;
            assert_eq!(accept(&credits), Ok(Ticket { session, number, position }));
            credits.resolve(Outcome::Discarded, 1);
        }
        assert_eq!(credits.next_session(), Ok(session + 1));
    }
}

#[test]
fn the_count_goes_on_past_32_bits() {
    let credits = Credits::new(2, (0, 0));
    let near = u64::from(u32::MAX) - 1;
    credits.word.store(near, Ordering::Relaxed);
    credits.outcomes[0].store(near, Ordering::Relaxed);
    for number in near..near + 5 {
        assert_eq!(accept(&credits), Ok(Ticket { session: 0, number, position: number }));
        assert_eq!(credits.in_flight(), 1);
        credits.resolve(Outcome::Done, 1);
    }
    assert_eq!(credits.next_session(), Ok(1));
    assert_eq!(accept(&credits), Ok(Ticket { session: 1, number: 0, position: near + 5 }));
}

#[test]
fn a_finished_session_ends_when_all_but_stale_jobs_are_resolved() {
    let credits = Credits::new(4, (0, 0));
    accept(&credits).unwrap();
    credits.next_session().unwrap();
    accept(&credits).unwrap();
    assert!(!credits.ended(|_| 1));
    credits.finish();
    assert_eq!(accept(&credits), Err(Status::Finished));
    assert!(!credits.ended(|_| 1));
    credits.resolve(Outcome::Done, 1);
    assert!(credits.ended(|session| u64::from(session == 1)) && !credits.ended(|_| 0));
    credits.next_session().unwrap();
    assert!(!credits.ended(|_| 1));
    assert!(accept(&credits).is_ok());
}

#[test]
fn closed_is_for_ever_and_sessions_run_out() {
    let credits = Credits::new(1, (0, 0));
    credits.word.store(u64::from(LAST_SESSION) << SESSION_SHIFT, Ordering::Relaxed);
    assert_eq!(credits.next_session(), Err(Status::Exhausted));
    credits.close();
    assert_eq!(accept(&credits), Err(Status::Closed));
    assert_eq!(credits.next_session(), Err(Status::Closed));
}

/// Several in one go, as many as both bounds allow.
#[test]
fn several_are_accepted_as_far_as_there_is_room() {
    let credits = Credits::new(10, (0, 0));
    let ticket = |position| Ticket { session: 0, number: position, position };
    assert_eq!(credits.accept(4, |_| u64::MAX), Ok((ticket(0), 4)));
    assert_eq!(credits.accept(4, |accepted| 6 - accepted), Ok((ticket(4), 2)), "the queue binds");
    assert_eq!(credits.accept(u64::MAX, |_| u64::MAX), Ok((ticket(6), 4)), "the credits bind");
    assert_eq!(credits.accept(4, |_| u64::MAX), Err(Status::Full));
    credits.resolve(Outcome::Done, 3);
    credits.resolve(Outcome::Failed, 1);
    assert_eq!(credits.accept(9, |_| 0), Err(Status::Full));
    assert_eq!(credits.accept(9, |_| 9), Ok((ticket(10), 4)));
    assert_eq!((credits.in_flight(), credits.most_in_flight()), (10, 10));
    assert_eq!(credits.counts().0, 14);
}

#[test]
fn numbers_of_jobs_that_are_accepted_together_do_not_wrap_in_between() {
    let credits = Credits::new(10, (0, NUMBERS - 3));
    let (first, count) = credits.accept(8, |_| u64::MAX).unwrap();
    assert_eq!((first.number, count), (NUMBERS - 3, 3));
    let (next, count) = credits.accept(5, |_| u64::MAX).unwrap();
    assert_eq!((next.number % NUMBERS, next.position, count), (0, 3, 5));
    let ids = [first, next].map(crate::job::Id::from);
    assert_eq!(ids.map(|id| (id.session(), id.number())), [(0, NUMBERS - 3), (0, 0)]);
}

#[test]
fn the_first_session_may_begin_anywhere() {
    let credits = Credits::new(10, (7, 5));
    let accept = || credits.accept(1, |_| u64::MAX).unwrap().0;
    let place = |ticket: Ticket| (ticket.session, ticket.number, ticket.position);
    assert_eq!([place(accept()), place(accept())], [(7, 5, 0), (7, 6, 1)]);
    assert_eq!((credits.base(7), credits.base(6), credits.base(8)), (Some(0), None, None));
    assert_eq!(credits.next_session(), Ok(8));
    assert_eq!((place(accept()), credits.base(8), credits.base(7)), ((8, 0, 2), Some(2), None));
    assert_eq!(credits.next_session(), Ok(9));
    assert_eq!((place(accept()), credits.base(9)), ((9, 0, 3), Some(3)));
}

/// Among threads, each place is handed out once, and no more than there are.
#[test]
fn places_of_several_are_handed_out_once() {
    const JOBS: u64 = 100_000;
    let credits = Credits::new(7, (0, 0));
    let mut taken = std::thread::scope(|scope| {
        let threads = [1, 2, 5, 9].map(|wanted| {
            let credits = &credits;
            scope.spawn(move || {
                let mut taken = Vec::new();
                while credits.counts().0 < JOBS {
                    match credits.accept(wanted, |_| u64::MAX) {
                        Ok((ticket, count)) => {
                            assert!((1..=wanted).contains(&count));
                            assert_eq!(ticket.number, ticket.position);
                            taken.push(ticket.position..ticket.position + count);
                            credits.resolve(Outcome::Done, count);
                        }
                        Err(status) => {
                            assert_eq!(status, Status::Full);
                            std::thread::yield_now();
                        }
                    }
                }
                taken
            })
        });
        threads.map(|thread| thread.join().unwrap()).concat()
    });
    taken.sort_unstable_by_key(|places| places.start);
    let end = taken.iter().fold(0, |end, places| {
        assert_eq!(places.start, end);
        places.end
    });
    assert_eq!(credits.counts(), (end, [end, 0, 0, 0, 0, 0, 0]));
    assert!(credits.most_in_flight() <= 7);
}

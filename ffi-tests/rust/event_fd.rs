//! A host that sleeps in poll(2) until the executor's descriptor is readable, while others put, reset
//! and poll: it is woken for all there is, and no wait of it runs out.

mod ledger;
mod random;
mod support;

use jobexec::{Batch, BatchExecutor, Config, Executor, JobContext, Outcome, Status, Transform};
use ledger::{Event, Ledger, Payload, split};
use random::Random;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::thread::{scope, yield_now};
use std::time::Instant;
use support::{Answer, PATIENCE, config, start};

/// Sleeps until it is readable. False at the deadline.
fn sleep(fd: BorrowedFd<'_>, milliseconds: i32) -> bool {
    let mut place = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one descriptor is given, as is said.
    unsafe { libc::poll(&mut place, 1, milliseconds) == 1 }
}

/// An epoll that is told of an edge only.
struct Edges(i32);

impl Edges {
    fn of(fd: BorrowedFd<'_>) -> Edges {
        // SAFETY: the call takes a number.
        let epoll = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        let mut event =
            libc::epoll_event { events: (libc::EPOLLIN | libc::EPOLLET) as u32, u64: 0 };
        // SAFETY: the event is a valid place.
        let added =
            unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, fd.as_raw_fd(), &mut event) };
        assert!(epoll >= 0 && added == 0);
        Edges(epoll)
    }

    fn sleep(&self, milliseconds: i32) -> bool {
        let mut event = libc::epoll_event { events: 0, u64: 0 };
        // SAFETY: the event is a valid place for one.
        unsafe { libc::epoll_wait(self.0, &mut event, 1, milliseconds) == 1 }
    }
}

impl Drop for Edges {
    fn drop(&mut self) {
        // SAFETY: the descriptor is this one's.
        unsafe { libc::close(self.0) };
    }
}

struct Noting;

impl Transform<Payload> for Noting {
    fn run(&self, payload: &mut Payload, job: &JobContext<'_>) -> Answer {
        payload.note(Event::Ran);
        payload.ran = Some((job.id(), Outcome::Done));
        Ok(())
    }
    fn discard(&self, payload: Box<Payload>) {
        payload.note(Event::Discarded);
    }
}

struct Stress {
    executor: Executor<Payload>,
    ledger: Arc<Ledger>,
    /// How many puts there are for each reset; 0 for none.
    puts_a_reset: u64,
    floor: AtomicU32,
    /// All was put: `finish` may have been called.
    last: AtomicBool,
    limit: Instant,
}

impl Stress {
    fn produce(&self, mut random: Random) {
        while let Some(mut payload) = self.ledger.payload() {
            if random.one_in(self.puts_a_reset) {
                let session = self.executor.reset().unwrap();
                self.floor.fetch_max(session, SeqCst);
            }
            // Gaps, so that the host finds nothing now and then.
            (0..random.pick(&[0, 0, 0, 50])).for_each(|_| yield_now());
            let line = payload.line;
            loop {
                match self.executor.put_wait(payload, PATIENCE) {
                    Ok(id) => {
                        self.ledger.note(line, Event::Accepted);
                        break self.ledger.note_id(line, id);
                    }
                    Err(rejected) => {
                        assert_eq!(rejected.status, Status::Timeout);
                        assert!(Instant::now() < self.limit, "{}", self.executor.report());
                        payload = rejected.payload;
                    }
                }
            }
        }
    }

    /// A host: it sleeps, and polls until there is nothing.
    fn consume(&self, edges: bool, mut random: Random) {
        let fd = self.executor.event_fd().unwrap();
        let epoll = edges.then(|| Edges::of(fd));
        let patience = PATIENCE.as_millis() as i32;
        loop {
            let woken = match &epoll {
                Some(epoll) => epoll.sleep(patience),
                None => sleep(fd, patience),
            };
            assert!(woken, "not woken\n{}", self.executor.report());
            loop {
                let floor = self.floor.load(SeqCst);
                match self.executor.poll() {
                    Ok(result) => {
                        assert!(result.session >= floor, "delivered after its session was over");
                        assert_eq!((result.session, result.number), split(result.id));
                        result.payload.as_ref().unwrap().note(Event::Delivered);
                        self.ledger.note_id(result.payload.as_ref().unwrap().line, result.id);
                    }
                    // Looked at after the poll: all was put before `finish` was called.
                    Err(Status::End) => return assert!(self.last.load(SeqCst)),
                    Err(status) => {
                        assert_eq!(status, Status::Empty);
                        break;
                    }
                }
                if random.one_in(100) {
                    yield_now();
                }
            }
        }
    }
}

#[test]
fn a_sleeping_host_is_woken_for_all_there_is() {
    for seed in 0..24 {
        let mut random = Random::new(seed);
        let config = Config {
            results: random.pick(&[1, 2, 7, 64]),
            queue_per_worker: random.pick(&[1, 2, 64]),
            timing: random.one_in(2),
            ..config(random.pick(&[0, 1, 2, 3]))
        };
        // An edge wakes one of those who sleep in an epoll each; so they are one, or by level.
        let (edges, hosts) = random.pick(&[(true, 1), (false, 1), (false, 2)]);
        let stress = Stress {
            executor: start(&config, Noting),
            ledger: Ledger::new(3_000),
            puts_a_reset: random.pick(&[0, 50, 500]),
            floor: AtomicU32::new(0),
            last: AtomicBool::new(false),
            limit: Instant::now() + PATIENCE,
        };
        scope(|scope| {
            let (stress, of) = (&stress, |thread: u64| Random::new(seed ^ thread << 32));
            let hosts: Vec<_> =
                (0..hosts).map(|n| scope.spawn(move || stress.consume(edges, of(n)))).collect();
            let producers = [2, 3].map(|n| scope.spawn(move || stress.produce(of(n))));
            producers.into_iter().for_each(|producer| producer.join().unwrap());
            stress.last.store(true, SeqCst);
            stress.executor.finish().unwrap();
            hosts.into_iter().for_each(|host| host.join().unwrap());
        });
        let stats = stress.executor.stats();
        stress.executor.close(PATIENCE).unwrap();
        let totals = stress.ledger.check(1..=1);
        let counted = (stats.accepted, stats.done, stats.discarded, stats.outstanding);
        assert_eq!(counted, (totals.accepted, totals.delivered, totals.discarded, 0));
        assert!(stats.event_fd_rings > 0);
    }
}

/// Polls that find nothing where nothing was rung for are spared the kernel: none of them makes the
/// descriptor readable, and a result after a thousand of them does.
#[test]
fn batches_and_polls_in_vain() {
    let config = Config { input_bytes: 8, results: 4, queue_per_worker: 4, ..config(1) };
    let copy = |_: &mut Batch<'_>, _: &JobContext<'_>| -> Answer { Ok(()) };
    let executor = BatchExecutor::start(&config, copy, PATIENCE).unwrap();
    let fd = executor.event_fd().unwrap();
    for _ in 0..1_000 {
        assert_eq!(executor.poll().unwrap_err(), Status::Empty);
    }
    assert!(!sleep(fd, 0) && executor.stats().event_fd_rings == 0);
    executor.put(executor.acquire().unwrap()).unwrap();
    assert!(sleep(fd, PATIENCE.as_millis() as i32));
    assert_eq!(executor.poll().unwrap().id, 0);
    assert_eq!(executor.poll().unwrap_err(), Status::Empty);
    assert!(!sleep(fd, 0) && executor.stats().event_fd_rings == 1);
    let stats = executor.stats();
    assert_eq!((stats.accepted, stats.done, stats.outstanding), (1, 1, 0));
    executor.close(PATIENCE).unwrap();
    assert!(sleep(fd, 0));
}

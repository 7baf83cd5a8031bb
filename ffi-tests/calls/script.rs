//! What is called, drawn from bytes: any bytes are a script, so that a fuzzer can change them and a
//! failure can be cut down.

/// Bytes that are used up; zeros follow.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn byte(&mut self) -> u8 {
        let (byte, rest) = self.0.split_first().map_or((0, &[][..]), |(byte, rest)| (*byte, rest));
        self.0 = rest;
        byte
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::from(self.byte()) % of.len()]
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Threads,
    Processes,
}

/// What an executor is started with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) kind: Kind,
    pub(crate) workers: u32,
    pub(crate) batches: bool,
    pub(crate) results: u32,
    pub(crate) queue_per_worker: u32,
    pub(crate) ordered: u32,
    pub(crate) timing: u32,
    pub(crate) retries: u32,
    pub(crate) retry_failed: u32,
    pub(crate) job_timeout_ns: u64,
    pub(crate) abandon_after_ns: u64,
    pub(crate) cancel_kill_ns: u64,
    pub(crate) trace_jobs: u64,
    pub(crate) waiting: u32,
    /// Workers of each of two stages, unless 0.
    pub(crate) stages: u32,
}

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Deed {
    Done,
    Fails,
    /// Until it is cancelled, or for some milliseconds.
    Listens,
    /// For some milliseconds, whatever it is told.
    Stuck,
    /// Calls what it may not.
    CallsBack,
    /// The end of a process; a thread fails.
    Dies,
    /// Writes into what it shares with its host; a thread fails.
    Scribbles,
}

impl Deed {
    pub(crate) const ALL: [Deed; 7] = [
        Deed::Done,
        Deed::Fails,
        Deed::Listens,
        Deed::Stuck,
        Deed::CallsBack,
        Deed::Dies,
        Deed::Scribbles,
    ];

    pub(crate) fn of(byte: u8) -> Deed {
        Deed::ALL[usize::from(byte) % Deed::ALL.len()]
    }
}

/// How a put or a poll waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    No,
    For(u64),
    /// A put with options, or a poll of several.
    Other(u8),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    /// The bytes are what a process scribbles, and where.
    Put(Deed, Wait, [u8; 2]),
    PutMany(Deed, u8, Wait),
    Poll(Wait),
    Reset,
    Finish,
    Abort,
    /// The job that was put so many ago.
    Cancel(u8),
    Close(u64),
    Inspect(u8),
    Release,
    /// Arguments that must be refused.
    Misuse(u8),
    /// The event descriptor.
    Watch,
}

#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) setup: Setup,
    /// What each thread calls.
    pub(crate) threads: Vec<Vec<Call>>,
}

impl Script {
    pub(crate) fn read(bytes: &[u8], kind: Kind) -> Script {
        let mut bytes = Bytes(bytes);
        let setup = setup(&mut bytes, kind);
        let mut threads = vec![Vec::new(); 1 + usize::from(bytes.byte() % 3)];
        while !bytes.0.is_empty() {
            let byte = bytes.byte();
            let thread = usize::from(byte >> 6) % threads.len();
            threads[thread].push(call(&mut bytes, byte & 0x3f));
        }
        Script { setup, threads }
    }
}

fn setup(bytes: &mut Bytes<'_>, kind: Kind) -> Setup {
    let timing = u32::from(bytes.byte() % 4 != 3);
    let limits = timing * u32::from(bytes.byte() % 2);
    let limit = |of: &[u64], bytes: &mut Bytes<'_>| bytes.pick(of) * u64::from(limits);
    Setup {
        kind,
        workers: match kind {
            Kind::Threads => bytes.pick(&[1, 0, 2, 3]),
            Kind::Processes => bytes.pick(&[1, 2]),
        },
        batches: kind == Kind::Processes || bytes.byte() % 2 == 1,
        results: bytes.pick(&[0, 1, 2, 5, 64]),
        queue_per_worker: bytes.pick(&[2, 1, 8]),
        ordered: u32::from(bytes.byte() % 2),
        timing,
        retries: bytes.pick(&[0, 0, 1, 2]),
        retry_failed: u32::from(bytes.byte() % 2),
        job_timeout_ns: limit(&[0, u64::MAX, 2_000_000], bytes),
        abandon_after_ns: bytes.pick(&[1_000_000_000, 1_000_000, 0]),
        cancel_kill_ns: limit(&[0, 1_000_000], bytes),
        trace_jobs: u64::from(timing) * bytes.pick(&[0, 1, 7]),
        waiting: bytes.pick(&[0, 1, 2]),
        stages: bytes.pick(&[0, 0, 0, 1]),
    }
}

fn call(bytes: &mut Bytes<'_>, kind: u8) -> Call {
    match kind {
        0..=15 => {
            let deed = Deed::of(bytes.byte());
            Call::Put(deed, wait(bytes), [bytes.byte(), bytes.byte()])
        }
        16..=19 => Call::PutMany(Deed::of(bytes.byte()), bytes.byte() % 10, wait(bytes)),
        20..=39 => Call::Poll(wait(bytes)),
        40..=42 => Call::Reset,
        43 => Call::Finish,
        44 => Call::Abort,
        45..=49 => Call::Cancel(bytes.byte()),
        50 => Call::Close(bytes.pick(&[0, 1_000_000, 100_000_000])),
        51..=54 => Call::Inspect(bytes.byte()),
        55..=58 => Call::Release,
        59 => Call::Watch,
        _ => Call::Misuse(bytes.byte()),
    }
}

fn wait(bytes: &mut Bytes<'_>) -> Wait {
    match bytes.byte() {
        0..=99 => Wait::No,
        byte @ 100..=199 => Wait::For(u64::from(byte % 4) * 1_000_000),
        byte => Wait::Other(byte),
    }
}

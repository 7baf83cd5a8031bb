//! Floors and peers in other processes: this program, started again as a partner that answers
//! through shared memory or a pipe; and Python's pools, in a script that is asked to run them.

#![allow(dead_code)] // Each bench uses a part.

use crate::peers::{now_ns, pin};
use crate::rounds::Contestant;
use crossbeam_utils::CachePadded;
use std::cell::RefCell;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// Makes an output, of the job of that number.
pub(crate) type Fill = fn(&mut [u8], u64);

const ROLE: &str = "--partner";
const HEAD: usize = 4096;

/// Serves as a partner until the other side is gone, if this process was started as one.
pub(crate) fn serve(fill: Fill) -> bool {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some(ROLE) {
        return false;
    }
    let kind = arguments.next().unwrap();
    let mut number = || arguments.next().unwrap().parse::<usize>().unwrap();
    let (bytes, cpu) = (number(), number());
    pin(cpu);
    match kind.as_str() {
        "memory" => answer_in_memory(bytes, fill),
        "pipe" => answer_by_pipe(number(), bytes, fill),
        other => panic!("no such partner: {other}"),
    }
    true
}

fn start(kind: &str, numbers: &[usize], stdin: Stdio, stdout: Stdio) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([ROLE, kind]).args(numbers.iter().map(usize::to_string));
    end_with_parent(&mut command);
    command.stdin(stdin).stdout(stdout).spawn().unwrap()
}

fn end_with_parent(command: &mut Command) {
    let ask = || {
        // SAFETY: the call takes numbers.
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
        Ok(())
    };
    // SAFETY: the closure makes one system call.
    unsafe { command.pre_exec(ask) };
}

// ---- Shared memory and a futex ----

/// The first page of the memory.
#[repr(C)]
struct Doors {
    there: Door,
    back: Door,
    /// When the partner had written its last byte.
    written: CachePadded<AtomicU64>,
}

/// Closed, open, or closed and somebody sleeps in front of it. One passes it, and closes it behind
/// itself.
#[repr(C)]
struct Door(CachePadded<AtomicU32>);

const CLOSED: u32 = 0;
const OPEN: u32 = 1;
const SLEEPER: u32 = 2;

impl Door {
    fn open(&self) {
        if self.0.swap(OPEN, Ordering::AcqRel) == SLEEPER {
            self.futex(libc::FUTEX_WAKE, 1);
        }
    }

    fn pass(&self, spin_ns: u64) {
        if spin_ns > 0 {
            let end = now_ns().saturating_add(spin_ns);
            while self.0.load(Ordering::Acquire) != OPEN {
                (0..16).for_each(|_| std::hint::spin_loop());
                if now_ns() >= end {
                    break;
                }
            }
        }
        let exchange =
            |from, to| self.0.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed);
        while exchange(OPEN, CLOSED).is_err() {
            if exchange(CLOSED, SLEEPER) != Err(OPEN) {
                self.futex(libc::FUTEX_WAIT, SLEEPER);
            }
        }
    }

    /// Not private: the word lies in memory that both map.
    fn futex(&self, operation: i32, value: u32) {
        let forever = std::ptr::null::<libc::timespec>();
        // SAFETY: the word is aligned and outlives the call; the rest are plain numbers.
        unsafe { libc::syscall(libc::SYS_futex, self.0.as_ptr(), operation, value, forever) };
    }
}

/// A map of the memory, with so many bytes behind the doors.
struct Shared {
    base: *mut u8,
    bytes: usize,
}

impl Shared {
    fn map(file: &File, bytes: usize) -> Shared {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let null = std::ptr::null_mut();
        // SAFETY: a new map disturbs nobody.
        let base = unsafe {
            libc::mmap(null, HEAD + bytes, protection, libc::MAP_SHARED, file.as_raw_fd(), 0)
        };
        assert_ne!(base, libc::MAP_FAILED);
        Shared { base: base.cast(), bytes }
    }

    fn doors(&self) -> &Doors {
        // SAFETY: the map begins with the doors, all of whose bit patterns are valid.
        unsafe { &*self.base.cast::<Doors>() }
    }

    fn output(&self) -> *mut u8 {
        self.base.wrapping_add(HEAD)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: the map is this object's.
        unsafe { libc::munmap(self.base.cast(), HEAD + self.bytes) };
    }
}

fn answer_in_memory(bytes: usize, fill: Fill) {
    // SAFETY: whoever started this process gave it the memory as its standard input.
    let shared = Shared::map(&unsafe { File::from_raw_fd(0) }, bytes);
    let doors = shared.doors();
    for number in 0.. {
        doors.there.pass(0); // Not in the way of others while it waits.
        // SAFETY: the output is the partner's from one door to the other.
        fill(unsafe { std::slice::from_raw_parts_mut(shared.output(), bytes) }, number);
        doors.written.store(now_ns(), Ordering::Relaxed);
        doors.back.open();
    }
}

/// A partner in a process of its own, which shares memory with this one.
pub(crate) struct RawPair {
    memory: File,
    shared: Shared,
    partner: Child,
}

impl RawPair {
    /// Its memory has been touched on both sides when this returns.
    pub(crate) fn start(bytes: usize, cpu: usize) -> RawPair {
        // SAFETY: the name is a C string.
        let fd = unsafe { libc::memfd_create(c"bench".as_ptr(), libc::MFD_CLOEXEC) };
        assert!(fd >= 0);
        // SAFETY: the descriptor is new, and nobody else's.
        let file = unsafe { File::from_raw_fd(fd) };
        file.set_len((HEAD + bytes) as u64).unwrap();
        let shared = Shared::map(&file, bytes);
        let partner = RawPair::partner(&file, bytes, cpu);
        let pair = RawPair { memory: file, shared, partner };
        pair.hand_over(0);
        for page in (0..bytes).step_by(HEAD) {
            let byte = pair.shared.output().wrapping_add(page);
            // SAFETY: the byte lies in the output, and the partner waits.
            unsafe { byte.read_volatile() };
        }
        pair
    }

    /// Two hops: wakes the partner to write, and waits until it has, looking for `spin_ns` before it
    /// sleeps. Answers how long it was from its last write to the first read here.
    #[inline]
    pub(crate) fn hand_over(&self, spin_ns: u64) -> Duration {
        let doors = self.shared.doors();
        doors.there.open();
        doors.back.pass(spin_ns);
        if self.shared.bytes > 0 {
            // SAFETY: the byte lies in the output, and the partner waits.
            unsafe { self.shared.output().read_volatile() };
        }
        let read = now_ns();
        Duration::from_nanos(read - doors.written.load(Ordering::Relaxed))
    }

    fn partner(memory: &File, bytes: usize, cpu: usize) -> Child {
        let memory = memory.try_clone().unwrap().into();
        start("memory", &[bytes, cpu], memory, Stdio::inherit())
    }

    /// Kills the partner, starts another in its place, and waits for its first answer.
    pub(crate) fn start_again(&mut self, cpu: usize) {
        self.partner.kill().unwrap();
        self.partner.wait().unwrap();
        self.partner = RawPair::partner(&self.memory, self.shared.bytes, cpu);
        self.hand_over(0);
    }

    /// The partner's number.
    pub(crate) fn task(&self) -> String {
        self.partner.id().to_string()
    }
}

impl Drop for RawPair {
    fn drop(&mut self) {
        self.partner.kill().unwrap();
        self.partner.wait().unwrap();
    }
}

// ---- A pipe ----

fn answer_by_pipe(request_bytes: usize, bytes: usize, fill: Fill) {
    // SAFETY: the descriptors are open, and nobody else uses them.
    let [mut from, mut to] = [0, 1].map(|fd| unsafe { File::from_raw_fd(fd) });
    let (mut request, mut answer) = (vec![0; request_bytes], vec![0; bytes]);
    for number in 0.. {
        if from.read_exact(&mut request).is_err() {
            return; // The other side is gone.
        }
        fill(&mut answer, number);
        to.write_all(&answer).unwrap();
    }
}

/// A partner that reads requests and writes answers.
pub(crate) struct Piped {
    to: File,
    from: File,
    request: Vec<u8>,
    answer: RefCell<Vec<u8>>,
    partner: Child,
}

impl Piped {
    pub(crate) fn start(request_bytes: usize, answer_bytes: usize, cpu: usize) -> Piped {
        let numbers = [answer_bytes, cpu, request_bytes];
        let mut partner = start("pipe", &numbers, Stdio::piped(), Stdio::piped());
        let to = File::from(OwnedFd::from(partner.stdin.take().unwrap()));
        let from = File::from(OwnedFd::from(partner.stdout.take().unwrap()));
        for fd in [to.as_raw_fd(), from.as_raw_fd()] {
            // SAFETY: the call takes numbers; where it is refused, the pipe stays smaller.
            unsafe { libc::fcntl(fd, libc::F_SETPIPE_SZ, PIPE_BYTES) };
        }
        let (request, answer) = (vec![1; request_bytes], RefCell::new(vec![0; answer_bytes]));
        let piped = Piped { to, from, request, answer, partner };
        piped.round_trip();
        piped
    }

    fn ask(&self) {
        (&self.to).write_all(&self.request).unwrap();
    }

    fn get(&self) {
        (&self.from).read_exact(&mut self.answer.borrow_mut()).unwrap();
    }

    pub(crate) fn round_trip(&self) {
        self.ask();
        self.get();
    }

    /// Keeps `window` requests in flight until so many are answered, each of which `read` sees.
    pub(crate) fn stream(&self, window: u64, jobs: u64, read: impl Fn(&[u8])) -> Duration {
        let start = now_ns();
        let first = window.min(jobs);
        (0..first).for_each(|_| self.ask());
        for job in 0..jobs {
            self.get();
            read(&self.answer.borrow());
            if first + job < jobs {
                self.ask();
            }
        }
        Duration::from_nanos(now_ns() - start)
    }

    /// The partner's number.
    pub(crate) fn task(&self) -> String {
        self.partner.id().to_string()
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        self.partner.kill().unwrap();
        self.partner.wait().unwrap();
    }
}

/// What an unprivileged process may make a pipe hold, where nothing else is set.
const PIPE_BYTES: i32 = 1 << 20;

// ---- Python ----

/// The script that runs Python's pools. It is told what to run and answers with its time.
pub(crate) struct Script {
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    script: Child,
}

/// The interpreter: `PYTHON`, or python3.
pub(crate) fn python() -> OsString {
    std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into())
}

/// A file that lies beside the benches.
pub(crate) fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches").join(name)
}

impl Script {
    /// `None` if there is no Python, which is said.
    pub(crate) fn start(host_cpu: usize, worker_cpus: &[usize]) -> Option<Script> {
        let mut command = Command::new(python());
        command.arg("-B").arg(beside("pools.py")).arg(host_cpu.to_string());
        command.args(worker_cpus.iter().map(usize::to_string));
        match command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() {
            Ok(mut script) => {
                let (to, from) = (script.stdin.take().unwrap(), script.stdout.take().unwrap());
                Some(Script { to: Some(to), from: BufReader::new(from), script })
            }
            Err(error) => {
                println!("skipped: Python's pools, for {:?} does not start: {error}", python());
                None
            }
        }
    }

    /// Has something run, and answers how long it took; or why it cannot.
    pub(crate) fn run(&mut self, what: &str, numbers: &[u64]) -> Result<Duration, String> {
        let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
        let to = self.to.as_mut().expect("it lives");
        writeln!(to, "{what} {}", numbers.join(" ")).map_err(|error| error.to_string())?;
        let mut line = String::new();
        self.from.read_line(&mut line).map_err(|error| error.to_string())?;
        let nanoseconds = line.trim().parse().map_err(|_| line.trim().to_owned())?;
        Ok(Duration::from_nanos(nanoseconds))
    }
}

/// What the script runs: asked for n times, it does one in `part` of them. `None` if it cannot,
/// which is said.
pub(crate) fn pool<'a>(
    name: &'static str,
    script: &'a RefCell<Option<Script>>,
    part: u64,
    what: impl Fn(u64) -> (&'static str, Vec<u64>) + 'a,
) -> Option<Contestant<'a>> {
    let run = move |times| {
        let (what, numbers) = what(times);
        script.borrow_mut().as_mut().ok_or_else(|| "no Python".to_owned())?.run(what, &numbers)
    };
    script.borrow().as_ref()?;
    if let Err(why) = run(1) {
        println!("skipped: {name}: {why}");
        return None;
    }
    Some(Contestant::new(name, move |times| {
        let fewer = times.div_ceil(part);
        run(fewer).unwrap().mul_f64(times as f64 / fewer as f64)
    }))
}

impl Drop for Script {
    fn drop(&mut self) {
        drop(self.to.take()); // It ends, and its workers with it.
        self.script.wait().unwrap();
    }
}

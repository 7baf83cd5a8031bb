//! What a machine or a container does not give: memory, descriptors, threads, processes.

use crate::host::{Account, HANG, Host, Kind, WORK, config, is_refusal};
use jobexec::Config;
use std::fs;

/// This process's limit of that kind; what it was comes back.
fn limit(kind: libc::__rlimit_resource_t, most: u64) -> u64 {
    let mut before = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the place is valid.
    assert_eq!(unsafe { libc::getrlimit(kind, &mut before) }, 0);
    let limit = libc::rlimit { rlim_cur: most, rlim_max: before.rlim_max };
    // SAFETY: the structure is valid.
    assert_eq!(unsafe { libc::setrlimit(kind, &limit) }, 0);
    before.rlim_cur
}

/// Starts, and works a little where that is possible; else the error says why.
fn attempt(kind: Kind, config: &Config, account: &mut Account) -> bool {
    match Host::start(kind, config) {
        Ok(mut host) => {
            host.turn_until(|host| host.accepted() > 50);
            account.add(&host.end());
            true
        }
        Err(error) => {
            assert!(is_refusal(&error), "{error:?}");
            false
        }
    }
}

/// From too little to enough, in steps.
fn memory(kind: Kind, scale: u64) -> Option<Account> {
    let mut account = Account::default();
    let pages: u64 =
        fs::read_to_string("/proc/self/statm").ok()?.split(' ').next()?.parse().ok()?;
    let config = Config { input_bytes: 1 << 20, output_bytes: 1 << 20, ..config(2) };
    let steps = 20 * scale;
    let most = 160 << 20;
    let (mut refused, mut started) = (0, 0);
    for step in 0..=steps {
        // What the test itself needs is left to it.
        let before = limit(libc::RLIMIT_AS, pages * 4096 + (2 << 20) + most * step / steps);
        let starts = attempt(kind, &config, &mut account);
        limit(libc::RLIMIT_AS, before);
        *if starts { &mut started } else { &mut refused } += 1;
    }
    assert!(refused > 0 && started > 0, "{refused} were refused, {started} started");
    Some(account)
}

pub(crate) fn memory_of_threads(scale: u64) -> Option<Account> {
    memory(Kind::Threads, scale)
}

pub(crate) fn memory_of_processes(scale: u64) -> Option<Account> {
    memory(Kind::Processes, scale)
}

pub(crate) fn descriptors(_: u64) -> Option<Account> {
    let mut account = Account::default();
    let (mut refused, mut started) = (0, 0);
    for most in 3..60 {
        let before = limit(libc::RLIMIT_NOFILE, most);
        let starts = attempt(Kind::Processes, &config(3), &mut account);
        let threads = attempt(Kind::Threads, &config(3), &mut account);
        limit(libc::RLIMIT_NOFILE, before);
        assert!(threads, "threads need no descriptors");
        *if starts { &mut started } else { &mut refused } += 1;
    }
    assert!(refused > 0 && started > 0, "{refused} were refused, {started} started");
    Some(account)
}

/// Nothing of the library lies there. Nothing where file systems cannot be mounted.
pub(crate) fn shared_memory(_: u64) -> Option<Account> {
    // SAFETY: the call takes numbers.
    if unsafe { libc::unshare(libc::CLONE_NEWNS) } != 0 {
        return None;
    }
    let mount = |from: Option<&std::ffi::CStr>,
                 to: &std::ffi::CStr,
                 flags,
                 data: Option<&std::ffi::CStr>| {
        let [from, data] = [from, data].map(|it| it.map_or(std::ptr::null(), |it| it.as_ptr()));
        // SAFETY: NULL or C strings.
        unsafe { libc::mount(from, to.as_ptr(), from, flags, data.cast()) == 0 }
    };
    // Only here.
    let is_private = mount(None, c"/", libc::MS_REC | libc::MS_PRIVATE, None);
    if !is_private || !mount(Some(c"tmpfs"), c"/dev/shm", 0, Some(c"size=4k")) {
        return None;
    }
    fs::write("/dev/shm/full", [0; 4096]).ok()?;
    assert!(fs::write("/dev/shm/more", [0; 4096]).is_err());
    let mut account = Account::default();
    for kind in [Kind::Threads, Kind::Processes] {
        assert!(attempt(kind, &config(2), &mut account));
    }
    Some(account)
}

/// From now on clone answers EAGAIN, for threads or for processes. False where filters cannot be had.
fn refuse_clones(of_threads: bool) -> bool {
    const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
    let errno = |number: i32| libc::SECCOMP_RET_ERRNO | number as u32;
    let [load, jump, test, answer] = [
        libc::BPF_LD | libc::BPF_W | libc::BPF_ABS,
        libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K,
        libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K,
        libc::BPF_RET | libc::BPF_K,
    ];
    let step = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    let [threads, processes] =
        if of_threads { [errno(libc::EAGAIN), ALLOW] } else { [ALLOW, errno(libc::EAGAIN)] };
    let mut program = [
        step(load, 0, 0, 0), // The number of the call.
        step(jump, 4, 0, libc::SYS_clone3 as u32),
        step(jump, 0, 4, libc::SYS_clone as u32),
        step(load, 0, 0, 16), // The low half of its first argument.
        step(test, 0, 3, libc::CLONE_THREAD as u32),
        step(answer, 0, 0, threads),
        step(answer, 0, 0, errno(libc::ENOSYS)), // Then libc takes the other, whose flags are seen.
        step(answer, 0, 0, ALLOW),
        step(answer, 0, 0, processes),
    ];
    let program = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    let (mode, flags) = (libc::SECCOMP_SET_MODE_FILTER, libc::SECCOMP_FILTER_FLAG_TSYNC);
    // SAFETY: the call takes numbers.
    let is_allowed = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } == 0;
    // SAFETY: the program is valid for the call.
    is_allowed && unsafe { libc::syscall(libc::SYS_seccomp, mode, flags, &raw const program) } == 0
}

pub(crate) fn threads_at_start(_: u64) -> Option<Account> {
    if !refuse_clones(true) {
        return None;
    }
    let mut account = Account::default();
    for kind in [Kind::Threads, Kind::Processes] {
        for _ in 0..10 {
            assert!(!attempt(kind, &config(2), &mut account), "it started");
        }
    }
    // Without workers it needs none.
    assert!(attempt(Kind::Threads, &config(0), &mut account));
    Some(account)
}

/// Threads are set aside and cannot be replaced: no worker is left, and all is accounted for.
pub(crate) fn threads_later(_: u64) -> Option<Account> {
    let config = Config { job_timeout_ns: 2_000_000, abandon_after_ns: 2_000_000, ..config(2) };
    let mut host = Host::start(Kind::Threads, &config).expect("it starts");
    host.turn_until(|host| host.accepted() > 200);
    if !refuse_clones(true) {
        return None;
    }
    for _ in 0..20 {
        host.turn(|number| if number % 5 == 0 { HANG } else { WORK });
    }
    Some(host.close())
}

/// Workers die and cannot be replaced.
pub(crate) fn processes_later(_: u64) -> Option<Account> {
    let config = Config { max_restarts: 100, ..config(2) };
    let mut host = Host::start(Kind::Processes, &config).expect("it starts");
    host.turn_until(|host| host.accepted() > 200);
    if !refuse_clones(false) {
        return None;
    }
    for (pid, birth) in crate::killer::children() {
        crate::killer::send(pid, birth, libc::SIGKILL);
    }
    for _ in 0..20 {
        host.turn(|_| WORK);
    }
    Some(host.close())
}

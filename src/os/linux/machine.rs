//! Reads what this process may use of this machine, and pins threads to it.
//!
//! The facts come from the kernel's own interfaces:
//! - the allowed CPUs: `sched_getaffinity(2)`, through `core_affinity`;
//! - cores: `/sys/devices/system/cpu/cpuN/topology` (kernel `admin-guide/cputopology.rst`);
//! - the CPU quota: `cpu.max` (kernel `admin-guide/cgroup-v2.rst`) or `cpu.cfs_quota_us` over
//!   `cpu.cfs_period_us` (kernel `scheduler/sched-bwc.rst`), in the folders that
//!   `/proc/self/cgroup` and `/proc/self/mountinfo` point to (`cgroups(7)`,
//!   `cgroup_namespaces(7)`, `proc_pid_mountinfo(5)`).
//!
//! What cannot be read counts as "no limit": a restricted `/proc` or `/sys` must not keep the
//! executor from starting.

use std::path::{Path, PathBuf};

use core_affinity::CoreId;

use super::cgroup::{self, read};
use crate::affinity::{Cpu, Machine};

/// Reads the machine as the calling thread sees it.
///
/// The allowed CPUs are those of the calling thread, so a thread that was pinned sees only its
/// own CPU: call this on the host's thread, before anything is pinned.
pub(crate) fn read_machine() -> Machine {
    read_below(Path::new("/"), &allowed_cpus(), current_cpu())
}

/// The CPU that the calling thread runs on.
pub(crate) fn current_cpu() -> Option<usize> {
    // SAFETY: `sched_getcpu` takes no argument and writes no memory of the caller.
    let current = unsafe { libc::sched_getcpu() };
    usize::try_from(current).ok()
}

/// Restricts the calling thread to `cpu`; true only if the kernel confirms that the thread's set
/// is now exactly this CPU.
pub(crate) fn pin_current_thread(cpu: usize) -> bool {
    // A `cpu_set_t` holds CPU_SETSIZE bits; setting one beyond them panics.
    if cpu >= libc::CPU_SETSIZE as usize || !core_affinity::set_for_current(CoreId { id: cpu }) {
        return false;
    }
    // SAFETY: `cpu_set_t` is an array of integers, for which all zeroes is a valid value.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: `set` is writable and has the size given; thread 0 is the calling thread.
    let rc = unsafe { libc::sched_getaffinity(0, size_of_val(&set), &mut set) };
    // SAFETY: only reads `set`, which is initialised.
    let count = unsafe { libc::CPU_COUNT(&set) };
    // SAFETY: only reads `set`, and `cpu` is below CPU_SETSIZE.
    let member = unsafe { libc::CPU_ISSET(cpu, &set) };
    rc == 0 && count == 1 && member
}

fn allowed_cpus() -> Vec<usize> {
    let ids = core_affinity::get_core_ids().unwrap_or_default();
    if !ids.is_empty() {
        return ids.into_iter().map(|core| core.id).collect();
    }
    (0..std::thread::available_parallelism().map_or(1, usize::from)).collect()
}

fn read_below(root: &Path, allowed: &[usize], current: Option<usize>) -> Machine {
    // `core_id` may repeat within a package (clusters, dies), the list of a core's CPUs cannot,
    // so its first CPU names the core. A file missing for one CPU is not used for any: numbers
    // of different kinds would collide.
    let cores = topology(root, allowed, "core_cpus_list")
        .or_else(|| topology(root, allowed, "core_id"))
        .unwrap_or_else(|| allowed.to_vec());
    let packages = topology(root, allowed, "physical_package_id");
    let packages = packages.unwrap_or_else(|| vec![0; allowed.len()]);
    let cpus = allowed.iter().zip(packages).zip(cores);
    let cpus = cpus.map(|((&id, package), core)| Cpu { id, package, core });
    let (quota, quota_source) = quota(root).unzip();
    Machine {
        allowed: cpus.collect(),
        quota,
        quota_source: quota_source.map(|file| file.display().to_string()),
        current,
    }
}

/// The first number in the topology file `name` of every CPU; None if one has none (-1 is none).
fn topology(root: &Path, cpus: &[usize], name: &str) -> Option<Vec<usize>> {
    let read_one = |cpu: &usize| {
        let path = format!("sys/devices/system/cpu/cpu{cpu}/topology/{name}");
        let text = read(&root.join(path))?;
        let number = text.split(|c: char| !c.is_ascii_digit()).next()?;
        number.parse().ok()
    };
    cpus.iter().map(read_one).collect()
}

/// The smallest quota, in CPUs, of this process's control groups and all their visible
/// ancestors, each of which limits what is below it; with the file that says so.
fn quota(root: &Path) -> Option<(f64, PathBuf)> {
    let groups = cgroup::groups(root, "cpu").into_iter();
    let limits = groups.filter_map(|group| limit(&group.folder, group.v2));
    limits.min_by(|a, b| a.0.total_cmp(&b.0))
}

/// The quota set in one folder; `max` (v2) and -1 (v1) mean none.
fn limit(folder: &Path, v2: bool) -> Option<(f64, PathBuf)> {
    let file = folder.join(if v2 { "cpu.max" } else { "cpu.cfs_quota_us" });
    let mut text = read(&file)?;
    if !v2 {
        text = text + " " + &read(&folder.join("cpu.cfs_period_us"))?;
    }
    let mut numbers = text.split_whitespace().map(str::parse::<f64>);
    let cpus = numbers.next()?.ok()? / numbers.next()?.ok()?;
    (cpus > 0.0 && cpus.is_finite()).then_some((cpus, file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// The machine whose files are `files`, with CPUs 0 to 3 allowed.
    fn machine(files: &[(&str, &str)]) -> Machine {
        let test = (std::process::id(), std::thread::current().id());
        let root = std::env::temp_dir().join(format!("jobexec-machine-{test:?}"));
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("make a folder");
            fs::write(path, text).expect("write a file");
        }
        let machine = read_below(&root, &[0, 1, 2, 3], Some(1));
        assert!(files.is_empty() || fs::remove_dir_all(&root).is_ok());
        machine
    }

    #[test]
    fn topology_is_read_and_without_it_each_cpu_is_a_core() {
        let cores = |machine: Machine| Vec::from_iter(machine.allowed.iter().map(|c| c.core));
        assert_eq!(cores(machine(&[])), [0, 1, 2, 3]);
        let file = |cpu, name| format!("sys/devices/system/cpu/cpu{cpu}/topology/{name}");
        let paths = Vec::from_iter((0..4).map(|cpu| file(cpu, "core_id")));
        let mut files = Vec::from_iter(paths.iter().map(|path| (path.as_str(), "5\n")));
        assert_eq!(cores(machine(&files)), [5, 5, 5, 5]);
        files.pop();
        assert_eq!(cores(machine(&files)), [0, 1, 2, 3]);
        let lists = Vec::from_iter((0..4).map(|cpu| file(cpu, "core_cpus_list")));
        let siblings = ["0,2\n", "1,3\n", "0,2\n", "1,3\n"];
        files.extend(lists.iter().map(String::as_str).zip(siblings));
        assert_eq!(cores(machine(&files)), [0, 1, 0, 1]);
    }

    #[test]
    fn the_smallest_quota_of_all_visible_groups_counts() {
        let v2 = "30 23 0:26 / /cg rw - cgroup2 cgroup2 rw\n";
        let inner = "30 23 0:26 /pod\\040a/b /cg rw - cgroup2 cgroup2 rw\n";
        let v1 = "33 31 0:30 / /cpu rw shared:9 - cgroup cgroup rw,cpuacct,cpu\n";
        let quota = |groups, mounts, limits: &[_]| {
            let groups = ("proc/self/cgroup", groups);
            let mounts = ("proc/self/mountinfo", mounts);
            let machine = machine(&[&[groups, mounts], limits].concat());
            assert_eq!(machine.quota.is_some(), machine.quota_source.is_some());
            machine.quota
        };
        let max = ("cg/cpu.max", "max 100000\n");
        let two = ("cg/cpu.max", "200000 100000\n");
        let deep = ("cg/a/b/cpu.max", "150000 100000\n");
        assert_eq!(quota("0::/a/b\n", v2, &[max]), None);
        assert_eq!(quota("0::/a/b\n", v2, &[max, deep]), Some(1.5));
        assert_eq!(quota("0::/a/b/c (deleted)\n", v2, &[two, deep]), Some(1.5));
        assert_eq!(quota("0::/a\n", v2, &[two, deep]), Some(2.0));
        assert_eq!(quota("0::/pod a/b/a/b\n", inner, &[two, deep]), Some(1.5));
        assert_eq!(quota("0::/\n", inner, &[two]), Some(2.0));
        let beside = ("a/b/cpu.max", "100000 100000\n");
        assert_eq!(quota("0::/../a/b\n", v2, &[two, beside]), Some(2.0));
        let groups = "4:cpu,cpuacct:/a/b\n0::/\n";
        let period = ("cpu/a/cpu.cfs_period_us", "50000\n");
        let half = ("cpu/a/cpu.cfs_quota_us", "25000\n");
        let none = ("cpu/a/cpu.cfs_quota_us", "-1\n");
        assert_eq!(quota(groups, v1, &[half, period]), Some(0.5));
        assert_eq!(quota(groups, v1, &[none, period]), None);
    }

    #[test]
    fn a_pinned_thread_has_exactly_its_cpu() {
        let cpu = read_machine().allowed[0].id;
        let pinned = std::thread::spawn(move || {
            let done = (pin_current_thread(usize::MAX), pin_current_thread(cpu));
            (done, read_machine().allowed.len(), read_machine().current)
        });
        let expected = ((false, true), 1, Some(cpu));
        assert_eq!(pinned.join().expect("no panic"), expected);
    }
}

//! How much memory there is to be had.

use super::cgroup::{self, read};
use std::path::Path;

/// How many bytes this process may still take, and which file says so: the least of what the
/// machine has to spare and what the limits of its control groups leave. `None` if nothing can be
/// read.
pub(crate) fn bytes(root: &Path) -> Option<(u64, String)> {
    let meminfo = root.join("proc/meminfo");
    let machine = field(&meminfo, "MemAvailable:").map(|kib| (kib * 1024, meminfo));
    let groups = cgroup::groups(root, "memory").into_iter().filter_map(|group| {
        let (limit, usage, idle) = match group.v2 {
            true => ("memory.max", "memory.current", "inactive_file"),
            false => ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        };
        let number = |name| read(&group.folder.join(name))?.trim().parse::<u64>().ok();
        let file = group.folder.join(limit);
        // What the group holds in idle file pages is given up before its limit is felt.
        let idle = field(&group.folder.join("memory.stat"), idle).unwrap_or(0);
        let used = number(usage)?.saturating_sub(idle);
        Some((number(limit)?.saturating_sub(used), file))
    });
    let least = groups.chain(machine).min_by_key(|(bytes, _)| *bytes)?;
    Some((least.0, least.1.display().to_string()))
}

/// How many explicit huge pages of the default size are free.
pub(crate) fn huge_pages(root: &Path) -> u64 {
    field(&root.join("proc/meminfo"), "HugePages_Free:").unwrap_or(0)
}

/// The number behind a name in a file of names and numbers.
fn field(path: &Path, name: &str) -> Option<u64> {
    let text = read(path)?;
    let mut lines = text.lines().map(|line| line.split_ascii_whitespace());
    lines.find_map(|mut words| {
        (words.next() == Some(name)).then(|| words.next()?.parse().ok()).flatten()
    })
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_tightest_limit_counts() {
        let root = std::env::temp_dir().join(format!("jobexec-memory-{}", std::process::id()));
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        assert_eq!(bytes(&root), None);
        write("proc/meminfo", "MemTotal: 9 kB\nMemAvailable:  100 kB\nHugePages_Free: 3\n");
        assert_eq!(bytes(&root).unwrap().0, 102_400);
        assert_eq!(huge_pages(&root), 3);
        write("proc/self/cgroup", "0::/a\n");
        write("proc/self/mountinfo", "30 23 0:26 / /cg rw - cgroup2 cgroup2 rw\n");
        write("cg/a/memory.max", "max\n");
        write("cg/a/memory.current", "1000\n");
        assert_eq!(bytes(&root).unwrap().0, 102_400);
        write("cg/a/memory.max", "5000\n");
        write("cg/a/memory.stat", "anon 1\ninactive_file 600\n");
        let (left, file) = bytes(&root).unwrap();
        assert_eq!((left, file.ends_with("cg/a/memory.max")), (4600, true));
        fs::remove_dir_all(root).unwrap();
    }
}

//! Where the limits of this process's control groups stand: in the folders that
//! `/proc/self/cgroup` and `/proc/self/mountinfo` point to (`cgroups(7)`,
//! `cgroup_namespaces(7)`, `proc_pid_mountinfo(5)`).

use std::fs;
use std::path::{Component, Path, PathBuf};

/// The folder of a control group that limits this process.
pub(crate) struct Group {
    pub(crate) folder: PathBuf,
    /// Of the unified hierarchy, whose files have other names.
    pub(crate) v2: bool,
}

/// This process's control groups for a controller, and all their visible ancestors, each of which
/// limits what is below it.
pub(crate) fn groups(root: &Path, controller: &str) -> Vec<Group> {
    let groups = read(&root.join("proc/self/cgroup")).unwrap_or_default();
    let mountinfo = read(&root.join("proc/self/mountinfo")).unwrap_or_default();
    let mut found = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':');
        let (Some(hierarchy), Some(controllers), Some(path)) =
            (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let v2 = hierarchy == "0" && controllers.is_empty();
        if v2 || controllers.split(',').any(|name| name == controller) {
            let folders = folders(&mounts(&mountinfo, controller, v2), Path::new(path));
            found.extend(folders.iter().map(|folder| Group { folder: root.join(folder), v2 }));
        }
    }
    found
}

/// (root within the hierarchy, mount point) of every mount of the v2 hierarchy, or of the v1
/// hierarchy of that controller.
fn mounts(mountinfo: &str, controller: &str, v2: bool) -> Vec<(PathBuf, PathBuf)> {
    let mount = |line: &str| {
        let (mount, file_system) = line.split_once(" - ")?;
        let (kind, source_and_options) = file_system.split_once(' ')?;
        let (_, options) = source_and_options.split_once(' ')?;
        let wanted = match kind {
            "cgroup2" => v2,
            "cgroup" => !v2 && options.split(',').any(|name| name == controller),
            _ => false,
        };
        let mut paths = mount.split(' ').skip(3).map(unescape);
        wanted.then_some((paths.next()?, paths.next()?))
    };
    mountinfo.lines().filter_map(mount).collect()
}

/// `mountinfo` writes white space and backslashes as octal.
fn unescape(field: &str) -> PathBuf {
    let field = field.replace("\\040", " ").replace("\\011", "\t");
    PathBuf::from(field.replace("\\012", "\n").replace("\\134", "\\"))
}

/// The folder of group `path` and those of its ancestors, in every mount that shows it, relative
/// to `/`. In a control group namespace there may be none; then the mount points themselves are
/// all there is to see.
fn folders(mounts: &[(PathBuf, PathBuf)], path: &Path) -> Vec<PathBuf> {
    let shown = mounts.iter().filter_map(|(root, point)| {
        let below = path.strip_prefix(root).ok()?;
        // `/../x` is a group outside the namespace, not a folder next to the mount point.
        let inside = below.components().all(|part| part != Component::ParentDir);
        inside.then_some((point, below))
    });
    let mut found: Vec<_> = shown.collect();
    if found.is_empty() {
        found.extend(mounts.iter().map(|(_, point)| (point, Path::new(""))));
    }
    let mut folders = Vec::new();
    for (point, below) in found {
        let point = point.strip_prefix("/").unwrap_or(point);
        folders.extend(below.ancestors().map(|part| point.join(part)));
    }
    folders
}

/// A file's text. Names of mounts need not be UTF-8, and one odd mount must not hide the others.
pub(crate) fn read(path: &Path) -> Option<String> {
    Some(String::from_utf8_lossy(&fs::read(path).ok()?).into_owned())
}

//! Memory by the page: private and shared maps, and memory files.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::ptr::{self, NonNull};

/// Bytes of a page, as far as this library cares: layouts are aligned to it.
pub(crate) const PAGE: usize = 4096;
/// Bytes of a huge page where none are named otherwise (x86-64; aarch64 with 4 KiB pages).
pub(crate) const HUGE_PAGE: usize = 2 << 20;

/// A map of memory, gone when it is dropped.
pub(crate) struct Map {
    base: NonNull<u8>,
    bytes: usize,
}

// SAFETY: a map is memory; who may touch what in it is the business of those who share it.
unsafe impl Send for Map {}
// SAFETY: as above.
unsafe impl Sync for Map {}

impl Map {
    /// Private memory that reads as zeros. `huge` asks for explicit huge pages, of which the
    /// system must have set enough aside.
    pub(crate) fn anonymous(bytes: usize, huge: bool) -> io::Result<Map> {
        let place = Map::place(bytes)?;
        let huge = if huge { libc::MAP_HUGETLB } else { 0 };
        place.put(true, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | huge, -1)?;
        Ok(place)
    }

    /// A file's first bytes, shared with all who map it.
    pub(crate) fn shared(file: &File, bytes: usize, writable: bool) -> io::Result<Map> {
        let place = Map::place(bytes)?;
        place.put(writable, libc::MAP_SHARED, file.as_raw_fd())?;
        Ok(place)
    }

    /// Another file's bytes at the same place. Threads that look there meanwhile see the old or
    /// the new.
    pub(crate) fn replace(&self, file: &File) -> io::Result<()> {
        self.put(true, libc::MAP_SHARED, file.as_raw_fd())
    }

    /// Private zeros at the same place.
    pub(crate) fn replace_by_private(&self) -> io::Result<()> {
        self.put(true, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1)
    }

    /// Addresses without memory; where there are enough of them, from a multiple of [`HUGE_PAGE`],
    /// for only there can huge pages lie.
    fn place(bytes: usize) -> io::Result<Map> {
        let alignment = if bytes < HUGE_PAGE { PAGE } else { HUGE_PAGE };
        let wide = bytes.checked_add(alignment - PAGE).ok_or(io::ErrorKind::OutOfMemory)?;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a new map disturbs nobody.
        let start = unsafe { libc::mmap(ptr::null_mut(), wide, libc::PROT_NONE, flags, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start: *mut u8 = start.cast();
        let before = start as usize % alignment;
        let before = if before > 0 { alignment - before } else { 0 };
        let piece = |offset, bytes| {
            let base = NonNull::new(start.wrapping_add(offset)).expect("no map begins at NULL");
            Map { base, bytes }
        };
        drop(piece(0, before));
        drop(piece(before + bytes, wide - before - bytes));
        Ok(piece(before, bytes))
    }

    /// Puts other memory at the same place.
    fn put(&self, writable: bool, flags: i32, fd: RawFd) -> io::Result<()> {
        let protection = libc::PROT_READ | if writable { libc::PROT_WRITE } else { 0 };
        let (base, flags) = (self.base.as_ptr().cast(), flags | libc::MAP_FIXED);
        // SAFETY: the range is this map's own.
        let base = unsafe { libc::mmap(base, self.bytes, protection, flags, fd, 0) };
        if base == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Its first byte.
    pub(crate) fn base(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// Its size.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Asks for transparent huge pages. A wish: the kernel may do without.
    pub(crate) fn prefer_huge_pages(&self) {
        self.advise(libc::MADV_HUGEPAGE);
    }

    /// Makes one transparent huge page of those that are there from that offset on, which is a
    /// multiple of [`HUGE_PAGE`]; also where the system is set to make none in memory files.
    /// Changes no byte. False before Linux 6.1, and where no room is found.
    pub(crate) fn collapse(&self, offset: usize) -> bool {
        debug_assert!(offset.is_multiple_of(HUGE_PAGE) && offset + HUGE_PAGE <= self.bytes);
        let page = self.base.as_ptr().wrapping_add(offset);
        // SAFETY: the range is this map's own; the advice changes no content.
        unsafe { libc::madvise(page.cast(), HUGE_PAGE, libc::MADV_COLLAPSE) == 0 }
    }

    /// The child of a fork sees zeros. False if the kernel cannot.
    pub(crate) fn wipe_on_fork(&self) -> bool {
        self.advise(libc::MADV_WIPEONFORK)
    }

    /// Has every page there before it is touched, so that no touch of it faults. False if the
    /// kernel cannot (before Linux 5.14). Changes no byte.
    pub(crate) fn populate(&self) -> io::Result<bool> {
        if self.advise(libc::MADV_POPULATE_WRITE) {
            return Ok(true);
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() == Some(libc::EINVAL) { Ok(false) } else { Err(error) }
    }

    fn advise(&self, advice: i32) -> bool {
        // SAFETY: the range is this map's own; the advices used here change no content.
        unsafe { libc::madvise(self.base.as_ptr().cast(), self.bytes, advice) == 0 }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: the range is this map's own, and nobody uses what is dropped. None of no bytes
        // is.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.bytes) };
    }
}

/// Writes to each page of writable memory that nobody else uses yet.
pub(crate) fn touch(base: *mut u8, bytes: usize) {
    for page in (0..bytes).step_by(PAGE) {
        let byte = base.wrapping_add(page);
        // SAFETY: the byte lies within what the caller owns.
        unsafe { byte.write_volatile(0) };
    }
}

/// A file in memory, without a name in any file system: no limit of `/dev/shm` counts for it, and
/// it is gone with its last descriptor and map. Its size can not be changed any more.
pub(crate) fn memory_file(name: &std::ffi::CStr, bytes: usize, huge: bool) -> io::Result<File> {
    let huge = if huge { libc::MFD_HUGETLB } else { 0 };
    let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING | huge;
    // SAFETY: the name is a C string.
    let fd = check(unsafe { libc::memfd_create(name.as_ptr(), flags) })?;
    // SAFETY: the descriptor is new, and nobody else's.
    let file = unsafe { File::from_raw_fd(fd) };
    file.set_len(bytes as u64)?;
    seal(&file, libc::F_SEAL_SHRINK | libc::F_SEAL_GROW)?;
    Ok(file)
}

/// From now on a map of the file can only be read, for good; maps that exist stay writable.
pub(crate) fn seal_against_writers(file: &File) -> io::Result<()> {
    const F_SEAL_FUTURE_WRITE: i32 = 0x0010; // Linux 5.1.
    seal(file, F_SEAL_FUTURE_WRITE | libc::F_SEAL_SEAL)
}

/// Whoever else has the file can not seal it against those who are to write to it later.
pub(crate) fn keep_writable(file: &File) -> io::Result<()> {
    seal(file, libc::F_SEAL_SEAL)
}

fn seal(file: &File, seals: i32) -> io::Result<()> {
    // SAFETY: the call takes a descriptor and a number.
    check(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) }).map(|_| ())
}

/// Takes the memory of a memory file from the system, so that no later touch can fail for want
/// of it.
pub(crate) fn reserve(file: &File, bytes: usize) -> io::Result<()> {
    // SAFETY: the call takes a descriptor and numbers.
    check(unsafe { libc::fallocate(file.as_raw_fd(), 0, 0, bytes as libc::off_t) }).map(|_| ())
}

fn check(answer: i32) -> io::Result<i32> {
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(answer) }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_memory_file_is_shared_and_keeps_its_size() {
        let file = memory_file(c"test", 2 * PAGE, false).unwrap();
        reserve(&file, 2 * PAGE).unwrap();
        let (one, two) = (Map::shared(&file, PAGE, true), Map::shared(&file, PAGE, false));
        let (one, two) = (one.unwrap(), two.unwrap());
        // SAFETY: both maps are at least one byte.
        unsafe { one.base().write(7) };
        // SAFETY: as above.
        assert_eq!(unsafe { two.base().read() }, 7);
        assert!(file.set_len(0).is_err() && file.set_len(3 * PAGE as u64).is_err());
        seal_against_writers(&file).unwrap();
        assert!(Map::shared(&file, PAGE, true).is_err());
        let other = memory_file(c"test", PAGE, false).unwrap();
        keep_writable(&other).unwrap();
        assert!(seal_against_writers(&other).is_err());
        Map::shared(&other, PAGE, true).unwrap();
        two.replace(&other).unwrap();
        // SAFETY: as above.
        assert_eq!(unsafe { two.base().read() }, 0);
    }

    #[test]
    fn maps_lie_where_huge_pages_can() {
        for bytes in [PAGE, HUGE_PAGE - PAGE, HUGE_PAGE, 3 * HUGE_PAGE] {
            let alignment = if bytes < HUGE_PAGE { PAGE } else { HUGE_PAGE };
            let maps: Vec<Map> = (0..4).map(|_| Map::anonymous(bytes, false).unwrap()).collect();
            for map in &maps {
                assert!((map.base() as usize).is_multiple_of(alignment));
                touch(map.base(), bytes);
            }
        }
        assert!(Map::anonymous(usize::MAX, false).is_err());
    }

    #[test]
    fn pages_become_huge_and_keep_what_is_in_them() {
        let file = memory_file(c"test", 4 * HUGE_PAGE, false).unwrap();
        let map = Map::shared(&file, 4 * HUGE_PAGE, true).unwrap();
        let pages = || (0..4 * HUGE_PAGE / PAGE).map(|page| map.base().wrapping_add(page * PAGE));
        for (number, byte) in pages().enumerate() {
            // SAFETY: the byte lies in the map.
            unsafe { byte.write(number as u8) };
        }
        let collapsed = (0..4).all(|page| map.collapse(page * HUGE_PAGE));
        for (number, byte) in pages().enumerate() {
            // SAFETY: as above.
            assert_eq!(unsafe { byte.read() }, number as u8);
        }
        let smaps = fs::read_to_string("/proc/self/smaps").unwrap();
        let start = format!("{:x}-", map.base() as usize);
        let (_, ours) = smaps.split_once(&start).unwrap();
        let huge = ours.lines().find_map(|line| line.strip_prefix("ShmemPmdMapped:")).unwrap();
        assert!(huge.ends_with("8192 kB") || !collapsed, "{huge}");
    }
}

//! Structures that grow. The first field says how large the caller's is, as its program was
//! compiled: one of the first release gives fewer bytes than one of today. What it does not give
//! has its default, and what it has no place for is not written. A program that is newer than the
//! library may give more bytes, if it sets none of those.

use super::error::null;
use crate::status::{Error, Status};
use std::ptr;

/// More than any version of a structure will have.
const MOST: usize = 4096;

/// See the module.
///
/// # Safety
/// `repr(C)`, the first field a `u64`, no padding, and any bit pattern that a C program can store
/// is a valid value.
pub(super) unsafe trait Growing: Copy {
    /// As the header calls it.
    const NAME: &'static str;
    /// Its bytes in the first release.
    const FIRST: usize;
}

/// How large the caller's structure is.
///
/// # Safety
/// `place` is NULL or points to a readable size.
pub(super) unsafe fn size<T: Growing>(place: *const T) -> Result<usize, Error> {
    if place.is_null() {
        return Err(null(T::NAME));
    }
    // SAFETY: not NULL, and the caller promises the rest.
    let size = unsafe { place.cast::<u64>().read() };
    if !(T::FIRST as u64..=MOST as u64).contains(&size) {
        let (name, today) = (T::NAME, size_of::<T>());
        let text = format!("the size of {name} is {size}; set it to its sizeof, here {today}");
        return Err(Error::new(Status::WrongSize, text));
    }
    Ok(size as usize)
}

/// Copies a structure out of the caller's memory.
///
/// # Safety
/// `place` is NULL or points to as many readable bytes as its size says.
pub(super) unsafe fn read<T: Growing>(place: *const T, defaults: T) -> Result<T, Error> {
    // SAFETY: the caller's promise.
    let size = unsafe { size(place) }?;
    let (bytes, known) = (place.cast::<u8>(), size_of::<T>());
    for offset in known..size {
        // SAFETY: the caller promises `size` readable bytes.
        if unsafe { bytes.wrapping_add(offset).read() } != 0 {
            let name = T::NAME;
            let text = format!("byte {offset} of {name} is set, but this library knows {known}");
            return Err(Error::new(Status::WrongSize, text));
        }
    }
    let mut value = defaults;
    // SAFETY: no more than either has; what they are made of takes any bytes.
    unsafe { ptr::copy_nonoverlapping(bytes, (&raw mut value).cast(), size.min(known)) };
    Ok(value)
}

/// Writes a structure to the caller's memory, as far as it has room for it, and zeros behind. What
/// `value` has as its size is overwritten by the caller's.
///
/// # Safety
/// `place` points to as many writable bytes as its size says, which is `size`.
pub(super) unsafe fn write<T: Growing>(place: *mut T, size: usize, value: &T) {
    let bytes = place.cast::<u8>();
    let known = size_of::<T>().min(size);
    // SAFETY: no more than either has.
    unsafe { ptr::copy_nonoverlapping((&raw const *value).cast(), bytes, known) };
    // SAFETY: the first field is the size.
    unsafe { place.cast::<u64>().write(size as u64) };
    // SAFETY: the rest of the caller's bytes.
    unsafe { bytes.wrapping_add(known).write_bytes(0, size - known) };
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// A structure that has grown by two fields since the first release.
    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    #[repr(C)]
    struct Today {
        size: u64,
        first: u64,
        second: u32,
        third: u32,
    }

    // SAFETY: as is required.
    unsafe impl Growing for Today {
        const NAME: &'static str = "today";
        const FIRST: usize = 16;
    }

    const DEFAULTS: Today = Today { size: 24, first: 1, second: 2, third: 3 };

    fn read_words<const N: usize>(words: [u64; N]) -> Result<Today, Error> {
        // SAFETY: each test gives as many bytes as it says, or a size that is refused.
        unsafe { read(words.as_ptr().cast(), DEFAULTS) }
    }

    #[test]
    fn what_an_old_program_does_not_give_has_its_default() {
        assert_eq!(read_words([16, 7]), Ok(Today { size: 16, first: 7, ..DEFAULTS }));
        let half = Today { size: 20, first: 7, second: 8, third: 3 };
        assert_eq!(read_words([20, 7, 8 | 9 << 32]), Ok(half));
    }

    #[test]
    fn a_new_program_may_not_set_what_is_unknown() {
        let whole = Today { size: 32, first: 7, second: 8, third: 9 };
        assert_eq!(read_words([32, 7, 8 | 9 << 32, 0]), Ok(whole));
        let error = read_words([32, 7, 8 | 9 << 32, 1]).unwrap_err();
        assert_eq!((error.status(), error.text().contains("byte 24")), (Status::WrongSize, true));
    }

    #[test]
    fn sizes_that_no_version_has_are_refused() {
        for bad in [0, 8, 15, MOST as u64 + 1, u64::MAX] {
            assert_eq!(read_words([bad]).unwrap_err().status(), Status::WrongSize);
        }
        // SAFETY: NULL may be given.
        let refused = unsafe { read(ptr::null(), DEFAULTS) }.unwrap_err();
        assert_eq!(refused.status(), Status::NullPointer);
    }

    #[test]
    fn what_has_no_place_is_not_written() {
        for (size, expected) in [
            (16, [16, 1, u64::MAX, u64::MAX]),
            (20, [20, 1, 2 | u64::MAX << 32, u64::MAX]),
            (24, [24, 1, 2 | 3 << 32, u64::MAX]),
            (32, [32, 1, 2 | 3 << 32, 0]),
        ] {
            let mut words = [u64::MAX; 4];
            // SAFETY: there are 32 bytes.
            unsafe { write(words.as_mut_ptr().cast(), size, &DEFAULTS) };
            assert_eq!(words, expected, "{size}");
        }
    }
}

//! Where the memory of buffers comes from, as C says it.

use super::config::jobexec_config;
use super::error::null;
use crate::arena::{Allocate, Source};
use crate::status::Error;
use std::ffi::c_void;

/// The hooks of a configuration.
struct Hooks {
    allocate: unsafe extern "C-unwind" fn(*mut c_void, u64, u64) -> *mut c_void,
    deallocate: unsafe extern "C-unwind" fn(*mut c_void, *mut c_void, u64),
    user: *mut c_void,
}

// SAFETY: the caller of `jobexec_start` promises hooks that may be called from any thread.
unsafe impl Send for Hooks {}
// SAFETY: as above.
unsafe impl Sync for Hooks {}

// SAFETY: the caller of `jobexec_start` promises just that.
unsafe impl Allocate for Hooks {
    fn allocate(&self, bytes: usize, alignment: usize) -> *mut u8 {
        // SAFETY: as above.
        unsafe { (self.allocate)(self.user, bytes as u64, alignment as u64) }.cast()
    }

    unsafe fn deallocate(&self, base: *mut u8, bytes: usize) {
        // SAFETY: as above, and the caller's promise.
        unsafe { (self.deallocate)(self.user, base.cast(), bytes as u64) }
    }
}

/// What the configuration says.
pub(super) fn source(config: &jobexec_config) -> Result<Source, Error> {
    match (config.allocate, config.deallocate) {
        (None, None) => Ok(Source::Private),
        (Some(allocate), Some(deallocate)) => {
            let user = config.memory_user;
            Ok(Source::Lent(Box::new(Hooks { allocate, deallocate, user })))
        }
        (None, _) => Err(null("allocate")),
        (_, None) => Err(null("deallocate")),
    }
}

//! The C API. Every function validates, casts, calls the engine, and answers with a status:
//! what is here decides nothing. `include/jobexec.h` is made from this folder by cbindgen.
//!
//! A pointer is NULL-checked in every build; outputs are written only on success; a panic stops
//! at the entry and becomes `JOBEXEC_ERROR_INTERNAL`; nothing is printed. Structures begin with
//! their size, so that they can grow (`sized`); what they are is fixed (`layout`).

#![allow(non_camel_case_types)] // These names are C's.

mod buffer;
mod callbacks;
mod calls;
mod cancel;
mod command;
mod config;
mod configure;
mod error;
mod event_fd;
mod handle;
mod inspect;
mod job;
mod layout;
mod lifecycle;
mod limits;
mod many;
mod memory;
mod report;
mod result;
mod run_c;
mod sized;
mod status;
mod worker;

pub use buffer::*;
pub use callbacks::*;
pub use calls::*;
pub use cancel::*;
pub use config::*;
pub use configure::*;
pub use error::{jobexec_last_error, jobexec_status_text};
pub use event_fd::*;
pub use handle::jobexec_executor;
pub use inspect::*;
pub use job::*;
pub use lifecycle::*;
pub use limits::*;
pub use many::*;
pub use report::*;
pub use result::jobexec_result;
pub use status::*;
pub use worker::*;

//! Calls of the C interface, searched by coverage: see `ffi-tests/calls`. With `JOBEXEC_FUZZ=processes`
//! workers are processes, of this same program.

#![no_main]

#[path = "../../calls/deeds.rs"]
mod deeds;
#[path = "../../calls/ledger.rs"]
mod ledger;
#[path = "../../calls/model.rs"]
mod model;
#[path = "../../calls/play.rs"]
mod play;
#[path = "../../calls/polls.rs"]
mod polls;
#[path = "../../calls/puts.rs"]
mod puts;
#[path = "../../calls/questions.rs"]
mod questions;
#[path = "../../calls/script.rs"]
mod script;

use libfuzzer_sys::fuzz_target;
use script::{Kind, Script};
use std::sync::OnceLock;

fuzz_target!(init: deeds::serve_if_worker(), |bytes: &[u8]| {
    static KIND: OnceLock<Kind> = OnceLock::new();
    let kind = *KIND.get_or_init(|| match std::env::var("JOBEXEC_FUZZ").as_deref() {
        Ok("processes") => Kind::Processes,
        _ => Kind::Threads,
    });
    play::play(&Script::read(bytes, kind));
});

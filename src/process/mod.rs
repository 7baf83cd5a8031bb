//! Workers that are processes. This side of the boundary: [`command`] is what is started, [`fleet`]
//! starts, ends and buries it, [`watch`] is told by the kernel when it ends, [`talk`] logs what it
//! prints, and [`processes`] is how the rest of the library sees them. The other side: [`station`].
//! What the two say to each other is [`crate::link`].

mod backlog;
pub(crate) mod command;
mod fleet;
mod printed;
pub(crate) mod processes;
pub(crate) mod station;
mod talk;
mod watch;

/// The environment's variable by which a process knows that it is a worker: its own number, so
/// that what it starts itself does not take itself for one.
const VARIABLE: &str = "JOBEXEC_WORKER";
/// The descriptors that a worker begins with, from the first after the standard ones.
const LINK_FILE: i32 = crate::os::process::FIRST_FILE;
const ARENA_FILE: i32 = LINK_FILE + 1;
const PHASE_FILE: i32 = LINK_FILE + 2;

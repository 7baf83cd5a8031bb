//! Linux: the monotonic clock, the futex, a fence for all threads, forks, threads that can be
//! joined by a deadline, timers, memory and how much there is, processes, and what the machine lets this
//! process use.

pub(crate) mod available;
pub(crate) mod barrier;
mod cgroup;
pub(crate) mod clock;
pub(crate) mod fork;
pub(crate) mod futex;
pub(crate) mod machine;
pub(crate) mod memory;
pub(crate) mod process;
pub(crate) mod slack;
pub(crate) mod thread;
pub(crate) mod watch;

//! Linux: the monotonic clock, the futex, threads that can be joined by a deadline, and what
//! the machine lets this process use.

pub(crate) mod clock;
pub(crate) mod futex;
pub(crate) mod machine;
pub(crate) mod thread;

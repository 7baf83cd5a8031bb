//! What depends on the operating system, one folder each. Linux is the one there is.

#[cfg(target_os = "linux")]
pub(crate) mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::{
    available, barrier, clock, fork, futex, machine, memory, process, slack, thread, watch,
};

#[cfg(not(target_os = "linux"))]
compile_error!("libjobexec runs on Linux; another system needs its own folder beside os/linux");
#[cfg(not(target_endian = "little"))]
compile_error!(
    "os/linux/futex waits on the low half of a 64-bit word, which must come first in memory"
);

//! Floors and peers in other processes: this program, started again as a partner that answers
//! through shared memory or a pipe; and Python's pools, in a script that is asked to run them.

#![allow(dead_code, unused_imports)] // Each bench uses a part.

mod memory;
mod pipe;
mod python;

use crate::peers::pin;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

pub(crate) use memory::RawPair;
pub(crate) use pipe::Piped;
pub(crate) use python::{Script, beside, pool, python};

/// Makes an output, of the job of that number.
pub(crate) type Fill = fn(&mut [u8], u64);

const ROLE: &str = "--partner";

/// Serves as a partner until the other side is gone, if this process was started as one.
pub(crate) fn serve(fill: Fill) -> bool {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some(ROLE) {
        return false;
    }
    let kind = arguments.next().unwrap();
    let mut number = || arguments.next().unwrap().parse::<usize>().unwrap();
    let (bytes, cpu) = (number(), number());
    pin(cpu);
    match kind.as_str() {
        "memory" => memory::answer(bytes, fill),
        "pipe" => pipe::answer(number(), bytes, fill),
        other => panic!("no such partner: {other}"),
    }
    true
}

fn start(kind: &str, numbers: &[usize], stdin: Stdio, stdout: Stdio) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([ROLE, kind]).args(numbers.iter().map(usize::to_string));
    end_with_parent(&mut command);
    command.stdin(stdin).stdout(stdout).spawn().unwrap()
}

fn end_with_parent(command: &mut Command) {
    let ask = || {
        // SAFETY: the call takes numbers.
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
        Ok(())
    };
    // SAFETY: the closure makes one system call.
    unsafe { command.pre_exec(ask) };
}

//! What a worker process prints, cut into lines.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// The longest line that comes in one piece, in bytes.
const LINE: usize = 4096;
/// So many reads take all that a pipe holds.
pub(super) const READS: usize = 16;

/// The end of a pipe that is read without waiting, and a line that is not complete.
pub(super) struct Printed {
    pipe: File,
    line: Vec<u8>,
}

impl Printed {
    pub(super) fn new(pipe: OwnedFd) -> Printed {
        Printed { pipe: pipe.into(), line: Vec::new() }
    }

    pub(super) fn fd(&self) -> RawFd {
        self.pipe.as_raw_fd()
    }

    /// The next lines, perhaps none that is whole: an error if there is nothing to read,
    /// `UnexpectedEof` if there will be nothing more.
    pub(super) fn read(&mut self) -> io::Result<String> {
        let mut bytes = [0; LINE];
        let count = self.pipe.read(&mut bytes)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.line.extend_from_slice(&bytes[..count]);
        let end = self.line.iter().rposition(|byte| *byte == b'\n').map(|at| at + 1);
        let end = end.or((self.line.len() >= LINE).then_some(self.line.len()));
        let whole: Vec<u8> = self.line.drain(..end.unwrap_or(0)).collect();
        Ok(String::from_utf8_lossy(&whole).into_owned())
    }

    /// What is left of the last line.
    pub(super) fn rest(self) -> String {
        String::from_utf8_lossy(&self.line).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::watch::pipe;
    use std::io::Write;
    use std::time::{Duration, Instant};

    #[test]
    fn lines_come_whole_or_cut_where_they_are_too_long() {
        let (read, write) = pipe().unwrap();
        let (mut printed, mut worker) = (Printed::new(read), File::from(write));
        assert_eq!(printed.read().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        worker.write_all(b"one\ntwo\nthr").unwrap();
        assert_eq!(printed.read().unwrap(), "one\ntwo\n");
        worker.write_all(&[b'x'; 2 * LINE]).unwrap();
        assert_eq!(printed.read().unwrap().len(), LINE + 3);
        assert_eq!(printed.read().unwrap().len(), LINE);
        worker.write_all(b"end").unwrap();
        drop(worker);
        assert_eq!(printed.read().unwrap(), "");
        // A child that another test starts just now has the pipe until it is another program.
        let deadline = Instant::now() + Duration::from_secs(10);
        let mut end = || printed.read().unwrap_err().kind();
        while end() == io::ErrorKind::WouldBlock {
            assert!(Instant::now() < deadline);
            std::thread::yield_now();
        }
        assert_eq!(end(), io::ErrorKind::UnexpectedEof);
        assert_eq!(printed.rest(), "end");
    }
}

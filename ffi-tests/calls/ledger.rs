//! What becomes of each payload, by what the host is told of it.

use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst};

/// More than a script puts.
const CELLS: usize = 4096;

/// A payload that is a pointer.
#[derive(Default)]
pub(crate) struct Cell {
    pub(crate) deed: AtomicU32,
    accepted: AtomicU32,
    ended: AtomicU32,
}

/// All payloads of an executor, and what was asked of it: that says what it may answer.
pub(crate) struct Ledger {
    cells: Box<[Cell]>,
    used: AtomicUsize,
    /// Buffers that the host has, and whether a thread is about to put it.
    held: Mutex<HashMap<usize, bool>>,
    pub(crate) ids: Mutex<Vec<u64>>,
    pub(crate) accepted: AtomicUsize,
    pub(crate) delivered: AtomicUsize,
    pub(crate) discarded: AtomicUsize,
    pub(crate) finished: AtomicBool,
    pub(crate) aborted: AtomicBool,
    pub(crate) closed: AtomicBool,
    pub(crate) cancelled: AtomicBool,
    /// Nothing of it is used by the library any more.
    pub(crate) destroyed: AtomicBool,
}

impl Ledger {
    pub(crate) fn new() -> Ledger {
        Ledger {
            cells: (0..CELLS).map(|_| Cell::default()).collect(),
            used: AtomicUsize::new(0),
            held: Mutex::default(),
            ids: Mutex::default(),
            accepted: AtomicUsize::new(0),
            delivered: AtomicUsize::new(0),
            discarded: AtomicUsize::new(0),
            finished: AtomicBool::new(false),
            aborted: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            cancelled: AtomicBool::new(false),
            destroyed: AtomicBool::new(false),
        }
    }

    /// A payload that was never put. Nothing at the end of the ledger.
    pub(crate) fn fresh(&self, deed: u8) -> Option<*mut c_void> {
        let cell = self.cells.get(self.used.fetch_add(1, SeqCst))?;
        cell.deed.store(deed.into(), SeqCst);
        Some((&raw const *cell).cast_mut().cast())
    }

    /// The cell of a payload, which must be one that was put.
    pub(crate) fn cell(&self, payload: *mut c_void) -> &Cell {
        let offset = (payload as usize).wrapping_sub(self.cells.as_ptr() as usize);
        assert!(offset.is_multiple_of(size_of::<Cell>()), "a payload of nobody");
        let cell = self.cells.get(offset / size_of::<Cell>()).expect("a payload of nobody");
        assert!(offset / size_of::<Cell>() < self.used.load(SeqCst), "was not put");
        cell
    }

    pub(crate) fn accept(&self, payload: *mut c_void, is_buffer: bool) {
        self.accepted.fetch_add(1, SeqCst);
        if !is_buffer {
            self.cell(payload).accepted.fetch_add(1, SeqCst);
        }
    }

    /// A payload that is a pointer has come to its end.
    pub(crate) fn end(&self, payload: *mut c_void) {
        assert_eq!(self.cell(payload).ended.fetch_add(1, SeqCst), 0, "came twice");
    }

    /// The host has a buffer from now on, or a thread of it that is about to put it.
    pub(crate) fn take(&self, buffer: *mut c_void, in_hand: bool) {
        let before = self.held.lock().unwrap().insert(buffer as usize, in_hand);
        assert_eq!(before, None, "given out twice");
    }

    /// A thread puts the buffer that it has in hand.
    pub(crate) fn pass_on(&self, buffer: *mut c_void) {
        let before = self.held.lock().unwrap().remove(&(buffer as usize));
        assert_eq!(before, Some(true), "is not in hand");
    }

    /// The host gives a buffer away, any that no thread has in hand.
    pub(crate) fn give(&self) -> Option<*mut c_void> {
        let mut held = self.held.lock().unwrap();
        let (buffer, _) = held.iter().find(|(_, in_hand)| !**in_hand)?;
        let buffer = *buffer;
        held.remove(&buffer);
        Some(buffer as *mut c_void)
    }

    pub(crate) fn check_all_ended(&self) {
        for (number, cell) in self.cells.iter().take(self.used.load(SeqCst)).enumerate() {
            let (accepted, ended) = (cell.accepted.load(SeqCst), cell.ended.load(SeqCst));
            assert_eq!(accepted, ended, "payload {number}");
        }
    }
}

//! The word that counts an event's threads: sleeping:16, searching:16, tokens:32.

pub(super) const TOKEN: u64 = 1;
pub(super) const SEARCHING: u64 = 1 << 32;
pub(super) const SLEEPING: u64 = 1 << 48;
const FIELD: u64 = 0xffff;

pub(super) fn tokens(word: u64) -> u64 {
    word & 0xffff_ffff
}

pub(super) fn searching(word: u64) -> u64 {
    word >> 32 & FIELD
}

pub(super) fn sleeping(word: u64) -> u64 {
    word >> 48 & FIELD
}

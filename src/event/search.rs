//! What a thread that waits is asked.

use crate::mates::Seat;

/// One who waits for news, and how it gets some.
pub(crate) struct Search<'a, A, H, P, V> {
    /// Takes news, if there is some.
    pub(crate) attempt: A,
    /// Whether there is news behind so many others: behind 0 as surely as an attempt says it,
    /// behind more it may guess.
    pub(crate) has: H,
    /// Whether some is announced and not taken, and may show later.
    pub(crate) pending: P,
    /// Where others of its core may go first.
    pub(crate) seat: Option<Seat<'a>>,
    /// It begins to wait, or its last attempt before it sleeps was in vain.
    pub(crate) in_vain: V,
}

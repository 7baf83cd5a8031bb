//! Results on their way to pollers: in the order in which workers finish, or in the order in which
//! the jobs were put. Both are sorted by session, so that what a reset makes stale lies in front.

mod done_order;
mod put_order;

pub(crate) use done_order::DoneOrder;
use put_order::PutOrder;

use crate::job::Completion;

/// See the module.
pub(crate) enum Results {
    AsDone(DoneOrder),
    AsPut(PutOrder),
}

use Results::{AsDone, AsPut};

impl Results {
    /// A queue for so many results of so many workers.
    pub(crate) fn new(places: usize, workers: usize, timed: bool, ordered: bool) -> Results {
        if ordered {
            AsPut(PutOrder::new(places, workers, timed))
        } else {
            AsDone(DoneOrder::new(places, timed))
        }
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(places: usize, workers: usize, timed: bool, ordered: bool) -> usize {
        if ordered {
            PutOrder::bytes(places, workers, timed)
        } else {
            DoneOrder::bytes(places, timed)
        }
    }

    /// Whether results come in the order in which the jobs were put.
    #[inline]
    pub(crate) fn are_ordered(&self) -> bool {
        matches!(self, AsPut(_))
    }

    /// How many more jobs there are places for, that many being accepted. Where results come as
    /// they are done, whoever has a credit has a place.
    #[inline]
    pub(crate) fn room(&self, accepted: u64) -> u64 {
        match self {
            AsDone(_) => u64::MAX,
            AsPut(results) => results.room(accepted),
        }
    }

    /// Publishes a result on the thread of the worker whose it is, unless that is too late: then
    /// it is to be discarded. From then on it belongs to whoever takes it. Where that matters,
    /// `outdated` is asked whether its session is over.
    #[inline(always)]
    pub(crate) fn push(
        &self,
        done: Completion,
        outdated: impl Fn() -> bool,
    ) -> Result<(), Completion> {
        match self {
            AsDone(results) => results.push(done),
            AsPut(results) => results.push(done.tag.worker().into(), done, outdated),
        }
    }

    /// Says that a job of a session that goes on will have no result.
    pub(crate) fn pass(&self, position: u64, outdated: impl FnOnce() -> bool) {
        if let AsPut(results) = self {
            results.pass(position, outdated);
        }
    }

    /// Takes all results whose session is outdated; `end` says before which position all are.
    pub(crate) fn sweep(
        &self,
        end: impl FnOnce() -> u64,
        outdated: impl Fn(u32) -> bool,
        take: impl Fn(Completion),
    ) {
        match self {
            AsDone(results) => {
                while let Some(done) = results.pop_if(|id| outdated(id.session())) {
                    take(done);
                }
            }
            AsPut(results) => results.pass_by(end(), outdated, take),
        }
    }

    /// Takes the next result.
    #[inline(always)]
    pub(crate) fn pop(&self) -> Option<Completion> {
        match self {
            AsDone(results) => results.pop(),
            AsPut(results) => results.pop(),
        }
    }

    /// Takes the next results, as many as there are places for. Answers how many they are.
    #[inline(always)]
    pub(crate) fn pop_many(&self, places: &mut [Completion]) -> usize {
        match self {
            AsDone(results) => results.pop_many(places),
            AsPut(results) => results.pop_many(places),
        }
    }

    /// The payload of the result behind so many others, as a hint: see
    /// [`crate::ring::Ring::glimpse`].
    #[inline]
    pub(crate) fn payload_behind(&self, others: u64) -> Option<u64> {
        match self {
            AsDone(results) => results.payload_behind(others),
            AsPut(results) => results.payload_behind(others),
        }
    }

    /// Whether a poll would find a result behind so many others, see [`crate::ring::Ring::has`].
    #[inline]
    pub(crate) fn has(&self, others: u64) -> bool {
        match self {
            AsDone(results) => results.has(others),
            AsPut(results) => results.has(others),
        }
    }

    /// Whether a result may be announced that does not show to whoever looked just now.
    pub(crate) fn is_pending(&self) -> bool {
        match self {
            AsDone(results) => results.len() > 0,
            AsPut(results) => results.is_pending(),
        }
    }

    /// How many results were held until their turn came, and how long in all, in nanoseconds.
    pub(crate) fn held(&self) -> (u64, u64) {
        match self {
            AsDone(_) => (0, 0),
            AsPut(results) => results.held(),
        }
    }

    /// How many results wait, those included that are just being published, or wait for one before
    /// them.
    #[inline]
    pub(crate) fn len(&self) -> u64 {
        match self {
            AsDone(results) => results.len(),
            AsPut(results) => results.len(),
        }
    }
}

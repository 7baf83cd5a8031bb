//! Every executor's signals, in one list that a signal handler can walk at any moment.
//!
//! A node is never freed: an executor that goes away leaves its node to the next one. So a
//! handler that holds a node touches memory that is valid and of the right type, whatever other
//! threads start and free meanwhile; at worst it aborts an executor that is just starting, which
//! is what "abort every executor" may do. The list grows to the most executors that were ever
//! alive at once.

use crate::signals::Signals;

#[cfg(not(loom))]
pub(crate) use production::{Lease, abort_all};

#[cfg(not(loom))]
mod production {
    use super::Signals;
    use std::ops::Deref;
    use std::ptr;
    use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

    struct Node {
        signals: Signals,
        taken: AtomicBool,
        next: *const Node,
    }

    // SAFETY: `next` is written before the node is published and never after.
    unsafe impl Sync for Node {}

    static HEAD: AtomicPtr<Node> = AtomicPtr::new(ptr::null_mut());

    fn nodes() -> impl Iterator<Item = &'static Node> {
        let mut next = HEAD.load(Ordering::Acquire).cast_const();
        std::iter::from_fn(move || {
            // SAFETY: a published node is never freed.
            let node = unsafe { next.as_ref() }?;
            next = node.next;
            Some(node)
        })
    }

    /// The signals of one executor, for as long as something of it lives.
    pub(crate) struct Lease(&'static Node);

    impl Lease {
        /// A node that nobody holds, or a new one.
        pub(crate) fn new() -> Lease {
            let free = nodes().find(|node| {
                node.taken
                    .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
                    .is_ok()
            });
            if let Some(node) = free {
                node.signals.clear();
                return Lease(node);
            }
            let node = Box::leak(Box::new(Node {
                signals: Signals::default(),
                taken: AtomicBool::new(true),
                next: ptr::null(),
            }));
            let mut head = HEAD.load(Ordering::Acquire);
            loop {
                node.next = head;
                match HEAD.compare_exchange(head, node, Ordering::AcqRel, Ordering::Acquire) {
                    Ok(_) => return Lease(node),
                    Err(seen) => head = seen,
                }
            }
        }
    }

    impl Deref for Lease {
        type Target = Signals;

        #[inline]
        fn deref(&self) -> &Signals {
            &self.0.signals
        }
    }

    impl Lease {
        /// The signals, for who may outlive the lease: they are valid for ever, though another's
        /// by then.
        pub(crate) fn signals(&self) -> &'static Signals {
            &self.0.signals
        }
    }

    impl Drop for Lease {
        fn drop(&mut self) {
            self.0.signals.retire();
            self.0.taken.store(false, Ordering::Release);
        }
    }

    /// Aborts every executor of the process. Async-signal-safe.
    pub(crate) fn abort_all() {
        nodes().filter(|node| node.taken.load(Ordering::Acquire)).for_each(|n| n.signals.abort());
    }
}

/// A model has no statics: each executor has signals of its own.
#[cfg(loom)]
pub(crate) struct Lease(Box<Signals>);

#[cfg(loom)]
impl Lease {
    pub(crate) fn new() -> Lease {
        Lease(Box::default())
    }
}

#[cfg(loom)]
impl std::ops::Deref for Lease {
    type Target = Signals;

    fn deref(&self) -> &Signals {
        &self.0
    }
}

//! What the two sides of a link say to each other before the first job.

use super::*;

/// What a worker must know before its first job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) worker: u64,
    pub(crate) seed: u64,
    /// How it looks for news, see [`crate::spin::Spin::word`].
    pub(crate) spin: u64,
    pub(crate) buffers: u64,
    pub(crate) input_bytes: u64,
    pub(crate) output_bytes: u64,
    /// 1 if the worker maps all of the batches before its first job.
    pub(crate) prefault: u64,
    /// Which stage of a chain it serves.
    pub(crate) stage: u64,
}

impl Link {
    /// The executor: makes fresh memory a link, before the worker starts.
    pub(crate) fn prepare(&self, terms: Terms) {
        let Terms { worker, seed, spin, buffers, input_bytes, output_bytes, .. } = terms;
        let Terms { prefault, stage, .. } = terms;
        let terms = [worker, seed, spin, buffers, input_bytes, output_bytes, prefault, stage];
        for (at, value) in (TERMS_AT..).zip(terms) {
            self.word(at).store(value, Ordering::Relaxed);
        }
        self.word(HOST_BELL).store(1, Ordering::Relaxed);
        self.word(WORKER_BELL).store(1, Ordering::Relaxed);
        self.word(WORDS_AT).store(WORDS as u64, Ordering::Relaxed);
        self.word(VERSION_AT).store(VERSION, Ordering::Relaxed);
        self.word(MAGIC_AT).store(MAGIC, Ordering::Release);
    }

    /// The worker: what it starts with; or why this is no link for it.
    pub(crate) fn terms(&self) -> Result<Terms, String> {
        if self.read(MAGIC_AT) != MAGIC {
            return Err("what the executor shares is no link".to_owned());
        }
        let (version, words) = (self.read(VERSION_AT), self.read(WORDS_AT));
        if version != VERSION || words != WORDS as u64 {
            return Err(format!(
                "the executor's link is version {version} with {words} words, this library's is \
                 version {VERSION} with {WORDS}"
            ));
        }
        let mut terms = (TERMS_AT..).map(|at| self.read(at));
        let mut next = || terms.next().unwrap_or(0);
        let (worker, seed, spin) = (next(), next(), next());
        let (buffers, input_bytes, output_bytes) = (next(), next(), next());
        let (prefault, stage) = (next(), next());
        Ok(Terms { worker, seed, spin, buffers, input_bytes, output_bytes, prefault, stage })
    }

    /// The worker is ready.
    pub(crate) fn say_hello(&self) {
        self.word(HELLO).swap(MAGIC ^ VERSION, Ordering::AcqRel);
        self.host_bell().ring();
    }

    /// The worker cannot serve on this link. Where it is of another version, it says which it has
    /// itself, by the one word that every version of a link has, and ends: its end is noticed.
    pub(crate) fn refuse(&self) {
        if self.read(MAGIC_AT) == MAGIC && self.read(VERSION_AT) != VERSION {
            self.word(HELLO).swap(MAGIC ^ VERSION, Ordering::AcqRel);
        }
    }

    /// The executor: which version the worker has, once it is there.
    pub(crate) fn hello(&self) -> Option<u64> {
        let hello = self.read(HELLO);
        (hello != 0).then_some(hello ^ MAGIC)
    }
}

//! W1 and W4 of [`super`]: between them a thread sleeps, or may.

use super::Event;
use super::word::{SEARCHING, SLEEPING, TOKEN, sleeping, tokens};
use crate::clock::Deadline;
#[cfg(not(loom))]
use crate::clock::now_ns;
use crate::sync::Ordering;

impl Event {
    /// W1.
    pub(super) fn lie_down(&self, searcher: bool) {
        let change = SLEEPING - if searcher { SEARCHING } else { 0 };
        self.word.fetch_add(change, Ordering::AcqRel);
    }

    /// W4. False if the deadline passed first; then the thread still counts as lying.
    pub(super) fn sleep(&self, deadline: Deadline) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        let mut slept = false;
        loop {
            if tokens(word) > 0 {
                match self.swap(word, word - TOKEN) {
                    Ok(_) => {
                        if slept {
                            self.learn_wake();
                        }
                        return true;
                    }
                    Err(seen) => word = seen,
                }
                continue;
            }
            if deadline.passed() {
                return false;
            }
            self.parking.wait(&self.word, deadline.instant());
            slept = true;
            word = self.word.load(Ordering::Relaxed);
        }
    }

    /// A sleeper notes when it was woken.
    fn learn_wake(&self) {
        #[cfg(not(loom))]
        match self.gave.load(Ordering::Relaxed) {
            0 => {}
            gave => self.pace.woken(gave, now_ns()),
        }
    }

    /// Leaves the state between W1 and W4. True if that took a token, and with it the duty of a
    /// searcher: only if there is one for everybody, so that news for all reaches all.
    pub(super) fn get_up(&self) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let token = sleeping(word) == 0;
            let next = word - if token { TOKEN } else { SLEEPING };
            match self.swap(word, next) {
                Ok(_) => return token,
                Err(seen) => word = seen,
            }
        }
    }
}

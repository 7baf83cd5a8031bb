//! Setting a worker's thread aside: its job ran past its deadline, was told so, and its transform
//! does not return. The job is taken off the worker's desk and has its outcome, without its
//! payload, which the transform may still be using; another thread takes the post. Where too many
//! are set aside already none does, and the worker is gone until one of them comes back.
//!
//! The thread itself can only be left to itself. When its transform returns it finds that its job
//! is not on its desk any more: it discards the payload, and ends. Until then it keeps all that it
//! may touch: the executor's memory, the buffer of its batch, and what its callbacks use; so a
//! close waits for it until its deadline, and names it.

use crate::credits::Outcome;
use crate::crew::{Crew, lock};
use crate::record::Text;
use crate::run::LogLevel;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Crew {
    /// Sets the thread of a worker aside, if it is still at the job of that number on its desk.
    pub(crate) fn set_aside(self: &Arc<Crew>, worker: usize, number: u64, most: usize) {
        let (engine, desk) = (&self.engine, &self.engine.desks[worker]);
        let mut posts = lock(&self.posts);
        // A thread that dies gives up its post before it looks for its job.
        let seen = desk.look().filter(|_| desk.has(number) && posts.is_serving(worker));
        let since = desk.at_work().map_or(0, |at| at.since);
        let Some(job) = seen.and_then(|seen| desk.take(seen)) else { return };
        posts.set_aside(worker, &job);
        // The post is taken at once: a thread that comes back must not find it free.
        let name = posts.hire(worker);
        drop(posts);
        self.running.fetch_sub(1, Ordering::AcqRel);
        let mut text = Text::EMPTY;
        text.set("the job ran past its deadline, and its thread has it still");
        // By this thread in the worker's place: nobody has that now.
        engine.publish(engine.complete_without(worker, job, since, Outcome::TimedOut, &text));
        let where_it_is = format!(
            "worker {worker}'s thread did not come back from job {} of session {} and was set aside",
            job.id.number(),
            job.id.session()
        );
        let mut posts = lock(&self.posts);
        let has_room = posts.aside().len() <= most;
        if !has_room {
            posts.quit(worker, name);
        }
        drop(posts);
        if !has_room {
            self.warn(LogLevel::Error, format!("{where_it_is}; {most} are: it is not replaced"));
            return self.strand_if_empty();
        }
        match self.start_thread(worker, name, true) {
            Ok(()) => self.warn(LogLevel::Warning, where_it_is + "; another serves"),
            Err(error) => {
                self.warn(LogLevel::Error, format!("{where_it_is}; {error}"));
                self.strand_if_empty();
            }
        }
    }
}

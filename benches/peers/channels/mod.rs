//! Threads between two bounded channels: the pool that people write themselves.

mod crossbeam;
mod flume;
mod kanal;
mod mpsc;

use super::{Cpus, Pool, Task, pin};
use std::thread::JoinHandle;

pub(crate) use crossbeam::Crossbeam;
pub(crate) use flume::Flume;
pub(crate) use kanal::Kanal;
pub(crate) use mpsc::Mpsc;

/// A kind of bounded channel that several threads may send to and receive from.
pub(crate) trait Channel: 'static {
    type Sender: Clone + Send + Sync;
    type Receiver: Clone + Send + Sync;

    fn bounded(room: usize) -> (Self::Sender, Self::Receiver);
    /// Whether somebody can still receive it.
    fn send(sender: &Self::Sender, task: Box<Task>) -> bool;
    /// The next, waiting for it, or none when there are no senders left.
    fn receive(receiver: &Self::Receiver) -> Option<Box<Task>>;
    fn try_receive(receiver: &Self::Receiver) -> Option<Box<Task>>;
}

/// Threads between two channels of a kind.
pub(crate) struct ChannelPool<C: Channel> {
    pub(crate) jobs: C::Sender,
    pub(crate) results: C::Receiver,
    workers: Vec<JoinHandle<()>>,
}

/// Those of crossbeam-channel.
pub(crate) type Channels = ChannelPool<Crossbeam>;

impl<C: Channel> ChannelPool<C> {
    pub(crate) fn start(workers: usize, window: usize, cpus: &Cpus) -> Self {
        let (jobs, todo) = C::bounded(window);
        let (done, results) = C::bounded(window);
        let workers = (0..workers).map(|worker| {
            let (todo, done, cpu) = (todo.clone(), done.clone(), cpus.worker(worker));
            std::thread::spawn(move || {
                pin(cpu);
                while let Some(mut task) = C::receive(&todo) {
                    task.run();
                    if !C::send(&done, task) {
                        break;
                    }
                }
            })
        });
        ChannelPool { workers: workers.collect(), jobs, results }
    }

    /// Sends the workers home and waits for them; drops what is in the channels.
    pub(crate) fn close(self) {
        drop((self.jobs, self.results));
        self.workers.into_iter().for_each(|worker| worker.join().unwrap());
    }
}

impl<C: Channel> Pool for ChannelPool<C> {
    #[inline]
    fn put(&self, task: Box<Task>) {
        assert!(C::send(&self.jobs, task));
    }

    #[inline]
    fn get(&self) -> Box<Task> {
        C::receive(&self.results).unwrap()
    }

    #[inline]
    fn try_get(&self) -> Option<Box<Task>> {
        C::try_receive(&self.results)
    }

    fn check(&self, _tasks: u64) {
        assert!(self.try_get().is_none());
    }

    fn stop(self: Box<Self>) {
        self.close();
    }
}

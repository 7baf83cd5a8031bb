//! Who is compared: this executor, and pools that others made or that common parts make. All of
//! them run the same job, on as many workers, pinned to the same CPUs.

#![allow(dead_code, unused_imports)] // Each bench uses a part.
#![allow(clippy::vec_box)] // A task is handed over by its address.

mod abi;
mod channels;
mod cpus;
mod drive;
mod native;
mod ours;
mod rayon;
mod spinning;
mod task;

pub(crate) use abi::Abi;
pub(crate) use channels::{ChannelPool, Channels, Flume, Kanal, Mpsc};
pub(crate) use cpus::{Cpus, pin};
pub(crate) use drive::{drive, exchange, exchange_batches, numbers, spare, stream, wake};
pub(crate) use native::Library;
pub(crate) use ours::{Ours, config, outcomes};
pub(crate) use rayon::Rayon;
pub(crate) use spinning::Spinning;
pub(crate) use task::{Task, now_ns, work};

use std::time::Duration;

/// What takes longer has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What runs tasks: the host puts them, workers call their callback, the host gets them back.
pub(crate) trait Pool: Send + Sync {
    /// Hands a task over; there is room.
    fn put(&self, task: Box<Task>);

    /// Takes a task back, waiting for it.
    fn get(&self) -> Box<Task>;

    /// Takes back what is there.
    fn try_get(&self) -> Option<Box<Task>>;

    /// Hands all of them over; there is room.
    fn put_many(&self, tasks: &mut Vec<Box<Task>>) {
        tasks.drain(..).for_each(|task| self.put(task));
    }

    /// Takes back at least one, waiting for it, and at most so many, as far as they are there.
    fn get_many(&self, most: usize, tasks: &mut Vec<Box<Task>>) {
        tasks.push(self.get());
        tasks.extend((1..most).map_while(|_| self.try_get()));
    }

    /// Whether the books are in order: so many tasks were put and got since the last time.
    fn check(&self, tasks: u64);

    /// Sends the workers home and waits for them.
    fn stop(self: Box<Self>);
}

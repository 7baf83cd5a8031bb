//! flume: a queue behind a lock.

use super::{Channel, Task};
use ::flume::{Receiver, Sender};

/// The channels of flume.
pub(crate) struct Flume;

impl Channel for Flume {
    type Sender = Sender<Box<Task>>;
    type Receiver = Receiver<Box<Task>>;

    fn bounded(room: usize) -> (Self::Sender, Self::Receiver) {
        ::flume::bounded(room)
    }

    #[inline]
    fn send(sender: &Self::Sender, task: Box<Task>) -> bool {
        sender.send(task).is_ok()
    }

    #[inline]
    fn receive(receiver: &Self::Receiver) -> Option<Box<Task>> {
        receiver.recv().ok()
    }

    #[inline]
    fn try_receive(receiver: &Self::Receiver) -> Option<Box<Task>> {
        receiver.try_recv().ok()
    }
}

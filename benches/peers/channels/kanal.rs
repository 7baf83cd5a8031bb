//! kanal: a queue behind a spinlock, with hand-over from stack to stack.

use super::{Channel, Task};
use ::kanal::{Receiver, Sender};

/// The channels of kanal.
pub(crate) struct Kanal;

impl Channel for Kanal {
    type Sender = Sender<Box<Task>>;
    type Receiver = Receiver<Box<Task>>;

    fn bounded(room: usize) -> (Self::Sender, Self::Receiver) {
        ::kanal::bounded(room)
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
        receiver.try_recv().ok().flatten()
    }
}

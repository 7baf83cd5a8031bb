//! crossbeam-channel: an array of stamped places, and parking.

use super::{Channel, Task};
use crossbeam_channel::{Receiver, Sender};

/// The channels of crossbeam-channel.
pub(crate) struct Crossbeam;

impl Channel for Crossbeam {
    type Sender = Sender<Box<Task>>;
    type Receiver = Receiver<Box<Task>>;

    fn bounded(room: usize) -> (Self::Sender, Self::Receiver) {
        crossbeam_channel::bounded(room)
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

//! The standard library's channels, which have one receiver: the workers share it behind a lock.

use super::{Channel, Task};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

/// The channels of the standard library.
pub(crate) struct Mpsc;

impl Channel for Mpsc {
    type Sender = SyncSender<Box<Task>>;
    type Receiver = Arc<Mutex<Receiver<Box<Task>>>>;

    fn bounded(room: usize) -> (Self::Sender, Self::Receiver) {
        let (sender, receiver) = sync_channel(room);
        (sender, Arc::new(Mutex::new(receiver)))
    }

    #[inline]
    fn send(sender: &Self::Sender, task: Box<Task>) -> bool {
        sender.send(task).is_ok()
    }

    #[inline]
    fn receive(receiver: &Self::Receiver) -> Option<Box<Task>> {
        receiver.lock().unwrap().recv().ok()
    }

    #[inline]
    fn try_receive(receiver: &Self::Receiver) -> Option<Box<Task>> {
        receiver.try_lock().ok()?.try_recv().ok()
    }
}

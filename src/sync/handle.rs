//! Controls the poller from outside.

use tokio::sync::mpsc;

use crate::model::Summary;

/// A command to the poller.
#[derive(Debug)]
pub(super) enum PollerCommand {
    Refresh,
    Row(Box<Summary>),
}

/// Controls the poller, which ends when all its handles are dropped.
#[derive(Clone, Debug)]
pub struct PollerHandle {
    commands: mpsc::UnboundedSender<PollerCommand>,
}

impl PollerHandle {
    /// Returns a handle, and the commands that it and its clones send.
    pub(super) fn new() -> (Self, mpsc::UnboundedReceiver<PollerCommand>) {
        let (commands, receiver) = mpsc::unbounded_channel();
        (Self { commands }, receiver)
    }

    /// Requests the changes now, whatever the poller is waiting for.
    pub fn refresh(&self) {
        // A poller that has ended has nothing to refresh.
        let _ = self.commands.send(PollerCommand::Refresh);
    }

    /// Passes on a row from a command's outcome, so that it shows before the next response.
    pub fn update_row(&self, row: Summary) {
        let _ = self.commands.send(PollerCommand::Row(Box::new(row)));
    }
}

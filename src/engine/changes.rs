//! Wakes the parts of an engine that wait for changes of the store.

use tokio::sync::Notify;

/// One signal for each part that waits for changes. A signal that arrives while its part is busy is
/// not lost.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// For the delivery of notifications.
    pub(super) delivery: Notify,
    /// For alerts that end by themselves.
    pub(super) expiry: Notify,
    /// For action items that become issues.
    pub(super) follow_ups: Notify,
    /// For incidents that wait until they were stable for long enough.
    pub(super) soaks: Notify,
    /// For maintenance windows, which are read with the directory.
    pub(super) maintenance: Notify,
}

impl Changes {
    /// Reports that the directory has changed.
    pub(super) fn notify_directory(&self) {
        self.maintenance.notify_one();
    }

    /// Reports that the store has changed.
    pub(super) fn notify(&self) {
        self.delivery.notify_one();
        self.expiry.notify_one();
        self.follow_ups.notify_one();
        self.soaks.notify_one();
    }
}

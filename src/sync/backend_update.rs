//! Updates from the poller: fetched data, and the state of the connection.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::reader::Sourced;
use super::remote::OutboxSnapshot;
use super::snapshot::Snapshot;
use crate::backend::{BackendError, Capabilities};
use crate::model::Summary;
use crate::model::directory::Directory;

/// The state of the connection to the backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// The backend has not answered yet.
    Loading,
    /// The backend answers, and reports changes as they happen (long poll).
    Live {
        /// When the backend answered last.
        at: DateTime<Utc>,
    },
    /// The backend answers, and has to be polled at intervals.
    Polling {
        /// When the backend answered last.
        at: DateTime<Utc>,
        /// The approximate interval at present.
        every: Duration,
    },
    /// Requests to the backend fail.
    Failing {
        /// When the first failure in a row happened. If cached data is shown and the backend has
        /// not answered since the start, the time at which that data was cached.
        since: DateTime<Utc>,
        /// The error of the last request.
        error: BackendError,
        /// When the next request is sent.
        retry_at: DateTime<Utc>,
    },
}

/// News about the backend, sent by the poller.
#[derive(Clone, Debug)]
pub enum BackendUpdate {
    /// The backend's name and capabilities.
    Capabilities(Capabilities),
    /// The open incidents have changed. Rows that an earlier run has cached have the time at which
    /// they were fetched, until the backend has answered.
    Snapshot(Sourced<Arc<Snapshot>>),
    /// Incidents have ended, or incidents that had ended before have changed.
    Ended(Vec<Summary>),
    /// People, teams and services have changed.
    Directory(Sourced<Arc<Directory>>),
    /// The backend answered, or it failed.
    Connection(ConnectionState),
    /// The backend's clock differs notably from that of this machine, by this difference (its time
    /// minus this machine's); `None` once it no longer does.
    ClockOffset(Option<TimeDelta>),
    /// The number of entries of an answer that could not be read, and are missing on the screen.
    Unreadable(usize),
    /// The correction of this machine's times to those of the backend's clock.
    ClockCorrection(TimeDelta),
    /// The outbox of a remote has changed. If there is an outbox, its first state is sent before
    /// anything is fetched.
    Outbox(Arc<OutboxSnapshot>),
}

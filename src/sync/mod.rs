//! Second floor: mirrors a backend, and reports how fresh the mirror is.
//!
//! [`start`] returns the future that does the work and a [`PollerHandle`] to control it. Everything
//! that is fetched arrives as a [`BackendUpdate`], so that whoever receives the updates never waits
//! for the backend.

pub mod drafts;
pub mod filters;
mod mirror;
pub mod pace;
mod poller;
mod reader;
pub mod remote;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::join;
use tokio::sync::{mpsc, watch};

use crate::backend::{Backend, BackendError, Capabilities};
use crate::model::Summary;
use crate::model::directory::Directory;
use crate::model::queue::OpenCounts;

pub use mirror::Mirror;
pub use reader::{CachedState, DirectReader, OnRead, ReadResult, Reader, Sourced};
use remote::{OutboxSnapshot, Remote};

/// How long the backend may hold one request for changes (long poll).
pub const LONG_POLL_TIMEOUT: Duration = Duration::from_secs(25);

/// When a response is overdue by this much, the shown data counts as stale.
pub const GRACE: Duration = Duration::from_secs(5);

/// The wait before the first retry of a failed request.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// How long after the first failure a third request in a row has failed: the second is sent after
/// the first wait, and the third after twice that.
pub const THIRD_FAILURE_AFTER: Duration = FIRST_RETRY.saturating_mul(3);

/// The number of rows in the first page, which is drawn before all open incidents are known.
pub const FIRST_PAGE: u32 = 80;

/// The open incidents as they were known at one moment. Immutable.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// All open incidents that are known, in no particular order.
    pub rows: Vec<Arc<Summary>>,
    /// Counts of all open incidents while only the first page is known; `None` once all rows are
    /// known.
    pub counts: Option<OpenCounts>,
}

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
    /// The backend's name and what it can do.
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
    /// The outbox of a remote has changed. If there is an outbox, its first state is sent before
    /// anything is fetched.
    Outbox(Arc<OutboxSnapshot>),
}

/// A command to the poller.
#[derive(Debug)]
enum PollerCommand {
    Refresh,
    Row(Box<Summary>),
}

/// Controls the poller, which ends when all its handles are dropped.
#[derive(Clone, Debug)]
pub struct PollerHandle {
    commands: mpsc::UnboundedSender<PollerCommand>,
}

impl PollerHandle {
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

/// Options of the poller.
#[derive(Clone, Debug)]
pub struct Options {
    /// Handle of the viewer, for filters.
    pub me: String,
    /// The cache and outbox of the backend, if it is a remote.
    pub remote: Option<Arc<Remote>>,
    /// Whether urgent incidents are fetched before somebody opens them, if the backend is a remote.
    pub read_ahead: bool,
}

/// Returns the reader of a backend: its cache too, if it is a remote.
#[must_use]
pub fn reader(backend: Arc<dyn Backend>, remote: Option<&Arc<Remote>>) -> Arc<dyn Reader> {
    match remote {
        Some(remote) => Arc::clone(remote) as Arc<dyn Reader>,
        None => Arc::new(DirectReader::new(backend)),
    }
}

/// Returns the handle of a new poller, and the future that runs it.
pub fn start(
    backend: Arc<dyn Backend>,
    options: Options,
    updates: mpsc::UnboundedSender<BackendUpdate>,
) -> (PollerHandle, impl Future<Output = ()> + Send + 'static) {
    let (commands, command_receiver) = mpsc::unbounded_channel();
    let (snapshots, snapshot_receiver) = watch::channel(Arc::default());
    let prefetched = options.remote.as_ref().filter(|_| options.read_ahead).map(Arc::downgrade);
    let reader = reader(backend, options.remote.as_ref());
    let remote = options.remote.map(|remote| (remote, snapshots));
    let poller = poller::Poller::new(reader, remote, options.me, updates, command_receiver);
    let prefetching = async move {
        if let Some(remote) = prefetched {
            remote::prefetch(remote, snapshot_receiver).await;
        }
    };
    let running = async move {
        join(poller.run(), prefetching).await;
    };
    (PollerHandle { commands }, running)
}

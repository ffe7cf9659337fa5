//! Second floor: keeps a mirror of a backend, and says how fresh it is.
//!
//! [`start`] gives the future that does the work and a [`Handle`] to speak to it. Everything that
//! is learnt arrives as an [`Update`]; whoever reads them never waits for the backend.

pub mod drafts;
pub mod filters;
mod mirror;
pub mod pace;
mod poller;
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
use remote::{OutboxSnapshot, Remote};

/// How long one question for changes may be open.
pub const LONG_POLL_TIMEOUT: Duration = Duration::from_secs(25);

/// Without an answer for this much longer, what is shown counts as stale.
pub const GRACE: Duration = Duration::from_secs(5);

/// The wait before a question that failed is asked again, for the first time.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// So long after the first failure, a third question in a row has failed: the second is asked after
/// the first wait, and the third after twice that.
pub const THIRD_FAILURE_AFTER: Duration = FIRST_RETRY.saturating_mul(3);

/// The rows of the first page, drawn before all open ones are known.
pub const FIRST_PAGE: u32 = 80;

/// The open incidents as they were known at one moment. Never changed once made.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// All open incidents that are known, in no order.
    pub rows: Vec<Arc<Summary>>,
    /// While only the first page is known: the counts of all. `None` once all rows are here.
    pub counts: Option<OpenCounts>,
}

/// How it stands with the backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// It has not answered yet.
    Loading,
    /// It answered last at that time, and tells of changes as they happen.
    Live {
        /// When it answered.
        at: DateTime<Utc>,
    },
    /// It answered last at that time, and must be asked every so often.
    Polling {
        /// When it answered.
        at: DateTime<Utc>,
        /// About how often it is asked now.
        every: Duration,
    },
    /// It has failed since then.
    Failing {
        /// The first failure in a row; or when what is shown was kept, where it has not answered
        /// since.
        since: DateTime<Utc>,
        /// What it said last.
        error: BackendError,
        /// When it is asked again.
        retry_at: DateTime<Utc>,
    },
}

/// What has been learnt.
#[derive(Clone, Debug)]
pub enum BackendUpdate {
    /// The backend's name and what it can do.
    Capabilities(Capabilities),
    /// The open incidents have changed.
    Snapshot(Arc<Snapshot>),
    /// Incidents that have ended have changed, or have ended now.
    Ended(Vec<Summary>),
    /// People, teams and services have changed.
    Directory(Arc<Directory>),
    /// It answered, or it failed.
    Connection(ConnectionState),
    /// What was told of this, or is told next, was kept on this machine, and read then.
    Cached(CachedData, DateTime<Utc>),
    /// What is on its way to a remote has changed; told first of all where there is an outbox.
    Outbox(Arc<OutboxSnapshot>),
}

/// What may have been kept from before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CachedData {
    /// The rows of all open incidents.
    Rows,
    /// People, teams and services.
    Directory,
}

/// What the task can be told.
#[derive(Debug)]
enum PollerCommand {
    Refresh,
    Row(Box<Summary>),
}

/// Speaks to the task. When it is dropped, the task ends.
#[derive(Clone, Debug)]
pub struct PollerHandle {
    commands: mpsc::UnboundedSender<PollerCommand>,
}

impl PollerHandle {
    /// Ask now, whatever is being waited for.
    pub fn refresh(&self) {
        // A task that has ended has nothing to refresh.
        let _ = self.commands.send(PollerCommand::Refresh);
    }

    /// A row as a command's outcome told it: shown without waiting for the next answer.
    pub fn update_row(&self, row: Summary) {
        let _ = self.commands.send(PollerCommand::Row(Box::new(row)));
    }
}

/// How the task works.
#[derive(Clone, Debug)]
pub struct Options {
    /// The handle of whoever looks, for filters.
    pub me: String,
    /// What is kept of the backend on this machine, where it is a remote one.
    pub remote: Option<Arc<Remote>>,
    /// Urgent incidents are read before somebody asks for them, where the backend is a remote one.
    pub read_ahead: bool,
}

/// The task and its handle.
pub fn start(
    backend: Arc<dyn Backend>,
    options: Options,
    updates: mpsc::UnboundedSender<BackendUpdate>,
) -> (PollerHandle, impl Future<Output = ()> + Send + 'static) {
    let (nudges, heard) = mpsc::unbounded_channel();
    let (snapshots, seen) = watch::channel(Arc::default());
    let ahead = options.remote.as_ref().filter(|_| options.read_ahead).map(Arc::downgrade);
    let remote = options.remote.map(|remote| (remote, snapshots));
    let keeper = poller::Poller::new(backend, remote, options.me, updates, heard);
    let reading = async move {
        if let Some(remote) = ahead {
            remote::prefetch(remote, seen).await;
        }
    };
    let work = async move {
        join(keeper.run(), reading).await;
    };
    (PollerHandle { commands: nudges }, work)
}

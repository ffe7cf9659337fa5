//! The poller: requests changes from the backend, and publishes snapshots of the open incidents.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use crate::backend::{BackendError, ClockOffset, Cursor, Delta, Search};
use crate::model::filter::Filter;
use crate::model::queue::Sort;
use crate::model::{CommandId, IncidentId, Summary};

use super::backend_update::{BackendUpdate, ConnectionState};
use super::handle::PollerCommand;
use super::mirror::Mirror;
use super::pace::{LONG_POLL_TIMEOUT, Pace, backoff};
use super::reader::{Reader, Sourced};
use super::remote::{EntryState, OutboxSnapshot, Remote, apply_pending_to_row};
use super::snapshot::Snapshot;

/// The number of rows in the first page, which is drawn before all open incidents are known.
pub const FIRST_PAGE: u32 = 80;

/// The shortest time between two snapshots; people could not read more of them.
const SNAPSHOT_INTERVAL: Duration = Duration::from_millis(200);
/// How long the request for all open incidents waits after the first page.
const FULL_FETCH_DELAY: Duration = Duration::from_millis(120);
/// The shortest time between two requests for changes.
const MIN_POLL_INTERVAL: Duration = Duration::from_millis(100);
/// A request that should be answered immediately, and was not for this long, is restarted when a
/// refresh is requested: the network may have changed meanwhile.
const RESTART_AFTER: Duration = Duration::from_secs(1);

pub(super) struct Poller {
    reader: Arc<dyn Reader>,
    /// The outbox of the backend, if it has one.
    outbox: Option<OutboxState>,
    me: String,
    updates: mpsc::UnboundedSender<BackendUpdate>,
    commands: mpsc::UnboundedReceiver<PollerCommand>,
    mirror: Mirror,
    /// Whether the mirror has changed since the last published snapshot.
    has_unpublished: bool,
    published_at: Option<Instant>,
    fetched: Fetched,
    /// The earliest time for the request of all open incidents, after the first page.
    full_fetch_not_before: Option<Instant>,
    cursor: Option<Cursor>,
    /// Decides how requests are spaced.
    pace: Pace,
    /// Whether the next request returns immediately instead of waiting for changes, because a
    /// refresh was requested.
    poll_immediately: bool,
    failures: u32,
    failing_since: Option<DateTime<Utc>>,
    /// When the published rows were cached; `None` once the backend has answered.
    cached_at: Option<DateTime<Utc>>,
    /// The difference of the clocks that was reported last.
    clock_offset: Option<TimeDelta>,
    /// How many entries of an answer could not be read, as it was last published.
    unreadable: usize,
    /// The correction of times that was published last.
    clock_correction: TimeDelta,
}

/// The progress of fetching the data that is needed once.
#[derive(Default)]
struct Fetched {
    /// The first page of rows, or cached rows: there is something to publish.
    page: bool,
    /// The backend's name and capabilities.
    capabilities: bool,
    /// People, teams and services in their current state.
    directory: bool,
}

/// The outbox of a remote, as the poller sees it.
struct OutboxState {
    remote: Arc<Remote>,
    /// Snapshots of the outbox.
    snapshot: watch::Receiver<Arc<OutboxSnapshot>>,
    /// Changes when another request reaches the remote again after a failure.
    reconnects: watch::Receiver<u64>,
    /// Rows of ended incidents, which are not in the mirror, that have pending commands.
    ended_rows: HashMap<IncidentId, Summary>,
    /// Ids of the commands that had been sent when the outbox was last inspected.
    sent_ids: Option<HashSet<CommandId>>,
    /// Passes snapshots to the prefetcher.
    snapshots: watch::Sender<Arc<Snapshot>>,
}

/// Nobody receives updates any more, or every handle was dropped.
struct Closed;

/// The reason why a request has no response.
enum FetchError {
    /// Nobody receives updates any more, or every handle was dropped.
    Closed,
    /// A refresh was requested: the request was dropped, and the next one returns immediately.
    Restart,
    /// The backend returned an error.
    Failed(BackendError),
}

/// A request ended without a response: its task panicked, which is a bug of the program, or was
/// aborted.
#[derive(Debug, thiserror::Error)]
#[error("the question failed ({0}): it is asked again")]
pub struct RequestAborted(#[source] JoinError);

impl From<Closed> for FetchError {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}

impl From<BackendError> for FetchError {
    fn from(error: BackendError) -> Self {
        Self::Failed(error)
    }
}

/// The reason why a wait ended.
enum Wake {
    Command(Option<PollerCommand>),
    Outbox,
    Reconnected,
}

impl Poller {
    pub(super) fn new(
        reader: Arc<dyn Reader>,
        remote: Option<(Arc<Remote>, watch::Sender<Arc<Snapshot>>)>,
        me: String,
        updates: mpsc::UnboundedSender<BackendUpdate>,
        commands: mpsc::UnboundedReceiver<PollerCommand>,
    ) -> Self {
        let outbox = remote.map(|(remote, snapshots)| OutboxState {
            snapshot: remote.watch_outbox(),
            reconnects: remote.watch_reconnects(),
            ended_rows: HashMap::new(),
            sent_ids: None,
            remote,
            snapshots,
        });
        Self {
            reader,
            outbox,
            me,
            updates,
            commands,
            mirror: Mirror::default(),
            has_unpublished: false,
            published_at: None,
            fetched: Fetched::default(),
            full_fetch_not_before: None,
            cursor: None,
            pace: Pace::new(),
            poll_immediately: false,
            failures: 0,
            failing_since: None,
            cached_at: None,
            clock_offset: None,
            unreadable: 0,
            clock_correction: TimeDelta::zero(),
        }
    }

    pub(super) async fn run(mut self) {
        self.publish_cached().await;
        // Ends when there is no receiver of updates any more.
        while let Ok(()) = self.poll_once().await {}
    }

    /// Publishes the cached data before anything is fetched.
    async fn publish_cached(&mut self) {
        let cached = self.reader.cached_state().await;
        if let Some(capabilities) = cached.capabilities {
            self.send(BackendUpdate::Capabilities(capabilities));
        }
        if let Some(directory) = cached.directory {
            self.send(BackendUpdate::Directory(directory.map(Arc::new)));
        }
        if let Some(rows) = cached.rows {
            let cursor = cached.cursor.unwrap_or(Cursor(0));
            self.cached_at = rows.as_of;
            let rows = rows.value;
            self.mirror.fold(Delta {
                cursor,
                reset: true,
                rows,
                directory: false,
                redacted: Vec::new(),
            });
            self.cursor = cached.cursor;
            self.fetched.page = true;
            self.poll_immediately = true;
        }
        // Also without cached rows: pending declarations have rows of their own.
        if let Err(Closed) = self.publish_outbox().await {
            tracing::debug!("nobody listens");
        }
    }

    /// Sends one request for changes and handles its response.
    async fn poll_once(&mut self) -> Result<(), Closed> {
        // After a request for a refresh, or during a failure, the response comes immediately.
        let immediately =
            std::mem::take(&mut self.poll_immediately) || self.failing_since.is_some();
        let wait = if immediately { Duration::ZERO } else { LONG_POLL_TIMEOUT };
        let initial = self.fetch_initial().await;
        if let Some(until) = self.full_fetch_not_before.take() {
            self.pause(until.saturating_duration_since(Instant::now())).await?;
        }
        let sent_at = Instant::now();
        let response = match initial {
            Ok(()) => self.fetch_changes(wait).await,
            Err(error) => Err(error),
        };
        match response {
            Err(FetchError::Closed) => Err(Closed),
            Err(FetchError::Restart) => {
                self.poll_immediately = true;
                Ok(())
            }
            Ok(delta) => {
                let has_news = !delta.rows.is_empty() || delta.reset || delta.directory;
                let interval = self.pace.record_answer(has_news, wait, sent_at.elapsed());
                self.report_success()?;
                self.report_clock();
                self.report_unreadable();
                self.apply_delta(delta)?;
                if self.has_unpublished
                    && self.published_at.is_none_or(|at| at.elapsed() >= SNAPSHOT_INTERVAL)
                {
                    self.publish()?;
                }
                self.pause(interval.unwrap_or(MIN_POLL_INTERVAL).max(MIN_POLL_INTERVAL)).await
            }
            Err(FetchError::Failed(error)) => self.report_failure(error).await,
        }
    }

    /// Fetches the data that is needed once: the capabilities, the first page and the directory.
    async fn fetch_initial(&mut self) -> Result<(), FetchError> {
        if !self.fetched.page {
            let search = Search {
                filter: Filter::default(),
                me: Some(self.me.clone()),
                sort: Sort::Urgent,
                limit: FIRST_PAGE,
                after: None,
                now: Utc::now(),
            };
            let reader = Arc::clone(&self.reader);
            let request = async move {
                tokio::join!(reader.fetch_capabilities(), reader.fetch_page(&search))
            };
            let (capabilities, page) = self.await_response(request, Duration::ZERO).await?;
            self.send(BackendUpdate::Capabilities(capabilities?));
            self.fetched.capabilities = true;
            let page = page?;
            self.mirror.put_first_page(page.rows, page.counts);
            self.send(BackendUpdate::Snapshot(Sourced::fresh(self.snapshot())));
            self.send(BackendUpdate::Connection(ConnectionState::Live { at: Utc::now() }));
            self.fetched.page = true;
            // The data that fills the screen is read first.
            self.full_fetch_not_before = Some(Instant::now() + FULL_FETCH_DELAY);
        }
        if !self.fetched.capabilities {
            let reader = Arc::clone(&self.reader);
            let request = async move { reader.fetch_capabilities().await };
            let capabilities = self.await_response(request, Duration::ZERO).await??;
            self.send(BackendUpdate::Capabilities(capabilities));
            self.fetched.capabilities = true;
        }
        if !self.fetched.directory {
            let reader = Arc::clone(&self.reader);
            let request = async move { reader.fetch_directory().await };
            let directory = self.await_response(request, Duration::ZERO).await??;
            self.send(BackendUpdate::Directory(Sourced::fresh(Arc::new(directory))));
            self.fetched.directory = true;
        }
        Ok(())
    }

    /// Reports how the clocks differ, and the end of a notable difference. It is measured with each
    /// answer, so small changes are not reported.
    fn report_clock(&mut self) {
        let measured = self.reader.clock_offset();
        let correction = measured.map_or(TimeDelta::zero(), |clock| clock.correction());
        if (correction - self.clock_correction).abs() >= ClockOffset::LEAST_CORRECTED {
            self.clock_correction = correction;
            self.send(BackendUpdate::ClockCorrection(correction));
        }
        let notable = measured.and_then(|clock| clock.notable());
        let is_news = match (self.clock_offset, notable) {
            (Some(old), Some(new)) => (new - old).abs() >= TimeDelta::seconds(5),
            (old, new) => old != new,
        };
        if is_news {
            self.clock_offset = notable;
            self.send(BackendUpdate::ClockOffset(notable));
        }
    }

    /// Reports unreadable entries of answers whenever their number grows.
    fn report_unreadable(&mut self) {
        let count = self.reader.unreadable_count();
        if count > self.unreadable {
            self.unreadable = count;
            self.send(BackendUpdate::Unreadable(count));
        }
    }

    /// Requests the changes since the cursor. The backend may hold the request for up to `wait`.
    async fn fetch_changes(&mut self, wait: Duration) -> Result<Delta, FetchError> {
        let (reader, cursor) = (Arc::clone(&self.reader), self.cursor);
        self.mirror.start_request();
        let request = async move { reader.fetch_changes(cursor, wait).await };
        Ok(self.await_response(request, wait).await??)
    }

    /// Waits for the response to a request that the backend may hold for `wait`. Whatever happens
    /// meanwhile is handled and published, however long the request takes.
    ///
    /// The request runs as a task of its own. It makes progress while the cache and the outbox are
    /// read here, and so releases the locks that both need.
    async fn await_response<T: Send + 'static>(
        &mut self,
        request: impl Future<Output = T> + Send + 'static,
        wait: Duration,
    ) -> Result<T, FetchError> {
        // Dropping the set aborts the request.
        let mut tasks = JoinSet::new();
        tasks.spawn(request);
        let sent_at = Instant::now();
        loop {
            let due = self.published_at.map_or_else(Instant::now, |at| at + SNAPSHOT_INTERVAL);
            let wake = tokio::select! {
                biased;
                Some(response) = tasks.join_next() => return response.map_err(|error| {
                    FetchError::Failed(BackendError::unreachable(RequestAborted(error)))
                }),
                () = sleep_until(due), if self.has_unpublished && self.fetched.page => {
                    self.publish()?;
                    continue;
                }
                wake = next_wake(&mut self.commands, &mut self.outbox) => wake,
            };
            match wake {
                Wake::Command(Some(PollerCommand::Refresh))
                    if !wait.is_zero() || sent_at.elapsed() >= RESTART_AFTER =>
                {
                    return Err(FetchError::Restart);
                }
                Wake::Command(Some(PollerCommand::Refresh)) | Wake::Reconnected => {}
                Wake::Command(Some(PollerCommand::Row(row))) => self.apply_row(*row)?,
                Wake::Command(None) => return Err(FetchError::Closed),
                Wake::Outbox => self.publish_outbox().await?,
            }
        }
    }

    fn apply_delta(&mut self, delta: Delta) -> Result<(), Closed> {
        self.cursor = Some(delta.cursor);
        if delta.directory {
            self.fetched.directory = false;
        }
        // A first response has open incidents alone.
        let ended: Vec<_> =
            delta.rows.iter().filter(|row| !row.status.is_open()).cloned().collect();
        if !ended.is_empty() {
            self.try_send(BackendUpdate::Ended(ended))?;
        }
        self.has_unpublished |= self.mirror.fold(delta);
        if self.updates.is_closed() { Err(Closed) } else { Ok(()) }
    }

    fn apply_row(&mut self, row: Summary) -> Result<(), Closed> {
        self.has_unpublished |= self.mirror.put(row);
        // A single row without the first page is not a queue yet.
        if self.has_unpublished && self.fetched.page { self.publish() } else { Ok(()) }
    }

    fn report_success(&mut self) -> Result<(), Closed> {
        self.failures = 0;
        (self.failing_since, self.cached_at) = (None, None);
        let at = Utc::now();
        self.try_send(BackendUpdate::Connection(match self.pace.poll_interval() {
            None => ConnectionState::Live { at },
            Some(every) => ConnectionState::Polling { at, every },
        }))
    }

    async fn report_failure(&mut self, error: BackendError) -> Result<(), Closed> {
        let now = Utc::now();
        // The data shown is as old as the cache, however short this run is.
        let since = *self.failing_since.get_or_insert(self.cached_at.unwrap_or(now));
        let mut wait = backoff(self.failures);
        self.failures = self.failures.saturating_add(1);
        if let BackendError::Limited { until } = &error {
            wait = wait.max((*until - now).to_std().unwrap_or_default());
        }
        let retry_at = now + TimeDelta::from_std(wait).unwrap_or(TimeDelta::minutes(1));
        self.try_send(BackendUpdate::Connection(ConnectionState::Failing {
            since,
            error,
            retry_at,
        }))?;
        self.pause(wait).await
    }

    /// Waits, unless a refresh is requested, or another request reaches a failing remote meanwhile.
    /// Updates that arrive meanwhile are handled and published.
    async fn pause(&mut self, wait: Duration) -> Result<(), Closed> {
        let until = Instant::now() + wait;
        loop {
            let wake = tokio::select! {
                () = sleep_until(until) => return Ok(()),
                wake = next_wake(&mut self.commands, &mut self.outbox) => wake,
            };
            match wake {
                Wake::Command(Some(PollerCommand::Refresh)) => {
                    self.poll_immediately = true;
                    return Ok(());
                }
                Wake::Reconnected if self.failing_since.is_some() => return Ok(()),
                Wake::Reconnected => {}
                Wake::Command(Some(PollerCommand::Row(row))) => self.apply_row(*row)?,
                Wake::Command(None) => return Err(Closed),
                Wake::Outbox => self.publish_outbox().await?,
            }
        }
    }

    /// Publishes the rows with the changed outbox applied, then the outbox itself. Without any
    /// known rows and without a pending command, no rows are published.
    async fn publish_outbox(&mut self) -> Result<(), Closed> {
        let Some(state) = &mut self.outbox else { return Ok(()) };
        let outbox = state.snapshot.borrow_and_update().clone();
        let sent_before = state.sent_ids.replace(outbox.sent().map(|entry| entry.id).collect());
        for entry in outbox.sent() {
            // Includes commands that another process has sent, but not those that were sent long
            // ago and have changed since.
            let is_new = sent_before.as_ref().is_some_and(|sent| !sent.contains(&entry.id));
            if let EntryState::Sent(outcome) = &entry.state
                && let Some(row) = outcome.row.as_ref().filter(|_| is_new)
            {
                self.mirror.put(row.clone());
            }
        }
        let mut ended_rows = HashMap::new();
        for id in outbox.pending_by_incident().into_keys().filter(|id| !self.mirror.contains(*id)) {
            if let Some(row) = state.remote.cached_row(id).await
                && !self.mirror.is_outdated(&row)
            {
                ended_rows.insert(id, row);
            }
        }
        state.ended_rows = ended_rows;
        if self.fetched.page || self.published_at.is_some() || outbox.pending().next().is_some() {
            self.publish()?;
        }
        self.try_send(BackendUpdate::Outbox(outbox))
    }

    /// Returns the known rows with pending commands applied (optimistic update).
    fn snapshot(&self) -> Arc<Snapshot> {
        let plain = self.mirror.snapshot();
        let Some(state) = &self.outbox else { return plain };
        let _ = state.snapshots.send_replace(Arc::clone(&plain));
        let outbox = state.snapshot.borrow().clone();
        let mut pending_by_id = outbox.pending_by_incident();
        if pending_by_id.is_empty() {
            return plain;
        }
        let rules = state.remote.rules();
        let mut snapshot = Snapshot::clone(&plain);
        snapshot.rows.retain_mut(|row| {
            let Some(pending) = pending_by_id.remove(&row.id) else { return true };
            if let Some(updated) = apply_pending_to_row(Some(row), &pending, &rules) {
                *row = Arc::new(updated);
            }
            row.status.is_open()
        });
        for (id, pending) in pending_by_id {
            let updated = apply_pending_to_row(state.ended_rows.get(&id), &pending, &rules);
            snapshot.rows.extend(updated.filter(|row| row.status.is_open()).map(Arc::new));
        }
        Arc::new(snapshot)
    }

    fn publish(&mut self) -> Result<(), Closed> {
        self.has_unpublished = false;
        self.published_at = Some(Instant::now());
        let snapshot = Sourced { value: self.snapshot(), as_of: self.cached_at };
        self.try_send(BackendUpdate::Snapshot(snapshot))
    }

    fn try_send(&self, update: BackendUpdate) -> Result<(), Closed> {
        self.updates.send(update).map_err(|_| Closed)
    }

    /// Sends an update and ignores a closed receiver, which is noticed later.
    fn send(&self, update: BackendUpdate) {
        let _ = self.updates.send(update);
    }
}

/// Waits for a command to the poller, or for a change of the outbox's state.
async fn next_wake(
    commands: &mut mpsc::UnboundedReceiver<PollerCommand>,
    outbox: &mut Option<OutboxState>,
) -> Wake {
    match outbox {
        None => Wake::Command(commands.recv().await),
        Some(outbox) => tokio::select! {
            command = commands.recv() => Wake::Command(command),
            Ok(()) = outbox.snapshot.changed() => Wake::Outbox,
            Ok(()) = outbox.reconnects.changed() => Wake::Reconnected,
            else => Wake::Command(None),
        },
    }
}

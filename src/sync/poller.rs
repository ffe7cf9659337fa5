//! The task that asks.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::backend::{Backend, BackendError, Cursor, Delta, Search};
use crate::model::filter::Filter;
use crate::model::queue::Sort;
use crate::model::{CommandId, IncidentId, Summary};

use super::pace::{Pace, backoff};
use super::remote::{EntryState, OutboxSnapshot, Remote, apply_pending_to_row};
use super::{
    BackendUpdate, CachedData, ConnectionState, FIRST_PAGE, LONG_POLL_TIMEOUT, Mirror,
    PollerCommand, Snapshot,
};

/// The shortest time between two snapshots: more a second can't be read.
const SNAPSHOT_INTERVAL: Duration = Duration::from_millis(200);
/// After the first page, the rest of the open incidents waits for so long.
const FULL_FETCH_DELAY: Duration = Duration::from_millis(120);
/// The shortest time between two questions.
const MIN_POLL_INTERVAL: Duration = Duration::from_millis(100);
/// A question that should be answered at once and was not for so long is asked anew where somebody
/// wants to know: the way may have changed under it.
const RESTART_AFTER: Duration = Duration::from_secs(1);

pub(super) struct Poller {
    backend: Arc<dyn Backend>,
    /// What is kept of the backend on this machine, where it is a remote one.
    remote: Option<RemoteState>,
    me: String,
    updates: mpsc::UnboundedSender<BackendUpdate>,
    commands: mpsc::UnboundedReceiver<PollerCommand>,
    mirror: Mirror,
    /// What was learnt since the last snapshot is still to be told.
    has_unpublished: bool,
    published_at: Option<Instant>,
    fetched: Fetched,
    /// All open incidents are not asked for before then.
    full_fetch_not_before: Option<Instant>,
    cursor: Option<Cursor>,
    /// How questions are spaced.
    pace: Pace,
    /// The next question does not wait: somebody wants to know.
    poll_immediately: bool,
    failures: u32,
    failing_since: Option<DateTime<Utc>>,
    /// When what is told was kept, until the backend has answered.
    cached_at: Option<DateTime<Utc>>,
}

/// What was learnt of what has to be asked for once.
#[derive(Default)]
struct Fetched {
    /// The first rows, so that there is something to tell.
    page: bool,
    /// The backend's name, and what may be asked of it.
    capabilities: bool,
    /// People, teams and services, as they are now.
    directory: bool,
}

/// A remote, as the task sees it.
struct RemoteState {
    remote: Arc<Remote>,
    /// What is on its way.
    outbox: watch::Receiver<Arc<OutboxSnapshot>>,
    /// Somebody else has reached it.
    reconnects: watch::Receiver<u64>,
    /// Rows that commands wait for and that are not in the mirror: they have ended.
    ended_rows: HashMap<IncidentId, Summary>,
    /// What had been sent when that was looked at last.
    sent_ids: Option<HashSet<CommandId>>,
    /// For who reads ahead.
    snapshots: watch::Sender<Arc<Snapshot>>,
}

/// Nobody listens any more.
struct Closed;

/// Why a question was not answered.
enum FetchError {
    /// Nobody listens any more.
    Closed,
    /// Somebody wants to know now: it was dropped for one that is asked at once.
    Restart,
    /// It failed.
    Failed(BackendError),
}

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

/// What ended a wait.
enum Wake {
    Command(Option<PollerCommand>),
    Outbox,
    Reconnected,
}

impl Poller {
    pub(super) fn new(
        backend: Arc<dyn Backend>,
        remote: Option<(Arc<Remote>, watch::Sender<Arc<Snapshot>>)>,
        me: String,
        updates: mpsc::UnboundedSender<BackendUpdate>,
        nudges: mpsc::UnboundedReceiver<PollerCommand>,
    ) -> Self {
        let remote = remote.map(|(remote, snapshots)| RemoteState {
            outbox: remote.watch_outbox(),
            reconnects: remote.watch_reconnects(),
            ended_rows: HashMap::new(),
            sent_ids: None,
            remote,
            snapshots,
        });
        Self {
            backend,
            remote,
            me,
            updates,
            commands: nudges,
            mirror: Mirror::default(),
            has_unpublished: false,
            published_at: None,
            fetched: Fetched::default(),
            full_fetch_not_before: None,
            cursor: None,
            pace: Pace::new(LONG_POLL_TIMEOUT),
            poll_immediately: false,
            failures: 0,
            failing_since: None,
            cached_at: None,
        }
    }

    pub(super) async fn run(mut self) {
        self.publish_cached().await;
        // Ends when whoever listens is gone.
        while let Ok(()) = self.poll_once().await {}
    }

    /// Tells what is kept, before anything is asked.
    async fn publish_cached(&mut self) {
        let Some(far) = &self.remote else { return };
        let known = far.remote.cached_state().await;
        if let Some(capabilities) = known.capabilities {
            self.send(BackendUpdate::Capabilities(capabilities));
        }
        if let Some((directory, at)) = known.directory {
            self.send(BackendUpdate::Cached(CachedData::Directory, at));
            self.send(BackendUpdate::Directory(Arc::new(directory)));
        }
        if let Some((rows, at)) = known.rows {
            let cursor = known.cursor.unwrap_or(Cursor(0));
            self.mirror.fold(Delta { cursor, reset: true, rows, directory: false });
            self.cursor = known.cursor;
            self.fetched.page = true;
            self.poll_immediately = true;
            self.cached_at = Some(at);
            self.send(BackendUpdate::Cached(CachedData::Rows, at));
        }
        // Also without rows: what waits has some of its own.
        if let Err(Closed) = self.publish_outbox().await {
            tracing::debug!("nobody listens");
        }
    }

    /// One question and what follows from its answer.
    async fn poll_once(&mut self) -> Result<(), Closed> {
        // Whoever asks for it, or waits for the end of a failure, is answered at once.
        let at_once = std::mem::take(&mut self.poll_immediately) || self.failing_since.is_some();
        let wait = if at_once { Duration::ZERO } else { self.pace.timeout() };
        let introduced = self.fetch_initial().await;
        if let Some(until) = self.full_fetch_not_before.take() {
            self.pause(until.saturating_duration_since(Instant::now())).await?;
        }
        let asked_at = Instant::now();
        let answer = match introduced {
            Ok(()) => self.fetch_changes(wait).await,
            Err(why) => Err(why),
        };
        match answer {
            Err(FetchError::Closed) => Err(Closed),
            Err(FetchError::Restart) => {
                self.poll_immediately = true;
                Ok(())
            }
            Ok(delta) => {
                let news = !delta.rows.is_empty() || delta.reset || delta.directory;
                let rest = self.pace.record_answer(news, wait, asked_at.elapsed());
                self.report_success()?;
                self.apply_delta(delta)?;
                if self.has_unpublished
                    && self.published_at.is_none_or(|at| at.elapsed() >= SNAPSHOT_INTERVAL)
                {
                    self.publish()?;
                }
                self.pause(rest.unwrap_or(MIN_POLL_INTERVAL).max(MIN_POLL_INTERVAL)).await
            }
            Err(FetchError::Failed(error)) => {
                self.pace.record_failure(wait, asked_at.elapsed());
                self.report_failure(error).await
            }
        }
    }

    /// Asks what must be known once: the name, the first page, the directory.
    async fn fetch_initial(&mut self) -> Result<(), FetchError> {
        let backend = Arc::clone(&self.backend);
        let far = self.remote.as_ref().map(|far| Arc::clone(&far.remote));
        if !self.fetched.page {
            let search = Search {
                filter: Filter::default(),
                me: Some(self.me.clone()),
                sort: Sort::Urgent,
                limit: FIRST_PAGE,
                after: None,
                now: Utc::now(),
            };
            let (backend, far) = (Arc::clone(&backend), far.clone());
            let question = async move {
                match &far {
                    None => tokio::join!(backend.capabilities(), backend.search(&search)),
                    Some(far) => {
                        tokio::join!(far.fetch_capabilities(), far.fetch_search(&search))
                    }
                }
            };
            let (capabilities, page) = self.await_response(question, Duration::ZERO).await?;
            self.send(BackendUpdate::Capabilities(capabilities?));
            self.fetched.capabilities = true;
            let page = page?;
            self.mirror.put_first_page(page.rows, page.counts);
            self.send(BackendUpdate::Snapshot(self.snapshot()));
            self.send(BackendUpdate::Connection(ConnectionState::Live { at: Utc::now() }));
            self.fetched.page = true;
            // What fills the screen is read first.
            self.full_fetch_not_before = Some(Instant::now() + FULL_FETCH_DELAY);
        }
        if let Some(far) = far.clone().filter(|_| !self.fetched.capabilities) {
            let question = async move { far.fetch_capabilities().await };
            let capabilities = self.await_response(question, Duration::ZERO).await??;
            self.send(BackendUpdate::Capabilities(capabilities));
            self.fetched.capabilities = true;
        }
        if !self.fetched.directory {
            let question = async move {
                match &far {
                    None => backend.directory().await,
                    Some(far) => far.fetch_directory().await,
                }
            };
            let directory = self.await_response(question, Duration::ZERO).await??;
            self.send(BackendUpdate::Directory(Arc::new(directory)));
            self.fetched.directory = true;
        }
        Ok(())
    }

    /// Asks for changes.
    async fn fetch_changes(&mut self, wait: Duration) -> Result<Delta, FetchError> {
        let (backend, cursor) = (Arc::clone(&self.backend), self.cursor);
        let question = async move { backend.changes(cursor, wait).await };
        Ok(self.await_response(question, wait).await??)
    }

    /// Waits for the answer to a question that may be open for `wait`. What is learnt meanwhile is
    /// told, however long it takes.
    ///
    /// The question is a task of its own: it goes on while what was learnt is looked up, and gives
    /// back what both need.
    async fn await_response<T: Send + 'static>(
        &mut self,
        question: impl Future<Output = T> + Send + 'static,
        wait: Duration,
    ) -> Result<T, FetchError> {
        // Dropped, it is asked no more.
        let mut asked = JoinSet::new();
        asked.spawn(question);
        let asked_at = Instant::now();
        loop {
            let due = self.published_at.map_or_else(Instant::now, |at| at + SNAPSHOT_INTERVAL);
            let woken = tokio::select! {
                biased;
                Some(answer) = asked.join_next() => return answer.map_err(|error| {
                    let why = format!("the question failed ({error}): it is asked again");
                    FetchError::Failed(BackendError::Unreachable(why))
                }),
                () = sleep_until(due), if self.has_unpublished && self.fetched.page => {
                    self.publish()?;
                    continue;
                }
                woken = next_wake(&mut self.commands, &mut self.remote) => woken,
            };
            match woken {
                Wake::Command(Some(PollerCommand::Refresh))
                    if !wait.is_zero() || asked_at.elapsed() >= RESTART_AFTER =>
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
        // All rows of a first answer are open.
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
        // One row alone is no queue.
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
        // What is shown is as old as it was kept, however short this run is.
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

    /// Waits, unless somebody wants to know at once, or has reached the remote meanwhile. What is
    /// learnt meanwhile is told.
    async fn pause(&mut self, wait: Duration) -> Result<(), Closed> {
        let until = Instant::now() + wait;
        loop {
            let woken = tokio::select! {
                () = sleep_until(until) => return Ok(()),
                woken = next_wake(&mut self.commands, &mut self.remote) => woken,
            };
            match woken {
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

    /// What is on its way has changed: rows are told with it, then it itself. Where none were told
    /// and none are its own, nothing is told of them.
    async fn publish_outbox(&mut self) -> Result<(), Closed> {
        let Some(far) = &mut self.remote else { return Ok(()) };
        let listing = far.outbox.borrow_and_update().clone();
        let before = far.sent_ids.replace(listing.sent().map(|entry| entry.id).collect());
        for entry in listing.sent() {
            // Also what another process has sent; not what was sent long ago, and has changed since.
            let is_new = before.as_ref().is_some_and(|sent| !sent.contains(&entry.id));
            if let EntryState::Sent(outcome) = &entry.state
                && let Some(row) = outcome.row.as_ref().filter(|_| is_new)
            {
                self.mirror.put(row.clone());
            }
        }
        let mut ended = HashMap::new();
        for id in listing.pending_by_incident().into_keys().filter(|id| !self.mirror.contains(*id))
        {
            if let Some(row) = far.remote.cached_row(id).await {
                ended.insert(id, row);
            }
        }
        far.ended_rows = ended;
        if self.fetched.page || self.published_at.is_some() || listing.pending().next().is_some() {
            self.publish()?;
        }
        self.try_send(BackendUpdate::Outbox(listing))
    }

    /// The rows that are known, with what waits laid over them.
    fn snapshot(&self) -> Arc<Snapshot> {
        let plain = self.mirror.snapshot();
        let Some(far) = &self.remote else { return plain };
        let _ = far.snapshots.send_replace(Arc::clone(&plain));
        let listing = far.outbox.borrow().clone();
        let mut waits = listing.pending_by_incident();
        if waits.is_empty() {
            return plain;
        }
        let rules = far.remote.rules();
        let mut snapshot = Snapshot::clone(&plain);
        snapshot.rows.retain_mut(|row| {
            let Some(pending) = waits.remove(&row.id) else { return true };
            if let Some(over) = apply_pending_to_row(Some(row), &pending, &rules) {
                *row = Arc::new(over);
            }
            row.status.is_open()
        });
        for (id, pending) in waits {
            let over = apply_pending_to_row(far.ended_rows.get(&id), &pending, &rules);
            snapshot.rows.extend(over.filter(|row| row.status.is_open()).map(Arc::new));
        }
        Arc::new(snapshot)
    }

    fn publish(&mut self) -> Result<(), Closed> {
        self.has_unpublished = false;
        self.published_at = Some(Instant::now());
        self.try_send(BackendUpdate::Snapshot(self.snapshot()))
    }

    fn try_send(&self, update: BackendUpdate) -> Result<(), Closed> {
        self.updates.send(update).map_err(|_| Closed)
    }

    /// As [`Self::told`], where the end is noticed later.
    fn send(&self, update: BackendUpdate) {
        let _ = self.updates.send(update);
    }
}

/// Waits until somebody says something, or something happens to what is kept of a remote.
async fn next_wake(
    nudges: &mut mpsc::UnboundedReceiver<PollerCommand>,
    far: &mut Option<RemoteState>,
) -> Wake {
    match far {
        None => Wake::Command(nudges.recv().await),
        Some(far) => tokio::select! {
            nudge = nudges.recv() => Wake::Command(nudge),
            Ok(()) = far.outbox.changed() => Wake::Outbox,
            Ok(()) = far.reconnects.changed() => Wake::Reconnected,
            else => Wake::Command(None),
        },
    }
}

//! Answers requests for changes. One task follows the backend for all callers.
//!
//! **Without news**, a request is answered from memory. This is possible if the caller's cursor is
//! the latest one and nothing was written through this server since the backend was last read.
//! **With news**, the delta is read and encoded once for all callers with the same cursor.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::cached_json::CachedJson;
use super::error::{ApiError, ApiResult};
use super::single_flight::{Epoch, SingleFlight};
use crate::backend::{Backend, BackendError, Cursor, Delta};
use crate::model::directory::Directory;
use crate::model::name_index::NameIndex;

/// How long one call for changes waits in the backend.
const LONG_POLL_WAIT: Duration = Duration::from_secs(55);
/// The wait in a backend that does not detect changes.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The pause after each call. Writes during it are combined.
const COALESCE_DELAY: Duration = Duration::from_millis(4);
/// The pause after the second failure in a row; each further one doubles it. After the first
/// failure the request is repeated immediately.
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(50);
/// The longest pause between failures. While the backend does not report changes, the directory may
/// be this old.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(2);

/// The known state of the backend's changes.
#[derive(Clone, Debug)]
struct FeedState {
    /// The latest cursor; `None` while the backend does not answer.
    cursor: Option<Cursor>,
    /// The encoded empty delta at `cursor`.
    empty_delta: Option<Arc<CachedJson>>,
    /// The last delta, with the cursor from which it leads to `cursor`.
    last_delta: Option<(Cursor, Arc<CachedJson>)>,
    /// The number of changes so far.
    version: u64,
    /// The value of [`ChangeFeed::writes`] when the backend was last read.
    writes: u64,
    /// The number of changes of the directory so far.
    directory_version: u64,
}

/// Follows the changes of a backend and serves them to all callers.
pub(super) struct ChangeFeed {
    backend: Arc<dyn Backend>,
    state: watch::Sender<FeedState>,
    /// Number of times that this server has carried out commands.
    writes: watch::Sender<u64>,
    deltas: SingleFlight<Option<Cursor>, Option<Arc<CachedJson>>>,
    directory: Mutex<Option<CachedDirectory>>,
    parked: AtomicU64,
}

/// The directory as it was last read.
struct CachedDirectory {
    /// The value of [`FeedState::directory_version`] before it was read.
    version: u64,
    read_at: Instant,
    directory: Arc<Directory>,
}

/// Counts a parked request until it is dropped.
struct ParkedGuard<'a>(&'a AtomicU64);

impl<'a> ParkedGuard<'a> {
    fn new(count: &'a AtomicU64) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for ParkedGuard<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl ChangeFeed {
    /// Starts to follow the backend. The task ends when the server stops.
    pub(super) fn new(backend: Arc<dyn Backend>, mut stopping: watch::Receiver<bool>) -> Arc<Self> {
        let state = FeedState {
            cursor: None,
            empty_delta: None,
            last_delta: None,
            version: 0,
            writes: 0,
            directory_version: 0,
        };
        let feed = Arc::new(Self {
            backend,
            state: watch::Sender::new(state),
            writes: watch::Sender::new(0),
            deltas: SingleFlight::default(),
            directory: Mutex::new(None),
            parked: AtomicU64::new(0),
        });
        let follower = Arc::clone(&feed);
        tokio::spawn(async move {
            tokio::select! {
                () = follower.follow() => {}
                // An error means that the sender was dropped, so that the server has stopped.
                _ = stopping.wait_for(|stop| *stop) => {}
            }
        });
        feed
    }

    /// Records that commands were carried out, so that cached responses may be out of date.
    pub(super) fn record_write(&self) {
        self.writes.send_modify(|count| *count += 1);
    }

    /// Records that the directory was changed, so that it is read again before it is served.
    pub(super) async fn record_directory_change(&self) {
        *self.directory.lock().await = None;
        self.record_write();
    }

    /// Returns the present epoch of the backend.
    pub(super) fn epoch(&self) -> Epoch {
        Epoch { version: self.state.borrow().version, writes: *self.writes.borrow() }
    }

    /// Returns the number of parked requests.
    pub(super) fn parked_requests(&self) -> u64 {
        self.parked.load(Ordering::Relaxed)
    }

    /// Returns people, teams and services. They are read again after they have changed, or from
    /// time to time while the backend does not report changes.
    pub(super) async fn directory(&self) -> Result<Arc<Directory>, BackendError> {
        let (version, is_following) = {
            let state = self.state.borrow();
            (state.directory_version, state.cursor.is_some())
        };
        let mut cached = self.directory.lock().await;
        if let Some(cached) = &*cached
            && cached.version == version
            && (is_following || cached.read_at.elapsed() < MAX_RETRY_DELAY)
        {
            return Ok(Arc::clone(&cached.directory));
        }
        let read_at = Instant::now();
        let directory = Arc::new(self.backend.directory().await?);
        *cached = Some(CachedDirectory { version, read_at, directory: Arc::clone(&directory) });
        Ok(directory)
    }

    /// Returns the changes since a cursor, as soon as there are any or at `until`.
    pub(super) async fn changes(
        &self,
        since: Option<Cursor>,
        until: Instant,
        stopped: impl Future<Output = ()>,
    ) -> ApiResult<Arc<CachedJson>> {
        let mut updates = self.state.subscribe();
        let mut stopped = std::pin::pin!(stopped);
        let mut stopping = false;
        let mut parked = None;
        loop {
            let (state, epoch) = {
                let state = updates.borrow_and_update().clone();
                let epoch = Epoch { version: state.version, writes: *self.writes.borrow() };
                (state, epoch)
            };
            let is_current = state.writes == epoch.writes;
            let empty = match (since, &state.last_delta, state.empty_delta) {
                (Some(since), _, Some(empty)) if is_current && state.cursor == Some(since) => empty,
                (Some(since), Some((from, delta)), _) if is_current && *from == since => {
                    return Ok(Arc::clone(delta));
                }
                _ => match self.fetch_delta(since, epoch).await? {
                    Some(delta) => return Ok(delta),
                    None => empty_delta_at(since.unwrap_or(Cursor(0)))?,
                },
            };
            if stopping || Instant::now() >= until {
                return Ok(empty);
            }
            parked.get_or_insert_with(|| ParkedGuard::new(&self.parked));
            tokio::select! {
                // An error is impossible, as `self` owns the sender.
                _ = updates.changed() => {}
                () = sleep_until(until) => {}
                () = &mut stopped => stopping = true,
            }
        }
    }

    /// Waits until something may have been written since an epoch, at most until `until`. Returns
    /// whether something may have been.
    pub(super) async fn wait_for_write(
        &self,
        since: Epoch,
        until: Instant,
        stopped: impl Future<Output = ()>,
    ) -> bool {
        let (mut states, mut writes) = (self.state.subscribe(), self.writes.subscribe());
        let _parked = ParkedGuard::new(&self.parked);
        let mut stopped = std::pin::pin!(stopped);
        loop {
            // Seen before the comparison, so that no later change is missed.
            states.borrow_and_update();
            writes.borrow_and_update();
            if self.epoch() != since {
                return true;
            }
            tokio::select! {
                // An error is impossible, as `self` owns the senders.
                _ = states.changed() => {}
                _ = writes.changed() => {}
                () = sleep_until(until) => return false,
                () = &mut stopped => return false,
            }
        }
    }

    /// Fetches the changes so far; `None` if there are none. For a cursor that the backend no
    /// longer knows, all open incidents are sent again. That response is the same for all such
    /// cursors.
    async fn fetch_delta(
        &self,
        since: Option<Cursor>,
        epoch: Epoch,
    ) -> ApiResult<Option<Arc<CachedJson>>> {
        let Some(since) = since else { return self.resync(epoch).await };
        let fetch = async || {
            let mut delta = self.backend.changes(Some(since), Duration::ZERO).await?;
            if delta.reset {
                drop(delta);
                return self.resync(epoch).await;
            }
            let is_unchanged = since == delta.cursor && is_empty_delta(&delta);
            if is_unchanged {
                return Ok(None);
            }
            self.mark_rows(&mut delta).await?;
            CachedJson::encode(&delta).map(Some)
        };
        self.deltas.get::<ApiError, _>(epoch, Some(since), fetch).await
    }

    /// Records in the rows of a delta which of their names the directory does not have after the
    /// delta.
    async fn mark_rows(&self, delta: &mut Delta) -> Result<(), BackendError> {
        if delta.rows.is_empty() {
            return Ok(());
        }
        let directory = if delta.directory {
            // The cache may contain the previous directory.
            Arc::new(self.backend.directory().await?)
        } else {
            self.directory().await?
        };
        NameIndex::from(&*directory).mark_rows(&mut delta.rows);
        Ok(())
    }

    async fn resync(&self, epoch: Epoch) -> ApiResult<Option<Arc<CachedJson>>> {
        let fetch = async || {
            let mut delta = self.backend.changes(None, Duration::ZERO).await?;
            self.mark_rows(&mut delta).await?;
            CachedJson::encode(&delta).map(Some)
        };
        self.deltas.get::<ApiError, _>(epoch, None, fetch).await
    }

    async fn follow(&self) {
        let mut writes = self.writes.subscribe();
        // `None` until the backend has answered, and again after a failure, because another backend
        // may answer at the same address afterwards.
        let mut is_live = None;
        let mut cursor = None;
        let mut failures = 0;
        loop {
            if is_live.is_none() {
                is_live = self.backend.capabilities().await.ok().map(|can| can.live);
            }
            let wait = if is_live == Some(true) { LONG_POLL_WAIT } else { POLL_INTERVAL };
            let count = *writes.borrow_and_update();
            // Changes may have been missed during a failure, so the next read does not wait.
            let is_behind = {
                let state = self.state.borrow();
                state.cursor.is_none() || state.writes != count
            };
            let result = if is_behind {
                self.backend.changes(cursor, Duration::ZERO).await.map(|delta| (delta, count))
            } else {
                let before = self.state.borrow().writes;
                tokio::select! {
                    result = self.backend.changes(cursor, wait) => result.map(|delta| (delta, before)),
                    // An error is impossible, as `self` owns the sender.
                    _ = writes.changed() => continue,
                }
            };
            match result {
                Ok((mut delta, count)) => {
                    failures = 0;
                    let next = delta.cursor;
                    // A delta that can't be marked is read again by the requests for it.
                    let is_marked = cursor.is_some() && self.mark_rows(&mut delta).await.is_ok();
                    self.publish(cursor, &delta, count, is_marked);
                    cursor = Some(next);
                }
                Err(error) => {
                    tracing::warn!("the backend does not tell what changes: {error}");
                    self.mark_unavailable();
                    is_live = None;
                    sleep(retry_delay(failures)).await;
                    failures += 1;
                }
            }
            sleep(COALESCE_DELAY).await;
        }
    }

    /// Publishes a delta and wakes the parked requests, if there is anything new. The delta itself is
    /// sent only if its rows are marked.
    fn publish(&self, since: Option<Cursor>, delta: &Delta, writes: u64, is_marked: bool) {
        let has_news = since != Some(delta.cursor) || !is_empty_delta(delta);
        self.state.send_if_modified(|state| {
            state.writes = writes;
            if !has_news && state.cursor.is_some() {
                return false;
            }
            // Before the first read, and during a failure, changes of the directory are unknown.
            let directory_changed = delta.directory || state.cursor.is_none();
            let last_delta = since
                .filter(|_| has_news && is_marked)
                .and_then(|since| Some((since, CachedJson::encode(delta).ok()?)));
            state.last_delta = last_delta;
            state.cursor = Some(delta.cursor);
            state.empty_delta = empty_delta_at(delta.cursor).ok();
            state.version += 1;
            state.directory_version += u64::from(directory_changed);
            true
        });
    }

    /// Forgets the state after a failure, so that callers are answered by the backend itself.
    fn mark_unavailable(&self) {
        self.state.send_if_modified(|state| {
            let was_available = state.cursor.take().is_some();
            state.empty_delta = None;
            state.last_delta = None;
            state.version += 1;
            state.directory_version += u64::from(was_available);
            was_available
        });
    }
}

/// Returns how long to pause after a failure that follows `failures` others.
fn retry_delay(failures: u32) -> Duration {
    match failures.checked_sub(1) {
        None => Duration::ZERO,
        Some(doublings) => {
            FIRST_RETRY_DELAY.saturating_mul(1 << doublings.min(16)).min(MAX_RETRY_DELAY)
        }
    }
}

fn is_empty_delta(delta: &Delta) -> bool {
    !delta.reset && !delta.directory && delta.rows.is_empty()
}

fn empty_delta_at(cursor: Cursor) -> ApiResult<Arc<CachedJson>> {
    CachedJson::encode(&Delta {
        cursor,
        reset: false,
        rows: Vec::new(),
        directory: false,
        redacted: Vec::new(),
    })
}

#[cfg(test)]
mod tests;

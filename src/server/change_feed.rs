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
/// How long it waits in a backend that does not notice changes by itself.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The pause after each call. Writes within it are seen together.
const COALESCE_DELAY: Duration = Duration::from_millis(4);
/// The pause after the second failure in a row; each further one doubles it. After the first
/// failure the backend is asked again at once.
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(50);
/// The longest pause between failures. While the backend does not say what changes, the directory
/// may be this old.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(2);

/// What is known about the backend's changes.
#[derive(Clone, Debug)]
struct FeedState {
    /// The latest cursor; `None` while the backend does not answer.
    cursor: Option<Cursor>,
    /// The encoded empty delta at `cursor`.
    empty_delta: Option<Arc<CachedJson>>,
    /// The last delta, with the cursor from which it leads to `cursor`.
    last_delta: Option<(Cursor, Arc<CachedJson>)>,
    /// Number of changes so far.
    version: u64,
    /// The value of [`ChangeFeed::writes`] when the backend was last read.
    writes: u64,
    /// Number of changes of the directory so far.
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
    /// time to time while the backend does not say what changes.
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

    /// Returns what has changed since a cursor, as soon as there is something or at `until`.
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

    /// Fetches what has changed so far; `None` if nothing has. For a cursor that the backend no
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

    /// Notes in the rows of a delta which of their names the directory does not have, as it is after
    /// the delta.
    async fn mark_rows(&self, delta: &mut Delta) -> Result<(), BackendError> {
        if delta.rows.is_empty() {
            return Ok(());
        }
        let directory = if delta.directory {
            // What is cached may be the directory of before.
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
                    // A delta that can't be marked is read again by those who ask for it.
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
    CachedJson::encode(&Delta { cursor, reset: false, rows: Vec::new(), directory: false })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use async_trait::async_trait;
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::backend::file::{FileStore, MigrationObserver, Options};
    use crate::backend::{Capabilities, Detail, Outcome, Page, Search, TimelineRange};
    use crate::model::measures::{Cut, Measures, Window};
    use crate::model::problem::Problem;
    use crate::model::{Envelope, Event, IncidentId, IncidentNumber, Rules, Summary};

    /// A backend in which nothing changes, and whose reads fail at will.
    #[derive(Default)]
    struct FailingBackend {
        /// The calls for changes that fail, counted from 0.
        failing_calls: Vec<usize>,
        /// How many calls for the capabilities fail before one succeeds.
        capability_failures: AtomicU32,
        /// The wait of each call for changes.
        waits: watch::Sender<Vec<Duration>>,
        directory_reads: AtomicU32,
    }

    #[async_trait]
    impl Backend for FailingBackend {
        async fn capabilities(&self) -> Result<Capabilities, BackendError> {
            let remaining = self.capability_failures.load(Ordering::Relaxed);
            if remaining > 0 {
                self.capability_failures.store(remaining - 1, Ordering::Relaxed);
                return Err(no_answer());
            }
            let verbs = crate::backend::CommandKinds::default();
            Ok(Capabilities {
                name: "test".into(),
                verbs,
                live: true,
                me: None,
                checks_person: false,
                store: None,
                escalates: false,
            })
        }

        async fn changes(&self, _: Option<Cursor>, wait: Duration) -> Result<Delta, BackendError> {
            let call = self.waits.borrow().len();
            self.waits.send_modify(|waits| waits.push(wait));
            if self.failing_calls.contains(&call) {
                return Err(no_answer());
            }
            sleep(wait).await;
            Ok(Delta { cursor: Cursor(7), reset: false, rows: Vec::new(), directory: false })
        }

        async fn directory(&self) -> Result<Directory, BackendError> {
            self.directory_reads.fetch_add(1, Ordering::Relaxed);
            Ok(Directory::default())
        }

        async fn search(&self, _: &Search) -> Result<Page<Summary>, BackendError> {
            Err(no_answer())
        }

        async fn incident(&self, _: IncidentId) -> Result<Detail, BackendError> {
            Err(no_answer())
        }

        async fn find_by_number(&self, _: IncidentNumber) -> Result<IncidentId, BackendError> {
            Err(no_answer())
        }

        async fn timeline(
            &self,
            _: IncidentId,
            _: TimelineRange,
        ) -> Result<Vec<Event>, BackendError> {
            Err(no_answer())
        }

        async fn measures(
            &self,
            _: &Window,
            _: Cut,
            _: DateTime<Utc>,
        ) -> Result<Measures, BackendError> {
            Err(no_answer())
        }

        async fn execute(&self, _: &Envelope) -> Result<Outcome, BackendError> {
            Err(no_answer())
        }

        async fn problems(&self) -> Result<Vec<Problem>, BackendError> {
            Err(no_answer())
        }
    }

    /// Returns the error of an operation that the stand-in does not have.
    fn no_answer() -> BackendError {
        BackendError::Unreachable("no answer".into())
    }

    /// Waits until a backend has been asked for changes `calls` times, and returns their waits.
    async fn waits_of(backend: &FailingBackend, calls: usize) -> Vec<Duration> {
        let mut waits = backend.waits.subscribe();
        let enough = waits.wait_for(|waits| waits.len() >= calls);
        let result = tokio::time::timeout(Duration::from_secs(30), enough).await;
        let waits = result.ok().and_then(Result::ok).map(|waits| waits.clone());
        waits.unwrap_or_else(|| panic!("{:?}", backend.waits.borrow()))
    }

    #[tokio::test]
    async fn feed_reads_again_at_once_after_a_failure() {
        let failing_calls = vec![1];
        let backend = Arc::new(FailingBackend { failing_calls, ..FailingBackend::default() });
        let (_stop, stopping) = watch::channel(false);
        let feed = ChangeFeed::new(Arc::clone(&backend) as Arc<dyn Backend>, stopping);
        let waits = waits_of(&backend, 4).await;
        assert_eq!(waits, [Duration::ZERO, LONG_POLL_WAIT, Duration::ZERO, LONG_POLL_WAIT]);
        for _ in 0..20 {
            feed.directory().await.unwrap();
        }
        assert_eq!(backend.directory_reads.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn feed_polls_until_the_backend_says_that_it_is_live() {
        let backend =
            FailingBackend { capability_failures: AtomicU32::new(2), ..FailingBackend::default() };
        let backend = Arc::new(backend);
        let (_stop, stopping) = watch::channel(false);
        let _feed = ChangeFeed::new(Arc::clone(&backend) as Arc<dyn Backend>, stopping);
        let waits = waits_of(&backend, 3).await;
        assert_eq!(waits, [Duration::ZERO, POLL_INTERVAL, LONG_POLL_WAIT]);
    }

    #[tokio::test]
    async fn directory_is_not_read_for_each_command_during_a_failure() {
        let failing_calls = (0..1000).collect();
        let backend = Arc::new(FailingBackend { failing_calls, ..FailingBackend::default() });
        let (_stop, stopping) = watch::channel(false);
        let feed = ChangeFeed::new(Arc::clone(&backend) as Arc<dyn Backend>, stopping);
        for calls in 1..4 {
            waits_of(&backend, calls).await;
            feed.directory().await.unwrap();
        }
        assert_eq!(backend.directory_reads.load(Ordering::Relaxed), 1);
        let delays: Vec<u128> = (0..9).map(|failures| retry_delay(failures).as_millis()).collect();
        assert_eq!(delays, [0, 50, 100, 200, 400, 800, 1600, 2000, 2000]);
    }

    #[tokio::test]
    async fn unknown_cursors_share_one_response() {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            name: "local".into(),
            rules: Rules::default(),
            overlay: Directory::default(),
            overlay_file: None,
            create: true,
            lock_timeout: Duration::from_secs(5),
            migration: MigrationObserver::default(),
            clock: crate::backend::file::StoreClock::default(),
        };
        let store = FileStore::open(&folder.path().join("store.db"), options).await.unwrap();
        let (_stop, stopping) = watch::channel(false);
        let feed = ChangeFeed::new(Arc::new(store), stopping);
        let epoch = Epoch { version: 7, writes: 0 };
        let complete = feed.fetch_delta(None, epoch).await.unwrap().unwrap();
        for stale in [u64::MAX, 1 << 61, 77 << 8] {
            let delta = feed.fetch_delta(Some(Cursor(stale)), epoch).await.unwrap().unwrap();
            assert!(Arc::ptr_eq(&delta, &complete), "{stale}");
        }
    }
}

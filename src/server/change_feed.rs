//! Who asks for changes, and mostly hears that there are none: one task follows the backend, and
//! what it knows answers all of them.
//!
//! **Nothing new** is said from memory where the position that somebody asks from is the last that
//! is known, and nothing was written through this server since it was looked at. **Something new**
//! is read once for all who ask from the same position, and written as JSON once.

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

/// How long one call for changes waits.
const LONG_POLL_WAIT: Duration = Duration::from_secs(55);
/// The same with a backend that does not tell by itself.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The least time between two looks: many writes at once are seen together.
const COALESCE_DELAY: Duration = Duration::from_millis(4);
/// How long after a failure the backend is asked again.
const RETRY_DELAY: Duration = Duration::from_millis(500);

/// What is known of the backend's changes.
#[derive(Clone, Debug)]
struct FeedState {
    /// The last position; `None` while the backend does not answer.
    cursor: Option<Cursor>,
    /// That nothing is new since then.
    empty_delta: Option<Arc<CachedJson>>,
    /// What was new last, for who asks from the position before.
    last_delta: Option<(Cursor, Arc<CachedJson>)>,
    /// Changes so far.
    version: u64,
    /// Commands of this server that had been carried out when it was looked last.
    writes: u64,
    /// Changes of the directory so far.
    directory_version: u64,
}

/// Follows the changes of a backend.
pub(super) struct ChangeFeed {
    backend: Arc<dyn Backend>,
    state: watch::Sender<FeedState>,
    /// Commands that were carried out.
    writes: watch::Sender<u64>,
    deltas: SingleFlight<Option<Cursor>, Option<Arc<CachedJson>>>,
    directory: Mutex<Option<(u64, Arc<Directory>)>>,
    parked: AtomicU64,
}

/// Counts who is held while it is.
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
    /// Begins to follow; ends when the server stops.
    pub(super) fn new(backend: Arc<dyn Backend>, mut stopping: watch::Receiver<bool>) -> Arc<Self> {
        let seen = FeedState {
            cursor: None,
            empty_delta: None,
            last_delta: None,
            version: 0,
            writes: 0,
            directory_version: 0,
        };
        let hub = Arc::new(Self {
            backend,
            state: watch::Sender::new(seen),
            writes: watch::Sender::new(0),
            deltas: SingleFlight::default(),
            directory: Mutex::new(None),
            parked: AtomicU64::new(0),
        });
        let following = Arc::clone(&hub);
        tokio::spawn(async move {
            tokio::select! {
                () = following.follow() => {}
                // Nobody is left who would tell: then it has stopped as well.
                _ = stopping.wait_for(|stop| *stop) => {}
            }
        });
        hub
    }

    /// Commands have been carried out: what was known before may be old.
    pub(super) fn record_write(&self) {
        self.writes.send_modify(|count| *count += 1);
    }

    /// Where the backend stands for whoever asks now.
    pub(super) fn epoch(&self) -> Epoch {
        Epoch { version: self.state.borrow().version, writes: *self.writes.borrow() }
    }

    /// How many are held until something changes.
    pub(super) fn parked_requests(&self) -> u64 {
        self.parked.load(Ordering::Relaxed)
    }

    /// People, teams and services, read again when they have changed.
    pub(super) async fn directory(&self) -> Result<Arc<Directory>, BackendError> {
        let (version, follows) = {
            let seen = self.state.borrow();
            (seen.directory_version, seen.cursor.is_some())
        };
        let mut kept = self.directory.lock().await;
        if let Some((of, directory)) = &*kept
            && *of == version
            && follows
        {
            return Ok(Arc::clone(directory));
        }
        let directory = Arc::new(self.backend.directory().await?);
        *kept = Some((version, Arc::clone(&directory)));
        Ok(directory)
    }

    /// What has changed since a position, once something has, or `until` then.
    pub(super) async fn changes(
        &self,
        since: Option<Cursor>,
        until: Instant,
        stopped: impl Future<Output = ()>,
    ) -> ApiResult<Arc<CachedJson>> {
        let mut told = self.state.subscribe();
        let mut stopped = std::pin::pin!(stopped);
        let mut stopping = false;
        let mut held = None;
        loop {
            let (seen, moment) = {
                let seen = told.borrow_and_update().clone();
                let moment = Epoch { version: seen.version, writes: *self.writes.borrow() };
                (seen, moment)
            };
            let is_current = seen.writes == moment.writes;
            let nothing = match (since, &seen.last_delta, seen.empty_delta) {
                (Some(since), _, Some(nothing)) if is_current && seen.cursor == Some(since) => {
                    nothing
                }
                (Some(since), Some((from, step)), _) if is_current && *from == since => {
                    return Ok(Arc::clone(step));
                }
                _ => match self.fetch_delta(since, moment).await? {
                    Some(delta) => return Ok(delta),
                    None => empty_delta_at(since.unwrap_or(Cursor(0)))?,
                },
            };
            if stopping || Instant::now() >= until {
                return Ok(nothing);
            }
            held.get_or_insert_with(|| ParkedGuard::new(&self.parked));
            tokio::select! {
                // The hub lives as long as this.
                _ = told.changed() => {}
                () = sleep_until(until) => {}
                () = &mut stopped => stopping = true,
            }
        }
    }

    /// What has changed until now; `None` where nothing has. From a position that is not known any
    /// more everything is told anew, which is the same for all, whatever their position.
    async fn fetch_delta(
        &self,
        since: Option<Cursor>,
        moment: Epoch,
    ) -> ApiResult<Option<Arc<CachedJson>>> {
        let Some(since) = since else { return self.resync(moment).await };
        let read = async || {
            let delta = self.backend.changes(Some(since), Duration::ZERO).await?;
            if delta.reset {
                drop(delta);
                return self.resync(moment).await;
            }
            let same = since == delta.cursor && is_empty_delta(&delta);
            if same { Ok(None) } else { CachedJson::encode(&delta).map(Some) }
        };
        self.deltas.get::<ApiError, _>(moment, Some(since), read).await
    }

    async fn resync(&self, moment: Epoch) -> ApiResult<Option<Arc<CachedJson>>> {
        let read = async || {
            let delta = self.backend.changes(None, Duration::ZERO).await?;
            CachedJson::encode(&delta).map(Some)
        };
        self.deltas.get::<ApiError, _>(moment, None, read).await
    }

    async fn follow(&self) {
        let mut written = self.writes.subscribe();
        let live = self.backend.capabilities().await.map_or(true, |can| can.live);
        let listen = if live { LONG_POLL_WAIT } else { POLL_INTERVAL };
        let mut cursor = None;
        loop {
            let count = *written.borrow_and_update();
            let look_at_once = cursor.is_none() || self.state.borrow().writes != count;
            let told = if look_at_once {
                self.backend.changes(cursor, Duration::ZERO).await.map(|delta| (delta, count))
            } else {
                let before = self.state.borrow().writes;
                tokio::select! {
                    told = self.backend.changes(cursor, listen) => told.map(|delta| (delta, before)),
                    // `self` keeps the sender.
                    _ = written.changed() => continue,
                }
            };
            match told {
                Ok((delta, count)) => {
                    let next = delta.cursor;
                    self.publish(cursor, &delta, count);
                    cursor = Some(next);
                }
                Err(error) => {
                    tracing::warn!("the backend does not tell what changes: {error}");
                    self.mark_unavailable();
                    sleep(RETRY_DELAY).await;
                }
            }
            sleep(COALESCE_DELAY).await;
        }
    }

    /// Tells who waits, where there is something new.
    fn publish(&self, since: Option<Cursor>, delta: &Delta, written: u64) {
        let is_news = since != Some(delta.cursor) || !is_empty_delta(delta);
        self.state.send_if_modified(|seen| {
            seen.writes = written;
            if !is_news && seen.cursor.is_some() {
                return false;
            }
            let step = since
                .filter(|_| is_news)
                .and_then(|since| Some((since, CachedJson::encode(delta).ok()?)));
            seen.last_delta = step;
            seen.cursor = Some(delta.cursor);
            seen.empty_delta = empty_delta_at(delta.cursor).ok();
            seen.version += 1;
            seen.directory_version += u64::from(delta.directory);
            true
        });
    }

    /// Nothing is known: whoever asks is told by the backend itself.
    fn mark_unavailable(&self) {
        self.state.send_if_modified(|seen| {
            let news = seen.cursor.take().is_some();
            seen.empty_delta = None;
            seen.last_delta = None;
            seen.version += 1;
            seen.directory_version += 1;
            news
        });
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
    use super::*;
    use crate::backend::file::{FileStore, Options};
    use crate::model::Rules;

    #[tokio::test]
    async fn positions_that_are_not_known_share_one_answer() {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            name: "local".into(),
            rules: Rules::default(),
            overlay: Directory::default(),
            create: true,
            lock_timeout: Duration::from_secs(5),
        };
        let store = FileStore::open(&folder.path().join("store.db"), options).await.unwrap();
        let (_stop, stopping) = watch::channel(false);
        let hub = ChangeFeed::new(Arc::new(store), stopping);
        let moment = Epoch { version: 7, writes: 0 };
        let whole = hub.fetch_delta(None, moment).await.unwrap().unwrap();
        for stale in [u64::MAX, 1 << 61, 77 << 8] {
            let told = hub.fetch_delta(Some(Cursor(stale)), moment).await.unwrap().unwrap();
            assert!(Arc::ptr_eq(&told, &whole), "{stale}");
        }
    }
}

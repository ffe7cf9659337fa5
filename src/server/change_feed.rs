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

use super::cached_json::Document;
use super::error::{Answer, Refusal};
use super::single_flight::{Fresh, Moment};
use crate::backend::{Backend, BackendError, Cursor, Delta};
use crate::model::directory::Directory;

/// How long one call for changes waits.
const LISTEN: Duration = Duration::from_secs(55);
/// The same with a backend that does not tell by itself.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// The least time between two looks: many writes at once are seen together.
const PACE: Duration = Duration::from_millis(4);
/// How long after a failure the backend is asked again.
const AGAIN: Duration = Duration::from_millis(500);

/// What is known of the backend's changes.
#[derive(Clone, Debug)]
struct Seen {
    /// The last position; `None` while the backend does not answer.
    cursor: Option<Cursor>,
    /// That nothing is new since then.
    nothing: Option<Arc<Document>>,
    /// What was new last, for who asks from the position before.
    step: Option<(Cursor, Arc<Document>)>,
    /// Changes so far.
    turn: u64,
    /// Commands of this server that had been carried out when it was looked last.
    written: u64,
    /// Changes of the directory so far.
    directory: u64,
}

/// Follows the changes of a backend.
pub(super) struct Hub {
    backend: Arc<dyn Backend>,
    seen: watch::Sender<Seen>,
    /// Commands that were carried out.
    written: watch::Sender<u64>,
    deltas: Fresh<Option<Cursor>, Option<Arc<Document>>>,
    directory: Mutex<Option<(u64, Arc<Directory>)>>,
    held: AtomicU64,
}

/// Counts who is held while it is.
struct Held<'a>(&'a AtomicU64);

impl<'a> Held<'a> {
    fn new(count: &'a AtomicU64) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Hub {
    /// Begins to follow; ends when the server stops.
    pub(super) fn new(backend: Arc<dyn Backend>, mut stopping: watch::Receiver<bool>) -> Arc<Self> {
        let seen =
            Seen { cursor: None, nothing: None, step: None, turn: 0, written: 0, directory: 0 };
        let hub = Arc::new(Self {
            backend,
            seen: watch::Sender::new(seen),
            written: watch::Sender::new(0),
            deltas: Fresh::default(),
            directory: Mutex::new(None),
            held: AtomicU64::new(0),
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
    pub(super) fn wrote(&self) {
        self.written.send_modify(|count| *count += 1);
    }

    /// Where the backend stands for whoever asks now.
    pub(super) fn moment(&self) -> Moment {
        Moment { turn: self.seen.borrow().turn, written: *self.written.borrow() }
    }

    /// How many are held until something changes.
    pub(super) fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    /// People, teams and services, read again when they have changed.
    pub(super) async fn directory(&self) -> Result<Arc<Directory>, BackendError> {
        let (version, follows) = {
            let seen = self.seen.borrow();
            (seen.directory, seen.cursor.is_some())
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
    ) -> Answer<Arc<Document>> {
        let mut told = self.seen.subscribe();
        let mut stopped = std::pin::pin!(stopped);
        let mut stopping = false;
        let mut held = None;
        loop {
            let (seen, moment) = {
                let seen = told.borrow_and_update().clone();
                let moment = Moment { turn: seen.turn, written: *self.written.borrow() };
                (seen, moment)
            };
            let is_current = seen.written == moment.written;
            let nothing = match (since, &seen.step, seen.nothing) {
                (Some(since), _, Some(nothing)) if is_current && seen.cursor == Some(since) => {
                    nothing
                }
                (Some(since), Some((from, step)), _) if is_current && *from == since => {
                    return Ok(Arc::clone(step));
                }
                _ => match self.delta(since, moment).await? {
                    Some(delta) => return Ok(delta),
                    None => nothing_since(since.unwrap_or(Cursor(0)))?,
                },
            };
            if stopping || Instant::now() >= until {
                return Ok(nothing);
            }
            held.get_or_insert_with(|| Held::new(&self.held));
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
    async fn delta(&self, since: Option<Cursor>, moment: Moment) -> Answer<Option<Arc<Document>>> {
        let Some(since) = since else { return self.anew(moment).await };
        let read = async || {
            let delta = self.backend.changes(Some(since), Duration::ZERO).await?;
            if delta.reset {
                drop(delta);
                return self.anew(moment).await;
            }
            let same = since == delta.cursor && is_nothing(&delta);
            if same { Ok(None) } else { Document::of(&delta).map(Some) }
        };
        self.deltas.get::<Refusal, _>(moment, Some(since), read).await
    }

    async fn anew(&self, moment: Moment) -> Answer<Option<Arc<Document>>> {
        let read = async || {
            let delta = self.backend.changes(None, Duration::ZERO).await?;
            Document::of(&delta).map(Some)
        };
        self.deltas.get::<Refusal, _>(moment, None, read).await
    }

    async fn follow(&self) {
        let mut written = self.written.subscribe();
        let live = self.backend.capabilities().await.map_or(true, |can| can.live);
        let listen = if live { LISTEN } else { ASK_EVERY };
        let mut cursor = None;
        loop {
            let count = *written.borrow_and_update();
            let look_at_once = cursor.is_none() || self.seen.borrow().written != count;
            let told = if look_at_once {
                self.backend.changes(cursor, Duration::ZERO).await.map(|delta| (delta, count))
            } else {
                let before = self.seen.borrow().written;
                tokio::select! {
                    told = self.backend.changes(cursor, listen) => told.map(|delta| (delta, before)),
                    // `self` keeps the sender.
                    _ = written.changed() => continue,
                }
            };
            match told {
                Ok((delta, count)) => {
                    let next = delta.cursor;
                    self.tell(cursor, &delta, count);
                    cursor = Some(next);
                }
                Err(error) => {
                    tracing::warn!("the backend does not tell what changes: {error}");
                    self.fail();
                    sleep(AGAIN).await;
                }
            }
            sleep(PACE).await;
        }
    }

    /// Tells who waits, where there is something new.
    fn tell(&self, since: Option<Cursor>, delta: &Delta, written: u64) {
        let is_news = since != Some(delta.cursor) || !is_nothing(delta);
        self.seen.send_if_modified(|seen| {
            seen.written = written;
            if !is_news && seen.cursor.is_some() {
                return false;
            }
            let step = since
                .filter(|_| is_news)
                .and_then(|since| Some((since, Document::of(delta).ok()?)));
            seen.step = step;
            seen.cursor = Some(delta.cursor);
            seen.nothing = nothing_since(delta.cursor).ok();
            seen.turn += 1;
            seen.directory += u64::from(delta.directory);
            true
        });
    }

    /// Nothing is known: whoever asks is told by the backend itself.
    fn fail(&self) {
        self.seen.send_if_modified(|seen| {
            let news = seen.cursor.take().is_some();
            seen.nothing = None;
            seen.step = None;
            seen.turn += 1;
            seen.directory += 1;
            news
        });
    }
}

fn is_nothing(delta: &Delta) -> bool {
    !delta.reset && !delta.directory && delta.rows.is_empty()
}

fn nothing_since(cursor: Cursor) -> Answer<Arc<Document>> {
    Document::of(&Delta { cursor, reset: false, rows: Vec::new(), directory: false })
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
        let hub = Hub::new(Arc::new(store), stopping);
        let moment = Moment { turn: 7, written: 0 };
        let whole = hub.delta(None, moment).await.unwrap().unwrap();
        for stale in [u64::MAX, 1 << 61, 77 << 8] {
            let told = hub.delta(Some(Cursor(stale)), moment).await.unwrap().unwrap();
            assert!(Arc::ptr_eq(&told, &whole), "{stale}");
        }
    }
}

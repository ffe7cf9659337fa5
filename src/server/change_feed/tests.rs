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
        Ok(Delta {
            cursor: Cursor(7),
            reset: false,
            rows: Vec::new(),
            directory: false,
            redacted: Vec::new(),
        })
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

    async fn timeline(&self, _: IncidentId, _: TimelineRange) -> Result<Vec<Event>, BackendError> {
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

/// Returns the error of an operation that the fake does not support.
fn no_answer() -> BackendError {
    BackendError::Unreachable("no answer".into())
}

/// Waits until a backend has received `calls` requests for changes, and returns their waits.
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

//! A store of the week that is a real file: every program has it open for itself, with its own claims.
//!
//! Writes are also applied to the store in memory, in which the laws of a week look them up.
//! Operations on the file are sequential, and no time passes during one, so that a seed leads to
//! the same week each time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use redphone::backend::file::{FileStore, Options, StoreClock};
use redphone::backend::record::Record;
use redphone::backend::{
    AdministrationRequest, Backend, BackendError, Capabilities, Claim, ClaimRequest, Claimed,
    Cursor, Delta, Detail, IngestOutcome, Ledger, NotificationEntry, NotificationSearch, Outcome,
    Page, Plan, Reminder, Search, SettledMaintenance, TestClaim, TestTurn, TimelineRange,
    Unplanned,
};
use redphone::engine::Clock;
use redphone::model::alert::AlertGroup;
use redphone::model::directory::Directory;
use redphone::model::maintenance::{MaintenanceRequest, MaintenanceWindow};
use redphone::model::measures::{Cut, Measures, Window};
use redphone::model::notification::decision::AttemptResult;
use redphone::model::notification::{Notification, StoredContacts};
use redphone::model::problem::Problem;
use redphone::model::signals::TestRecord;
use redphone::model::{Actor, Envelope, Event, IncidentId, IncidentNumber, Summary};
use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;

use super::clock::VirtualClock;
use super::outside::{Store, down, full};
use crate::support::memory::Memory;
use crate::support::memory::ledger::ClaimRecord;
use crate::support::store as stores;

/// The file.
pub struct StoreFile {
    _folder: TempDir,
    path: PathBuf,
    clock: Arc<VirtualClock>,
    memory: Arc<Memory>,
    /// The store as the people of the week have it open.
    main: FileStore,
    order: Arc<tokio::sync::Mutex<()>>,
    /// How often something was written that a long poll returns.
    version: AtomicU64,
    /// The position up to which the memory mirrors the file.
    mirrored: Mutex<Option<Cursor>>,
    records: Mutex<Records>,
}

/// Records of the use of the ledger.
#[derive(Default)]
struct Records {
    claims: Vec<ClaimRecord>,
    throttled: BTreeSet<Uuid>,
}

impl StoreFile {
    /// Makes a file with a directory.
    pub async fn create(
        directory: Directory,
        clock: &Arc<VirtualClock>,
        memory: &Arc<Memory>,
    ) -> Arc<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let main = FileStore::open(&path, options(clock)).await.unwrap();
        let mut importer = main.importer().await.unwrap();
        importer.add(Record::Directory(Box::new(directory))).await.unwrap();
        importer.commit().await.unwrap();
        let cursor = main.changes(None, Duration::ZERO).await.unwrap().cursor;
        Arc::new(Self {
            _folder: folder,
            path,
            clock: Arc::clone(clock),
            memory: Arc::clone(memory),
            main,
            order: Arc::default(),
            version: AtomicU64::new(0),
            mirrored: Mutex::new(Some(cursor)),
            records: Mutex::default(),
        })
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs an operation on the file as a task of its own, so that a program that is killed has
    /// either begun it or not. The clock is stopped meanwhile.
    async fn run<T: Send + 'static>(
        &self,
        operation: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let (busy, order) = (self.clock.busy(), Arc::clone(&self.order));
        let task = tokio::spawn(async move {
            let _order = order.lock().await;
            let done = operation.await;
            drop(busy);
            done
        });
        task.await.expect("an operation on the file does not panic")
    }

    /// Applies the new events of the file to the memory.
    async fn mirror(&self) {
        let since = *self.mirrored.lock().unwrap_or_else(PoisonError::into_inner);
        let delta = self.main.changes(since, Duration::ZERO).await.unwrap();
        for row in &delta.rows {
            let after = self.memory.row(row.id).map_or(0, |row| row.seq);
            let events = self.main.timeline(row.id, TimelineRange::After(after)).await.unwrap();
            self.memory.adopt(&events);
        }
        *self.mirrored.lock().unwrap_or_else(PoisonError::into_inner) = Some(delta.cursor);
        self.version.fetch_add(1, Ordering::Relaxed);
    }

    /// Carries out a command through one of the open stores.
    async fn execute(
        self: &Arc<Self>,
        through: &FileStore,
        envelope: &Envelope,
    ) -> Result<Outcome, BackendError> {
        let (file, through, envelope) = (Arc::clone(self), through.clone(), envelope.clone());
        let operation = async move {
            let outcome = through.execute(&envelope).await?;
            file.mirror().await;
            Ok(outcome)
        };
        self.run(operation).await
    }

    /// Carries out a command of somebody in the week.
    pub async fn carry_out(self: &Arc<Self>, envelope: &Envelope) -> Result<Outcome, BackendError> {
        self.execute(&self.main, envelope).await
    }

    /// Changes the directory. Returns it as it is then.
    pub async fn administer(
        self: &Arc<Self>,
        request: AdministrationRequest,
    ) -> Result<Directory, BackendError> {
        let file = Arc::clone(self);
        let operation = async move {
            file.main.administer(&request).await?;
            file.version.fetch_add(1, Ordering::Relaxed);
            file.main.directory().await
        };
        self.run(operation).await
    }

    /// Creates, changes or ends a maintenance window.
    pub async fn change_maintenance(
        self: &Arc<Self>,
        request: MaintenanceRequest,
    ) -> Result<MaintenanceWindow, BackendError> {
        let file = Arc::clone(self);
        let operation = async move {
            let window = file.main.change_maintenance(&request).await?;
            file.mirror().await;
            Ok(window)
        };
        self.run(operation).await
    }

    /// Returns when each notification that waits is due.
    fn waiting(&self) -> BTreeMap<Uuid, DateTime<Utc>> {
        let conn = Connection::open(&self.path).unwrap();
        let mut statement =
            conn.prepare("SELECT id, next_try FROM notification WHERE state = 0").unwrap();
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?)))
            .unwrap();
        let due = rows.map(|row| {
            let (id, millis) = row.unwrap();
            let at = DateTime::from_timestamp_millis(millis).unwrap();
            (Uuid::from_slice(&id).unwrap(), at)
        });
        due.collect()
    }

    /// Notes which notifications wait because their contact was sent too much.
    fn note_throttled(&self) {
        let conn = Connection::open(&self.path).unwrap();
        let sql = "SELECT id FROM notification WHERE state = 0 AND waits_for = 0";
        let mut statement = conn.prepare(sql).unwrap();
        let ids = statement.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
        let ids = ids.map(|id| Uuid::from_slice(&id.unwrap()).unwrap());
        self.records().throttled.extend(ids);
    }

    /// Returns all notifications, each with whether it has waited for its contact.
    pub async fn notifications(&self) -> Vec<(Notification, bool)> {
        let mut search = NotificationSearch::first(500);
        let throttled = self.records().throttled.clone();
        let mut found = Vec::new();
        loop {
            let page = self.main.notifications(&search).await.unwrap();
            for entry in page.rows {
                let was_throttled = throttled.contains(&entry.notification.id);
                found.push((entry.notification, was_throttled));
            }
            match page.next {
                Some(next) => search.after = Some(next),
                None => return found,
            }
        }
    }

    /// Returns what came of self-tests.
    pub async fn self_tests(&self) -> Vec<TestRecord> {
        self.main.self_tests().await.unwrap()
    }

    /// Returns the claims that programs have made.
    pub fn claims(&self) -> Vec<ClaimRecord> {
        self.records().claims.clone()
    }

    /// Closes the store.
    pub async fn close(&self) {
        self.main.clone().close().await;
    }
}

fn options(clock: &Arc<VirtualClock>) -> Options {
    let clock = Arc::clone(clock);
    Options { clock: StoreClock::new(move || clock.now()), ..stores::options() }
}

/// The file as one program has it open. Its claims end when it is dropped.
pub struct Program {
    store: Arc<Store>,
    file: Arc<StoreFile>,
    own: FileStore,
    /// The cursor that was returned last, and the version of the file then.
    last: Mutex<Option<(Cursor, u64)>>,
}

impl Program {
    /// Opens the file for a program.
    pub async fn open(store: &Arc<Store>, file: &Arc<StoreFile>) -> Arc<Self> {
        let own = FileStore::open(&file.path, options(&file.clock)).await.unwrap();
        Arc::new(Self {
            store: Arc::clone(store),
            file: Arc::clone(file),
            own,
            last: Mutex::new(None),
        })
    }

    fn check(&self) -> Result<(), BackendError> {
        if self.store.is_down.load(Ordering::Relaxed) { Err(down()) } else { Ok(()) }
    }

    fn check_writable(&self) -> Result<(), BackendError> {
        self.check()?;
        if self.store.is_full.load(Ordering::Relaxed) { Err(full()) } else { Ok(()) }
    }

    /// Reads what has changed since a cursor; `None` if nothing has.
    async fn news(&self, since: Option<Cursor>) -> Result<Option<Delta>, BackendError> {
        let version = self.file.version.load(Ordering::Relaxed);
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if since.is_some_and(|since| last == Some((since, version))) {
            return Ok(None);
        }
        let own = self.own.clone();
        let read = async move { own.changes(since, Duration::ZERO).await };
        let delta = self.file.run(read).await?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((delta.cursor, version));
        Ok((since != Some(delta.cursor)).then_some(delta))
    }
}

#[async_trait]
impl Backend for Program {
    async fn capabilities(&self) -> Result<Capabilities, BackendError> {
        self.own.capabilities().await
    }

    async fn changes(&self, since: Option<Cursor>, wait: Duration) -> Result<Delta, BackendError> {
        let clock = &self.store.clock;
        let deadline = clock.now() + wait;
        loop {
            let changed = self.store.changed.notified();
            self.check()?;
            if let Some(delta) = self.news(since).await? {
                return Ok(delta);
            }
            let remaining = (deadline - clock.now()).to_std().unwrap_or_default();
            if let (true, Some(cursor)) = (remaining.is_zero(), since) {
                return Ok(Delta {
                    cursor,
                    reset: false,
                    rows: Vec::new(),
                    directory: false,
                    redacted: Vec::new(),
                });
            }
            tokio::select! {
                () = changed => {}
                () = clock.sleep(remaining) => {}
            }
        }
    }

    async fn search(&self, search: &Search) -> Result<Page<Summary>, BackendError> {
        self.check()?;
        let (own, search) = (self.own.clone(), search.clone());
        self.file.run(async move { own.search(&search).await }).await
    }

    async fn notifications(
        &self,
        search: &NotificationSearch,
    ) -> Result<Page<NotificationEntry>, BackendError> {
        self.check()?;
        let (own, search) = (self.own.clone(), search.clone());
        self.file.run(async move { own.notifications(&search).await }).await
    }

    async fn ingest(
        &self,
        group: &AlertGroup,
        actor: &Actor,
    ) -> Result<IngestOutcome, BackendError> {
        self.check_writable()?;
        let (own, file) = (self.own.clone(), Arc::clone(&self.file));
        let (group, actor) = (group.clone(), actor.clone());
        let operation = async move {
            let outcome = own.ingest(&group, &actor).await?;
            file.mirror().await;
            Ok(outcome)
        };
        let outcome = self.file.run(operation).await;
        self.store.changed.notify_waiters();
        outcome
    }

    async fn incident(&self, id: IncidentId) -> Result<Detail, BackendError> {
        self.check()?;
        let own = self.own.clone();
        self.file.run(async move { own.incident(id).await }).await
    }

    async fn find_by_number(&self, number: IncidentNumber) -> Result<IncidentId, BackendError> {
        self.own.find_by_number(number).await
    }

    async fn timeline(
        &self,
        id: IncidentId,
        range: TimelineRange,
    ) -> Result<Vec<Event>, BackendError> {
        self.check()?;
        let own = self.own.clone();
        self.file.run(async move { own.timeline(id, range).await }).await
    }

    async fn measures(
        &self,
        window: &Window,
        cut: Cut,
        now: DateTime<Utc>,
    ) -> Result<Measures, BackendError> {
        self.own.measures(window, cut, now).await
    }

    async fn execute(&self, envelope: &Envelope) -> Result<Outcome, BackendError> {
        self.check_writable()?;
        self.store.record_request(envelope);
        let outcome = self.file.execute(&self.own, envelope).await;
        self.store.changed.notify_waiters();
        outcome
    }

    async fn problems(&self) -> Result<Vec<Problem>, BackendError> {
        self.own.problems().await
    }

    async fn directory(&self) -> Result<Directory, BackendError> {
        self.check()?;
        let own = self.own.clone();
        self.file.run(async move { own.directory().await }).await
    }
}

#[async_trait]
impl Ledger for Program {
    async fn unplanned(&self) -> Result<Unplanned, BackendError> {
        self.check()?;
        let own = self.own.clone();
        self.file.run(async move { own.unplanned().await }).await
    }

    async fn plan(&self, plan: &Plan) -> Result<bool, BackendError> {
        self.check_writable()?;
        let (own, plan) = (self.own.clone(), plan.clone());
        self.file.run(async move { own.plan(&plan).await }).await
    }

    async fn remind(&self, reminder: &Reminder) -> Result<bool, BackendError> {
        self.check_writable()?;
        let (own, reminder) = (self.own.clone(), reminder.clone());
        self.file.run(async move { own.remind(&reminder).await }).await
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Claimed, BackendError> {
        self.check_writable()?;
        let (own, file, request) = (self.own.clone(), Arc::clone(&self.file), request.clone());
        let operation = async move {
            let due = file.waiting();
            let claimed = own.claim(&request).await?;
            for claim in &claimed.claims {
                let Claim { notification, incident, .. } = claim;
                let record = ClaimRecord {
                    notification: notification.id,
                    channel: notification.channel.clone(),
                    at: request.now,
                    next_try: due[&notification.id],
                    after_acknowledgement: notification.after_acknowledgement,
                    incident: incident.clone(),
                };
                file.records().claims.push(record);
            }
            file.note_throttled();
            Ok(claimed)
        };
        self.file.run(operation).await
    }

    async fn finish(&self, claim: &Claim, result: &AttemptResult) -> Result<bool, BackendError> {
        self.check_writable()?;
        let (own, claim, result) = (self.own.clone(), claim.clone(), result.clone());
        self.file.run(async move { own.finish(&claim, &result).await }).await
    }

    async fn release_dead(&self, now: DateTime<Utc>) -> Result<u64, BackendError> {
        self.check_writable()?;
        let own = self.own.clone();
        self.file.run(async move { own.release_dead(now).await }).await
    }

    async fn stored_contacts(&self) -> Result<Vec<StoredContacts>, BackendError> {
        self.check()?;
        Ok(Vec::new())
    }

    async fn claim_test(&self, claim: &TestClaim) -> Result<TestTurn, BackendError> {
        self.check_writable()?;
        let (own, claim) = (self.own.clone(), claim.clone());
        self.file.run(async move { own.claim_test(&claim).await }).await
    }

    async fn record_test(&self, record: &TestRecord) -> Result<(), BackendError> {
        self.check_writable()?;
        let (own, record) = (self.own.clone(), record.clone());
        self.file.run(async move { own.record_test(&record).await }).await
    }

    async fn settle_maintenance(
        &self,
        now: DateTime<Utc>,
    ) -> Result<SettledMaintenance, BackendError> {
        self.check_writable()?;
        let (own, file) = (self.own.clone(), Arc::clone(&self.file));
        let operation = async move {
            let settled = own.settle_maintenance(now).await?;
            if settled.muted + settled.released > 0 {
                file.mirror().await;
            }
            Ok(settled)
        };
        let settled = self.file.run(operation).await;
        self.store.changed.notify_waiters();
        settled
    }
}

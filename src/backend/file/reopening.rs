//! A store that survives the replacement of its file. While a program runs for months, its file may
//! be moved away and back, or replaced by another one, such as a restored backup.

mod ledger;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::{Mutex, RwLock};
use uuid::Uuid;

use super::backend::store_size;
use super::changes::EPOCH_AT;
use super::contacts::{ReachSlot, ReachSource};
use super::error::{display_path, moved_message};
use super::open::FileIdentity;
use super::open_error::OpenError;
use super::options::Options;
use super::store::FileStore;
use crate::backend::{
    ActionItemEntry, ActionItemSearch, Administered, AdministrationRequest, AdministrationSearch,
    Backend, BackendError, Capabilities, ChangeSearch, ContactRequest, Cursor, DeadLetter,
    DeadLetterList, DeadLetterMessage, DeadLetterSearch, Delta, Detail, FeedEntry, FeedSearch,
    IngestOutcome, NewDeadLetter, NoiseSearch, NotificationEntry, NotificationSearch, Outcome,
    Page, ProblemEntry, ProblemSearch, ReviewEntry, ReviewSearch, Search, SimilarIncidents,
    Storage, StoreMark, Suspicion, TimelineRange, WaitingList,
};
use crate::model::administration::AdministrationEvent;
use crate::model::alert::{Alert, AlertGroup};
use crate::model::change::Change;
use crate::model::directory::Directory;
use crate::model::evidence::EvidenceContent;
use crate::model::maintenance::{
    MaintenancePreview, MaintenanceRequest, MaintenanceSearch, MaintenanceWindow, MutedEntry,
    MutedSearch, NewWindow,
};
use crate::model::measures::pages::{Pages, PagesQuery};
use crate::model::measures::{Cut, Measures, Window};
use crate::model::noise::NoiseReport;
use crate::model::notification::{AnswerLink, ContactTest, LinkDigest, PersonReach};
use crate::model::problem::Problem;
use crate::model::signals::{
    BeatOutcome, Heartbeat, HeartbeatCheck, HeartbeatEdit, HeartbeatFault, HeartbeatRule,
    TestRecord,
};
use crate::model::unknown_service::UnknownService;
use crate::model::{
    Actor, ChangeId, Envelope, Event, IncidentId, IncidentNumber, ProblemId, Rules, Summary,
};

/// A [`FileStore`] that is reopened when its path no longer names the file that was opened.
///
/// While the file is missing or only partly copied, every call fails with
/// [`BackendError::Unreachable`].
pub struct ReopeningStore {
    path: PathBuf,
    read_only: bool,
    options: Options,
    /// The current rules; they may change while the store is open.
    rules: RwLock<Rules>,
    /// Whether this program automatically calls levels of escalation policies on the store.
    escalates: AtomicBool,
    /// The settings of contacts and channels; they may change while the store is open.
    reach: ReachSlot,
    current: Mutex<OpenState>,
}

struct OpenState {
    /// `None` while the file is missing.
    store: Option<FileStore>,
    /// The file that was opened last, and its write-ahead log.
    last: FileIdentities,
    /// The number of times that the store was reopened. Cursors of earlier epochs are invalid.
    epoch: u64,
}

#[derive(Clone, Copy)]
struct FileIdentities {
    store: Option<FileIdentity>,
    log: Option<FileIdentity>,
}

/// The reason why a file at the path of the store is not opened.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
enum ReopenError {
    /// There is no file.
    #[error("{}", moved_message(.0, false))]
    Missing(PathBuf),
    /// The file has fewer pages than its header states. Opening would turn an empty file into a
    /// store.
    #[error("{} is not there as a whole: it may still be copied", display_path(.0))]
    Incomplete(PathBuf),
    /// The log belongs to the file before. Opening would replay it into another file.
    #[error(
        "{} was replaced, but {} is still that of the file before: move it away too",
        display_path(.file),
        display_path(.log)
    )]
    LogOfOtherFile { file: PathBuf, log: PathBuf },
}

impl FileIdentities {
    fn from_store(store: &FileStore) -> Self {
        Self { store: store.inner.identity, log: FileIdentity::from_path(&wal_path(store.path())) }
    }
}

impl ReopeningStore {
    /// Wraps an open store.
    #[must_use]
    pub fn new(store: FileStore) -> Self {
        Self {
            path: store.path().to_owned(),
            read_only: store.is_read_only() && !store.may_become_writable(),
            options: Options { create: false, ..store.inner.options.clone() },
            rules: RwLock::new((*store.rules()).clone()),
            escalates: AtomicBool::new(false),
            reach: ReachSlot::from(&store.inner.reach),
            current: Mutex::new(OpenState {
                last: FileIdentities::from_store(&store),
                store: Some(store),
                epoch: 0,
            }),
        }
    }

    /// Returns the path of the store.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces the rules that commands are checked against.
    pub async fn set_rules(&self, rules: Rules) {
        self.rules.write().await.clone_from(&rules);
        if let Some(store) = &self.current.lock().await.store {
            store.set_rules(rules);
        }
    }

    /// Replaces the source of the settings' channels and contacts.
    pub async fn set_reach(&self, source: ReachSource) {
        self.reach.set(Some(Arc::clone(&source)));
        if let Some(store) = &self.current.lock().await.store {
            store.set_reach(source);
        }
    }

    /// Sets whether this program automatically calls levels of escalation policies on the store.
    pub fn set_escalates(&self, escalates: bool) {
        self.escalates.store(escalates, Ordering::Relaxed);
    }

    /// Closes the store if it is open.
    pub async fn close(&self) {
        if let Some(store) = self.current.lock().await.store.take() {
            store.close().await;
        }
    }

    /// Returns the open store and its epoch. Reopens the store if the file was replaced.
    async fn current_store(&self) -> Result<(FileStore, u64), BackendError> {
        let mut current = self.current.lock().await;
        if let Some(store) = &current.store
            && store.check_same_file().is_ok()
        {
            return Ok((store.clone(), current.epoch));
        }
        // Close the old file before opening another one under this path, and also while the file is
        // missing, because its log may be moved too. Closing writes nothing: SQLite notices that
        // the file was moved.
        if let Some(store) = current.store.take() {
            store.close().await;
        }
        self.check_reopen(current.last).map_err(BackendError::unreachable)?;
        let rules = self.rules.read().await.clone();
        let options = Options { rules, ..self.options.clone() };
        let opened = self.open(options).await;
        let store = opened.map_err(BackendError::unreachable)?;
        current.last = FileIdentities::from_store(&store);
        current.epoch = (current.epoch + 1) & (u64::MAX >> EPOCH_AT);
        let reopened = (store.clone(), current.epoch);
        current.store = Some(store);
        Ok(reopened)
    }

    async fn open(&self, options: Options) -> Result<FileStore, OpenError> {
        let store = if self.read_only {
            FileStore::open_read_only(&self.path, options).await?
        } else {
            FileStore::open(&self.path, options).await?
        };
        store.inner.reach.set(self.reach.source());
        Ok(store)
    }

    /// Returns the open store for a command. A store that could not be written when it was opened,
    /// because its disk was full for example, is opened again: the disk may have room by now.
    async fn store_to_write(&self) -> Result<FileStore, BackendError> {
        let (store, _) = self.current_store().await?;
        if !store.may_become_writable() {
            return Ok(store);
        }
        let mut current = self.current.lock().await;
        let rules = self.rules.read().await.clone();
        let opened = self.open(Options { rules, ..self.options.clone() }).await;
        let opened = opened.map_err(BackendError::unreachable)?;
        if !opened.may_become_writable() && opened.inner.identity == store.inner.identity {
            current.last = FileIdentities::from_store(&opened);
            current.store = Some(opened.clone());
        }
        Ok(opened)
    }

    /// Refuses to reopen a file that is incomplete or does not belong to its log.
    fn check_reopen(&self, last: FileIdentities) -> Result<(), ReopenError> {
        let file = || self.path.clone();
        let identity = FileIdentity::from_path(&self.path);
        if identity.is_none() {
            return Err(ReopenError::Missing(file()));
        }
        if !is_complete_file(&self.path).unwrap_or(true) {
            return Err(ReopenError::Incomplete(file()));
        }
        let log = wal_path(&self.path);
        let old_log = FileIdentity::from_path(&log).filter(|log| Some(*log) == last.log);
        if identity != last.store && old_log.is_some() {
            return Err(ReopenError::LogOfOtherFile { file: file(), log });
        }
        Ok(())
    }

    /// Returns the store, its epoch, and `since` as a cursor of that store; `None` for a cursor of
    /// another epoch.
    async fn store_and_cursor(
        &self,
        since: Option<Cursor>,
    ) -> Result<(FileStore, u64, Option<Cursor>), BackendError> {
        let (store, epoch) = self.current_store().await?;
        let since = since.filter(|cursor| cursor.0 >> EPOCH_AT == epoch);
        Ok((store, epoch, since.map(|cursor| Cursor(cursor.0 & !(u64::MAX << EPOCH_AT)))))
    }
}

/// Returns the path of the write-ahead log of a store.
fn wal_path(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    PathBuf::from(log)
}

/// Returns whether a file has as many pages as its header states
/// (<https://www.sqlite.org/fileformat.html>). A file that is still being copied has fewer.
fn is_complete_file(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    file.take(100).read_to_end(&mut head)?;
    let (Some(size), Some(pages)) = (head.get(16..18), head.get(28..32)) else { return Ok(false) };
    // The value 1 means 65,536, which does not fit into two bytes.
    let size = match u16::from_be_bytes([size[0], size[1]]) {
        1 => 65_536,
        size => u64::from(size),
    };
    let pages = u32::from_be_bytes([pages[0], pages[1], pages[2], pages[3]]);
    Ok(pages > 0 && length >= size * u64::from(pages))
}

#[async_trait]
impl Backend for ReopeningStore {
    async fn capabilities(&self) -> Result<Capabilities, BackendError> {
        let mut capabilities = self.current_store().await?.0.capabilities().await?;
        capabilities.escalates |= self.escalates.load(Ordering::Relaxed);
        Ok(capabilities)
    }

    async fn changes(&self, since: Option<Cursor>, wait: Duration) -> Result<Delta, BackendError> {
        let (store, epoch, since) = self.store_and_cursor(since).await?;
        let mut delta = store.changes(since, wait).await?;
        delta.cursor = Cursor(delta.cursor.0 | epoch << EPOCH_AT);
        Ok(delta)
    }

    async fn search(&self, search: &Search) -> Result<Page<Summary>, BackendError> {
        self.current_store().await?.0.search(search).await
    }

    async fn incident(&self, id: IncidentId) -> Result<Detail, BackendError> {
        self.current_store().await?.0.incident(id).await
    }

    async fn find_by_number(&self, number: IncidentNumber) -> Result<IncidentId, BackendError> {
        self.current_store().await?.0.find_by_number(number).await
    }

    async fn timeline(
        &self,
        id: IncidentId,
        range: TimelineRange,
    ) -> Result<Vec<Event>, BackendError> {
        self.current_store().await?.0.timeline(id, range).await
    }

    async fn measures(
        &self,
        window: &Window,
        cut: Cut,
        now: DateTime<Utc>,
    ) -> Result<Measures, BackendError> {
        self.current_store().await?.0.measures(window, cut, now).await
    }

    async fn pages(&self, query: &PagesQuery, now: DateTime<Utc>) -> Result<Pages, BackendError> {
        self.current_store().await?.0.pages(query, now).await
    }

    async fn execute(&self, envelope: &Envelope) -> Result<Outcome, BackendError> {
        self.store_to_write().await?.execute(envelope).await
    }

    async fn execute_all(&self, envelopes: &[Envelope]) -> Vec<Result<Outcome, BackendError>> {
        match self.store_to_write().await {
            Ok(store) => store.execute_all(envelopes).await,
            Err(error) => vec![Err(error); envelopes.len()],
        }
    }

    async fn execute_in_order(&self, envelopes: &[Envelope]) -> Vec<Result<Outcome, BackendError>> {
        match self.store_to_write().await {
            Ok(store) => store.execute_in_order(envelopes).await,
            Err(error) => vec![Err(error)],
        }
    }

    async fn problems(&self) -> Result<Vec<Problem>, BackendError> {
        self.current_store().await?.0.problems().await
    }

    async fn feed(&self, search: &FeedSearch) -> Result<Page<FeedEntry>, BackendError> {
        self.current_store().await?.0.feed(search).await
    }

    async fn recorded_changes(&self, search: &ChangeSearch) -> Result<Page<Change>, BackendError> {
        self.current_store().await?.0.recorded_changes(search).await
    }

    async fn recorded_change(&self, id: ChangeId) -> Result<Option<Change>, BackendError> {
        self.current_store().await?.0.recorded_change(id).await
    }

    async fn reviews(&self, search: &ReviewSearch) -> Result<Page<ReviewEntry>, BackendError> {
        self.current_store().await?.0.reviews(search).await
    }

    async fn action_items(
        &self,
        search: &ActionItemSearch,
    ) -> Result<Page<ActionItemEntry>, BackendError> {
        self.current_store().await?.0.action_items(search).await
    }

    async fn linked_problems(
        &self,
        search: &ProblemSearch,
    ) -> Result<Page<ProblemEntry>, BackendError> {
        self.current_store().await?.0.linked_problems(search).await
    }

    async fn problem(&self, id: ProblemId) -> Result<ProblemEntry, BackendError> {
        self.current_store().await?.0.problem(id).await
    }

    async fn suspicions(&self, search: &ChangeSearch) -> Result<Vec<Suspicion>, BackendError> {
        self.current_store().await?.0.suspicions(search).await
    }

    async fn notifications(
        &self,
        search: &NotificationSearch,
    ) -> Result<Page<NotificationEntry>, BackendError> {
        self.current_store().await?.0.notifications(search).await
    }

    async fn directory(&self) -> Result<Directory, BackendError> {
        self.current_store().await?.0.directory().await
    }

    async fn administer(
        &self,
        request: &AdministrationRequest,
    ) -> Result<Administered, BackendError> {
        self.store_to_write().await?.administer(request).await
    }

    async fn administration_log(
        &self,
        search: &AdministrationSearch,
    ) -> Result<Page<AdministrationEvent>, BackendError> {
        self.current_store().await?.0.administration_log(search).await
    }

    async fn ingest(
        &self,
        group: &AlertGroup,
        actor: &Actor,
    ) -> Result<IngestOutcome, BackendError> {
        self.store_to_write().await?.ingest(group, actor).await
    }

    async fn add_dead_letter(&self, new: &NewDeadLetter) -> Result<u64, BackendError> {
        self.store_to_write().await?.add_dead_letter(new).await
    }

    async fn dead_letters(
        &self,
        search: &DeadLetterSearch,
    ) -> Result<DeadLetterList, BackendError> {
        self.current_store().await?.0.dead_letters(search).await
    }

    async fn dead_letter(&self, number: u64) -> Result<DeadLetterMessage, BackendError> {
        self.current_store().await?.0.dead_letter(number).await
    }

    async fn remove_dead_letter(&self, number: u64) -> Result<DeadLetter, BackendError> {
        self.store_to_write().await?.remove_dead_letter(number).await
    }

    async fn alerts(&self, incident: IncidentId, limit: u32) -> Result<Vec<Alert>, BackendError> {
        self.current_store().await?.0.alerts(incident, limit).await
    }

    async fn similar(
        &self,
        incident: IncidentId,
        limit: u32,
    ) -> Result<SimilarIncidents, BackendError> {
        self.current_store().await?.0.similar(incident, limit).await
    }

    async fn beat(
        &self,
        name: &str,
        at: DateTime<Utc>,
        actor: &Actor,
    ) -> Result<BeatOutcome, BackendError> {
        self.store_to_write().await?.beat(name, at, actor).await
    }

    async fn find_group(&self, group: &str) -> Result<Option<IncidentId>, BackendError> {
        self.current_store().await?.0.find_group(group).await
    }

    async fn unknown_services(&self) -> Result<Vec<UnknownService>, BackendError> {
        self.current_store().await?.0.unknown_services().await
    }

    async fn heartbeats(&self) -> Result<Vec<Heartbeat>, BackendError> {
        self.current_store().await?.0.heartbeats().await
    }

    async fn edit_heartbeat(
        &self,
        name: &str,
        edit: &HeartbeatEdit,
        at: DateTime<Utc>,
    ) -> Result<Result<Heartbeat, HeartbeatFault>, BackendError> {
        self.store_to_write().await?.edit_heartbeat(name, edit, at).await
    }

    async fn find_silent_heartbeats(
        &self,
        rules: &[HeartbeatRule],
        started: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<HeartbeatCheck, BackendError> {
        // Without heartbeats in the settings there is mostly nothing to write.
        let store = if rules.is_empty() {
            self.current_store().await?.0
        } else {
            self.store_to_write().await?
        };
        store.find_silent_heartbeats(rules, started, now).await
    }

    async fn self_tests(&self) -> Result<Vec<TestRecord>, BackendError> {
        self.current_store().await?.0.self_tests().await
    }

    async fn maintenance(
        &self,
        search: &MaintenanceSearch,
    ) -> Result<Vec<MaintenanceWindow>, BackendError> {
        self.current_store().await?.0.maintenance(search).await
    }

    async fn maintenance_window(&self, id: Uuid) -> Result<MaintenanceWindow, BackendError> {
        self.current_store().await?.0.maintenance_window(id).await
    }

    async fn change_maintenance(
        &self,
        request: &MaintenanceRequest,
    ) -> Result<MaintenanceWindow, BackendError> {
        self.store_to_write().await?.change_maintenance(request).await
    }

    async fn preview_maintenance(
        &self,
        window: &NewWindow,
    ) -> Result<MaintenancePreview, BackendError> {
        self.current_store().await?.0.preview_maintenance(window).await
    }

    async fn muted(&self, search: &MutedSearch) -> Result<Vec<MutedEntry>, BackendError> {
        self.current_store().await?.0.muted(search).await
    }

    async fn waiting_alerts(&self, limit: u32) -> Result<WaitingList, BackendError> {
        self.current_store().await?.0.waiting_alerts(limit).await
    }

    async fn noise(&self, search: &NoiseSearch) -> Result<NoiseReport, BackendError> {
        self.current_store().await?.0.noise(search).await
    }

    async fn evidence(&self, id: Uuid) -> Result<EvidenceContent, BackendError> {
        self.current_store().await?.0.evidence(id).await
    }

    async fn firing_alerts(&self, limit: u32) -> Result<Vec<Alert>, BackendError> {
        self.current_store().await?.0.firing_alerts(limit).await
    }

    async fn alerts_of_groups(
        &self,
        prefix: &str,
        key: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Alert>, BackendError> {
        self.current_store().await?.0.alerts_of_groups(prefix, key, limit).await
    }

    async fn find_link(&self, digest: &LinkDigest) -> Result<Option<AnswerLink>, BackendError> {
        self.current_store().await?.0.find_link(digest).await
    }

    async fn use_link(&self, digest: &LinkDigest, at: DateTime<Utc>) -> Result<(), BackendError> {
        self.store_to_write().await?.use_link(digest, at).await
    }

    async fn store_mark(&self) -> Option<StoreMark> {
        self.current_store().await.ok()?.0.store_mark().await
    }

    async fn report_seen(&self, seen: &StoreMark) -> Result<(), BackendError> {
        self.current_store().await?.0.report_seen(seen).await
    }

    async fn contacts(&self) -> Result<Vec<PersonReach>, BackendError> {
        self.current_store().await?.0.read_reach().await
    }

    async fn change_contacts(&self, request: &ContactRequest) -> Result<PersonReach, BackendError> {
        self.store_to_write().await?.change_stored_contacts(request).await
    }

    async fn test_contacts(
        &self,
        person: &str,
        contact: Option<&str>,
    ) -> Result<Vec<ContactTest>, BackendError> {
        self.current_store().await?.0.send_tests(person, contact).await
    }

    async fn check_write(&self) -> Result<(), BackendError> {
        self.store_to_write().await?.check_write().await
    }

    async fn storage(&self) -> Option<Storage> {
        Some(store_size(&self.path))
    }
}

//! The store as a [`Backend`].

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::eager::{COMMAND_TIME, poll_eagerly};
use super::options::DEMO_NAME;
use super::store::FileStore;
use super::writer::TxScope;
use super::{
    alerts, change_table, changes, directory_table, group_commit, measures, problem_table, read,
    search, similar,
};
use crate::backend::{
    ActionItemEntry, ActionItemSearch, Administered, AdministrationRequest, AdministrationSearch,
    Backend, BackendError, Capabilities, ChangeSearch, CommandKinds, ContactRequest, Cursor,
    DeadLetter, DeadLetterList, DeadLetterMessage, DeadLetterSearch, Delta, Detail, FeedEntry,
    FeedSearch, IngestOutcome, MAX_SIMILAR, NewDeadLetter, NoiseSearch, NotificationEntry,
    NotificationSearch, Outcome, Page, ProblemEntry, ProblemSearch, ReviewEntry, ReviewSearch,
    Search, SimilarIncidents, Storage, StoreMark, Suspicion, TimelineRange, WaitingList,
};
use crate::model::administration::AdministrationEvent;
use crate::model::alert::{Alert, AlertGroup};
use crate::model::change::Change;
use crate::model::command::CommandKind;
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
    Actor, ChangeId, Envelope, Event, IncidentId, IncidentNumber, ProblemId, Summary,
};

#[async_trait]
impl Backend for FileStore {
    async fn capabilities(&self) -> Result<Capabilities, BackendError> {
        Ok(Capabilities {
            name: self.inner.options.name.clone(),
            verbs: if self.is_read_only() && !self.lacks_room() {
                CommandKinds::default()
            } else {
                BTreeSet::from(CommandKind::ALL).into()
            },
            live: true,
            me: None,
            checks_person: false,
            store: self.store_info(),
            // The demo escalates in its simulation.
            escalates: self.inner.options.name == DEMO_NAME,
        })
    }

    async fn store_mark(&self) -> Option<StoreMark> {
        self.current_mark()
    }

    async fn report_seen(&self, seen: &StoreMark) -> Result<(), BackendError> {
        self.compare_with_seen(seen).await
    }

    async fn changes(&self, since: Option<Cursor>, wait: Duration) -> Result<Delta, BackendError> {
        self.with_path_context(changes::wait_for_changes(self, since, wait)).await
    }

    async fn search(&self, search: &Search) -> Result<Page<Summary>, BackendError> {
        if Self::uses_full_text(&search.filter)
            && let Err(error) = self.update_full_text().await
        {
            // Texts that are not indexed, because the disk is full for example, are compared
            // directly.
            if !error.is_temporary() {
                return Err(error);
            }
        }
        let rules = self.rules();
        self.with_path_context(async {
            let overlay = &self.inner.options.overlay;
            search::search(&mut *self.acquire_reader().await?, search, &rules, overlay).await
        })
        .await
    }

    async fn incident(&self, id: IncidentId) -> Result<Detail, BackendError> {
        let store = self.clone();
        self.with_path_context(changes::read_to_completion(async move {
            let (rules, overlay) = (store.rules(), &store.inner.options.overlay);
            read::read_detail(&mut *store.acquire_reader().await?, id, &rules, overlay).await
        }))
        .await
    }

    async fn find_by_number(&self, number: IncidentNumber) -> Result<IncidentId, BackendError> {
        self.with_path_context(async {
            read::find_by_number(&mut *self.acquire_reader().await?, number).await
        })
        .await
    }

    async fn timeline(
        &self,
        id: IncidentId,
        range: TimelineRange,
    ) -> Result<Vec<Event>, BackendError> {
        self.with_path_context(async {
            read::read_timeline(&mut *self.acquire_reader().await?, id, range).await
        })
        .await
    }

    async fn measures(
        &self,
        window: &Window,
        cut: Cut,
        now: DateTime<Utc>,
    ) -> Result<Measures, BackendError> {
        let (store, window) = (self.clone(), window.clone());
        self.with_path_context(changes::read_to_completion(async move {
            measures::read_measures(&store, &window, cut, now).await
        }))
        .await
    }

    async fn pages(&self, query: &PagesQuery, now: DateTime<Utc>) -> Result<Pages, BackendError> {
        let directory = self.directory().await?;
        let (store, query) = (self.clone(), query.clone());
        self.with_path_context(changes::read_to_completion(async move {
            store.read_pages(&query, &directory, now).await
        }))
        .await
    }

    async fn execute(&self, envelope: &Envelope) -> Result<Outcome, BackendError> {
        self.check_writable()?;
        let (store, envelope) = (self.clone(), envelope.clone());
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let rules = store.rules();
            store.reserve_for(2);
            let work = Box::pin(writer.execute_and_mute(&envelope, &rules, TxScope::Transaction));
            let result = poll_eagerly(work, COMMAND_TIME).await;
            if let Ok(outcome) = &result {
                store.record_issued(&writer, std::iter::once(outcome));
            }
            drop(writer);
            if result.is_ok() {
                store.inner.watcher.wake();
            }
            result
        })
        .await
    }

    async fn execute_all(&self, envelopes: &[Envelope]) -> Vec<Result<Outcome, BackendError>> {
        group_commit::execute_all(self, envelopes).await
    }

    async fn execute_in_order(&self, envelopes: &[Envelope]) -> Vec<Result<Outcome, BackendError>> {
        group_commit::execute_in_order(self, envelopes).await
    }

    async fn problems(&self) -> Result<Vec<Problem>, BackendError> {
        self.with_path_context(async {
            problem_table::read_problems(&mut *self.acquire_reader().await?).await
        })
        .await
    }

    async fn feed(&self, search: &FeedSearch) -> Result<Page<FeedEntry>, BackendError> {
        self.with_path_context(self.read_feed(search)).await
    }

    async fn recorded_changes(&self, search: &ChangeSearch) -> Result<Page<Change>, BackendError> {
        self.with_path_context(self.read_changes(search)).await
    }

    async fn recorded_change(&self, id: ChangeId) -> Result<Option<Change>, BackendError> {
        self.with_path_context(async {
            change_table::read_change(&mut *self.acquire_reader().await?, id).await
        })
        .await
    }

    async fn reviews(&self, search: &ReviewSearch) -> Result<Page<ReviewEntry>, BackendError> {
        self.with_path_context(self.read_reviews(search)).await
    }

    async fn action_items(
        &self,
        search: &ActionItemSearch,
    ) -> Result<Page<ActionItemEntry>, BackendError> {
        self.with_path_context(self.read_action_items(search)).await
    }

    async fn linked_problems(
        &self,
        search: &ProblemSearch,
    ) -> Result<Page<ProblemEntry>, BackendError> {
        self.with_path_context(self.read_linked_problems(search)).await
    }

    async fn problem(&self, id: ProblemId) -> Result<ProblemEntry, BackendError> {
        let store = self.clone();
        self.with_path_context(changes::read_to_completion(async move {
            store.read_one_problem(id).await
        }))
        .await
    }

    async fn suspicions(&self, search: &ChangeSearch) -> Result<Vec<Suspicion>, BackendError> {
        let (store, search) = (self.clone(), search.clone());
        self.with_path_context(changes::read_to_completion(async move {
            store.read_suspicions(&search).await
        }))
        .await
    }

    async fn notifications(
        &self,
        search: &NotificationSearch,
    ) -> Result<Page<NotificationEntry>, BackendError> {
        self.with_path_context(self.read_notifications(search)).await
    }

    async fn directory(&self) -> Result<Directory, BackendError> {
        let stored = self.with_path_context(async {
            directory_table::read_directory(&mut *self.acquire_reader().await?).await
        });
        let stored = stored.await?.unwrap_or_default();
        let maintenance = self.read_directory_windows().await?;
        Ok(Directory { maintenance, ..stored.merged_with(&self.inner.options.overlay) })
    }

    async fn maintenance(
        &self,
        search: &MaintenanceSearch,
    ) -> Result<Vec<MaintenanceWindow>, BackendError> {
        self.read_maintenance(search).await
    }

    async fn maintenance_window(&self, id: Uuid) -> Result<MaintenanceWindow, BackendError> {
        self.read_window(id).await
    }

    async fn change_maintenance(
        &self,
        request: &MaintenanceRequest,
    ) -> Result<MaintenanceWindow, BackendError> {
        self.store_maintenance(request).await
    }

    async fn preview_maintenance(
        &self,
        window: &NewWindow,
    ) -> Result<MaintenancePreview, BackendError> {
        self.preview(window).await
    }

    async fn muted(&self, search: &MutedSearch) -> Result<Vec<MutedEntry>, BackendError> {
        self.read_muted(search).await
    }

    async fn administer(
        &self,
        request: &AdministrationRequest,
    ) -> Result<Administered, BackendError> {
        self.change_directory(request).await
    }

    async fn administration_log(
        &self,
        search: &AdministrationSearch,
    ) -> Result<Page<AdministrationEvent>, BackendError> {
        self.read_administration_log(search).await
    }

    async fn ingest(
        &self,
        group: &AlertGroup,
        actor: &Actor,
    ) -> Result<IngestOutcome, BackendError> {
        self.store_alerts(group, actor).await
    }

    async fn add_dead_letter(&self, new: &NewDeadLetter) -> Result<u64, BackendError> {
        self.store_dead_letter(new).await
    }

    async fn dead_letters(
        &self,
        search: &DeadLetterSearch,
    ) -> Result<DeadLetterList, BackendError> {
        self.read_dead_letters(search).await
    }

    async fn dead_letter(&self, number: u64) -> Result<DeadLetterMessage, BackendError> {
        self.read_dead_letter(number).await
    }

    async fn remove_dead_letter(&self, number: u64) -> Result<DeadLetter, BackendError> {
        self.delete_dead_letter(number).await
    }

    async fn alerts(&self, incident: IncidentId, limit: u32) -> Result<Vec<Alert>, BackendError> {
        self.with_path_context(async {
            alerts::read_alerts_of(&mut *self.acquire_reader().await?, incident, limit).await
        })
        .await
    }

    async fn similar(
        &self,
        incident: IncidentId,
        limit: u32,
    ) -> Result<SimilarIncidents, BackendError> {
        // Incidents that are not indexed, because the disk is full for example, are compared by
        // their rows.
        if let Err(error) = self.update_full_text().await
            && !error.is_temporary()
        {
            return Err(error);
        }
        let store = self.clone();
        self.with_path_context(changes::read_to_completion(async move {
            let limit = usize::try_from(limit.clamp(1, MAX_SIMILAR)).unwrap_or(1);
            similar::find_all(&mut *store.acquire_reader().await?, incident, limit).await
        }))
        .await
    }

    async fn beat(
        &self,
        name: &str,
        at: DateTime<Utc>,
        actor: &Actor,
    ) -> Result<BeatOutcome, BackendError> {
        self.store_beat(name, at, actor).await
    }

    async fn find_group(&self, group: &str) -> Result<Option<IncidentId>, BackendError> {
        self.with_path_context(async {
            alerts::find_group(&mut *self.acquire_reader().await?, group).await
        })
        .await
    }

    async fn unknown_services(&self) -> Result<Vec<UnknownService>, BackendError> {
        self.read_unknown_services().await
    }

    async fn heartbeats(&self) -> Result<Vec<Heartbeat>, BackendError> {
        self.read_heartbeats().await
    }

    async fn edit_heartbeat(
        &self,
        name: &str,
        edit: &HeartbeatEdit,
        at: DateTime<Utc>,
    ) -> Result<Result<Heartbeat, HeartbeatFault>, BackendError> {
        self.store_definition(name, edit, at).await
    }

    async fn find_silent_heartbeats(
        &self,
        rules: &[HeartbeatRule],
        started: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<HeartbeatCheck, BackendError> {
        self.find_silent(rules, started, now).await
    }

    async fn self_tests(&self) -> Result<Vec<TestRecord>, BackendError> {
        self.read_self_tests().await
    }

    async fn waiting_alerts(&self, limit: u32) -> Result<WaitingList, BackendError> {
        self.read_waiting(limit, Utc::now()).await
    }

    async fn noise(&self, search: &NoiseSearch) -> Result<NoiseReport, BackendError> {
        self.count_noise(search, Utc::now()).await
    }

    async fn evidence(&self, id: Uuid) -> Result<EvidenceContent, BackendError> {
        self.read_evidence(id).await
    }

    async fn firing_alerts(&self, limit: u32) -> Result<Vec<Alert>, BackendError> {
        self.with_path_context(async {
            alerts::read_firing(&mut *self.acquire_reader().await?, limit).await
        })
        .await
    }

    async fn alerts_of_groups(
        &self,
        prefix: &str,
        key: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Alert>, BackendError> {
        self.with_path_context(async {
            let mut conn = self.acquire_reader().await?;
            alerts::read_of_groups(&mut conn, prefix, key, limit).await
        })
        .await
    }

    async fn find_link(&self, digest: &LinkDigest) -> Result<Option<AnswerLink>, BackendError> {
        self.read_link(digest).await
    }

    async fn use_link(&self, digest: &LinkDigest, at: DateTime<Utc>) -> Result<(), BackendError> {
        self.mark_link_used(digest, at).await
    }

    async fn contacts(&self) -> Result<Vec<PersonReach>, BackendError> {
        self.read_reach().await
    }

    async fn change_contacts(&self, request: &ContactRequest) -> Result<PersonReach, BackendError> {
        self.change_stored_contacts(request).await
    }

    async fn test_contacts(
        &self,
        person: &str,
        contact: Option<&str>,
    ) -> Result<Vec<ContactTest>, BackendError> {
        self.send_tests(person, contact).await
    }

    async fn check_write(&self) -> Result<(), BackendError> {
        self.write_nothing().await
    }

    async fn storage(&self) -> Option<Storage> {
        Some(store_size(self.path()))
    }
}

/// Returns the size of a store with its write-ahead log. Missing files count as empty.
pub(super) fn store_size(path: &Path) -> Storage {
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let mut bytes = size(path);
    for suffix in ["-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        bytes += size(Path::new(&file));
    }
    Storage { path: path.to_owned(), bytes }
}

//! Implements [`Backend`] for a remote with its cache and outbox. What it reads is read as by
//! [`Reader`], without its age.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::error::OutboxError;
use super::{Remote, Submission};
use crate::backend::{
    ActionItemEntry, ActionItemSearch, Administered, AdministrationRequest, AdministrationSearch,
    Backend, BackendError, Capabilities, ChangeSearch, ClockOffset, ContactRequest, Cursor, Delta,
    Detail, FeedEntry, FeedSearch, NoiseSearch, NotificationEntry, NotificationSearch, Outcome,
    Page, ProblemEntry, ProblemSearch, ReviewEntry, ReviewSearch, Search, Suspicion, TimelineRange,
    WaitingList,
};
use crate::model::administration::AdministrationEvent;
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
use crate::model::notification::{ContactTest, PersonReach};
use crate::model::problem::Problem;
use crate::model::signals::{BeatOutcome, Heartbeat};
use crate::model::unknown_service::UnknownService;
use crate::model::{Actor, Envelope, Event, IncidentId, IncidentNumber, ProblemId, Summary};
use crate::sync::reader::Reader;

#[async_trait]
impl Backend for Remote {
    async fn capabilities(&self) -> Result<Capabilities, BackendError> {
        self.read_capabilities().await.map(|read| read.value)
    }

    /// Requests changes, and is never answered from the cache: the caller wants to know whether
    /// there are any.
    async fn changes(&self, since: Option<Cursor>, wait: Duration) -> Result<Delta, BackendError> {
        self.fetch_changes(since, wait).await
    }

    async fn search(&self, search: &Search) -> Result<Page<Summary>, BackendError> {
        self.read_page(search).await.map(|read| read.value)
    }

    async fn incident(&self, id: IncidentId) -> Result<Detail, BackendError> {
        self.read_detail(id).await.map(|read| read.value)
    }

    async fn find_by_number(&self, number: IncidentNumber) -> Result<IncidentId, BackendError> {
        self.find_incident(number).await.map(|read| read.value)
    }

    async fn timeline(
        &self,
        id: IncidentId,
        range: TimelineRange,
    ) -> Result<Vec<Event>, BackendError> {
        self.read_timeline(id, range).await.map(|read| read.value)
    }

    async fn measures(
        &self,
        window: &Window,
        cut: Cut,
        now: DateTime<Utc>,
    ) -> Result<Measures, BackendError> {
        let shared = &self.shared;
        let fresh = shared.fetch_measures(window, cut, now);
        let read = shared.fetch_or_cached(fresh, shared.cached_measures(window, cut)).await;
        read.map(|read| read.value)
    }

    async fn pages(&self, query: &PagesQuery, now: DateTime<Utc>) -> Result<Pages, BackendError> {
        let shared = &self.shared;
        let fresh = shared.fetch_pages(query, now);
        let read = Box::pin(shared.fetch_or_cached(fresh, shared.cached_pages(query))).await;
        read.map(|read| read.value)
    }

    /// Puts the command into the outbox first. Without an answer in time the result is
    /// [`BackendError::Unreachable`], and the command is sent later nevertheless.
    async fn execute(&self, envelope: &Envelope) -> Result<Outcome, BackendError> {
        match self.submit_and_wait(envelope).await? {
            Submission::Done(outcome) => Ok(*outcome),
            Submission::Queued(why) => {
                Err(BackendError::unreachable(OutboxError::Queued(why.into())))
            }
        }
    }

    async fn problems(&self) -> Result<Vec<Problem>, BackendError> {
        self.read_problems().await.map(|read| read.value)
    }

    async fn feed(&self, search: &FeedSearch) -> Result<Page<FeedEntry>, BackendError> {
        self.read_feed(search).await.map(|read| read.value)
    }

    async fn recorded_changes(&self, search: &ChangeSearch) -> Result<Page<Change>, BackendError> {
        self.read_recorded_changes(search).await.map(|read| read.value)
    }

    async fn reviews(&self, search: &ReviewSearch) -> Result<Page<ReviewEntry>, BackendError> {
        self.read_reviews(search).await.map(|read| read.value)
    }

    async fn action_items(
        &self,
        search: &ActionItemSearch,
    ) -> Result<Page<ActionItemEntry>, BackendError> {
        self.read_action_items(search).await.map(|read| read.value)
    }

    async fn linked_problems(
        &self,
        search: &ProblemSearch,
    ) -> Result<Page<ProblemEntry>, BackendError> {
        self.read_linked_problems(search).await.map(|read| read.value)
    }

    async fn problem(&self, id: ProblemId) -> Result<ProblemEntry, BackendError> {
        self.read_problem(id).await.map(|read| read.value)
    }

    async fn suspicions(&self, search: &ChangeSearch) -> Result<Vec<Suspicion>, BackendError> {
        self.read_suspicions(search).await.map(|read| read.value)
    }

    async fn notifications(
        &self,
        search: &NotificationSearch,
    ) -> Result<Page<NotificationEntry>, BackendError> {
        self.read_notifications(search).await.map(|read| read.value)
    }

    async fn directory(&self) -> Result<Directory, BackendError> {
        self.read_directory().await.map(|read| read.value)
    }

    /// Sends the change immediately: changes of the directory are not queued.
    async fn administer(
        &self,
        request: &AdministrationRequest,
    ) -> Result<Administered, BackendError> {
        self.shared.backend.administer(request).await
    }

    async fn administration_log(
        &self,
        search: &AdministrationSearch,
    ) -> Result<Page<AdministrationEvent>, BackendError> {
        self.shared.backend.administration_log(search).await
    }

    /// Sends the heartbeat immediately: a late one is useless.
    async fn beat(
        &self,
        name: &str,
        at: DateTime<Utc>,
        actor: &Actor,
    ) -> Result<BeatOutcome, BackendError> {
        self.shared.backend.beat(name, at, actor).await
    }

    async fn unknown_services(&self) -> Result<Vec<UnknownService>, BackendError> {
        self.read_unknown_services().await.map(|read| read.value)
    }

    async fn heartbeats(&self) -> Result<Vec<Heartbeat>, BackendError> {
        self.shared.backend.heartbeats().await
    }

    async fn contacts(&self) -> Result<Vec<PersonReach>, BackendError> {
        self.shared.backend.contacts().await
    }

    /// Sends the change immediately: addresses are not queued on this machine.
    async fn change_contacts(&self, request: &ContactRequest) -> Result<PersonReach, BackendError> {
        self.shared.backend.change_contacts(request).await
    }

    async fn test_contacts(
        &self,
        person: &str,
        contact: Option<&str>,
    ) -> Result<Vec<ContactTest>, BackendError> {
        self.shared.backend.test_contacts(person, contact).await
    }

    async fn maintenance(
        &self,
        search: &MaintenanceSearch,
    ) -> Result<Vec<MaintenanceWindow>, BackendError> {
        self.shared.backend.maintenance(search).await
    }

    async fn maintenance_window(&self, id: Uuid) -> Result<MaintenanceWindow, BackendError> {
        self.shared.backend.maintenance_window(id).await
    }

    /// Sends the change immediately: changes of maintenance windows are not queued.
    async fn change_maintenance(
        &self,
        request: &MaintenanceRequest,
    ) -> Result<MaintenanceWindow, BackendError> {
        self.shared.backend.change_maintenance(request).await
    }

    async fn preview_maintenance(
        &self,
        window: &NewWindow,
    ) -> Result<MaintenancePreview, BackendError> {
        self.shared.backend.preview_maintenance(window).await
    }

    async fn muted(&self, search: &MutedSearch) -> Result<Vec<MutedEntry>, BackendError> {
        self.shared.backend.muted(search).await
    }

    async fn waiting_alerts(&self, limit: u32) -> Result<WaitingList, BackendError> {
        self.shared.backend.waiting_alerts(limit).await
    }

    async fn noise(&self, search: &NoiseSearch) -> Result<NoiseReport, BackendError> {
        self.shared.backend.noise(search).await
    }

    async fn evidence(&self, id: Uuid) -> Result<EvidenceContent, BackendError> {
        self.shared.backend.evidence(id).await
    }

    fn clock_offset(&self) -> Option<ClockOffset> {
        self.shared.backend.clock_offset()
    }

    fn unreadable_count(&self) -> usize {
        self.shared.backend.unreadable_count()
    }

    async fn measure_clock(&self) -> Result<(), BackendError> {
        self.shared.backend.measure_clock().await
    }
}

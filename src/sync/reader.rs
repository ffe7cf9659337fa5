//! The only way in which backends are read: by a [`Reader`], which returns each value with the time
//! as of which it was true.
//!
//! [`DirectReader`] reads a backend directly, such as a local store: its results are fresh, and
//! each is returned once. A [`Remote`](super::remote::Remote) has a cache: it may return a cached
//! value, or a cached value first and the response after it. Callers do not know which of the two
//! they have.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::backend::{
    ActionItemEntry, ActionItemSearch, Backend, BackendError, Capabilities, ChangeSearch,
    ClockOffset, Cursor, Delta, Detail, FeedEntry, FeedSearch, NoiseSearch, NotificationEntry,
    NotificationSearch, Page, ProblemEntry, ProblemSearch, ReviewEntry, ReviewSearch, Search,
    SimilarIncidents, Suspicion, TimelineRange,
};
use crate::model::alert::Alert;
use crate::model::change::Change;
use crate::model::directory::Directory;
use crate::model::evidence::EvidenceContent;
use crate::model::maintenance::{MaintenanceSearch, MaintenanceWindow};
use crate::model::measures::pages::{Pages, PagesQuery};
use crate::model::measures::{Cut, Measures, Window};
use crate::model::noise::NoiseReport;
use crate::model::notification::PersonReach;
use crate::model::problem::Problem;
use crate::model::unknown_service::UnknownService;
use crate::model::{Event, IncidentId, IncidentNumber, ProblemId, Summary};

/// A value that was read, with its age.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sourced<T> {
    /// The value that was read.
    pub value: T,
    /// When a cached value was fetched; `None` if the backend itself has just returned it.
    pub as_of: Option<DateTime<Utc>>,
}

impl<T> Sourced<T> {
    /// Returns a value that the backend itself has just returned.
    #[must_use]
    pub fn fresh(value: T) -> Self {
        Self { value, as_of: None }
    }

    /// Returns a value of the cache that was fetched at a time.
    #[must_use]
    pub fn cached(value: T, at: DateTime<Utc>) -> Self {
        Self { value, as_of: Some(at) }
    }

    /// Converts the value; its age stays.
    #[must_use]
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Sourced<U> {
        Sourced { value: convert(self.value), as_of: self.as_of }
    }
}

/// The result of a read.
pub type ReadResult<T> = Result<Sourced<T>, BackendError>;

/// Gets the results of a read that may have several: the cached value, and then the response.
pub type OnRead<'a, T> = &'a mut (dyn FnMut(ReadResult<T>) + Send);

/// The cached data of a backend before anything is fetched.
#[derive(Clone, Debug, Default)]
pub struct CachedState {
    /// The backend's name and capabilities.
    pub capabilities: Option<Capabilities>,
    /// People, teams and services.
    pub directory: Option<Sourced<Directory>>,
    /// The rows of all open incidents, if they were ever fetched.
    pub rows: Option<Sourced<Vec<Summary>>>,
    /// The cursor of the next request for changes.
    pub cursor: Option<Cursor>,
}

/// Reads a backend.
///
/// There are three kinds of reads:
/// - `read_…` and [`find_incident`](Self::find_incident) return one value: the response, or the
///   cached value if the backend does not answer in time or can't be reached.
/// - [`read_incident`](Self::read_incident) and [`read_measures`](Self::read_measures) are for
///   screens: the cached value comes after a moment, and the response when it arrives.
/// - `fetch_…` never return cached values.
///
/// The methods with a body suit a backend without a cache. The errors are those of the backend.
#[async_trait]
pub trait Reader: Send + Sync {
    /// Returns the backend's name and capabilities.
    async fn read_capabilities(&self) -> ReadResult<Capabilities>;

    /// Returns people, teams and services.
    async fn read_directory(&self) -> ReadResult<Directory>;

    /// Returns the recorded problems.
    async fn read_problems(&self) -> ReadResult<Vec<Problem>>;

    /// Returns the services that incidents or changes name and the directory does not have.
    async fn read_unknown_services(&self) -> ReadResult<Vec<UnknownService>>;

    /// Returns one page of the events of all incidents. For this and the five methods below, a
    /// cache has the parts of the lists that were fetched before.
    async fn read_feed(&self, search: &FeedSearch) -> ReadResult<Page<FeedEntry>>;

    /// Returns one page of the recorded changes.
    async fn read_recorded_changes(&self, search: &ChangeSearch) -> ReadResult<Page<Change>>;

    /// Returns one page of the reviews.
    async fn read_reviews(&self, search: &ReviewSearch) -> ReadResult<Page<ReviewEntry>>;

    /// Returns one page of the action items over all incidents.
    async fn read_action_items(
        &self,
        search: &ActionItemSearch,
    ) -> ReadResult<Page<ActionItemEntry>>;

    /// Returns one page of the problems, with the incidents that link to them.
    async fn read_linked_problems(&self, search: &ProblemSearch) -> ReadResult<Page<ProblemEntry>>;

    /// Returns one problem with the incidents that link to it. A cache has it as in the list.
    async fn read_problem(&self, id: ProblemId) -> ReadResult<ProblemEntry>;

    /// Returns the suspicions against the changes on a page. A cache has those that were read last.
    async fn read_suspicions(&self, search: &ChangeSearch) -> ReadResult<Vec<Suspicion>>;

    /// Returns one page of the notifications.
    async fn read_notifications(
        &self,
        search: &NotificationSearch,
    ) -> ReadResult<Page<NotificationEntry>>;

    /// Returns one page of the rows that match a filter. A cache searches words in rows alone, and
    /// has only those ended incidents that were fetched once.
    async fn read_page(&self, search: &Search) -> ReadResult<Page<Summary>>;

    /// Returns one incident, without its timeline.
    async fn read_detail(&self, id: IncidentId) -> ReadResult<Detail>;

    /// Returns the alerts of an incident, firing ones first, at most `limit`. A cache has those of the
    /// record alone.
    async fn read_alerts(&self, id: IncidentId, limit: u32) -> ReadResult<Vec<Alert>>;

    /// Returns how people are reached. A cache has none of it: addresses must not be cached.
    async fn read_contacts(&self) -> ReadResult<Vec<PersonReach>>;

    /// Returns the maintenance windows. A cache has those of the directory alone, which have not ended.
    async fn read_maintenance(
        &self,
        search: &MaintenanceSearch,
    ) -> ReadResult<Vec<MaintenanceWindow>>;

    /// Returns the content of evidence. A cache has none of it.
    async fn read_evidence(&self, id: Uuid) -> Result<EvidenceContent, BackendError>;

    /// Counts the alerts of each check. A cache has the last report, whatever its window.
    async fn read_noise(&self, search: &NoiseSearch) -> ReadResult<NoiseReport>;

    /// Returns the incidents that resemble another one, the closest first, at most `limit`. A cache has
    /// those of the record alone.
    async fn read_similar(&self, id: IncidentId, limit: u32) -> ReadResult<SimilarIncidents>;

    /// Returns a part of a timeline, earliest event first.
    async fn read_timeline(&self, id: IncidentId, range: TimelineRange) -> ReadResult<Vec<Event>>;

    /// Returns the id of the incident that has a number.
    async fn find_incident(&self, number: IncidentNumber) -> ReadResult<IncidentId>;

    /// Reads an incident and the end of its timeline: its last events, at most `event_count`. If
    /// the backend is slow, `on_read` gets the cached value first, and the response when it comes.
    async fn read_incident(
        &self,
        id: IncidentId,
        event_count: u32,
        on_read: OnRead<'_, (Detail, Vec<Event>)>,
    );

    /// Reads measures. If the backend is slow, `on_read` first gets those that were computed last
    /// over a window of that length, and the response when it comes.
    async fn read_measures(
        &self,
        window: &Window,
        cut: Cut,
        now: DateTime<Utc>,
        on_read: OnRead<'_, Measures>,
    );

    /// Reads the pages of the measures, as [`read_measures`](Self::read_measures) reads measures.
    async fn read_pages(&self, query: &PagesQuery, now: DateTime<Utc>, on_read: OnRead<'_, Pages>);

    /// Returns the changes since a cursor, as [`Backend::changes`] does.
    async fn fetch_changes(
        &self,
        since: Option<Cursor>,
        wait: Duration,
    ) -> Result<Delta, BackendError>;

    /// Returns the backend's current name and capabilities.
    async fn fetch_capabilities(&self) -> Result<Capabilities, BackendError> {
        self.read_capabilities().await.map(|read| read.value)
    }

    /// Returns people, teams and services, as of now.
    async fn fetch_directory(&self) -> Result<Directory, BackendError> {
        self.read_directory().await.map(|read| read.value)
    }

    /// Returns a page of rows, as of now. Pending commands are not applied to it.
    async fn fetch_page(&self, search: &Search) -> Result<Page<Summary>, BackendError> {
        self.read_page(search).await.map(|read| read.value)
    }

    /// Returns the cached data, without a request to the backend.
    async fn cached_state(&self) -> CachedState {
        CachedState::default()
    }

    /// Updates the cached rows, for those who read them later without the backend.
    async fn refresh_cache(&self) {}

    /// Returns the incident in which a declared one is counted, because its alert belongs to an
    /// incident that was already open; the same id if it is an incident of its own.
    async fn resolve_alias(&self, id: IncidentId) -> Result<IncidentId, BackendError> {
        Ok(id)
    }

    /// Returns the error of the last request that did not reach the backend.
    fn last_failure(&self) -> Option<String> {
        None
    }

    /// Returns the difference between the clock of the backend and that of this machine, as
    /// [`Backend::clock_offset`] does.
    fn clock_offset(&self) -> Option<ClockOffset>;

    /// Returns the number of entries of an answer that could not be read, as
    /// [`Backend::unreadable_count`] does.
    fn unreadable_count(&self) -> usize;
}

/// Reads a backend without a cache: each value is fresh.
pub struct DirectReader {
    backend: Arc<dyn Backend>,
}

impl DirectReader {
    /// Returns the reader of a backend.
    #[must_use]
    pub fn new(backend: Arc<dyn Backend>) -> Self {
        Self { backend }
    }
}

#[async_trait]
impl Reader for DirectReader {
    async fn read_capabilities(&self) -> ReadResult<Capabilities> {
        self.backend.capabilities().await.map(Sourced::fresh)
    }

    async fn read_directory(&self) -> ReadResult<Directory> {
        self.backend.directory().await.map(Sourced::fresh)
    }

    async fn read_problems(&self) -> ReadResult<Vec<Problem>> {
        self.backend.problems().await.map(Sourced::fresh)
    }

    async fn read_unknown_services(&self) -> ReadResult<Vec<UnknownService>> {
        self.backend.unknown_services().await.map(Sourced::fresh)
    }

    async fn read_feed(&self, search: &FeedSearch) -> ReadResult<Page<FeedEntry>> {
        self.backend.feed(search).await.map(Sourced::fresh)
    }

    async fn read_recorded_changes(&self, search: &ChangeSearch) -> ReadResult<Page<Change>> {
        self.backend.recorded_changes(search).await.map(Sourced::fresh)
    }

    async fn read_reviews(&self, search: &ReviewSearch) -> ReadResult<Page<ReviewEntry>> {
        self.backend.reviews(search).await.map(Sourced::fresh)
    }

    async fn read_action_items(
        &self,
        search: &ActionItemSearch,
    ) -> ReadResult<Page<ActionItemEntry>> {
        self.backend.action_items(search).await.map(Sourced::fresh)
    }

    async fn read_linked_problems(&self, search: &ProblemSearch) -> ReadResult<Page<ProblemEntry>> {
        self.backend.linked_problems(search).await.map(Sourced::fresh)
    }

    async fn read_problem(&self, id: ProblemId) -> ReadResult<ProblemEntry> {
        self.backend.problem(id).await.map(Sourced::fresh)
    }

    async fn read_suspicions(&self, search: &ChangeSearch) -> ReadResult<Vec<Suspicion>> {
        self.backend.suspicions(search).await.map(Sourced::fresh)
    }

    async fn read_notifications(
        &self,
        search: &NotificationSearch,
    ) -> ReadResult<Page<NotificationEntry>> {
        self.backend.notifications(search).await.map(Sourced::fresh)
    }

    async fn read_page(&self, search: &Search) -> ReadResult<Page<Summary>> {
        self.backend.search(search).await.map(Sourced::fresh)
    }

    async fn read_detail(&self, id: IncidentId) -> ReadResult<Detail> {
        self.backend.incident(id).await.map(Sourced::fresh)
    }

    async fn read_alerts(&self, id: IncidentId, limit: u32) -> ReadResult<Vec<Alert>> {
        self.backend.alerts(id, limit).await.map(Sourced::fresh)
    }

    async fn read_evidence(&self, id: Uuid) -> Result<EvidenceContent, BackendError> {
        self.backend.evidence(id).await
    }

    async fn read_contacts(&self) -> ReadResult<Vec<PersonReach>> {
        self.backend.contacts().await.map(Sourced::fresh)
    }

    async fn read_maintenance(
        &self,
        search: &MaintenanceSearch,
    ) -> ReadResult<Vec<MaintenanceWindow>> {
        self.backend.maintenance(search).await.map(Sourced::fresh)
    }

    async fn read_noise(&self, search: &NoiseSearch) -> ReadResult<NoiseReport> {
        self.backend.noise(search).await.map(Sourced::fresh)
    }

    async fn read_similar(&self, id: IncidentId, limit: u32) -> ReadResult<SimilarIncidents> {
        self.backend.similar(id, limit).await.map(Sourced::fresh)
    }

    async fn read_timeline(&self, id: IncidentId, range: TimelineRange) -> ReadResult<Vec<Event>> {
        self.backend.timeline(id, range).await.map(Sourced::fresh)
    }

    async fn find_incident(&self, number: IncidentNumber) -> ReadResult<IncidentId> {
        self.backend.find_by_number(number).await.map(Sourced::fresh)
    }

    async fn read_incident(
        &self,
        id: IncidentId,
        event_count: u32,
        on_read: OnRead<'_, (Detail, Vec<Event>)>,
    ) {
        let (detail, events) = tokio::join!(
            self.backend.incident(id),
            self.backend.timeline(id, TimelineRange::Last(event_count))
        );
        on_read(detail.and_then(|detail| Ok(Sourced::fresh((detail, events?)))));
    }

    async fn read_measures(
        &self,
        window: &Window,
        cut: Cut,
        now: DateTime<Utc>,
        on_read: OnRead<'_, Measures>,
    ) {
        on_read(self.backend.measures(window, cut, now).await.map(Sourced::fresh));
    }

    async fn read_pages(&self, query: &PagesQuery, now: DateTime<Utc>, on_read: OnRead<'_, Pages>) {
        on_read(self.backend.pages(query, now).await.map(Sourced::fresh));
    }

    async fn fetch_changes(
        &self,
        since: Option<Cursor>,
        wait: Duration,
    ) -> Result<Delta, BackendError> {
        self.backend.changes(since, wait).await
    }

    fn clock_offset(&self) -> Option<ClockOffset> {
        self.backend.clock_offset()
    }

    fn unreadable_count(&self) -> usize {
        self.backend.unreadable_count()
    }
}

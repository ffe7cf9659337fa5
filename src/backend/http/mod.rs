//! Client of the project's own API: makes any backend that a redphone server serves usable as a
//! [`Backend`].
//!
//! The client caches only a few responses together with their `ETag`. It retries a request
//! automatically in one case only: once, with another token, after the first token was refused. The
//! sender of a command that got no answer decides what to do; sending it again with the same id is
//! safe. Every error is a sentence that names the host and contains neither the token nor any other
//! part of the request.

mod access_tokens;
mod address;
mod administration;
mod backoff;
mod batch;
mod client;
mod clock;
mod connection;
mod contacts;
mod dead_letters;
mod error_response;
mod etag_cache;
mod fetch;
mod incidents;
mod long_poll;
mod maintenance;
mod missing_term;
mod open_error;
mod options;
mod problems;
mod proxy;
mod replies;
pub mod token;
mod transport_error;
mod trust;
mod unusable_response;

use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use reqwest::Method;
use serde::Deserialize;
use tokio::sync::watch;
use uuid::Uuid;

use super::lists::{
    ActionItemEntry, ActionItemSearch, ChangeSearch, FeedEntry, FeedSearch, List, NoSuchList,
    NotificationEntry, NotificationSearch, ProblemEntry, ProblemSearch, ReviewEntry, ReviewSearch,
    Suspicion,
};
use super::{
    Administered, AdministrationRequest, AdministrationSearch, Backend, BackendError, Capabilities,
    ClockOffset, ContactRequest, Cursor, DeadLetter, DeadLetterList, DeadLetterMessage,
    DeadLetterSearch, Delta, Detail, NoNoise, NoUnknownServices, NoWaitingAlerts, NoiseSearch,
    Outcome, Page, Search, SimilarIncidents, StoreMark, TimelineRange, WaitingList,
};
use crate::api::{list_query, path, query};
use crate::model::administration::AdministrationEvent;
use crate::model::alert::Alert;
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
use crate::model::unknown::Entries;
use crate::model::unknown_service::UnknownService;
use crate::model::{Actor, Envelope, Event, IncidentId, IncidentNumber, ProblemId, Summary};
use client::{ApiClient, ApiRequest, ChangeRequest, get_request};
use connection::build_client;
use error_response::RequestError;
use etag_cache::EtagCache;
use long_poll::LongPoll;

pub use access_tokens::{AccessToken, CreatedAccessToken, NewAccessToken};
pub use address::{Address, AddressError};
pub use dead_letters::SentMessage;
pub use long_poll::LongPollState;
pub use open_error::OpenError;
pub use options::{FirstAnswer, Options, Timeouts};
pub use proxy::ProxySettings;
pub use token::{Token, TokenError, TokenSource};

/// A backend that is reached over HTTP.
pub struct HttpBackend {
    client: ApiClient,
    cache: EtagCache,
    long_poll: Mutex<LongPoll>,
}

impl std::fmt::Debug for HttpBackend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpBackend").field("address", &self.client.address).finish_non_exhaustive()
    }
}

impl HttpBackend {
    /// Creates the client; sends nothing and reads no token yet.
    ///
    /// # Errors
    /// The certificates can't be read, or the system has none; the address would expose the token
    /// because it has no TLS; the proxy can't be used.
    pub fn new(options: Options) -> Result<Self, OpenError> {
        let client = build_client(options)?;
        Ok(Self { client, cache: EtagCache::default(), long_poll: Mutex::new(LongPoll::new()) })
    }

    /// Returns the base URL of the API.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.client.address
    }

    /// Reads the token, unless it was read already, so that its public id is known.
    ///
    /// # Errors
    /// The source has no token, or no valid one.
    pub async fn read_token(&self) -> Result<(), TokenError> {
        self.client.tokens.get().await.map(drop)
    }

    /// Returns a counter of changes of the token, and of the store behind the API. After a change,
    /// the token may belong to another person, and the store may be another one.
    #[must_use]
    pub fn token_changes(&self) -> watch::Receiver<u64> {
        self.client.tokens.changes()
    }

    /// Returns whether the API holds requests for changes open, as far as observed.
    #[must_use]
    pub fn long_poll_state(&self) -> LongPollState {
        self.long_poll().state()
    }

    fn long_poll(&self) -> MutexGuard<'_, LongPoll> {
        self.long_poll.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Converts a time of this machine's clock to the server's clock.
    fn to_server_time(&self, time: DateTime<Utc>) -> DateTime<Utc> {
        let correction = self.client.clock.offset().map(|clock| clock.correction());
        time.checked_add_signed(correction.unwrap_or_default()).unwrap_or(time)
    }
}

#[async_trait]
impl Backend for HttpBackend {
    async fn capabilities(&self) -> Result<Capabilities, BackendError> {
        let capabilities: Capabilities = self
            .get_cached(path::CAPABILITIES.into(), get_request::<()>(path::CAPABILITIES))
            .await?;
        let me = capabilities.me.as_ref().filter(|_| capabilities.checks_person);
        *self.client.person() = me.map(|me| me.handle.clone());
        Ok(capabilities)
    }

    async fn changes(&self, since: Option<Cursor>, wait: Duration) -> Result<Delta, BackendError> {
        self.fetch_changes(since, wait).await
    }

    async fn search(&self, search: &Search) -> Result<Page<Summary>, BackendError> {
        self.fetch_rows(search).await
    }

    async fn incident(&self, id: IncidentId) -> Result<Detail, BackendError> {
        let request =
            ApiRequest { path_value: &id.to_string(), ..get_request::<()>(path::INCIDENT) };
        self.get(request).await.map_err(|failure| failure.error)
    }

    async fn similar(
        &self,
        incident: IncidentId,
        limit: u32,
    ) -> Result<SimilarIncidents, BackendError> {
        self.fetch_similar(incident, limit).await
    }

    async fn alerts(&self, id: IncidentId, limit: u32) -> Result<Vec<Alert>, BackendError> {
        self.fetch_alerts(id, limit).await
    }

    async fn find_by_number(&self, number: IncidentNumber) -> Result<IncidentId, BackendError> {
        #[derive(Deserialize)]
        struct Found {
            id: IncidentId,
        }
        let request =
            ApiRequest { path_value: &number.0.to_string(), ..get_request::<()>(path::NUMBER) };
        let found: Found = self.get(request).await.map_err(|failure| failure.error)?;
        Ok(found.id)
    }

    async fn timeline(
        &self,
        id: IncidentId,
        range: TimelineRange,
    ) -> Result<Vec<Event>, BackendError> {
        self.fetch_timeline(id, range).await
    }

    async fn measures(
        &self,
        window: &Window,
        cut: Cut,
        now: DateTime<Utc>,
    ) -> Result<Measures, BackendError> {
        let edges: Vec<String> = window
            .edges
            .iter()
            .skip(1)
            .map(|edge| edge.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
            .collect();
        let query = query::Measures {
            from: Some(window.from),
            to: Some(window.to),
            window: String::new(),
            edges: edges.join(","),
            cut,
            now: Some(self.to_server_time(now)),
        };
        let request = ApiRequest { query: Some(&query), ..get_request(path::MEASURES) };
        self.get(request).await.map_err(|failure| failure.error)
    }

    async fn pages(&self, query: &PagesQuery, now: DateTime<Utc>) -> Result<Pages, BackendError> {
        let query = query::Pages::new(query, self.to_server_time(now));
        let request = ApiRequest { query: Some(&query), ..get_request(path::PAGES) };
        match self.get(request).await.map_err(|failure| failure.error) {
            Err(BackendError::NotFound(_)) => {
                let host = Some(self.client.host.clone());
                Err(BackendError::not_allowed(NoSuchList { list: List::Pages, host }))
            }
            response => response,
        }
    }

    async fn execute(&self, envelope: &Envelope) -> Result<Outcome, BackendError> {
        let mut outcomes = self.execute_all(std::slice::from_ref(envelope)).await;
        outcomes.pop().unwrap_or_else(|| Err(BackendError::Broken("nothing was asked for".into())))
    }

    async fn execute_all(&self, envelopes: &[Envelope]) -> Vec<Result<Outcome, BackendError>> {
        batch::send(&self.client, envelopes).await
    }

    async fn problems(&self) -> Result<Vec<Problem>, BackendError> {
        let problems: Entries<Problem> =
            self.get_cached(path::PROBLEMS.into(), get_request::<()>(path::PROBLEMS)).await?;
        Ok(problems.0)
    }

    async fn feed(&self, search: &FeedSearch) -> Result<Page<FeedEntry>, BackendError> {
        self.get_list(List::Feed, path::FEED, list_query::Feed::from(search)).await
    }

    async fn recorded_changes(&self, search: &ChangeSearch) -> Result<Page<Change>, BackendError> {
        let query = list_query::ChangeRecords::from(search);
        self.get_list(List::Changes, path::CHANGE_RECORDS, query).await
    }

    async fn reviews(&self, search: &ReviewSearch) -> Result<Page<ReviewEntry>, BackendError> {
        self.get_list(List::Reviews, path::REVIEWS, list_query::Reviews::from(search)).await
    }

    async fn action_items(
        &self,
        search: &ActionItemSearch,
    ) -> Result<Page<ActionItemEntry>, BackendError> {
        let query = list_query::ActionItems::from(search);
        self.get_list(List::ActionItems, path::ACTION_ITEMS, query).await
    }

    async fn linked_problems(
        &self,
        search: &ProblemSearch,
    ) -> Result<Page<ProblemEntry>, BackendError> {
        let query = list_query::LinkedProblems::from(search);
        self.get_list(List::Problems, path::LINKED_PROBLEMS, query).await
    }

    async fn problem(&self, id: ProblemId) -> Result<ProblemEntry, BackendError> {
        self.fetch_problem(id).await
    }

    async fn suspicions(&self, search: &ChangeSearch) -> Result<Vec<Suspicion>, BackendError> {
        self.fetch_suspicions(search).await
    }

    async fn notifications(
        &self,
        search: &NotificationSearch,
    ) -> Result<Page<NotificationEntry>, BackendError> {
        let query = list_query::Notifications::from(search);
        self.get_list(List::Notifications, path::NOTIFICATIONS, query).await
    }

    async fn store_mark(&self) -> Option<StoreMark> {
        self.client.seen().clone()
    }

    /// Remembers the mark, which the next request contains.
    async fn report_seen(&self, seen: &StoreMark) -> Result<(), BackendError> {
        self.client.seen().get_or_insert_with(|| seen.clone());
        Ok(())
    }

    fn token_id(&self) -> Option<String> {
        self.client.tokens.id()
    }

    async fn directory(&self) -> Result<Directory, BackendError> {
        self.get_cached(path::DIRECTORY.into(), get_request::<()>(path::DIRECTORY)).await
    }

    async fn administer(
        &self,
        request: &AdministrationRequest,
    ) -> Result<Administered, BackendError> {
        self.send_change(request).await
    }

    async fn administration_log(
        &self,
        search: &AdministrationSearch,
    ) -> Result<Page<AdministrationEvent>, BackendError> {
        self.fetch_administration(search).await
    }

    /// Sends the heartbeat; the server sets its time and its sender.
    async fn beat(
        &self,
        name: &str,
        _at: DateTime<Utc>,
        _actor: &Actor,
    ) -> Result<BeatOutcome, BackendError> {
        let change = ChangeRequest { method: Method::POST, key: None, expected: None };
        let request = ApiRequest {
            path_value: name,
            change: Some(change),
            ..get_request::<()>(path::HEARTBEAT)
        };
        self.get(request).await.map_err(|failure| failure.error)
    }

    async fn unknown_services(&self) -> Result<Vec<UnknownService>, BackendError> {
        let services: Result<Entries<UnknownService>, RequestError> =
            self.get(get_request::<()>(path::UNKNOWN_SERVICES)).await;
        match services.map_err(|failure| failure.error) {
            // The server is older than this route.
            Err(BackendError::NotFound(_)) => Err(BackendError::not_allowed(NoUnknownServices)),
            services => services.map(|services| services.0),
        }
    }

    async fn heartbeats(&self) -> Result<Vec<Heartbeat>, BackendError> {
        let heartbeats: Result<Entries<Heartbeat>, RequestError> =
            self.get(get_request::<()>(path::HEARTBEATS)).await;
        heartbeats.map(|heartbeats| heartbeats.0).map_err(|failure| failure.error)
    }

    async fn contacts(&self) -> Result<Vec<PersonReach>, BackendError> {
        self.fetch_contacts().await
    }

    async fn change_contacts(&self, request: &ContactRequest) -> Result<PersonReach, BackendError> {
        self.send_contacts(request).await
    }

    async fn test_contacts(
        &self,
        person: &str,
        contact: Option<&str>,
    ) -> Result<Vec<ContactTest>, BackendError> {
        self.send_contact_tests(person, contact).await
    }

    async fn maintenance(
        &self,
        search: &MaintenanceSearch,
    ) -> Result<Vec<MaintenanceWindow>, BackendError> {
        self.fetch_maintenance(search).await
    }

    async fn maintenance_window(&self, id: Uuid) -> Result<MaintenanceWindow, BackendError> {
        self.fetch_window(id).await
    }

    async fn change_maintenance(
        &self,
        request: &MaintenanceRequest,
    ) -> Result<MaintenanceWindow, BackendError> {
        self.send_maintenance(request).await
    }

    async fn preview_maintenance(
        &self,
        window: &NewWindow,
    ) -> Result<MaintenancePreview, BackendError> {
        self.fetch_preview(window).await
    }

    async fn muted(&self, search: &MutedSearch) -> Result<Vec<MutedEntry>, BackendError> {
        self.fetch_muted(search).await
    }

    async fn waiting_alerts(&self, limit: u32) -> Result<WaitingList, BackendError> {
        let query = query::WaitingAlerts { limit: Some(limit) };
        let request = ApiRequest { query: Some(&query), ..get_request(path::WAITING_ALERTS) };
        match self.get(request).await.map_err(|failure| failure.error) {
            // The server is older than this route.
            Err(BackendError::NotFound(_)) => Err(BackendError::not_allowed(NoWaitingAlerts)),
            response => response,
        }
    }

    async fn noise(&self, search: &NoiseSearch) -> Result<NoiseReport, BackendError> {
        let query = query::Noise {
            from: Some(search.from),
            to: Some(search.to),
            limit: Some(search.limit),
        };
        let request = ApiRequest { query: Some(&query), ..get_request(path::NOISE) };
        match self.get(request).await.map_err(|failure| failure.error) {
            // The server is older than this route.
            Err(BackendError::NotFound(_)) => Err(BackendError::not_allowed(NoNoise)),
            response => response,
        }
    }

    async fn evidence(&self, id: Uuid) -> Result<EvidenceContent, BackendError> {
        let id = id.to_string();
        let request = ApiRequest { path_value: &id, ..get_request::<()>(path::EVIDENCE) };
        self.get(request).await.map_err(|failure| failure.error)
    }

    async fn dead_letters(
        &self,
        search: &DeadLetterSearch,
    ) -> Result<DeadLetterList, BackendError> {
        self.fetch_dead_letters(search).await
    }

    async fn dead_letter(&self, number: u64) -> Result<DeadLetterMessage, BackendError> {
        self.fetch_dead_letter(number).await
    }

    async fn remove_dead_letter(&self, number: u64) -> Result<DeadLetter, BackendError> {
        self.delete_dead_letter(number).await
    }

    fn clock_offset(&self) -> Option<ClockOffset> {
        self.client.clock.offset()
    }

    fn unreadable_count(&self) -> usize {
        self.client.unreadable.load(Ordering::Relaxed)
    }

    async fn measure_clock(&self) -> Result<(), BackendError> {
        if self.client.clock.offset().is_some() {
            return Ok(());
        }
        let response = self.client.call(&get_request::<()>(path::HEALTH)).await;
        // A refusal is a response, too: it has the server's time.
        match response {
            Err(failure) if self.client.clock.offset().is_none() => Err(failure.error),
            _ => Ok(()),
        }
    }
}

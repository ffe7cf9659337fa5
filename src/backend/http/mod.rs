//! Client of the project's own API: makes any backend that a redphone server serves usable as a
//! [`Backend`].
//!
//! The client caches only a few responses together with their `ETag`. It retries a request by
//! itself in one case only: once, with another token, after the first token was refused. Whoever
//! sent a command that got no answer decides what to do; sending it again with the same id is safe.
//! Every error is a sentence that names the host and contains neither the token nor any other part
//! of the request.

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
mod long_poll;
mod maintenance;
mod missing_term;
mod open_error;
mod options;
mod proxy;
mod replies;
pub mod token;
mod transport_error;
mod trust;
mod unusable_response;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use uuid::Uuid;

use super::lists::{
    ActionItemEntry, ActionItemSearch, ChangeSearch, FeedEntry, FeedSearch, List, MAX_ROWS,
    NoSuchList, NoSuchProblem, NotificationEntry, NotificationSearch, ProblemEntry, ProblemSearch,
    ReviewEntry, ReviewSearch, Suspicion,
};
use super::{
    Administered, AdministrationRequest, AdministrationSearch, Backend, BackendError, Capabilities,
    ClockOffset, ContactRequest, Cursor, DeadLetter, DeadLetterList, DeadLetterMessage,
    DeadLetterSearch, Delta, Detail, MAX_SIMILAR, NoNoise, NoUnknownServices, NoWaitingAlerts,
    NoiseSearch, Outcome, Page, Search, SimilarIncidents, StoreMark, TimelineRange, WaitingList,
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
use client::{ApiClient, ApiRequest, ApiResponse, ChangeRequest};
use connection::build_client;
use error_response::RequestError;
use etag_cache::EtagCache;
use long_poll::{LongPoll, MIN_WAIT};
use unusable_response::Unusable;

pub use access_tokens::{AccessToken, CreatedAccessToken, NewAccessToken};
pub use address::{Address, AddressError};
pub use dead_letters::SentMessage;
pub use long_poll::LongPollState;
pub use open_error::OpenError;
pub use options::{Options, Timeouts};
pub use proxy::ProxySettings;
pub use token::{Token, TokenError, TokenSource};

/// The largest number of timeline events that the API returns in one response.
const MAX_EVENTS: u32 = 1000;
/// The largest number of alerts that the API returns in one response.
const MAX_ALERTS: u32 = 1000;
/// A search whose `now` differs from the current time by less than this counts as a search for now.
const NOW_TOLERANCE: TimeDelta = TimeDelta::seconds(2);

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

    async fn get<T: DeserializeOwned, Q: Serialize + Sync>(
        &self,
        request: ApiRequest<'_, Q>,
    ) -> Result<T, RequestError> {
        match self.client.call(&request).await? {
            ApiResponse::Json(json, _) => Ok(self.client.decode(&json)?),
            ApiResponse::NotModified => Err(self.unexpected_not_modified().into()),
        }
    }

    /// Fetches like [`Self::get`], but through the cache: a response that has not changed since it
    /// was cached is not sent again. `key` identifies the request in the cache.
    async fn get_cached<T: DeserializeOwned, Q: Serialize + Sync>(
        &self,
        key: String,
        request: ApiRequest<'_, Q>,
    ) -> Result<T, BackendError> {
        let (request_number, cached) = self.cache.start_request(&key);
        let if_none_match = cached.as_ref().map(|cached| &cached.tag);
        let response = self.client.call(&ApiRequest { if_none_match, ..request }).await;
        match (response.map_err(|failure| failure.error)?, cached) {
            (ApiResponse::NotModified, Some(cached)) => self.client.decode(&cached.json),
            (ApiResponse::NotModified, None) => Err(self.unexpected_not_modified()),
            (ApiResponse::Json(json, tag), _) => {
                let value = self.client.decode(&json)?;
                if let Some(tag) = tag {
                    self.cache.insert(key, request_number, tag, &json);
                }
                Ok(value)
            }
        }
    }

    /// Returns the error for a 304 response to a request that sent no tag.
    fn unexpected_not_modified(&self) -> BackendError {
        BackendError::broken(self.client.unusable(Unusable::NotCached))
    }

    /// Converts a time of this machine's clock to the server's clock.
    fn to_server_time(&self, time: DateTime<Utc>) -> DateTime<Utc> {
        let correction = self.client.clock.offset().map(|clock| clock.correction());
        time.checked_add_signed(correction.unwrap_or_default()).unwrap_or(time)
    }

    /// Fetches a page of a list over all incidents. A server without its route is older than this
    /// program.
    async fn get_list<T: DeserializeOwned, Q: Serialize + Sync>(
        &self,
        list: List,
        path: &'static str,
        query: Q,
    ) -> Result<Page<T>, BackendError> {
        let request = ApiRequest { query: Some(&query), ..get_request(path) };
        match self.get(request).await.map_err(|failure| failure.error) {
            Err(BackendError::NotFound(_)) => {
                let host = Some(self.client.host.clone());
                Err(BackendError::not_allowed(NoSuchList { list, host }))
            }
            response => response,
        }
    }

    /// Finds a problem in the list of all.
    async fn find_problem(&self, id: ProblemId) -> Result<ProblemEntry, BackendError> {
        let mut search = ProblemSearch::first(MAX_ROWS);
        loop {
            let page = self.linked_problems(&search).await?;
            let found = page.rows.into_iter().find(|entry| entry.problem.id == id);
            search.after = page.next;
            match found {
                Some(found) => return Ok(found),
                None if search.after.is_none() => {
                    return Err(BackendError::not_found(NoSuchProblem(id)));
                }
                None => {}
            }
        }
    }

    async fn fetch_events(
        &self,
        id: IncidentId,
        query: query::Timeline,
    ) -> Result<Vec<Event>, BackendError> {
        let request = ApiRequest {
            path: path::TIMELINE,
            path_value: &id.to_string(),
            query: Some(&query),
            ..get_request(path::TIMELINE)
        };
        let events: Result<Entries<Event>, RequestError> = self.get(request).await;
        events.map(|events| events.0).map_err(|failure| failure.error)
    }
}

/// Returns a GET request for `path`, to which a query or a path value can be added.
fn get_request<Q>(path: &str) -> ApiRequest<'_, Q> {
    ApiRequest {
        path,
        path_value: "",
        query: None,
        body: None,
        media_type: "application/json",
        wait: Duration::ZERO,
        if_none_match: None,
        change: None,
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

    /// Returns what changed since a cursor. If something between client and server cuts a long poll
    /// short, this returns an empty delta instead of an error, as a long poll that ended without
    /// changes does; the next long poll then asks for a shorter wait.
    async fn changes(&self, since: Option<Cursor>, wait: Duration) -> Result<Delta, BackendError> {
        let wait = wait.min(Duration::from_secs(query::MAX_WAIT_S));
        // Without a cursor the server answers at once, with all open incidents.
        let wait = since.map_or(0, |_| self.long_poll().wait_seconds(wait, Instant::now()));
        let requested = Duration::from_secs(wait);
        let query = query::Changes { since, wait };
        let started = Instant::now();
        let request =
            ApiRequest { query: Some(&query), wait: requested, ..get_request(path::CHANGES) };
        let response: Result<Delta, RequestError> = self.get(request).await;
        let (elapsed, now) = (started.elapsed(), Instant::now());
        match (response, since) {
            (Ok(delta), _) => {
                let has_news = delta.reset || delta.directory || !delta.rows.is_empty();
                self.long_poll().record_answer(wait, elapsed, has_news);
                Ok(delta)
            }
            // Counts as cut only before the end of the wait, when the server would have answered.
            (Err(failure), Some(cursor))
                if (failure.is_gateway_timeout || failure.is_connection_lost)
                    && elapsed >= MIN_WAIT
                    && elapsed < requested =>
            {
                tracing::debug!(ms = elapsed.as_millis(), "a wait was cut: {}", failure.error);
                self.long_poll().record_cut(elapsed, failure.is_gateway_timeout, now);
                Ok(Delta { cursor, reset: false, rows: Vec::new(), directory: false })
            }
            (Err(failure), _) => {
                self.long_poll().record_failure(wait, elapsed);
                Err(failure.error)
            }
        }
    }

    async fn search(&self, search: &Search) -> Result<Page<Summary>, BackendError> {
        let mut query = query::Search {
            filter: search.filter.to_string(),
            sort: search.sort,
            limit: Some(search.limit),
            after: search.after.clone(),
            now: None,
            // Its dates are times by now, or of UTC.
            zone: None,
        };
        // The key leaves out `now`, so that the same search a moment later has the same key. The
        // tag tells whether its result is still the same.
        let key = query.after.is_none().then(|| format!("{query:?}"));
        // A request without `now` lets the server answer from the copy that all callers share.
        let is_now = (search.now - Utc::now()).abs() < NOW_TOLERANCE;
        query.now = Some(self.to_server_time(search.now)).filter(|_| key.is_none() || !is_now);
        let request = ApiRequest { query: Some(&query), ..get_request(path::INCIDENTS) };
        let read = match key {
            Some(key) => self.get_cached(key, request).await,
            None => self.get(request).await.map_err(|failure| failure.error),
        };
        read.map_err(|error| missing_term::explain(error, &self.client.address))
    }

    async fn incident(&self, id: IncidentId) -> Result<Detail, BackendError> {
        let request =
            ApiRequest { path_value: &id.to_string(), ..get_request::<()>(path::INCIDENT) };
        self.get(request).await.map_err(|failure| failure.error)
    }

    /// Returns the incidents that resemble another one. A server without the route is older than this
    /// program; it has some of them in the record.
    async fn similar(
        &self,
        incident: IncidentId,
        limit: u32,
    ) -> Result<SimilarIncidents, BackendError> {
        let query = query::Similar { limit: Some(limit.clamp(1, MAX_SIMILAR)) };
        let request = ApiRequest {
            path_value: &incident.to_string(),
            query: Some(&query),
            ..get_request(path::SIMILAR)
        };
        let found: Result<SimilarIncidents, RequestError> = self.get(request).await;
        match found.map_err(|failure| failure.error) {
            Err(BackendError::NotFound(_)) => {
                Ok(self.incident(incident).await?.similar_incidents(limit))
            }
            found => found,
        }
    }

    /// Returns the alerts of an incident. A server without their route is older than this program; it
    /// has them in the record, if it has any.
    async fn alerts(&self, id: IncidentId, limit: u32) -> Result<Vec<Alert>, BackendError> {
        let query = query::Alerts { limit: Some(limit.clamp(1, MAX_ALERTS)) };
        let request = ApiRequest {
            path_value: &id.to_string(),
            query: Some(&query),
            ..get_request(path::ALERTS)
        };
        let alerts: Result<Entries<Alert>, RequestError> = self.get(request).await;
        match alerts.map_err(|failure| failure.error) {
            Ok(alerts) => Ok(alerts.0),
            Err(BackendError::NotFound(_)) => {
                let mut alerts = self.incident(id).await?.alert_rows;
                alerts.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
                Ok(alerts)
            }
            Err(error) => Err(error),
        }
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
        let (mut before, mut remaining) = match range {
            TimelineRange::Last(0) | TimelineRange::Before(_, 0) => return Ok(Vec::new()),
            TimelineRange::After(after) => {
                return self
                    .fetch_events(id, query::Timeline { after: Some(after), ..<_>::default() })
                    .await;
            }
            TimelineRange::Last(count) => (None, count),
            TimelineRange::Before(before, count) => (Some(before), count),
        };
        // Pages backwards from the end, in requests of the largest size.
        let mut events = Vec::new();
        loop {
            let limit = remaining.min(MAX_EVENTS);
            let query = query::Timeline { after: None, before, limit: Some(limit) };
            let mut earlier = self.fetch_events(id, query).await?;
            let count = u32::try_from(earlier.len()).unwrap_or(u32::MAX);
            let first = earlier.first().map(|event| event.seq);
            earlier.append(&mut events);
            events = earlier;
            remaining = remaining.saturating_sub(count);
            if remaining == 0 || count < limit || first.is_none_or(|seq| seq <= 1) {
                return Ok(events);
            }
            before = first;
        }
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
            from: window.from,
            to: window.to,
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

    /// Returns one problem. A server without its route is older than this program; it has the problem in
    /// the list, with the newest of its incidents.
    async fn problem(&self, id: ProblemId) -> Result<ProblemEntry, BackendError> {
        let request =
            ApiRequest { path_value: &id.to_string(), ..get_request::<()>(path::PROBLEM) };
        let found: Result<ProblemEntry, RequestError> = self.get(request).await;
        match found.map_err(|failure| failure.error) {
            Err(BackendError::NotFound(_)) => self.find_problem(id).await,
            found => found,
        }
    }

    /// Returns what the changes on a page are suspected of; of nothing, if the server is older than this
    /// program.
    async fn suspicions(&self, search: &ChangeSearch) -> Result<Vec<Suspicion>, BackendError> {
        let query = list_query::ChangeRecords::from(search);
        let request = ApiRequest { query: Some(&query), ..get_request(path::SUSPICIONS) };
        let found: Result<Entries<Suspicion>, RequestError> = self.get(request).await;
        match found.map_err(|failure| failure.error) {
            Err(BackendError::NotFound(_)) => Ok(Vec::new()),
            found => found.map(|found| found.0),
        }
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

    /// Remembers the mark, which the next request says.
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

    /// Sends the sign of life; the server says when it was received, and from whom.
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

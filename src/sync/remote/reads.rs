//! Implements [`Reader`] for a remote: results come from the remote, or from the cache if the
//! remote does not answer in time. Pending commands are applied to both.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use uuid::Uuid;

use super::cache_reads::continues_cached_page;
use super::error::SearchEnded;
use super::fallback::stale_then_fresh;
use super::fetch::TIMELINE_EVENTS;
use super::{Remote, Shared};

use crate::backend::{
    ActionItemEntry, ActionItemSearch, BackendError, Capabilities, ChangeSearch, ClockOffset,
    Cursor, Delta, Detail, FeedEntry, FeedSearch, NoiseSearch, NotificationEntry,
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
use crate::sync::reader::{CachedState, OnRead, ReadResult, Reader, Sourced};

/// How often, in seconds, the cache records that its rows are still current.
const CONFIRMED_EVERY_S: i64 = 60;

#[async_trait]
impl Reader for Remote {
    async fn read_capabilities(&self) -> ReadResult<Capabilities> {
        let shared = &self.shared;
        shared.read_fact("capabilities", shared.request_capabilities()).await
    }

    async fn read_directory(&self) -> ReadResult<Directory> {
        let shared = &self.shared;
        shared.read_fact("directory", shared.backend.directory()).await
    }

    async fn read_problems(&self) -> ReadResult<Vec<Problem>> {
        let shared = &self.shared;
        shared.read_fact("problems", shared.backend.problems()).await
    }

    async fn read_unknown_services(&self) -> ReadResult<Vec<UnknownService>> {
        let shared = &self.shared;
        shared.read_fact("unknown_services", shared.backend.unknown_services()).await
    }

    async fn read_feed(&self, search: &FeedSearch) -> ReadResult<Page<FeedEntry>> {
        self.shared.read_list(search, self.shared.backend.feed(search)).await
    }

    async fn read_recorded_changes(&self, search: &ChangeSearch) -> ReadResult<Page<Change>> {
        self.shared.read_list(search, self.shared.backend.recorded_changes(search)).await
    }

    async fn read_reviews(&self, search: &ReviewSearch) -> ReadResult<Page<ReviewEntry>> {
        self.shared.read_list(search, self.shared.backend.reviews(search)).await
    }

    async fn read_action_items(
        &self,
        search: &ActionItemSearch,
    ) -> ReadResult<Page<ActionItemEntry>> {
        self.shared.read_list(search, self.shared.backend.action_items(search)).await
    }

    async fn read_linked_problems(&self, search: &ProblemSearch) -> ReadResult<Page<ProblemEntry>> {
        self.shared.read_list(search, self.shared.backend.linked_problems(search)).await
    }

    async fn read_problem(&self, id: ProblemId) -> ReadResult<ProblemEntry> {
        let shared = &self.shared;
        let request = async {
            let response = shared.backend.problem(id).await;
            shared.record_reachability(&response);
            response
        };
        let cached = async { shared.cached_problem(id).await };
        shared.fetch_or_cached(request, cached).await
    }

    async fn read_suspicions(&self, search: &ChangeSearch) -> ReadResult<Vec<Suspicion>> {
        let shared = &self.shared;
        shared.read_fact("suspicions", shared.backend.suspicions(search)).await
    }

    async fn read_notifications(
        &self,
        search: &NotificationSearch,
    ) -> ReadResult<Page<NotificationEntry>> {
        self.shared.read_list(search, self.shared.backend.notifications(search)).await
    }

    async fn read_page(&self, search: &Search) -> ReadResult<Page<Summary>> {
        let shared = &self.shared;
        if continues_cached_page(search) {
            // A search that began in the cache continues in it.
            return shared
                .cached_search(search)
                .await
                .ok_or_else(|| BackendError::not_found(SearchEnded));
        }
        let fresh = async {
            let mut page = shared.fetch_search(search).await?;
            shared.apply_pending(&mut page.rows, false);
            Ok(page)
        };
        shared.fetch_or_cached(fresh, shared.cached_search(search)).await
    }

    async fn read_detail(&self, id: IncidentId) -> ReadResult<Detail> {
        let shared = &self.shared;
        // Boxed, because it contains an entire record.
        let fresh = Box::pin(shared.fetch_detail(id, TIMELINE_EVENTS));
        let read =
            shared.fetch_or_cached(fresh, Box::pin(shared.cached_detail(id, TIMELINE_EVENTS)));
        read.await.map(|read| read.map(|(detail, _)| detail))
    }

    async fn read_contacts(&self) -> ReadResult<Vec<PersonReach>> {
        let response = self.shared.backend.contacts().await;
        self.shared.record_reachability(&response);
        response.map(Sourced::fresh)
    }

    async fn read_alerts(&self, id: IncidentId, limit: u32) -> ReadResult<Vec<Alert>> {
        let shared = &self.shared;
        let request = async {
            let response = shared.backend.alerts(id, limit).await;
            shared.record_reachability(&response);
            match response {
                Err(BackendError::NotFound(_)) if shared.is_declared_locally(id) => Ok(Vec::new()),
                response => response,
            }
        };
        let cached = async {
            let cached = Box::pin(shared.cached_detail(id, TIMELINE_EVENTS)).await?;
            Some(cached.map(|(detail, _)| detail.alert_rows))
        };
        shared.fetch_or_cached(request, cached).await
    }

    async fn read_maintenance(
        &self,
        search: &MaintenanceSearch,
    ) -> ReadResult<Vec<MaintenanceWindow>> {
        let shared = &self.shared;
        let request = async {
            let response = shared.backend.maintenance(search).await;
            shared.record_reachability(&response);
            response
        };
        let cached = async {
            let directory: Sourced<Directory> = shared.cache.fact("directory").await?;
            Some(directory.map(|directory| directory.maintenance))
        };
        shared.fetch_or_cached(request, cached).await
    }

    async fn read_evidence(&self, id: Uuid) -> Result<EvidenceContent, BackendError> {
        let response = self.shared.backend.evidence(id).await;
        self.shared.record_reachability(&response);
        response
    }

    async fn read_noise(&self, search: &NoiseSearch) -> ReadResult<NoiseReport> {
        let shared = &self.shared;
        shared.read_fact("noise", shared.backend.noise(search)).await
    }

    async fn read_similar(&self, id: IncidentId, limit: u32) -> ReadResult<SimilarIncidents> {
        let shared = &self.shared;
        let request = async {
            let response = shared.backend.similar(id, limit).await;
            shared.record_reachability(&response);
            match response {
                Err(BackendError::NotFound(_)) if shared.is_declared_locally(id) => {
                    Ok(SimilarIncidents::default())
                }
                response => response,
            }
        };
        let cached = async {
            let cached = Box::pin(shared.cached_detail(id, TIMELINE_EVENTS)).await?;
            Some(cached.map(|(detail, _)| detail.similar_incidents(limit)))
        };
        shared.fetch_or_cached(request, cached).await
    }

    async fn read_timeline(&self, id: IncidentId, range: TimelineRange) -> ReadResult<Vec<Event>> {
        let shared = &self.shared;
        let cached =
            async { Some(Sourced::cached(shared.cache.timeline(id, range).await?, Utc::now())) };
        let request = async {
            match shared.fetch_timeline(id, range).await {
                Err(BackendError::NotFound(_)) if shared.is_declared_locally(id) => Ok(Vec::new()),
                response => response,
            }
        };
        let mut read = match shared.fetch_or_cached(request, cached).await {
            Err(error) if error.is_temporary() && shared.is_declared_locally(id) => {
                Sourced::fresh(Vec::new())
            }
            read => read?,
        };
        let events = &mut read.value;
        // Pending commands come after all recorded events.
        let is_end = match range {
            TimelineRange::Before(..) => false,
            TimelineRange::Last(_) => true,
            TimelineRange::After(_) => events.len() < 1000,
        };
        if is_end && shared.outbox_snapshot.borrow().has_pending(id) {
            let all_events = match shared.cached_detail(id, TIMELINE_EVENTS).await {
                Some(cached) => cached.value.1,
                None => Vec::new(),
            };
            let last_seq = events.last().map_or(0, |event| event.seq);
            let after_seq = match range {
                TimelineRange::After(seq) => last_seq.max(seq),
                _ => last_seq,
            };
            events.extend(all_events.into_iter().filter(|event| event.seq > after_seq));
        }
        Ok(read)
    }

    async fn find_incident(&self, number: IncidentNumber) -> ReadResult<IncidentId> {
        let shared = &self.shared;
        let request = async {
            let response = shared.backend.find_by_number(number).await;
            shared.record_reachability(&response);
            response
        };
        let cached = async { Some(Sourced::cached(shared.cache.find(number).await?, Utc::now())) };
        shared.fetch_or_cached(request, cached).await
    }

    async fn read_incident(
        &self,
        id: IncidentId,
        event_count: u32,
        on_read: OnRead<'_, (Detail, Vec<Event>)>,
    ) {
        let shared = &self.shared;
        // Boxed, because it contains a complete record: a waiting caller stores a pointer.
        let fresh = Box::pin(shared.fetch_detail(id, event_count));
        stale_then_fresh(fresh, Box::pin(shared.cached_detail(id, event_count)), on_read).await;
    }

    async fn read_measures(
        &self,
        window: &Window,
        cut: Cut,
        now: DateTime<Utc>,
        on_read: OnRead<'_, Measures>,
    ) {
        let shared = &self.shared;
        let fresh = shared.fetch_measures(window, cut, now);
        stale_then_fresh(fresh, shared.cached_measures(window, cut), on_read).await;
    }

    async fn read_pages(&self, query: &PagesQuery, now: DateTime<Utc>, on_read: OnRead<'_, Pages>) {
        let shared = &self.shared;
        // Boxed, because it holds all figures of all pages.
        let fresh = Box::pin(shared.fetch_pages(query, now));
        stale_then_fresh(fresh, Box::pin(shared.cached_pages(query)), on_read).await;
    }

    /// The response is cached; pending commands are not applied to it.
    async fn fetch_changes(
        &self,
        since: Option<Cursor>,
        wait: Duration,
    ) -> Result<Delta, BackendError> {
        let shared = &self.shared;
        let response = shared.backend.changes(since, wait).await;
        shared.record_reachability(&response);
        if let Ok(delta) = &response {
            let has_news = delta.reset || !delta.rows.is_empty() || Some(delta.cursor) != since;
            let now = Utc::now();
            // An unchanged state is recorded now and then: it dates the cached rows.
            let written_at = shared.rows_written_at_s.load(Ordering::Relaxed);
            if has_news || (now.timestamp() - written_at).abs() >= CONFIRMED_EVERY_S {
                shared.rows_written_at_s.store(now.timestamp(), Ordering::Relaxed);
                shared.remove_redacted(delta).await;
                shared.cache.fold(since, delta, now).await;
                shared.remember_mark().await;
            }
        }
        response
    }

    async fn fetch_capabilities(&self) -> Result<Capabilities, BackendError> {
        let shared = &self.shared;
        shared.fetch_fact("capabilities", shared.request_capabilities()).await
    }

    async fn fetch_directory(&self) -> Result<Directory, BackendError> {
        let shared = &self.shared;
        shared.fetch_fact("directory", shared.backend.directory()).await
    }

    async fn fetch_page(&self, search: &Search) -> Result<Page<Summary>, BackendError> {
        self.shared.fetch_search(search).await
    }

    async fn cached_state(&self) -> CachedState {
        self.shared.cached_state().await
    }

    /// Waits no longer than the answer timeout.
    async fn refresh_cache(&self) {
        if self.shared.is_failing.load(Ordering::Relaxed) {
            return;
        }
        let cursor: Option<Sourced<Cursor>> = self.shared.cache.fact("cursor").await;
        let has_directory = self.shared.cache.fact::<Directory>("directory").await.is_some();
        let request = async {
            self.fetch_changes(cursor.map(|cursor| cursor.value), Duration::ZERO).await?;
            if !has_directory {
                self.fetch_directory().await?;
            }
            Ok::<(), BackendError>(())
        };
        if let Ok(Err(error)) = timeout(self.shared.answer_timeout, request).await {
            tracing::debug!(%error, "catching up");
        }
    }

    async fn resolve_alias(&self, id: IncidentId) -> Result<IncidentId, BackendError> {
        self.shared.outbox.resolve_alias(id).await
    }

    fn last_failure(&self) -> Option<String> {
        self.shared.last_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn clock_offset(&self) -> Option<ClockOffset> {
        self.shared.backend.clock_offset()
    }

    fn unreadable_count(&self) -> usize {
        self.shared.backend.unreadable_count()
    }
}

impl Remote {
    /// Returns the last event of each incident that is cached in full.
    pub(super) async fn cached_detail_seqs(&self) -> std::collections::HashMap<IncidentId, u32> {
        self.shared.cache.detail_seqs().await
    }
}

impl Shared {
    /// Reads something that is cached under a name.
    async fn read_fact<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        request: impl Future<Output = Result<T, BackendError>>,
    ) -> ReadResult<T> {
        self.fetch_or_cached(self.fetch_fact(name, request), self.cache.fact(name)).await
    }
}

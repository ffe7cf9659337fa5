//! Fetches from the remote, without a fallback to the cache. Responses are cached.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::cache_reads::{measures_key, pages_key};
use super::{Remote, Shared};
use crate::backend::{BackendError, Detail, Missing, Page, Search, TimelineRange};
use crate::model::measures::pages::{Pages, PagesQuery};
use crate::model::measures::{Cut, Measures, Window};
use crate::model::{Event, IncidentId, Summary};

/// The number of events, the latest of a timeline, that are fetched together with an incident
/// unless the caller wants another number.
pub(super) const TIMELINE_EVENTS: u32 = 200;

impl Remote {
    /// Fetches an incident into the cache, to be read later.
    pub(super) async fn prefetch_incident(&self, id: IncidentId) -> Result<(), BackendError> {
        self.shared.fetch_detail(id, TIMELINE_EVENTS).await.map(|_| ())
    }
}

impl Shared {
    pub(super) async fn fetch_fact<T: Serialize>(
        &self,
        name: &str,
        request: impl Future<Output = Result<T, BackendError>>,
    ) -> Result<T, BackendError> {
        let number = self.cache.start_request();
        let response = request.await;
        self.record_reachability(&response);
        if let Ok(fact) = &response {
            self.cache.put_fact(name, number, fact, Utc::now()).await;
        }
        response
    }

    pub(super) async fn fetch_search(
        &self,
        search: &Search,
    ) -> Result<Page<Summary>, BackendError> {
        let response = self.backend.search(search).await;
        self.record_reachability(&response);
        if let Ok(page) = &response {
            let now = Utc::now();
            self.cache.put_rows(&page.rows, now).await;
            self.cache.put_fact("searched", self.cache.start_request(), &(), now).await;
        }
        response
    }

    pub(super) async fn fetch_detail(
        &self,
        id: IncidentId,
        count: u32,
    ) -> Result<(Detail, Vec<Event>), BackendError> {
        let (detail, events) = tokio::join!(
            self.backend.incident(id),
            self.backend.timeline(id, TimelineRange::Last(count))
        );
        self.record_reachability(&detail);
        let detail = match detail {
            Err(BackendError::NotFound(_)) if self.is_declared_locally(id) => {
                return self.declared_detail(id).ok_or_else(|| not_found(id));
            }
            detail => detail?,
        };
        let events = events?;
        self.remove_from_outbox(&events).await;
        self.cache.put_detail(&detail, &events, Utc::now()).await;
        Ok(self.apply_pending_to_detail(detail, events))
    }

    pub(super) async fn fetch_measures(
        &self,
        window: &Window,
        cut: Cut,
        now: DateTime<Utc>,
    ) -> Result<Measures, BackendError> {
        let request = self.backend.measures(window, cut, now);
        self.fetch_fact(&measures_key(window, cut), request).await
    }

    pub(super) async fn fetch_pages(
        &self,
        query: &PagesQuery,
        now: DateTime<Utc>,
    ) -> Result<Pages, BackendError> {
        let request = self.backend.pages(query, now);
        self.fetch_fact(&pages_key(query), request).await
    }

    pub(super) async fn fetch_timeline(
        &self,
        id: IncidentId,
        part: TimelineRange,
    ) -> Result<Vec<Event>, BackendError> {
        let response = self.backend.timeline(id, part).await;
        self.record_reachability(&response);
        if let Ok(events) = &response {
            self.cache.put_timeline(id, events).await;
        }
        response
    }
}

fn not_found(id: IncidentId) -> BackendError {
    BackendError::NotFound(Missing::IncidentId(id))
}

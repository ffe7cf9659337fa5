//! Incidents over the API: changes, rows, alerts and timelines.

use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};

use super::HttpBackend;
use super::client::{ApiRequest, get_request};
use super::error_response::RequestError;
use super::long_poll::MIN_WAIT;
use super::missing_term;
use crate::api::{path, query};
use crate::backend::{
    Backend, BackendError, Cursor, Delta, MAX_SIMILAR, Page, Search, SimilarIncidents,
    TimelineRange,
};
use crate::model::alert::Alert;
use crate::model::unknown::Entries;
use crate::model::{Event, IncidentId, Summary};

/// The largest number of timeline events that the API returns in one response.
const MAX_EVENTS: u32 = 1000;
/// The largest number of alerts that the API returns in one response.
const MAX_ALERTS: u32 = 1000;
/// A search whose `now` differs from the current time by less than this counts as a search for now.
const NOW_TOLERANCE: TimeDelta = TimeDelta::seconds(2);

impl HttpBackend {
    /// Returns the changes since a cursor. If a proxy between client and server cuts a long poll
    /// short, this returns an empty delta instead of an error, like a long poll that ended without
    /// changes; the next long poll then requests a shorter wait.
    pub(super) async fn fetch_changes(
        &self,
        since: Option<Cursor>,
        wait: Duration,
    ) -> Result<Delta, BackendError> {
        let wait = wait.min(Duration::from_secs(query::MAX_WAIT_S));
        // Without a cursor the server answers immediately, with all open incidents.
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
                Ok(Delta {
                    cursor,
                    reset: false,
                    rows: Vec::new(),
                    directory: false,
                    redacted: Vec::new(),
                })
            }
            (Err(failure), _) => {
                self.long_poll().record_failure(wait, elapsed);
                Err(failure.error)
            }
        }
    }

    /// Returns one page of the rows that match a filter; the first one through the cache.
    pub(super) async fn fetch_rows(&self, search: &Search) -> Result<Page<Summary>, BackendError> {
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
        // tag shows whether its result is still the same.
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

    /// Returns the incidents that resemble another one. A server without the route is older than this
    /// program; it has some of them in the record.
    pub(super) async fn fetch_similar(
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
    pub(super) async fn fetch_alerts(
        &self,
        id: IncidentId,
        limit: u32,
    ) -> Result<Vec<Alert>, BackendError> {
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

    /// Returns a part of a timeline, fetched backwards from its end in requests of the largest size.
    pub(super) async fn fetch_timeline(
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

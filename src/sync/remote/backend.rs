//! Implements [`Backend`] for a remote with its cache and outbox.

use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::fetch::TIMELINE_EVENTS;
use super::{Remote, Submission};
use crate::backend::{
    Backend, BackendError, Capabilities, Cursor, Delta, Detail, Outcome, Page, Search,
    TimelineRange,
};
use crate::model::directory::Directory;
use crate::model::measures::{Cut, Measures, Window};
use crate::model::problem::Problem;
use crate::model::{Envelope, Event, IncidentId, IncidentNumber, Summary};

/// How often, in seconds, the cache records that its rows are still current.
const CONFIRMED_EVERY_S: i64 = 60;

#[async_trait]
impl Backend for Remote {
    async fn capabilities(&self) -> Result<Capabilities, BackendError> {
        let shared = &self.shared;
        let capabilities: Capabilities =
            shared.read_fact("capabilities", shared.request_capabilities()).await?;
        Ok(capabilities)
    }

    /// Requests changes, and is never answered from the cache: the caller wants to know whether
    /// there are any. The response is cached; pending commands are not applied to it.
    async fn changes(&self, since: Option<Cursor>, wait: Duration) -> Result<Delta, BackendError> {
        let shared = &self.shared;
        let response = shared.backend.changes(since, wait).await;
        shared.record_reachability(&response);
        if let Ok(delta) = &response {
            let has_news = delta.reset || !delta.rows.is_empty() || Some(delta.cursor) != since;
            let now = Utc::now();
            // That nothing has changed is recorded now and then: it dates the cached rows.
            let written_at = shared.rows_written_at_s.load(Ordering::Relaxed);
            if has_news || (now.timestamp() - written_at).abs() >= CONFIRMED_EVERY_S {
                shared.rows_written_at_s.store(now.timestamp(), Ordering::Relaxed);
                shared.cache.fold(since, delta, now).await;
            }
        }
        response
    }

    async fn search(&self, search: &Search) -> Result<Page<Summary>, BackendError> {
        let shared = &self.shared;
        let page = shared.read_page(search).await?;
        Ok(shared.record_staleness(page))
    }

    async fn incident(&self, id: IncidentId) -> Result<Detail, BackendError> {
        let shared = &self.shared;
        // Boxed, because it contains an entire record.
        let fresh = Box::pin(shared.fetch_detail(id, TIMELINE_EVENTS));
        let detail =
            shared.cached_or_fetch(fresh, Box::pin(shared.cached_detail(id, TIMELINE_EVENTS)));
        detail.await.map(|(detail, _)| detail)
    }

    async fn find_by_number(&self, number: IncidentNumber) -> Result<IncidentId, BackendError> {
        let shared = &self.shared;
        let request = async {
            let response = shared.backend.find_by_number(number).await;
            shared.record_reachability(&response);
            response
        };
        let cached = async { Some((shared.cache.find(number).await?, Utc::now())) };
        shared.cached_or_fetch(request, cached).await
    }

    async fn timeline(
        &self,
        id: IncidentId,
        part: TimelineRange,
    ) -> Result<Vec<Event>, BackendError> {
        let shared = &self.shared;
        let cached = async { Some((shared.cache.timeline(id, part).await?, Utc::now())) };
        let request = async {
            match shared.fetch_timeline(id, part).await {
                Err(BackendError::NotFound(_)) if shared.is_declared_locally(id) => Ok(Vec::new()),
                response => response,
            }
        };
        let read = shared.cached_or_fetch(request, cached).await;
        let mut events = match read {
            Err(error) if error.is_temporary() && shared.is_declared_locally(id) => Vec::new(),
            read => read?,
        };
        // Pending commands come after everything that has happened.
        let is_end = match part {
            TimelineRange::Before(..) => false,
            TimelineRange::Last(_) => true,
            TimelineRange::After(_) => events.len() < 1000,
        };
        if is_end && shared.outbox_snapshot.borrow().has_pending(id) {
            let all_events = match shared.cached_detail(id, TIMELINE_EVENTS).await {
                Some(((_, events), _)) => events,
                None => Vec::new(),
            };
            let last_seq = events.last().map_or(0, |event| event.seq);
            let after_seq = match part {
                TimelineRange::After(seq) => last_seq.max(seq),
                _ => last_seq,
            };
            events.extend(all_events.into_iter().filter(|event| event.seq > after_seq));
        }
        Ok(events)
    }

    async fn measures(
        &self,
        window: &Window,
        cut: Cut,
        now: DateTime<Utc>,
    ) -> Result<Measures, BackendError> {
        let shared = &self.shared;
        let fresh = shared.fetch_measures(window, cut, now);
        shared.cached_or_fetch(fresh, shared.cached_measures(window, cut)).await
    }

    /// Puts the command into the outbox first. Without an answer in time the result is
    /// [`BackendError::Unreachable`], and the command is sent later all the same.
    async fn execute(&self, envelope: &Envelope) -> Result<Outcome, BackendError> {
        match self.submit_and_wait(envelope).await? {
            Submission::Done(outcome) => Ok(*outcome),
            Submission::Queued(why) => Err(BackendError::Unreachable(format!(
                "{why}: it is kept and sent as soon as that is possible"
            ))),
        }
    }

    async fn problems(&self) -> Result<Vec<Problem>, BackendError> {
        let shared = &self.shared;
        shared.read_fact("problems", shared.backend.problems()).await
    }

    async fn directory(&self) -> Result<Directory, BackendError> {
        let shared = &self.shared;
        shared.read_fact("directory", shared.backend.directory()).await
    }
}

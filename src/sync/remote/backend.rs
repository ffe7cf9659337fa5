//! A remote as a backend again.

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

/// How often it is written down that rows are still as they are kept, in seconds.
const CONFIRMED_EVERY_S: i64 = 60;

#[async_trait]
impl Backend for Remote {
    async fn capabilities(&self) -> Result<Capabilities, BackendError> {
        let shared = &self.shared;
        let known: Capabilities =
            shared.read_fact("capabilities", shared.request_capabilities()).await?;
        Ok(known)
    }

    /// Never answered from what is kept: who asks for changes wants to know whether there are any.
    /// What comes is kept, and what waits is not laid over it.
    async fn changes(&self, since: Option<Cursor>, wait: Duration) -> Result<Delta, BackendError> {
        let shared = &self.shared;
        let answer = shared.backend.changes(since, wait).await;
        shared.record_reachability(&answer);
        if let Ok(delta) = &answer {
            let news = delta.reset || !delta.rows.is_empty() || Some(delta.cursor) != since;
            let now = Utc::now();
            // That nothing has changed is written down now and then: what is kept is as of then.
            let written = shared.rows_written_at_s.load(Ordering::Relaxed);
            if news || (now.timestamp() - written).abs() >= CONFIRMED_EVERY_S {
                shared.rows_written_at_s.store(now.timestamp(), Ordering::Relaxed);
                shared.cache.fold(since, delta, now).await;
            }
        }
        answer
    }

    async fn search(&self, search: &Search) -> Result<Page<Summary>, BackendError> {
        let shared = &self.shared;
        let read = shared.read_page(search).await?;
        Ok(shared.record_staleness(read))
    }

    async fn incident(&self, id: IncidentId) -> Result<Detail, BackendError> {
        let shared = &self.shared;
        // Boxed, as a whole record is in it.
        let fresh = Box::pin(shared.fetch_detail(id, TIMELINE_EVENTS));
        let read =
            shared.cached_or_fetch(fresh, Box::pin(shared.cached_detail(id, TIMELINE_EVENTS)));
        read.await.map(|(detail, _)| detail)
    }

    async fn find_by_number(&self, number: IncidentNumber) -> Result<IncidentId, BackendError> {
        let shared = &self.shared;
        let ask = async {
            let answer = shared.backend.find_by_number(number).await;
            shared.record_reachability(&answer);
            answer
        };
        let kept = async { Some((shared.cache.find(number).await?, Utc::now())) };
        shared.cached_or_fetch(ask, kept).await
    }

    async fn timeline(
        &self,
        id: IncidentId,
        part: TimelineRange,
    ) -> Result<Vec<Event>, BackendError> {
        let shared = &self.shared;
        let kept = async { Some((shared.cache.timeline(id, part).await?, Utc::now())) };
        let ask = async {
            match shared.fetch_timeline(id, part).await {
                Err(BackendError::NotFound(_)) if shared.is_declared_locally(id) => Ok(Vec::new()),
                answer => answer,
            }
        };
        let read = shared.cached_or_fetch(ask, kept).await;
        let mut events = match read {
            Err(error) if error.is_temporary() && shared.is_declared_locally(id) => Vec::new(),
            read => read?,
        };
        // What waits comes after all that has happened.
        let is_end = match part {
            TimelineRange::Before(..) => false,
            TimelineRange::Last(_) => true,
            TimelineRange::After(_) => events.len() < 1000,
        };
        if is_end && shared.outbox_snapshot.borrow().has_pending(id) {
            let all = match shared.cached_detail(id, TIMELINE_EVENTS).await {
                Some(((_, events), _)) => events,
                None => Vec::new(),
            };
            let last = events.last().map_or(0, |event| event.seq);
            let after = match part {
                TimelineRange::After(seq) => last.max(seq),
                _ => last,
            };
            events.extend(all.into_iter().filter(|event| event.seq > after));
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

    /// Takes it into the outbox first. Without an answer in time it is
    /// [`BackendError::Unreachable`], and sent later all the same.
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

//! What is asked of the remote, and nothing instead of an answer. What it answers is kept.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::cache_reads::measures_of;
use super::{Remote, Shared};
use crate::backend::{BackendError, Capabilities, Detail, Page, Search, TimelineRange};
use crate::model::directory::Directory;
use crate::model::measures::{Cut, Measures, Window};
use crate::model::{Event, IncidentId, Summary};

/// The most events that are kept of a timeline when it is read.
pub(super) const EVENTS: u32 = 200;

impl Remote {
    /// Asks for the name and what it can do, and nothing instead of an answer.
    ///
    /// # Errors
    /// As the remote's.
    pub async fn fresh_capabilities(&self) -> Result<Capabilities, BackendError> {
        self.shared.fresh_fact("capabilities", self.shared.ask_capabilities()).await
    }

    /// Asks for people, teams and services, and nothing instead of an answer.
    ///
    /// # Errors
    /// As the remote's.
    pub async fn fresh_directory(&self) -> Result<Directory, BackendError> {
        self.shared.fresh_fact("directory", self.shared.far.directory()).await
    }

    /// Asks for a page of rows, and nothing instead of an answer.
    ///
    /// # Errors
    /// As the remote's.
    pub async fn fresh_search(&self, search: &Search) -> Result<Page<Summary>, BackendError> {
        self.shared.fresh_search(search).await
    }

    /// Reads an incident for later, unless that fails.
    pub(super) async fn keep(&self, id: IncidentId) -> Result<(), BackendError> {
        self.shared.fresh_detail(id, EVENTS).await.map(|_| ())
    }
}

impl Shared {
    pub(super) async fn fresh_fact<T: Serialize>(
        &self,
        name: &str,
        ask: impl Future<Output = Result<T, BackendError>>,
    ) -> Result<T, BackendError> {
        let answer = ask.await;
        self.heard(&answer);
        if let Ok(fact) = &answer {
            self.cache.put_fact(name, fact, Utc::now()).await;
        }
        answer
    }

    pub(super) async fn fresh_search(
        &self,
        search: &Search,
    ) -> Result<Page<Summary>, BackendError> {
        let answer = self.far.search(search).await;
        self.heard(&answer);
        if let Ok(page) = &answer {
            let now = Utc::now();
            self.cache.learn(&page.rows, now).await;
            self.cache.put_fact("searched", &(), now).await;
        }
        answer
    }

    pub(super) async fn fresh_detail(
        &self,
        id: IncidentId,
        count: u32,
    ) -> Result<(Detail, Vec<Event>), BackendError> {
        let (detail, events) =
            tokio::join!(self.far.incident(id), self.far.timeline(id, TimelineRange::Last(count)));
        self.heard(&detail);
        let detail = match detail {
            Err(BackendError::NotFound(_)) if self.declared_here(id) => {
                return self.new_here(id).ok_or_else(|| not_found(id));
            }
            detail => detail?,
        };
        let events = events?;
        self.cache.put_detail(&detail, &events, Utc::now()).await;
        Ok(self.laid_over(detail, events))
    }

    pub(super) async fn fresh_measures(
        &self,
        window: &Window,
        cut: Cut,
        now: DateTime<Utc>,
    ) -> Result<Measures, BackendError> {
        let ask = self.far.measures(window, cut, now);
        self.fresh_fact(&measures_of(window, cut), ask).await
    }

    pub(super) async fn fresh_timeline(
        &self,
        id: IncidentId,
        part: TimelineRange,
    ) -> Result<Vec<Event>, BackendError> {
        let answer = self.far.timeline(id, part).await;
        self.heard(&answer);
        if let Ok(events) = &answer {
            self.cache.put_timeline(id, events).await;
        }
        answer
    }
}

fn not_found(id: IncidentId) -> BackendError {
    BackendError::NotFound(format!("there is no incident {id}"))
}

//! Reads from the remote, or from the cache if the remote does not answer in time. Pending commands
//! are applied to both.

use std::pin::Pin;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::cache_reads::continues_cached_page;
use super::fetch::TIMELINE_EVENTS;
use super::{Remote, Shared};
use crate::backend::{Backend, BackendError, Cursor, Detail, Page, Search};
use crate::model::directory::Directory;
use crate::model::measures::{Cut, Measures, Window};
use crate::model::{Event, IncidentId, Summary};

/// How long a response may take before the cache is read as well.
const FALLBACK_DELAY: Duration = Duration::from_millis(150);

/// A value that was read, with its age.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sourced<T> {
    /// The value itself.
    pub value: T,
    /// When a cached value was fetched; `None` if the remote has just returned it.
    pub as_of: Option<DateTime<Utc>>,
}

impl<T> Sourced<T> {
    fn fresh(value: T) -> Self {
        Self { value, as_of: None }
    }
}

impl<T> From<(T, DateTime<Utc>)> for Sourced<T> {
    fn from((value, at): (T, DateTime<Utc>)) -> Self {
        Self { value, as_of: Some(at) }
    }
}

type ReadResult<T> = Result<Sourced<T>, BackendError>;

impl Remote {
    /// Reads an incident and the end of its timeline. If the remote takes its time, `on_update`
    /// gets the cached state first, and the response when it comes.
    pub async fn read_incident(
        &self,
        id: IncidentId,
        on_update: impl FnMut(ReadResult<(Detail, Vec<Event>)>),
    ) {
        let shared = &self.shared;
        // Boxed, because it contains an entire record: whoever waits for it holds a pointer.
        let fresh = Box::pin(shared.fetch_detail(id, TIMELINE_EVENTS));
        stale_then_fresh(fresh, Box::pin(shared.cached_detail(id, TIMELINE_EVENTS)), on_update)
            .await;
    }

    /// Reads measures. If the remote takes its time, `on_update` first gets those that were
    /// computed last over a window of that length, and the response when it comes.
    pub async fn read_measures(
        &self,
        window: &Window,
        cut: Cut,
        now: DateTime<Utc>,
        on_update: impl FnMut(ReadResult<Measures>),
    ) {
        let shared = &self.shared;
        stale_then_fresh(
            shared.fetch_measures(window, cut, now),
            shared.cached_measures(window, cut),
            on_update,
        )
        .await;
    }

    /// Searches the remote, or the cache if the remote does not answer in time. The cache searches
    /// words in rows alone, and has only those ended incidents that were fetched once.
    ///
    /// # Errors
    /// Those of the remote.
    pub async fn search_sourced(&self, search: &Search) -> ReadResult<Page<Summary>> {
        self.shared.read_page(search).await
    }

    /// Returns the age of the oldest cached data that was returned since the remote was opened, as
    /// the time at which it was fetched.
    #[must_use]
    pub fn served_as_of(&self) -> Option<DateTime<Utc>> {
        *self.shared.served_as_of.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the error of the last request that did not reach the remote.
    #[must_use]
    pub fn last_failure(&self) -> Option<String> {
        self.shared.last_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Updates the cached rows, for those who read them later without the remote. Waits no longer
    /// than the answer timeout.
    pub async fn refresh_cache(&self) {
        if self.shared.is_failing.load(Ordering::Relaxed) {
            return;
        }
        let cursor: Option<(Cursor, _)> = self.shared.cache.fact("cursor").await;
        let has_directory = self.shared.cache.fact::<Directory>("directory").await.is_some();
        let request = async {
            self.changes(cursor.map(|(cursor, _)| cursor), Duration::ZERO).await?;
            if !has_directory {
                self.fetch_directory().await?;
            }
            Ok::<(), BackendError>(())
        };
        if let Ok(Err(error)) = timeout(self.shared.answer_timeout, request).await {
            tracing::debug!(%error, "catching up");
        }
    }

    /// Returns the last event of each incident that is cached in full.
    pub(super) async fn cached_detail_seqs(&self) -> std::collections::HashMap<IncidentId, u32> {
        self.shared.cache.detail_seqs().await
    }
}

/// Runs a lookup while a request goes on: the request may be storing its response, and hold the
/// lock that the lookup waits for. Returns the response, if it came meanwhile, and what the lookup
/// found.
async fn join_lookup<A, K>(
    mut request: Pin<&mut impl Future<Output = A>>,
    lookup: impl Future<Output = K>,
) -> (Option<A>, K) {
    tokio::pin!(lookup);
    let mut response = None;
    loop {
        tokio::select! {
            biased;
            found = &mut lookup => return (response, found),
            arrived = request.as_mut(), if response.is_none() => response = Some(arrived),
        }
    }
}

/// Passes the cached value to `on_update` if the response takes its time, and the response when it
/// comes.
async fn stale_then_fresh<T>(
    request: impl Future<Output = Result<T, BackendError>>,
    cached: impl Future<Output = Option<(T, DateTime<Utc>)>>,
    mut on_update: impl FnMut(ReadResult<T>),
) {
    tokio::pin!(request);
    let mut has_sent_cached = false;
    let mut response = timeout(FALLBACK_DELAY, &mut request).await.ok();
    let found = match &response {
        None => {
            let (arrived, found) = join_lookup(request.as_mut(), cached).await;
            response = arrived;
            found
        }
        Some(Err(error)) if error.is_temporary() => cached.await,
        Some(_) => None,
    };
    if let Some((value, at)) = found
        && !matches!(response, Some(Ok(_)))
    {
        has_sent_cached = true;
        on_update(Ok(Sourced { value, as_of: Some(at) }));
    }
    let response = match response {
        Some(response) => response,
        None => request.await,
    };
    match response {
        Ok(value) => on_update(Ok(Sourced::fresh(value))),
        Err(error) if has_sent_cached && error.is_temporary() => {}
        Err(error) => on_update(Err(error)),
    }
}

impl Shared {
    /// Like [`Self::fetch_or_cached`], for callers that do not report the age of a cached value: it
    /// is recorded instead.
    pub(super) async fn cached_or_fetch<T>(
        &self,
        request: impl Future<Output = Result<T, BackendError>>,
        cached: impl Future<Output = Option<(T, DateTime<Utc>)>>,
    ) -> Result<T, BackendError> {
        self.fetch_or_cached(request, cached).await.map(|read| self.record_staleness(read))
    }

    /// Returns the response if it comes in time, and the cached value if it does not or if the
    /// remote is unreachable.
    pub(super) async fn fetch_or_cached<T>(
        &self,
        request: impl Future<Output = Result<T, BackendError>>,
        cached: impl Future<Output = Option<(T, DateTime<Utc>)>>,
    ) -> ReadResult<T> {
        tokio::pin!(request);
        // A remote that has just failed to answer is not expected to answer soon.
        let is_failing = self.is_failing.load(Ordering::Relaxed);
        let limit = if is_failing { FALLBACK_DELAY } else { self.answer_timeout };
        match timeout(limit, &mut request).await {
            Ok(Err(error)) if error.is_temporary() => cached.await.map(Sourced::from).ok_or(error),
            Ok(response) => response.map(Sourced::fresh),
            Err(_) => match join_lookup(request.as_mut(), cached).await {
                (Some(Ok(response)), _) => Ok(Sourced::fresh(response)),
                (_, Some(cached)) => Ok(cached.into()),
                (Some(response), None) => response.map(Sourced::fresh),
                (None, None) => request.await.map(Sourced::fresh),
            },
        }
    }

    /// Records the age of a cached value, and returns the value.
    pub(super) fn record_staleness<T>(&self, sourced: Sourced<T>) -> T {
        if let Some(at) = sourced.as_of {
            let mut oldest = self.served_as_of.lock().unwrap_or_else(PoisonError::into_inner);
            *oldest = Some(oldest.map_or(at, |earlier| earlier.min(at)));
        }
        sourced.value
    }

    pub(super) async fn read_fact<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        request: impl Future<Output = Result<T, BackendError>>,
    ) -> Result<T, BackendError> {
        self.cached_or_fetch(self.fetch_fact(name, request), self.cache.fact(name)).await
    }

    /// Reads a page from the remote, or from the cached rows.
    pub(super) async fn read_page(&self, search: &Search) -> ReadResult<Page<Summary>> {
        if continues_cached_page(search) {
            // A search that began in the cache continues in it.
            return self.cached_search(search).await.map(Sourced::from).ok_or_else(|| {
                BackendError::NotFound("nothing is kept any more: search anew".into())
            });
        }
        let fresh = async {
            let mut page = self.fetch_search(search).await?;
            self.apply_pending(&mut page.rows, false);
            Ok(page)
        };
        self.fetch_or_cached(fresh, self.cached_search(search)).await
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::{Mutex, Notify};

    use super::*;

    /// The request holds the lock when it stops being polled, and releases it only when it goes on.
    #[tokio::test]
    async fn lookup_proceeds_while_a_request_holds_the_lock() {
        let (file, is_locked) = (Mutex::new(()), Notify::new());
        let request = async {
            let _writing = file.lock().await;
            is_locked.notify_one();
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            "answer"
        };
        tokio::pin!(request);
        tokio::select! {
            biased;
            _ = &mut request => panic!("it is not so fast"),
            () = is_locked.notified() => {}
        }
        let lookup = async {
            let _reading = file.lock().await;
            "kept"
        };
        let result = timeout(FALLBACK_DELAY * 100, join_lookup(request, lookup)).await;
        assert_eq!(result, Ok((Some("answer"), "kept")));
    }
}

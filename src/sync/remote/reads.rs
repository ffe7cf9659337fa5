//! Reading: from the remote, or what is kept where it does not answer in time. What waits is laid over
//! both.

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

/// A remote that takes longer than this to answer is waited for beside what is kept.
const FALLBACK_DELAY: Duration = Duration::from_millis(150);

/// What was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sourced<T> {
    /// It.
    pub value: T,
    /// When, where it is what was kept; `None` where the remote has just said so.
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
    /// Reads an incident and the end of its timeline. Where the remote takes its time, what is kept
    /// is told first, and what it says then.
    pub async fn read_incident(
        &self,
        id: IncidentId,
        tell: impl FnMut(ReadResult<(Detail, Vec<Event>)>),
    ) {
        let shared = &self.shared;
        // Boxed, as a whole record is in it: whoever waits for it holds a pointer.
        let fresh = Box::pin(shared.fetch_detail(id, TIMELINE_EVENTS));
        stale_then_fresh(fresh, Box::pin(shared.cached_detail(id, TIMELINE_EVENTS)), tell).await;
    }

    /// Computes measures, or gives those that were computed last over a window of that length.
    pub async fn read_measures(
        &self,
        window: &Window,
        cut: Cut,
        now: DateTime<Utc>,
        tell: impl FnMut(ReadResult<Measures>),
    ) {
        let shared = &self.shared;
        stale_then_fresh(
            shared.fetch_measures(window, cut, now),
            shared.cached_measures(window, cut),
            tell,
        )
        .await;
    }

    /// Searches, or gives what of that is kept: words are found in rows alone then, and of ended
    /// incidents only those are there that were read once.
    ///
    /// # Errors
    /// As the remote's.
    pub async fn search_sourced(&self, search: &Search) -> ReadResult<Page<Summary>> {
        self.shared.read_page(search).await
    }

    /// As of when the oldest is of what was given as it was kept, since this was opened.
    #[must_use]
    pub fn served_as_of(&self) -> Option<DateTime<Utc>> {
        *self.shared.served_as_of.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why it did not answer the last time that it did not, in its own words.
    #[must_use]
    pub fn last_failure(&self) -> Option<String> {
        self.shared.last_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Brings the rows that are kept up to date, for who asks later without the remote; not longer
    /// than the patience that there is.
    pub async fn refresh_cache(&self) {
        if self.shared.is_failing.load(Ordering::Relaxed) {
            return;
        }
        let known: Option<(Cursor, _)> = self.shared.cache.fact("cursor").await;
        let has_directory = self.shared.cache.fact::<Directory>("directory").await.is_some();
        let ask = async {
            self.changes(known.map(|(cursor, _)| cursor), Duration::ZERO).await?;
            if !has_directory {
                self.fetch_directory().await?;
            }
            Ok::<(), BackendError>(())
        };
        if let Ok(Err(error)) = timeout(self.shared.answer_timeout, ask).await {
            tracing::debug!(%error, "catching up");
        }
    }

    /// The last event of each incident that is kept as a whole.
    pub(super) async fn cached_detail_seqs(&self) -> std::collections::HashMap<IncidentId, u32> {
        self.shared.cache.detail_seqs().await
    }
}

/// Looks something up while a question goes on: it may be writing down its answer, and have what the
/// look-up waits for. The answer, where it came meanwhile, and what was found.
async fn join_lookup<A, K>(
    mut ask: Pin<&mut impl Future<Output = A>>,
    look_up: impl Future<Output = K>,
) -> (Option<A>, K) {
    tokio::pin!(look_up);
    let mut answer = None;
    loop {
        tokio::select! {
            biased;
            found = &mut look_up => return (answer, found),
            came = ask.as_mut(), if answer.is_none() => answer = Some(came),
        }
    }
}

/// Tells what is kept as soon as the answer takes its time, and the answer when it comes.
async fn stale_then_fresh<T>(
    ask: impl Future<Output = Result<T, BackendError>>,
    kept: impl Future<Output = Option<(T, DateTime<Utc>)>>,
    mut tell: impl FnMut(ReadResult<T>),
) {
    tokio::pin!(ask);
    let mut told = false;
    let mut answer = timeout(FALLBACK_DELAY, &mut ask).await.ok();
    let found = match &answer {
        None => {
            let (meanwhile, found) = join_lookup(ask.as_mut(), kept).await;
            answer = meanwhile;
            found
        }
        Some(Err(error)) if error.is_temporary() => kept.await,
        Some(_) => None,
    };
    if let Some((value, at)) = found
        && !matches!(answer, Some(Ok(_)))
    {
        told = true;
        tell(Ok(Sourced { value, as_of: Some(at) }));
    }
    let answer = match answer {
        Some(answer) => answer,
        None => ask.await,
    };
    match answer {
        Ok(value) => tell(Ok(Sourced::fresh(value))),
        Err(error) if told && error.is_temporary() => {}
        Err(error) => tell(Err(error)),
    }
}

impl Shared {
    /// As [`Self::either`], where nobody is told how old what was kept is.
    pub(super) async fn cached_or_fetch<T>(
        &self,
        ask: impl Future<Output = Result<T, BackendError>>,
        kept: impl Future<Output = Option<(T, DateTime<Utc>)>>,
    ) -> Result<T, BackendError> {
        self.fetch_or_cached(ask, kept).await.map(|read| self.record_staleness(read))
    }

    /// The answer, where it comes in time; what is kept, where it does not or the remote is gone.
    pub(super) async fn fetch_or_cached<T>(
        &self,
        ask: impl Future<Output = Result<T, BackendError>>,
        kept: impl Future<Output = Option<(T, DateTime<Utc>)>>,
    ) -> ReadResult<T> {
        tokio::pin!(ask);
        // Of one that did not answer just now, not much is expected.
        let failing = self.is_failing.load(Ordering::Relaxed);
        let patience = if failing { FALLBACK_DELAY } else { self.answer_timeout };
        match timeout(patience, &mut ask).await {
            Ok(Err(error)) if error.is_temporary() => kept.await.map(Sourced::from).ok_or(error),
            Ok(answer) => answer.map(Sourced::fresh),
            Err(_) => match join_lookup(ask.as_mut(), kept).await {
                (Some(Ok(answer)), _) => Ok(Sourced::fresh(answer)),
                (_, Some(kept)) => Ok(kept.into()),
                (Some(answer), None) => answer.map(Sourced::fresh),
                (None, None) => ask.await.map(Sourced::fresh),
            },
        }
    }

    /// Remembers from when what is given is, where it was kept.
    pub(super) fn record_staleness<T>(&self, read: Sourced<T>) -> T {
        if let Some(at) = read.as_of {
            let mut oldest = self.served_as_of.lock().unwrap_or_else(PoisonError::into_inner);
            *oldest = Some(oldest.map_or(at, |known| known.min(at)));
        }
        read.value
    }

    pub(super) async fn read_fact<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        ask: impl Future<Output = Result<T, BackendError>>,
    ) -> Result<T, BackendError> {
        self.cached_or_fetch(self.fetch_fact(name, ask), self.cache.fact(name)).await
    }

    /// A page, as the remote answers it or from the rows that are kept.
    pub(super) async fn read_page(&self, search: &Search) -> ReadResult<Page<Summary>> {
        if continues_cached_page(search) {
            // What was begun with what is kept goes on with it.
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

    /// A question that has the file when it is left alone, and gives it back only when it goes on.
    #[tokio::test]
    async fn a_question_that_is_writing_does_not_keep_what_is_kept_from_being_read() {
        let (file, has_it) = (Mutex::new(()), Notify::new());
        let ask = async {
            let _writing = file.lock().await;
            has_it.notify_one();
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            "answer"
        };
        tokio::pin!(ask);
        tokio::select! {
            biased;
            _ = &mut ask => panic!("it is not so fast"),
            () = has_it.notified() => {}
        }
        let look_up = async {
            let _reading = file.lock().await;
            "kept"
        };
        let both = timeout(FALLBACK_DELAY * 100, join_lookup(ask, look_up)).await;
        assert_eq!(both, Ok((Some("answer"), "kept")));
    }
}

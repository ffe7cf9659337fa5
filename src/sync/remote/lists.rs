//! Reads lists over all incidents of a remote. Fetched rows are cached, and answer any search of
//! their list while the remote does not. Pending commands are not applied to them.

use std::collections::HashSet;

use chrono::Utc;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Shared;
use super::cache::FEED_FACT;
use super::error::SearchEnded;
use crate::backend::{BackendError, List, ListSearch, Page, PageMark, ProblemEntry};
use crate::model::ProblemId;
use crate::sync::reader::{ReadResult, Sourced};

/// The most rows of each list that are cached: those that were fetched last.
const MAX_CACHED: usize = 1000;

/// Returns the name of the fact with the rows of a list.
const fn fact_name(list: List) -> &'static str {
    match list {
        List::Feed => FEED_FACT,
        List::Changes => "list changes",
        List::Reviews => "list reviews",
        List::ActionItems => "list action items",
        List::Problems => "list problems",
        List::Notifications => "list notifications",
        List::Suspicions => "suspicions",
        List::Pages => "pages",
    }
}

impl Shared {
    /// Returns one page of a list: the response to `request`, or cached rows if the remote does not
    /// answer in time.
    pub(super) async fn read_list<S: ListSearch + Sync>(
        &self,
        search: &S,
        request: impl Future<Output = Result<Page<S::Row>, BackendError>> + Send,
    ) -> ReadResult<Page<S::Row>>
    where
        S::Row: Serialize + DeserializeOwned + Clone + Send + Sync,
    {
        if let Some(PageMark::Cached(_)) = search.after() {
            // A list that began in the cache continues in it.
            let page = self.cached_list(search).await;
            return page.ok_or_else(|| BackendError::not_found(SearchEnded));
        }
        let fresh = async {
            let number = self.cache.start_request();
            let response = request.await;
            self.record_reachability(&response);
            if let Ok(page) = &response {
                let cached: Option<Sourced<Vec<S::Row>>> =
                    self.cache.fact(fact_name(S::LIST)).await;
                let cached = cached.map(|cached| cached.value).unwrap_or_default();
                let rows = merge::<S>(&page.rows, cached);
                self.cache.put_fact(fact_name(S::LIST), number, &rows, Utc::now()).await;
            }
            response
        };
        self.fetch_or_cached(fresh, self.cached_list(search)).await
    }

    /// Answers a search as a remote would, from the cached rows. Returns `None` if none are cached,
    /// or if the search began at the remote.
    async fn cached_list<S: ListSearch + Sync>(&self, search: &S) -> Option<Sourced<Page<S::Row>>>
    where
        S::Row: DeserializeOwned + Send,
    {
        let start = match search.after() {
            None => 0,
            Some(PageMark::Cached(end)) => *end,
            Some(_) => return None,
        };
        let cached: Sourced<Vec<S::Row>> = self.cache.fact(fact_name(S::LIST)).await?;
        Some(cached.map(|rows| page(search, rows, start)))
    }
}

impl Shared {
    /// Returns a problem as it was read with the list.
    pub(super) async fn cached_problem(&self, id: ProblemId) -> Option<Sourced<ProblemEntry>> {
        let Sourced { value: rows, as_of } =
            self.cache.fact::<Vec<ProblemEntry>>(fact_name(List::Problems)).await?;
        let found = rows.into_iter().find(|entry| entry.problem.id == id)?;
        Some(Sourced { value: found, as_of })
    }
}

/// Returns the fetched rows, and those cached ones that are no earlier states of them.
fn merge<S: ListSearch>(fetched: &[S::Row], cached: Vec<S::Row>) -> Vec<S::Row>
where
    S::Row: Clone,
{
    let ids: HashSet<String> = fetched.iter().map(S::identity).collect();
    let others = cached.into_iter().filter(|row| !ids.contains(&S::identity(row)));
    fetched.iter().cloned().chain(others).take(MAX_CACHED).collect()
}

/// Returns the page of the rows that a search finds, from the `start`-th on.
fn page<S: ListSearch>(search: &S, mut rows: Vec<S::Row>, start: usize) -> Page<S::Row> {
    rows.retain(|row| search.matches(row));
    rows.sort_by(|a, b| search.compare(a, b));
    let total = rows.len();
    let end = start.saturating_add(usize::try_from(search.limit()).unwrap_or(usize::MAX));
    Page {
        next: (total > end).then_some(PageMark::Cached(end)),
        rows: rows.into_iter().take(end).skip(start).collect(),
        total: Some(total as u64),
        counts: None,
    }
}

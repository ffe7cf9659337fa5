//! Answers from the cache, used when the remote does not answer.

use chrono::{DateTime, TimeDelta, Utc};

use super::Shared;
use crate::backend::{Cursor, Detail, Page, PageMark, Search, TimelineRange};
use crate::model::directory::Directory;
use crate::model::filter::{MatchContext, Scope};
use crate::model::measures::pages::{Pages, PagesQuery};
use crate::model::measures::{Cut, Measures, Window};
use crate::model::queue::{OpenCounts, Sort, compare, urgency_key};
use crate::model::{Event, IncidentId, Summary};
use crate::sync::reader::{CachedState, Sourced};

/// Returns whether a search continues where a page of cached rows ended.
pub(super) fn continues_cached_page(search: &Search) -> bool {
    matches!(search.after, Some(PageMark::Cached(_)))
}

impl Shared {
    /// Returns the cached data before anything is fetched.
    pub(super) async fn cached_state(&self) -> CachedState {
        let cursor: Option<Sourced<Cursor>> = self.cache.fact("cursor").await;
        let rows = match self.rows_cached_at().await {
            Some(at) => Some(Sourced::cached(self.cache.rows(false).await, at)),
            None => None,
        };
        CachedState {
            capabilities: self.cache.fact("capabilities").await.map(|cached| cached.value),
            directory: self.cache.fact("directory").await,
            rows,
            cursor: cursor.map(|cursor| cursor.value),
        }
    }

    /// Returns when the cached rows were fetched; `None` if none ever were.
    pub(super) async fn rows_cached_at(&self) -> Option<DateTime<Utc>> {
        match self.cache.fact::<Cursor>("cursor").await {
            Some(cursor) => cursor.as_of,
            // A search has fetched some rows, though never all.
            None => self.cache.fact::<()>("searched").await.and_then(|searched| searched.as_of),
        }
    }

    /// Returns the cached rows with pending commands applied.
    pub(super) async fn cached_rows(&self, ended_too: bool) -> Vec<Summary> {
        let mut rows = self.cache.rows(ended_too).await;
        self.apply_pending(&mut rows, true);
        rows
    }

    /// Answers a search as a remote would, from the cached rows. Words are searched in rows alone.
    pub(super) async fn cached_search(&self, search: &Search) -> Option<Sourced<Page<Summary>>> {
        let start = match search.after {
            None => 0,
            Some(PageMark::Cached(end)) => end,
            // A mark at which a page of the remote ended has no meaning here.
            Some(_) => return None,
        };
        let at = self.rows_cached_at().await?;
        let rules = self.rules();
        let levels = rules.levels;
        let context = MatchContext { now: search.now, me: search.me.as_deref(), levels: &levels };
        let is_open = search.filter.scope() == Scope::Open;
        let mut rows = self.cached_rows(!is_open).await;
        let mut counts = OpenCounts::default();
        for row in &rows {
            counts.add(row, search.now, &levels);
        }
        let mut filter = search.filter.clone();
        if filter.names_owner() {
            let directory: Option<Sourced<Directory>> = self.cache.fact("directory").await;
            filter.resolve_owners(directory.iter().flat_map(|directory| &directory.value.people));
            filter.resolve_owners(rows.iter().filter_map(|row| row.assignee.as_ref()));
        }
        rows.retain(|row| filter.matches(row, context));
        let sort = match search.sort {
            Sort::Newest | Sort::Oldest => search.sort,
            sort if is_open => sort,
            _ => Sort::Newest,
        };
        let mut ranked: Vec<_> =
            rows.into_iter().map(|row| (urgency_key(&row, search.now, &levels), row)).collect();
        ranked.sort_by(|a, b| compare(sort, (&a.1, &a.0), (&b.1, &b.0)));
        let total = ranked.len();
        let end = start + usize::try_from(search.limit).unwrap_or(usize::MAX);
        let page = Page {
            next: (total > end).then_some(PageMark::Cached(end)),
            rows: ranked.into_iter().map(|(_, row)| row).take(end).skip(start).collect(),
            total: Some(total as u64),
            counts: (is_open && start == 0).then_some(counts),
        };
        Some(Sourced::cached(page, at))
    }

    pub(super) async fn cached_detail(
        &self,
        id: IncidentId,
        count: u32,
    ) -> Option<Sourced<(Detail, Vec<Event>)>> {
        match self.cache.detail(id).await {
            Some(cached) => {
                let events =
                    self.cache.timeline(id, TimelineRange::Last(count)).await.unwrap_or_default();
                Some(cached.map(|detail| self.apply_pending_to_detail(detail, events)))
            }
            None => self.declared_detail(id).map(|new| Sourced::cached(new, Utc::now())),
        }
    }

    pub(super) async fn cached_measures(
        &self,
        window: &Window,
        cut: Cut,
    ) -> Option<Sourced<Measures>> {
        let cached: Sourced<Measures> = self.cache.fact(&measures_key(window, cut)).await?;
        (!is_fixed(window) || cached.value.window == *window).then_some(cached)
    }

    /// Returns the cached pages over a window of that length, if they are about the same incidents and
    /// broken down by the same fields.
    pub(super) async fn cached_pages(&self, query: &PagesQuery) -> Option<Sourced<Pages>> {
        let cached: Sourced<Pages> = self.cache.fact(&pages_key(query)).await?;
        let pages = &cached.value;
        let is_same = pages.selection == query.selection
            && pages.window.to - pages.window.from == query.length()
            && (!is_fixed(&query.window) || pages.window == query.window)
            && pages.cuts.iter().map(|cut| cut.by).eq(query.by.iter().copied());
        is_same.then_some(cached)
    }
}

/// Returns the name of the fact with pages of measures. There is one for each of the usual windows,
/// and one for all others: the cache must not grow with the number of windows tried.
pub(super) fn pages_key(query: &PagesQuery) -> String {
    if is_fixed(&query.window) {
        return "pages fixed".to_owned();
    }
    match query.length().num_hours() {
        hours @ (24 | 168 | 720 | 2160) => format!("pages {hours}"),
        _ => "pages".to_owned(),
    }
}

/// Returns whether a window does not end now: it does not slide, and no other one can replace it.
fn is_fixed(window: &Window) -> bool {
    (Utc::now() - window.to).abs() > TimeDelta::hours(1)
}

/// Returns the name of the fact with measures. Those over windows of one length replace each other.
pub(super) fn measures_key(window: &Window, cut: Cut) -> String {
    let hours = (window.to - window.from).num_hours();
    let cut = serde_json::to_string(&cut).unwrap_or_default();
    if is_fixed(window) {
        return format!("measures fixed {cut}");
    }
    format!("measures {hours} {cut}")
}

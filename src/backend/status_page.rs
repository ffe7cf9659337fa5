//! Reads the data of a status page from a backend.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::lists::{FeedSearch, MAX_ROWS, TimeOrder};
use super::{Backend, BackendError, Search, TimelineRange};
use crate::model::directory::Directory;
use crate::model::maintenance::{MaintenanceSearch, MaintenanceWindow};
use crate::model::queue::Sort;
use crate::model::status_page::{PageSources, StatusPage, StatusPageSettings};
use crate::model::{Event, EventBody, IncidentId};

/// The kind of the events that may be public.
const KIND: &str = "stakeholders_updated";
/// The most incidents of a page.
const MAX_INCIDENTS: usize = 1000;
/// The most events of one timeline that are read.
const MAX_EVENTS: usize = 20_000;
/// The most maintenance windows that are read.
const MAX_WINDOWS: u32 = 1000;

/// Reads a status page for a time.
///
/// # Errors
/// When the backend can't be read.
pub async fn read_status_page(
    backend: &dyn Backend,
    settings: &StatusPageSettings,
    now: DateTime<Utc>,
) -> Result<StatusPage, BackendError> {
    let directory: Directory = backend.directory().await?;
    let oldest = now - TimeDelta::days(i64::from(settings.days));
    let mut incidents = updated_since(backend, oldest).await?;
    incidents.extend(open_since_before(backend, oldest, now).await?);
    let mut timelines = Vec::new();
    // Ids grow with time: if there are too many, the latest are used.
    for id in incidents.into_iter().rev().take(MAX_INCIDENTS) {
        match timeline(backend, id).await {
            Ok(events) if events.iter().any(is_public) => timelines.push(events),
            // It was merged away or removed since.
            Ok(_) | Err(BackendError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let windows = windows(backend, now).await?;
    let sources = PageSources { directory: &directory, timelines: &timelines, windows: &windows };
    Ok(StatusPage::new(settings, sources, now))
}

/// Returns whether an event is public.
fn is_public(event: &Event) -> bool {
    matches!(event.body, EventBody::StakeholdersUpdated { public: Some(_), .. })
}

/// Returns the incidents with a public update that was recorded since a time.
async fn updated_since(
    backend: &dyn Backend,
    oldest: DateTime<Utc>,
) -> Result<BTreeSet<IncidentId>, BackendError> {
    let mut search = FeedSearch {
        since: Some(oldest),
        order: TimeOrder::Newest,
        kinds: vec![KIND.to_owned()],
        ..FeedSearch::first(MAX_ROWS)
    };
    let mut incidents = BTreeSet::new();
    loop {
        let page = backend.feed(&search).await?;
        let public = page.rows.iter().filter(|entry| is_public(&entry.event));
        incidents.extend(public.map(|entry| entry.event.incident));
        let is_enough = incidents.len() >= MAX_INCIDENTS;
        match page.next.filter(|_| !is_enough) {
            Some(next) => search.after = Some(next),
            None => return Ok(incidents),
        }
    }
}

/// Returns the open incidents whose last update is older than that.
async fn open_since_before(
    backend: &dyn Backend,
    oldest: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<BTreeSet<IncidentId>, BackendError> {
    let mut incidents = BTreeSet::new();
    let Ok(filter) = "is:open".parse() else { return Ok(incidents) };
    let sort = Sort::Newest;
    let mut search = Search { filter, me: None, sort, limit: MAX_ROWS, after: None, now };
    loop {
        let page = backend.search(&search).await?;
        // One that was updated since as well may have had its public update before.
        let updated = page.rows.iter().filter(|row| row.updated_at.is_some());
        incidents.extend(updated.filter(|row| row.reported_at < oldest).map(|row| row.id));
        match page.next {
            Some(next) => search.after = Some(next),
            None => return Ok(incidents),
        }
    }
}

/// Reads a complete timeline, or as much of it as is read at most.
async fn timeline(backend: &dyn Backend, id: IncidentId) -> Result<Vec<Event>, BackendError> {
    let mut events: Vec<Event> = Vec::new();
    loop {
        let after = events.last().map_or(0, |event| event.seq);
        let part = backend.timeline(id, TimelineRange::After(after)).await?;
        if part.is_empty() || events.len() > MAX_EVENTS {
            return Ok(events);
        }
        events.extend(part);
    }
}

async fn windows(
    backend: &dyn Backend,
    now: DateTime<Utc>,
) -> Result<Vec<MaintenanceWindow>, BackendError> {
    let search = MaintenanceSearch { ended: true, limit: MAX_WINDOWS, now };
    match backend.maintenance(&search).await {
        Err(BackendError::NotAllowed(_)) => Ok(Vec::new()),
        windows => windows,
    }
}

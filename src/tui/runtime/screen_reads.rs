//! Reads the lists that screens show.

use crate::backend::lists::{NotificationEntry, NotificationSearch};
use crate::backend::{
    BackendError, ChangeSearch, FeedEntry, FeedSearch, Page, Similar, SimilarIncidents,
};
use crate::model::IncidentNumber;
use crate::sync::{ReadResult, Reader, Sourced};

use crate::tui::contacts::row::ContactRow;
use crate::tui::screens::{ScreenData, ScreenPage, ScreenRequest};

/// The maximum number of pages per read: a backend may return pages with few rows.
const MAX_PAGES: usize = 20;

/// Reads pages of a list until there are enough rows, or the last page was read.
macro_rules! read_pages {
    ($reader:expr, $method:ident, $search:expr, $wanted:expr) => {{
        let mut search = $search;
        let mut all = $reader.$method(&search).await?;
        for _ in 1..MAX_PAGES {
            let Some(next) = all.value.next.clone().filter(|_| all.value.rows.len() < $wanted)
            else {
                break;
            };
            search.after = Some(next);
            let more = $reader.$method(&search).await?;
            all.value.rows.extend(more.value.rows);
            all.value.next = more.value.next;
            all.as_of = all.as_of.or(more.as_of);
        }
        Ok(all)
    }};
}

/// Reads the list of a screen.
pub(super) async fn read(reader: &dyn Reader, request: ScreenRequest) -> ReadResult<ScreenPage> {
    match request {
        ScreenRequest::Feed(search) => {
            let wanted = usize::try_from(search.limit).unwrap_or(usize::MAX);
            let page = read_feed(reader, search, wanted).await?;
            Ok(page.map(|page| ScreenPage { data: ScreenData::Feed(page.rows), next: page.next }))
        }
        ScreenRequest::Handoff(events, changes, actions) => {
            let events = read_feed(reader, events, usize::MAX).await?;
            let changes = reader.read_recorded_changes(&changes).await?;
            let actions = match reader.read_action_items(&actions).await {
                // A remote of an earlier version has no such list.
                Err(BackendError::NotAllowed(_)) => Vec::new(),
                read => read?.value.rows,
            };
            // As old as the older of both.
            let as_of = match (events.as_of, changes.as_of) {
                (Some(events), Some(changes)) => Some(events.min(changes)),
                (events, changes) => events.or(changes),
            };
            let data = ScreenData::Handoff(events.value.rows, changes.value.rows, actions);
            Ok(Sourced { value: ScreenPage { data, next: None }, as_of })
        }
        ScreenRequest::Reviews(search) => {
            let wanted = usize::try_from(search.limit).unwrap_or(usize::MAX);
            let page: ReadResult<Page<_>> = read_pages!(reader, read_reviews, search, wanted);
            let page = page?;
            Ok(page
                .map(|page| ScreenPage { data: ScreenData::Reviews(page.rows), next: page.next }))
        }
        ScreenRequest::ActionItems(search) => {
            let wanted = usize::try_from(search.limit).unwrap_or(usize::MAX);
            let page: ReadResult<Page<_>> = read_pages!(reader, read_action_items, search, wanted);
            let page = page?;
            Ok(page.map(|page| ScreenPage {
                data: ScreenData::ActionItems(page.rows),
                next: page.next,
            }))
        }
        ScreenRequest::Problems(search) => {
            let wanted = usize::try_from(search.limit).unwrap_or(usize::MAX);
            let page: ReadResult<Page<_>> =
                read_pages!(reader, read_linked_problems, search, wanted);
            let page = page?;
            Ok(page
                .map(|page| ScreenPage { data: ScreenData::Problems(page.rows), next: page.next }))
        }
        ScreenRequest::Notifications(search) => {
            let page = read_notifications(reader, search).await?;
            Ok(page.map(|page| ScreenPage {
                data: ScreenData::Notifications(page.rows),
                next: page.next,
            }))
        }
        ScreenRequest::Contacts => {
            let people = reader.read_contacts().await?;
            Ok(people.map(|people| {
                let data = ScreenData::Contacts(ContactRow::of_people(people));
                ScreenPage { data, next: None }
            }))
        }
        ScreenRequest::Maintenance(search) => {
            let windows = reader.read_maintenance(&search).await?;
            Ok(windows.map(|windows| {
                let data = ScreenData::Maintenance(windows);
                ScreenPage { data, next: None }
            }))
        }
        ScreenRequest::Noise(search) => {
            let report = reader.read_noise(&search).await?;
            Ok(report.map(|report| ScreenPage { data: ScreenData::Noise(report), next: None }))
        }
        ScreenRequest::Services => {
            let services = reader.read_unknown_services().await?;
            Ok(services
                .map(|services| ScreenPage { data: ScreenData::Services(services), next: None }))
        }
        ScreenRequest::Alerts(incident, limit) => {
            let alerts = reader.read_alerts(incident, limit).await?;
            Ok(alerts.map(|alerts| ScreenPage { data: ScreenData::Alerts(alerts), next: None }))
        }
        ScreenRequest::Similar(incident, limit) => {
            let found = reader.read_similar(incident, limit).await?;
            Ok(found.map(|found| ScreenPage { data: ScreenData::Similar(found), next: None }))
        }
        ScreenRequest::FaultGroup(number, limit) => read_group(reader, number, limit).await,
        ScreenRequest::Problem(id) => {
            let problem = reader.read_problem(id).await?;
            Ok(problem.map(|entry| {
                let data = ScreenData::Problems(vec![entry]);
                ScreenPage { data, next: None }
            }))
        }
        ScreenRequest::Changes(search) => read_changes(reader, search).await,
    }
}

/// Reads changes with the suspicions against them.
async fn read_changes(reader: &dyn Reader, search: ChangeSearch) -> ReadResult<ScreenPage> {
    let of_page = search.clone();
    let wanted = usize::try_from(search.limit).unwrap_or(usize::MAX);
    let page: ReadResult<Page<_>> = read_pages!(reader, read_recorded_changes, search, wanted);
    let page = page?;
    // Without the suspicions, the list is shown nevertheless.
    let suspicions = match reader.read_suspicions(&of_page).await {
        Ok(read) => read.value,
        Err(_) => Vec::new(),
    };
    Ok(page.map(|page| {
        let data = ScreenData::Changes(page.rows, suspicions);
        ScreenPage { data, next: page.next }
    }))
}

/// Reads an incident and the others of the same fault.
async fn read_group(
    reader: &dyn Reader,
    number: IncidentNumber,
    limit: u32,
) -> ReadResult<ScreenPage> {
    let id = reader.find_incident(number).await?.value;
    let detail = reader.read_detail(id).await?;
    let found = reader.read_similar(id, limit).await?;
    let incident = &detail.value.incident;
    let row = &incident.summary;
    let resolution = incident.resolution.as_ref().filter(|_| row.resolved_at.is_some());
    let first = Similar {
        id,
        number: row.number,
        title: row.title.clone(),
        reported_at: row.reported_at,
        resolution: resolution
            .map_or_else(String::new, |done| format!("{}: {}", done.action, done.detail)),
        same_fault: true,
        shared_terms: Vec::new(),
        category: row.category,
        services: row.services.clone(),
        review: None,
        runbook: None,
    };
    let others = found.value.similar.into_iter().filter(|similar| similar.same_fault);
    let similar = std::iter::once(first).chain(others).collect();
    let as_of = match (detail.as_of, found.as_of) {
        (Some(detail), Some(found)) => Some(detail.min(found)),
        (detail, found) => detail.or(found),
    };
    let data = ScreenData::Similar(SimilarIncidents { similar, hints: Vec::new() });
    Ok(Sourced { value: ScreenPage { data, next: None }, as_of })
}

/// Reads pages of the notifications until there are enough rows, or the last page was read.
pub(super) async fn read_notifications(
    reader: &dyn Reader,
    search: NotificationSearch,
) -> ReadResult<Page<NotificationEntry>> {
    let wanted = usize::try_from(search.limit).unwrap_or(usize::MAX);
    read_pages!(reader, read_notifications, search, wanted)
}

/// Reads pages of the feed until there are enough rows, or the last page was read.
async fn read_feed(
    reader: &dyn Reader,
    search: FeedSearch,
    wanted: usize,
) -> ReadResult<Page<FeedEntry>> {
    read_pages!(reader, read_feed, search, wanted)
}

//! The lists over all incidents, using the searches' own predicates on rows.

use chrono::Utc;
use redphone::backend::lists::{
    ActionItemEntry, FeedEntry, IncidentBrief, ListSearch, ProblemEntry, ReviewEntry, ReviewState,
};
use redphone::backend::{BackendError, Page, PageMark};
use redphone::model::command::Link;
use redphone::model::review::Section;
use redphone::model::{Priority, Rejection, RejectionKind, Status};

use super::State;

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Returns the page of the rows that a search finds.
pub fn page<S: ListSearch>(
    search: &S,
    mut rows: Vec<S::Row>,
) -> Result<Page<S::Row>, BackendError> {
    rows.retain(|row| search.matches(row));
    rows.sort_by(|a, b| search.compare(a, b));
    let prefix = format!("{} ", S::LIST.name());
    let start = match search.after() {
        None => Some(0),
        Some(mark) => mark.to_string().strip_prefix(&prefix).and_then(|count| count.parse().ok()),
    };
    let start: usize = start.ok_or_else(|| {
        let what = "page: that is no page of this list";
        BackendError::rejected(Rejection::foreign(RejectionKind::Invalid, what), Utc::now())
    })?;
    let (total, end) = (rows.len(), start + search.limit() as usize);
    Ok(Page {
        rows: rows.into_iter().take(end).skip(start).collect(),
        next: (total > end).then(|| PageMark::from(format!("{prefix}{end}"))),
        total: Some(total as u64),
        counts: None,
    })
}

impl State {
    pub fn feed_rows(&self) -> Vec<FeedEntry> {
        let incidents = self.incidents.values().flat_map(|(incident, events)| {
            let brief = IncidentBrief::from(&incident.summary);
            events.iter().map(move |event| FeedEntry {
                incident: brief.clone(),
                event: event.clone(),
                cursor: None,
            })
        });
        incidents.collect()
    }

    pub fn review_rows(&self) -> Vec<ReviewEntry> {
        let incidents = self.incidents.values().filter_map(|(incident, _)| {
            let (row, review) = (&incident.summary, &incident.review);
            let written = Section::REQUIRED.len() - review.missing().len();
            let has_ended = matches!(row.status, Status::Resolved | Status::Closed);
            let state = match review.published_at {
                Some(_) => ReviewState::Published,
                None if review.is_in_review() => ReviewState::InReview,
                None if written > 0 || !review.actions.is_empty() => ReviewState::Draft,
                None if has_ended && row.priority <= Priority::P2 => ReviewState::Missing,
                None => return None,
            };
            Some(ReviewEntry {
                incident: row.into(),
                state,
                sections: count(written),
                actions: count(review.actions.len()),
                open_actions: count(review.actions.iter().filter(|item| !item.done).count()),
                ended_at: row.resolved_at.or(row.closed_at),
                published_at: review.published_at,
                factors: review.factors(),
            })
        });
        incidents.collect()
    }

    pub fn action_rows(&self) -> Vec<ActionItemEntry> {
        let incidents = self.incidents.values().flat_map(|(incident, _)| {
            let brief = IncidentBrief::from(&incident.summary);
            let items = incident.review.actions.iter();
            items.map(move |item| ActionItemEntry {
                incident: brief.clone(),
                item: item.clone(),
                follow_up: incident.follow_up(item.id).cloned(),
            })
        });
        incidents.collect()
    }

    pub fn problem_rows(&self) -> Vec<ProblemEntry> {
        let rows = self.problems.iter().map(|problem| {
            let links = |link: &Link| matches!(link, Link::Problem { id, .. } if *id == problem.id);
            let incidents = self.incidents.values().map(|(incident, _)| incident);
            let mut incidents: Vec<IncidentBrief> = incidents
                .filter(|incident| incident.links.iter().any(links))
                .map(|incident| IncidentBrief::from(&incident.summary))
                .collect();
            incidents.sort_by_key(|brief| std::cmp::Reverse((brief.reported_at, brief.number)));
            let incident_count = count(incidents.len());
            let open_count = count(incidents.iter().filter(|one| one.status.is_open()).count());
            incidents.truncate(10);
            ProblemEntry {
                incident_count,
                open_count,
                incidents,
                ..ProblemEntry::new(problem.clone())
            }
        });
        rows.collect()
    }
}

//! Reads the data of a measures report from a backend.

use chrono::{DateTime, NaiveDate, Utc};

use super::lists::{
    ActionItemEntry, ActionItemSearch, IncidentBrief, MAX_ROWS, ProblemEntry, ProblemSearch,
};
use super::{Backend, BackendError};
use crate::model::measures::Window;
use crate::model::measures::pages::{Dimension, Offsets, Pages, PagesQuery, Selection};
use crate::model::measures::report::{ReportAction, ReportProblem, ReportRecords};
use crate::model::problem::ProblemState;

/// The most problems and the most action items of a report.
const MAX_LISTED: usize = 100;
/// How many pages of each list are searched for those of a team.
const MAX_PAGES: usize = 5;

/// Reads the measures and the records of a report over a window, with the offsets of the zone of its days.
///
/// # Errors
/// When the backend can't be read. A backend that has no lists of problems or action items has none.
pub async fn read_report(
    backend: &dyn Backend,
    (window, offsets): (Window, Offsets),
    (teams, by): (&[String], Dimension),
    now: DateTime<Utc>,
) -> Result<(Pages, ReportRecords), BackendError> {
    let query = PagesQuery {
        window,
        selection: Selection { teams: teams.to_vec(), ..Selection::default() },
        by: vec![by],
        offsets,
    };
    let today = query.offsets.local_time(now.timestamp_millis()).date();
    let pages = backend.pages(&query, now).await?;
    let problems = or_none(problems(backend, teams).await)?;
    let action_items = or_none(action_items(backend, teams, today).await)?;
    Ok((pages, ReportRecords { problems, action_items }))
}

/// Returns an empty list for a backend that does not have it.
fn or_none<T>(read: Result<Vec<T>, BackendError>) -> Result<Vec<T>, BackendError> {
    match read {
        Err(BackendError::NotAllowed(_)) => Ok(Vec::new()),
        read => read,
    }
}

/// Returns whether an incident is one of the teams of a report.
fn is_of(teams: &[String], incident: &IncidentBrief) -> bool {
    teams.is_empty()
        || incident.team.as_ref().map_or_else(
            || teams.iter().any(|team| team == "none"),
            |name| teams.iter().any(|team| team.eq_ignore_ascii_case(name)),
        )
}

async fn problems(
    backend: &dyn Backend,
    teams: &[String],
) -> Result<Vec<ReportProblem>, BackendError> {
    let mut search = ProblemSearch::first(MAX_ROWS);
    let mut problems = Vec::new();
    for _ in 0..MAX_PAGES {
        let page = backend.linked_problems(&search).await?;
        let is_meant = |entry: &ProblemEntry| {
            entry.problem.state != ProblemState::Removed
                && (teams.is_empty() || entry.incidents.iter().any(|one| is_of(teams, one)))
        };
        problems.extend(page.rows.into_iter().filter(is_meant).map(|entry| ReportProblem {
            title: entry.problem.title,
            state: entry.problem.state.as_str().to_owned(),
            services: entry.problem.services,
            incidents: entry.incident_count,
            workaround: entry.problem.workaround,
        }));
        if problems.len() >= MAX_LISTED || page.next.is_none() {
            break;
        }
        search.after = page.next;
    }
    problems.truncate(MAX_LISTED);
    Ok(problems)
}

async fn action_items(
    backend: &dyn Backend,
    teams: &[String],
    today: NaiveDate,
) -> Result<Vec<ReportAction>, BackendError> {
    let mut search = ActionItemSearch { done: Some(false), ..ActionItemSearch::first(MAX_ROWS) };
    let mut items = Vec::new();
    for _ in 0..MAX_PAGES {
        let page = backend.action_items(&search).await?;
        let is_meant = |entry: &ActionItemEntry| is_of(teams, &entry.incident);
        items.extend(page.rows.into_iter().filter(is_meant).map(|entry| ReportAction {
            is_overdue: entry.is_overdue(today),
            incident: entry.incident.label(),
            text: entry.item.text,
            owner: entry.item.owner.map(|owner| owner.name),
            due: entry.item.due,
        }));
        if items.len() >= MAX_LISTED || page.next.is_none() {
            break;
        }
        search.after = page.next;
    }
    items.truncate(MAX_LISTED);
    Ok(items)
}

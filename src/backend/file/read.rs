//! Reads one incident: its record with related records, and its timeline.

use sqlx::{Row, SqliteConnection};

use super::alerts;
use super::change_table::read_changes_between;
use super::directory_table::read_directory;
use super::error::{StoreError, StoreResult, no_such_incident};
use super::event_row::{self, COLUMNS, FROM, parse_incident_id};
use super::json_column::parse_json;
use super::known_errors;
use super::problem_table::read_problem;
use super::records;
use super::row::unpack_row;
use super::similar::{self, Earlier};
use super::sql::Batch;
use crate::backend::{BackendError, Detail, MAX_DETAIL_ALERTS, Missing, TimelineRange};
use crate::model::change::{Change, Suspect, find_suspects};
use crate::model::command::Link;
use crate::model::directory::Directory;
use crate::model::{Event, Incident, IncidentId, IncidentNumber, Rules, Summary};

/// The maximum number of linked changes.
const LINKED_CHANGES: usize = 20;
/// The maximum numbers of suspected changes and of similar incidents.
const SUSPECTS: usize = 10;
const SIMILAR: usize = 5;
/// The maximum number of events of one result.
const EVENTS: u32 = 1000;

/// Reads an incident with its suspected changes, similar incidents and problem.
pub(super) async fn read_detail(
    conn: &mut SqliteConnection,
    id: IncidentId,
    rules: &Rules,
    overlay: &Directory,
) -> StoreResult<Detail> {
    let record = records::load(conn, id, false).await?.ok_or_else(|| no_such_incident(id))?;
    let row = &record.incident.summary;
    let detected = row.detected_at.timestamp();
    let changes = read_changes_between(conn, detected - rules.suspect_s, detected).await?;
    let suspects = if changes.is_empty() {
        Vec::new()
    } else {
        let directory = read_directory(conn).await?.unwrap_or_default().merged_with(overlay);
        let mut suspects =
            find_suspects(&row.services, row.detected_at, &changes, &directory, rules);
        suspects.truncate(SUSPECTS);
        suspects
    };
    let problem_id = record.incident.links.iter().find_map(|link| match link {
        Link::Problem { id, .. } => Some(*id),
        _ => None,
    });
    let problem = match problem_id {
        Some(id) => read_problem(conn, id).await?,
        None => None,
    };
    let wants_known_errors = known_errors::are_possible(conn, &record).await?;
    let most_alike = if wants_known_errors { known_errors::MAX_ALIKE } else { 0 };
    let Earlier { similar, alike } =
        similar::find_earlier(conn, &record, SIMILAR, most_alike).await?;
    let alert_rows = alerts::read_alerts(conn, record.key, MAX_DETAIL_ALERTS).await?;
    let soak = alerts::read_soak(conn, &record, &rules.stability).await?;
    let linked_changes = read_linked_changes(conn, &record.incident, &suspects).await?;
    let known_errors = if wants_known_errors {
        known_errors::find(conn, &record, &alike).await?
    } else {
        Vec::new()
    };
    let incident = record.incident;
    Ok(Detail {
        incident,
        suspects,
        similar,
        problem,
        known_errors,
        linked_changes,
        alert_rows,
        soak,
    })
}

/// Reads the recorded changes that an incident links to and that are not among its suspects.
async fn read_linked_changes(
    conn: &mut SqliteConnection,
    incident: &Incident,
    suspects: &[Suspect],
) -> StoreResult<Vec<Change>> {
    let mut linked = Vec::new();
    for link in &incident.links {
        let Link::Change { id, .. } = link else { continue };
        if suspects.iter().any(|suspect| suspect.change.id == *id) {
            continue;
        }
        let mut batch = Batch::new("SELECT body FROM change WHERE id = ?");
        batch.arg(id.as_bytes().to_vec());
        if let Some(row) = batch.fetch_optional(conn).await? {
            linked.push(parse_json(row.try_get(0)?, "a change")?);
        }
        if linked.len() >= LINKED_CHANGES {
            break;
        }
    }
    Ok(linked)
}

/// Decodes the packed row in a column.
pub(super) fn summary_at(row: &sqlx::sqlite::SqliteRow, column: usize) -> StoreResult<Summary> {
    unpack_row(row.try_get(column)?)
        .ok_or_else(|| StoreError::content("a row of the projection can't be read"))
}

/// Returns the id of the incident that has a number.
pub(super) async fn find_by_number(
    conn: &mut SqliteConnection,
    number: IncidentNumber,
) -> StoreResult<IncidentId> {
    let mut batch = Batch::new("SELECT id FROM incident WHERE number = ?");
    batch.arg(i64::try_from(number.0).unwrap_or(i64::MAX));
    match batch.fetch_optional(conn).await? {
        Some(row) => parse_incident_id(row.try_get(0)?),
        None => Err(BackendError::NotFound(Missing::Number(number)).into()),
    }
}

/// Reads a part of a timeline, earliest event first.
pub(super) async fn read_timeline(
    conn: &mut SqliteConnection,
    id: IncidentId,
    range: TimelineRange,
) -> StoreResult<Vec<Event>> {
    let (condition, order, position, most) = match range {
        TimelineRange::Last(most) => ("<", "DESC", u32::MAX, most),
        TimelineRange::Before(position, most) => ("<", "DESC", position, most),
        TimelineRange::After(position) => (">", "ASC", position, EVENTS),
    };
    let mut batch = Batch::new(&format!(
        "SELECT key FROM incident WHERE id = $1;
         SELECT {COLUMNS} FROM {FROM} WHERE e.incident = (SELECT key FROM incident WHERE id = $1)
            AND e.seq {condition} $2 ORDER BY e.seq {order} LIMIT $3"
    ));
    batch.arg(id.as_bytes().to_vec()).arg(i64::from(position)).arg(i64::from(most.min(EVENTS)));
    let rows = batch.fetch_result_sets(conn).await?;
    let (Some(keys), Some(rows)) = (rows.first(), rows.get(1)) else { return Ok(Vec::new()) };
    if keys.is_empty() {
        return Err(no_such_incident(id));
    }
    let mut events: Vec<Event> =
        rows.iter().map(|row| event_row::decode(row, id)).collect::<StoreResult<_>>()?;
    if order == "DESC" {
        events.reverse();
    }
    Ok(events)
}

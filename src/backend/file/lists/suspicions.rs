//! Reads of which incidents changes are suspected: the suspects of incidents, the other way round.
//!
//! The incidents are found by the services that a suspected change can touch, and by the time of their
//! report; whether the change is among the suspects of one is then decided by the same rules.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{Row, SqliteConnection};

use super::changes;
use crate::backend::file::directory_table::read_directory;
use crate::backend::file::error::StoreResult;
use crate::backend::file::names::NameKind;
use crate::backend::file::read::summary_at;
use crate::backend::file::row::first_key_at;
use crate::backend::file::sql::Batch;
use crate::backend::lists::{ChangeSearch, IncidentBrief, MAX_SUSPECTED, Suspicion};
use crate::model::Rules;
use crate::model::change::{
    ASSUMED_DURATION, Change, ChangeState, MAX_SUSPECT_STEPS, find_suspects,
};
use crate::model::directory::Directory;

/// How long after its detection an incident may be reported to be found.
const REPORTED_WITHIN: TimeDelta = TimeDelta::days(1);
/// The most incidents that are compared with one change.
const MAX_COMPARED: u32 = 500;

/// Reads the suspicions against the changes on a page.
pub(super) async fn read(
    conn: &mut SqliteConnection,
    search: &ChangeSearch,
    rules: &Rules,
    overlay: &Directory,
) -> StoreResult<Vec<Suspicion>> {
    let page = changes::read(conn, search).await?;
    let directory = read_directory(conn).await?.unwrap_or_default().merged_with(overlay);
    let mut suspicions = Vec::new();
    for change in &page.rows {
        let incidents = read_of(conn, change, &directory, rules).await?;
        if incidents.is_empty() {
            continue;
        }
        suspicions.push(Suspicion {
            change: change.id,
            incident_count: u32::try_from(incidents.len()).unwrap_or(u32::MAX),
            incidents: incidents.into_iter().take(MAX_SUSPECTED).collect(),
        });
    }
    Ok(suspicions)
}

/// Reads the incidents of which one change is suspected, newest first.
async fn read_of(
    conn: &mut SqliteConnection,
    change: &Change,
    directory: &Directory,
    rules: &Rules,
) -> StoreResult<Vec<IncidentBrief>> {
    if change.state == ChangeState::Planned {
        return Ok(Vec::new());
    }
    let ids = service_ids(conn, &affected_by(change, directory)).await?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let latest: DateTime<Utc> = change.ends_at.unwrap_or(change.starts_at + ASSUMED_DURATION)
        + TimeDelta::seconds(rules.suspect_s)
        + REPORTED_WITHIN;
    let batch = Batch::one_off(&format!(
        "SELECT i.row FROM incident i WHERE i.key IN (
            SELECT a.incident FROM affected a
                WHERE a.service IN ({}) AND a.incident >= {} AND a.incident < {}
         ) ORDER BY i.key DESC LIMIT {MAX_COMPARED}",
        ids.join(","),
        first_key_at(change.starts_at.timestamp()),
        first_key_at(latest.timestamp().saturating_add(1)),
    ));
    let mut found = Vec::new();
    for row in batch.fetch_all(conn).await? {
        let row = summary_at(&row, 0)?;
        let one = std::slice::from_ref(change);
        let suspects = find_suspects(&row.services, row.detected_at, one, directory, rules);
        if !suspects.is_empty() {
            found.push(IncidentBrief::from(&row));
        }
    }
    Ok(found)
}

/// Returns the services whose incidents a change may have caused: those that it touches, and those that
/// depend on one of them.
fn affected_by(change: &Change, directory: &Directory) -> Vec<String> {
    let mut affected = change.services.clone();
    for service in &directory.services {
        let own = std::slice::from_ref(&service.name);
        let steps = directory.dependency_steps(own);
        let is_near = |touched: &String| {
            steps.get(touched.as_str()).is_some_and(|steps| *steps <= MAX_SUSPECT_STEPS)
        };
        if change.services.iter().any(is_near) && !affected.contains(&service.name) {
            affected.push(service.name.clone());
        }
    }
    affected
}

/// Returns the ids of the names of services that an incident has.
async fn service_ids(conn: &mut SqliteConnection, services: &[String]) -> StoreResult<Vec<String>> {
    let mut ids = Vec::with_capacity(services.len());
    for service in services {
        let mut batch = Batch::new("SELECT id FROM name WHERE kind = ? AND text = ?");
        batch.arg(NameKind::Service.to_stored()).arg(service.clone());
        if let Some(row) = batch.fetch_optional(conn).await? {
            ids.push(row.try_get::<i64, _>(0)?.to_string());
        }
    }
    Ok(ids)
}

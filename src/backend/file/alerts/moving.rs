//! Alerts that are moved from one incident to another, by a command, and where they are found when they
//! are reported again.

use std::collections::{BTreeMap, HashSet};

use sqlx::{Row, SqliteConnection};

use super::table::{has_alerts, parse_alert};
use crate::backend::file::error::StoreResult;
use crate::backend::file::event_row::parse_incident_id;
use crate::backend::file::json_column::encode_json;
use crate::backend::file::records::{self, KeyedIncident};
use crate::backend::file::row::{OPEN_FACETS_END, status_and_priority};
use crate::backend::file::sql::Batch;
use crate::model::alert::{Alert, AlertGroup, AlertSelection};
use crate::model::{IncidentId, Status};

/// The searched alerts of an incident: its id, whether it is open, and for each row the key, the
/// position, and whether it is resolved.
type FoundRows = (IncidentId, bool, Vec<(String, i64, bool)>);

/// Alerts that are moved, with the positions of their rows.
#[derive(Default)]
pub(in crate::backend::file) struct MovedAlerts {
    pub alerts: Vec<Alert>,
    positions: Vec<i64>,
}

impl MovedAlerts {
    /// Returns how many alerts are moved.
    pub(in crate::backend::file) fn count(&self) -> u32 {
        u32::try_from(self.alerts.len()).unwrap_or(u32::MAX)
    }

    /// Adds the statements that move the rows to the incident with a key. An alert that it has already
    /// is replaced.
    pub(in crate::backend::file) fn put(
        &self,
        batch: &mut Batch,
        from: i64,
        (to, id): (i64, IncidentId),
    ) -> StoreResult<()> {
        batch
            .sql(
                "UPDATE OR REPLACE alert SET incident = ?, body = json_set(body, '$.incident', ?)
                    WHERE incident = ? AND position IN (SELECT value FROM json_each(?));",
            )
            .arg(to)
            .arg(id.to_string())
            .arg(from)
            .arg(encode_json(&self.positions)?);
        Ok(())
    }
}

/// Reads the alerts to be moved of the incident with a key.
pub(in crate::backend::file) async fn read_selected(
    conn: &mut SqliteConnection,
    incident: i64,
    selection: &AlertSelection<'_>,
) -> StoreResult<MovedAlerts> {
    let mut moved = MovedAlerts::default();
    if !has_alerts(conn).await? {
        return Ok(moved);
    }
    let mut batch =
        Batch::new("SELECT position, body FROM alert WHERE incident = ? ORDER BY position");
    batch.arg(incident);
    for row in batch.fetch_all(conn).await? {
        let alert = parse_alert(row.try_get(1)?)?;
        if selection.matches(&alert) {
            moved.alerts.push(alert);
            moved.positions.push(row.try_get(0)?);
        }
    }
    Ok(moved)
}

/// An open incident that has alerts of a group, but is not the one to which new alerts of the group go.
pub(super) struct Elsewhere {
    /// The incident.
    pub record: KeyedIncident,
    /// The keys of these alerts.
    pub keys: HashSet<String>,
    /// The keys of those that are resolved.
    pub resolved: HashSet<String>,
    /// Whether the alerts have just followed an incident that was merged into this one.
    pub has_moved: bool,
}

/// Finds the alerts of a message whose last row is that of another open incident than the one with the
/// key `open`: people have moved them there. Alerts of an incident that was merged since follow it.
pub(super) async fn find_elsewhere(
    conn: &mut SqliteConnection,
    group: &AlertGroup,
    open: Option<i64>,
) -> StoreResult<Vec<Elsewhere>> {
    let keys: HashSet<&str> = group.alerts.iter().map(|alert| alert.key.as_str()).collect();
    let mut batch = Batch::new(
        "SELECT a.key, a.position, i.key, i.id, i.facets, a.state = 1
            FROM json_each(?) k CROSS JOIN alert a ON a.position =
                (SELECT max(b.position) FROM alert b WHERE b.group_key = ? AND b.key = k.value)
            JOIN incident i ON i.key = a.incident WHERE i.key IS NOT ?",
    );
    batch.arg(encode_json(&keys)?).arg(group.key.clone()).arg(open);
    let mut incidents: BTreeMap<i64, FoundRows> = BTreeMap::new();
    for row in batch.fetch_all(conn).await? {
        let facets: i64 = row.try_get(4)?;
        let is_open = facets < OPEN_FACETS_END;
        let is_merged =
            status_and_priority(facets).is_some_and(|(status, _)| status == Status::Merged);
        if is_open || is_merged {
            let id = parse_incident_id(row.try_get(3)?)?;
            let entry = incidents.entry(row.try_get(2)?).or_insert((id, is_open, Vec::new()));
            let is_resolved = row.try_get_unchecked::<i64, _>(5)? != 0;
            entry.2.push((row.try_get(0)?, row.try_get(1)?, is_resolved));
        }
    }
    let mut found: Vec<Elsewhere> = Vec::new();
    for (key, (id, is_open, rows)) in incidents {
        let Some(record) = records::load_open_end(conn, id).await? else { continue };
        let resolved: HashSet<String> =
            rows.iter().filter(|row| row.2).map(|row| row.0.clone()).collect();
        let (keys, positions): (HashSet<String>, Vec<i64>) =
            rows.into_iter().map(|(key, position, _)| (key, position)).unzip();
        if !is_open {
            let moved = MovedAlerts { alerts: Vec::new(), positions };
            let mut batch = Batch::default();
            moved.put(&mut batch, key, (record.key, record.incident.summary.id))?;
            batch.run(conn).await?;
        }
        if Some(record.key) == open {
            continue;
        }
        match found.iter_mut().find(|other| other.record.key == record.key) {
            Some(other) => {
                other.keys.extend(keys);
                other.resolved.extend(resolved);
                other.has_moved |= !is_open;
            }
            None => found.push(Elsewhere { record, keys, resolved, has_moved: !is_open }),
        }
    }
    Ok(found)
}

//! The table of alerts: its rows, and the statements that read and write them.

use sqlx::{Row, SqliteConnection};

use crate::backend::file::error::{StoreError, StoreResult, no_such_incident};
use crate::backend::file::event_row::parse_incident_id;
use crate::backend::file::json_column::{encode_json, parse_json};
use crate::backend::file::sql::Batch;
use crate::model::IncidentId;
use crate::model::alert::{Alert, AlertState};

/// The number of alerts that a store has at most, but for those that fire; older ones are removed.
const MAX_STORED: i64 = 1_000_000;
/// The number of rows that one batch of statements writes.
const ROWS_PER_WRITE: usize = 200;

/// Returns the number of a state. The numbers are stored: they never change.
const fn state_number(state: AlertState) -> i64 {
    match state {
        AlertState::Firing => 0,
        AlertState::Resolved => 1,
        AlertState::Unknown(_) => 2,
    }
}

/// Parses the JSON of an alert.
pub(in crate::backend::file) fn parse_alert(body: &str) -> StoreResult<Alert> {
    parse_json(body, "an alert")
}

/// Returns whether the store has the table; one of an earlier version that is only read has none.
pub(in crate::backend::file) async fn has_alerts(conn: &mut SqliteConnection) -> StoreResult<bool> {
    let table = Batch::new("SELECT 1 FROM sqlite_schema WHERE name = 'alert'");
    Ok(table.fetch_optional(conn).await?.is_some())
}

/// Reads the alerts of the incident with a key, firing ones first, and of those the one that was
/// reported last first.
pub(in crate::backend::file) async fn read_alerts(
    conn: &mut SqliteConnection,
    incident: i64,
    limit: u32,
) -> StoreResult<Vec<Alert>> {
    if !has_alerts(conn).await? {
        return Ok(Vec::new());
    }
    let mut batch = Batch::new(
        "SELECT body FROM alert WHERE incident = ?
            ORDER BY state, last DESC, position DESC LIMIT ?",
    );
    batch.arg(incident).arg(i64::from(limit));
    read_bodies(batch, conn).await
}

/// Returns whether an incident has an alert of the kind of sender with which a key of groups begins.
pub(super) async fn has_alert_of(
    conn: &mut SqliteConnection,
    incident: i64,
    dedup_key: &str,
) -> StoreResult<bool> {
    let mut batch = Batch::new(
        "SELECT 1 FROM alert WHERE incident = ?
            AND instr(?, json_extract(body, '$.source') || ':') = 1 LIMIT 1",
    );
    batch.arg(incident).arg(dedup_key.to_owned());
    Ok(batch.fetch_optional(conn).await?.is_some())
}

/// Finds the open incident that has the alerts of a group.
pub(in crate::backend::file) async fn find_group(
    conn: &mut SqliteConnection,
    group: &str,
) -> StoreResult<Option<IncidentId>> {
    if !has_alerts(conn).await? {
        return Ok(None);
    }
    let mut batch = Batch::new(
        "SELECT i.id FROM alert a JOIN incident i ON i.key = a.incident
            WHERE a.group_key = ? AND i.facets < 320
            ORDER BY a.state, a.last DESC, a.position DESC LIMIT 1",
    );
    batch.arg(group.to_owned());
    let row = batch.fetch_optional(conn).await?;
    row.map(|row| parse_incident_id(row.try_get(0)?)).transpose()
}

/// Reads the alerts of an incident, as [`read_alerts`] does.
pub(in crate::backend::file) async fn read_alerts_of(
    conn: &mut SqliteConnection,
    incident: IncidentId,
    limit: u32,
) -> StoreResult<Vec<Alert>> {
    let mut batch = Batch::new("SELECT key FROM incident WHERE id = ?");
    batch.arg(incident.as_bytes().to_vec());
    let row = batch.fetch_optional(conn).await?.ok_or_else(|| no_such_incident(incident))?;
    read_alerts(conn, row.try_get(0)?, limit).await
}

/// Reads the last alert of a group with each of some keys.
pub(super) async fn read_last<'a>(
    conn: &mut SqliteConnection,
    group: &str,
    keys: impl Iterator<Item = &'a str>,
) -> StoreResult<Vec<Alert>> {
    let mut keys: Vec<&str> = keys.collect();
    keys.sort_unstable();
    keys.dedup();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let mut batch = Batch::new(
        "SELECT a.body FROM json_each(?) k CROSS JOIN alert a ON a.position =
            (SELECT max(b.position) FROM alert b WHERE b.group_key = ? AND b.key = k.value)",
    );
    batch.arg(encode_json(&keys)?).arg(group.to_owned());
    read_bodies(batch, conn).await
}

async fn read_bodies(batch: Batch, conn: &mut SqliteConnection) -> StoreResult<Vec<Alert>> {
    let rows = batch.fetch_all(conn).await?;
    rows.iter().map(|row| parse_alert(row.try_get(0)?)).collect()
}

/// Reads the alerts that fire in open incidents, the one that was reported last first.
pub(in crate::backend::file) async fn read_firing(
    conn: &mut SqliteConnection,
    limit: u32,
) -> StoreResult<Vec<Alert>> {
    if !has_alerts(conn).await? {
        return Ok(Vec::new());
    }
    let mut batch = Batch::new(
        "SELECT a.body FROM incident i JOIN alert a ON a.incident = i.key AND a.state = 0
            WHERE i.facets < 320 ORDER BY a.last DESC, a.position DESC LIMIT ?",
    );
    batch.arg(i64::from(limit));
    read_bodies(batch, conn).await
}

/// Reads the alerts that fire of a kind of sender whose groups have keys that begin with its name.
pub(in crate::backend::file) async fn read_firing_of(
    conn: &mut SqliteConnection,
    source: &str,
) -> StoreResult<Vec<Alert>> {
    if !has_alerts(conn).await? {
        return Ok(Vec::new());
    }
    let mut batch = Batch::new(
        "SELECT body FROM alert WHERE group_key >= ? AND group_key < ? AND state = 0 ORDER BY position",
    );
    // A semicolon follows the colon.
    batch.arg(format!("{source}:")).arg(format!("{source};"));
    read_bodies(batch, conn).await
}

/// Reads the alerts of the groups whose keys begin with a prefix, which ends with a colon; of them only those
/// with a key, if one is given. The newest alert, by the time of its first report, comes first.
pub(in crate::backend::file) async fn read_of_groups(
    conn: &mut SqliteConnection,
    prefix: &str,
    key: Option<&str>,
    limit: u32,
) -> StoreResult<Vec<Alert>> {
    let Some(start) = prefix.strip_suffix(':') else { return Ok(Vec::new()) };
    if !has_alerts(conn).await? {
        return Ok(Vec::new());
    }
    // An index selects them; only those that are wanted are read.
    let mut batch = Batch::new(
        "SELECT body FROM alert WHERE position IN (
                SELECT position FROM alert WHERE group_key >= ? AND group_key < ?
                    AND (? IS NULL OR key = ?) ORDER BY position DESC LIMIT ?)
            ORDER BY position DESC",
    );
    let key = key.map(ToOwned::to_owned);
    // A semicolon follows the colon.
    batch.arg(prefix.to_owned()).arg(format!("{start};")).arg(key.clone()).arg(key);
    batch.arg(i64::from(limit));
    read_bodies(batch, conn).await
}

/// Counts the alerts of the incident with a key, and those of them that are not resolved.
pub(in crate::backend::file) async fn count(
    conn: &mut SqliteConnection,
    incident: i64,
) -> StoreResult<(u64, u64)> {
    let mut batch =
        Batch::new("SELECT count(*), count(nullif(state, 1)) FROM alert WHERE incident = ?");
    batch.arg(incident);
    let row = batch.fetch_optional(conn).await?;
    let row = row.ok_or_else(|| StoreError::content("alerts can't be counted"))?;
    let number = |column: usize| -> StoreResult<u64> {
        Ok(u64::try_from(row.try_get_unchecked::<i64, _>(column)?).unwrap_or(0))
    };
    Ok((number(0)?, number(1)?))
}

/// Moves the alerts of a group from one incident to the one in which it continues. Returns whether
/// there were any.
pub(super) async fn move_group(
    conn: &mut SqliteConnection,
    group: &str,
    from: i64,
    (to, id): (i64, IncidentId),
) -> StoreResult<bool> {
    let mut batch = Batch::new("SELECT 1 FROM alert WHERE incident = ? AND group_key = ? LIMIT 1");
    batch.arg(from).arg(group.to_owned());
    if batch.fetch_optional(conn).await?.is_none() {
        return Ok(false);
    }
    let mut batch = Batch::new(
        "UPDATE OR REPLACE alert SET incident = ?, body = json_set(body, '$.incident', ?)
            WHERE incident = ? AND group_key = ?",
    );
    batch.arg(to).arg(id.to_string()).arg(from).arg(group.to_owned());
    batch.run(conn).await?;
    Ok(true)
}

/// Adds the statement that stores a new alert of an incident, unless it is stored already.
pub(super) fn put_new(batch: &mut Batch, alert: &Alert, incident: i64) -> StoreResult<()> {
    batch
        .sql(
            "INSERT OR IGNORE INTO alert (incident, group_key, key, state, last, expires, body)
                VALUES (?, ?, ?, ?, ?, ?, ?);",
        )
        .arg(incident)
        .arg(alert.group.clone())
        .arg(alert.key.clone())
        .arg(state_number(alert.state))
        .arg(alert.last_at.timestamp_millis())
        .arg(expiry(alert))
        .arg(encode_json(alert)?);
    Ok(())
}

/// Returns when an alert ends that is not reported again, in milliseconds.
fn expiry(alert: &Alert) -> Option<i64> {
    alert.expires_at.map(|at| at.timestamp_millis())
}

fn put_changed(batch: &mut Batch, alert: &Alert) -> StoreResult<()> {
    batch
        .sql(
            "UPDATE alert SET state = ?, last = ?, expires = ?, body = ?
                WHERE group_key = ? AND key = ? AND incident = (SELECT key FROM incident WHERE id = ?);",
        )
        .arg(state_number(alert.state))
        .arg(alert.last_at.timestamp_millis())
        .arg(expiry(alert))
        .arg(encode_json(alert)?)
        .arg(alert.group.clone())
        .arg(alert.key.clone())
        .arg(alert.incident.as_bytes().to_vec());
    Ok(())
}

/// Stores alerts that have changed.
pub(super) async fn write_changed(
    conn: &mut SqliteConnection,
    alerts: &[Alert],
) -> StoreResult<()> {
    for chunk in alerts.chunks(ROWS_PER_WRITE) {
        let mut batch = Batch::one_off("");
        for alert in chunk {
            put_changed(&mut batch, alert)?;
        }
        batch.run(conn).await?;
    }
    Ok(())
}

/// Stores the new alerts of the incident with a key, and removes old ones beyond the bound.
pub(super) async fn write_new(
    conn: &mut SqliteConnection,
    alerts: &[Alert],
    incident: i64,
) -> StoreResult<()> {
    for chunk in alerts.chunks(ROWS_PER_WRITE) {
        let mut batch = Batch::one_off("");
        for alert in chunk {
            put_new(&mut batch, alert, incident)?;
        }
        prune(&mut batch);
        batch.run(conn).await?;
    }
    Ok(())
}

/// Adds the statement that removes the oldest alerts beyond the bound, but for those that fire in an
/// open incident.
pub(super) fn prune(batch: &mut Batch) {
    batch
        .sql(
            "DELETE FROM alert WHERE position <= (SELECT max(position) FROM alert) - ?
                AND (state = 1
                    OR incident NOT IN (SELECT key FROM incident WHERE facets < 320));",
        )
        .arg(MAX_STORED);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_the_numbers_of_all_versions() {
        let numbers: Vec<i64> = AlertState::ALL.iter().map(|state| state_number(*state)).collect();
        assert_eq!(numbers, [0, 1]);
    }
}

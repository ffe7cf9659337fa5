//! Reports of alerts that have ended while they waited for others before an incident was declared.
//!
//! Such an alert has no row in the table of alerts by which a report of the same firing that arrives
//! late is recognized. So its end is recorded in the table of those that wait.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::{Row, SqliteConnection};

use super::ingest::{Done, Message};
use super::waiting::{MAX_AGE, MAX_ROWS};
use crate::backend::file::error::StoreResult;
use crate::backend::file::json_column::encode_json;
use crate::backend::file::sql::Batch;
use crate::model::alert::{AlertGroup, AlertReport};
use crate::model::time::recorded_time;

/// The prefix of the keys of alerts that have ended while they waited. No group has such a key.
const ENDED: &str = "\u{1}ended:";
/// Greater than any key that begins with [`ENDED`], and less than any other.
const ENDED_END: &str = "\u{1}ended;";

/// An alert that has ended while it waited, with the time since when it fired.
pub(super) type EndedFiring<'a> = (&'a str, DateTime<Utc>);

/// Returns the key of the row of an alert.
fn ended_key(group: &str, key: &str) -> StoreResult<String> {
    Ok(format!("{ENDED}{}", encode_json(&(group, key))?))
}

/// Adds the statements that record which alerts of a group have ended while they waited, and remove the
/// oldest ones.
pub(super) fn put_ended(
    batch: &mut Batch,
    group: &str,
    ended: &[EndedFiring<'_>],
    now: DateTime<Utc>,
) -> StoreResult<()> {
    if ended.is_empty() {
        return Ok(());
    }
    let mut last: HashMap<&str, DateTime<Utc>> = HashMap::new();
    for &(key, start) in ended {
        let latest = last.entry(key).or_insert(start);
        *latest = start.max(*latest);
    }
    for (key, start) in last {
        let key = ended_key(group, key)?;
        batch
            .sql("DELETE FROM waiting_alert WHERE key = ?;")
            .arg(key.clone())
            .sql("INSERT INTO waiting_alert (key, at, body) VALUES (?, ?, ?);")
            .arg(key)
            .arg(now.timestamp_millis())
            .arg(encode_json(&start)?);
    }
    batch
        .sql(
            "DELETE FROM waiting_alert WHERE at < ? AND +key >= ? AND +key < ?;
             DELETE FROM waiting_alert WHERE +key >= ? AND +key < ?
                AND position <= (SELECT max(position) FROM waiting_alert) - ?;",
        )
        .arg((now - MAX_AGE).timestamp_millis())
        .arg(ENDED.to_owned())
        .arg(ENDED_END.to_owned())
        .arg(ENDED.to_owned())
        .arg(ENDED_END.to_owned())
        .arg(MAX_ROWS);
    Ok(())
}

/// Reads since when alerts fired that have ended while they waited, by their keys.
async fn read_ended<'k>(
    conn: &mut SqliteConnection,
    group: &str,
    keys: &[&'k str],
) -> StoreResult<HashMap<&'k str, DateTime<Utc>>> {
    let mut by_row = HashMap::new();
    for key in keys {
        by_row.insert(ended_key(group, key)?, *key);
    }
    let row_keys: Vec<&String> = by_row.keys().collect();
    let mut batch = Batch::new(
        "SELECT w.key, w.body FROM json_each(?) k CROSS JOIN waiting_alert w ON w.key = k.value",
    );
    batch.arg(encode_json(&row_keys)?);
    let mut ended = HashMap::new();
    for row in batch.fetch_all(conn).await? {
        let (key, start): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
        // An unreadable one is as if there were none.
        if let (Some(key), Ok(start)) = (by_row.get(key), serde_json::from_str(start)) {
            ended.insert(*key, start);
        }
    }
    Ok(ended)
}

impl Message<'_> {
    /// Returns the positions of reports that an alert fires which has ended while it waited, and began to
    /// fire no later than it did then.
    pub(super) async fn find_late(
        &self,
        conn: &mut SqliteConnection,
    ) -> StoreResult<HashSet<usize>> {
        let has_start = |alert: &&AlertReport| alert.is_firing && alert.starts_at.is_some();
        let firing = self.group.alerts.iter().filter(has_start);
        let keys: Vec<&str> = firing.map(|alert| alert.key.as_str()).collect();
        if keys.is_empty() {
            return Ok(HashSet::new());
        }
        let ended = read_ended(conn, &self.group.key, &keys).await?;
        let is_late = |alert: &AlertReport| {
            let start = alert.starts_at.filter(|_| alert.is_firing).map(recorded_time);
            start.zip(ended.get(alert.key.as_str())).is_some_and(|(start, last)| start <= *last)
        };
        let alerts = self.group.alerts.iter().enumerate();
        Ok(alerts.filter(|(_, alert)| is_late(alert)).map(|(position, _)| position).collect())
    }

    /// Returns the group of the message without the reports at some positions.
    pub(super) fn without_late(&self, late: &HashSet<usize>) -> AlertGroup {
        let alerts = self.group.alerts.iter().enumerate();
        let alerts = alerts.filter(|(position, _)| !late.contains(position));
        let alerts = alerts.map(|(_, alert)| alert.clone()).collect();
        AlertGroup { is_firing: None, alerts, ..self.group.clone() }
    }
}

impl Done {
    /// Counts late reports, which the message was stored without.
    pub(super) fn with_late(mut self, count: usize) -> Self {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let counts = &mut self.outcome.alerts;
        counts.received = counts.received.saturating_add(count);
        counts.ignored = counts.ignored.saturating_add(count);
        self
    }
}

//! The first page of the full queue, found without reading the rows that are not on it.
//!
//! The panes start with this page. With 5,000 open incidents, reading all rows would delay their
//! first frame too much. An index has the fields that the order needs.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{Row, SqliteConnection};

use super::access_path::blank_summary;
use super::error::{StoreError, StoreResult};
use super::maintenance::has_maintenance;
use super::read::summary_at;
use super::row::{
    NO_PAUSES, OPEN_FACETS_END, PAUSES_OFFSET, VERSIONS_WITH_PAUSES, status_and_priority,
    unpack_pauses,
};
use super::sql::Batch;
use crate::backend::{Page, PageMark, Search};
use crate::model::maintenance::Mute;
use crate::model::queue::{OpenCounts, UrgencyKey, urgency_key, urgency_key_by_clock};
use crate::model::service_level::{ServiceLevels, running_clock};
use crate::model::{Rules, Status, Summary};

/// The fields of an open incident that can be read from indexes, without its row.
struct Outline {
    /// The rank without the id, which orders incidents reported in the same second.
    rank: UrgencyKey,
    key: i64,
}

/// Returns the first page of all open incidents that are not snoozed, most urgent first.
pub(super) async fn first_page(
    conn: &mut SqliteConnection,
    search: &Search,
    rules: &Rules,
) -> StoreResult<Page<Summary>> {
    let Outlines { list: mut outlines, counts } = outlines(conn, search.now, rules).await?;
    let total = outlines.len() as u64;
    let limit = usize::try_from(search.limit).unwrap_or(1);
    outlines.sort_unstable_by_key(|outline| (outline.rank, outline.key));
    // Include all that tie with the last one of the page: their ids decide which are on it.
    let last = outlines.get(limit - 1).map(|outline| outline.rank);
    let read = outlines.partition_point(|outline| last.is_none_or(|last| outline.rank <= last));
    let mut ranked = rows(conn, &outlines[..read]).await?;
    let rank = |row: &Summary| urgency_key(row, search.now, &rules.levels);
    ranked.sort_by_cached_key(rank);
    ranked.truncate(limit);
    let next = (outlines.len() > limit)
        .then(|| ranked.last().map(|row| PageMark::Rank(rank(row))))
        .flatten();
    Ok(Page { rows: ranked, next, total: Some(total), counts: Some(counts) })
}

/// The open incidents that are not snoozed, in no order, and the counts of all open ones.
#[derive(Default)]
struct Outlines {
    list: Vec<Outline>,
    counts: OpenCounts,
}

impl Outlines {
    /// Counts an incident, and lists it unless it is snoozed.
    fn add(&mut self, key: i64, row: &Summary, now: DateTime<Utc>, levels: &ServiceLevels) {
        let clock = running_clock(row, levels);
        self.counts.add_by_clock(row, clock.as_ref(), now);
        if !row.is_snoozed(now) {
            self.list.push(Outline { rank: urgency_key_by_clock(row, clock.as_ref(), now), key });
        }
    }
}

/// Reads all open incidents.
async fn outlines(
    conn: &mut SqliteConnection,
    now: DateTime<Utc>,
    rules: &Rules,
) -> StoreResult<Outlines> {
    let results = Batch::new(&format!(
        "SELECT key, snoozed FROM incident WHERE snoozed IS NOT NULL;
         SELECT facets, group_concat(key) FROM incident
            WHERE facets >= 0 AND facets < {OPEN_FACETS_END} GROUP BY facets;
         SELECT key, row FROM incident WHERE facets < 0;
         {}",
        pauses_query()
    ))
    .fetch_result_sets(conn)
    .await?;
    let damaged = || StoreError::content("the index of open incidents can't be read");
    let [snoozed, groups, others, pauses] = results.as_slice() else { return Err(damaged()) };
    let muted = read_muted(conn).await?;
    let mut snoozed_until: HashMap<i64, Option<DateTime<Utc>>> = HashMap::new();
    for row in snoozed {
        snoozed_until.insert(row.try_get(0)?, DateTime::from_timestamp_millis(row.try_get(1)?));
    }
    let mut outlines = Outlines::default();
    let blank = blank_summary();
    // Facets do not contain the status. There are few such incidents.
    for other in others {
        let row = Summary { id: blank.id, ..summary_at(other, 1)? };
        outlines.add(other.try_get(0)?, &row, now, &rules.levels);
    }
    let pauses: Option<&str> = pauses.first().map(|row| row.try_get(0)).transpose()?.flatten();
    let pauses = parse_pauses(pauses.unwrap_or_default());
    let mut row = blank;
    for group in groups {
        (row.status, row.priority) = status_and_priority(group.try_get(0)?).ok_or_else(damaged)?;
        for key in group.try_get::<&str, _>(1)?.split(',') {
            let key: i64 = key.parse().map_err(|_| damaged())?;
            row.reported_at = DateTime::from_timestamp(key >> 31, 0).ok_or_else(damaged)?;
            // Any status after the first means that somebody has acknowledged the incident.
            row.acknowledged_at = (row.status != Status::Triggered).then_some(row.reported_at);
            row.snoozed_until = snoozed_until.get(&key).copied().flatten();
            (row.paused_since, row.paused_ms) = pauses.get(&key).copied().unwrap_or_default();
            // It stops the clock to acknowledge.
            (row.muted, row.muted_ms) = muted.get(&key).cloned().unwrap_or_default();
            outlines.add(key, &row, now, &rules.levels);
        }
    }
    Ok(outlines)
}

/// Since when an incident is paused, and for how long it was before, in milliseconds.
type Pauses = (Option<DateTime<Utc>>, i64);

/// Returns the query for the pauses of open incidents that have any, which the index
/// `incident_paused` has. It gives one value: passing a row for each from the driver costs more than
/// to find them.
fn pauses_query() -> String {
    let at = format!("substr(row, {}, {})", PAUSES_OFFSET + 1, NO_PAUSES.len());
    format!(
        "SELECT group_concat(key || ' ' || hex(substr(row, 1, 1)) || hex({at})) FROM incident
            WHERE facets >= 0 AND facets < {OPEN_FACETS_END} AND {at} <> x'{}';",
        hex::encode(NO_PAUSES)
    )
}

/// Parses the result of [`pauses_query`]: the pauses by the key of the incident. A row that is
/// damaged, or of a version without pauses, has none.
fn parse_pauses(text: &str) -> HashMap<i64, Pauses> {
    let parse = |found: &str| {
        let (key, hex) = found.split_once(' ')?;
        let mut bytes = [0; 1 + NO_PAUSES.len()];
        hex::decode_to_slice(hex, &mut bytes).ok()?;
        let (version, pauses) = bytes.split_first_chunk::<1>()?;
        let has_pauses = VERSIONS_WITH_PAUSES.contains(&version[0]);
        let pauses = pauses.first_chunk().filter(|_| has_pauses)?;
        Some((key.parse().ok()?, unpack_pauses(pauses)?))
    };
    text.split(',').filter_map(parse).collect()
}

/// Returns keys as a JSON array.
fn json_keys(keys: impl Iterator<Item = i64>) -> String {
    let keys: Vec<String> = keys.map(|key| key.to_string()).collect();
    format!("[{}]", keys.join(","))
}

/// The current or last mute of an incident, and how long it was muted before.
type Muted = (Option<Mute>, i64);

/// Reads the mutes of unacknowledged and of muted incidents, by key. There are few.
async fn read_muted(conn: &mut SqliteConnection) -> StoreResult<HashMap<i64, Muted>> {
    let mut muted = HashMap::new();
    if !has_maintenance(conn).await? {
        return Ok(muted);
    }
    Batch::new(
        "SELECT i.key, i.row FROM muted m CROSS JOIN incident i ON i.key = m.incident
            WHERE i.facets >= 0 AND i.facets < 64",
    )
    .for_each_row(conn, |row| {
        let summary = summary_at(row, 1)?;
        muted.insert(row.try_get(0)?, (summary.muted, summary.muted_ms));
        Ok(true)
    })
    .await?;
    Ok(muted)
}

async fn rows(conn: &mut SqliteConnection, outlines: &[Outline]) -> StoreResult<Vec<Summary>> {
    let mut batch =
        Batch::new("SELECT row FROM incident WHERE key IN (SELECT value FROM json_each(?))");
    batch.arg(json_keys(outlines.iter().map(|outline| outline.key)));
    let mut rows = Vec::with_capacity(outlines.len());
    batch
        .for_each_row(conn, |row| {
            rows.push(summary_at(row, 0)?);
            Ok(true)
        })
        .await?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, Row, SqliteConnection};

    use super::*;

    #[tokio::test]
    async fn pauses_are_found_without_the_rows() {
        let mut conn = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let tables = [
            include_str!("migrations/0001_store.sql"),
            "CREATE TABLE meta (name, value);",
            include_str!("migrations/0015_pauses.sql"),
        ];
        for table in tables {
            Batch::new(table).run(&mut conn).await.unwrap();
        }
        let plan = Batch::new(&format!("EXPLAIN QUERY PLAN {}", pauses_query()));
        let rows = plan.fetch_all(&mut conn).await.unwrap();
        let steps: Vec<String> = rows.iter().map(|row| row.get(3)).collect();
        assert_eq!(steps.len(), 1, "{steps:?}");
        assert!(steps[0].contains("incident_paused"), "{steps:?}");
        // Nothing but the version of the row and its pauses is needed.
        let plan = Batch::new(&format!("EXPLAIN {}", pauses_query()));
        let rows = plan.fetch_all(&mut conn).await.unwrap();
        let reads = rows.iter().filter(|row| row.get::<&str, _>(1) == "Column");
        assert!(reads.clone().all(|row| row.get::<i64, _>(2) == 1), "the index is cursor 1");
        assert_eq!(reads.count(), 2);
    }

    #[test]
    fn pauses_of_other_rows_are_ignored() {
        let hour = hex::encode(3_600_000_i64.to_le_bytes());
        let never = hex::encode(i64::MIN.to_le_bytes());
        let since = hex::encode(1000_i64.to_le_bytes());
        for (text, expected) in [
            (format!("7 02{never}{hour}"), vec![(7, (None, 3_600_000))]),
            (format!("8 82{since}{hour}"), vec![(8, (DateTime::from_timestamp(1, 0), 3_600_000))]),
            (format!("7 01{never}{hour}"), vec![]),
            (format!("7 02{never}"), vec![]),
            (format!("seven 02{never}{hour}"), vec![]),
            (String::new(), vec![]),
        ] {
            assert_eq!(parse_pauses(&text), HashMap::from_iter(expected), "{text}");
        }
    }
}

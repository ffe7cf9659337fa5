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
use crate::model::queue::{OpenCounts, UrgencyKey, urgency_key};
use crate::model::service_level::near_after;
use crate::model::{Priority, Rules, Status, Summary};

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
    let mut counts = OpenCounts::default();
    let mut outlines = outlines(conn, search.now, rules, &mut counts).await?;
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

/// Reads all open incidents that are not snoozed, in no order. Adds all open incidents to `counts`,
/// the snoozed ones too.
async fn outlines(
    conn: &mut SqliteConnection,
    now: DateTime<Utc>,
    rules: &Rules,
    counts: &mut OpenCounts,
) -> StoreResult<Vec<Outline>> {
    let results = Batch::new(&format!(
        "SELECT key, snoozed FROM incident WHERE snoozed IS NOT NULL;
         SELECT facets, group_concat(key) FROM incident
            WHERE facets >= 0 AND facets < {OPEN_FACETS_END} GROUP BY facets;
         SELECT key, row FROM incident WHERE facets < 0;"
    ))
    .fetch_result_sets(conn)
    .await?;
    let damaged = || StoreError::content("the index of open incidents can't be read");
    let [snoozed, groups, others] = results.as_slice() else { return Err(damaged()) };
    let muted = read_muted(conn).await?;
    let mut snoozed_until: HashMap<i64, Option<DateTime<Utc>>> = HashMap::new();
    for row in snoozed {
        snoozed_until.insert(row.try_get(0)?, DateTime::from_timestamp_millis(row.try_get(1)?));
    }
    let mut outlines = Vec::new();
    let blank = blank_summary();
    // Facets do not contain the status. There are few such incidents.
    for other in others {
        let row = summary_at(other, 1)?;
        counts.add(&row, now, &rules.levels);
        if !row.is_snoozed(now) {
            let rank = urgency_key(&row, now, &rules.levels);
            let rank = UrgencyKey { id: blank.id, ..rank };
            outlines.push(Outline { rank, key: other.try_get(0)? });
        }
    }
    let mut late = Vec::new();
    let mut row = blank;
    for group in groups {
        (row.status, row.priority) = status_and_priority(group.try_get(0)?).ok_or_else(damaged)?;
        // No index has the pauses, which give an incident more time to be resolved.
        let late_since = (row.status != Status::Triggered)
            .then(|| now - near_after(rules.levels.for_priority(row.priority).resolve_s));
        for key in group.try_get::<&str, _>(1)?.split(',') {
            let key: i64 = key.parse().map_err(|_| damaged())?;
            row.reported_at = DateTime::from_timestamp(key >> 31, 0).ok_or_else(damaged)?;
            // Any status after the first means that somebody has acknowledged the incident.
            row.acknowledged_at = (row.status != Status::Triggered).then_some(row.reported_at);
            row.snoozed_until = snoozed_until.get(&key).copied().flatten();
            // It stops the clock to acknowledge.
            (row.muted, row.muted_ms) = muted.get(&key).cloned().unwrap_or_default();
            if late_since.is_some_and(|since| row.reported_at <= since) {
                late.push((key, row.status, row.priority));
                continue;
            }
            counts.add(&row, now, &rules.levels);
            if !row.is_snoozed(now) {
                outlines.push(Outline { rank: urgency_key(&row, now, &rules.levels), key });
            }
        }
    }
    let pauses = read_pauses(conn, &late).await?;
    let mut row = blank_summary();
    for (key, status, priority) in late {
        (row.status, row.priority) = (status, priority);
        row.reported_at = DateTime::from_timestamp(key >> 31, 0).ok_or_else(damaged)?;
        row.acknowledged_at = Some(row.reported_at);
        row.snoozed_until = snoozed_until.get(&key).copied().flatten();
        (row.paused_since, row.paused_ms) = pauses.get(&key).copied().unwrap_or_default();
        counts.add(&row, now, &rules.levels);
        if !row.is_snoozed(now) {
            outlines.push(Outline { rank: urgency_key(&row, now, &rules.levels), key });
        }
    }
    Ok(outlines)
}

/// Since when an incident is paused, and for how long it was before, in milliseconds.
type Pauses = (Option<DateTime<Utc>>, i64);

/// Reads the pauses of incidents that have any, by key. A damaged row has none.
async fn read_pauses(
    conn: &mut SqliteConnection,
    late: &[(i64, Status, Priority)],
) -> StoreResult<HashMap<i64, Pauses>> {
    let mut pauses = HashMap::new();
    if late.is_empty() {
        return Ok(pauses);
    }
    // One value: passing a row for each from the driver costs more than to find them.
    let at = format!("substr(row, {}, {})", PAUSES_OFFSET + 1, NO_PAUSES.len());
    let [version, with_texts] = VERSIONS_WITH_PAUSES;
    let mut batch = Batch::new(&format!(
        "SELECT group_concat(key || ' ' || hex({at})) FROM incident
            WHERE key IN (SELECT value FROM json_each(?))
            AND substr(row, 1, 1) IN (x'{version:02x}', x'{with_texts:02x}') AND {at} <> x'{}'",
        hex::encode(NO_PAUSES)
    ));
    batch.arg(json_keys(late.iter().map(|(key, ..)| *key)));
    let row = batch.fetch_optional(conn).await?;
    let text: Option<String> = row.map(|row| row.try_get(0)).transpose()?.flatten();
    for found in text.iter().flat_map(|text| text.split(',')) {
        let mut bytes = NO_PAUSES;
        if let Some((key, hex)) = found.split_once(' ')
            && let Ok(key) = key.parse()
            && hex::decode_to_slice(hex, &mut bytes).is_ok()
            && let Some(found) = unpack_pauses(&bytes)
        {
            pauses.insert(key, found);
        }
    }
    Ok(pauses)
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

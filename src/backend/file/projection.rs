//! Keeps the projection in step with the events.

use super::error::{Done, Failure};
use super::names::NameIds;
use super::records::{Record, SNAPSHOT_EVERY};
use super::row::{Columns, DAY_MS, counted_of, fact};
use super::sql::Batch;
use crate::model::Incident;

/// An incident as the projection holds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Projected {
    pub columns: Columns,
    pub names: NameIds,
}

/// Adds the statements that put a new incident into the projection.
pub(super) fn insert(batch: &mut Batch, new: &Projected) {
    batch.sql(
        "INSERT INTO incident (key, id, number, facets, service, team, assignee, fingerprint,
            counted, late_day, dedup_key, row) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);",
    );
    arguments(batch, new);
    for service in &new.names.services {
        batch
            .sql("INSERT INTO affected (service, incident, facets) VALUES (?, ?, ?);")
            .arg(*service)
            .arg(new.columns.key)
            .arg(new.columns.facets);
    }
    stale_days(batch, None, &new.columns);
}

/// The arguments of a whole row of the table, in its order.
pub(super) fn arguments(batch: &mut Batch, new: &Projected) {
    let columns = &new.columns;
    batch
        .arg(columns.key)
        .arg(columns.id.as_bytes().to_vec())
        .arg(columns.number)
        .arg(columns.facets)
        .arg(new.names.service())
        .arg(new.names.team)
        .arg(new.names.assignee)
        .arg(columns.fingerprint)
        .arg(columns.counted)
        .arg(columns.late_day)
        .arg(columns.dedup_key.clone())
        .arg(columns.row.clone());
}

/// Adds the statements that bring an incident from one state to another. Only what differs is
/// written: each index that is spared is a page less to make durable.
pub(super) fn update(batch: &mut Batch, old: &Projected, new: &Projected) {
    let (was, is) = (&old.columns, &new.columns);
    batch.sql("UPDATE incident SET row = ?").arg(is.row.clone());
    let mut number = |column: &str, was: i64, is: i64| {
        if was != is {
            batch.sql(", ").sql(column).sql(" = ?").arg(is);
        }
    };
    number("facets", was.facets, is.facets);
    number("service", old.names.service(), new.names.service());
    number("team", old.names.team, new.names.team);
    number("assignee", old.names.assignee, new.names.assignee);
    number("fingerprint", was.fingerprint, is.fingerprint);
    number("counted", was.counted, is.counted);
    if was.late_day != is.late_day {
        batch.sql(", late_day = ?").arg(is.late_day);
    }
    if was.dedup_key != is.dedup_key {
        batch.sql(", dedup_key = ?").arg(is.dedup_key.clone());
    }
    batch.sql(" WHERE key = ?;").arg(is.key);
    if old.names.services != new.names.services {
        for service in &old.names.services {
            batch
                .sql("DELETE FROM affected WHERE service = ? AND incident = ?;")
                .arg(*service)
                .arg(is.key);
        }
        for service in &new.names.services {
            batch
                .sql("INSERT INTO affected (service, incident, facets) VALUES (?, ?, ?);")
                .arg(*service)
                .arg(is.key)
                .arg(is.facets);
        }
    } else if was.facets != is.facets {
        for service in &new.names.services {
            batch
                .sql("UPDATE affected SET facets = ? WHERE service = ? AND incident = ?;")
                .arg(is.facets)
                .arg(*service)
                .arg(is.key);
        }
    }
    if facts(old) != facts(new) {
        stale_days(batch, Some(was), is);
    }
}

/// What the measures know of an incident.
fn facts(of: &Projected) -> Option<crate::model::measures::Fact> {
    fact(
        &of.columns.row,
        u32::try_from(of.names.service()).unwrap_or(0),
        u32::try_from(of.names.team).unwrap_or(0),
        counted_of(of.columns.counted),
        of.columns.fingerprint.cast_unsigned(),
    )
}

/// Deletes the packed facts of the days that an incident adds to.
fn stale_days(batch: &mut Batch, old: Option<&Columns>, new: &Columns) {
    let reported = ((new.key >> 31) * 1000).div_euclid(DAY_MS);
    let mut stale = |day: i64, kind: i64| {
        batch.sql("DELETE FROM fact_day WHERE day = ? AND kind = ?;").arg(day).arg(kind);
    };
    stale(reported, 0);
    let before = old.and_then(|old| old.late_day);
    if let Some(day) = before {
        stale(day, 1);
    }
    if let Some(day) = new.late_day.filter(|day| Some(*day) != before) {
        stale(day, 1);
    }
}

/// Adds a snapshot of the record, where enough events have come since the last.
pub(super) fn snapshot(batch: &mut Batch, seq_before: u32, now: &Record) -> Done<()> {
    if seq_before / SNAPSHOT_EVERY != now.incident.summary.seq / SNAPSHOT_EVERY {
        batch
            .sql("INSERT OR REPLACE INTO snapshot (incident, seq, record) VALUES (?, ?, ?);")
            .arg(now.key)
            .arg(i64::from(now.incident.summary.seq))
            .arg(record_text(&now.incident)?);
    }
    Ok(())
}

/// A record as a snapshot holds it.
pub(super) fn record_text(incident: &Incident) -> Done<String> {
    serde_json::to_string(incident).map_err(|e| Failure::content(e.to_string()))
}

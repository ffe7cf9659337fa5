//! Keeps the projection in step with the events.

use super::error::{Done, Failure};
use super::names::NameIds;
use super::records::{Record, SNAPSHOT_EVERY};
use super::row::Columns;
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
            counted, late_day, dedup_key, snoozed, row)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);",
    );
    arguments(batch, new);
    affect(batch, new);
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
        .arg(columns.snoozed)
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
    if was.snoozed != is.snoozed {
        batch.sql(", snoozed = ?").arg(is.snoozed);
    }
    batch.sql(" WHERE key = ?;").arg(is.key);
    if old.names.services != new.names.services {
        if !old.names.services.is_empty() {
            batch.sql("DELETE FROM affected WHERE incident = ?").arg(is.key);
            among(batch, &old.names.services);
        }
        affect(batch, new);
    } else if was.facets != is.facets && !new.names.services.is_empty() {
        batch.sql("UPDATE affected SET facets = ? WHERE incident = ?").arg(is.facets).arg(is.key);
        among(batch, &new.names.services);
    }
}

/// Adds the statement that lists an incident under its services.
fn affect(batch: &mut Batch, new: &Projected) {
    for (index, service) in new.names.services.iter().enumerate() {
        batch
            .sql(if index == 0 {
                "INSERT INTO affected (service, incident, facets) VALUES (?, ?, ?)"
            } else {
                ", (?, ?, ?)"
            })
            .arg(*service)
            .arg(new.columns.key)
            .arg(new.columns.facets);
    }
    if !new.names.services.is_empty() {
        batch.sql(";");
    }
}

/// Adds the condition that the service is one of these.
fn among(batch: &mut Batch, services: &[i64]) {
    batch.sql(" AND service IN (");
    for (index, service) in services.iter().enumerate() {
        batch.sql(if index == 0 { "?" } else { ", ?" }).arg(*service);
    }
    batch.sql(");");
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

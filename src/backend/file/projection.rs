//! Keeps the projection in step with the events.

use super::error::{StoreError, StoreResult};
use super::names::NameIds;
use super::records::{KeyedIncident, SNAPSHOT_EVERY};
use super::row::Columns;
use super::sql::Batch;
use crate::model::Incident;

/// An incident as the projection holds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ProjectedIncident {
    pub columns: Columns,
    pub names: NameIds,
}

/// Adds the statements that put a new incident into the projection.
pub(super) fn insert(batch: &mut Batch, new: &ProjectedIncident) {
    batch.sql(
        "INSERT INTO incident (key, id, number, facets, service, team, assignee, fingerprint,
            counted, late_day, dedup_key, snoozed, row)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);",
    );
    bind_row(batch, new);
    insert_affected(batch, new);
}

/// The arguments of a whole row of the table, in its order.
pub(super) fn bind_row(batch: &mut Batch, new: &ProjectedIncident) {
    let columns = &new.columns;
    batch
        .arg(columns.key)
        .arg(columns.id.as_bytes().to_vec())
        .arg(columns.number)
        .arg(columns.facets)
        .arg(new.names.primary_service())
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
pub(super) fn update(batch: &mut Batch, old: &ProjectedIncident, new: &ProjectedIncident) {
    let (was, is) = (&old.columns, &new.columns);
    batch.sql("UPDATE incident SET row = ?").arg(is.row.clone());
    let mut number = |column: &str, was: i64, is: i64| {
        if was != is {
            batch.sql(", ").sql(column).sql(" = ?").arg(is);
        }
    };
    number("facets", was.facets, is.facets);
    number("service", old.names.primary_service(), new.names.primary_service());
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
            push_service_condition(batch, &old.names.services);
        }
        insert_affected(batch, new);
    } else if was.facets != is.facets && !new.names.services.is_empty() {
        batch.sql("UPDATE affected SET facets = ? WHERE incident = ?").arg(is.facets).arg(is.key);
        push_service_condition(batch, &new.names.services);
    }
}

/// Adds the statement that lists an incident under its services.
fn insert_affected(batch: &mut Batch, new: &ProjectedIncident) {
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
fn push_service_condition(batch: &mut Batch, services: &[i64]) {
    batch.sql(" AND service IN (");
    for (index, service) in services.iter().enumerate() {
        batch.sql(if index == 0 { "?" } else { ", ?" }).arg(*service);
    }
    batch.sql(");");
}

/// Adds a snapshot of the record, where enough events have come since the last.
pub(super) fn put_snapshot_if_due(
    batch: &mut Batch,
    seq_before: u32,
    now: &KeyedIncident,
) -> StoreResult<()> {
    if seq_before / SNAPSHOT_EVERY != now.incident.summary.seq / SNAPSHOT_EVERY {
        batch
            .sql("INSERT OR REPLACE INTO snapshot (incident, seq, record) VALUES (?, ?, ?);")
            .arg(now.key)
            .arg(i64::from(now.incident.summary.seq))
            .arg(encode_record(&now.incident)?);
    }
    Ok(())
}

/// A record as a snapshot holds it.
pub(super) fn encode_record(incident: &Incident) -> StoreResult<String> {
    serde_json::to_string(incident).map_err(|e| StoreError::content(e.to_string()))
}

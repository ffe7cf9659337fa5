//! Statements that update the projection: the tables with the current state of each incident.

use super::error::StoreResult;
use super::json_column::encode_json;
use super::list_rows::{list_owed_review, owes_review, unlist_owed_review};
use super::names::NameIds;
use super::records::{KeyedIncident, SNAPSHOT_EVERY};
use super::row::{Columns, MutedColumns};
use super::sql::Batch;
use crate::model::Incident;

/// An incident in the form that the projection stores.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ProjectedIncident {
    pub columns: Columns,
    pub names: NameIds,
}

/// Adds the statements that insert a new incident into the projection.
pub(super) fn insert(batch: &mut Batch, new: &ProjectedIncident) {
    batch.sql(
        "INSERT INTO incident (key, id, number, facets, service, team, assignee, fingerprint,
            counted, late_day, dedup_key, snoozed, row)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);",
    );
    bind_row(batch, new);
    insert_affected(batch, new);
    put_involved(batch, new);
    put_muted(batch, &new.columns);
    if owes_review(new.columns.facets) {
        list_owed_review(batch, new.columns.key);
    }
}

/// Adds the statement that stores the mute of an incident, if it is or was muted.
pub(super) fn put_muted(batch: &mut Batch, columns: &Columns) {
    if let Some(MutedColumns { window, at, ended }) = columns.muted {
        batch
            .sql("INSERT OR REPLACE INTO muted (incident, maintenance, at, ended) VALUES (?, ?, ?, ?);")
            .arg(columns.key)
            .arg(window.as_bytes().to_vec())
            .arg(at)
            .arg(ended);
    }
}

/// Binds the arguments of a full row of the table `incident`, in the order of its columns.
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

/// Adds the statements that change an incident from one state to another. Only columns that differ
/// are written: each index that is not touched saves a page to make durable.
pub(super) fn update(batch: &mut Batch, old: &ProjectedIncident, new: &ProjectedIncident) {
    let (before, after) = (&old.columns, &new.columns);
    batch.sql("UPDATE incident SET row = ?").arg(after.row.clone());
    let mut number = |column: &str, before: i64, after: i64| {
        if before != after {
            batch.sql(", ").sql(column).sql(" = ?").arg(after);
        }
    };
    number("facets", before.facets, after.facets);
    number("service", old.names.primary_service(), new.names.primary_service());
    number("team", old.names.team, new.names.team);
    number("assignee", old.names.assignee, new.names.assignee);
    number("fingerprint", before.fingerprint, after.fingerprint);
    number("counted", before.counted, after.counted);
    if before.late_day != after.late_day {
        batch.sql(", late_day = ?").arg(after.late_day);
    }
    if before.dedup_key != after.dedup_key {
        batch.sql(", dedup_key = ?").arg(after.dedup_key.clone());
    }
    if before.snoozed != after.snoozed {
        batch.sql(", snoozed = ?").arg(after.snoozed);
    }
    batch.sql(" WHERE key = ?;").arg(after.key);
    match (owes_review(before.facets), owes_review(after.facets)) {
        (false, true) => list_owed_review(batch, after.key),
        (true, false) => unlist_owed_review(batch, after.key),
        _ => {}
    }
    if before.muted != after.muted {
        if after.muted.is_none() {
            batch.sql("DELETE FROM muted WHERE incident = ?;").arg(after.key);
        }
        put_muted(batch, after);
    }
    if old.names.helpers != new.names.helpers {
        batch.sql("DELETE FROM involved WHERE incident = ?;").arg(after.key);
        put_involved(batch, new);
    }
    if old.names.services != new.names.services {
        if !old.names.services.is_empty() {
            batch.sql("DELETE FROM affected WHERE incident = ?").arg(after.key);
            push_service_condition(batch, &old.names.services);
        }
        insert_affected(batch, new);
    } else if before.facets != after.facets && !new.names.services.is_empty() {
        batch
            .sql("UPDATE affected SET facets = ? WHERE incident = ?")
            .arg(after.facets)
            .arg(after.key);
        push_service_condition(batch, &new.names.services);
    }
}

/// Adds the statements that list an incident under each team that helps.
pub(super) fn put_involved(batch: &mut Batch, new: &ProjectedIncident) {
    for team in &new.names.helpers {
        batch
            .sql("INSERT OR IGNORE INTO involved (team, incident) VALUES (?, ?);")
            .arg(*team)
            .arg(new.columns.key);
    }
}

/// Adds the statement that lists an incident under each of its services.
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

/// Adds the condition that the service is one of `services`, and ends the statement.
fn push_service_condition(batch: &mut Batch, services: &[i64]) {
    batch.sql(" AND service IN (");
    for (index, service) in services.iter().enumerate() {
        batch.sql(if index == 0 { "?" } else { ", ?" }).arg(*service);
    }
    batch.sql(");");
}

/// Adds the statement that stores a snapshot of the record, if enough events were added since the
/// last one.
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

/// Encodes a record as a snapshot holds it.
pub(super) fn encode_record(incident: &Incident) -> StoreResult<String> {
    encode_json(incident)
}

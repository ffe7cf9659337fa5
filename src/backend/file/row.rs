//! The form in which the projection stores an incident: a packed row, and the columns by which it
//! is looked up.
//!
//! The row is one value because a queue of 5,000 rows is read in one query, and passing one column
//! from the driver costs as much as passing the full row. Searched fields have columns of their own
//! as well.

mod facets;
mod other_values;
mod packed;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use facets::facets;
use packed::pack_row;

use crate::model::measures::{Counted, fingerprint};
use crate::model::status::Status;
use crate::model::{Incident, IncidentId, IncidentNumber};

pub(super) use facets::{
    DAY_MS, MERGED_FACETS, NUMBERS_END, OPEN_FACETS_END, decode_category, decode_counted,
    encode_category, encode_counted, first_key_at, incident_key, pack_facets, status_and_priority,
};
pub(super) use packed::{
    NO_PAUSES, PAUSES_OFFSET, VERSIONS_WITH_PAUSES, has_verdicts, unpack_fact, unpack_pauses,
    unpack_row,
};

/// The columns of an incident, without the ids of its names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Columns {
    pub key: i64,
    pub id: IncidentId,
    pub number: i64,
    pub facets: i64,
    pub fingerprint: i64,
    pub counted: i64,
    pub late_day: Option<i64>,
    pub dedup_key: Option<String>,
    pub snoozed: Option<i64>,
    pub muted: Option<MutedColumns>,
    pub row: Vec<u8>,
}

/// The columns of the table `muted` of an incident: which window mutes it or has muted it last, since
/// when, and when that ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct MutedColumns {
    pub window: Uuid,
    pub at: i64,
    pub ended: Option<i64>,
}

impl Columns {
    /// Returns the columns of a record that has its number.
    pub(super) fn from_incident(incident: &Incident) -> Self {
        let summary = &incident.summary;
        let number = summary.number.unwrap_or(IncidentNumber(0));
        let print = fingerprint(
            incident.dedup_key.as_deref(),
            summary.primary_service(),
            summary.category,
            &summary.title,
        );
        let day = |time: DateTime<Utc>| time.timestamp_millis().div_euclid(DAY_MS);
        let reported_day = day(summary.reported_at);
        Self {
            key: incident_key(summary.reported_at, number),
            id: summary.id,
            number: i64::try_from(number.0).unwrap_or(0),
            facets: facets(summary),
            fingerprint: print.cast_signed(),
            counted: encode_counted(Counted::for_incident(incident)),
            late_day: summary.resolved_at.map(day).filter(|day| *day != reported_day),
            dedup_key: incident
                .dedup_key
                .clone()
                .filter(|_| summary.status.is_open() || summary.status == Status::Merged),
            snoozed: summary
                .snoozed_until
                .filter(|_| summary.status.is_open())
                .map(|until| until.timestamp_millis()),
            muted: summary.muted.as_ref().map(|mute| MutedColumns {
                window: mute.window,
                at: mute.since.timestamp_millis(),
                ended: mute.ended_at.map(|at| at.timestamp_millis()),
            }),
            row: pack_row(summary),
        }
    }
}

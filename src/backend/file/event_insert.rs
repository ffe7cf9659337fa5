//! Statements that add events to the log, with the conditions under which they may.

use super::command_identity::CommandDigest;
use super::error::{StoreError, StoreResult};
use super::event_row;
use super::meta::{LAST_NUMBER, NEXT_LOG};
use super::sql::Batch;
use crate::model::{CommandId, Envelope, Event};

/// The conditions for inserting the events of a command that was decided on a cached record.
pub(super) struct InsertGuard {
    /// Must not have been carried out before.
    pub(super) command: CommandId,
    /// Must be greater than every assigned number; 0 if the command assigns none.
    pub(super) number: u64,
    /// Must not be the key of an open incident.
    pub(super) dedup_key: Option<String>,
}

/// The properties of the command that produced an event.
pub(super) struct EventOrigin {
    /// Stored with the first event of the command.
    digest: CommandDigest,
    /// The conditions, if the command was decided on a cached record.
    guard: Option<InsertGuard>,
}

impl EventOrigin {
    pub(super) fn new(envelope: &Envelope, guard: Option<InsertGuard>) -> Self {
        Self { digest: CommandDigest::compute(&envelope.command), guard }
    }
}

/// Adds the statement that inserts one event. If its guard is false, the body becomes NULL, which
/// the table refuses.
pub(super) fn insert_event(
    batch: &mut Batch,
    key: i64,
    actor: i64,
    event: &Event,
    origin: &EventOrigin,
) -> StoreResult<()> {
    batch
        .sql(
            "INSERT INTO event (format, id, incident, seq, kind, at, recorded, actor, nth, command,
                subject, digest, log, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ",
        )
        .arg(event_row::WRITER_FORMAT);
    let guard = origin.guard.as_ref();
    batch.sql(NEXT_LOG);
    match guard {
        None => batch.sql(", ?);"),
        Some(InsertGuard { number: 0, .. }) => {
            batch.sql(", iif(EXISTS (SELECT 1 FROM command WHERE id = ?), NULL, ?));")
        }
        Some(_) => batch
            .sql(
                ", iif(EXISTS (SELECT 1 FROM command WHERE id = ?)
                    OR EXISTS (SELECT 1 FROM incident WHERE dedup_key = ?) OR ",
            )
            .sql(LAST_NUMBER)
            .sql(" >= ?, NULL, ?));"),
    };
    bind_event(batch, key, actor, event);
    let is_first = event_row::nth(event) == Some(0);
    batch.arg(is_first.then(|| origin.digest.to_stored()));
    if let Some(guard) = guard {
        batch.arg(guard.command.as_bytes().to_vec());
        if guard.number > 0 {
            batch.arg(guard.dedup_key.clone()).arg(i64::try_from(guard.number).unwrap_or(i64::MAX));
        }
    }
    batch.arg(encode_body(event)?);
    Ok(())
}

/// Binds the arguments of an event, from its id to its subject.
pub(super) fn bind_event(batch: &mut Batch, key: i64, actor: i64, event: &Event) {
    let nth = event_row::nth(event);
    let command = nth.is_none().then(|| event.command.as_bytes().to_vec());
    let subject = (event.seq == 1).then(|| event.incident.as_bytes().to_vec());
    batch
        .arg(event.id.as_bytes().to_vec())
        .arg(key)
        .arg(i64::from(event.seq))
        .arg(event_row::kind(&event.body))
        .arg(event.at.timestamp_millis())
        .arg(event.recorded_at.timestamp_millis())
        .arg(actor)
        .arg(nth)
        .arg(command)
        .arg(subject);
}

/// Encodes the body of an event as the log holds it.
pub(super) fn encode_body(event: &Event) -> StoreResult<String> {
    event.body_to_json().map_err(StoreError::invalid)
}

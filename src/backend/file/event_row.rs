//! Events as rows of the log.

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::error::{StoreError, StoreResult};
use crate::model::event::StoredBody;
use crate::model::time::{recorded_time, truncate_to_second};
use crate::model::{Actor, CommandId, Event, EventBody, EventId, IncidentId};

/// The columns that [`decode`] expects, of `event e JOIN name a`.
pub(super) const COLUMNS: &str =
    "e.log, e.id, e.seq, e.at, e.recorded, a.text, e.nth, e.command, e.body";
/// The tables of the [`COLUMNS`].
pub(super) const FROM: &str = "event e JOIN name a ON a.id = e.actor";

/// The value of the column `format` of events and commands: the version of the store that all
/// writers must support. Triggers refuse events with an earlier one or none, which programs of
/// older versions insert that still have the file open.
pub(super) const WRITER_FORMAT: i64 = 14;

// The kinds are stored: they never change.

/// Kind of the first event of a timeline.
pub(super) const DECLARED: i64 = 1;
/// Kind of a note or its correction.
pub(super) const NOTE: i64 = 2;
/// Kind of an event that sets other searched text: title, symptoms, services.
pub(super) const TEXT: i64 = 3;
/// Kind of a resolution.
pub(super) const RESOLVED: i64 = 4;
/// The number of a kind of event that was unknown to the version that recorded it. A version that
/// defines it must fold its incident again.
pub(super) const UNKNOWN: i64 = 5;

/// Returns the value of the column `kind`: one of the constants above if a query selects by it,
/// else 0.
pub(super) fn kind(body: &EventBody) -> i64 {
    match body {
        EventBody::Declared { .. } => DECLARED,
        EventBody::NoteAdded { .. } | EventBody::NoteCorrected { .. } => NOTE,
        EventBody::Described { .. } | EventBody::ServicesSet { .. } => TEXT,
        EventBody::Resolved { .. } => RESOLVED,
        EventBody::Unknown(_) => UNKNOWN,
        _ => 0,
    }
}

/// Decodes the id of an incident.
pub(super) fn parse_incident_id(bytes: &[u8]) -> StoreResult<IncidentId> {
    IncidentId::from_slice(bytes).ok_or_else(|| StoreError::content("an incident's id"))
}

/// Truncates the times of an event to the precision of the store.
pub(super) fn truncate_times(mut event: Event) -> Event {
    event.at = recorded_time(event.at);
    event.recorded_at = recorded_time(event.recorded_at);
    match &mut event.body {
        EventBody::Declared { declaration, .. } => {
            declaration.detected_at = truncate_to_second(declaration.detected_at);
            declaration.reported_at = truncate_to_second(declaration.reported_at);
        }
        EventBody::Snoozed { until } | EventBody::Muted { until, .. } => {
            *until = recorded_time(*until);
        }
        _ => {}
    }
    event
}

/// Returns the index of an event among those of its command, if its id derives from the command's
/// id (command id + index + 1).
pub(super) fn nth(event: &Event) -> Option<i64> {
    let step = event.id.0.as_u128().wrapping_sub(event.command.0.as_u128());
    (1..=256).contains(&step).then(|| i64::try_from(step - 1).unwrap_or(0))
}

/// Returns the greatest id that an event of a command can have, see [`nth`].
pub(super) fn last_id(command: CommandId) -> Vec<u8> {
    uuid::Uuid::from_u128(command.0.as_u128().saturating_add(256)).as_bytes().to_vec()
}

/// Returns the command of an event whose id derives from it.
pub(super) fn decode_command(id: &[u8], nth: Option<i64>) -> Option<CommandId> {
    let step = u128::try_from(nth?).unwrap_or(0) + 1;
    let id = EventId::from_slice(id)?;
    Some(CommandId(uuid::Uuid::from_u128(id.0.as_u128().wrapping_sub(step))))
}

fn time(millis: i64) -> StoreResult<DateTime<Utc>> {
    DateTime::from_timestamp_millis(millis)
        .ok_or_else(|| StoreError::content("a time out of range"))
}

/// Decodes the event of a row with [`COLUMNS`].
pub(super) fn decode(row: &SqliteRow, incident: IncidentId) -> StoreResult<Event> {
    let log: i64 = row.try_get(0)?;
    let decode_error =
        |detail: &str| StoreError::content(format!("event {log} of the log: {detail}"));
    let id = EventId::from_slice(row.try_get(1)?).ok_or_else(|| decode_error("its id"))?;
    let command = match (row.try_get::<Option<i64>, _>(6)?, row.try_get::<Option<&[u8]>, _>(7)?) {
        (nth @ Some(_), _) => {
            decode_command(id.as_bytes(), nth).ok_or_else(|| decode_error("its command"))?
        }
        (None, Some(bytes)) => {
            CommandId::from_slice(bytes).ok_or_else(|| decode_error("its command"))?
        }
        (None, None) => return Err(decode_error("it has no command")),
    };
    let actor: Actor = serde_json::from_str(row.try_get(5)?)
        .map_err(|e| decode_error(&format!("its actor: {e}")))?;
    let (StoredBody { because, verdicts, undo, body }, extra) =
        StoredBody::from_json(row.try_get(8)?)
            .map_err(|e| decode_error(&format!("its body: {e}")))?;
    Ok(Event {
        id,
        incident,
        seq: u32::try_from(row.try_get::<i64, _>(2)?).map_err(|_| decode_error("its position"))?,
        at: time(row.try_get(3)?)?,
        recorded_at: time(row.try_get(4)?)?,
        actor,
        command,
        because,
        verdicts,
        undo,
        body,
        extra,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_events_have_the_numbers_of_all_versions() {
        assert_eq!([DECLARED, NOTE, TEXT, RESOLVED, UNKNOWN], [1, 2, 3, 4, 5]);
        assert_eq!(kind(&EventBody::NoteAdded { text: String::new() }), NOTE);
    }
}

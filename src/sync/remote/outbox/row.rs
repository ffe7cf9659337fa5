//! Encodes commands as rows of the outbox, and decodes them.

use chrono::{TimeDelta, Utc};
use serde::Deserialize;
use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::super::database::{SqlResult, from_millis};
use super::super::entry::{EntryOrigin, EntryState, OutboxEntry, incident};
use super::super::error::OutboxError;
use super::batch::Batch;
use super::state::StoredState;
use crate::api::Details;
use crate::backend::{BackendError, Outcome};
use crate::model::unknown::{describe, plain_text, spaced};
use crate::model::{Command, CommandId, Envelope, Extra, IncidentCommand, IncidentId};

/// Inserts a command, unless it is already stored.
pub(super) async fn insert(
    conn: &mut SqliteConnection,
    batch: &Batch,
    envelope: &Envelope,
    aliases: &[(IncidentId, IncidentId)],
) -> SqlResult<()> {
    let first = batch.envelopes.first().unwrap_or(envelope);
    sqlx::query(
        "INSERT OR IGNORE INTO entry (id, chain, envelope, label, title, person, token, clock_offset,
            store, generation) VALUES (?, ?, ?, ?, ?, ?, ?, ?,
            (SELECT value FROM about WHERE name = 'store'),
            (SELECT value FROM about WHERE name = 'generation'))",
    )
    .bind(envelope.id.as_bytes().to_vec())
    .bind(first.id.as_bytes().to_vec())
    .bind(encode_envelope(&resolve_aliases(envelope.clone(), aliases))?)
    .bind(batch.label.clone())
    .bind(batch.title.clone())
    .bind(batch.requester.clone())
    .bind(batch.token.clone())
    .bind(batch.clock_offset.map(|offset| offset.num_milliseconds()))
    .execute(conn)
    .await
    .map(|_| ())
}

pub(super) fn encode_envelope(envelope: &Envelope) -> SqlResult<String> {
    serde_json::to_string(envelope).map_err(|error| sqlx::Error::Encode(error.into()))
}

/// Returns incidents that were declared here, each with the one in which it is counted.
pub(super) async fn read_aliases(
    conn: &mut SqliteConnection,
) -> SqlResult<Vec<(IncidentId, IncidentId)>> {
    let rows: Vec<(Vec<u8>, Vec<u8>)> =
        sqlx::query_as("SELECT id, is_now FROM alias").fetch_all(conn).await?;
    let id = |bytes: &[u8]| IncidentId::from_slice(bytes);
    Ok(rows.iter().filter_map(|(from, to)| Some((id(from)?, id(to)?))).collect())
}

/// Replaces declared incidents in a command by those in which they are counted. A declaration is
/// not changed: the remote decides about its result.
pub(super) fn resolve_aliases(
    mut envelope: Envelope,
    aliases: &[(IncidentId, IncidentId)],
) -> Envelope {
    let resolve =
        |id: IncidentId| aliases.iter().find(|(from, _)| *from == id).map_or(id, |(_, to)| *to);
    match &mut envelope.command {
        Command::RecordChange(_)
        | Command::RecordProblem(_)
        | Command::Incident { command: IncidentCommand::Declare(_), .. } => {}
        Command::Incident { incident, command, .. } => {
            *incident = resolve(*incident);
            command.replace_incident(&resolve);
        }
    }
    envelope
}

/// Decodes a row as far as possible: another version may have written it. A part that can't be
/// decoded remains in the file for that version. Here it counts as refused, so that it is never
/// sent and can be dropped.
pub(super) fn decode_entry(row: &SqliteRow) -> SqlResult<OutboxEntry> {
    let command_id = |bytes: Vec<u8>| CommandId::from_slice(&bytes);
    let text = |name| row.try_get::<Option<String>, _>(name).ok().flatten();
    let number = |name| row.try_get::<Option<i64>, _>(name).ok().flatten();
    let no_id = || sqlx::Error::Decode("a command has no id".into());
    let id = command_id(row.try_get("id")?).ok_or_else(no_id)?;
    let json = text("envelope").unwrap_or_default();
    let envelope = decode_envelope(&json);
    let answer = text("answer").unwrap_or_default();
    let state = match (number("state").and_then(StoredState::from_stored), &envelope) {
        (Some(StoredState::Sent), _) => {
            EntryState::Sent(decode_outcome(&answer, envelope.as_ref()))
        }
        (Some(StoredState::Pending), Some(_)) => EntryState::Pending,
        (Some(StoredState::Refused), Some(_)) => EntryState::Refused(decode_refusal(&answer)),
        _ => EntryState::Refused(unreadable()),
    };
    Ok(OutboxEntry {
        position: u64::try_from(row.try_get::<i64, _>("place")?).unwrap_or_default(),
        id,
        unreadable: if envelope.is_some() { String::new() } else { describe_command(&json) },
        batch: row.try_get("chain").ok().and_then(command_id).unwrap_or(id),
        envelope,
        label: text("label").unwrap_or_default(),
        title: text("title").unwrap_or_default(),
        state,
        attempts: u32::try_from(number("tries").unwrap_or(0)).unwrap_or(u32::MAX),
        last_error: text("said"),
        next_attempt_at: number("next_at").map(from_millis),
        not_before: number("not_before").map(from_millis),
        blocked_by: row.try_get::<Option<Vec<u8>>, _>("behind").ok().flatten().and_then(command_id),
        settled_at: number("settled_at").map(from_millis),
        settled_revision: number("settled").unwrap_or_default(),
        requester: text("person"),
        clock_offset: number("clock_offset").and_then(TimeDelta::try_milliseconds),
        origin: EntryOrigin {
            token: text("token"),
            store: text("store"),
            generation: text("generation"),
            is_approved: number("approved").unwrap_or(0) != 0,
            earlier_number: number("earlier_number").and_then(|n| u64::try_from(n).ok()),
        },
    })
}

/// Decodes a command. The result is `None` if this version does not define all of it: it is never
/// sent in part.
fn decode_envelope(json: &str) -> Option<Envelope> {
    let value: Value = serde_json::from_str(json).ok()?;
    let envelope = Envelope::deserialize(&value).ok()?;
    let defined = serde_json::to_value(&envelope).ok()?;
    Extra::difference(&value, &defined).is_empty().then_some(envelope)
}

/// Describes a command that only a later version defines, as far as it can be read: its name and
/// its texts. The text is not sanitized.
fn describe_command(json: &str) -> String {
    let value: Value = serde_json::from_str(json).unwrap_or_default();
    let command = &value["command"];
    let command = match &command["incident"]["ask"] {
        Value::Null => command,
        ask => ask,
    };
    let name = command["do"].as_str().map(spaced);
    let content = match (name.is_some(), command) {
        (true, Value::Object(fields)) => {
            let texts = fields.iter().filter(|(field, _)| *field != "do");
            let texts = texts.map(|(_, value)| plain_text(value)).filter(|text| !text.is_empty());
            texts.collect::<Vec<_>>().join(" · ")
        }
        (_, Value::Null) => String::new(),
        (_, other) => describe(other),
    };
    match name {
        Some(name) if content.is_empty() => name,
        Some(name) => format!("{name}: {content}"),
        None => content,
    }
}

/// Decodes the outcome of a sent command. The command was sent, whether its outcome can be decoded
/// or not.
fn decode_outcome(answer: &str, envelope: Option<&Envelope>) -> Box<Outcome> {
    let incident = envelope.and_then(|envelope| incident(&envelope.command));
    let without_row = |_| Outcome { incident, row: None, events: Vec::new(), replayed: false };
    Box::new(serde_json::from_str(answer).unwrap_or_else(without_row))
}

fn decode_refusal(answer: &str) -> BackendError {
    let details: Result<Details, _> = serde_json::from_str(answer);
    details.map_or_else(|_| unreadable(), |details| details.into_error(Utc::now()))
}

fn unreadable() -> BackendError {
    BackendError::broken(OutboxError::Unreadable)
}

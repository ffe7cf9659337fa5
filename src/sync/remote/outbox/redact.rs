//! Removes what was redacted from the commands of the outbox.

use chrono::Utc;
use sqlx::{Connection, SqliteConnection};

use super::super::database::SqlResult;
use super::super::redactions::RedactedIncident;
use super::Outbox;
use super::row::{decode_entry, encode_envelope, read_aliases};
use super::settle::refuse;
use super::state::StoredState;
use crate::backend::BackendError;
use crate::model::command::IncidentCommand;
use crate::model::evidence::REDACTED_TEXT;
use crate::model::redaction::RedactedTarget;
use crate::model::{Command, Envelope, IncidentId, Rejection, RejectionKind};

/// What a person reads of a command that is held.
const REFUSAL: &str = "somebody redacted what this says, meanwhile: that was removed from it here. Send it as it is \
    now, rewrite it, or drop it";

/// A stored command about an incident.
struct Stored {
    id: Vec<u8>,
    state: Option<StoredState>,
    envelope: Option<Envelope>,
}

impl Outbox {
    /// Removes what was redacted from the commands about the same incidents. Returns whether there were any.
    ///
    /// - One that was sent and has a redacted part is deleted; of the other ones, what they led to is removed,
    ///   which may quote it. That they were sent stays recorded.
    /// - One that waits and has added a redacted part was carried out, or nobody could have redacted that: it
    ///   is deleted.
    /// - One that waits and would bring a redacted text back loses that text. It counts as refused, so that a
    ///   person decides what becomes of it. So does one that corrects a redacted note, without its text.
    pub(in crate::sync::remote) async fn redact(
        &self,
        mut incidents: Vec<RedactedIncident>,
    ) -> Result<bool, BackendError> {
        self.with_conn(async |conn| {
            let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
            let aliases = read_aliases(&mut tx).await?;
            let mut is_changed = false;
            for incident in &mut incidents {
                let others =
                    aliases.iter().filter(|(_, to)| *to == incident.id).map(|(from, _)| *from);
                let mut stored = Vec::new();
                for named in std::iter::once(incident.id).chain(others) {
                    stored.extend(read_stored(&mut tx, named).await?);
                }
                redact_stored(&mut tx, incident, &stored, &mut is_changed).await?;
            }
            tx.commit().await?;
            if is_changed {
                // The log contains the removed data until it is overwritten.
                sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(conn).await?;
            }
            Ok(is_changed)
        })
        .await
    }
}

/// Reads the commands that name an incident.
async fn read_stored(conn: &mut SqliteConnection, incident: IncidentId) -> SqlResult<Vec<Stored>> {
    let rows: Vec<(Vec<u8>, i64, String)> = sqlx::query_as(
        "SELECT id, state, envelope FROM entry WHERE CASE WHEN json_valid(envelope)
            THEN envelope ->> '$.command.incident.incident' END = ?",
    )
    .bind(incident.to_string())
    .fetch_all(conn)
    .await?;
    let decode = |(id, state, envelope): (Vec<u8>, i64, String)| Stored {
        id,
        state: StoredState::from_stored(state),
        envelope: serde_json::from_str(&envelope).ok(),
    };
    Ok(rows.into_iter().map(decode).collect())
}

/// Removes what was redacted of an incident from the commands about it.
async fn redact_stored(
    conn: &mut SqliteConnection,
    incident: &mut RedactedIncident,
    all: &[Stored],
    is_changed: &mut bool,
) -> SqlResult<()> {
    let RedactedIncident { parts, content, .. } = incident;
    let has_part =
        |envelope: &Envelope| parts.iter().any(|part: &RedactedTarget| part.is_in(envelope));
    for Stored { state, envelope, .. } in all {
        let Some(envelope) = envelope else { continue };
        // Nobody could redact what a note does not say yet.
        if corrects(envelope) && *state != Some(StoredState::Sent) {
            continue;
        }
        for part in parts.iter().filter(|part| part.is_in(envelope)) {
            content.add_command(part, &envelope.command);
        }
    }
    for Stored { id, state, envelope } in all {
        let is_part = envelope.as_ref().is_some_and(has_part);
        let is_pending = *state == Some(StoredState::Pending);
        match (state, envelope) {
            (Some(StoredState::Sent), _) if !is_part => {
                let sql = "UPDATE entry SET answer = NULL WHERE id = ? AND answer NOT NULL";
                let updated = sqlx::query(sql).bind(id.clone()).execute(&mut *conn).await?;
                *is_changed |= updated.rows_affected() > 0;
            }
            (Some(StoredState::Sent | StoredState::Pending), Some(envelope))
                if is_part && !(is_pending && corrects(envelope)) =>
            {
                let sql = "DELETE FROM entry WHERE id = ?";
                sqlx::query(sql).bind(id.clone()).execute(&mut *conn).await?;
                *is_changed = true;
            }
            (Some(StoredState::Pending | StoredState::Refused), Some(envelope)) => {
                let mut without = envelope.clone();
                let has_changed = if is_part && corrects(envelope) {
                    remove_correction(&mut without.command)
                } else {
                    content.remove_from(&mut without.command)
                };
                if !has_changed {
                    continue;
                }
                sqlx::query("UPDATE entry SET envelope = ? WHERE id = ?")
                    .bind(encode_envelope(&without)?)
                    .bind(id.clone())
                    .execute(&mut *conn)
                    .await?;
                *is_changed = true;
                if is_pending {
                    hold(&mut *conn, id).await?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Refuses a pending command from which something was removed, in the transaction that does so: nothing may
/// send it before a person has seen it.
async fn hold(conn: &mut SqliteConnection, id: &[u8]) -> SqlResult<()> {
    let row = sqlx::query("SELECT * FROM entry WHERE id = ?").bind(id.to_vec());
    let entry = decode_entry(&row.fetch_one(&mut *conn).await?)?;
    let rejection = Rejection::foreign(RejectionKind::NotNow, REFUSAL);
    let now = Utc::now();
    refuse(conn, &entry, &BackendError::rejected(rejection, now), now).await
}

/// Removes the text of a correction of a redacted note. Returns whether it had one.
fn remove_correction(command: &mut Command) -> bool {
    let Command::Incident { command: IncidentCommand::CorrectNote { text, .. }, .. } = command
    else {
        return false;
    };
    let had_text = text.as_str() != REDACTED_TEXT;
    REDACTED_TEXT.clone_into(text);
    had_text
}

/// Returns whether a command corrects a note: that the note was redacted does not say that it was sent.
fn corrects(envelope: &Envelope) -> bool {
    matches!(
        &envelope.command,
        Command::Incident { command: IncidentCommand::CorrectNote { .. }, .. }
    )
}

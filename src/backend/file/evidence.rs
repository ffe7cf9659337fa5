//! The content of evidence: stored with the event that adds it, and removed permanently with the
//! event that redacts it.

use std::collections::BTreeSet;

use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::error::{StoreResult, reject_bad_field};
use super::event_insert::encode_body;
use super::evidence_table::{COLUMNS, decode_row, put_content};
use super::full_text::{WordSet, index};
use super::projection::encode_record;
use super::records::{self, KeyedIncident};
use super::sql::Batch;
use super::store::FileStore;
use super::writer::Writer;
use crate::backend::{BackendError, MissingEvidence};
use crate::model::evidence::{EvidenceContent, MAX_STORE_BYTES, RedactedPart, decode_content};
use crate::model::redaction::{note_text, redact_event};
use crate::model::{Event, EventBody, IncidentCommand, Rejection};

/// The first version of the schema that has the tables.
const FIRST_VERSION: i64 = 13;
/// A store up to this size is vacuumed after a redaction, so that its unused space does not contain
/// redacted data.
const MAX_VACUUM_BYTES: i64 = 256 * 1024 * 1024;

impl FileStore {
    /// Reads the content of evidence.
    pub(super) async fn read_evidence(&self, id: Uuid) -> Result<EvidenceContent, BackendError> {
        let missing = || BackendError::not_found(MissingEvidence);
        if self.inner.version < FIRST_VERSION {
            return Err(missing());
        }
        self.with_path_context(async {
            let mut batch = Batch::new(&format!("SELECT {COLUMNS} FROM evidence WHERE id = ?"));
            batch.arg(id.as_bytes().to_vec());
            let row = batch.fetch_optional(&mut *self.acquire_reader().await?).await?;
            row.as_ref().map(decode_row).transpose()
        })
        .await?
        .ok_or_else(missing)
    }
}

impl Writer {
    /// Adds the statements for the content of evidence that events add or redact. `before` is the
    /// incident without these events.
    pub(super) async fn put_evidence(
        &mut self,
        batch: &mut Batch,
        command: &IncidentCommand,
        events: &[Event],
        before: Option<&KeyedIncident>,
    ) -> StoreResult<()> {
        for event in events {
            match (&event.body, command) {
                (
                    EventBody::EvidenceAdded { evidence },
                    IncidentCommand::AttachEvidence { content, .. },
                ) => {
                    let content = decode_content(content).map_err(reject_bad_field)?;
                    self.check_evidence_room(evidence.size).await?;
                    let at = event.recorded_at.timestamp_millis();
                    let incident = event.incident.as_bytes().to_vec();
                    put_content(batch, evidence.id, incident, at, content);
                }
                (EventBody::Redacted { part, target, .. }, _) => {
                    if let Some(before) = before {
                        self.redact(batch, before, (*part, *target)).await?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Refuses content for which the store has no room.
    async fn check_evidence_room(&mut self, size: u64) -> StoreResult<()> {
        let sum = Batch::new("SELECT coalesce(sum(size), 0) FROM evidence");
        let row = sum.fetch_optional(&mut self.conn).await?;
        let stored: i64 = row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
        let stored = u64::try_from(stored).unwrap_or(0);
        if stored.saturating_add(size) > MAX_STORE_BYTES {
            return Err(BackendError::rejected(Rejection::EvidenceFull, self.clock.now()).into());
        }
        Ok(())
    }

    /// Adds the statements that remove a part of an incident from its events and from the content.
    /// `SQLite` overwrites the freed space (`secure_delete`). A part that no event has is refused.
    async fn redact(
        &mut self,
        batch: &mut Batch,
        before: &KeyedIncident,
        (part, target): (RedactedPart, Uuid),
    ) -> StoreResult<()> {
        Batch::new("PRAGMA secure_delete = ON").run(&mut self.conn).await?;
        let (mut found, mut words) = (false, BTreeSet::new());
        for mut event in records::load_timeline(&mut self.conn, before).await? {
            if let Some(text) = note_text(&event, part, target) {
                words.extend(WordSet::of_text(text).vocabulary().map(ToOwned::to_owned));
            }
            if redact_event(&mut event, part, target) {
                found = true;
                put_redacted(batch, before.key, &event)?;
            }
        }
        if !found {
            let none = Rejection::NothingToRedact;
            return Err(BackendError::rejected(none, self.clock.now()).into());
        }
        self.redacted = true;
        if part == RedactedPart::Note {
            self.redacted_notes.push((before.key, words));
        }
        if part == RedactedPart::Evidence {
            batch.sql("DELETE FROM evidence WHERE id = ?;").arg(target.as_bytes().to_vec());
        }
        Ok(())
    }

    /// Called when the transaction is durable: removes redacted data also from unused space and
    /// from the write-ahead log. In a large store, unused space may contain old rows until it is
    /// used again; if other processes are reading, the log is overwritten later.
    pub(super) async fn end_redaction(&mut self) {
        if !std::mem::take(&mut self.redacted) {
            return;
        }
        let notes = std::mem::take(&mut self.redacted_notes);
        if let Err(error) = clear_unused_space(&mut self.conn, &notes).await {
            tracing::warn!(%error, "what was redacted may still be in unused space of the store");
        }
    }
}

/// Removes redacted data from the full-text index, from unused space, and from the write-ahead log.
pub(super) async fn clear_unused_space(
    conn: &mut SqliteConnection,
    notes: &[index::RedactedNote],
) -> StoreResult<()> {
    for (key, words) in notes {
        index::reindex_redacted(conn, *key, words).await?;
    }
    let size =
        Batch::new("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()");
    let row = size.fetch_optional(conn).await?;
    let bytes: i64 = row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
    if bytes <= MAX_VACUUM_BYTES {
        if !notes.is_empty() {
            index::merge_all(conn).await?;
        }
        Batch::one_off("VACUUM").run(conn).await?;
    }
    Batch::one_off("PRAGMA secure_delete = OFF").run(conn).await?;
    Batch::one_off("PRAGMA wal_checkpoint(TRUNCATE)").run(conn).await
}

/// Adds the statement that removes the redacted part from a stored event.
pub(super) fn put_redacted(batch: &mut Batch, key: i64, event: &Event) -> StoreResult<()> {
    // By the digest of the command one could find out whether a guess is right.
    batch
        .sql("UPDATE event SET body = ?, digest = NULL WHERE incident = ? AND seq = ?;")
        .arg(encode_body(event)?)
        .arg(key)
        .arg(i64::from(event.seq));
    Ok(())
}

/// Adds the statement that replaces the snapshot of an incident, if it has one.
pub(super) fn replace_snapshot(batch: &mut Batch, now: &KeyedIncident) -> StoreResult<()> {
    batch
        .sql("UPDATE snapshot SET seq = ?, record = ? WHERE incident = ?;")
        .arg(i64::from(now.incident.summary.seq))
        .arg(encode_record(&now.incident)?)
        .arg(now.key);
    Ok(())
}

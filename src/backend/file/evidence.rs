//! The content of evidence: stored with the event that adds it, and removed for good with the event
//! that redacts it.

use sqlx::Row;
use uuid::Uuid;

use super::error::{StoreResult, reject_bad_field};
use super::event_insert::encode_body;
use super::evidence_table::{COLUMNS, decode_row, put_content};
use super::projection::encode_record;
use super::records::{self, KeyedIncident};
use super::sql::Batch;
use super::store::FileStore;
use super::writer::Writer;
use crate::backend::{BackendError, MissingEvidence};
use crate::model::evidence::{EvidenceContent, MAX_STORE_BYTES, RedactedPart, decode_content};
use crate::model::redaction::redact_event;
use crate::model::{Event, EventBody, IncidentCommand, Rejection};

/// The first version of the schema that has the tables.
const FIRST_VERSION: i64 = 13;
/// A store up to this size is written anew after a redaction, so that no unused space has it.
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
    /// What is freed is overwritten.
    async fn redact(
        &mut self,
        batch: &mut Batch,
        before: &KeyedIncident,
        (part, target): (RedactedPart, Uuid),
    ) -> StoreResult<()> {
        Batch::new("PRAGMA secure_delete = ON").run(&mut self.conn).await?;
        self.redacted = true;
        for mut event in records::load_timeline(&mut self.conn, before).await? {
            if redact_event(&mut event, part, target) {
                // The digest of the command could be compared with that of a guess.
                batch
                    .sql("UPDATE event SET body = ?, digest = NULL WHERE incident = ? AND seq = ?;")
                    .arg(encode_body(&event)?)
                    .arg(before.key)
                    .arg(i64::from(event.seq));
            }
        }
        if part == RedactedPart::Evidence {
            batch.sql("DELETE FROM evidence WHERE id = ?;").arg(target.as_bytes().to_vec());
        }
        Ok(())
    }

    /// Called when the transaction is durable: removes what was redacted from unused space and from the
    /// write-ahead log, too. In a large store, unused space may have rows of before until it is used
    /// again; if others are reading, the log is overwritten later.
    pub(super) async fn end_redaction(&mut self) {
        if !std::mem::take(&mut self.redacted) {
            return;
        }
        if let Err(error) = self.clear_unused_space().await {
            tracing::warn!(%error, "what was redacted may still be in unused space of the store");
        }
    }

    async fn clear_unused_space(&mut self) -> StoreResult<()> {
        let size = Batch::new(
            "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
        );
        let row = size.fetch_optional(&mut self.conn).await?;
        let bytes: i64 = row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
        if bytes <= MAX_VACUUM_BYTES {
            Batch::one_off("VACUUM").run(&mut self.conn).await?;
        }
        Batch::one_off("PRAGMA secure_delete = OFF").run(&mut self.conn).await?;
        Batch::one_off("PRAGMA wal_checkpoint(TRUNCATE)").run(&mut self.conn).await
    }
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

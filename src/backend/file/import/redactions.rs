//! Events of which a part was redacted in this store, or in the one that was exported.

use sqlx::Row;
use uuid::Uuid;

use super::Importer;
use crate::backend::file::error::StoreResult;
use crate::backend::file::evidence::put_redacted;
use crate::backend::file::full_text::WordSet;
use crate::backend::file::sql::Batch;
use crate::model::Event;
use crate::model::evidence::RedactedPart;
use crate::model::redaction::{note_text, redact_event, redactable_parts};

impl Importer {
    /// Returns whether a stored event and the imported one differ only by redactions. Redactions
    /// made here are preserved; those made in the other store are applied here as well, and their
    /// events follow.
    pub(super) async fn differ_by_redaction(
        &mut self,
        key: i64,
        stored: &Event,
        imported: &Event,
    ) -> StoreResult<bool> {
        let mut redacted = imported.clone();
        for (part, target) in self.redactions_of(key).await? {
            redact_event(&mut redacted, part, target);
        }
        if redacted == *stored {
            return Ok(true);
        }
        for (part, target) in redactable_parts(stored) {
            let mut redacted = stored.clone();
            if redact_event(&mut redacted, part, target) && redacted == *imported {
                self.redact_stored(key, stored, imported, (part, target)).await?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the redactions of an incident in this store.
    async fn redactions_of(&mut self, key: i64) -> StoreResult<Vec<(RedactedPart, Uuid)>> {
        let mut batch = Batch::new(
            "SELECT body ->> '$.part', body ->> '$.target' FROM event
             WHERE incident = ? AND instr(body, '\"kind\":\"redacted\"')",
        );
        batch.arg(key);
        let mut redactions = Vec::new();
        for row in batch.fetch_all(&mut self.conn).await? {
            let (part, target): (Option<&str>, Option<&str>) = (row.try_get(0)?, row.try_get(1)?);
            let part = part.and_then(|part| part.parse().ok());
            redactions.extend(part.zip(target.and_then(|target| target.parse().ok())));
        }
        Ok(redactions)
    }

    /// Redacts a stored event as the imported one is, with the content of evidence.
    async fn redact_stored(
        &mut self,
        key: i64,
        stored: &Event,
        imported: &Event,
        (part, target): (RedactedPart, Uuid),
    ) -> StoreResult<()> {
        let mut batch = Batch::new("PRAGMA secure_delete = ON;");
        put_redacted(&mut batch, key, imported)?;
        // It contains the record from before; a later command stores another one.
        batch.sql("DELETE FROM snapshot WHERE incident = ?;").arg(key);
        if part == RedactedPart::Evidence {
            batch.sql("DELETE FROM evidence WHERE id = ?;").arg(target.as_bytes().to_vec());
        }
        batch.run(&mut self.conn).await?;
        self.is_redacted = true;
        if let Some(text) = note_text(stored, part, target) {
            let words = WordSet::of_text(text).vocabulary().map(ToOwned::to_owned).collect();
            self.redacted_notes.push((key, words));
        }
        Ok(())
    }
}

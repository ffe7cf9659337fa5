//! The number of the incident to which a link leads.

use sqlx::Row;

use super::Writer;
use crate::backend::file::error::StoreResult;
use crate::backend::file::sql::Batch;
use crate::model::link::Link;
use crate::model::{Command, Envelope, IncidentCommand, IncidentNumber};

impl Writer {
    /// Returns a command that links an incident with the number that this incident has in the store;
    /// `None` if that is the number in the command, or there is none in it. A command may be sent
    /// again to a store that was restored from a copy, where the incident has another number, and
    /// another incident may have the one in the command.
    pub(super) async fn with_current_number(
        &mut self,
        envelope: &Envelope,
    ) -> StoreResult<Option<Envelope>> {
        // An undo restores the link as the record had it.
        let Command::Incident { command, undoes: None, .. } = &envelope.command else {
            return Ok(None);
        };
        let IncidentCommand::Link { link: Link::Incident { id, number: Some(sent) } } = command
        else {
            return Ok(None);
        };
        let mut batch = Batch::new("SELECT number FROM incident WHERE id = ?");
        batch.arg(id.as_bytes().to_vec());
        let Some(row) = batch.fetch_optional(&mut self.conn).await? else { return Ok(None) };
        let stored: Option<i64> = row.try_get(0)?;
        let number = stored.and_then(|number| u64::try_from(number).ok()).map(IncidentNumber);
        if number == Some(*sent) {
            return Ok(None);
        }
        let mut corrected = envelope.clone();
        if let Command::Incident { command, .. } = &mut corrected.command {
            *command = IncidentCommand::Link { link: Link::Incident { id: *id, number } };
        }
        Ok(Some(corrected))
    }
}

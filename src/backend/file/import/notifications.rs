//! Imports notifications and attempts to send them. No imported notification is sent.

use sqlx::Row;

use super::Importer;
use crate::backend::file::error::StoreResult;
use crate::backend::file::import_error::{ImportError, RecordProblem, invalid};
use crate::backend::file::notifications::{NO_INCIDENT, transfer};
use crate::backend::file::sql::Batch;
use crate::model::IncidentId;
use crate::model::notification::{Attempt, Notification};

impl Importer {
    /// Adds a notice, or a notification of an incident that the store or the import has.
    pub(super) async fn add_notification(
        &mut self,
        notification: Notification,
    ) -> Result<(), ImportError> {
        transfer::check_notification(&notification)?;
        let key = if notification.is_notice() {
            NO_INCIDENT
        } else {
            let key = self.key_of(notification.incident).await;
            let key = key.map_err(|failure| self.store_error(failure))?;
            key.ok_or_else(|| invalid("incident", RecordProblem::NoIncident))?
        };
        let mut batch = Batch::default();
        let put = transfer::put_imported(&mut batch, notification, key);
        self.add_other(put, batch).await
    }

    /// Adds an attempt; one whose notification is not stored is dropped.
    pub(super) async fn add_attempt(&mut self, attempt: Attempt) -> Result<(), ImportError> {
        transfer::check_attempt(&attempt)?;
        let mut batch = Batch::default();
        let put = transfer::put_imported_attempt(&mut batch, attempt);
        self.add_other(put, batch).await
    }

    /// Ensures that nobody is notified of imported events.
    pub(super) async fn skip_notifications(&mut self) -> StoreResult<()> {
        let mut batch = Batch::default();
        transfer::end_import(&mut batch, self.first_log, self.next_log - 1);
        batch.run(&mut self.conn).await
    }

    /// Returns the key of an incident that the store or the import has.
    pub(super) async fn key_of(&mut self, id: IncidentId) -> StoreResult<Option<i64>> {
        if let Some(cached) = self.incidents.peek(&id) {
            return Ok(Some(cached.entry.key));
        }
        let mut batch = Batch::new("SELECT key FROM incident WHERE id = ?");
        batch.arg(id.as_bytes().to_vec());
        let row = batch.fetch_optional(&mut self.conn).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }
}

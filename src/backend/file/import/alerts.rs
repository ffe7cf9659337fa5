//! Imports the alerts of incidents.

use super::Importer;
use crate::backend::file::alerts::transfer;
use crate::backend::file::import_error::{ImportError, RecordProblem, invalid};
use crate::backend::file::sql::Batch;
use crate::model::alert::Alert;

impl Importer {
    /// Adds an alert of an incident that the store or the import has.
    pub(super) async fn add_alert(&mut self, alert: Alert) -> Result<(), ImportError> {
        transfer::check_alert(&alert)?;
        let key = self.key_of(alert.incident).await;
        let Some(key) = key.map_err(|failure| self.store_error(failure))? else {
            return Err(invalid("incident", RecordProblem::NoIncident));
        };
        let mut batch = Batch::default();
        let put = transfer::put_imported(&mut batch, &alert, key);
        self.add_other(put, batch).await
    }
}

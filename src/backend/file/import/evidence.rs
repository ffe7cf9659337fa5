//! Imports the content of evidence.

use super::Importer;
use crate::backend::file::evidence_table;
use crate::backend::file::import_error::{ImportError, RecordProblem, invalid};
use crate::backend::file::records;
use crate::backend::file::sql::Batch;
use crate::model::Incident;
use crate::model::evidence::EvidenceContent;

impl Importer {
    /// Adds the content of evidence of an incident that the store or the import has. What was redacted
    /// here is not added again.
    pub(super) async fn add_evidence(
        &mut self,
        imported: EvidenceContent,
    ) -> Result<(), ImportError> {
        let content = imported.decode()?;
        let incident = self.incident_of(&imported).await?;
        let Some(incident) = incident else {
            return Err(invalid("incident", RecordProblem::NoIncident));
        };
        let mut batch = Batch::default();
        evidence_table::put_imported(&mut batch, &imported, content, &incident);
        if batch.is_empty() {
            return Ok(());
        }
        self.add_other(Ok(()), batch).await
    }

    async fn incident_of(
        &mut self,
        imported: &EvidenceContent,
    ) -> Result<Option<Incident>, ImportError> {
        if let Some(cached) = self.incidents.peek(&imported.incident) {
            return Ok(Some(cached.entry.incident.clone()));
        }
        let loaded = records::load(&mut self.conn, imported.incident, true).await;
        let loaded = loaded.map_err(|failure| self.store_error(failure))?;
        Ok(loaded.map(|record| record.incident))
    }
}

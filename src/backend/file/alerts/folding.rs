//! What follows from a broken dependency is folded under it: an incident that alerts declare is folded
//! under an open one of a service on which its own depends, and those of services that depend on its own
//! are folded under it.

use sqlx::{Row, SqliteConnection};

use super::ingest::{MAX_FOLDS, Message};
use crate::backend::Outcome;
use crate::backend::file::error::StoreResult;
use crate::backend::file::row::{OPEN_FACETS_END, first_key_at, unpack_row};
use crate::backend::file::sql::Batch;
use crate::backend::file::writer::Writer;
use crate::model::storm::{cause_of, consequences_of};
use crate::model::{IncidentCommand, IncidentId, Summary};

/// How many open incidents are looked at.
const MAX_ROWS: i64 = 2_000;
/// Why an incident is folded.
const BECAUSE: &str = "its service depends on that of the other one";

impl Message<'_> {
    /// Folds the incident that was declared, or others under it. Returns what was carried out.
    pub(super) async fn fold(
        &self,
        writer: &mut Writer,
        id: IncidentId,
        declared: &[Outcome],
    ) -> StoreResult<Vec<Outcome>> {
        let rules = self.rules.storms;
        let row = declared.iter().rev().find_map(|outcome| outcome.row.as_ref());
        let Some(row) = row.filter(|row| rules.folds && row.id == id && !row.services.is_empty())
        else {
            return Ok(Vec::new());
        };
        let directory = writer.directory().await?;
        let has_dependencies =
            directory.services.iter().any(|service| !service.depends_on.is_empty());
        if !has_dependencies && !rules.folds_same_service {
            return Ok(Vec::new());
        }
        let since = row.reported_at.timestamp().saturating_sub(rules.within_s);
        let others = read_open_since(&mut writer.conn, since).await?;
        let mut outcomes = Vec::new();
        if let Some(cause) = cause_of(row, &others, &directory, &rules) {
            let command = IncidentCommand::Fold { under: Some(cause.id) };
            outcomes.extend(self.execute(writer, id, command, Some(BECAUSE)).await?);
            return Ok(outcomes);
        }
        for other in consequences_of(row, &others, &directory, &rules).iter().take(MAX_FOLDS) {
            let command = IncidentCommand::Fold { under: Some(id) };
            outcomes.extend(self.execute(writer, other.id, command, Some(BECAUSE)).await?);
        }
        Ok(outcomes)
    }
}

/// Reads the open incidents that were reported at a second or later.
async fn read_open_since(conn: &mut SqliteConnection, since: i64) -> StoreResult<Vec<Summary>> {
    let mut batch = Batch::new(
        "SELECT row FROM incident WHERE key >= ? AND facets < ? ORDER BY key DESC LIMIT ?",
    );
    batch.arg(first_key_at(since)).arg(OPEN_FACETS_END).arg(MAX_ROWS);
    let rows = batch.fetch_all(conn).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        found.extend(unpack_row(row.try_get(0)?));
    }
    Ok(found)
}

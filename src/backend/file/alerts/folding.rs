//! Folds the consequences of a broken dependency under it: an incident that alerts declare is
//! folded under an open one of a service on which its own depends, and those of services that
//! depend on its own are folded under it.

use chrono::TimeDelta;
use sqlx::{Row, SqliteConnection};

use super::ingest::{MAX_FOLDS, Message, OpenIncident};
use crate::backend::Outcome;
use crate::backend::file::error::StoreResult;
use crate::backend::file::row::{OPEN_FACETS_END, first_key_at, unpack_row};
use crate::backend::file::sql::Batch;
use crate::backend::file::writer::Writer;
use crate::model::alert::TEST_SOURCE;
use crate::model::escalation::awaits_calls;
use crate::model::storm::{cause_of, consequences_of};
use crate::model::time::UNTIL_CHANGED;
use crate::model::{IncidentCommand, IncidentId, Summary};

/// The maximum number of open incidents that are examined.
const MAX_ROWS: i64 = 2_000;
/// The reason why an incident is folded.
const DEPENDENCY: &str = "its service depends on that of the other one";
/// The same for an incident of the same service.
const SAME_SERVICE: &str = "it is of the same service as the other one";
/// The reason why an incident stays snoozed.
const STILL_SNOOZED: &str = "it stays snoozed, as this says nothing new about it";

impl Message<'_> {
    /// Folds the incident that was declared, or others under it. Returns the commands that were
    /// carried out.
    pub(super) async fn fold(
        &self,
        writer: &mut Writer,
        id: IncidentId,
        declared: &[Outcome],
    ) -> StoreResult<Vec<Outcome>> {
        let rules = self.rules.storms;
        let row = declared.iter().rev().find_map(|outcome| outcome.row.as_ref());
        // A test must go the way of any other alert to its end.
        let is_folded = rules.folds && self.group.source != TEST_SOURCE;
        let Some(row) = row.filter(|row| is_folded && row.id == id && !row.services.is_empty())
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
            outcomes.extend(self.fold_under(writer, row, cause).await?);
            outcomes.extend(self.snooze_again(writer, cause).await?);
            return Ok(outcomes);
        }
        for other in consequences_of(row, &others, &directory, &rules).iter().take(MAX_FOLDS) {
            outcomes.extend(self.fold_under(writer, other, row).await?);
        }
        if !outcomes.is_empty() {
            outcomes.extend(self.snooze_again(writer, row).await?);
        }
        Ok(outcomes)
    }

    /// Folds an incident under its cause. It stays snoozed if it was.
    async fn fold_under(
        &self,
        writer: &mut Writer,
        row: &Summary,
        cause: &Summary,
    ) -> StoreResult<Vec<Outcome>> {
        let is_same = row.primary_service() == cause.primary_service();
        let because = if is_same { SAME_SERVICE } else { DEPENDENCY };
        let command = IncidentCommand::Fold { under: Some(cause.id) };
        let mut outcomes =
            Vec::from_iter(self.execute(writer, row.id, command, Some(because)).await?);
        if !outcomes.is_empty() {
            outcomes.extend(self.snooze_again(writer, row).await?);
        }
        Ok(outcomes)
    }

    /// Restores the snooze of an incident that a rule holds, after alerts were added that are not more severe:
    /// whether they end soon is not decided yet either. A snooze by people ends with any news.
    pub(super) async fn hold_again(
        &self,
        writer: &mut Writer,
        open: &OpenIncident,
        added: &[Outcome],
    ) -> StoreResult<Option<Outcome>> {
        let before = &open.summary;
        let row = added.iter().rev().find_map(|outcome| outcome.row.as_ref());
        let (Some(row), Some(hold_s)) = (row, self.group.overrides.hold_s) else { return Ok(None) };
        // A second more, as the report is recorded without its fraction.
        let ends_at = before.reported_at + TimeDelta::seconds(hold_s.saturating_add(1));
        let is_hold = before.snoozed_until.is_some_and(|until| until <= ends_at)
            && awaits_calls(before)
            && before.escalation == 0;
        if !is_hold || row.priority < before.priority {
            return Ok(None);
        }
        self.snooze_again(writer, before).await
    }

    /// Restores the snooze of an incident that was snoozed until a time, after an addition that is
    /// no news about it.
    async fn snooze_again(
        &self,
        writer: &mut Writer,
        row: &Summary,
    ) -> StoreResult<Option<Outcome>> {
        let until = row.snoozed_until.filter(|until| *until > self.now && *until < UNTIL_CHANGED);
        match until {
            Some(until) => {
                let command = IncidentCommand::Snooze { until };
                self.execute(writer, row.id, command, Some(STILL_SNOOZED)).await
            }
            None => Ok(None),
        }
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
        let row = unpack_row(row.try_get(0)?);
        let is_test =
            |row: &Summary| row.attributes.labels.iter().any(|label| label == TEST_SOURCE);
        found.extend(row.filter(|row| !is_test(row)));
    }
    Ok(found)
}

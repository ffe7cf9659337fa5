//! What follows from merging an incident under which others are folded: they are folded under the one in
//! which it continues, in the same transaction, so that nobody is called for them in between.

use super::{TxScope, Writer};
use crate::backend::file::error::{StoreError, StoreResult};
use crate::backend::file::records;
use crate::backend::file::sql::Batch;
use crate::backend::{BackendError, Outcome};
use crate::model::link::Link;
use crate::model::time::UNTIL_CHANGED;
use crate::model::{
    Command, CommandId, Envelope, Incident, IncidentCommand, IncidentId, Rules, Summary,
};

/// How many incidents are folded under another one at most because of a merge. Their events need
/// fewer positions of the log than are reserved for a command.
const MAX_REFOLDS: usize = 300;

impl Writer {
    /// Carries out a merge as [`Self::execute`] does, and folds what was folded under the merged incident
    /// under the one in which it continues.
    pub(in crate::backend::file) async fn merge_and_refold(
        &mut self,
        envelope: &Envelope,
        (from, into): (IncidentId, IncidentId),
        rules: &Rules,
        scope: TxScope,
    ) -> StoreResult<Outcome> {
        Batch::new(scope.begin()).run(&mut self.conn).await?;
        let done = async {
            let outcome = Box::pin(self.execute(envelope, rules, TxScope::Savepoint)).await?;
            if !outcome.replayed {
                self.refold(envelope, (from, into), rules).await?;
            }
            self.run_and_commit(Batch::default(), scope).await?;
            Ok(outcome)
        };
        let done = done.await;
        match (&done, scope) {
            (Ok(_), TxScope::Transaction) => self.on_commit(),
            (Ok(_), TxScope::Savepoint) => {}
            (Err(_), _) => {
                self.roll_back_scope(scope).await;
                self.clear_caches();
            }
        }
        done
    }

    async fn refold(
        &mut self,
        envelope: &Envelope,
        (from, into): (IncidentId, IncidentId),
        rules: &Rules,
    ) -> StoreResult<()> {
        let Some(cause) = records::load(&mut self.conn, from, true).await? else { return Ok(()) };
        let folded = self.folded_under(&cause.incident).await?;
        if folded.is_empty() {
            return Ok(());
        }
        let Some(target) = records::load(&mut self.conn, into, true).await? else { return Ok(()) };
        let target = target.incident.summary;
        let because = format!("{} continues in {}", cause.incident.summary.label(), target.label());
        // One that is folded itself has nothing folded under it. It was merged with its own cause, or
        // follows from another one.
        let under = target.folded_under.filter(|under| *under != from).unwrap_or(into);
        let now = self.clock.now();
        for row in folded {
            let mut commands = vec![IncidentCommand::Fold { under: None }];
            if row.id != under {
                commands.push(IncidentCommand::Fold { under: Some(under) });
            }
            // This is no news about it.
            let snoozed = row.snoozed_until.filter(|until| *until > now && *until < UNTIL_CHANGED);
            commands.extend(snoozed.map(|until| IncidentCommand::Snooze { until }));
            for command in commands {
                self.carry_out(envelope, row.id, command, &because, rules).await?;
            }
        }
        Ok(())
    }

    /// Returns the open incidents that are folded under one, which links them. The incident in which that
    /// one continues is the first.
    async fn folded_under(&mut self, cause: &Incident) -> StoreResult<Vec<Summary>> {
        let mut folded = Vec::new();
        for link in &cause.links {
            let Link::Incident { id, .. } = link else { continue };
            let Some(record) = records::load(&mut self.conn, *id, true).await? else { continue };
            let row = record.incident.summary;
            if row.status.is_open() && row.folded_under == Some(cause.summary.id) {
                folded.push(row);
            }
        }
        let into = cause.merged_into.map(|(into, _)| into);
        folded.sort_by_key(|row| Some(row.id) != into);
        folded.truncate(MAX_REFOLDS);
        Ok(folded)
    }

    /// Carries out a command that follows from another one of the same person. One that the rules refuse
    /// changes nothing.
    async fn carry_out(
        &mut self,
        envelope: &Envelope,
        incident: IncidentId,
        command: IncidentCommand,
        because: &str,
        rules: &Rules,
    ) -> StoreResult<()> {
        let because = Some(because.to_owned());
        let command = Command::Incident { incident, command, undoes: None, because };
        let envelope =
            Envelope { id: CommandId::new(), command, expected_seq: None, ..envelope.clone() };
        match Box::pin(self.execute(&envelope, rules, TxScope::Savepoint)).await {
            Ok(_) => Ok(()),
            Err(StoreError::Answer(BackendError::Rejected(why) | BackendError::Conflict(why))) => {
                tracing::warn!(%incident, "what follows from a merge is refused: {why}");
                Ok(())
            }
            Err(failure) => Err(failure),
        }
    }
}

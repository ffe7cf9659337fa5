//! Stores alerts together with a change of a heartbeat, in one transaction.

use chrono::{DateTime, Utc};

use super::ingest::{Done, MAX_COMMANDS, Message};
use crate::backend::file::error::StoreResult;
use crate::backend::file::heartbeats::table::HeartbeatChange;
use crate::backend::file::sql::Batch;
use crate::backend::file::store::FileStore;
use crate::backend::file::writer::Writer;
use crate::backend::{BackendError, IngestEffect, IngestOutcome};
use crate::model::Actor;
use crate::model::alert::{AlertCounts, AlertGroup};
use crate::model::signals::Heartbeat;

impl FileStore {
    /// Stores the alerts of a group in the transaction that changes a heartbeat, and returns the
    /// results of both. `None`, and nothing is stored, if the change no longer applies.
    pub(in crate::backend::file) async fn store_alerts_if(
        &self,
        group: &AlertGroup,
        actor: &Actor,
        now: DateTime<Utc>,
        change: HeartbeatChange,
    ) -> Result<Option<(IngestOutcome, Heartbeat)>, BackendError> {
        self.check_writable()?;
        let (store, group, actor) = (self.clone(), group.clone(), actor.clone());
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let rules = store.rules();
            store.reserve_for(MAX_COMMANDS);
            let message = Message {
                group: &group,
                actor: &actor,
                rules: &rules,
                has_expired: false,
                continues: None,
                now,
            };
            let (done, heartbeat) = match Box::pin(store_both(&mut writer, &message, &change)).await
            {
                Ok((done, heartbeat)) => (Ok(done), heartbeat),
                Err(error) => (Err(error), None),
            };
            store.end_message(&mut writer, &done).await;
            drop(writer);
            let done = done?;
            if !done.commands.is_empty() {
                store.inner.watcher.wake();
            }
            Ok(heartbeat.map(|heartbeat| (done.outcome, heartbeat)))
        })
        .await
    }
}

/// Begins a transaction, changes the heartbeat, and stores the message. The transaction is committed
/// unless the change does not apply; then it is still open.
async fn store_both(
    writer: &mut Writer,
    message: &Message<'_>,
    change: &HeartbeatChange,
) -> StoreResult<(Done, Option<Heartbeat>)> {
    Batch::new("BEGIN IMMEDIATE;").run(&mut writer.conn).await?;
    let Some(heartbeat) = change.apply(&mut writer.conn).await? else {
        let outcome = IngestOutcome {
            effect: IngestEffect::Unchanged,
            incident: None,
            number: None,
            alerts: AlertCounts::default(),
        };
        return Ok((Done { outcome, commands: Vec::new(), has_changed: false }, None));
    };
    let mut done = Box::pin(message.store_in_transaction(writer)).await?;
    if !done.has_changed {
        Batch::new("COMMIT;").run(&mut writer.conn).await?;
        done.has_changed = true;
    }
    Ok((done, Some(heartbeat)))
}

//! Group commit: many commands in one transaction, so that the slow part, making them durable, is
//! done once for all of them.
//!
//! Each command has a savepoint of its own. So a rejected command does not affect the others, and
//! each is decided on the state after the commands before it. No outcome is returned before all are
//! durable. After a crash the store has all of them or none, and each can be sent again.

use std::path::Path;

use super::error::{SqliteFault, StoreError, StoreResult, classify};
use super::sql::Batch;
use super::store::FileStore;
use super::writer::{TxScope, Writer};
use crate::backend::{Backend, BackendError, Outcome};
use crate::model::{Envelope, Rules};

type Outcomes = Vec<Result<Outcome, BackendError>>;

/// What follows for the later commands of a group if one is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum AfterRefusal {
    /// They are carried out.
    Continue,
    /// They are not carried out, and have no outcome.
    Stop,
}

/// Carries out commands in their order and returns the outcome of each.
pub(super) async fn execute_all(store: &FileStore, envelopes: &[Envelope]) -> Outcomes {
    execute_together(store, envelopes, AfterRefusal::Continue).await
}

/// Carries out commands in their order, up to the first that is refused, and returns the outcomes
/// up to that one.
pub(super) async fn execute_in_order(store: &FileStore, envelopes: &[Envelope]) -> Outcomes {
    execute_together(store, envelopes, AfterRefusal::Stop).await
}

async fn execute_together(
    store: &FileStore,
    envelopes: &[Envelope],
    after_refusal: AfterRefusal,
) -> Outcomes {
    match envelopes {
        [] => return Vec::new(),
        [one] => return vec![store.execute(one).await],
        _ => {}
    }
    if let Err(error) = store.check_writable() {
        return vec![Err(error); envelopes.len()];
    }
    let (own, all) = (store.clone(), envelopes.to_vec());
    let done = store.run_to_completion(async move {
        own.check_same_file()?;
        let mut writer = own.lock_writer().await;
        let rules = own.rules();
        own.reserve_for(all.len());
        let done = Box::pin(writer.execute_group(&all, &rules, own.path(), after_refusal)).await;
        if let Ok(outcomes) = &done {
            own.record_issued(&writer, outcomes.iter().flatten());
        }
        drop(writer);
        if done.is_ok() {
            own.inner.watcher.wake();
        }
        match done {
            Err(StoreError::Sql(error)) if may_concern_one_command(classify(&error)) => Ok(None),
            done => done.map(Some),
        }
    });
    match done.await {
        Ok(Some(outcomes)) => outcomes,
        Ok(None) => {
            let mut outcomes = Vec::with_capacity(envelopes.len());
            for envelope in envelopes {
                let outcome = store.execute(envelope).await;
                let is_last = outcome.is_err() && after_refusal == AfterRefusal::Stop;
                outcomes.push(outcome);
                if is_last {
                    break;
                }
            }
            outcomes
        }
        Err(error) => vec![Err(error); envelopes.len()],
    }
}

/// Returns whether the cause of an error may concern only some of the commands, such as those about
/// an incident whose pages are damaged. Then each command is tried alone.
fn may_concern_one_command(fault: SqliteFault) -> bool {
    match fault {
        SqliteFault::Damaged
        | SqliteFault::Foreign
        | SqliteFault::Constraint
        | SqliteFault::Other => true,
        SqliteFault::Locked
        | SqliteFault::Full
        | SqliteFault::Superseded
        | SqliteFault::ReadOnly
        | SqliteFault::CannotOpen
        | SqliteFault::LogIndex
        | SqliteFault::Disk => false,
    }
}

impl Writer {
    /// Carries out commands in one transaction, which has ended when this returns. After an error
    /// none of them has changed anything.
    async fn execute_group(
        &mut self,
        envelopes: &[Envelope],
        rules: &Rules,
        path: &Path,
        after_refusal: AfterRefusal,
    ) -> StoreResult<Outcomes> {
        let result = self.execute_in_transaction(envelopes, rules, path, after_refusal).await;
        if result.is_ok() {
            self.on_commit();
            self.end_redaction().await;
        } else {
            self.roll_back().await;
            self.clear_caches();
        }
        result
    }

    async fn execute_in_transaction(
        &mut self,
        envelopes: &[Envelope],
        rules: &Rules,
        path: &Path,
        after_refusal: AfterRefusal,
    ) -> StoreResult<Outcomes> {
        Batch::new("BEGIN IMMEDIATE").run(&mut self.conn).await?;
        let mut outcomes = Vec::with_capacity(envelopes.len());
        for envelope in envelopes {
            match self.execute_and_mute(envelope, rules, TxScope::Savepoint).await {
                Ok(outcome) => outcomes.push(Ok(outcome)),
                // SQLite may have ended the whole transaction.
                Err(StoreError::Sql(error)) if classify(&error) != SqliteFault::Constraint => {
                    return Err(StoreError::Sql(error));
                }
                Err(failure) => {
                    outcomes.push(Err(failure.into_backend_error(path)));
                    if after_refusal == AfterRefusal::Stop {
                        break;
                    }
                }
            }
        }
        self.run_and_read_log(Batch::new("COMMIT;")).await?;
        Ok(outcomes)
    }
}

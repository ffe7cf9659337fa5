//! Many commands in one transaction: what is slow, making it durable, is done once for all.
//!
//! Each command is a savepoint of its own, so that one that is refused leaves the others alone, and
//! is decided on what those before it have done. Nobody is told of an outcome before all are durable.
//! After a crash all of them are there or none, and each can be sent again.

use std::path::Path;

use super::FileStore;
use super::error::{SqliteFault, StoreError, StoreResult, classify};
use super::sql::Batch;
use super::writer::{TxScope, Writer};
use crate::backend::{Backend, BackendError, Outcome};
use crate::model::{Envelope, Rules};

type Outcomes = Vec<Result<Outcome, BackendError>>;

/// Carries out commands in their order; an outcome for each.
pub(super) async fn execute_all(store: &FileStore, envelopes: &[Envelope]) -> Outcomes {
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
        let done = Box::pin(writer.execute_group(&all, &rules, own.path())).await;
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
                outcomes.push(store.execute(envelope).await);
            }
            outcomes
        }
        Err(error) => vec![Err(error); envelopes.len()],
    }
}

/// Whether a fault may be of some of the commands only, such as those about an incident whose pages
/// are damaged: then each is tried alone.
fn may_concern_one_command(fault: SqliteFault) -> bool {
    match fault {
        SqliteFault::Damaged
        | SqliteFault::Foreign
        | SqliteFault::Constraint
        | SqliteFault::Other => true,
        SqliteFault::Locked
        | SqliteFault::Full
        | SqliteFault::ReadOnly
        | SqliteFault::CannotOpen
        | SqliteFault::Disk => false,
    }
}

impl Writer {
    /// Carries out commands in one transaction, which has ended when this returns. With an error
    /// nothing of it is kept.
    async fn execute_group(
        &mut self,
        envelopes: &[Envelope],
        rules: &Rules,
        path: &Path,
    ) -> StoreResult<Outcomes> {
        let done = self.execute_in_transaction(envelopes, rules, path).await;
        if done.is_ok() {
            self.on_commit();
        } else {
            self.roll_back().await;
            self.clear_caches();
        }
        done
    }

    async fn execute_in_transaction(
        &mut self,
        envelopes: &[Envelope],
        rules: &Rules,
        path: &Path,
    ) -> StoreResult<Outcomes> {
        Batch::new("BEGIN IMMEDIATE").run(&mut self.conn).await?;
        let mut outcomes = Vec::with_capacity(envelopes.len());
        for envelope in envelopes {
            match self.execute(envelope, rules, TxScope::Savepoint).await {
                Ok(outcome) => outcomes.push(Ok(outcome)),
                // SQLite may have ended the whole transaction.
                Err(StoreError::Sql(error)) if classify(&error) != SqliteFault::Constraint => {
                    return Err(StoreError::Sql(error));
                }
                Err(failure) => outcomes.push(Err(failure.into_backend_error(path))),
            }
        }
        Batch::new("COMMIT").run(&mut self.conn).await?;
        Ok(outcomes)
    }
}

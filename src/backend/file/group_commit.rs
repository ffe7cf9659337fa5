//! Many commands in one transaction: what is slow, making it durable, is done once for all.
//!
//! Each command is a savepoint of its own, so that one that is refused leaves the others alone, and
//! is decided on what those before it have done. Nobody is told of an outcome before all are durable.
//! After a crash all of them are there or none, and each can be sent again.

use std::path::Path;

use super::FileStore;
use super::error::{Done, Failure, Fault, fault};
use super::sql::Batch;
use super::writer::{Frame, Writer};
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
    let done = store.undisturbed(async move {
        own.in_place()?;
        let mut writer = own.writer().await;
        let rules = own.rules();
        let done = Box::pin(writer.together(&all, &rules, own.path())).await;
        drop(writer);
        if done.is_ok() {
            own.inner.bell.ring();
        }
        match done {
            Err(Failure::Sql(error)) if of_some(fault(&error)) => Ok(None),
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
fn of_some(fault: Fault) -> bool {
    match fault {
        Fault::Damaged | Fault::Foreign | Fault::Constraint | Fault::Other => true,
        Fault::Locked | Fault::Full | Fault::ReadOnly | Fault::CannotOpen | Fault::Disk => false,
    }
}

impl Writer {
    /// Carries out commands in one transaction, which has ended when this returns. With an error
    /// nothing of it is kept.
    async fn together(
        &mut self,
        envelopes: &[Envelope],
        rules: &Rules,
        path: &Path,
    ) -> Done<Outcomes> {
        let done = self.within(envelopes, rules, path).await;
        if done.is_ok() {
            self.committed();
        } else {
            self.roll_back().await;
            self.forget();
        }
        done
    }

    async fn within(
        &mut self,
        envelopes: &[Envelope],
        rules: &Rules,
        path: &Path,
    ) -> Done<Outcomes> {
        Batch::new("BEGIN IMMEDIATE").run(&mut self.conn).await?;
        let mut outcomes = Vec::with_capacity(envelopes.len());
        for envelope in envelopes {
            match self.execute(envelope, rules, Frame::Shared).await {
                Ok(outcome) => outcomes.push(Ok(outcome)),
                // SQLite may have ended the whole transaction.
                Err(Failure::Sql(error)) if fault(&error) != Fault::Constraint => {
                    return Err(Failure::Sql(error));
                }
                Err(failure) => outcomes.push(Err(failure.told(path))),
            }
        }
        Batch::new("COMMIT").run(&mut self.conn).await?;
        Ok(outcomes)
    }
}

//! The records of publications, by which several programs publish each thing once.

use crate::backend::{BackendError, PublicationRecord};
use crate::engine::backoff::Backoff;
use crate::engine::parts::Parts;

/// Stores a record, retrying while the store does not answer. Returns `false` if another program
/// has stored another one.
pub(super) async fn store(
    engine: &Parts,
    before: Option<&PublicationRecord>,
    after: &PublicationRecord,
) -> bool {
    let mut backoff = Backoff::default();
    loop {
        match engine.ledger.replace_publication(before, after).await {
            Ok(is_stored) => return is_stored,
            Err(error) if error.is_temporary() => {
                let wait = backoff.wait_after(&error, "what was published");
                engine.clock.sleep(wait).await;
            }
            Err(error) => {
                tracing::error!(%error, "what was published can't be stored");
                return false;
            }
        }
    }
}

/// Reads the record with a name.
pub(super) async fn read(
    engine: &Parts,
    name: &str,
) -> Result<Option<PublicationRecord>, BackendError> {
    let records = engine.ledger.publications(name).await?;
    Ok(records.into_iter().find(|record| record.name == name))
}

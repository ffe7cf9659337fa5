//! Links in messages by which a person acts once (`answer_link` of `0011_senders.sql`).
//!
//! A link is stored by the digest of its token. Its action is a command whose id follows from that
//! digest, so that it is carried out once even if the mark that it was used is lost.

mod table;

use chrono::{DateTime, Utc};

use super::store::FileStore;
use crate::backend::BackendError;
use crate::model::notification::{AnswerLink, LinkDigest};

/// The first version of the schema that has the table.
const FIRST_VERSION: i64 = 11;

impl FileStore {
    /// Stores links, and removes those that ended long ago.
    pub(super) async fn store_links(
        &self,
        links: &[AnswerLink],
        now: DateTime<Utc>,
    ) -> Result<bool, BackendError> {
        self.check_writable()?;
        let batch = table::insert(links, now);
        let store = self.clone();
        self.run_to_completion(async move {
            let batch = batch?;
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let result = batch.run(&mut writer.conn).await;
            if result.is_err() {
                writer.roll_back().await;
            }
            // A link is not a change of an incident that waiters are interested in.
            result.map(|()| true)
        })
        .await
    }

    /// Reads the link whose token has this digest.
    pub(super) async fn read_link(
        &self,
        digest: &LinkDigest,
    ) -> Result<Option<AnswerLink>, BackendError> {
        if self.inner.version < FIRST_VERSION {
            return Ok(None);
        }
        self.with_path_context(async {
            table::read(&mut *self.acquire_reader().await?, digest).await
        })
        .await
    }

    /// Marks a link as used, unless it is marked already.
    pub(super) async fn mark_link_used(
        &self,
        digest: &LinkDigest,
        at: DateTime<Utc>,
    ) -> Result<(), BackendError> {
        self.check_writable()?;
        let (store, batch) = (self.clone(), table::mark_used(digest, at));
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let result = batch.run(&mut writer.conn).await;
            if result.is_err() {
                writer.roll_back().await;
            }
            result
        })
        .await
    }
}

//! Records the numbers and log positions that a store has issued, and compares them with those that
//! clients have seen.

use chrono::Utc;
use sqlx::SqliteConnection;

use super::error::StoreResult;
use super::generation::{Generation, put_back_notice};
use super::meta::{self, read_meta};
use super::store::FileStore;
use super::writer::Writer;
use crate::backend::{BackendError, Outcome, StoreInfo, StoreMark};
use crate::model::EventBody;

/// How many numbers and positions are skipped beyond those that a client has seen: another client
/// may have seen more.
const SEEN_MARGIN: u64 = 1_000;
/// The usual maximum number of events per command in a group; a command with more is covered by the
/// margin of the reservation.
const EVENTS_PER_COMMAND: u64 = 8;

impl FileStore {
    /// Returns identity and generation of the store.
    pub(super) fn store_info(&self) -> Option<StoreInfo> {
        self.inner.generation.as_ref().map(|generation| (*generation.info()).clone())
    }

    /// Reserves, before a transaction, the numbers and positions that some commands may need.
    pub(super) fn reserve_for(&self, commands: usize) {
        let Some(generation) = &self.inner.generation else { return };
        let (number, log) = generation.base();
        let count = u64::try_from(commands).unwrap_or(u64::MAX);
        generation.reserve(
            number.saturating_add(count),
            log.saturating_add(count.saturating_mul(EVENTS_PER_COMMAND)),
        );
    }

    /// Records, after the commit, the issued numbers and positions.
    pub(super) fn record_issued<'a>(
        &self,
        writer: &Writer,
        outcomes: impl Iterator<Item = &'a Outcome>,
    ) {
        if let Some(generation) = &self.inner.generation {
            let number = outcomes.filter_map(greatest_number).max();
            generation.record(number, writer.last_log);
        }
    }

    /// Reserves the numbers and positions of an import durably before its commit, and records them
    /// after it.
    pub(super) fn reserve_exactly(&self, number: u64, log: u64) {
        if let Some(generation) = &self.inner.generation {
            generation.reserve(number, log);
        }
    }

    /// Writes down what an import has given: the highest number and position, if there is any.
    pub(super) fn record_imported(&self, number: Option<u64>, log: Option<u64>) {
        if let Some(generation) = &self.inner.generation {
            generation.record(number, log);
        }
    }

    /// Returns identity, generation and position of the store, as a mark.
    pub(super) fn current_mark(&self) -> Option<StoreMark> {
        self.inner.generation.as_ref().map(Generation::mark)
    }

    /// Compares the mark that a client has seen with the store. If the store has lost data, begins
    /// a new generation.
    pub(super) async fn compare_with_seen(&self, seen: &StoreMark) -> Result<(), BackendError> {
        let Some(generation) = &self.inner.generation else { return Ok(()) };
        // Few marks are ahead. One that is may be that of another process, so the file decides.
        if self.is_read_only() || !generation.is_behind(seen) {
            return Ok(());
        }
        let (store, seen) = (self.clone(), seen.clone());
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            store.compare_in_file(&mut writer.conn, &seen).await?;
            writer.clear_caches();
            drop(writer);
            store.inner.watcher.wake();
            Ok(())
        })
        .await
    }

    async fn compare_in_file(
        &self,
        conn: &mut SqliteConnection,
        seen: &StoreMark,
    ) -> StoreResult<()> {
        let Some(generation) = &self.inner.generation else { return Ok(()) };
        let Some(found) = read_meta(conn).await? else { return Ok(()) };
        if !Generation::shows_put_back(seen, &found) {
            generation.record(Some(found.number), Some(found.log));
            return Ok(());
        }
        let (number, log) = (seen.number + SEEN_MARGIN, seen.log + SEEN_MARGIN);
        meta::begin_generation(conn, number, log, Utc::now()).await?;
        if let Some(meta) = read_meta(conn).await? {
            if let Some(put_back) = meta.info.put_back {
                tracing::warn!("{}", put_back_notice(self.path(), put_back));
            }
            generation.begin(meta, number, log);
        }
        Ok(())
    }
}

/// Returns the greatest number that a command has given: that of its incident, or of another one that it
/// declared.
fn greatest_number(outcome: &Outcome) -> Option<u64> {
    let declared = outcome.events.iter().filter_map(|event| match &event.body {
        EventBody::Declared { number, .. } => *number,
        _ => None,
    });
    let own = outcome.row.as_ref().and_then(|row| row.number);
    declared.chain(own).map(|number| number.0).max()
}

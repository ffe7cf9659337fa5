//! The generation of an open store: what it has given is written down outside of its file, and a
//! store that was put back begins a new generation.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::Utc;
use sqlx::SqliteConnection;

use super::error::{StoreResult, display_path};
use super::high_water::HighWater;
use super::meta::{self, StoreMeta, read_meta};
use super::store::FileStore;
use super::writer::Writer;
use crate::backend::{BackendError, Outcome, PutBack, StoreInfo, StoreMark};

/// How many numbers and positions are left out beyond what a client has seen: another one may have
/// seen more.
const SEEN_MARGIN: u64 = 1_000;

/// Identity and generation of an open store, and what it has given.
#[derive(Debug)]
pub(super) struct Generation {
    info: RwLock<Arc<StoreInfo>>,
    mark_key: Vec<u8>,
    high: HighWater,
}

impl Generation {
    pub(super) fn new(path: &Path, meta: StoreMeta) -> Self {
        let high = HighWater::new(path, &meta);
        Self { info: RwLock::new(Arc::new(meta.info)), mark_key: meta.mark_key, high }
    }

    /// Returns identity and generation.
    pub(super) fn info(&self) -> Arc<StoreInfo> {
        Arc::clone(&self.info.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the highest position that this process knows of, as a mark.
    pub(super) fn mark(&self) -> StoreMark {
        let info = self.info();
        let (number, log) = self.high.position();
        StoreMark::sign(&self.mark_key, &info.id, &info.generation, log, number)
    }

    /// Writes down that numbers and positions may be given, before any is.
    pub(super) fn reserve(&self, number: u64, log: u64) {
        self.high.reserve(number, log);
    }

    /// Returns the highest number and position that this process knows of.
    pub(super) fn position(&self) -> (u64, u64) {
        self.high.position()
    }

    /// Writes down what was given, after the commit.
    pub(super) fn record(&self, number: Option<u64>, log: Option<u64>) {
        self.high.record(number, log);
    }

    /// Returns whether a mark shows that the store has lost what was written after it was copied.
    fn shows_put_back(&self, seen: &StoreMark, meta: &StoreMeta) -> bool {
        seen.store == meta.info.id
            && seen.generation == meta.info.generation
            && (seen.log > meta.log || seen.number > meta.number)
    }
}

/// Returns the sentence about a store that was put back.
pub(super) fn put_back_notice(path: &Path, put_back: PutBack) -> String {
    let to = match put_back.to {
        Some(to) => format!("to {}", to.format("%Y-%m-%d %H:%M:%S UTC")),
        None => "to a state without incidents".to_owned(),
    };
    format!(
        "{} was put back from a copy, {to}: numbers given since are left out, and its clients can \
         send again what they still hold with `redphone outbox resend`",
        display_path(path)
    )
}

/// How many events a command leads to at most in a group; one that leads to more is covered by the
/// margin of what is reserved.
const EVENTS_PER_COMMAND: u64 = 8;

impl FileStore {
    /// Returns identity and generation of the store.
    pub(super) fn store_info(&self) -> Option<StoreInfo> {
        self.inner.generation.as_ref().map(|generation| (*generation.info()).clone())
    }

    /// Writes down, before a transaction, that what some commands may need is given.
    pub(super) fn reserve_for(&self, commands: usize) {
        let Some(generation) = &self.inner.generation else { return };
        let (number, log) = generation.position();
        let count = u64::try_from(commands).unwrap_or(u64::MAX);
        generation.reserve(
            number.saturating_add(count),
            log.saturating_add(count.saturating_mul(EVENTS_PER_COMMAND)),
        );
    }

    /// Writes down, after the commit, what was given.
    pub(super) fn record_given<'a>(
        &self,
        writer: &Writer,
        outcomes: impl Iterator<Item = &'a Outcome>,
    ) {
        if let Some(generation) = &self.inner.generation {
            let number = outcomes.filter_map(|outcome| Some(outcome.row.as_ref()?.number?.0)).max();
            generation.record(number, writer.last_log);
        }
    }

    /// Writes down what an import gives: durably before its commit, and once more after it.
    pub(super) fn reserve_exactly(&self, number: u64, log: u64) {
        if let Some(generation) = &self.inner.generation {
            generation.reserve(number, log);
        }
    }

    /// Writes down what an import has given.
    pub(super) fn record_exactly(&self, number: u64, log: u64) {
        if let Some(generation) = &self.inner.generation {
            generation.record(Some(number), Some(log));
        }
    }

    /// Returns identity, generation and position of the store, as a mark.
    pub(super) fn current_mark(&self) -> Option<StoreMark> {
        self.inner.generation.as_ref().map(Generation::mark)
    }

    /// Compares what a client has seen with the store. If the store has lost some of it, begins a
    /// new generation.
    pub(super) async fn compare_with_seen(&self, seen: &StoreMark) -> Result<(), BackendError> {
        let Some(generation) = &self.inner.generation else { return Ok(()) };
        let (number, log) = generation.position();
        let info = generation.info();
        let is_ahead = seen.store == info.id
            && seen.generation == info.generation
            && (seen.log > log || seen.number > number);
        // Most marks are not ahead. One that is may be that of another process, so the file decides.
        if !is_ahead || self.is_read_only() || !seen.is_signed_with(&generation.mark_key) {
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
        if !generation.shows_put_back(seen, &found) {
            generation.record(Some(found.number), Some(found.log));
            return Ok(());
        }
        let (number, log) = (seen.number + SEEN_MARGIN, seen.log + SEEN_MARGIN);
        meta::begin_generation(conn, number, log, Utc::now()).await?;
        if let Some(meta) = read_meta(conn).await? {
            if let Some(put_back) = meta.info.put_back {
                tracing::warn!("{}", put_back_notice(self.path(), put_back));
            }
            generation.high.begin_generation(&meta, number, log);
            *generation.info.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(meta.info);
        }
        Ok(())
    }
}

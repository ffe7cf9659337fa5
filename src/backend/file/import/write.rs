//! Writes imported events and their incidents, several at once.

use sqlx::Connection;

use super::{EVENTS_PER_WRITE, Imported, Importer, MAX_IN_MEMORY, QueuedEvent};
use crate::backend::BackendError;
use crate::backend::file::bulk;
use crate::backend::file::error::StoreResult;
use crate::backend::file::event_insert::{bind_event, encode_body};
use crate::backend::file::event_row::{self, WRITER_FORMAT};
use crate::backend::file::evidence::clear_unused_space;
use crate::backend::file::full_text;
use crate::backend::file::import_error::ImportError;
use crate::backend::file::list_rows::list_event;
use crate::backend::file::measures;
use crate::backend::file::sql::Batch;
use crate::model::Event;

impl Importer {
    /// Adds an event to those that are written next, and writes these once there are enough.
    pub(super) async fn queue_event(
        &mut self,
        key: i64,
        event: Event,
        digest: Option<Vec<u8>>,
    ) -> Result<(), ImportError> {
        let actor = self.names.intern_actor(&mut self.conn, &event.actor).await;
        let actor = actor.map_err(|failure| self.store_error(failure))?;
        self.events.push(QueuedEvent { log: self.next_log, key, actor, event, digest });
        self.next_log += 1;
        self.added.events += 1;
        let mut result = Ok(());
        if self.events.len() >= EVENTS_PER_WRITE {
            result = self.write_events().await;
        }
        if result.is_ok() && self.incidents.len() > MAX_IN_MEMORY {
            result = self.write_incidents(MAX_IN_MEMORY / 2).await;
        }
        result.map_err(|failure| self.store_error(failure))
    }

    /// Writes the events that wait.
    pub(super) async fn write_events(&mut self) -> StoreResult<()> {
        let events = std::mem::take(&mut self.events);
        bulk::insert_rows(
            &mut self.conn,
            "INSERT INTO event (log, id, incident, seq, kind, at, recorded, actor, nth, command,
                subject, body, format, digest)",
            14,
            &events,
            |batch, QueuedEvent { log, key, actor, event, digest }| {
                batch.arg(*log);
                bind_event(batch, *key, *actor, event);
                batch.arg(encode_body(event)?).arg(WRITER_FORMAT).arg(digest.clone());
                Ok(())
            },
        )
        .await?;
        for QueuedEvent { key, event, .. } in &events {
            let mut batch = Batch::default();
            list_event(&mut batch, *key, event)?;
            if !batch.is_empty() {
                batch.run(&mut self.conn).await?;
            }
        }
        let with_own_command: Vec<(&Event, i64)> = events
            .iter()
            .filter(|queued| event_row::nth(&queued.event).is_none())
            .map(|queued| (&queued.event, queued.key))
            .collect();
        bulk::insert_rows(
            &mut self.conn,
            "INSERT OR IGNORE INTO command (id, incident, format)",
            3,
            &with_own_command,
            |batch, (event, key)| {
                batch.arg(event.command.as_bytes().to_vec()).arg(*key).arg(WRITER_FORMAT);
                Ok(())
            },
        )
        .await
    }

    /// Writes the least recently used incidents until only `remaining` are in memory.
    async fn write_incidents(&mut self, remaining: usize) -> StoreResult<()> {
        self.write_events().await?;
        let mut entries = Vec::new();
        while self.incidents.len() > remaining
            && let Some((_, cached)) = self.incidents.pop_lru()
        {
            if cached.entry.stored.is_none() {
                let number = cached.entry.incident.summary.number.map_or(0, |n| n.0);
                self.numbers.remove(&number);
            }
            if cached.dirty {
                entries.push(cached.entry);
            }
        }
        self.bulk.write(&mut self.conn, &mut self.names, entries).await
    }

    /// Commits the import and returns the counts of the added records.
    ///
    /// # Errors
    /// [`BackendError`] if the store can't be written; then nothing was added.
    pub async fn commit(mut self) -> Result<Imported, BackendError> {
        let (number, log) = (self.last_number, u64::try_from(self.next_log).unwrap_or(0));
        self.store.reserve_exactly(number, log);
        let result = self.finish().await;
        let Self { store, conn, added, added_number, first_log, next_log, .. } = self;
        match result {
            Ok(()) => {
                if added.incidents >= full_text::index::MERGE_AFTER {
                    // Everything is committed: this only makes searches faster.
                    if let Err(error) = store.merge_full_text().await {
                        tracing::warn!(%error, "the index of words is not merged");
                    }
                }
                conn.close().await.ok();
                // Numbers of the import count as given, so that they are not given again after the store is put back.
                let last_log = (next_log > first_log).then_some(next_log - 1);
                store.record_imported(added_number, last_log.and_then(|log| log.try_into().ok()));
                store.inner.watcher.wake();
                Ok(added)
            }
            Err(failure) => Err(failure.into_backend_error(store.path())),
        }
    }

    async fn finish(&mut self) -> StoreResult<()> {
        self.write_incidents(0).await?;
        full_text::index::index_pending(&mut self.conn).await?;
        measures::warm_cache(&mut self.conn).await?;
        self.skip_notifications().await?;
        Batch::new("COMMIT").run(&mut self.conn).await?;
        if self.is_redacted {
            let cleared = clear_unused_space(&mut self.conn, &self.redacted_notes).await;
            if let Err(error) = cleared {
                tracing::warn!(%error, "what was redacted may still be in unused space");
            }
        }
        // A large import leaves a large write-ahead log: free its space, unless a reader uses it.
        Batch::new("PRAGMA busy_timeout = 100; PRAGMA wal_checkpoint(TRUNCATE)")
            .run(&mut self.conn)
            .await
            .ok();
        Ok(())
    }
}

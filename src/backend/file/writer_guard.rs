//! Access to the writer: one task at a time, each write runs to its end, and the state that a
//! panicking task left behind is discarded.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use tokio::sync::MutexGuard;

use super::error::{Panicked, StoreFault, StoreFaultKind, StoreResult};
use super::store::FileStore;
use super::writer::Writer;
use crate::backend::BackendError;

/// Exclusive access to the writer. Marks it as poisoned if it is dropped by a panic.
pub(super) struct WriterGuard<'a>(MutexGuard<'a, Writer>);

impl Deref for WriterGuard<'_> {
    type Target = Writer;

    fn deref(&self) -> &Writer {
        &self.0
    }
}

impl DerefMut for WriterGuard<'_> {
    fn deref_mut(&mut self) -> &mut Writer {
        &mut self.0
    }
}

impl Drop for WriterGuard<'_> {
    fn drop(&mut self) {
        self.0.poisoned |= std::thread::panicking();
    }
}

impl FileStore {
    /// Waits for exclusive access to the writer.
    pub(super) async fn lock_writer(&self) -> WriterGuard<'_> {
        self.recovered(self.inner.writer.lock().await).await
    }

    /// Returns exclusive access to the writer, or `None` if another task has it.
    pub(super) async fn try_lock_writer(&self) -> Option<WriterGuard<'_>> {
        Some(self.recovered(self.inner.writer.try_lock().ok()?).await)
    }

    /// Recovers the writer if it is poisoned.
    async fn recovered<'a>(&self, mut writer: MutexGuard<'a, Writer>) -> WriterGuard<'a> {
        if writer.poisoned {
            // If this fails, the caller's statements fail too, and the next caller tries again.
            writer.recover(self.lock_timeout()).await.ok();
        }
        WriterGuard(writer)
    }

    /// Returns how long to wait for a lock that another process holds.
    pub(super) fn lock_timeout(&self) -> Duration {
        self.inner.options.lock_timeout
    }

    /// Runs a write as a task of its own, so that it ends in commit or rollback even if the caller
    /// stops waiting. Its error names the file, as by [`Self::with_path_context`].
    pub(super) async fn run_to_completion<T: Send + 'static>(
        &self,
        work: impl Future<Output = StoreResult<T>> + Send + 'static,
    ) -> Result<T, BackendError> {
        let Ok(result) = tokio::spawn(work).await else {
            let panicked = Panicked { advice: "the same command may be sent again" };
            let kind = StoreFaultKind::Panicked(panicked);
            return Err(StoreFault { path: self.path().to_owned(), kind }.into());
        };
        result.map_err(|failure| failure.into_backend_error(self.path()))
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::super::sql::Batch;
    use super::super::writer::TxScope;
    use super::*;
    use crate::backend::Backend;
    use crate::backend::file::{MigrationObserver, Options};
    use crate::model::command::Declaration;
    use crate::model::directory::Directory;
    use crate::model::status::Source;
    use crate::model::{
        Actor, Command, CommandId, Envelope, Impact, IncidentCommand, IncidentId, PersonRef, Rules,
    };

    fn envelope(incident: IncidentId, command: IncidentCommand) -> Envelope {
        let actor = Actor::Person(PersonRef::new("ines", "Ines Moreau"));
        let command = Command::incident(incident, command);
        Envelope { id: CommandId::new(), at: Utc::now(), actor, command, expected_seq: None }
    }

    fn declare(incident: IncidentId) -> Envelope {
        let now = Utc::now();
        let declaration = Declaration {
            alerts: None,
            title: "Card payments fail".into(),
            services: vec!["checkout".into()],
            impact: Impact::High,
            urgency: Impact::High,
            category: None,
            source: Source::Monitoring,
            symptoms: String::new(),
            detected_at: now,
            reported_at: now,
            team: None,
            labels: Vec::new(),
            dedup_key: None,
            runbook: None,
        };
        envelope(incident, IncidentCommand::Declare(Box::new(declaration)))
    }

    async fn store(folder: &tempfile::TempDir) -> FileStore {
        let options = Options {
            name: "local".into(),
            rules: Rules::default(),
            overlay: Directory::default(),
            overlay_file: None,
            create: true,
            lock_timeout: Duration::from_secs(5),
            migration: MigrationObserver::default(),
            clock: crate::backend::file::StoreClock::default(),
        };
        FileStore::open(&folder.path().join("store.db"), options).await.unwrap()
    }

    /// Carries out commands in a transaction and panics before the commit.
    async fn panic_in_transaction(store: &FileStore, envelopes: Vec<Envelope>) -> BackendError {
        let own_store = store.clone();
        let work = store.run_to_completion::<()>(async move {
            let mut writer = own_store.lock_writer().await;
            Batch::new("BEGIN IMMEDIATE").run(&mut writer.conn).await?;
            for envelope in envelopes {
                writer.execute(&envelope, &Rules::default(), TxScope::Savepoint).await?;
            }
            panic!("a fault of the program")
        });
        Box::pin(work).await.unwrap_err()
    }

    #[tokio::test]
    async fn writer_recovers_after_a_panic_in_a_transaction() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let id = IncidentId::new();
        store.execute(&declare(id)).await.unwrap();
        let note = || envelope(id, IncidentCommand::AddNote { text: "looking into it".into() });
        let lost = IncidentId::new();
        let told = Box::pin(panic_in_transaction(&store, vec![note(), declare(lost)])).await;
        assert!(matches!(told, BackendError::Unreachable(_)), "{told}");
        assert!(told.to_string().contains("may be sent again"), "{told}");
        // There is neither a gap in the timeline nor an incident that was never committed.
        assert_eq!(store.execute(&note()).await.unwrap().events[0].seq, 2);
        let refused =
            store.execute(&envelope(lost, IncidentCommand::Acknowledge)).await.unwrap_err();
        assert!(refused.to_string().contains("no such incident"), "{refused}");
        let next = store.execute(&declare(IncidentId::new())).await.unwrap();
        assert_eq!(next.row.unwrap().number.unwrap().0, 2);
    }
}

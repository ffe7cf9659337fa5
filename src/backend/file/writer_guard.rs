//! Who writes: one at a time, to the end, and with nothing of what somebody left half done.

use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use tokio::sync::MutexGuard;

use super::FileStore;
use super::error::{StoreResult, display_path};
use super::writer::Writer;
use crate::backend::BackendError;

/// A command is mostly done within this time.
const EAGER_TIME: Duration = Duration::from_micros(600);

/// The writer while somebody has it.
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
    /// The connection that writes.
    pub(super) async fn lock_writer(&self) -> WriterGuard<'_> {
        self.recovered(self.inner.writer.lock().await).await
    }

    /// The same, unless somebody has it.
    pub(super) async fn try_lock_writer(&self) -> Option<WriterGuard<'_>> {
        Some(self.recovered(self.inner.writer.try_lock().ok()?).await)
    }

    async fn recovered<'a>(&self, mut writer: MutexGuard<'a, Writer>) -> WriterGuard<'a> {
        if writer.poisoned {
            // Where even that fails, so does what follows, and the next one tries again.
            writer.recover(self.lock_timeout()).await.ok();
        }
        WriterGuard(writer)
    }

    /// How long a lock of another process is waited for.
    pub(super) fn lock_timeout(&self) -> Duration {
        self.inner.options.lock_timeout
    }

    /// As [`Self::told`], for a write: it ends in commit or roll-back even if the caller stops
    /// waiting.
    pub(super) async fn run_to_completion<T: Send + 'static>(
        &self,
        work: impl Future<Output = StoreResult<T>> + Send + 'static,
    ) -> Result<T, BackendError> {
        let Ok(ended) = tokio::spawn(work).await else {
            let (file, what) = (display_path(self.path()), "the same command may be sent again");
            return Err(BackendError::Unreachable(format!("{file}: {}", panic_message(what))));
        };
        ended.map_err(|failure| failure.into_backend_error(self.path()))
    }
}

/// The sentence for work that panicked, which is a fault of the program and not of the file.
pub(super) fn panic_message(next: &str) -> String {
    format!("the program failed in the middle, and its log says why: {next}")
}

/// Waits for a future, awake for the first moment: falling asleep and being woken by the driver's
/// thread takes a fair part of the time that a whole command does.
pub(super) async fn poll_eagerly<F: Future>(work: F) -> F::Output {
    let mut work = std::pin::pin!(work);
    let until = Instant::now() + EAGER_TIME;
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::task::yield_now(), if Instant::now() < until => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::super::sql::Batch;
    use super::super::writer::TxScope;
    use super::*;
    use crate::backend::Backend;
    use crate::backend::file::Options;
    use crate::model::command::Declaration;
    use crate::model::directory::Directory;
    use crate::model::status::Source;
    use crate::model::{
        Actor, Command, CommandId, Envelope, Impact, IncidentCommand, IncidentId, PersonRef, Rules,
    };

    fn envelope(incident: IncidentId, ask: IncidentCommand) -> Envelope {
        let actor = Actor::Person(PersonRef::new("ines", "Ines Moreau"));
        let command = Command::Incident { incident, command: ask };
        Envelope { id: CommandId::new(), at: Utc::now(), actor, command }
    }

    fn declare(incident: IncidentId) -> Envelope {
        let now = Utc::now();
        let declaration = Declaration {
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
            create: true,
            lock_timeout: Duration::from_secs(5),
        };
        FileStore::open(&folder.path().join("store.db"), options).await.unwrap()
    }

    /// Carries out commands in a transaction, and panics before it is durable.
    async fn panic_in_transaction(store: &FileStore, envelopes: Vec<Envelope>) -> BackendError {
        let own = store.clone();
        let work = store.run_to_completion::<()>(async move {
            let mut writer = own.lock_writer().await;
            Batch::new("BEGIN IMMEDIATE").run(&mut writer.conn).await?;
            for envelope in envelopes {
                writer.execute(&envelope, &Rules::default(), TxScope::Savepoint).await?;
            }
            panic!("a fault of the program")
        });
        work.await.unwrap_err()
    }

    #[tokio::test]
    async fn what_a_panic_left_half_done_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let id = IncidentId::new();
        store.execute(&declare(id)).await.unwrap();
        let note = || envelope(id, IncidentCommand::AddNote { text: "looking into it".into() });
        let lost = IncidentId::new();
        let told = panic_in_transaction(&store, vec![note(), declare(lost)]).await;
        assert!(matches!(told, BackendError::Unreachable(_)), "{told}");
        assert!(told.to_string().contains("may be sent again"), "{told}");
        // Neither a gap in a timeline, nor an incident that was never there.
        assert_eq!(store.execute(&note()).await.unwrap().events[0].seq, 2);
        let refused =
            store.execute(&envelope(lost, IncidentCommand::Acknowledge)).await.unwrap_err();
        assert!(refused.to_string().contains("no such incident"), "{refused}");
        let next = store.execute(&declare(IncidentId::new())).await.unwrap();
        assert_eq!(next.row.unwrap().number.unwrap().0, 2);
    }
}

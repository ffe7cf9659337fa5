//! Batches of commands for which the store fails.

use redphone::backend::{Backend, BackendError};
use redphone::model::{Envelope, IncidentCommand, IncidentId};
use tempfile::tempdir;

use super::fixtures::{ask, declaration, declared, open, open_impatient};
use crate::support::store::{empty_log, logged_commits};

fn some(count: usize) -> Vec<Envelope> {
    let declare = |n| {
        let declaration = Box::new(declaration(&format!("No {n}")));
        ask(IncidentId::new(), IncidentCommand::Declare(declaration))
    };
    (0..count).map(declare).collect()
}

#[tokio::test]
async fn locked_store_refuses_the_batch_and_saves_nothing() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open_impatient(&path).await;
    let first = declared(&store, "before").await;
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let commands = some(5);
    for outcome in store.execute_all(&commands).await {
        let Err(BackendError::Unreachable(told)) = outcome else { panic!("{outcome:?}") };
        assert!(told.to_string().contains("is locked by another process"), "{told}");
    }
    other.execute_batch("ROLLBACK").unwrap();
    // Cached records of the failed batch were discarded.
    let mut again = commands.clone();
    again.push(ask(first, IncidentCommand::Acknowledge));
    let outcomes = store.execute_all(&again).await;
    for (n, outcome) in outcomes.iter().enumerate().take(5) {
        let outcome = outcome.as_ref().unwrap();
        let number = outcome.row.as_ref().and_then(|row| row.number).unwrap();
        assert_eq!(number.0, u64::try_from(n).unwrap() + 2, "numbers have no gap");
        assert!(!outcome.replayed);
    }
    assert!(outcomes[5].is_ok());
}

#[tokio::test]
async fn commands_of_a_request_are_one_transaction() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    let id = declared(&store, "Cards fail").await;
    empty_log(&path);
    let notes = ["a", "b", "c"].map(|text| ask(id, IncidentCommand::AddNote { text: text.into() }));
    let outcomes = store.execute_in_order(&notes).await;
    assert_eq!(outcomes.iter().flatten().count(), 3, "{outcomes:?}");
    assert_eq!(logged_commits(&path), 1);
}

#[tokio::test]
async fn refused_command_ends_its_request() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let id = declared(&store, "Cards fail").await;
    let note = |text: &str| ask(id, IncidentCommand::AddNote { text: text.into() });
    let refused = Envelope { expected_seq: Some(9), ..note("b") };
    let outcomes = store.execute_in_order(&[note("a"), refused, note("c")]).await;
    let done: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(done, [true, false]);
    assert_eq!(store.incident(id).await.unwrap().incident.summary.seq, 2);
}

#[tokio::test]
async fn read_only_store_refuses_each_command() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    open(&path).await.close().await;
    let store =
        redphone::backend::file::FileStore::open_read_only(&path, super::fixtures::options());
    let store = store.await.unwrap();
    for outcome in store.execute_all(&some(3)).await {
        assert!(matches!(outcome, Err(BackendError::NotAllowed(_))), "{outcome:?}");
    }
    assert!(store.execute_all(&[]).await.is_empty());
}

#[tokio::test]
async fn damaged_incident_refuses_its_own_commands_only() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    let broken = declared(&store, "broken").await;
    let intact = declared(&store, "whole").await;
    store.close().await;
    let other = rusqlite::Connection::open(&path).unwrap();
    let spoil = "UPDATE event SET body = '{}' WHERE incident =
        (SELECT key FROM incident WHERE id = ?)";
    assert_eq!(other.execute(spoil, [broken.as_bytes().to_vec()]).unwrap(), 1);
    drop(other);
    let store = open(&path).await;
    let about =
        [ask(intact, IncidentCommand::Acknowledge), ask(broken, IncidentCommand::Acknowledge)];
    let more = some(1);
    let commands: Vec<_> = about.into_iter().chain(more).collect();
    let outcomes = store.execute_all(&commands).await;
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok(), "{outcomes:?}");
    assert!(matches!(outcomes[1], Err(BackendError::Broken(_))), "{outcomes:?}");
}

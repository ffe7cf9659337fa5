//! A store that is restored from a copy: it begins a new generation, issues no number twice, and
//! detects it by the file next to it or by its clients' marks.

use std::path::Path;
use std::time::Duration;

use redphone::backend::file::FileStore;
use redphone::backend::record::Record;
use redphone::backend::{Backend, BackendError, StoreInfo, StoreMark};
use redphone::model::command::Link;
use redphone::model::{IncidentCommand, IncidentNumber, Rejection};
use tempfile::tempdir;

use super::fixtures::{ask, declared, exported, import, open};

async fn info(store: &FileStore) -> StoreInfo {
    store.capabilities().await.unwrap().store.unwrap()
}

async fn number(store: &FileStore, title: &str) -> u64 {
    let id = declared(store, title).await;
    store.incident(id).await.unwrap().incident.summary.number.unwrap().0
}

/// Puts another content at the path of a closed store, as `cp` does.
fn put_back(path: &Path, content: &[u8]) {
    std::fs::write(path, content).unwrap();
}

#[tokio::test]
async fn store_that_only_goes_on_stays_of_its_generation() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    let first = info(&store).await;
    assert!(first.id.len() == 32 && first.put_back.is_none(), "{first:?}");
    for title in ["one", "two"] {
        number(&store, title).await;
    }
    // Another process, and one that ended in the middle.
    let other = open(&path).await;
    assert_eq!(number(&other, "three").await, 3);
    assert_eq!(number(&store, "four").await, 4);
    drop((store, other));
    for _ in 0..3 {
        let store = open(&path).await;
        assert_eq!((info(&store).await, store.put_back_notice()), (first.clone(), None));
        store.close().await;
    }
    let store = open(&path).await;
    assert_eq!(number(&store, "five").await, 5);
}

#[tokio::test]
async fn store_put_back_by_a_copy_gives_no_number_twice() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    number(&store, "before").await;
    let generation = info(&store).await.generation;
    store.close().await;
    let copy = std::fs::read(&path).unwrap();
    let mut highest = 1;
    let mut generations = vec![generation];
    // Twice from the same copy, and the second time before anything was written.
    for round in 0..3 {
        let store = open(&path).await;
        if round < 2 {
            for title in ["after", "after that"] {
                let given = number(&store, title).await;
                assert!(given > highest, "{given} was given before");
                highest = given;
            }
        }
        let cursor = store.changes(None, Duration::ZERO).await.unwrap().cursor;
        store.close().await;
        put_back(&path, &copy);
        let store = open(&path).await;
        let put_back = info(&store).await;
        assert!(!generations.contains(&put_back.generation), "{put_back:?}");
        generations.push(put_back.generation.clone());
        let notice = store.put_back_notice().unwrap();
        assert!(notice.contains("was put back from a copy"), "{notice}");
        let times = put_back.put_back.unwrap();
        assert!(times.to.unwrap() < times.at);
        // The last time nothing was lost.
        let delta = store.changes(Some(cursor), Duration::ZERO).await.unwrap();
        assert_eq!(delta.reset, round < 2);
        store.close().await;
        let store = open(&path).await;
        assert_eq!((info(&store).await, store.put_back_notice()), (put_back, None));
        store.close().await;
    }
    let store = open(&path).await;
    assert!(number(&store, "last").await > highest);
}

#[tokio::test]
async fn numbers_of_a_power_cut_are_not_given_again() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    number(&store, "before").await;
    store.close().await;
    let copy = std::fs::read(&path).unwrap();
    let beside = folder.path().join("store.db.high");
    let synced = std::fs::read(&beside).unwrap();
    let store = open(&path).await;
    for _ in 0..30 {
        number(&store, "after").await;
    }
    store.close().await;
    // Unsynced data is lost, and the store is restored: only the reservation remains.
    std::fs::write(&beside, synced).unwrap();
    put_back(&path, &copy[..]);
    let store = open(&path).await;
    // Nothing shows that it was put back, except to clients; see below.
    assert_eq!(store.put_back_notice(), None);
    // An unusable file is written again.
    store.close().await;
    std::fs::write(&beside, "not a line of it").unwrap();
    let store = open(&path).await;
    assert_eq!(number(&store, "after").await, 2);
    store.close().await;
    assert_eq!(open(&path).await.put_back_notice(), None);
}

#[tokio::test]
async fn copy_elsewhere_is_noticed_by_what_a_client_has_seen() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    number(&store, "before").await;
    let early = store.store_mark().await.unwrap();
    store.close().await;
    let copy = std::fs::read(&path).unwrap();
    let store = open(&path).await;
    let last = number(&store, "after").await;
    let seen = store.store_mark().await.unwrap();
    store.close().await;
    // On another machine there is no file next to it.
    let elsewhere = folder.path().join("elsewhere.db");
    put_back(&elsewhere, &copy);
    let store = open(&elsewhere).await;
    let before = info(&store).await;
    let forged: StoreMark =
        format!("{}.{}.900.900.00", seen.store, seen.generation).parse().unwrap();
    for harmless in [&early, &forged, &StoreMark::sign(b"key", "00", "00", 99, 99)] {
        store.report_seen(harmless).await.unwrap();
        assert_eq!(info(&store).await, before, "{harmless}");
    }
    store.report_seen(&seen).await.unwrap();
    let after = info(&store).await;
    assert_eq!(after.id, before.id);
    assert!(after.generation != before.generation && after.put_back.is_some(), "{after:?}");
    store.report_seen(&seen).await.unwrap();
    assert_eq!(info(&store).await, after, "it is told once");
    assert!(number(&store, "in its place").await > last);
    // Writes of another process since then are no sign of a restored store.
    let other = open(&elsewhere).await;
    number(&other, "by another").await;
    store.report_seen(&other.store_mark().await.unwrap()).await.unwrap();
    assert_eq!(info(&store).await, after);
}

/// Numbers and positions that are left out were not given: an import that needs none of them must not look
/// as if the store had been put back once more.
#[tokio::test]
async fn import_after_a_copy_begins_no_other_generation() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    number(&store, "before").await;
    store.close().await;
    let copy = std::fs::read(&path).unwrap();
    let store = open(&path).await;
    assert_eq!(number(&store, "lost").await, 2);
    let lines = exported(&store).await;
    let records: Vec<Record> =
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    store.close().await;
    put_back(&path, &copy);
    let store = open(&path).await;
    let generation = info(&store).await.generation;
    // The second time there is nothing to add.
    for added in [1, 0] {
        assert_eq!(import(&store, &records).await.incidents, added);
    }
    store.close().await;
    let store = open(&path).await;
    assert_eq!(info(&store).await.generation, generation);
    assert!(number(&store, "after").await > 100);
}

#[tokio::test]
async fn first_number_after_a_copy_is_unique() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    number(&store, "before").await;
    store.close().await;
    let copy = std::fs::read(&path).unwrap();
    let store = open(&path).await;
    number(&store, "lost").await;
    store.close().await;
    put_back(&path, &copy);
    // The store begins its generation, and is put back to that moment later.
    open(&path).await.close().await;
    let copy = std::fs::read(&path).unwrap();
    let store = open(&path).await;
    let first = number(&store, "first").await;
    store.close().await;
    put_back(&path, &copy);
    let store = open(&path).await;
    let second = number(&store, "second").await;
    assert!(second > first, "{second} was given before");
}

#[tokio::test]
async fn link_has_the_number_that_its_incident_has_now() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let first = declared(&store, "one").await;
    let second = declared(&store, "two").await;
    let to =
        |number: Option<u64>| Link::Incident { id: second, number: number.map(IncidentNumber) };
    // It was 1 before the store was put back, which is the number of another incident now.
    let sent = ask(first, IncidentCommand::Link { link: to(Some(1)) });
    assert!(!store.execute(&sent).await.unwrap().replayed);
    assert_eq!(store.incident(first).await.unwrap().incident.links, [to(Some(2))]);
    assert!(store.execute(&sent).await.unwrap().replayed);
    // By whatever number, it is the same link.
    for link in [to(Some(2)), to(Some(1)), to(None)] {
        match store.execute(&ask(first, IncidentCommand::Link { link })).await.unwrap_err() {
            BackendError::Conflict(why) => {
                assert!(matches!(why.rejection, Rejection::AlreadyLinked { .. }), "{why:?}");
            }
            other => panic!("{other:?}"),
        }
    }
    store.execute(&ask(first, IncidentCommand::Unlink { link: to(Some(1)) })).await.unwrap();
    assert!(store.incident(first).await.unwrap().incident.links.is_empty());
}

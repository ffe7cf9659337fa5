//! A store that is put back from a copy: it begins a new generation, gives no number twice, and
//! notices it by what stands beside its file or by what its clients have seen.

use std::path::Path;
use std::time::Duration;

use redphone::backend::file::FileStore;
use redphone::backend::{Backend, StoreInfo, StoreMark};
use tempfile::tempdir;

use super::fixtures::{declared, open};

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
    // What was not synced is lost, and the store is put back: only the reservation is left.
    std::fs::write(&beside, synced).unwrap();
    put_back(&path, &copy[..]);
    let store = open(&path).await;
    // Nothing shows that it was put back, except to clients; see below.
    assert_eq!(store.put_back_notice(), None);
    // A file that is no use is written anew.
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
    // On another machine nothing stands beside the file.
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
    // What another process has written since is no sign of a store that was put back.
    let other = open(&elsewhere).await;
    number(&other, "by another").await;
    store.report_seen(&other.store_mark().await.unwrap()).await.unwrap();
    assert_eq!(info(&store).await, after);
}

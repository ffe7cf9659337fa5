//! Messages that could not be understood: stored, counted, bounded and removed.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use redphone::backend::dead_letters::{MAX_DEAD_LETTERS, MessageEncoding};
use redphone::backend::file::{FileStore, ReopeningStore};
use redphone::backend::{Backend, BackendError, DeadLetterList, DeadLetterSearch, NewDeadLetter};
use redphone::model::Actor;
use rusqlite::Connection;
use tempfile::tempdir;

use super::fixtures::{open, options};

fn time() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 1, 9, 0, 0).unwrap()
}

/// Returns a message to Alertmanager's receiver.
fn message(text: impl Into<Vec<u8>>) -> NewDeadLetter {
    NewDeadLetter {
        source: "alertmanager".into(),
        actor: Actor::Integration("Alertmanager".into()),
        token: Some("b54e8e392759".into()),
        content_type: Some("application/json".into()),
        headers: BTreeMap::from([("ce-type".into(), "alert".into())]),
        query: None,
        reason: "alerts is missing".into(),
        message: text.into(),
        at: time(),
    }
}

async fn all(store: &FileStore) -> DeadLetterList {
    store.dead_letters(&DeadLetterSearch { limit: 1000, before: None }).await.unwrap()
}

#[tokio::test]
async fn message_is_stored_with_where_it_came_from() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    assert_eq!(all(&store).await, DeadLetterList::default());
    let number = store.add_dead_letter(&message("{}")).await.unwrap();
    store.close().await;

    let store = open(&path).await;
    let read = store.dead_letter(number).await.unwrap();
    assert_eq!((read.encoding, read.message.as_str()), (MessageEncoding::Text, "{}"));
    let letter = read.letter;
    let new = message("{}");
    assert_eq!((letter.number, letter.count, letter.bytes), (number, 1, 2));
    assert_eq!((letter.received_at, letter.last_at), (time(), time()));
    assert_eq!((&letter.source, &letter.actor), (&new.source, &new.actor));
    assert_eq!((&letter.token, &letter.content_type), (&new.token, &new.content_type));
    assert_eq!((&letter.headers, &letter.reason), (&new.headers, &new.reason));
    let list = all(&store).await;
    assert_eq!((list.letters, list.total, list.dropped), (vec![letter], 1, 0));
}

#[tokio::test]
async fn message_that_comes_again_is_counted() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let first = store.add_dead_letter(&message("{}")).await.unwrap();
    let later = time() + TimeDelta::minutes(5);
    let again = NewDeadLetter { at: later, reason: "it is empty".into(), ..message("{}") };
    assert_eq!(store.add_dead_letter(&again).await.unwrap(), first);
    let letter = store.dead_letter(first).await.unwrap().letter;
    assert_eq!((letter.count, letter.received_at, letter.last_at), (2, time(), later));
    assert_eq!(letter.reason, "it is empty");
    // Another sender, receiver or message is another one.
    let others = [
        NewDeadLetter { actor: Actor::Integration("Grafana".into()), ..message("{}") },
        NewDeadLetter { source: "grafana".into(), ..message("{}") },
        message("[]"),
    ];
    for other in &others {
        assert_ne!(store.add_dead_letter(other).await.unwrap(), first);
    }
    assert_eq!(all(&store).await.total, 4);
}

#[tokio::test]
async fn any_bytes_are_stored() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    for bytes in [Vec::new(), vec![0, 0xff, b'{'], b"\x1b[2J".to_vec()] {
        let hostile = NewDeadLetter { reason: "a\u{1b}[2J\nb".into(), ..message(bytes.clone()) };
        let number = store.add_dead_letter(&hostile).await.unwrap();
        let read = store.dead_letter(number).await.unwrap();
        assert_eq!(read.bytes().unwrap(), bytes);
        assert_eq!(read.letter.reason, "a [2J b");
    }
}

#[tokio::test]
async fn oldest_messages_are_removed_and_counted() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    store.add_dead_letter(&message("first")).await.unwrap();
    store.close().await;
    let conn = Connection::open(&path).unwrap();
    let copies = format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MAX_DEAD_LETTERS})
         INSERT INTO dead_letter (at, source, bytes, message, body)
            SELECT d.at, 'x' || n.i, d.bytes, d.message, d.body FROM dead_letter d, n"
    );
    conn.execute_batch(&copies).unwrap();
    drop(conn);
    let store = open(&path).await;
    let last = store.add_dead_letter(&message("last")).await.unwrap();
    let page = all(&store).await;
    assert_eq!((page.letters.len(), page.total), (MAX_DEAD_LETTERS, MAX_DEAD_LETTERS as u64));
    assert_eq!((page.letters[0].number, page.dropped), (last, 2));
    // Those that are removed explicitly are not counted.
    store.remove_dead_letter(last).await.unwrap();
    let number = store.add_dead_letter(&message("one more")).await.unwrap();
    assert!(number > last, "no number is given twice");
    assert_eq!(all(&store).await.dropped, 2);
}

#[tokio::test]
async fn long_messages_make_room_by_their_size() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    for byte in *b"abc" {
        store.add_dead_letter(&message(vec![byte; 30 * 1024 * 1024])).await.unwrap();
    }
    let list = all(&store).await;
    assert_eq!((list.total, list.dropped), (2, 1));
    let longest = message(vec![b'x'; 64 * 1024 * 1024 + 1]);
    let refused = store.add_dead_letter(&longest).await.unwrap_err();
    assert!(matches!(refused, BackendError::NotAllowed(_)), "{refused}");
    assert_eq!(all(&store).await.total, 2);
}

#[tokio::test]
async fn messages_are_listed_in_pages_and_removed() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let mut numbers = Vec::new();
    for text in ["a", "b", "c"] {
        numbers.push(store.add_dead_letter(&message(text)).await.unwrap());
    }
    let page = async |before| {
        let search = DeadLetterSearch { limit: 2, before };
        let list = store.dead_letters(&search).await.unwrap();
        list.letters.iter().map(|letter| letter.number).collect::<Vec<_>>()
    };
    assert_eq!(page(None).await, [numbers[2], numbers[1]]);
    assert_eq!(page(Some(numbers[1])).await, [numbers[0]]);
    assert_eq!(store.remove_dead_letter(numbers[1]).await.unwrap().number, numbers[1]);
    assert_eq!(page(None).await, [numbers[2], numbers[0]]);
    for missing in [numbers[1], 0, u64::MAX] {
        let error = store.dead_letter(missing).await.unwrap_err();
        assert!(matches!(error, BackendError::NotFound(_)), "{error}");
        let error = store.remove_dead_letter(missing).await.unwrap_err();
        assert!(matches!(error, BackendError::NotFound(_)), "{error}");
    }
    for limit in [0, 1001] {
        let error = store.dead_letters(&DeadLetterSearch { limit, before: None }).await;
        assert!(matches!(error, Err(BackendError::Rejected(_))), "{limit}");
    }
}

#[tokio::test]
async fn store_that_is_only_read_has_them_and_changes_none() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    let number = store.add_dead_letter(&message("{}")).await.unwrap();
    store.close().await;
    let store = FileStore::open_read_only(&path, options()).await.unwrap();
    assert_eq!(all(&store).await.total, 1);
    for refused in [
        store.add_dead_letter(&message("[]")).await.unwrap_err(),
        store.remove_dead_letter(number).await.unwrap_err(),
    ] {
        assert!(!refused.to_string().is_empty());
    }
    assert_eq!(all(&store).await.total, 1);
}

#[tokio::test]
async fn reopened_store_has_the_same_messages() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = ReopeningStore::new(open(&path).await);
    let number = store.add_dead_letter(&message("{}")).await.unwrap();
    let search = DeadLetterSearch { limit: 10, before: None };
    assert_eq!(store.dead_letters(&search).await.unwrap().total, 1);
    assert_eq!(store.dead_letter(number).await.unwrap().message, "{}");
    assert_eq!(store.remove_dead_letter(number).await.unwrap().number, number);
    assert_eq!(store.dead_letters(&search).await.unwrap().total, 0);
    store.close().await;
}

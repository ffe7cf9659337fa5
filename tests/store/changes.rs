//! Waiting for changes: with an outdated cursor, by another process, and without any change.

use std::task::Poll;
use std::time::Duration;

use chrono::Utc;
use redphone::backend::{Backend, Cursor, Search};
use redphone::model::directory::Directory;
use redphone::model::queue::Sort;
use redphone::model::{EventBody, IncidentId, Rules};
use tempfile::tempdir;

use super::fixtures::{declared, declared_event, event, import, open, record};

#[tokio::test]
async fn outdated_cursor_gets_all_open_incidents_again() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    declared(&store, "before").await;
    let start = store.changes(None, Duration::ZERO).await.unwrap().cursor;
    let id = IncidentId::new();
    let mut records = vec![record(&declared_event(id, None, "loud"))];
    for seq in 2..=10_050 {
        let text = format!("alert {seq}");
        let body = EventBody::AlertRepeated { text, detected_at: None, count: None };
        records.push(record(&event(id, seq, body)));
    }
    import(&store, &records).await;
    let delta = store.changes(Some(start), Duration::ZERO).await.unwrap();
    assert!(delta.reset);
    assert_eq!(delta.rows.len(), 2);
    assert_eq!(store.incident(id).await.unwrap().incident.summary.alerts, 10_050);
}

#[tokio::test]
async fn cursor_of_an_earlier_file_gets_all_incidents_again() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    declared(&store, "one").await;
    let delta = store.changes(Some(Cursor(u64::MAX >> 8)), Duration::ZERO).await.unwrap();
    assert!(delta.reset && delta.rows.len() == 1);
}

#[tokio::test]
async fn cursor_before_a_restored_backup_causes_a_resync() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    for title in ["one", "two"] {
        declared(&store, title).await;
    }
    store.close().await;
    let backup = std::fs::read(&path).unwrap();
    let store = open(&path).await;
    declared(&store, "after the backup").await;
    let cursor = store.changes(None, Duration::ZERO).await.unwrap().cursor;
    store.close().await;
    std::fs::write(&path, backup).unwrap();
    let store = open(&path).await;
    declared(&store, "in its place").await;
    let delta = store.changes(Some(cursor), Duration::ZERO).await.unwrap();
    assert!(delta.reset && delta.rows.len() == 3, "the position is another one's: {delta:?}");
    declared(&store, "another").await;
    let delta = store.changes(Some(cursor), Duration::ZERO).await.unwrap();
    assert!(delta.reset && delta.rows.len() == 4);
    let next = store.changes(Some(delta.cursor), Duration::ZERO).await.unwrap();
    assert!(!next.reset && next.rows.is_empty() && next.cursor == delta.cursor);
}

#[tokio::test]
async fn cancelled_search_blocks_nobody() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let (store, other) = (open(&path).await, open(&path).await);
    let request = Search {
        filter: "is:any number".parse().unwrap(),
        me: None,
        sort: Sort::Newest,
        limit: 10,
        after: None,
        now: Utc::now(),
    };
    for most in 1..200 {
        declared(&store, &format!("number {most}")).await;
        // The search is cancelled after this number of polls.
        let mut search = store.search(&request);
        let mut polls = 0;
        let done = std::future::poll_fn(|context| {
            polls += 1;
            match search.as_mut().poll(context) {
                Poll::Ready(_) => Poll::Ready(true),
                Poll::Pending if polls == most => Poll::Ready(false),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        drop(search);
        if done {
            break;
        }
    }
    declared(&other, "by another").await;
    declared(&store, "the last").await;
}

#[tokio::test]
async fn new_directory_is_published() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let (store, other) = (open(&path).await, open(&path).await);
    let start = store.changes(None, Duration::ZERO).await.unwrap().cursor;
    let wait = store.changes(Some(start), Duration::from_secs(30));
    let (delta, set) = tokio::join!(wait, async {
        tokio::task::yield_now().await;
        other.set_directory(&Directory::default()).await
    });
    set.unwrap();
    let delta = delta.unwrap();
    assert!(delta.directory && delta.rows.is_empty() && !delta.reset);
    let next = store.changes(Some(delta.cursor), Duration::ZERO).await.unwrap();
    assert!(!next.directory);
}

#[tokio::test]
async fn new_rules_apply_at_once() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    declared(&store, "one").await;
    let late = async || {
        let search = Search {
            filter: "sla:late".parse().unwrap(),
            me: None,
            sort: Sort::Urgent,
            limit: 10,
            after: None,
            now: Utc::now(),
        };
        store.search(&search).await.unwrap().rows.len()
    };
    assert_eq!(late().await, 0);
    let mut rules = Rules::default();
    for level in &mut rules.levels.0 {
        level.acknowledge_s = 0;
    }
    store.set_rules(rules);
    assert_eq!(late().await, 1);
}

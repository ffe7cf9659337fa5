//! The last publications: each change contains the record that was read before it.

use chrono::{DateTime, TimeDelta, Utc};
use redphone::backend::{Ledger, PublicationRecord};
use tempfile::tempdir;

use super::fixtures::open;

fn record(name: &str, body: &str, at: DateTime<Utc>) -> PublicationRecord {
    PublicationRecord { name: name.into(), at, body: body.into() }
}

fn now() -> DateTime<Utc> {
    "2026-03-04T10:00:00Z".parse().unwrap()
}

#[tokio::test]
async fn record_is_replaced_by_whoever_has_read_it() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let other = open(&folder.path().join("store.db")).await;
    let first = record("report:weekly", "1", now());
    assert!(store.replace_publication(None, &first).await.unwrap());
    assert!(!other.replace_publication(None, &first).await.unwrap(), "it is there already");
    let second = record("report:weekly", "2", now());
    assert!(other.replace_publication(Some(&first), &second).await.unwrap());
    let third = record("report:weekly", "3", now());
    assert!(!store.replace_publication(Some(&first), &third).await.unwrap());
    assert_eq!(store.publications("report:").await.unwrap(), [second]);
    store.close().await;
    other.close().await;
}

#[tokio::test]
async fn records_are_read_and_removed_by_how_their_names_begin() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let old = now() - TimeDelta::days(900);
    let records = [
        record("publisher:a:1", "old", old),
        record("publisher:a:2", "new", now()),
        record("publisher:b:1", "old", old),
        record("publisher:%", "other", old),
    ];
    for record in &records {
        assert!(store.replace_publication(None, record).await.unwrap());
    }
    assert_eq!(store.publications("publisher:a:").await.unwrap(), records[..2]);
    assert_eq!(store.publications("publisher:%").await.unwrap(), records[3..]);
    store.remove_publications("publisher:a:", now() - TimeDelta::days(800)).await.unwrap();
    let rest: Vec<String> =
        store.publications("").await.unwrap().into_iter().map(|record| record.name).collect();
    assert_eq!(rest, ["publisher:%", "publisher:a:2", "publisher:b:1"]);
    store.close().await;
}

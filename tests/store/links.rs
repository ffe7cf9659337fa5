//! Links in messages, as a store has them.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use redphone::backend::file::FileStore;
use redphone::backend::{Backend, Ledger};
use redphone::model::IncidentId;
use redphone::model::id::CoverId;
use redphone::model::notification::link::LIFETIME;
use redphone::model::notification::{AnswerLink, LinkAction, LinkToken};
use rusqlite::Connection;
use tempfile::tempdir;
use uuid::Uuid;

use super::fixtures::{declared, exported, open};
use crate::support::requests::ines;

fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}

pub fn link(token: &LinkToken, incident: IncidentId, at: DateTime<Utc>) -> AnswerLink {
    AnswerLink {
        digest: token.digest(),
        notification: Uuid::from_u128(7),
        incident,
        person: ines(),
        action: LinkAction::Acknowledge,
        role: None,
        reminder: false,
        cover: None,
        expires_at: at + LIFETIME,
        used_at: None,
    }
}

/// Stores a link that was made at a time, and returns its token.
async fn issue(store: &FileStore, incident: IncidentId, at: DateTime<Utc>) -> LinkToken {
    let token = LinkToken::random().unwrap();
    assert!(store.issue_links(&[link(&token, incident, at)], at).await.unwrap());
    token
}

#[tokio::test]
async fn link_is_found_by_the_digest_of_its_token() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let incident = declared(&store, "Card payments fail").await;
    let at = now();
    let token = issue(&store, incident, at).await;
    let found = store.find_link(&token.digest()).await.unwrap();
    assert_eq!(found, Some(link(&token, incident, at)));
    let other = LinkToken::random().unwrap();
    assert_eq!(store.find_link(&other.digest()).await.unwrap(), None);
}

#[tokio::test]
async fn first_use_of_a_link_is_the_one_that_counts() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let incident = declared(&store, "Card payments fail").await;
    let at = now();
    let token = issue(&store, incident, at).await;
    for minutes in [1, 2] {
        store.use_link(&token.digest(), at + TimeDelta::minutes(minutes)).await.unwrap();
        let found = store.find_link(&token.digest()).await.unwrap().unwrap();
        assert_eq!(found.used_at, Some(at + TimeDelta::minutes(1)));
    }
}

#[tokio::test]
async fn links_are_removed_a_day_after_their_end() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let incident = declared(&store, "Card payments fail").await;
    let at = now();
    let old = issue(&store, incident, at - TimeDelta::hours(49)).await;
    let ended = issue(&store, incident, at - TimeDelta::hours(47)).await;
    issue(&store, incident, at).await;
    assert_eq!(store.find_link(&old.digest()).await.unwrap(), None);
    assert!(store.find_link(&ended.digest()).await.unwrap().is_some());
}

#[tokio::test]
async fn link_of_no_incident_is_not_stored() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let token = issue(&store, IncidentId::new(), now()).await;
    assert_eq!(store.find_link(&token.digest()).await.unwrap(), None);
}

#[tokio::test]
async fn link_of_a_request_for_cover_is_about_no_incident() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let (token, at) = (LinkToken::random().unwrap(), now());
    let cover = Some(CoverId::new());
    let stored = AnswerLink { cover, ..link(&token, IncidentId::NONE, at) };
    assert!(store.issue_links(std::slice::from_ref(&stored), at).await.unwrap());
    assert_eq!(store.find_link(&token.digest()).await.unwrap(), Some(stored));
}

#[tokio::test]
async fn token_is_neither_in_the_file_nor_in_an_export() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    let incident = declared(&store, "Card payments fail").await;
    let token = issue(&store, incident, now()).await;
    store.use_link(&token.digest(), now()).await.unwrap();
    assert!(exported(&store).await.iter().all(|line| !line.contains(token.expose())));
    store.close().await;
    let conn = Connection::open(&path).unwrap();
    let count: i64 =
        conn.query_row("SELECT count(*) FROM answer_link", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 1);
    drop(conn);
    let bytes = std::fs::read(&path).unwrap();
    let token = token.expose().as_bytes();
    assert!(!bytes.windows(token.len()).any(|part| part == token));
}

//! Outboxes and caches with values of a later version: commands are preserved, fetched data is
//! shown.

use std::time::Duration;

use redphone::backend::{Backend, TimelineRange};
use redphone::model::IncidentCommand;
use redphone::sync::Reader;
use redphone::sync::remote::EntryState;
use rstest::rstest;
use serde_json::{Value, json};

use super::fixtures::{RemoteFixture, all_sent};
use super::outbox::note;
use crate::support::later;
use crate::support::remote_stub::StubMode;
use crate::support::requests::{ask, declared, search};

/// A later version has enqueued something that this one does not define, or not all of it.
#[rstest]
#[case(json!({"incident": {"ask": {"do": "page_team", "text": "wake them", "team": "db"}}}), "page team: db · wake them")]
#[case(json!({"incident": {"ask": {"do": "freeze"}}}), "freeze")]
#[case(json!({"incident": {"ask": {"do": "add_note", "text": "olá", "language": "pt"}}}), "add note: pt · olá")]
#[case(json!({"record_heartbeat": {"name": "nightly"}}), "record heartbeat nightly")]
#[tokio::test]
async fn entry_of_a_later_version_stays_and_is_shown(
    #[case] mut command: Value,
    #[case] text: &str,
) {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let remote = fixture.remote().await;
    fixture.stub.set_mode(StubMode::Offline);
    let odd = note(id, "odd");
    for envelope in [odd.clone(), note(id, "good")] {
        remote.enqueue(vec![envelope]).await.unwrap();
    }
    drop(remote);
    if let Some(incident) = command.get_mut("incident") {
        incident["incident"] = json!(id);
    }
    let mut envelope = serde_json::to_value(&odd).unwrap();
    envelope["command"] = command;
    let file = rusqlite::Connection::open(fixture.cache_folder().join("outbox.db")).unwrap();
    let stored = envelope.to_string();
    let parameters = (&stored, odd.id.as_bytes().to_vec());
    assert_eq!(
        file.execute("UPDATE entry SET envelope = ?1 WHERE id = ?2", parameters).unwrap(),
        1
    );
    fixture.stub.set_mode(StubMode::Online);
    let remote = fixture.remote().await;
    let listing = all_sent(&remote).await;
    assert_eq!(fixture.notes(id).await, ["good"]);
    let entry = listing.get(odd.id).expect("it stays");
    assert!(matches!(entry.state, EntryState::Refused(_)));
    assert_eq!(entry.text(), text);
    drop(remote);
    let remains: String = file
        .query_row(
            "SELECT envelope FROM entry WHERE id = ?1",
            [odd.id.as_bytes().to_vec()],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(remains, stored);
}

/// Changes the JSON in a column of the cache.
fn edit(file: &rusqlite::Connection, table: &str, number: usize) {
    let mut statement = file.prepare(&format!("SELECT value FROM {table}")).unwrap();
    let values: Vec<String> =
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for value in values {
        let Ok(mut json) = serde_json::from_str::<Value>(&value) else { continue };
        later::edit(&mut json, number);
        let sql = format!("UPDATE {table} SET value = ?1 WHERE value = ?2");
        file.execute(&sql, (json.to_string(), value)).unwrap();
    }
}

#[tokio::test]
async fn cache_with_values_of_a_later_version_is_read() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    for command in [
        json!({"do": "acknowledge"}),
        json!({"do": "add_note", "text": "seen"}),
        json!({"do": "link", "link": {"url": "https://example.com"}}),
    ] {
        let command: IncidentCommand = serde_json::from_value(command).unwrap();
        fixture.store.execute(&ask(id, command)).await.unwrap();
    }
    for number in 0..later::count() {
        let (name, _) = later::describe(number);
        fixture.stub.set_mode(StubMode::Online);
        let remote = fixture.remote().await;
        remote.capabilities().await.unwrap();
        remote.directory().await.unwrap();
        remote.changes(None, Duration::ZERO).await.unwrap();
        remote.read_incident(id, 200, &mut |_| {}).await;
        drop(remote);
        let file = rusqlite::Connection::open(fixture.cache_folder().join("kept.db")).unwrap();
        for table in ["fact", "row", "detail", "event"] {
            edit(&file, table, number);
        }
        drop(file);
        fixture.stub.set_mode(StubMode::Offline);
        let remote = fixture.remote().await;
        assert!(remote.capabilities().await.is_ok(), "{name}");
        assert!(remote.directory().await.is_ok(), "{name}");
        let page = remote.search(&search("cards")).await.unwrap();
        assert_eq!(page.rows.len(), 1, "{name}");
        assert!(remote.incident(id).await.is_ok(), "{name}");
        let events = remote.timeline(id, TimelineRange::Last(100)).await.unwrap();
        assert_eq!(events.len(), 4, "{name}");
    }
}

//! Stores and exports with values of a later version: they are imported, listed, shown, changed and
//! exported again, and nothing is lost.

use std::path::Path;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use redphone::backend::file::{FileStore, doctor};
use redphone::backend::record::Record;
use redphone::backend::{Backend, Search, TimelineRange};
use redphone::model::measures::{Cut, Window};
use redphone::model::queue::Sort;
use redphone::model::{EventBody, IncidentCommand, IncidentId};
use rstest::rstest;
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::tempdir;

use super::fixtures::{ask, declared, exported, import, open};
use crate::support::later;

/// Writes a store with an incident that has events of most kinds. Returns the incident.
async fn filled(path: &Path) -> IncidentId {
    let store = open(path).await;
    let id = declared(&store, "Card payments fail").await;
    let mei = json!({"handle": "mei", "name": "Mei Castellan"});
    for command in [
        json!({"do": "acknowledge"}),
        json!({"do": "move_status", "to": "identified"}),
        json!({"do": "add_note", "text": "the pool is full"}),
        json!({"do": "assign", "to": mei}),
        json!({"do": "give_role", "role": "scribe", "given": true, "person": mei}),
        json!({"do": "link", "link": {"url": "https://example.com"}}),
        json!({"do": "answer_item", "item": {"closing": "contained"}, "answer": "yes"}),
        json!({"do": "write_review", "section": "impact", "text": "carts"}),
    ] {
        let command: IncidentCommand = serde_json::from_value(command).unwrap();
        store.execute(&ask(id, command)).await.unwrap();
    }
    let other = declared(&store, "Search is slow").await;
    let reclassify = json!({"do": "reclassify", "to": "false_alarm", "reason": "none"});
    store.execute(&ask(other, serde_json::from_value(reclassify).unwrap())).await.unwrap();
    store.close().await;
    id
}

/// Returns the lines of an export as JSON, without the last one, which counts them.
fn parsed(lines: &[String]) -> Vec<Value> {
    let parsed = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    parsed.filter(|line| line.get("end").is_none()).collect()
}

fn query(filter: &str, sort: Sort) -> Search {
    let (me, after, now) = (None, None, Utc::now());
    Search { filter: filter.parse().unwrap(), me, sort, limit: 100, after, now }
}

/// Imports lines into a new store, and checks that all of it works.
async fn check_import(path: &Path, lines: &[Value], id: IncidentId, what: &str) {
    let store = open(path).await;
    let mut importer = store.importer().await.unwrap();
    for line in lines {
        let record = Record::from_json(line.to_string().as_bytes());
        let record = record.unwrap_or_else(|e| panic!("{what}: {e}: {line}"));
        importer.add(record).await.unwrap_or_else(|e| panic!("{what}: {e:?}"));
    }
    importer.commit().await.unwrap();
    assert_eq!(parsed(&exported(&store).await), lines, "{what}");

    // It is imported a second time without a change.
    let mut importer = store.importer().await.unwrap();
    for line in lines {
        importer.add(Record::from_json(line.to_string().as_bytes()).unwrap()).await.unwrap();
    }
    assert_eq!(importer.commit().await.unwrap().events, 0, "{what}");
    assert_eq!(parsed(&exported(&store).await), lines, "{what}");

    let page = store.search(&query("", Sort::Urgent)).await.unwrap();
    assert!(page.rows.iter().any(|row| row.id == id), "{what}");
    for sort in Sort::ALL {
        let open = store.search(&query("is:open card", *sort)).await.unwrap();
        assert_eq!(open.rows.len(), 1, "{what}");
    }
    for filter in ["is:any", "is:any card", "-p4 is:any card", "-cat:access is:any card"] {
        let any = store.search(&query(filter, Sort::Newest)).await.unwrap();
        assert!(any.rows.iter().any(|row| row.id == id), "{what}: {filter}");
    }
    let detail = store.incident(id).await.unwrap();
    let timeline = store.timeline(id, TimelineRange::Last(100)).await.unwrap();
    assert_eq!(u32::try_from(timeline.len()).unwrap(), detail.incident.summary.seq);
    let rows = store.changes(None, Duration::ZERO).await.unwrap().rows;
    let row = rows.iter().find(|row| row.id == id).unwrap();
    assert_eq!(*row, detail.incident.summary, "{what}");
    let window =
        Window { from: Utc::now() - TimeDelta::days(1), to: Utc::now(), edges: Vec::new() };
    for cut in [Cut::Total, Cut::Category, Cut::Priority] {
        store.measures(&window, cut, Utc::now()).await.unwrap();
    }
    let text = "still works".to_owned();
    let outcome = store.execute(&ask(id, IncidentCommand::AddNote { text })).await.unwrap();
    assert_eq!(outcome.row.unwrap().seq, detail.incident.summary.seq + 1, "{what}");
    declared(&store, "Something else").await;
    store.close().await;
    assert_eq!(doctor::examine(path).await.unwrap().findings, [], "{what}");
    assert!(doctor::rebuild(path).await.unwrap().is_healthy(), "{what}");
    let store = open(path).await;
    assert_eq!(parsed(&exported(&store).await)[..lines.len()], *lines, "{what}");
}

#[tokio::test]
async fn event_of_a_later_version_is_imported_and_exported() {
    let folder = tempdir().unwrap();
    let id = filled(&folder.path().join("first.db")).await;
    let store = open(&folder.path().join("first.db")).await;
    let lines = parsed(&exported(&store).await);
    for addition in later::OF_EVENTS {
        for example in 0..2 {
            let mut changed = Value::from(lines.clone());
            let count = addition.apply(&mut changed, example);
            assert!(count > 0 || addition.name == "action", "{addition:?}");
            let Value::Array(changed) = changed else { unreachable!() };
            let path = folder.path().join(format!("{}-{example}.db", addition.name));
            check_import(&path, &changed, id, &format!("{addition:?} {example}")).await;
        }
    }
}

/// Records of other kinds than events.
#[rstest]
#[case(json!({"directory": {
    "people": [{"handle": "mei", "name": "Mei", "phone": "1"}], "teams": [], "services": [],
    "policies": [{"team": "db", "levels": [{"after_s": 1, "call": [{"webhook": "u"}]}]}],
    "schedules": [], "sites": ["ams"],
}}))]
#[case(json!({"directory": {
    "people": [], "teams": [{"name": "db", "members": [], "mail": "db@example.com"}],
    "services": [{"name": "a", "team": "db", "depends_on": [], "runbook": null, "objective": null,
        "tier": {"level": 1}}],
    "policies": [], "schedules": [],
}}))]
#[case(json!({"problem": {
    "id": "0198c0de-0000-7000-8000-000000000001", "title": "t", "state": "half_fixed",
    "services": [], "cause": "", "workaround": "", "opened_at": "2026-03-01T12:00:00Z",
    "cost": {"eur": 5},
}}))]
#[case(json!({"problem": {
    "id": "0198c0de-0000-7000-8000-000000000001", "title": "t", "state": "open",
    "services": [], "cause": "", "workaround": "", "opened_at": "2026-03-01T12:00:00Z",
    "board": ["a", null],
}}))]
#[case(json!({"change": {
    "id": "0198c0de-0000-7000-8000-000000000002", "kind": "feature_flag", "title": "t",
    "services": ["checkout"], "by": {"bot": "Robbie"}, "starts_at": "2026-03-01T12:00:00Z",
    "ends_at": null, "state": "paused", "approved": [true],
}}))]
#[case(json!({"change": {
    "id": "0198c0de-0000-7000-8000-000000000002", "kind": "deploy", "title": "t",
    "services": ["checkout"], "by": {"integration": "CI"}, "starts_at": "2026-03-01T12:00:00Z",
    "ends_at": "2026-03-01T12:05:00Z", "state": "half_done", "risk": "high",
}}))]
#[case(json!({"forecast": {"name": "nightly", "every_s": 60}}))]
#[case(json!({"maintenance": ["checkout", {"from": null}]}))]
#[tokio::test]
async fn record_of_a_later_version_is_imported_and_exported(#[case] record: Value) {
    let folder = tempdir().unwrap();
    let id = filled(&folder.path().join("first.db")).await;
    let store = open(&folder.path().join("first.db")).await;
    let mut lines = parsed(&exported(&store).await);
    lines.insert(1, record.clone());
    check_import(&folder.path().join("other.db"), &lines, id, &record.to_string()).await;
}

/// A later version has written to the store itself.
#[rstest]
#[case(json!({"kind": "page_sent", "to": ["mei"], "text": "by sms"}), "by sms")]
#[case(json!({"kind": "note_added", "text": "n", "language": "pt"}), "pt")]
#[case(json!({"kind": "status_moved", "to": "mitigating"}), "mitigating")]
#[tokio::test]
async fn store_with_events_of_a_later_version_is_read_and_written(
    #[case] body: Value,
    #[case] text: &str,
) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let id = filled(&path).await;
    Connection::open(&path)
        .unwrap()
        .execute("UPDATE event SET body = ?1 WHERE incident = (SELECT incident FROM event WHERE seq = 4) AND seq = 4", [body.to_string()])
        .unwrap();
    let store: FileStore = open(&path).await;
    let events = store.timeline(id, TimelineRange::Last(100)).await.unwrap();
    let event = &events[3];
    assert!(event.detail().contains(text), "{}", event.detail());
    assert_eq!(matches!(event.body, EventBody::Unknown(_)), body["kind"] == "page_sent");
    let detail = store.incident(id).await.unwrap();
    let note = IncidentCommand::AddNote { text: "mine".into() };
    let outcome = store.execute(&ask(id, note)).await.unwrap();
    assert_eq!(outcome.events[0].seq, detail.incident.summary.seq + 1);
    let line = parsed(&exported(&store).await)
        .into_iter()
        .find(|line| line["event"]["seq"] == 4 && line["event"]["kind"] == body["kind"])
        .expect("the event");
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(line["event"][name], *value);
    }
}

/// What an export says of the command of an event is no part of the event, also if its kind is not defined.
#[tokio::test]
async fn digest_of_a_later_event_is_no_part_of_it() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let id = declared(&store, "Cards fail").await;
    store.execute(&ask(id, IncidentCommand::AddNote { text: "seen".into() })).await.unwrap();
    let lines = exported(&store).await;
    let records: Vec<Record> = lines
        .iter()
        .map(|line| serde_json::from_str(&line.replace("note_added", "pigeon_sent")).unwrap())
        .collect();
    let path = folder.path().join("other.db");
    let other = open(&path).await;
    import(&other, &records).await;
    other.close().await;
    let file = Connection::open(&path).unwrap();
    let sql = "SELECT body, length(digest) FROM event WHERE seq = 2";
    let (body, digest): (String, Option<i64>) =
        file.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((body, digest), (json!({"kind": "pigeon_sent", "text": "seen"}), Some(16)));
    // As an earlier version has stored it; the same export is imported once more.
    let as_before = "UPDATE event SET digest = NULL,
        body = json_set(body, '$.command_digest', lower(hex(digest))) WHERE seq = 2";
    file.execute(as_before, []).unwrap();
    drop(file);
    let other = open(&path).await;
    let again = import(&other, &records).await;
    assert_eq!((again.events, again.already_present), (0, 2));
}

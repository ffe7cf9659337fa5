//! The tables of the lists over all incidents: they follow the events, whoever wrote these.

use std::path::Path;

use chrono::{NaiveDate, Utc};
use redphone::backend::Backend;
use redphone::backend::file::{FileStore, doctor};
use redphone::backend::lists::{
    ActionItemEntry, ActionItemSearch, FeedSearch, ProblemSearch, ReviewSearch, ReviewState,
};
use redphone::backend::record::Record;
use redphone::model::command::Link;
use redphone::model::problem::{Problem, ProblemState};
use redphone::model::review::{ActionItem, ActionKind, Section};
use redphone::model::{Command, IncidentCommand, IncidentId, ProblemId};
use rstest::rstest;
use rusqlite::Connection;
use tempfile::tempdir;

use super::fixtures::{ask, declared, exported, import, open, options};
use crate::support::model::resolve;
use crate::support::requests::{envelope, ines};

fn item(text: &str) -> ActionItem {
    ActionItem {
        id: uuid::Uuid::now_v7(),
        text: text.into(),
        owner: Some(ines()),
        due: NaiveDate::from_ymd_opt(2026, 3, 1),
        kind: ActionKind::Prevent,
        done: false,
    }
}

async fn execute(store: &FileStore, id: IncidentId, command: IncidentCommand) {
    store.execute(&ask(id, command)).await.unwrap();
}

fn section(section: Section, text: &str) -> IncidentCommand {
    IncidentCommand::WriteReview { section, text: text.into() }
}

/// Makes a store with something in each list. Returns an incident with a review.
async fn fill(store: &FileStore) -> IncidentId {
    let problem = Problem {
        id: ProblemId::new(),
        title: "pool too small".into(),
        state: ProblemState::Open,
        services: vec!["checkout".into()],
        cause: String::new(),
        workaround: String::new(),
        opened_at: Utc::now(),
        owner: None,
        team: None,
        category: None,
        removed_at: None,
        revision: 0,
        edits: Vec::new(),
        extra: <_>::default(),
    };
    let link = Link::Problem { id: problem.id, title: problem.title.clone() };
    store.execute(&envelope(Command::RecordProblem(problem))).await.unwrap();
    let (one, two) = (declared(store, "one").await, declared(store, "two").await);
    for command in [
        IncidentCommand::Acknowledge,
        resolve(),
        section(Section::Summary, "what happened"),
        IncidentCommand::SetActionItem { item: item("first") },
        IncidentCommand::SetActionItem { item: item("second") },
        IncidentCommand::Link { link },
    ] {
        execute(store, one, command).await;
    }
    execute(store, two, section(Section::Gaps, "many")).await;
    one
}

/// Everything that the lists have, as a text.
async fn lists(store: &FileStore) -> String {
    let reviews = store.reviews(&ReviewSearch::first(100)).await.unwrap();
    let items = store.action_items(&ActionItemSearch::first(100)).await.unwrap();
    let problems = store.linked_problems(&ProblemSearch::first(100)).await.unwrap();
    let feed = store.feed(&FeedSearch::first(100)).await.unwrap();
    assert!(!reviews.rows.is_empty() && !items.rows.is_empty() && !feed.rows.is_empty());
    format!("{reviews:#?}{items:#?}{problems:#?}{feed:#?}")
}

/// Makes of a store what a program of version 5 has written.
fn make_version_5(path: &Path) {
    let conn = Connection::open(path).unwrap();
    conn.execute_batch(
        "DROP TRIGGER event_of_older_program; DROP TRIGGER event_listed; DROP TRIGGER incident_owes_review;
         DROP TRIGGER incident_comes_to_owe_review; DROP TRIGGER incident_owes_no_review;
         DROP VIEW listed_event; DROP TABLE review; DROP TABLE action_item;
         DROP TABLE problem_link; DROP TABLE administration; DROP TABLE notification;
         DROP TABLE attempt; DROP TABLE notification_plan; DROP TABLE alert;
         DROP TABLE dead_letter; DROP TABLE answer_link; DROP TABLE heartbeat; DROP TABLE reminder;
         DROP TABLE maintenance; DROP TABLE muted;
         DROP TABLE contact; DROP TABLE waiting_alert;
         DROP TRIGGER event_followed_up; DROP TABLE evidence; DROP TABLE involved;
         DROP TABLE follow_up; DROP TABLE publication;
         DROP TABLE self_test; DROP TABLE history_day; DROP TRIGGER history_day_of_new;
         DROP TRIGGER history_day_of_changed;
         DROP INDEX event_by_recorded;
         DELETE FROM _sqlx_migrations WHERE version >= 6; PRAGMA user_version = 5;
         UPDATE meta SET value = 5 WHERE name IN ('needed_to_read', 'needed_to_write');",
    )
    .unwrap();
}

#[tokio::test]
async fn store_of_version_5_gets_the_lists() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    fill(&store).await;
    let expected = lists(&store).await;
    store.close().await;
    make_version_5(&path);
    // Where it may only be read, it says that it has none.
    let old = FileStore::open_read_only(&path, options()).await.unwrap();
    let error = old.feed(&FeedSearch::first(5)).await.unwrap_err();
    assert!(!error.is_temporary() && error.to_string().contains("open it once"), "{error}");
    old.close().await;
    let store = open(&path).await;
    assert_eq!(lists(&store).await, expected);
    store.close().await;
    assert_eq!(doctor::examine(&path).await.unwrap().findings, []);
}

/// Inserts an event as a program does that has never heard of the lists.
fn insert_event(path: &Path, number: i64, body: &str) {
    let conn = Connection::open(path).unwrap();
    conn.execute(
        "INSERT INTO event (id, incident, seq, kind, at, recorded, actor, command, body, format)
            SELECT randomblob(16), incident, seq + 1, 0, at, recorded, actor, randomblob(16), ?, 7
            FROM event WHERE incident = (SELECT key FROM incident WHERE number = ?)
            ORDER BY seq DESC LIMIT 1",
        (body, number),
    )
    .unwrap();
}

#[tokio::test]
async fn events_of_an_older_program_are_listed() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    declared(&store, "one").await;
    let item = serde_json::to_string(&item("from elsewhere")).unwrap();
    insert_event(&path, 1, &format!(r#"{{"kind":"action_item_set","item":{item}}}"#));
    // A note that only speaks of one is none.
    insert_event(&path, 1, r#"{"kind":"note_added","text":"\"kind\":\"review_published\""}"#);
    let items = store.action_items(&ActionItemSearch::first(5)).await.unwrap();
    let texts: Vec<&str> = items.rows.iter().map(|row| row.item.text.as_str()).collect();
    assert_eq!(texts, ["from elsewhere"]);
    let reviews = store.reviews(&ReviewSearch::first(5)).await.unwrap().rows;
    assert_eq!(reviews.iter().map(|row| row.state).collect::<Vec<_>>(), [ReviewState::Draft]);
}

#[tokio::test]
async fn undone_review_leaves_the_lists_as_they_were() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    let id = declared(&store, "one").await;
    let write = ask(id, section(Section::Impact, "some"));
    store.execute(&write).await.unwrap();
    let undo = Command::Incident {
        incident: id,
        command: section(Section::Impact, ""),
        undoes: Some(write.id),
        because: None,
    };
    store.execute(&envelope(undo)).await.unwrap();
    assert_eq!(store.reviews(&ReviewSearch::first(5)).await.unwrap().rows, []);
    // So does an undo that gives back the items and the links of before.
    let first = item("first");
    let before = serde_json::json!({
        "sections": {"impact": "some", "gaps": " "}, "actions": [first],
        "published_at": "2026-03-01T10:00:00.250Z",
    });
    let body = serde_json::json!({
        "kind": "review_written", "section": "gaps", "text": "",
        "undo": {"command": write.id, "fields": {"review": before}},
    });
    insert_event(&path, 1, &body.to_string());
    let rows = store.reviews(&ReviewSearch::first(5)).await.unwrap().rows;
    assert_eq!((rows[0].state, rows[0].sections, rows[0].actions), (ReviewState::Published, 1, 1));
    let published = rows[0].published_at.unwrap().to_rfc3339();
    assert_eq!(published, "2026-03-01T10:00:00.250+00:00");
}

#[rstest]
#[case("DELETE FROM review")]
#[case("UPDATE review SET state = 2")]
#[case("UPDATE review SET owed = 1 - owed")]
#[case("UPDATE action_item SET done = 1")]
#[case("UPDATE action_item SET due = '~'")]
#[case("INSERT INTO problem_link SELECT 'p', max(key), 'none' FROM incident")]
#[case("INSERT INTO review VALUES (7, 1, 0, 1, NULL)")]
#[tokio::test]
async fn wrong_lists_are_found_and_rebuilt(#[case] sql: &str) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    fill(&store).await;
    let expected = lists(&store).await;
    store.close().await;
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let report = doctor::examine(&path).await.unwrap();
    assert!(report.findings.iter().any(|finding| finding.text.contains("lists of")), "{report:?}");
    assert!(report.findings.iter().all(|finding| !finding.grave));
    assert_eq!(doctor::rebuild(&path).await.unwrap().findings, []);
    assert_eq!(lists(&open(&path).await).await, expected);
}

/// A page that looks at a bounded number of events is not the last one.
#[tokio::test]
async fn feed_with_a_filter_reads_a_bounded_part_at_a_time() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    let id = declared(&store, "one").await;
    store.execute(&ask(id, IncidentCommand::AddNote { text: "rare".into() })).await.unwrap();
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 45000)
         INSERT INTO event (id, incident, seq, kind, at, recorded, actor, command, body, format)
            SELECT randomblob(16), e.incident, 2 + i, 0, e.at, e.recorded + i, e.actor,
                randomblob(16), '{\"kind\":\"woken\"}', 7
            FROM n, (SELECT * FROM event ORDER BY log LIMIT 1) e",
    )
    .unwrap();
    let mut search = FeedSearch { kinds: vec!["note_added".into()], ..FeedSearch::first(10) };
    let (mut pages, mut found) = (0, Vec::new());
    loop {
        let page = store.feed(&search).await.unwrap();
        found.extend(page.rows);
        pages += 1;
        match page.next {
            Some(next) => search.after = Some(next),
            None => break,
        }
    }
    assert_eq!((pages, found.len()), (3, 1));
}

/// The items of an import, which come in any order of incidents, are those of the exported store.
#[tokio::test]
async fn imported_store_has_the_same_lists() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("one.db")).await;
    fill(&store).await;
    let records: Vec<Record> =
        exported(&store).await.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let other = open(&folder.path().join("two.db")).await;
    import(&other, &records).await;
    let texts =
        |rows: Vec<ActionItemEntry>| rows.into_iter().map(|row| row.item.text).collect::<Vec<_>>();
    let search = ActionItemSearch::first(100);
    let (items, expected) =
        (other.action_items(&search).await.unwrap(), store.action_items(&search).await.unwrap());
    assert_eq!(texts(items.rows), texts(expected.rows));
    assert_eq!(lists(&other).await, lists(&store).await);
}

//! The tables of the lists over all incidents: they follow the events, however these were written.

use std::path::Path;

use chrono::{NaiveDate, Utc};
use redphone::backend::Backend;
use redphone::backend::file::{FileStore, doctor};
use redphone::backend::lists::{
    ActionItemEntry, ActionItemSearch, FeedSearch, ProblemSearch, ReviewSearch, ReviewState,
};
use redphone::backend::record::Record;
use redphone::model::command::Link;
use redphone::model::event::Undo;
use redphone::model::problem::{Problem, ProblemState};
use redphone::model::review::{ActionItem, ActionKind, Section};
use redphone::model::{Command, EventBody, IncidentCommand, IncidentId, ProblemId};
use rstest::rstest;
use rusqlite::Connection;
use tempfile::tempdir;

use super::fixtures::{ask, declared, event, exported, import, open, options, record};
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

/// Changes a store to the form written by a program of version 5.
fn make_version_5(path: &Path) {
    let conn = Connection::open(path).unwrap();
    conn.execute_batch(
        "DROP TRIGGER event_of_older_program; DROP TABLE review; DROP TABLE action_item;
         DROP TABLE problem_link; DROP TABLE administration; DROP TABLE notification;
         DROP TABLE attempt; DROP TABLE notification_plan; DROP TABLE alert;
         DROP TABLE dead_letter; DROP TABLE answer_link; DROP TABLE heartbeat; DROP TABLE reminder;
         DROP TABLE maintenance; DROP TABLE muted;
         DROP TABLE contact; DROP TABLE waiting_alert;
         DROP TABLE evidence; DROP TABLE involved;
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
    // If it may only be read, the lists are reported as missing.
    let old = FileStore::open_read_only(&path, options()).await.unwrap();
    let error = old.feed(&FeedSearch::first(5)).await.unwrap_err();
    assert!(!error.is_temporary() && error.to_string().contains("open it once"), "{error}");
    old.close().await;
    let store = open(&path).await;
    assert_eq!(lists(&store).await, expected);
    store.close().await;
    assert_eq!(doctor::examine(&path).await.unwrap().findings, []);
}

/// The migration that made the triggers by which the lists were filled up to version 13.
const OLD_LISTS: &str = include_str!("../../src/backend/file/migrations/0006_lists.sql");

/// The view and the triggers of that migration, and its later statements.
pub fn old_triggers() -> (&'static str, &'static str) {
    let (_, definitions) = OLD_LISTS.split_at(OLD_LISTS.find("CREATE VIEW listed_event").unwrap());
    definitions.split_at(definitions.find("\nINSERT INTO review").unwrap())
}

/// The migration that made the triggers by which follow-ups were filled in version 13.
const OLD_FOLLOW_UPS: &str = include_str!("../../src/backend/file/migrations/0013_lessons.sql");

/// The triggers of that migration.
fn follow_up_triggers() -> &'static str {
    let at = |text: &str| OLD_FOLLOW_UPS.find(text).unwrap();
    &OLD_FOLLOW_UPS[at("CREATE TRIGGER listed_follow_up")..at("-- What was sent")]
}

/// The rows of the lists, as texts.
fn list_rows(conn: &Connection) -> Vec<String> {
    let sql = "SELECT incident || ' ' || state || owed || sections || quote(published) FROM review
        UNION ALL SELECT incident || ' ' || id || owner || due || done || body FROM action_item
        UNION ALL SELECT incident || ' ' || problem || title FROM problem_link ORDER BY 1";
    let mut statement = conn.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Asserts that a store that is closed has the lists that the triggers of version 13 make of its events,
/// and that nothing is wrong with it.
async fn check_lists(path: &Path) {
    assert_eq!(doctor::examine(path).await.unwrap().findings, []);
    let copy = path.with_extension("copy");
    std::fs::copy(path, &copy).unwrap();
    let conn = Connection::open(&copy).unwrap();
    let rows = list_rows(&conn);
    let (definitions, fill) = old_triggers();
    let empty = "DELETE FROM review; DELETE FROM action_item; DELETE FROM problem_link;";
    for sql in [empty, definitions, fill] {
        conn.execute_batch(sql).unwrap();
    }
    assert!(!rows.is_empty());
    assert_eq!(rows, list_rows(&conn));
}

#[tokio::test]
async fn lists_are_what_triggers_made_of_the_events() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    fill(&store).await;
    let id = declared(&store, "three").await;
    let seq = store.incident(id).await.unwrap().incident.summary.seq;
    let link = |title: &str| Link::Problem { id: ProblemId::new(), title: title.into() };
    let (stays, goes, changed) = (link("stays"), link("goes"), item("changed"));
    let written = |section, text: &str| EventBody::ReviewWritten { section, text: text.into() };
    let bodies = [
        EventBody::Linked { link: stays },
        EventBody::Linked { link: goes.clone() },
        EventBody::Unlinked { link: goes },
        written(Section::Summary, "one"),
        written(Section::Summary, "\t \n"),
        written(Section::Gaps, "\u{a0}"),
        written(Section::Factors, "dns"),
        EventBody::ActionItemSet { item: changed.clone() },
        EventBody::ActionItemSet { item: ActionItem { owner: None, due: None, ..changed.clone() } },
        EventBody::ActionItemSet { item: ActionItem { done: true, ..changed } },
        EventBody::ReviewPublished,
    ];
    let records: Vec<Record> =
        (seq + 1..).zip(bodies).map(|(seq, body)| record(&event(id, seq, body))).collect();
    import(&store, &records).await;
    store.close().await;
    check_lists(&path).await;
    assert_eq!(doctor::rebuild(&path).await.unwrap().findings, []);
    check_lists(&path).await;
}

/// Changes a store to the form written by a program of version 13.
fn make_version_13(path: &Path) {
    let conn = Connection::open(path).unwrap();
    conn.execute_batch(
        "DROP TRIGGER event_of_older_program;
         CREATE TRIGGER event_of_older_program BEFORE INSERT ON event WHEN NEW.format < 7 BEGIN
            SELECT RAISE(ABORT, 'too old'); END;
         DELETE FROM _sqlx_migrations WHERE version >= 14; PRAGMA user_version = 13;
         UPDATE meta SET value = 7 WHERE name = 'needed_to_write';",
    )
    .unwrap();
    conn.execute_batch(old_triggers().0).unwrap();
    conn.execute_batch(follow_up_triggers()).unwrap();
}

/// Changes a store to the form written by a program of version 12 that has imported events of
/// version 13.
fn make_version_12(path: &Path) {
    make_version_13(path);
    let conn = Connection::open(path).unwrap();
    conn.execute_batch(
        "UPDATE event SET kind = 5 WHERE body ->> '$.kind' = 'follow_up_set';
         DROP TRIGGER event_followed_up; DROP TRIGGER listed_follow_up;
         DROP TABLE evidence; DROP TABLE involved; DROP TABLE follow_up; DROP TABLE publication;
         DELETE FROM _sqlx_migrations WHERE version >= 13; PRAGMA user_version = 12;",
    )
    .unwrap();
}

/// Inserts a note as a program of a version does that has the file open.
fn insert_note(path: &Path, version: u8) -> rusqlite::Result<usize> {
    let conn = Connection::open(path).unwrap();
    conn.execute(
        "INSERT INTO event (id, incident, seq, kind, at, recorded, actor, command, body, format)
            SELECT randomblob(16), incident, 1000, 2, at, recorded, actor, randomblob(16),
                '{\"kind\":\"note_added\",\"text\":\"n\"}', ?
            FROM event ORDER BY log LIMIT 1",
        [version],
    )
}

#[rstest]
#[case(make_version_12, 7)]
#[case(make_version_13, 9)]
#[tokio::test]
async fn older_store_loses_its_triggers(#[case] age: fn(&Path), #[case] before: i64) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    let id = fill(&store).await;
    let items = store.action_items(&ActionItemSearch::first(5)).await.unwrap().rows;
    let tracker = Some("ops".to_owned());
    let request = IncidentCommand::RequestFollowUp { item: items[0].item.id, tracker };
    execute(&store, id, request).await;
    let expected = lists(&store).await;
    store.close().await;
    age(&path);
    let triggers = || -> i64 {
        let sql = "SELECT count(*) FROM sqlite_schema WHERE name LIKE '%listed%'
            OR name LIKE 'incident_%owe%' OR name = 'event_followed_up'";
        Connection::open(&path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(triggers(), before);
    let store = open(&path).await;
    assert_eq!(triggers(), 0);
    assert_eq!(lists(&store).await, expected);
    store.close().await;
    let refusal = insert_note(&path, 13).unwrap_err().to_string();
    assert!(refusal.contains("brought up to date by a newer redphone"), "{refusal}");
    assert_eq!(insert_note(&path, 14), Ok(1));
    // Changes, problems, the directory and maintenance windows have no events.
    for sql in [
        "INSERT INTO command (id, format) VALUES (randomblob(16), ?)",
        "INSERT INTO directory (id, version, format, body) VALUES (1, 1, ?, '{}')
            ON CONFLICT (id) DO UPDATE SET version = version + 1",
    ] {
        let insert = |format: i64| Connection::open(&path).unwrap().execute(sql, [format]);
        let refusal = insert(5).unwrap_err().to_string();
        assert!(refusal.contains("brought up to date by a newer redphone"), "{sql}: {refusal}");
        assert_eq!(insert(14), Ok(1), "{sql}");
    }
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
    // So does an undo that restores the earlier items and links.
    let (first, problem) = (item("first"), ProblemId::new());
    let fields = serde_json::json!({
        "review": {
            "sections": {"impact": "some", "gaps": " "}, "actions": [first],
            "published_at": "2026-03-01T10:00:00.250Z",
        },
        "links": [{"problem": {"id": problem, "title": "pool too small"}}],
    });
    let body = EventBody::ReviewWritten { section: Section::Gaps, text: String::new() };
    let seq = store.incident(id).await.unwrap().incident.summary.seq + 1;
    let mut undone = event(id, seq, body);
    let fields = fields.as_object().unwrap().clone();
    undone.undo = Some(Undo { command: write.id, fields });
    import(&store, &[record(&undone)]).await;
    let rows = store.reviews(&ReviewSearch::first(5)).await.unwrap().rows;
    assert_eq!((rows[0].state, rows[0].sections, rows[0].actions), (ReviewState::Published, 1, 1));
    let published = rows[0].published_at.unwrap().to_rfc3339();
    assert_eq!(published, "2026-03-01T10:00:00.250+00:00");
    let links: String = Connection::open(&path)
        .unwrap()
        .query_row("SELECT problem || title FROM problem_link", [], |row| row.get(0))
        .unwrap();
    assert_eq!(links, format!("{problem}pool too small"));
    store.close().await;
    check_lists(&path).await;
}

#[tokio::test]
async fn submitted_review_is_in_review_until_it_is_undone() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut store = open(&path).await;
    let id = declared(&store, "one").await;
    store.execute(&ask(id, resolve())).await.unwrap();
    for required in Section::REQUIRED {
        store.execute(&ask(id, section(required, "text"))).await.unwrap();
    }
    let submit = ask(id, IncidentCommand::SubmitReview { returned: None });
    let undo = Command::Incident {
        incident: id,
        command: IncidentCommand::SubmitReview { returned: Some("by mistake".into()) },
        undoes: Some(submit.id),
        because: None,
    };
    let states = [ReviewState::InReview, ReviewState::Draft];
    for (command, state) in [submit, envelope(undo)].into_iter().zip(states) {
        store.execute(&command).await.unwrap();
        store.close().await;
        assert_eq!(doctor::examine(&path).await.unwrap().findings, []);
        store = open(&path).await;
        let rows = store.reviews(&ReviewSearch::first(5)).await.unwrap().rows;
        assert_eq!((rows.len(), rows[0].state, rows[0].sections), (1, state, 7));
        store.close().await;
        assert_eq!(doctor::rebuild(&path).await.unwrap().findings, []);
        store = open(&path).await;
        assert_eq!(store.reviews(&ReviewSearch::first(5)).await.unwrap().rows, rows);
    }
}

/// A program of version 13 did not define the event that it has imported.
#[tokio::test]
async fn review_that_version_13_has_imported_is_in_review() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    let id = declared(&store, "one").await;
    execute(&store, id, resolve()).await;
    for required in Section::REQUIRED {
        execute(&store, id, section(required, "text")).await;
    }
    for returned in [None, Some("more".to_owned()), None] {
        execute(&store, id, IncidentCommand::SubmitReview { returned }).await;
    }
    store.close().await;
    make_version_13(&path);
    let as_imported = "UPDATE event SET kind = 5 WHERE body ->> '$.kind' = 'review_submitted';
        UPDATE review SET sections = sections & ~32768;";
    Connection::open(&path).unwrap().execute_batch(as_imported).unwrap();
    let store = open(&path).await;
    let rows = store.reviews(&ReviewSearch::first(5)).await.unwrap().rows;
    assert_eq!((rows.len(), rows[0].state), (1, ReviewState::InReview));
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
                randomblob(16), '{\"kind\":\"woken\"}', 14
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

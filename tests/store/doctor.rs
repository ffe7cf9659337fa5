//! Damage is detected, reported, and repaired where the events are intact.

use std::fs;
use std::path::Path;

use redphone::backend::Backend;
use redphone::backend::file::{FileStore, doctor};
use redphone::backend::record::Record;
use redphone::model::{Actor, IncidentCommand, IncidentId};
use rstest::rstest;
use rusqlite::Connection;
use tempfile::tempdir;

use super::fixtures::{ask, declared, exported, open, options};

async fn filled(path: &Path) -> Vec<IncidentId> {
    let store = open(path).await;
    let mut ids = Vec::new();
    for number in 0..30 {
        let id = declared(&store, &format!("number {number}")).await;
        store.execute(&ask(id, IncidentCommand::Acknowledge)).await.unwrap();
        ids.push(id);
    }
    for round in 0..140 {
        let text = format!("note {round}");
        store.execute(&ask(ids[0], IncidentCommand::AddNote { text })).await.unwrap();
    }
    store.close().await;
    ids
}

#[tokio::test]
async fn a_healthy_store_gets_a_clean_report() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    filled(&path).await;
    let report = doctor::examine(&path).await.unwrap();
    assert_eq!(report.findings, []);
    assert!(report.is_healthy());
    assert_eq!((report.incidents, report.events), (30, 200));
}

/// Data derived from the events is rebuilt.
#[rstest]
#[case("UPDATE incident SET facets = 7 WHERE number = 3", "INC-3 differs")]
#[case("UPDATE incident SET team = 0 WHERE number = 3", "INC-3 differs")]
#[case("UPDATE incident SET row = x'0102' WHERE number = 4", "INC-4 differs")]
#[case("DELETE FROM incident WHERE number = 5", "INC-5 differs")]
#[case(
    "DELETE FROM affected WHERE service = (SELECT min(service) FROM affected)",
    "index of services"
)]
#[case("INSERT INTO affected SELECT 99, key + 1, facets FROM incident", "index of services")]
#[case("UPDATE snapshot SET record = replace(record, 'Ines', 'Nobody')", "the snapshot of INC-1")]
#[case("INSERT INTO snapshot VALUES (77, 64, '{}')", "snapshots belong to no incident")]
#[case("DELETE FROM words_todo", "missing from the index of words")]
#[case("INSERT INTO involved VALUES (1, 7)", "index of teams that help")]
#[case("INSERT INTO fact_day VALUES (19000, 0, x'00', 5)", "packed facts of 1 days")]
#[case("INSERT INTO history_day VALUES (19000, 0, 5, x'00')", "packed histories of 1 days")]
#[tokio::test]
async fn wrong_projection_is_found_and_rebuilt(#[case] damage: &str, #[case] expected: &str) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    filled(&path).await;
    let before = exported(&open(&path).await).await;
    Connection::open(&path).unwrap().execute_batch(damage).unwrap();
    let report = doctor::examine(&path).await.unwrap();
    let texts: Vec<&str> = report.findings.iter().map(|f| f.text.as_str()).collect();
    assert!(texts.iter().any(|text| text.contains(expected)), "{texts:?}");
    assert!(report.findings.iter().all(|f| !f.grave), "{texts:?}");
    let report = doctor::rebuild(&path).await.unwrap();
    assert_eq!(report.findings, []);
    assert_eq!((report.incidents, report.events), (30, 200));
    assert_eq!(exported(&open(&path).await).await, before);
}

/// Lost events cannot be rebuilt, and are left as they are.
#[rstest]
#[case(
    "DELETE FROM event WHERE seq = 2 AND incident = (SELECT key FROM incident WHERE number = 1)",
    "the timeline of INC-1 is broken"
)]
#[case(
    "DELETE FROM event WHERE seq = 1 AND incident = (SELECT key FROM incident WHERE number = 2)",
    "the timeline of INC-2 is broken"
)]
#[case("UPDATE event SET body = '{' WHERE log = 1", "the timeline of INC-1 is broken")]
#[tokio::test]
async fn broken_timeline_is_a_severe_finding(#[case] damage: &str, #[case] expected: &str) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    filled(&path).await;
    Connection::open(&path).unwrap().execute_batch(damage).unwrap();
    let report = doctor::rebuild(&path).await.unwrap();
    assert!(report.findings.iter().any(|f| f.grave && f.text.contains(expected)), "{report:?}");
}

/// Overwrites pages in the middle of the file.
fn scribble(path: &Path, from: f64) {
    let mut bytes = fs::read(path).unwrap();
    let pages = bytes.len() / 4096;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    let first = (pages as f64 * from) as usize;
    for page in first..(first + 3).min(pages) {
        bytes[page * 4096..(page + 1) * 4096].fill(0xa5);
    }
    fs::write(path, bytes).unwrap();
}

#[rstest]
#[case(0.3)]
#[case(0.5)]
#[case(0.9)]
#[tokio::test]
async fn damaged_file_is_reported_unchanged_and_salvaged(#[case] position: f64) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let ids = filled(&path).await;
    let store = open(&path).await;
    for round in 0..300 {
        let text = format!("{round} {}", "a long note ".repeat(400));
        store.execute(&ask(ids[round % 30], IncidentCommand::AddNote { text })).await.unwrap();
    }
    store.close().await;
    scribble(&path, position);
    let damaged = fs::read(&path).unwrap();
    let report = doctor::examine(&path).await.unwrap();
    assert!(report.findings.iter().any(|f| f.grave && f.text.contains("damaged")), "{report:?}");
    let read = report.findings.last().map(|f| f.text.as_str()).unwrap_or_default();
    assert!(read.contains("can still be read") || read.contains("can be read"), "{report:?}");
    let report = doctor::rebuild(&path).await.unwrap();
    assert!(!report.is_healthy());
    assert_eq!(fs::read(&path).unwrap(), damaged);
    let mut events = 0;
    let count = doctor::salvage(&path, &mut |record| {
        events += u64::from(matches!(record, Record::Event(_)));
        Ok(())
    })
    .await
    .unwrap();
    assert!(count > events && events > 100, "{events} events were read");
    assert_eq!(fs::read(&path).unwrap(), damaged);
}

/// Many events have the same actor: a damaged name must not take them along.
#[rstest]
#[case::page(None)]
#[case::rows(Some("DELETE FROM name"))]
#[case::text(Some("UPDATE name SET text = '{' || id"))]
#[tokio::test]
async fn events_whose_actor_is_unreadable_are_salvaged(#[case] sql: Option<&str>) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    filled(&path).await;
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    let root =
        conn.query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'name'", [], |row| {
            row.get::<_, i64>(0)
        });
    let root = usize::try_from(root.unwrap()).unwrap();
    if let Some(sql) = sql {
        conn.execute_batch(sql).unwrap();
    }
    drop(conn);
    if sql.is_none() {
        let mut bytes = fs::read(&path).unwrap();
        bytes[(root - 1) * 4096..root * 4096].fill(0xa5);
        fs::write(&path, bytes).unwrap();
    }
    let mut actors = Vec::new();
    doctor::salvage(&path, &mut |record| {
        if let Record::Event(event) = record {
            actors.push(event.actor.clone());
        }
        Ok(())
    })
    .await
    .unwrap();
    let unknown = Actor::Integration("unknown".into());
    assert_eq!((actors.len(), actors.iter().all(|actor| *actor == unknown)), (200, true));
}

/// What is next to a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Log {
    Absent,
    /// With the newest notes.
    Own,
    /// Its header is damaged, so it is not used.
    Unusable,
}

/// Fills a store, and copies its file without the last page, and its log, to `target`. Returns the
/// bytes of both.
async fn truncated(source: &Path, target: &Path, log: Log) -> (Vec<u8>, Option<Vec<u8>>) {
    let ids = filled(source).await;
    let store = open(source).await;
    if log != Log::Absent {
        let text = "only in the log".to_owned();
        store.execute(&ask(ids[0], IncidentCommand::AddNote { text })).await.unwrap();
    }
    let mut bytes = fs::read(source).unwrap();
    bytes.truncate(bytes.len() - 4096);
    fs::write(target, &bytes).unwrap();
    let log = (log != Log::Absent).then(|| {
        let mut content = fs::read(source.with_extension("db-wal")).unwrap();
        assert!(content.len() > 4096, "the log has a page");
        if log == Log::Unusable {
            content[16] ^= 0xff;
        }
        fs::write(target.with_extension("db-wal"), &content).unwrap();
        content
    });
    store.close().await;
    (bytes, log)
}

/// As of a copy that was cut off.
#[rstest]
#[case::alone(Log::Absent)]
#[case::with_log(Log::Own)]
#[case::with_unusable_log(Log::Unusable)]
#[tokio::test]
async fn events_of_a_truncated_file_are_salvaged(#[case] log: Log) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("copy.db");
    let (bytes, content) = truncated(&folder.path().join("store.db"), &path, log).await;
    let assert_unchanged = || {
        assert!(fs::read(&path).unwrap() == bytes, "the file is only read");
        assert!(fs::read(path.with_extension("db-wal")).ok() == content, "the log is only read");
    };
    let report = doctor::examine(&path).await.unwrap();
    if log != Log::Own {
        let last = report.findings.last().map(|f| f.text.as_str()).unwrap_or_default();
        assert!(last.contains("can still be read"), "{report:?}");
    }
    assert_unchanged();
    let mut events = 0;
    doctor::salvage(&path, &mut |record| {
        events += u64::from(matches!(record, Record::Event(_)));
        Ok(())
    })
    .await
    .unwrap();
    assert!(events > 0);
    assert_unchanged();
}

#[tokio::test]
async fn truncated_file_is_reported_with_the_remedy() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let ids = filled(&path).await;
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let error = match FileStore::open(&path, options()).await {
        Err(refused) => refused.to_string(),
        Ok(store) => {
            let mut message = String::new();
            for id in &ids {
                if let Err(error) = store.incident(*id).await {
                    message = error.to_string();
                }
            }
            message
        }
    };
    assert!(error.contains("store.db is damaged") && error.contains("redphone doctor"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), bytes[..bytes.len() / 2]);
}

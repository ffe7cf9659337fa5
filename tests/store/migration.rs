//! A store of version 1 is brought up to date: its incidents, a copy, the space for it, and old
//! processes that have the file open. [`super::migration_killed`] has processes that are killed meanwhile.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use redphone::backend::file::{FileStore, MigrationObserver, MigrationStage, Options, doctor};
use redphone::backend::record::Record;
use redphone::backend::{Backend, BackendError, Search};
use redphone::model::directory::Directory;
use redphone::model::measures::{Cut, Window};
use redphone::model::queue::Sort;
use redphone::model::service_level::ServiceLevels;
use redphone::model::{Command, Envelope, IncidentCommand, IncidentId, Summary, Urgency};
use rusqlite::Connection;
use tempfile::tempdir;

use super::fixtures::{ask, declaration, declared, exported, import, open, options};
use crate::support::model::{note, resolve};

const FIRST_SCHEMA: &str = include_str!("../../src/backend/file/migrations/0001_store.sql");

/// Writes the incidents of the store `new` to a file `old`, as version 1 did. Fingerprints are
/// wrong on purpose.
pub(super) fn write_old_store(new: &Path, old: &Path) {
    let conn = Connection::open(old).unwrap();
    conn.execute_batch(FIRST_SCHEMA).unwrap();
    conn.execute("ATTACH ? AS new", [new.to_str().unwrap()]).unwrap();
    let text: String = conn
        .query_row("SELECT sql FROM new.sqlite_schema WHERE name = '_sqlx_migrations'", [], |row| {
            row.get(0)
        })
        .unwrap();
    conn.execute_batch(&text).unwrap();
    conn.execute_batch(
        "BEGIN;
         INSERT INTO _sqlx_migrations SELECT * FROM new._sqlx_migrations WHERE version = 1;
         INSERT INTO name SELECT id, kind, text FROM new.name;
         INSERT INTO event SELECT log, id, incident, seq, kind, at, recorded, actor, nth, command,
            subject, json_remove(body, '$.verdicts', '$.undo', '$.because') FROM new.event;
         INSERT INTO command SELECT id, incident FROM new.command;
         INSERT INTO snapshot SELECT incident, seq, json_remove(record, '$.acknowledge_verdict',
            '$.resolve_verdict', '$.paused_since', '$.paused_ms') FROM new.snapshot;
         INSERT INTO incident SELECT key, id, number, facets, service, team, assignee, 0, counted,
            late_day, iif(facets < 320, dedup_key, NULL), snoozed,
            CAST(iif(substr(row, 1, 1) = x'82', x'81', x'01') || substr(row, 2, 104) || substr(row, 140) AS BLOB) FROM new.incident;
         INSERT INTO affected SELECT service, incident, facets FROM new.affected;
         INSERT INTO words_todo SELECT key FROM incident;
         INSERT INTO problem SELECT id, body FROM new.problem;
         INSERT INTO change SELECT key, id, body FROM new.change;
         INSERT INTO change_span SELECT key, starts, ends FROM new.change_span;
         INSERT INTO directory SELECT id, version, body FROM new.directory;
         COMMIT; DETACH new; PRAGMA journal_mode = WAL;",
    )
    .unwrap();
}

pub(super) fn version(path: &Path) -> i64 {
    let conn = Connection::open(path).unwrap();
    conn.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

/// Returns the versions of the schema that a program must know to read and to write a store.
fn needed(path: &Path) -> [i64; 2] {
    let conn = Connection::open(path).unwrap();
    let sql = "SELECT value FROM meta WHERE name = ?";
    ["needed_to_read", "needed_to_write"]
        .map(|name| conn.query_row(sql, [name], |row| row.get(0)).unwrap())
}

pub(super) fn companion(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Returns the projection of all incidents.
pub(super) fn projection(path: &Path) -> BTreeMap<i64, (Vec<u8>, i64, Option<String>, i64)> {
    let conn = Connection::open(path).unwrap();
    let mut statement =
        conn.prepare("SELECT key, row, fingerprint, dedup_key, counted FROM incident").unwrap();
    let rows = statement.query_map([], |row| {
        Ok((row.get(0)?, (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

async fn rows(store: &FileStore) -> Vec<Summary> {
    let search = Search {
        filter: "is:any".parse().unwrap(),
        me: None,
        sort: Sort::Newest,
        limit: 1000,
        after: None,
        now: Utc::now(),
    };
    store.search(&search).await.unwrap().rows
}

async fn at(store: &FileStore, id: IncidentId, at: DateTime<Utc>, command: IncidentCommand) {
    store.execute(&Envelope { at, ..ask(id, command) }).await.unwrap();
}

/// Makes incidents whose clocks ended in every way.
async fn fill(store: &FileStore) -> Vec<IncidentId> {
    let now = Utc::now();
    let ago = |minutes: i64| now - TimeDelta::minutes(minutes);
    let mut ids = Vec::new();
    for (acknowledged, resolved) in [(59, 1), (30, 20), (58, 30)] {
        let mut declared = declaration("Pod checkout-6c9f7d5b8-k2vxq crashloops");
        (declared.detected_at, declared.reported_at) = (ago(60), ago(60));
        declared.urgency = Urgency::High;
        declared.dedup_key = Some(format!("alert {}", ids.len()));
        let id = IncidentId::new();
        at(store, id, ago(60), IncidentCommand::Declare(Box::new(declared))).await;
        at(store, id, ago(acknowledged), IncidentCommand::Acknowledge).await;
        at(store, id, ago(resolved + 8), IncidentCommand::Pause { reason: "them".into() }).await;
        at(store, id, ago(resolved + 3), IncidentCommand::Unpause).await;
        at(store, id, ago(resolved), resolve()).await;
        ids.push(id);
    }
    let long = declared(store, "a long timeline").await;
    store.execute(&ask(long, IncidentCommand::Acknowledge)).await.unwrap();
    for number in 0..140 {
        store.execute(&ask(long, note(&format!("note {number}")))).await.unwrap();
    }
    let mut with_key = declaration("an alert");
    with_key.dedup_key = Some("disk full".into());
    let merged = IncidentId::new();
    store.execute(&ask(merged, IncidentCommand::Declare(Box::new(with_key)))).await.unwrap();
    store.execute(&ask(merged, IncidentCommand::Merge { into: long })).await.unwrap();
    ids.extend([long, merged]);
    ids
}

fn observed() -> (Options, Arc<Mutex<Vec<MigrationStage>>>) {
    let stages = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&stages);
    let observer = MigrationObserver::new(move |_, stage| seen.lock().unwrap().push(stage.clone()));
    (Options { migration: observer, ..options() }, stages)
}

#[tokio::test]
async fn old_store_becomes_what_a_new_one_is() {
    let folder = tempdir().unwrap();
    let (new, old) = (folder.path().join("new.db"), folder.path().join("old.db"));
    let store = open(&new).await;
    let ids = fill(&store).await;
    let expected_rows = rows(&store).await;
    store.close().await;
    write_old_store(&new, &old);
    let report = doctor::examine(&old).await.unwrap();
    assert_eq!(report.findings, []);
    let outdated = doctor::Outdated { version: 1, newest: 15, is_unfinished: false };
    assert_eq!(report.outdated, Some(outdated));
    // It can be read as it is.
    let reader = FileStore::open_read_only(&old, options()).await.unwrap();
    let old_rows = rows(&reader).await;
    let titles = |rows: &[Summary]| -> Vec<_> {
        rows.iter().map(|row| (row.id, row.title.clone(), row.resolved_at)).collect()
    };
    assert_eq!(titles(&old_rows), titles(&expected_rows));
    let window = Window::last_days(7, Utc::now(), &Utc);
    let measures = reader.measures(&window, Cut::Total, Utc::now()).await.unwrap();
    assert_eq!(measures.now.reported(), 4);
    assert_eq!(
        reader.incident(ids[0]).await.unwrap().incident.summary.reported_at,
        expected_rows.iter().find(|row| row.id == ids[0]).unwrap().reported_at
    );
    reader.close().await;
    assert_eq!(version(&old), 1);
    // An old process may have it open.
    let old_process = Connection::open(&old).unwrap();
    let insert = "INSERT INTO event (id, incident, seq, kind, at, recorded, actor, nth, body)
        SELECT randomblob(16), incident, 9999, 0, at, recorded, actor, 0, body FROM event LIMIT 1";
    let mut prepared = old_process.prepare(insert).unwrap();
    let (options, stages) = observed();
    let store = FileStore::open(&old, options.clone()).await.unwrap();
    assert_eq!(rows(&store).await, expected_rows);
    assert_eq!(projection(&old), projection(&new));
    let refusal = prepared.execute([]).unwrap_err().to_string();
    assert!(refusal.contains("brought up to date by a newer redphone"), "{refusal}");
    assert_eq!((needed(&old), needed(&new)), ([5, 14], [5, 14]));
    let copy = companion(&old, ".before-migration-1");
    assert_eq!((version(&old), version(&copy)), (version(&new), 1));
    let stages = std::mem::take(&mut *stages.lock().unwrap());
    let count = ids.len() as u64;
    assert_eq!(stages.first(), Some(&MigrationStage::Copying { copy: copy.clone() }));
    assert!(stages.contains(&MigrationStage::Working { done: count, total: count }), "{stages:?}");
    assert_eq!(stages.last(), Some(&MigrationStage::Done { copy: Some(copy) }));
    // A verdict does not change with the settings; and an alert finds its incident.
    let alert = IncidentId::new();
    let mut with_key = declaration("an alert");
    with_key.dedup_key = Some("disk full".into());
    let outcome = store.execute(&ask(alert, IncidentCommand::Declare(Box::new(with_key)))).await;
    assert_eq!(outcome.unwrap().incident, Some(ids[3]));
    store.close().await;
    let mut strict = options.clone();
    strict.rules.levels.0[0].acknowledge_s = 1;
    let store = FileStore::open(&old, strict).await.unwrap();
    let again = rows(&store).await;
    let verdicts = |rows: &[Summary]| -> Vec<_> {
        rows.iter().map(|row| (row.id, row.acknowledge_verdict, row.resolve_verdict)).collect()
    };
    assert_eq!(verdicts(&again), verdicts(&expected_rows));
    store.close().await;
    let report = doctor::examine(&old).await.unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    assert_eq!(report.outdated, None);
    doctor::rebuild(&old).await.unwrap();
    assert!(doctor::examine(&old).await.unwrap().findings.is_empty());
}

#[tokio::test]
async fn directory_of_an_old_store_gets_the_present_form() {
    let folder = tempdir().unwrap();
    let (new, old) = (folder.path().join("new.db"), folder.path().join("old.db"));
    let store = open(&new).await;
    let directory: Directory = serde_json::from_str(
        r#"{"people":[],"teams":[{"name":"core","members":[],"floor":"3rd"}]}"#,
    )
    .unwrap();
    store.set_directory(&directory).await.unwrap();
    store.close().await;
    write_old_store(&new, &old);
    let conn = Connection::open(&old).unwrap();
    let body = |conn: &Connection| -> String {
        conn.query_row("SELECT body FROM directory", [], |row| row.get(0)).unwrap()
    };
    let present = body(&conn);
    conn.execute("UPDATE directory SET body = ' ' || body", []).unwrap();
    let store = open(&old).await;
    assert_eq!(store.directory().await.unwrap(), directory);
    assert_eq!(body(&conn), present);
    assert!(present.contains(r#""floor":"3rd""#), "{present}");
    store.close().await;
    // One that can't be read stays as it is.
    let broken = folder.path().join("broken.db");
    write_old_store(&new, &broken);
    let conn = Connection::open(&broken).unwrap();
    conn.execute(r#"UPDATE directory SET body = '{"people":5}'"#, []).unwrap();
    open(&broken).await.close().await;
    assert_eq!((body(&conn).as_str(), version(&broken)), (r#"{"people":5}"#, 15));
}

#[tokio::test]
async fn clocks_of_an_old_store_are_judged_by_the_present_settings() {
    let folder = tempdir().unwrap();
    let (new, old) = (folder.path().join("new.db"), folder.path().join("old.db"));
    let store = open(&new).await;
    let ids = fill(&store).await;
    store.close().await;
    write_old_store(&new, &old);
    let mut levels = ServiceLevels::default();
    levels.0[0].acknowledge_s = 7;
    let mut options = options();
    options.rules.levels = levels;
    let store = FileStore::open(&old, options).await.unwrap();
    let detail = store.incident(ids[0]).await.unwrap().incident.summary;
    let verdict = detail.acknowledge_verdict.unwrap();
    assert_eq!((verdict.goal_s, verdict.met), (Some(7), Some(false)));
    let row = rows(&store).await.into_iter().find(|row| row.id == ids[0]).unwrap();
    assert_eq!(row, detail);
    // Resolved after 59 minutes, of which 5 were paused.
    let resolved = detail.resolve_verdict.unwrap();
    assert_eq!((resolved.met, resolved.elapsed_ms / 60_000), (Some(true), 54));
}

/// Verdicts that no event has are those of the settings when the store was brought up to date. An
/// export has these settings, whatever those of the store are that it is imported into.
#[tokio::test]
async fn verdicts_of_an_old_store_survive_an_export() {
    let folder = tempdir().unwrap();
    let [new, old, fresh, used] =
        ["new.db", "old.db", "fresh.db", "used.db"].map(|name| folder.path().join(name));
    let store = open(&new).await;
    fill(&store).await;
    store.close().await;
    write_old_store(&new, &old);
    let mut strict = options();
    strict.rules.levels.0[0].acknowledge_s = 7;
    let store = FileStore::open(&old, strict).await.unwrap();
    let lines = exported(&store).await;
    let verdicts = async |store: &FileStore| -> BTreeMap<_, _> {
        let rows = rows(store).await;
        rows.iter().map(|row| (row.id, (row.acknowledge_verdict, row.resolve_verdict))).collect()
    };
    let expected = verdicts(&store).await;
    assert!(expected.values().any(|(ack, _)| ack.is_some_and(|verdict| verdict.goal_s == Some(7))));
    store.close().await;
    let records: Vec<Record> =
        lines.iter().map(|line| Record::from_json(line.as_bytes()).unwrap()).collect();
    // A new store has the settings of the export with it.
    let store = open(&fresh).await;
    import(&store, &records).await;
    assert_eq!(verdicts(&store).await, expected);
    assert_eq!(exported(&store).await, lines);
    import(&store, &records).await;
    store.close().await;
    // One that has its own keeps them for its own clocks.
    let store = open(&used).await;
    let own = declared(&store, "of this store").await;
    at(&store, own, Utc::now(), IncidentCommand::Acknowledge).await;
    let own_verdict = verdicts(&store).await[&own];
    let mut importer = store.importer().await.unwrap().with_new_numbers();
    for record in records.clone() {
        importer.add(record).await.unwrap();
    }
    importer.commit().await.unwrap();
    let mut found = verdicts(&store).await;
    assert_eq!(found.remove(&own), Some(own_verdict));
    assert_eq!(found, expected);
    store.close().await;
    for path in [&fresh, &used] {
        assert_eq!(doctor::examine(path).await.unwrap().findings, []);
        assert_eq!(doctor::rebuild(path).await.unwrap().findings, []);
    }
    let store = open(&used).await;
    let again = verdicts(&store).await;
    assert!(expected.iter().all(|(id, verdict)| again[id] == *verdict));
    // Imported again, all is there already.
    let mut importer = store.importer().await.unwrap().with_new_numbers();
    for record in records {
        importer.add(record).await.unwrap();
    }
    assert_eq!(importer.commit().await.unwrap().events, 0);
}

#[tokio::test]
async fn an_interrupted_migration_goes_on() {
    let folder = tempdir().unwrap();
    let (new, old) = (folder.path().join("new.db"), folder.path().join("old.db"));
    let store = open(&new).await;
    fill(&store).await;
    store.close().await;
    write_old_store(&new, &old);
    open(&old).await.close().await;
    // As if it was killed after the schema and two incidents.
    let conn = Connection::open(&old).unwrap();
    conn.execute_batch(
        "UPDATE incident SET row = CAST(iif(substr(row, 1, 1) = x'82', x'81', x'01') || substr(row, 2, 104) || substr(row, 140) AS BLOB)
            WHERE key > (SELECT key FROM incident ORDER BY key LIMIT 1 OFFSET 1);
         INSERT INTO migration SELECT 'verdicts', (SELECT key FROM incident ORDER BY key
            LIMIT 1 OFFSET 1), 2, 5;
         PRAGMA user_version = 1005;",
    )
    .unwrap();
    drop(conn);
    let error = FileStore::open_read_only(&old, options()).await.unwrap_err().to_string();
    assert!(error.contains("being brought up to date, or that was interrupted"), "{error}");
    // It can be checked as it is, and nothing is wrong with it.
    let report = doctor::examine(&old).await.unwrap();
    assert_eq!(report.findings, []);
    let unfinished = doctor::Outdated { version: 15, newest: 15, is_unfinished: true };
    assert_eq!(report.outdated, Some(unfinished));
    let (options, stages) = observed();
    FileStore::open(&old, options).await.unwrap().close().await;
    assert_eq!(projection(&old), projection(&new));
    let stages = stages.lock().unwrap();
    assert!(stages.contains(&MigrationStage::Working { done: 5, total: 5 }), "{stages:?}");
    assert_eq!(stages.last(), Some(&MigrationStage::Done { copy: None }));
}

/// Makes of a store what a program of version 13 has written, which did not record that nobody had
/// acknowledged an incident before it was reopened.
fn make_version_13(path: &Path) {
    const MARK: &[u8] = b"\"never_acknowledged\":true";
    const OTHER: &[u8] = b"\"never_acknowledges\":true";
    let conn = Connection::open(path).unwrap();
    let mut statement = conn.prepare("SELECT key, row FROM incident").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let rows: Vec<(i64, Vec<u8>)> = rows.map(Result::unwrap).collect();
    for (key, mut row) in rows {
        if let Some(at) = row.windows(MARK.len()).position(|part| part == MARK) {
            row[at..at + MARK.len()].copy_from_slice(OTHER);
            conn.execute("UPDATE incident SET row = ? WHERE key = ?", (row, key)).unwrap();
        }
    }
    conn.execute_batch(
        "UPDATE snapshot SET record =
            replace(record, '\"never_acknowledged\":true', '\"never_acknowledges\":true');
         DELETE FROM _sqlx_migrations WHERE version >= 14; PRAGMA user_version = 13;
         UPDATE meta SET value = 7 WHERE name = 'needed_to_write';",
    )
    .unwrap();
}

/// Two incidents were resolved without anybody having acknowledged them, and reopened; one of them has a record
/// in the middle of its timeline. A third was acknowledged.
#[tokio::test]
async fn reopened_incidents_of_an_older_store_were_not_acknowledged() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    let ago = |minutes: i64| Utc::now() - TimeDelta::minutes(minutes);
    let [short, long, acknowledged] = [(); 3].map(|()| IncidentId::new());
    for (id, title) in [(short, "short"), (long, "long"), (acknowledged, "acknowledged")] {
        let mut declared = declaration(title);
        (declared.detected_at, declared.reported_at) = (ago(60), ago(60));
        at(&store, id, ago(60), IncidentCommand::Declare(Box::new(declared))).await;
        if id == acknowledged {
            at(&store, id, ago(50), IncidentCommand::Acknowledge).await;
        }
        at(&store, id, ago(40), resolve()).await;
        let reopen = IncidentCommand::Reopen { reason: "it came back".into() };
        at(&store, id, ago(30), reopen).await;
    }
    for number in 0..140 {
        store.execute(&ask(long, note(&format!("note {number}")))).await.unwrap();
    }
    let expected = rows(&store).await;
    store.close().await;
    let marked = |rows: &[Summary]| -> Vec<IncidentId> {
        let mut ids: Vec<_> =
            rows.iter().filter(|row| row.never_acknowledged).map(|row| row.id).collect();
        ids.sort();
        ids
    };
    let mut unacknowledged = vec![short, long];
    unacknowledged.sort();
    assert_eq!(marked(&expected), unacknowledged);
    make_version_13(&path);
    let reader = FileStore::open_read_only(&path, options()).await.unwrap();
    assert_eq!(marked(&rows(&reader).await), []);
    reader.close().await;
    let (options, stages) = observed();
    let store = FileStore::open(&path, options).await.unwrap();
    assert_eq!(rows(&store).await, expected);
    let working = MigrationStage::Working { done: 3, total: 3 };
    assert!(stages.lock().unwrap().contains(&working));
    // Nothing that is recorded later takes it away.
    for id in [short, long] {
        store.execute(&ask(id, note("one more"))).await.unwrap();
        assert!(store.incident(id).await.unwrap().incident.summary.never_acknowledged);
    }
    assert_eq!(marked(&rows(&store).await), unacknowledged);
    let window = Window::last_days(7, Utc::now() + TimeDelta::minutes(1), &Utc);
    let measures = store.measures(&window, Cut::Total, Utc::now()).await.unwrap();
    assert_eq!((measures.now.reported(), measures.now.mtta.count), (3, 1));
    store.close().await;
    assert!(doctor::examine(&path).await.unwrap().findings.is_empty());
}

/// A process that is killed while it indexes the texts of a store that is up to date leaves the file
/// of its lock.
#[tokio::test]
async fn lock_file_of_a_killed_process_is_removed() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    fill(&store).await;
    store.close().await;
    let lock = companion(&path, "-migrating");
    // A process that is still at work keeps its lock.
    let file = std::fs::File::create(&lock).unwrap();
    file.lock().unwrap();
    open(&path).await.close().await;
    assert!(lock.exists());
    drop(file);
    FileStore::open_read_only(&path, options()).await.unwrap();
    assert!(lock.exists());
    open(&path).await.close().await;
    assert!(!lock.exists());
}

/// An undo is exact in the store too, with and without the id of the undone command.
#[tokio::test]
async fn undo_gives_the_record_back() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let id = declared(&store, "an outage").await;
    let record = async || {
        let mut incident = store.incident(id).await.unwrap().incident;
        incident.summary.seq = 0;
        incident.summary.last_event_at = DateTime::UNIX_EPOCH;
        // An undo is something that somebody did.
        incident.summary.last_word = None;
        incident
    };
    let execute = async |command: IncidentCommand| {
        store.execute(&ask(id, command)).await.unwrap();
    };
    execute(IncidentCommand::Acknowledge).await;
    execute(IncidentCommand::Pause { reason: "the partner".into() }).await;
    let before = record().await;
    execute(resolve()).await;
    execute(IncidentCommand::UndoMove).await;
    assert_eq!(record().await, before);
    execute(resolve()).await;
    execute(IncidentCommand::Reopen { reason: "back".into() }).await;
    let before = record().await;
    assert!(before.resolution.is_some());
    let moved = ask(id, IncidentCommand::MoveStatus { to: redphone::model::Status::Identified });
    store.execute(&moved).await.unwrap();
    execute(IncidentCommand::UndoMove).await;
    assert_eq!(record().await, before);
    // The assignment takes an unowned time back, and a snooze.
    let until = Utc::now() + TimeDelta::hours(1);
    execute(IncidentCommand::Snooze { until }).await;
    let before = record().await;
    let owner = crate::support::requests::ines();
    let assign = ask(id, IncidentCommand::Assign { to: Some(owner) });
    store.execute(&assign).await.unwrap();
    let undo = Command::Incident {
        incident: id,
        command: IncidentCommand::Assign { to: None },
        undoes: Some(assign.id),
        because: None,
    };
    let undo = Envelope { command: undo, ..ask(id, IncidentCommand::Acknowledge) };
    store.execute(&undo).await.unwrap();
    assert_eq!(record().await, before);
}

#[tokio::test]
async fn open_program_writes_nothing_once_a_later_one_has_migrated() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    let id = declared(&store, "one").await;
    store.check_write().await.unwrap();
    let later = Connection::open(&path).unwrap();
    later
        .execute_batch(
            "CREATE TRIGGER event_of_this_program BEFORE INSERT ON event WHEN NEW.format < 1000 BEGIN
                SELECT RAISE(ABORT, 'start this one again');
            END;
            UPDATE meta SET value = 1000 WHERE name = 'needed_to_write';",
        )
        .unwrap();
    let before = rows(&store).await;
    let refused = store.execute(&ask(id, note("too late"))).await.unwrap_err();
    assert!(matches!(refused, BackendError::Unreachable(_)), "{refused:?}");
    assert!(refused.to_string().contains("start this one again"), "{refused}");
    let refused = store.check_write().await.unwrap_err();
    assert!(matches!(refused, BackendError::NotAllowed(_)), "{refused:?}");
    assert_eq!(rows(&store).await, before);
    store.close().await;
}

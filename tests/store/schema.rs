//! Every table of the store is known to export, import, salvage, doctor and rebuild.
//!
//! The list in `src/backend/file/schema.rs` describes each table; here that is checked on a store
//! that has rows in each.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{TimeDelta, Utc};
use redphone::backend::file::schema::{Content, TABLES, Table};
use redphone::backend::file::{FileStore, doctor};
use redphone::backend::record::Record;
use redphone::backend::{
    AdministrationRequest, Backend, ContactRequest, Ledger, Plan, PublicationRecord, Reminder,
    Search, TestClaim,
};
use redphone::model::administration::{AdministrationChange, Entry};
use redphone::model::alert::HoldRule;
use redphone::model::change::{Change, ChangeKind, ChangeState};
use redphone::model::command::Link;
use redphone::model::directory::Directory;
use redphone::model::maintenance::{MaintenanceChange, MaintenanceRequest, NewWindow};
use redphone::model::measures::pages::PagesQuery;
use redphone::model::measures::{Cut, Window};
use redphone::model::notification::{
    AttemptOutcome, ContactChange, LinkToken, ReminderKind, StoredContact,
};
use redphone::model::problem::{Problem, ProblemState};
use redphone::model::queue::Sort;
use redphone::model::review::{ActionItem, ActionKind};
use redphone::model::signals::{HeartbeatDefinition, HeartbeatEdit, IntervalUnit};

use redphone::model::{
    Actor, ChangeId, Command, IncidentCommand, IncidentId, PersonRef, ProblemId,
};
use rusqlite::Connection;
use tempfile::tempdir;

use super::fixtures::{ask, declared, exported, import, open};
use super::notifications::{page, request, result};
use crate::support::alerts::{alert, dead_letter, group, message};
use crate::support::reach;
use crate::support::requests::{envelope, ines};

/// Tables that are empty unless a migration or a later version has filled them.
const MAY_BE_EMPTY: [&str; 3] = ["words_todo", "foreign_record", "migration"];

/// Returns a problem with a workaround.
fn problem(id: ProblemId) -> Problem {
    Problem {
        id,
        title: "pool too small".into(),
        state: ProblemState::KnownError,
        services: vec!["checkout".into()],
        cause: "leak".into(),
        workaround: "restart".into(),
        opened_at: Utc::now(),
        owner: None,
        team: None,
        category: None,
        removed_at: None,
        revision: 0,
        edits: Vec::new(),
        extra: <_>::default(),
    }
}

/// Returns a change that is being made.
fn running_change() -> Change {
    Change {
        id: ChangeId::new(),
        kind: ChangeKind::Deploy,
        title: "checkout v812".into(),
        services: vec!["checkout".into()],
        by: Actor::Person(ines()),
        starts_at: Utc::now(),
        ends_at: None,
        state: ChangeState::Running,
        url: None,
        approval: None,
        extra: <_>::default(),
    }
}

/// Makes a store with rows in every table that commands, reads and imports can fill.
async fn filled(path: &Path) {
    let store = open(path).await;
    let person = PersonRef::new("ines", "Ines Moreau");
    let directory = Directory { people: vec![person], ..Directory::default() };
    store.set_directory(&directory).await.unwrap();
    let person = PersonRef::new("mei", "Mei Castellan");
    let change = AdministrationChange::put(Entry::Person(person));
    let request = AdministrationRequest::new(Actor::Person(ines()), change, Utc::now());
    store.administer(&request).await.unwrap();
    let problem_id = ProblemId::new();
    for command in
        [Command::RecordProblem(problem(problem_id)), Command::RecordChange(running_change())]
    {
        store.execute(&envelope(command)).await.unwrap();
    }
    let first = declared(&store, "Cards fail").await;
    for round in 0..140 {
        let text = format!("note {round}");
        store.execute(&ask(first, IncidentCommand::AddNote { text })).await.unwrap();
    }
    let second = declared(&store, "Images are missing").await;
    store.execute(&ask(second, IncidentCommand::Acknowledge)).await.unwrap();
    let item = ActionItem {
        id: uuid::Uuid::now_v7(),
        text: "Add an alert".into(),
        owner: Some(ines()),
        due: None,
        kind: ActionKind::Detect,
        done: false,
    };
    let link = Link::Problem { id: problem_id, title: "pool too small".into() };
    let follow_up = IncidentCommand::RequestFollowUp { item: item.id, tracker: Some("ops".into()) };
    let item = IncidentCommand::SetActionItem { item };
    for command in [item, IncidentCommand::Link { link }, follow_up] {
        store.execute(&ask(second, command)).await.unwrap();
    }
    let attach = IncidentCommand::AttachEvidence {
        evidence: uuid::Uuid::now_v7(),
        name: "app.log".into(),
        content: "ZXJyb3IK".into(),
    };
    let involve = IncidentCommand::InvolveTeam { team: "network".into(), involved: true };
    for command in [attach, involve] {
        store.execute(&ask(second, command)).await.unwrap();
    }
    let search = Search {
        filter: "is:any cards".parse().unwrap(),
        me: None,
        sort: Sort::Newest,
        limit: 5,
        after: None,
        now: Utc::now(),
    };
    store.search(&search).await.unwrap();
    notify(&store, first).await;
    let token = LinkToken::random().unwrap();
    let links = [super::links::link(&token, first, Utc::now())];
    assert!(store.issue_links(&links, Utc::now()).await.unwrap());
    let fires = group(&message("disks", &[alert("db1", "09:00", None)]));
    store.ingest(&fires, &Actor::Integration("Alertmanager".into())).await.unwrap();
    let mut waits = group(&message("cpus", &[alert("db2", "09:00", None)]));
    waits.overrides.hold = Some(HoldRule { at_least: 2, within_s: 600 });
    store.ingest(&waits, &Actor::Integration("Alertmanager".into())).await.unwrap();
    store.add_dead_letter(&dead_letter("{}")).await.unwrap();
    store.set_reach(reach::source());
    let contact = StoredContact {
        name: "phone".into(),
        channel: "sms".into(),
        address: "+4915112345678".into(),
        urgent_after_s: vec![0],
        rest_after_s: Vec::new(),
    };
    let change = ContactChange::Add(contact);
    let request = ContactRequest::new(Actor::Person(ines()), "ines", change, Utc::now());
    store.change_contacts(&request).await.unwrap();
    mute(&store).await;
    store.beat("backup", Utc::now(), &Actor::Integration("cron".into())).await.unwrap();
    define_heartbeat(&store).await;
    let every = chrono::TimeDelta::days(1);
    let claim = TestClaim { name: "self-test".into(), every, now: Utc::now() };
    assert!(store.claim_test(&claim).await.unwrap().is_claimed);
    let (kind, key) = (ReminderKind::Update, "a".into());
    let reminder = Reminder { kind, key, now: Utc::now(), notifications: Vec::new() };
    assert!(store.remind(&reminder).await.unwrap());
    let (name, body) = ("report:weekly".into(), "{}".into());
    let record = PublicationRecord { name, at: Utc::now(), body };
    assert!(store.replace_publication(None, &record).await.unwrap());
    let window = Window::last_days(7, Utc::now(), &Utc);
    store.measures(&window, Cut::Total, Utc::now()).await.unwrap();
    let (selection, by, offsets) = (<_>::default(), Vec::new(), <_>::default());
    let query = PagesQuery { window, selection, by, offsets };
    store.pages(&query, Utc::now()).await.unwrap();
    store.close().await;
}

/// Defines a heartbeat as another program does.
async fn define_heartbeat(store: &FileStore) {
    let definition = HeartbeatDefinition {
        every: 10,
        unit: IntervalUnit::Minutes,
        is_enabled: true,
        description: "Copies the ledger".into(),
        title: None,
        severity: Some("P2".into()),
        labels: vec!["db".into()],
        team: None,
        extra: <_>::default(),
    };
    let define = HeartbeatEdit::Define(definition);
    store.edit_heartbeat("ledger", &define, Utc::now()).await.unwrap().unwrap();
}

/// Creates a maintenance window that mutes an incident.
async fn mute(store: &FileStore) {
    let now = Utc::now();
    let new = NewWindow {
        title: "The pool is replaced".into(),
        filter: "instance=db7".parse().unwrap(),
        from: now,
        until: now + TimeDelta::hours(1),
        recurrence: None,
        comment: String::new(),
        mutes_people: false,
        public_text: None,
    };
    let request = MaintenanceRequest {
        id: uuid::Uuid::now_v7(),
        actor: Actor::Person(ines()),
        at: now,
        expected: None,
        change: MaintenanceChange::Create(new),
    };
    store.change_maintenance(&request).await.unwrap();
    let fires = group(&message("pools", &[alert("db7", "09:00", None)]));
    store.ingest(&fires, &Actor::Integration("Alertmanager".into())).await.unwrap();
}

/// Plans a notification, claims it and finishes the claim.
async fn notify(store: &FileStore, incident: IncidentId) {
    let unplanned = store.unplanned().await.unwrap();
    let (from, to) = (unplanned.from, unplanned.to);
    let plan = Plan { from, to, notifications: vec![page(incident, "phone", Utc::now())] };
    assert!(store.plan(&plan).await.unwrap());
    let claim = store.claim(&request(Utc::now())).await.unwrap().claims.remove(0);
    assert!(store.finish(&claim, &result(AttemptOutcome::Accepted, Utc::now())).await.unwrap());
}

/// The tables in the file, without those that belong to virtual tables.
fn tables(conn: &Connection) -> Vec<String> {
    let mut statement = conn
        .prepare(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type NOT IN ('shadow', 'view')
             AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name",
        )
        .unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// The content that must be the same after an export and an import, without the ids that the new
/// store assigns.
fn content_query(table: &str) -> &'static str {
    match table {
        "administration" => "SELECT hex(id), body FROM administration ORDER BY position",
        "alert" => {
            "SELECT incident, group_key, key, state, last, body FROM alert ORDER BY position"
        }
        "attempt" => "SELECT hex(notification), number, body FROM attempt ORDER BY 1, 2",
        "change" => "SELECT hex(id), body FROM change ORDER BY 1",
        "contact" => "SELECT person, body FROM contact ORDER BY 1",
        "directory" => "SELECT body FROM directory",
        "evidence" => {
            "SELECT hex(id), hex(incident), hex(hash), at, size, hex(content) FROM evidence ORDER BY 1"
        }
        "event" => {
            "SELECT log, hex(id), incident, seq, kind, at, recorded, nth, hex(subject), body
             FROM event ORDER BY log"
        }
        "foreign_record" => "SELECT body FROM foreign_record ORDER BY 1",
        // Those of the settings are of this file.
        "heartbeat" => {
            "SELECT name, last, body FROM heartbeat WHERE body ->> '$.definition' IS NOT NULL"
        }
        "maintenance" => "SELECT hex(id), starts, ends, body FROM maintenance ORDER BY 1",
        "name" => "SELECT kind, text FROM name ORDER BY 1, 2",
        "notification" => {
            "SELECT hex(id), hex(event), incident, person, contact, channel, state, planned, next_try,
                hex(bundled_into), body FROM notification ORDER BY position"
        }
        "problem" => "SELECT hex(id), body FROM problem ORDER BY 1",
        other => panic!("say how the records of the table {other} survive an export"),
    }
}

/// The content that must be the same after a rebuild.
fn derived_query(table: &str) -> &'static str {
    match table {
        "action_item" => "SELECT * FROM action_item ORDER BY 1, 2",
        "affected" => "SELECT * FROM affected ORDER BY 1, 2",
        "change_span" => "SELECT * FROM change_span ORDER BY 1",
        "fact_day" => "SELECT day, kind, hex(facts) FROM fact_day ORDER BY 1, 2",
        "follow_up" => "SELECT * FROM follow_up ORDER BY 1, 2",
        "history_day" => "SELECT day, kind, hex(histories) FROM history_day ORDER BY 1, 2",
        "involved" => "SELECT * FROM involved ORDER BY 1, 2",
        "incident" => "SELECT key, hex(id), number, facets, hex(row) FROM incident ORDER BY 1",
        "muted" => "SELECT incident, hex(maintenance), at, ended FROM muted ORDER BY 1",
        "problem_link" => "SELECT * FROM problem_link ORDER BY 1, 2, 3",
        "review" => "SELECT * FROM review ORDER BY 1",
        "snapshot" => "SELECT * FROM snapshot ORDER BY 1",
        "vocabulary" => "SELECT word FROM vocabulary ORDER BY 1",
        "words" => "SELECT id FROM words_docsize ORDER BY 1",
        "words_todo" => "SELECT * FROM words_todo ORDER BY 1",
        other => panic!("say how the rows of the table {other} are compared after a rebuild"),
    }
}

fn rows(conn: &Connection, query: &str) -> Vec<String> {
    let mut statement = conn.prepare(query).unwrap();
    let columns = statement.column_count();
    let row = |row: &rusqlite::Row<'_>| {
        let values = (0..columns).map(|at| format!("{:?}", row.get_ref(at).unwrap()));
        Ok(values.collect::<Vec<_>>().join("|"))
    };
    statement.query_map([], row).unwrap().map(Result::unwrap).collect()
}

fn of_content(content: Content) -> impl Iterator<Item = &'static Table> {
    TABLES.iter().filter(move |table| table.content == content)
}

#[tokio::test]
async fn each_table_is_listed_and_has_a_bound() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    filled(&path).await;
    let conn = Connection::open(&path).unwrap();
    let listed: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
    assert_eq!(tables(&conn), listed, "src/backend/file/schema.rs lists them all, by name");
    for table in TABLES {
        assert!(table.bound.len() > 5, "what bounds {}?", table.name);
        let count = rows(&conn, &format!("SELECT 1 FROM {}", table.name)).len();
        assert!(count > 0 || MAY_BE_EMPTY.contains(&table.name), "{} has no rows here", table.name);
    }
}

#[tokio::test]
async fn records_survive_export_and_import_and_salvage() {
    let folder = tempdir().unwrap();
    let (path, copy) = (folder.path().join("store.db"), folder.path().join("copy.db"));
    filled(&path).await;
    let store = open(&path).await;
    let lines = exported(&store).await;
    let records: Vec<Record> = lines.iter().map(|l| serde_json::from_str(l).unwrap()).collect();
    let other = open(&copy).await;
    import(&other, &records).await;
    other.close().await;
    store.close().await;
    let (one, two) = (Connection::open(&path).unwrap(), Connection::open(&copy).unwrap());
    for table in of_content(Content::Recorded) {
        let query = content_query(table.name);
        assert_eq!(rows(&one, query), rows(&two, query), "{}", table.name);
    }
    let mut salvaged = Vec::new();
    doctor::salvage(&path, &mut |record| {
        salvaged.push(serde_json::to_string(record).unwrap());
        Ok(())
    })
    .await
    .unwrap();
    salvaged.sort();
    let mut expected = lines;
    expected.sort();
    assert_eq!(salvaged, expected);
}

#[tokio::test]
async fn record_that_can_not_be_read_is_a_finding() {
    for table in of_content(Content::Recorded) {
        let folder = tempdir().unwrap();
        let path = folder.path().join("store.db");
        filled(&path).await;
        let conn = Connection::open(&path).unwrap();
        let damage = match table.name {
            // Actors are JSON there.
            "name" => "UPDATE name SET text = '{' || id WHERE kind = 4".to_owned(),
            "foreign_record" => continue,
            "evidence" => "UPDATE evidence SET content = x'00'".to_owned(),
            name => format!("UPDATE {name} SET body = '{{'"),
        };
        conn.execute_batch(&damage).unwrap();
        drop(conn);
        let report = doctor::examine(&path).await.unwrap();
        let grave = report.findings.iter().any(|finding| finding.grave);
        assert!(grave, "{}: {report:?}", table.name);
        // The readable part of the others is saved.
        let mut count = 0;
        let saved = doctor::salvage(&path, &mut |_| {
            count += 1;
            Ok(())
        })
        .await;
        assert!(saved.is_ok() && count > 2, "{}: {count}", table.name);
    }
}

#[tokio::test]
async fn derived_rows_are_missed_and_made_again() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    filled(&path).await;
    doctor::rebuild(&path).await.unwrap();
    let derived = || of_content(Content::Derived).chain(of_content(Content::Cached));
    let dump = || -> BTreeMap<&str, Vec<String>> {
        let conn = Connection::open(&path).unwrap();
        derived().map(|table| (table.name, rows(&conn, derived_query(table.name)))).collect()
    };
    let before = dump();
    for table in derived() {
        let conn = Connection::open(&path).unwrap();
        let sql = match table.name {
            "words" => "INSERT INTO words (words) VALUES ('delete-all')".to_owned(),
            name => format!("DELETE FROM {name}"),
        };
        conn.execute_batch(&sql).unwrap();
        drop(conn);
        let report = doctor::examine(&path).await.unwrap();
        let is_missed = !report.is_healthy();
        assert_eq!(is_missed, table.content == Content::Derived, "{}: {report:?}", table.name);
        assert!(report.findings.iter().all(|finding| !finding.grave), "{report:?}");
        let report = doctor::rebuild(&path).await.unwrap();
        assert!(report.is_healthy(), "{}: {report:?}", table.name);
        assert_eq!(dump(), before, "after {} was emptied", table.name);
    }
}

#[tokio::test]
async fn copy_of_the_file_has_what_belongs_to_it() {
    let folder = tempdir().unwrap();
    let (path, copy) = (folder.path().join("store.db"), folder.path().join("copy.db"));
    filled(&path).await;
    let conn = Connection::open(&path).unwrap();
    conn.execute("VACUUM INTO ?", [copy.to_str().unwrap()]).unwrap();
    let other = Connection::open(&copy).unwrap();
    for table in of_content(Content::OfThisFile).chain(of_content(Content::Recorded)) {
        let query = format!("SELECT * FROM {}", table.name);
        assert_eq!(rows(&conn, &query), rows(&other, &query), "{}", table.name);
    }
}

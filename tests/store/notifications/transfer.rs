//! Notifications in exports, imports and stores of earlier versions.

use redphone::backend::file::{RecordProblem, doctor};
use redphone::backend::record::Record;
use redphone::backend::{Ledger, Reminder};
use redphone::model::IncidentId;
use redphone::model::notification::{Attempt, AttemptOutcome, NotificationState, ReminderKind};
use rusqlite::Connection;

use super::super::fixtures::{bad, exported, import, open};
use super::notices::notice;
use super::{Scene, attempts, page, stored};

/// Makes a store with a notification that was sent, one that is being sent, and one that waits.
async fn filled() -> Scene {
    let scene = Scene::new().await;
    let planned = [0, 0, 60].map(|due| page(scene.incident, &due.to_string(), scene.at(due)));
    let mut planned = planned.to_vec();
    planned[1].contact = "sms".into();
    scene.plan(&planned).await;
    let claimed = scene.claim(0).await;
    assert!(scene.finish(&claimed.claims[0], AttemptOutcome::Accepted, 1).await);
    scene
}

async fn records(scene: &Scene) -> Vec<Record> {
    let lines = exported(&scene.store).await;
    lines.iter().map(|line| Record::from_json(line.as_bytes()).unwrap()).collect()
}

#[tokio::test]
async fn imported_notifications_are_never_sent() {
    let scene = filled().await;
    let path = scene.path.with_file_name("copy.db");
    let copy = open(&path).await;
    import(&copy, &records(&scene).await).await;
    let [sent, sending, waiting] = <[_; 3]>::try_from(stored(&path)).unwrap();
    assert_eq!(sent, scene.stored(sent.id));
    for cancelled in [sending, waiting] {
        assert_eq!((cancelled.state, cancelled.next_try), (NotificationState::Cancelled, None));
        assert_eq!(cancelled.reason.as_deref(), Some("it was imported"));
    }
    let mut outcomes: Vec<_> = attempts(&path).iter().map(|attempt| attempt.outcome).collect();
    outcomes.sort();
    assert_eq!(outcomes, [AttemptOutcome::Accepted, AttemptOutcome::Interrupted]);
    assert_eq!(copy.claim(&super::request(scene.at(600))).await.unwrap(), <_>::default());
    assert_eq!(copy.unplanned().await.unwrap().calls, []);
    // Once more changes nothing.
    import(&copy, &records(&scene).await).await;
    assert_eq!((stored(&path).len(), attempts(&path).len()), (3, 2));
    copy.close().await;
    assert_eq!(doctor::examine(&path).await.unwrap().findings, []);
}

#[tokio::test]
async fn notices_are_exported_and_never_sent_from_a_copy() {
    let scene = Scene::new().await;
    let (sent, waiting) = (notice(scene.start), notice(scene.at(60)));
    for (key, one) in [("first", &sent), ("second", &waiting)] {
        let (kind, key) = (ReminderKind::OnCall, key.to_owned());
        let reminder = Reminder { kind, key, now: scene.start, notifications: vec![one.clone()] };
        assert!(scene.store.remind(&reminder).await.unwrap());
    }
    let claim = scene.claim(0).await.claims.remove(0);
    assert!(scene.finish(&claim, AttemptOutcome::Accepted, 1).await);
    let exported = records(&scene).await;
    let is_notice = |record: &&Record| matches!(record, Record::Notice(_));
    assert_eq!(exported.iter().filter(is_notice).count(), 2);
    let path = scene.path.with_file_name("copy.db");
    let copy = open(&path).await;
    import(&copy, &exported).await;
    let [first, second] = <[_; 2]>::try_from(stored(&path)).unwrap();
    assert_eq!((first.state, first.text), (NotificationState::Sent, sent.text));
    assert_eq!((second.state, second.next_try), (NotificationState::Cancelled, None));
    assert_eq!(attempts(&path).len(), 1);
    assert_eq!(copy.claim(&super::request(scene.at(600))).await.unwrap(), <_>::default());
    copy.close().await;
    assert_eq!(doctor::examine(&path).await.unwrap().findings, []);
}

#[tokio::test]
async fn notification_of_an_unknown_incident_is_refused() {
    let scene = Scene::new().await;
    let mut importer = scene.store.importer().await.unwrap();
    let stray = page(IncidentId::new(), "phone", scene.start);
    let refused = importer.add(Record::Notification(Box::new(stray.clone()))).await;
    assert_eq!(bad(refused), ("incident", RecordProblem::NoIncident));
    let attempt = Attempt {
        notification: stray.id,
        number: 1,
        began_at: scene.start,
        ended_at: None,
        outcome: AttemptOutcome::Running,
        provider_id: None,
        answer: String::new(),
        extra: <_>::default(),
    };
    importer.add(Record::Attempt(Box::new(attempt))).await.unwrap();
    importer.commit().await.unwrap();
    assert_eq!((stored(&scene.path), attempts(&scene.path)), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn imported_incident_with_another_number_has_its_notifications() {
    let scene = filled().await;
    let records = records(&scene).await;
    let path = scene.path.with_file_name("copy.db");
    let copy = open(&path).await;
    super::declared(&copy, "Images are missing").await;
    let mut importer = copy.importer().await.unwrap().with_new_numbers();
    for record in records {
        importer.add(record).await.unwrap();
    }
    importer.commit().await.unwrap();
    let conn = Connection::open(&path).unwrap();
    let numbers =
        "SELECT DISTINCT i.number FROM notification n JOIN incident i ON i.key = n.incident";
    let number: i64 = conn.query_row(numbers, [], |row| row.get(0)).unwrap();
    assert_eq!(number, 2);
}

/// Changes a store to the form written by a program of version 8 that has imported the records of a
/// later one.
fn make_version_8(path: &std::path::Path, lines: &[String]) {
    let conn = Connection::open(path).unwrap();
    conn.execute_batch(
        "DROP TABLE notification; DROP TABLE attempt; DROP TABLE notification_plan; DROP TABLE alert;
         DROP TABLE dead_letter; DROP TABLE answer_link; DROP TABLE heartbeat; DROP TABLE reminder;
         DROP TABLE maintenance; DROP TABLE muted;
         DROP TABLE contact; DROP TABLE waiting_alert;
         DROP TABLE evidence; DROP TABLE involved; DROP TABLE follow_up; DROP TABLE publication;
         DROP TABLE self_test; DROP TABLE history_day; DROP TRIGGER history_day_of_new;
         DROP TRIGGER history_day_of_changed;
         DELETE FROM _sqlx_migrations WHERE version >= 9; PRAGMA user_version = 8;",
    )
    .unwrap();
    conn.execute_batch(super::super::lists::old_triggers().0).unwrap();
    for line in lines {
        conn.execute("INSERT INTO foreign_record (before_events, body) VALUES (0, ?)", [line])
            .unwrap();
    }
}

#[tokio::test]
async fn store_of_version_8_gets_the_ledger() {
    let scene = filled().await;
    let lines = exported(&scene.store).await;
    let lines: Vec<String> = lines
        .into_iter()
        .filter(|line| {
            line.starts_with(r#"{"notification":"#) || line.starts_with(r#"{"attempt":"#)
        })
        .collect();
    assert_eq!(lines.len(), 5);
    let before = stored(&scene.path);
    let Scene { _folder, path, store, start, .. } = scene;
    store.close().await;
    make_version_8(&path, &lines);
    let store = open(&path).await;
    let [sent, sending, waiting] = <[_; 3]>::try_from(stored(&path)).unwrap();
    assert_eq!(sent, before[0]);
    for cancelled in [sending, waiting] {
        assert_eq!((cancelled.state, cancelled.next_try), (NotificationState::Cancelled, None));
    }
    assert_eq!(attempts(&path).len(), 2);
    // Events recorded before are history.
    let unplanned = store.unplanned().await.unwrap();
    assert_eq!((unplanned.from, unplanned.to), (1, 1));
    let none = store.claim(&super::request(start + chrono::Duration::minutes(10))).await.unwrap();
    assert_eq!(none, <_>::default());
    store.close().await;
    assert_eq!(doctor::examine(&path).await.unwrap().findings, []);
    let conn = Connection::open(&path).unwrap();
    let foreign: i64 =
        conn.query_row("SELECT count(*) FROM foreign_record", [], |row| row.get(0)).unwrap();
    assert_eq!(foreign, 0);
}

//! Notifications are planned once for each call of a level.

use chrono::{Duration, Utc};
use redphone::backend::file::FileStore;
use redphone::backend::{Backend, Claimed, Ledger, Plan, Unplanned};
use redphone::model::notification::{Notification, NotificationState};
use redphone::model::status::Role;
use redphone::model::{EventBody, IncidentCommand, IncidentId, PersonRef, Priority};
use rusqlite::Connection;

use super::super::fixtures::{ask, declared_event, event, import, open, options, record};
use super::{Scene, page, stored};
use crate::support::requests::ines;

fn escalate(level: u8) -> IncidentCommand {
    let reason = Some("it gets worse".to_owned());
    IncidentCommand::Escalate {
        level,
        to: vec![ines()],
        reason,
        automatic: None,
        all_must_acknowledge: false,
    }
}

async fn unplanned(scene: &Scene) -> Unplanned {
    scene.store.unplanned().await.unwrap()
}

#[tokio::test]
async fn new_store_has_nothing_to_plan() {
    let scene = Scene::new().await;
    let unplanned = unplanned(&scene).await;
    assert_eq!((unplanned.from, unplanned.to, unplanned.has_more), (0, 1, false));
    assert_eq!(unplanned.calls, []);
    assert_eq!(scene.claim(0).await, Claimed::default());
}

#[tokio::test]
async fn calls_of_levels_are_returned_until_they_are_planned() {
    let scene = Scene::new().await;
    scene.execute(escalate(1)).await;
    // The text of another event does not count.
    let text = r#"{"kind":"escalated"}"#.to_owned();
    scene.execute(IncidentCommand::AddNote { text }).await;
    let first = unplanned(&scene).await;
    let [(event, row)] = first.calls.as_slice() else { panic!("{first:?}") };
    assert!(matches!(&event.body, EventBody::Escalated { level: 1, .. }), "{event:?}");
    assert_eq!((row.id, row.escalation), (scene.incident, 1));
    assert_eq!((first.from, first.to), (0, 3));
    assert_eq!(unplanned(&scene).await, first, "reading plans nothing");
    let plan = Plan { from: 0, to: 3, notifications: vec![scene.page()] };
    assert!(scene.store.plan(&plan).await.unwrap());
    let after = unplanned(&scene).await;
    assert_eq!((after.from, after.to, after.calls), (3, 3, Vec::new()));
    assert_eq!(stored(&scene.path), plan.notifications);
}

#[tokio::test]
async fn two_programs_plan_a_call_once() {
    let scene = Scene::new().await;
    let other = open(&scene.path).await;
    scene.execute(escalate(1)).await;
    let (one, two) = (unplanned(&scene).await, other.unplanned().await.unwrap());
    assert_eq!(one, two);
    let plan = Plan { from: one.from, to: one.to, notifications: vec![scene.page()] };
    assert!(scene.store.plan(&plan).await.unwrap());
    assert!(!other.plan(&plan).await.unwrap());
    assert_eq!(stored(&scene.path).len(), 1);
    assert_eq!(other.unplanned().await.unwrap().calls, []);
}

#[tokio::test]
async fn contact_used_twice_has_two_notifications() {
    let scene = Scene::new().await;
    let first = scene.page();
    let later = |seconds| Notification {
        event: first.event,
        earlier_uses: 1,
        ..page(scene.incident, "phone", scene.at(seconds))
    };
    let second = later(300);
    scene.plan(&[first.clone(), second.clone(), later(400)]).await;
    assert_eq!(stored(&scene.path), [first, second]);
}

#[tokio::test]
async fn notification_of_the_same_event_is_stored_once() {
    let scene = Scene::new().await;
    let first = scene.page();
    let mut same = scene.page();
    same.event = first.event;
    let mut other_contact = page(scene.incident, "sms", scene.start);
    other_contact.event = first.event;
    scene.plan(&[first.clone(), same, other_contact.clone()]).await;
    assert_eq!(stored(&scene.path), [first, other_contact]);
}

#[tokio::test]
async fn events_without_calls_cost_no_write() {
    let scene = Scene::new().await;
    scene.plan(&[]).await;
    assert_eq!(unplanned(&scene).await.to, 0, "what was seen is remembered");
    let planned = || -> i64 {
        let conn = Connection::open(&scene.path).unwrap();
        conn.query_row("SELECT log FROM notification_plan", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(planned(), 0);
    // Another program finds later ones nevertheless.
    scene.execute(escalate(1)).await;
    assert_eq!(unplanned(&scene).await.calls.len(), 1);
    let other = open(&scene.path).await;
    assert_eq!(other.unplanned().await.unwrap().calls.len(), 1);
}

#[tokio::test]
async fn calls_of_more_than_a_day_ago_are_history() {
    let scene = Scene::new().await;
    scene.execute(escalate(1)).await;
    let conn = Connection::open(&scene.path).unwrap();
    let day_ago = (Utc::now() - Duration::hours(24) - Duration::seconds(1)).timestamp_millis();
    conn.execute("UPDATE event SET recorded = ?", [day_ago]).unwrap();
    let unplanned = unplanned(&scene).await;
    assert_eq!((unplanned.to, unplanned.calls), (2, Vec::new()));
}

#[tokio::test]
async fn one_read_covers_a_bounded_part_of_the_log() {
    let scene = Scene::new().await;
    let incident = IncidentId::new();
    let mut records = vec![record(&declared_event(incident, None, "Images are missing"))];
    for seq in 2..=6000 {
        let body = EventBody::NoteAdded { text: "looking into it".into() };
        records.push(record(&event(incident, seq, body)));
    }
    import(&scene.store, &records).await;
    // As if they had happened in this store.
    let conn = Connection::open(&scene.path).unwrap();
    conn.execute_batch("DELETE FROM notification_plan WHERE id > 1").unwrap();
    conn.execute_batch("UPDATE notification_plan SET log = 0").unwrap();
    scene.execute(escalate(1)).await;
    let first = unplanned(&scene).await;
    assert_eq!((first.from, first.to, first.has_more), (0, 5000, true));
    let plan = Plan { from: 0, to: 5000, notifications: Vec::new() };
    assert!(scene.store.plan(&plan).await.unwrap());
    let second = unplanned(&scene).await;
    assert_eq!((second.from, second.has_more, second.calls.len()), (5000, false, 1));
}

#[tokio::test]
async fn nobody_is_notified_of_imported_events() {
    let scene = Scene::new().await;
    scene.execute(escalate(1)).await;
    let incident = IncidentId::new();
    let body = EventBody::Escalated {
        level: 1,
        to: vec![ines()],
        reason: None,
        automatic: None,
        all_must_acknowledge: false,
    };
    let imported = [declared_event(incident, None, "Images are missing"), event(incident, 2, body)];
    import(&scene.store, &imported.map(|event| record(&event))).await;
    // The call before the import is still to be planned, and one after it too.
    scene.execute(escalate(2)).await;
    let found = unplanned(&scene).await;
    let incidents: Vec<_> = found.calls.iter().map(|(event, _)| event.incident).collect();
    assert_eq!((incidents, found.to), (vec![scene.incident; 2], 5));
    let plan = Plan { from: found.from, to: found.to, notifications: vec![scene.page()] };
    assert!(scene.store.plan(&plan).await.unwrap());
    let conn = Connection::open(&scene.path).unwrap();
    let rows: i64 =
        conn.query_row("SELECT count(*) FROM notification_plan", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 1);
}

#[tokio::test]
async fn final_notifications_are_bounded_and_waiting_ones_stay() {
    let scene = Scene::new().await;
    let waiting = scene.page();
    scene.plan(std::slice::from_ref(&waiting)).await;
    let conn = Connection::open(&scene.path).unwrap();
    conn.execute_batch(
        "INSERT INTO notification (id, event, incident, person, contact, channel, state, planned,
            fence, body)
            WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100010)
            SELECT randomblob(16), randomblob(16), (SELECT key FROM incident), 'ines', 'phone',
                'ntfy', 2, 0, 1, '{}' FROM n;
         INSERT INTO attempt (notification, number, body)
            SELECT id, 1, '{}' FROM notification WHERE state = 2",
    )
    .unwrap();
    scene.plan(&[page(scene.incident, "sms", scene.start)]).await;
    let count = |sql: &str| -> i64 { conn.query_row(sql, [], |row| row.get(0)).unwrap() };
    let finals = count("SELECT count(*) FROM notification WHERE state >= 2");
    assert_eq!(finals, 99_999);
    assert_eq!(count("SELECT count(*) FROM attempt"), finals);
    assert_eq!(count("SELECT count(*) FROM notification WHERE state = 0"), 2);
    assert_eq!(count("SELECT min(position) FROM notification"), 1);
}

#[tokio::test]
async fn person_without_contact_is_stored_as_unreachable() {
    let scene = Scene::new().await;
    let mut nobody = page(scene.incident, "", scene.start);
    (nobody.channel, nobody.state, nobody.next_try) =
        (String::new(), NotificationState::Unreachable, None);
    nobody.reason = Some("ines has no contact".into());
    scene.plan(std::slice::from_ref(&nobody)).await;
    assert_eq!(stored(&scene.path), [nobody]);
    assert_eq!(scene.claim(0).await.next, None);
}

#[tokio::test]
async fn store_that_is_only_read_plans_nothing() {
    let scene = Scene::new().await;
    let store = FileStore::open_read_only(&scene.path, options()).await.unwrap();
    assert_eq!(store.unplanned().await.unwrap().to, 1);
    let plan = Plan { from: 0, to: 1, notifications: vec![scene.page()] };
    let error = store.plan(&plan).await.unwrap_err();
    assert!(!error.is_temporary() && error.to_string().contains("read-only"), "{error}");
    assert_eq!(store.release_dead(scene.start).await.unwrap(), 0);
}

#[tokio::test]
async fn stakeholders_learn_of_changes_and_not_of_repetitions() {
    let scene = Scene::new().await;
    let before = scene.store.incident(scene.incident).await.unwrap().incident.summary;
    let priority = if before.priority == Priority::P1 { Priority::P2 } else { Priority::P1 };
    let reason = || "the board wants it".to_owned();
    scene.execute(IncidentCommand::OverridePriority { priority, reason: reason() }).await;
    let expected = Some(scene.start + Duration::hours(2));
    scene.execute(IncidentCommand::SetExpectedRecovery { at: expected }).await;
    let person = PersonRef::new("ines", "Ines Moreau");
    scene.execute(IncidentCommand::AskForRole { role: Role::Scribe, person }).await;
    let calls = unplanned(&scene).await.calls;
    let kinds: Vec<&str> = calls.iter().map(|(event, _)| event.body.kind()).collect();
    assert_eq!(kinds, ["prioritized", "expected_recovery_set", "role_requested"]);
    let again = "the board still wants it".to_owned();
    let command = IncidentCommand::OverridePriority { priority, reason: again };
    // It may be refused as well; then there is nothing to learn of it either.
    scene.store.execute(&ask(scene.incident, command)).await.ok();
    assert_eq!(unplanned(&scene).await.calls.len(), 3);
}

//! Alerts of monitoring in a store: one incident for a group, rows for its alerts.

use redphone::backend::file::{FileStore, RecordProblem, ReopeningStore, doctor};
use redphone::backend::record::Record;
use redphone::backend::{Backend, BackendError, IngestEffect, IngestOutcome, TimelineRange};
use redphone::model::alert::{Alert, AlertCounts, AlertGroup, AlertState};
use redphone::model::status::Classification;
use redphone::model::{
    Actor, Event, EventBody, IncidentCommand, IncidentId, Priority, Status, Summary,
};
use rstest::rstest;
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use super::fixtures::{ask, bad, declared, exported, import, open, options};
use crate::support::alerts::{alert, group, message};

struct Scene {
    folder: TempDir,
    store: FileStore,
}

fn sender() -> Actor {
    Actor::Integration("Alertmanager".into())
}

impl Scene {
    async fn new() -> Self {
        let folder = tempdir().unwrap();
        let store = open(&folder.path().join("store.db")).await;
        Self { folder, store }
    }

    /// Stores a message about the group `disks`.
    async fn send(&self, alerts: &[Value]) -> IngestOutcome {
        self.send_message(&message("disks", alerts)).await
    }

    async fn send_message(&self, message: &Value) -> IngestOutcome {
        self.store.ingest(&group(message), &sender()).await.unwrap()
    }

    async fn row(&self, id: IncidentId) -> Summary {
        self.store.incident(id).await.unwrap().incident.summary
    }

    async fn status(&self, id: IncidentId) -> Status {
        self.row(id).await.status
    }

    async fn alerts(&self, id: IncidentId) -> Vec<Alert> {
        self.store.alerts(id, 100).await.unwrap()
    }

    async fn timeline(&self, id: IncidentId) -> Vec<Event> {
        self.store.timeline(id, TimelineRange::After(0)).await.unwrap()
    }

    async fn ask(&self, id: IncidentId, command: IncidentCommand) {
        self.store.execute(&ask(id, command)).await.unwrap();
    }

    /// Returns how many incidents and alerts there are.
    fn counts(&self) -> (u64, u64) {
        let conn = Connection::open(self.folder.path().join("store.db")).unwrap();
        let count = |table: &str| {
            let sql = format!("SELECT count(*) FROM {table}");
            conn.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap().try_into().unwrap()
        };
        (count("incident"), count("alert"))
    }
}

fn counts(received: u32) -> AlertCounts {
    AlertCounts { received, ..AlertCounts::default() }
}

#[tokio::test]
async fn group_that_fires_declares_an_incident_once() {
    let scene = Scene::new().await;
    let first = scene.send(&[alert("db1", "09:00", None)]).await;
    let id = first.incident.unwrap();
    assert_eq!((first.effect, first.number.unwrap().0), (IngestEffect::Declared, 1));
    assert_eq!(first.alerts, AlertCounts { new: 1, ..counts(1) });
    let row = scene.row(id).await;
    assert_eq!((row.title.as_str(), row.status), ("The disk of db1 is full", Status::Triggered));
    assert_eq!((row.services, row.priority), (vec!["checkout".to_owned()], Priority::P3));
    for round in 2..=4 {
        let again = scene.send(&[alert("db1", "09:00", None)]).await;
        assert_eq!((again.effect, again.incident), (IngestEffect::Unchanged, Some(id)));
        assert_eq!(again.alerts, AlertCounts { repeated: 1, ..counts(1) });
        let rows = scene.alerts(id).await;
        assert_eq!((rows.len(), rows[0].count, rows[0].state), (1, round, AlertState::Firing));
        assert!(rows[0].last_at >= rows[0].first_at);
    }
    assert_eq!(scene.timeline(id).await.len(), 1, "repeats add no event");
    assert_eq!(scene.timeline(id).await[0].actor, sender());
    assert_eq!(scene.counts(), (1, 1));
}

#[tokio::test]
async fn alert_that_fires_again_is_no_other_alert() {
    let scene = Scene::new().await;
    let id = scene.send(&[alert("db1", "09:00", None)]).await.incident.unwrap();
    scene.ask(id, IncidentCommand::Acknowledge).await;
    for (starts, ends) in [("09:10", "09:20"), ("09:30", "09:40")] {
        scene.send(&[alert("db1", starts, Some(ends))]).await;
        let again = scene.send(&[alert("db1", ends, None)]).await;
        assert_eq!((again.alerts.again, again.incident), (1, Some(id)));
        assert_eq!(scene.row(id).await.alerts, 1, "{starts}");
    }
    let mut worse = alert("db1", "09:40", None);
    worse["labels"]["severity"] = json!("critical");
    scene.send(&[worse.clone()]).await;
    assert_eq!((scene.row(id).await.priority, scene.row(id).await.alerts), (Priority::P1, 1));
    // One that is new among them counts.
    worse["labels"]["severity"] = json!("page");
    scene.send(&[worse, alert("db2", "09:41", None)]).await;
    assert_eq!(scene.row(id).await.alerts, 2);
    assert_eq!(scene.alerts(id).await.len(), 2);
    let counts: Vec<Option<u32>> = scene
        .timeline(id)
        .await
        .iter()
        .filter_map(|event| match event.body {
            EventBody::AlertRepeated { count, .. } => Some(count),
            _ => None,
        })
        .collect();
    assert_eq!(counts, [Some(0), Some(0), Some(0), None]);
}

#[tokio::test]
async fn incident_that_a_rule_holds_is_snoozed_and_ends() {
    let scene = Scene::new().await;
    let mut sent = group(&message("disks", &[alert("db1", "09:00", None)]));
    sent.overrides.hold_s = Some(120);
    let first = scene.store.ingest(&sent, &sender()).await.unwrap();
    assert_eq!(first.effect, IngestEffect::Declared);
    let row = scene.row(first.incident.unwrap()).await;
    let snoozed_s = (row.snoozed_until.unwrap() - row.reported_at).num_seconds();
    assert!((119..=121).contains(&snoozed_s), "{snoozed_s}");
    let again = scene.store.ingest(&sent, &sender()).await.unwrap();
    assert_eq!(again.effect, IngestEffect::Unchanged);
    let ended = scene.send(&[alert("db1", "09:00", Some("09:01"))]).await;
    assert_eq!(ended.effect, IngestEffect::Resolved);
}

#[tokio::test]
async fn hold_lasts_until_an_alert_is_more_severe() {
    let scene = Scene::new().await;
    let send = async |alerts: &[Value]| {
        let mut sent = group(&message("disks", alerts));
        sent.overrides.hold_s = Some(120);
        scene.store.ingest(&sent, &sender()).await.unwrap()
    };
    let id = send(&[alert("db1", "09:00", None)]).await.incident.unwrap();
    let until = scene.row(id).await.snoozed_until;
    assert!(until.is_some());
    let added = send(&[alert("db1", "09:00", None), alert("db2", "09:01", None)]).await;
    assert_eq!((added.effect, added.incident), (IngestEffect::Added, Some(id)));
    assert_eq!((scene.row(id).await.alerts, scene.row(id).await.snoozed_until), (2, until));
    let mut worse = alert("db3", "09:02", None);
    worse["labels"]["severity"] = json!("critical");
    send(&[worse]).await;
    assert_eq!(
        (scene.row(id).await.priority, scene.row(id).await.snoozed_until),
        (Priority::P1, None)
    );
    // A snooze by people ends with any news.
    let until = scene.row(id).await.reported_at + chrono::TimeDelta::hours(1);
    scene.ask(id, IncidentCommand::Snooze { until }).await;
    send(&[alert("db4", "09:03", None)]).await;
    assert_eq!(scene.row(id).await.snoozed_until, None);
}

#[tokio::test]
async fn two_members_of_a_cluster_open_one_incident() {
    let scene = Scene::new().await;
    let other = open(&scene.folder.path().join("store.db")).await;
    let sent =
        group(&message("disks", &[alert("db1", "09:00", None), alert("db2", "09:01", None)]));
    let (actor, mut outcomes) = (sender(), Vec::new());
    let (one, two) = tokio::join!(scene.store.ingest(&sent, &actor), other.ingest(&sent, &actor));
    outcomes.extend([one.unwrap(), two.unwrap()]);
    outcomes.sort_by_key(|outcome| outcome.effect);
    assert_eq!(outcomes[0].effect, IngestEffect::Declared);
    assert_eq!(outcomes[1].effect, IngestEffect::Unchanged);
    assert_eq!(outcomes[0].incident, outcomes[1].incident);
    assert_eq!(scene.counts(), (1, 2));
    assert!(scene.alerts(outcomes[0].incident.unwrap()).await.iter().all(|one| one.count == 2));
    other.close().await;
}

/// Two members of a cluster send the same in their own order. A late message of one changes
/// nothing, and an alert that one does not know yet is not ended by it.
#[rstest]
#[case::one_after_the_other(
    &[("a fires", true), ("a fires", true), ("a ends", false), ("a ends", false)], (1, 1)
)]
#[case::one_is_late(
    &[("a fires", true), ("a ends", false), ("a fires", false), ("a ends", false)], (1, 1)
)]
#[case::one_has_less(
    &[("both fire", true), ("a fires", true), ("a ends", true), ("both end", false)], (1, 2)
)]
#[case::one_has_more(
    &[("a fires", true), ("both fire", true), ("both end", false), ("a ends", false)], (1, 2)
)]
#[case::one_comes_after_the_end(
    &[("both fire", true), ("both end", false), ("a fires", false), ("both fire", false)], (1, 2)
)]
#[tokio::test]
async fn members_of_a_cluster_agree_in_the_end(
    #[case] messages: &[(&str, bool)],
    #[case] expected: (u64, u64),
) {
    let scene = Scene::new().await;
    let mut incident = None;
    for (text, is_open) in messages {
        let names = if text.starts_with("both") { vec!["db1", "db2"] } else { vec!["db1"] };
        let ends = text.contains("end").then_some("09:30");
        let alerts: Vec<Value> = names.iter().map(|name| alert(name, "09:00", ends)).collect();
        let outcome = scene.send(&alerts).await;
        incident = incident.or(outcome.incident);
        assert_eq!(scene.status(incident.unwrap()).await.is_open(), *is_open, "{text}");
    }
    assert_eq!(scene.counts(), expected);
    let alerts = scene.alerts(incident.unwrap()).await;
    assert!(alerts.iter().all(|alert| alert.state == AlertState::Resolved));
}

#[tokio::test]
async fn new_alert_is_counted_once_and_raises_the_priority() {
    let scene = Scene::new().await;
    let id = scene.send(&[alert("db1", "09:00", None)]).await.incident.unwrap();
    let mut worse = alert("db2", "09:05", None);
    worse["labels"]["severity"] = json!("critical");
    for round in 0..2 {
        let outcome = scene.send(&[alert("db1", "09:00", None), worse.clone()]).await;
        let expected = if round == 0 { IngestEffect::Added } else { IngestEffect::Unchanged };
        assert_eq!((outcome.effect, outcome.incident), (expected, Some(id)));
    }
    let events = scene.timeline(id).await;
    let texts: Vec<&str> = events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::AlertRepeated { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(texts, ["The disk of db2 is full"]);
    assert_eq!((scene.row(id).await.priority, scene.row(id).await.alerts), (Priority::P1, 2));
    assert_eq!(scene.alerts(id).await.len(), 2);
}

#[tokio::test]
async fn many_new_alerts_of_a_message_share_an_event() {
    let scene = Scene::new().await;
    let id = scene.send(&[alert("db0", "09:00", None)]).await.incident.unwrap();
    let many: Vec<Value> = (1..=300).map(|n| alert(&format!("db{n}"), "09:00", None)).collect();
    assert_eq!(scene.send(&many).await.alerts, AlertCounts { new: 300, ..counts(300) });
    let events = scene.timeline(id).await;
    assert_eq!(events.len(), 2);
    assert!(events[1].detail().contains("(and 299 more)"), "{}", events[1].detail());
    assert_eq!(scene.counts(), (1, 301));
    assert_eq!(scene.store.alerts(id, 1000).await.unwrap().len(), 301);
    assert_eq!(scene.store.incident(id).await.unwrap().alert_rows.len(), 100);
}

#[tokio::test]
async fn incident_is_resolved_when_its_last_alert_is() {
    let scene = Scene::new().await;
    let both = [alert("db1", "09:00", None), alert("db2", "09:00", None)];
    let id = scene.send(&both).await.incident.unwrap();
    let one = scene.send(&[alert("db1", "09:00", Some("09:30")), both[1].clone()]).await;
    assert_eq!(
        (one.effect, one.alerts),
        (IngestEffect::Unchanged, AlertCounts { repeated: 1, resolved: 1, ..counts(2) })
    );
    assert_eq!(scene.status(id).await, Status::Triggered);
    // An alert that is missing in a message is not resolved by that.
    let last = scene.send(&[alert("db2", "09:00", Some("09:40"))]).await;
    assert_eq!((last.effect, last.incident), (IngestEffect::Resolved, Some(id)));
    assert_eq!(scene.status(id).await, Status::Resolved);
    let events = scene.timeline(id).await;
    assert_eq!((events.len(), &events[1].actor), (2, &sender()));
    assert!(events[1].detail().contains("its 2 alerts are all resolved"), "{}", events[1].detail());
    assert!(scene.alerts(id).await.iter().all(|alert| alert.state == AlertState::Resolved));
}

#[rstest]
#[case::left_out_some(json!({"truncatedAlerts": 1}))]
#[case::group_still_fires(json!({"status": "firing"}))]
#[tokio::test]
async fn incomplete_message_resolves_nothing(#[case] changed: Value) {
    let scene = Scene::new().await;
    let id = scene.send(&[alert("db1", "09:00", None)]).await.incident.unwrap();
    let mut incomplete = message("disks", &[alert("db1", "09:00", Some("09:30"))]);
    for (name, value) in changed.as_object().unwrap() {
        incomplete[name] = value.clone();
    }
    let outcome = scene.send_message(&incomplete).await;
    assert_eq!((outcome.effect, outcome.alerts.resolved), (IngestEffect::Unchanged, 1));
    assert_eq!(scene.status(id).await, Status::Triggered);
}

#[tokio::test]
async fn incident_that_is_worked_on_is_moved_to_monitoring() {
    let scene = Scene::new().await;
    let id = scene.send(&[alert("db1", "09:00", None)]).await.incident.unwrap();
    scene.ask(id, IncidentCommand::Acknowledge).await;
    let ended = scene.send(&[alert("db1", "09:00", Some("09:30"))]).await;
    assert_eq!(ended.effect, IngestEffect::Monitoring);
    assert_eq!(scene.status(id).await, Status::Monitoring);
    let moved = scene.timeline(id).await.pop().unwrap();
    assert_eq!(moved.because.as_deref(), Some("all its alerts were reported as resolved"));
    // It is reported again, and fires again.
    let repeated = scene.send(&[alert("db1", "09:00", Some("09:30"))]).await;
    assert_eq!((repeated.effect, repeated.alerts.ignored), (IngestEffect::Unchanged, 1));
    let again = scene.send(&[alert("db1", "10:00", None)]).await;
    assert_eq!((again.effect, again.incident), (IngestEffect::Added, Some(id)));
    assert_eq!(again.alerts, AlertCounts { again: 1, ..counts(1) });
    // It is back where people had brought it.
    let timeline = scene.timeline(id).await;
    let [.., event, moved] = &timeline[..] else { panic!("there are events") };
    assert!(event.detail().contains("fires again: The disk of db1 is full"), "{}", event.detail());
    assert_eq!(moved.body, EventBody::MoveUndone { to: Status::Acknowledged });
    let row = scene.store.incident(id).await.unwrap().incident.summary;
    assert_eq!((row.status, row.acknowledged_at.is_some()), (Status::Acknowledged, true));
    // An incident that people have moved to monitoring themselves stays in monitoring.
    scene.ask(id, IncidentCommand::MoveStatus { to: Status::Monitoring }).await;
    scene.send(&[alert("db1", "10:00", Some("10:30"))]).await;
    scene.send(&[alert("db1", "11:00", None)]).await;
    assert_eq!(scene.status(id).await, Status::Monitoring);
    assert_eq!(scene.counts(), (1, 1));
}

#[tokio::test]
async fn alert_in_another_group_stays_in_its_incident() {
    let scene = Scene::new().await;
    let of = |instance: &str, print: &str, starts: &str, ends: Option<&str>| {
        let mut alert = alert(instance, starts, ends);
        alert["fingerprint"] = json!(print);
        alert
    };
    let db1 = |starts: &str, ends: Option<&str>| of("db1", "00000000000000a1", starts, ends);
    let db2 = of("db2", "00000000000000a2", "09:30", None);
    let send = async |name: &str, alerts: &[Value]| {
        scene.store.ingest(&group(&message(name, alerts)), &sender()).await.unwrap()
    };
    let first = send("before", &[db1("09:00", None)]).await.incident.unwrap();
    // Somebody has changed the routes, and another alert fires since.
    let after = send("after", &[db1("09:00", None), db2.clone()]).await;
    assert_eq!((after.alerts.repeated, after.alerts.new), (1, 1));
    assert_eq!(scene.counts(), (2, 2));
    let ended = send("after", &[db1("09:00", Some("09:40")), db2]).await;
    assert_eq!(ended.alerts.resolved, 1);
    assert_eq!(scene.status(first).await, Status::Resolved);
    assert_eq!(scene.counts(), (2, 2));
    // Another firing is no alert of the same incident.
    send("third", &[db1("10:00", None)]).await;
    let other = send("fourth", &[db1("10:10", None)]).await;
    assert_eq!((other.effect, scene.counts()), (IngestEffect::Declared, (4, 4)));
}

#[rstest]
#[case(&["A", "C", "A", "C"], "B")]
#[case(&["P", "Q", "R", "P"], "Q")]
#[tokio::test]
async fn alert_of_two_groups_is_one_in_the_next(#[case] groups: &[&str], #[case] next: &str) {
    let scene = Scene::new().await;
    let of = |instance: &str, print: &str, ends: Option<&str>| {
        let mut alert = alert(instance, "09:00", ends);
        alert["fingerprint"] = json!(print);
        alert
    };
    let db1 = |ends: Option<&str>| of("db1", "00000000000000a1", ends);
    let db2 = of("db2", "00000000000000a2", None);
    let mut first = None;
    for name in groups {
        first = first.or(scene.send_message(&message(name, &[db1(None)])).await.incident);
    }
    let first = first.unwrap();
    assert_eq!((scene.alerts(first).await.len(), scene.counts()), (2, (1, 2)));
    let outcome = scene.send_message(&message(next, &[db1(None), db2.clone()])).await;
    assert_eq!((outcome.alerts.repeated, outcome.alerts.new), (1, 1));
    assert_eq!((scene.alerts(first).await.len(), scene.counts()), (1, (2, 2)));
    scene.send_message(&message(next, &[db1(Some("09:40")), db2])).await;
    assert_eq!(scene.status(first).await, Status::Resolved);
}

#[tokio::test]
async fn late_firing_is_ignored_and_a_new_one_declares_again() {
    let scene = Scene::new().await;
    let first = scene.send(&[alert("db1", "09:00", None)]).await.incident.unwrap();
    scene.send(&[alert("db1", "09:00", Some("09:30"))]).await;
    let late = scene.send(&[alert("db1", "09:00", None)]).await;
    assert_eq!((late.effect, late.incident), (IngestEffect::Unchanged, None));
    assert_eq!(late.alerts, AlertCounts { ignored: 1, ..counts(1) });
    assert_eq!((scene.status(first).await, scene.counts()), (Status::Resolved, (1, 1)));
    let again = scene.send(&[alert("db1", "10:00", None)]).await;
    assert_eq!(again.effect, IngestEffect::Declared);
    assert_ne!(again.incident, Some(first));
    assert_eq!(scene.counts(), (2, 2));
    assert_eq!(scene.alerts(first).await[0].state, AlertState::Resolved);
    // A late one is late for the newer incident, too.
    let late = scene.send(&[alert("db1", "09:00", Some("09:30"))]).await;
    assert_eq!((late.effect, late.alerts.ignored), (IngestEffect::Unchanged, 1));
}

#[tokio::test]
async fn alert_that_fires_after_people_resolved_declares_again() {
    let scene = Scene::new().await;
    let id = scene.send(&[alert("db1", "09:00", None)]).await.incident.unwrap();
    let (to, reason) = (Classification::FalseAlarm, "a test".into());
    scene.ask(id, IncidentCommand::Reclassify { to, reason }).await;
    let again = scene.send(&[alert("db1", "09:00", None)]).await;
    assert_eq!(again.effect, IngestEffect::Declared);
    assert_ne!(again.incident, Some(id));
    // Only open incidents end.
    let ended = scene.send(&[alert("db1", "09:00", Some("09:30"))]).await;
    assert_eq!((ended.effect, ended.incident), (IngestEffect::Resolved, again.incident));
}

#[tokio::test]
async fn reopened_incident_is_not_resolved_by_a_repetition() {
    let scene = Scene::new().await;
    let id = scene.send(&[alert("db1", "09:00", None)]).await.incident.unwrap();
    let end = [alert("db1", "09:00", Some("09:30"))];
    assert_eq!(scene.send(&end).await.effect, IngestEffect::Resolved);
    scene.ask(id, IncidentCommand::Reopen { reason: "still slow".into() }).await;
    assert_eq!(scene.send(&end).await.effect, IngestEffect::Unchanged);
    assert!(scene.status(id).await.is_open());
}

#[tokio::test]
async fn alerts_follow_an_incident_that_is_merged() {
    let scene = Scene::new().await;
    let person = declared(&scene.store, "Cards fail").await;
    let id = scene.send(&[alert("db1", "09:00", None)]).await.incident.unwrap();
    scene.ask(id, IncidentCommand::Merge { into: person }).await;
    let repeated = scene.send(&[alert("db1", "09:00", None)]).await;
    assert_eq!((repeated.incident, repeated.alerts.repeated), (Some(person), 1));
    assert_eq!((scene.alerts(id).await.len(), scene.alerts(person).await.len()), (0, 1));
    assert_eq!(scene.alerts(person).await[0].incident, person);
    // People have declared it, and they end it.
    let ended = scene.send(&[alert("db1", "09:00", Some("09:30"))]).await;
    assert_eq!((ended.effect, ended.alerts.resolved), (IngestEffect::Unchanged, 1));
    assert_eq!(scene.status(person).await, Status::Triggered);
}

#[tokio::test]
async fn incident_is_open_while_an_alert_of_a_merged_one_fires() {
    let scene = Scene::new().await;
    let names = ["disks", "pools", "racks"];
    let mut ids = Vec::new();
    for name in names {
        let outcome = scene.send_message(&message(name, &[alert(name, "09:00", None)])).await;
        ids.push(outcome.incident.unwrap());
    }
    scene.ask(ids[0], IncidentCommand::Merge { into: ids[1] }).await;
    scene.ask(ids[1], IncidentCommand::Merge { into: ids[2] }).await;
    // Those of the merged ones were not reported since: they still fire.
    for (name, expected) in [
        ("racks", IngestEffect::Unchanged),
        ("pools", IngestEffect::Unchanged),
        ("disks", IngestEffect::Resolved),
    ] {
        let ended = [alert(name, "09:00", Some("09:30"))];
        let outcome = scene.send_message(&message(name, &ended)).await;
        assert_eq!((outcome.effect, outcome.incident), (expected, Some(ids[2])), "{name}");
        assert_eq!(outcome.alerts.resolved, 1, "{name}");
    }
    assert_eq!(scene.status(ids[2]).await, Status::Resolved);
}

#[tokio::test]
async fn alert_of_another_sender_may_be_the_last_that_ends() {
    let scene = Scene::new().await;
    let of_grafana = |ends: Option<&str>| {
        let group = group(&message("pools", &[alert("pool1", "09:00", ends)]));
        AlertGroup { source: "grafana".into(), key: "grafana:pools".into(), ..group }
    };
    let id = scene.send(&[alert("db1", "09:00", None)]).await.incident.unwrap();
    let other = scene.store.ingest(&of_grafana(None), &sender()).await.unwrap().incident.unwrap();
    assert_ne!(other, id);
    scene.ask(other, IncidentCommand::Merge { into: id }).await;
    let ended = scene.send(&[alert("db1", "09:00", Some("09:30"))]).await;
    assert_eq!((ended.effect, ended.incident), (IngestEffect::Unchanged, Some(id)));
    let ended = scene.store.ingest(&of_grafana(Some("09:40")), &sender()).await.unwrap();
    assert_eq!((ended.effect, ended.incident), (IngestEffect::Resolved, Some(id)));
    assert_eq!(scene.status(id).await, Status::Resolved);
}

#[rstest]
#[case::only_one(&[], IngestEffect::Resolved, Status::Resolved)]
#[case::another_one_fires(&["db2"], IngestEffect::Declared, Status::Triggered)]
#[tokio::test]
async fn alert_may_begin_and_end_in_one_message(
    #[case] others: &[&str],
    #[case] effect: IngestEffect,
    #[case] status: Status,
) {
    let scene = Scene::new().await;
    let mut alerts = vec![alert("db1", "09:00", None), alert("db1", "09:00", Some("09:05"))];
    alerts.extend(others.iter().map(|name| alert(name, "09:00", None)));
    // As a batch of events has them, without a state of all of them together.
    let group = AlertGroup { is_firing: None, ..group(&message("disks", &alerts)) };
    let outcome = scene.store.ingest(&group, &sender()).await.unwrap();
    assert_eq!((outcome.effect, outcome.alerts.resolved), (effect, 1));
    let id = outcome.incident.unwrap();
    assert_eq!(scene.status(id).await, status);
    assert_eq!(scene.alerts(id).await.len(), 1 + others.len());
}

#[tokio::test]
async fn groups_are_incidents_of_their_own() {
    let scene = Scene::new().await;
    let mut ids = Vec::new();
    for name in ["disks", "pools"] {
        ids.push(scene.send_message(&message(name, &[alert("db1", "09:00", None)])).await.incident);
    }
    assert_ne!(ids[0], ids[1]);
    scene.send(&[alert("db1", "09:00", Some("09:30"))]).await;
    assert_eq!(scene.status(ids[0].unwrap()).await, Status::Resolved);
    assert_eq!(scene.status(ids[1].unwrap()).await, Status::Triggered);
}

#[tokio::test]
async fn message_without_alerts_changes_nothing() {
    let scene = Scene::new().await;
    let outcome = scene.send(&[]).await;
    assert_eq!((outcome.effect, outcome.incident), (IngestEffect::Unchanged, None));
    let outcome = scene.send(&[alert("db1", "09:00", Some("09:30"))]).await;
    assert_eq!((outcome.incident, outcome.alerts.ignored), (None, 1));
    assert_eq!(scene.counts(), (0, 0));
}

#[tokio::test]
async fn alerts_survive_export_import_and_doctor() {
    let scene = Scene::new().await;
    let id = scene.send(&[alert("db1", "09:00", None)]).await.incident.unwrap();
    let lines = exported(&scene.store).await;
    let records: Vec<Record> =
        lines.iter().map(|line| Record::from_json(line.as_bytes()).unwrap()).collect();
    let path = scene.folder.path().join("copy.db");
    let copy = open(&path).await;
    for _ in 0..2 {
        import(&copy, &records).await;
        assert_eq!(copy.alerts(id, 10).await.unwrap(), scene.alerts(id).await);
    }
    // The copy continues where the other one was.
    let sent = group(&message("disks", &[alert("db1", "09:00", Some("09:30"))]));
    assert_eq!(copy.ingest(&sent, &sender()).await.unwrap().effect, IngestEffect::Resolved);
    let mut stray = scene.alerts(id).await.remove(0);
    stray.incident = IncidentId::new();
    let mut importer = copy.importer().await.unwrap();
    let refused = importer.add(Record::Alert(Box::new(stray))).await;
    assert_eq!(bad(refused), ("incident", RecordProblem::NoIncident));
    importer.commit().await.unwrap();
    copy.close().await;
    assert_eq!(doctor::examine(&path).await.unwrap().findings, []);
}

#[tokio::test]
async fn reopening_store_has_alerts_and_a_read_only_one_refuses() {
    let scene = Scene::new().await;
    let path = scene.folder.path().join("store.db");
    let lasting = ReopeningStore::new(scene.store.clone());
    let sent = group(&message("disks", &[alert("db1", "09:00", None)]));
    let id = lasting.ingest(&sent, &sender()).await.unwrap().incident.unwrap();
    assert_eq!(lasting.alerts(id, 10).await.unwrap().len(), 1);
    let reader = FileStore::open_read_only(&path, options()).await.unwrap();
    let refused = reader.ingest(&sent, &sender()).await.unwrap_err();
    assert!(matches!(refused, BackendError::NotAllowed(_)), "{refused}");
    assert_eq!(reader.alerts(id, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn store_of_version_9_gets_the_alerts_it_has_imported() {
    let scene = Scene::new().await;
    let path = scene.folder.path().join("store.db");
    let id = scene.send(&[alert("db1", "09:00", None)]).await.incident.unwrap();
    let expected = scene.alerts(id).await;
    let Scene { folder: _folder, store } = scene;
    store.close().await;
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(
        "INSERT INTO foreign_record (before_events, body)
            SELECT 0, json_object('alert', json(body)) FROM alert;
         DROP TABLE alert; DROP TABLE dead_letter; DROP TABLE answer_link; DROP TABLE heartbeat; DROP TABLE reminder;
         DROP TABLE maintenance; DROP TABLE muted;
         DROP TABLE contact; DROP TABLE waiting_alert;
         DROP TABLE evidence; DROP TABLE involved; DROP TABLE follow_up; DROP TABLE publication;
         DROP TABLE self_test; DROP TABLE history_day; DROP TRIGGER history_day_of_new;
         DROP TRIGGER history_day_of_changed;
         DELETE FROM _sqlx_migrations WHERE version >= 10;
         PRAGMA user_version = 9;",
    )
    .unwrap();
    conn.execute_batch(super::lists::old_triggers().0).unwrap();
    drop(conn);
    let old = FileStore::open_read_only(&path, options()).await.unwrap();
    assert_eq!(old.alerts(id, 10).await.unwrap(), []);
    assert_eq!(old.incident(id).await.unwrap().alert_rows, []);
    old.close().await;
    let store = open(&path).await;
    assert_eq!(store.alerts(id, 10).await.unwrap(), expected);
    let records = exported(&store).await;
    assert_eq!(records.iter().filter(|line| line.starts_with("{\"alert\":")).count(), 1);
}

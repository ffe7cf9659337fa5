//! Alerts that people move from one incident to another, or to a new one.

use redphone::backend::file::{FileStore, doctor};
use redphone::backend::{
    Backend, BackendError, IngestEffect, IngestOutcome, Missing, Outcome, TimelineRange,
};
use redphone::model::{
    Actor, Envelope, EventBody, IncidentCommand, IncidentId, Priority, Rejection, Status, Summary,
};
use rstest::rstest;
use serde_json::Value;
use tempfile::{TempDir, tempdir};

use super::fixtures::{ask, declared, exported, open};
use crate::support::alerts::{alert, group, message};

struct Scene {
    folder: TempDir,
    store: FileStore,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempdir().unwrap();
        let store = open(&folder.path().join("store.db")).await;
        Self { folder, store }
    }

    /// Returns a scene with an incident of three alerts that fire, and its id.
    async fn with_three() -> (Self, IncidentId) {
        let scene = Self::new().await;
        let outcome = scene.send(&three(None)).await;
        (scene, outcome.incident.unwrap())
    }

    async fn send(&self, alerts: &[Value]) -> IngestOutcome {
        let actor = Actor::Integration("Alertmanager".into());
        self.store.ingest(&group(&message("disks", alerts)), &actor).await.unwrap()
    }

    async fn row(&self, id: IncidentId) -> Summary {
        self.store.incident(id).await.unwrap().incident.summary
    }

    /// Returns the instances of the alerts of an incident, each with how often it was reported.
    async fn alerts(&self, id: IncidentId) -> Vec<(String, u32)> {
        let alerts = self.store.alerts(id, 100).await.unwrap();
        assert!(alerts.iter().all(|alert| alert.incident == id), "each knows its incident");
        let mut found: Vec<(String, u32)> =
            alerts.iter().map(|alert| (alert.labels["instance"].clone(), alert.count)).collect();
        found.sort();
        found
    }

    async fn bodies(&self, id: IncidentId) -> Vec<EventBody> {
        let events = self.store.timeline(id, TimelineRange::After(0)).await.unwrap();
        events.into_iter().map(|event| event.body).collect()
    }

    async fn execute(&self, envelope: &Envelope) -> Result<Outcome, BackendError> {
        self.store.execute(envelope).await
    }

    /// Moves the alerts of an instance to a new incident, and returns its id.
    async fn split(&self, id: IncidentId, instance: &str) -> IncidentId {
        let to = IncidentId::new();
        self.execute(&ask(id, moved(to, true, instance))).await.unwrap();
        to
    }
}

/// Returns the alerts of three disks, which fire or are resolved.
fn three(ended: Option<&str>) -> Vec<Value> {
    ["db1", "db2", "db3"].map(|name| alert(name, "09:00", ended)).into()
}

/// Returns the command that moves the alerts of an instance.
fn moved(to: IncidentId, declare: bool, instance: &str) -> IncidentCommand {
    let labels = vec![format!("instance={instance}")];
    IncidentCommand::MoveAlerts { to, declare, keys: Vec::new(), labels }
}

#[tokio::test]
async fn split_declares_an_incident_for_its_alerts() {
    let (scene, id) = Scene::with_three().await;
    let to = IncidentId::new();
    let envelope = ask(id, moved(to, true, "db2"));
    let outcome = scene.execute(&envelope).await.unwrap();
    assert_eq!((outcome.incident, outcome.replayed), (Some(id), false));
    let row = scene.row(to).await;
    assert_eq!((row.title.as_str(), row.status), ("The disk of db2 is full", Status::Triggered));
    assert_eq!((row.services.as_slice(), row.alerts), (&["checkout".to_owned()][..], 1));
    assert_eq!(row.number.unwrap().0, 2);
    assert_eq!(scene.row(id).await.alerts, 2);
    assert_eq!(scene.alerts(id).await, [("db1".to_owned(), 1), ("db3".to_owned(), 1)]);
    assert_eq!(scene.alerts(to).await, [("db2".to_owned(), 1)]);
    let moved_out = scene.bodies(id).await.pop().unwrap();
    assert_eq!(moved_out, EventBody::AlertsMovedOut { to, number: row.number, count: 1 });
    let number = scene.row(id).await.number;
    let expected = EventBody::AlertsMovedIn { from: id, number, count: 1, declared: true };
    assert_eq!(scene.bodies(to).await[1..], [expected]);
    // The same command again moves nothing.
    let again = scene.execute(&envelope).await.unwrap();
    assert!(again.replayed && again.events.len() == outcome.events.len());
    assert_eq!(scene.alerts(to).await.len(), 1);
}

#[tokio::test]
async fn alerts_move_to_an_open_incident_and_raise_it() {
    let scene = Scene::new().await;
    let mut worse = alert("db2", "09:00", None);
    worse["labels"]["severity"] = "critical".into();
    let id = scene.send(&[alert("db1", "09:00", None), worse]).await.incident.unwrap();
    let person = declared(&scene.store, "Cards fail").await;
    let before = scene.row(person).await;
    scene.execute(&ask(id, moved(person, false, "db2"))).await.unwrap();
    let after = scene.row(person).await;
    assert_eq!((after.priority, after.alerts), (Priority::P1, before.alerts + 1));
    let bodies = scene.bodies(person).await;
    let number = scene.row(id).await.number;
    let moved_in = EventBody::AlertsMovedIn { from: id, number, count: 1, declared: false };
    assert!(bodies.contains(&moved_in), "{bodies:?}");
    assert_eq!(scene.alerts(person).await, [("db2".to_owned(), 1)]);
}

#[tokio::test]
async fn later_reports_go_to_where_alerts_were_moved() {
    let (scene, id) = Scene::with_three().await;
    let to = scene.split(id, "db2").await;
    let again = scene.send(&three(None)).await;
    assert_eq!((again.effect, again.incident), (IngestEffect::Unchanged, Some(id)));
    assert_eq!((again.alerts.received, again.alerts.repeated, again.alerts.new), (3, 3, 0));
    assert_eq!(scene.alerts(to).await, [("db2".to_owned(), 2)]);
    assert_eq!(scene.alerts(id).await, [("db1".to_owned(), 2), ("db3".to_owned(), 2)]);
    // A new alert of the group goes to the incident of the group.
    let outcome = scene.send(&[alert("db4", "09:10", None)]).await;
    assert_eq!((outcome.effect, outcome.incident), (IngestEffect::Added, Some(id)));
}

#[tokio::test]
async fn each_incident_ends_with_its_own_alerts() {
    let (scene, id) = Scene::with_three().await;
    let to = scene.split(id, "db2").await;
    let mut alerts = three(None);
    alerts[1] = alert("db2", "09:00", Some("09:30"));
    let ended = scene.send(&alerts).await;
    assert_eq!((ended.effect, ended.incident), (IngestEffect::Resolved, Some(to)));
    assert_eq!(scene.row(to).await.status, Status::Resolved);
    assert_eq!(scene.row(id).await.status, Status::Triggered);
    let ended = scene.send(&three(Some("09:40"))).await;
    assert_eq!((ended.effect, ended.incident), (IngestEffect::Resolved, Some(id)));
    // Both have ended: what fires again is an incident of its own.
    let again = ["db1", "db2"].map(|name| alert(name, "10:00", None));
    let outcome = scene.send(&again).await;
    assert_eq!((outcome.effect, outcome.alerts.new), (IngestEffect::Declared, 2));
    assert!(![Some(id), Some(to)].contains(&outcome.incident));
}

#[tokio::test]
async fn moved_alert_declares_nothing_while_its_incident_is_open() {
    let (scene, id) = Scene::with_three().await;
    let to = scene.split(id, "db2").await;
    let others = [alert("db1", "09:00", Some("09:30")), alert("db3", "09:00", Some("09:30"))];
    assert_eq!(scene.send(&others).await.incident, Some(id));
    assert_eq!(scene.row(id).await.status, Status::Resolved);
    let repeated = scene.send(&[alert("db2", "09:00", None)]).await;
    assert_eq!((repeated.effect, repeated.incident), (IngestEffect::Unchanged, Some(to)));
    assert_eq!((repeated.alerts.repeated, repeated.alerts.new), (1, 0));
}

#[tokio::test]
async fn moved_alerts_follow_a_merge_and_come_back() {
    let (scene, id) = Scene::with_three().await;
    let to = scene.split(id, "db2").await;
    scene.execute(&ask(to, IncidentCommand::Merge { into: id })).await.unwrap();
    let again = scene.send(&three(None)).await;
    assert_eq!((again.incident, again.alerts.repeated), (Some(id), 3));
    assert_eq!((scene.alerts(id).await.len(), scene.alerts(to).await.len()), (3, 0));
    // Into one that people have declared.
    let (to, person) = (scene.split(id, "db3").await, declared(&scene.store, "Cards fail").await);
    scene.execute(&ask(to, IncidentCommand::Merge { into: person })).await.unwrap();
    let again = scene.send(&three(None)).await;
    assert_eq!((again.alerts.repeated, again.alerts.new), (3, 0));
    assert_eq!(scene.alerts(person).await.len(), 1);
    assert_eq!(scene.alerts(id).await.len(), 2);
}

#[tokio::test]
async fn all_alerts_can_be_moved_by_their_keys() {
    let (scene, id) = Scene::with_three().await;
    let keys = scene.store.alerts(id, 100).await.unwrap().into_iter().map(|alert| alert.key);
    let (keys, to) = (keys.collect(), IncidentId::new());
    let command = IncidentCommand::MoveAlerts { to, declare: true, keys, labels: Vec::new() };
    scene.execute(&ask(id, command)).await.unwrap();
    assert_eq!((scene.alerts(id).await.len(), scene.alerts(to).await.len()), (0, 3));
    assert_eq!(scene.row(to).await.alerts, 3);
    let again = scene.send(&three(None)).await;
    assert_eq!((again.incident, again.alerts.repeated), (Some(to), 3));
}

#[rstest]
#[case::no_alert("db9", BackendError::NotFound(Missing::Alerts))]
#[case::no_incident("db1", BackendError::NotFound(Missing::MoveTarget))]
#[tokio::test]
async fn what_is_missing_is_named(#[case] instance: &str, #[case] expected: BackendError) {
    let (scene, id) = Scene::with_three().await;
    let refused = scene.execute(&ask(id, moved(IncidentId::new(), false, instance))).await;
    assert_eq!(refused.unwrap_err().to_string(), expected.to_string());
    assert_eq!(scene.bodies(id).await.len(), 1, "nothing has changed");
}

#[tokio::test]
async fn alerts_do_not_move_to_an_ended_incident_or_to_their_own() {
    let (scene, id) = Scene::with_three().await;
    let ended = scene.split(id, "db2").await;
    scene.send(&[alert("db2", "09:00", Some("09:30"))]).await;
    assert_eq!(scene.row(ended).await.status, Status::Resolved);
    let sentence = |rejection: Rejection| rejection.sentence(chrono::Utc::now());
    let number = scene.row(ended).await.number;
    let status = Status::Resolved;
    for (to, expected) in
        [(ended, Rejection::MoveTargetEnded { number, status }), (id, Rejection::MoveToItself)]
    {
        let refused = scene.execute(&ask(id, moved(to, false, "db1"))).await.unwrap_err();
        assert!(refused.to_string().contains(&sentence(expected)), "{refused}");
    }
    assert_eq!(scene.alerts(id).await.len(), 2);
}

#[tokio::test]
async fn store_with_moved_alerts_is_sound_and_is_exported() {
    let (scene, id) = Scene::with_three().await;
    let to = scene.split(id, "db2").await;
    let lines = exported(&scene.store).await;
    let count = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
    assert_eq!((count("alerts_moved_out"), count("alerts_moved_in")), (1, 1));
    let to = to.to_string();
    let is_moved = |line: &&String| line.starts_with("{\"alert\":") && line.contains(&to);
    assert_eq!(lines.iter().filter(is_moved).count(), 1);
    let Scene { folder, store } = scene;
    store.close().await;
    let path = folder.path().join("store.db");
    assert_eq!(doctor::examine(&path).await.unwrap().findings, []);
}

#[tokio::test]
async fn worse_report_raises_the_incident_that_has_the_alert() {
    let (scene, id) = Scene::with_three().await;
    let person = declared(&scene.store, "Cards fail").await;
    scene.execute(&ask(id, moved(person, false, "db2"))).await.unwrap();
    let before = scene.row(id).await.priority;
    let mut worse = alert("db2", "09:00", None);
    worse["labels"]["severity"] = "critical".into();
    let outcome = scene.send(&[worse]).await;
    assert_eq!((outcome.effect, outcome.incident), (IngestEffect::Added, Some(person)));
    assert_eq!(scene.row(person).await.priority, Priority::P1);
    assert_eq!(scene.row(id).await.priority, before);
}

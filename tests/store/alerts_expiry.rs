//! Alerts that end by themselves, as their senders never say that they have ended.

use chrono::{DateTime, TimeDelta, Utc};
use redphone::backend::file::{FileStore, ReopeningStore, doctor};
use redphone::backend::record::Record;
use redphone::backend::{Backend, ExpiredAlerts, IngestEffect, IngestOutcome, Ledger};
use redphone::ingest::prometheus;
use redphone::model::alert::{Alert, AlertState};
use redphone::model::status::Classification;
use redphone::model::{Actor, IncidentCommand, IncidentId, Status};
use rstest::rstest;
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use super::fixtures::{ask, exported, import, open};

/// Alerts count whenever they were last reported.
const ANY_TIME: DateTime<Utc> = DateTime::<Utc>::MIN_UTC;

struct Scene {
    folder: TempDir,
    store: FileStore,
    /// When everything began.
    start: DateTime<Utc>,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempdir().unwrap();
        let store = open(&folder.path().join("store.db")).await;
        // Some hours ago, so that nothing is in the future.
        let start = Utc::now() - TimeDelta::hours(5);
        Self { folder, store, start }
    }

    /// The time some minutes after the start.
    fn at(&self, minutes: i64) -> DateTime<Utc> {
        self.start + TimeDelta::minutes(minutes)
    }

    /// Reports that an alert fires since the start, at some minutes after it and until some others.
    fn fires(&self, instance: &str, at: i64, until: i64) -> Report {
        let labels = json!({"alertname": "DiskFull", "service": "checkout", "instance": instance});
        let alert = json!({
            "labels": labels, "startsAt": self.start.to_rfc3339(), "endsAt": self.at(until).to_rfc3339(),
        });
        Report { alert, at: self.at(at) }
    }

    async fn send(&self, report: Report) -> IngestOutcome {
        let body = json!([report.alert]).to_string();
        let mut posted = prometheus::parse(body.as_bytes(), report.at).unwrap();
        let actor = Actor::Integration("Prometheus".into());
        self.store.ingest(&posted.groups.remove(0), &actor).await.unwrap()
    }

    async fn expire(&self, minutes: i64) -> ExpiredAlerts {
        self.store.expire_alerts(self.at(minutes), ANY_TIME).await.unwrap()
    }

    async fn status(&self, id: IncidentId) -> Status {
        self.store.incident(id).await.unwrap().incident.summary.status
    }

    async fn alerts(&self, id: IncidentId) -> Vec<Alert> {
        self.store.alerts(id, 100).await.unwrap()
    }
}

struct Report {
    alert: Value,
    at: DateTime<Utc>,
}

#[rstest]
#[case::nobody(false, Status::Resolved)]
#[case::somebody(true, Status::Monitoring)]
#[tokio::test]
async fn alert_ends_at_its_time(#[case] is_acknowledged: bool, #[case] expected: Status) {
    let scene = Scene::new().await;
    let id = scene.send(scene.fires("db1", 0, 4)).await.incident.unwrap();
    if is_acknowledged {
        scene.store.execute(&ask(id, IncidentCommand::Acknowledge)).await.unwrap();
    }
    let early = scene.expire(3).await;
    assert_eq!((early.count, early.next.unwrap().timestamp()), (0, scene.at(4).timestamp()));
    assert_eq!(scene.expire(5).await, ExpiredAlerts { count: 1, next: None });
    assert_eq!(scene.status(id).await, expected);
    let alerts = scene.alerts(id).await;
    assert_eq!((alerts[0].state, alerts[0].has_expired), (AlertState::Resolved, true));
    assert_eq!(
        (alerts[0].ends_at.unwrap().timestamp(), alerts[0].expires_at),
        (scene.at(4).timestamp(), None)
    );
    let events = scene.store.timeline(id, redphone::backend::TimelineRange::Last(1)).await.unwrap();
    assert_eq!(events[0].actor, Actor::Integration("Prometheus".into()));
    assert_eq!(events[0].because.as_deref(), Some("its alerts were not reported any more"));
    assert_eq!(scene.expire(6).await, ExpiredAlerts::default());
}

#[tokio::test]
async fn repeated_alert_does_not_end() {
    let scene = Scene::new().await;
    let id = scene.send(scene.fires("db1", 0, 4)).await.incident.unwrap();
    scene.send(scene.fires("db1", 3, 7)).await;
    let expired = scene.expire(5).await;
    assert_eq!((expired.count, expired.next.unwrap().timestamp()), (0, scene.at(7).timestamp()));
    assert_eq!(scene.status(id).await, Status::Triggered);
}

#[tokio::test]
async fn incident_ends_with_its_last_alert() {
    let scene = Scene::new().await;
    let id = scene.send(scene.fires("db1", 0, 4)).await.incident.unwrap();
    scene.send(scene.fires("db2", 0, 8)).await;
    let expired = scene.expire(6).await;
    assert_eq!((expired.count, expired.next.unwrap().timestamp()), (1, scene.at(8).timestamp()));
    assert_eq!(scene.status(id).await, Status::Triggered);
    assert_eq!(scene.expire(9).await.count, 1);
    assert_eq!(scene.status(id).await, Status::Resolved);
}

#[tokio::test]
async fn programs_that_end_alerts_at_once_do_it_once() {
    let scene = Scene::new().await;
    let id = scene.send(scene.fires("db1", 0, 4)).await.incident.unwrap();
    let other = open(&scene.folder.path().join("store.db")).await;
    let lasting = ReopeningStore::new(other.clone());
    let at = scene.at(5);
    let (one, two) =
        tokio::join!(scene.store.expire_alerts(at, ANY_TIME), lasting.expire_alerts(at, ANY_TIME));
    assert_eq!(one.unwrap().count + two.unwrap().count, 1);
    let events =
        scene.store.timeline(id, redphone::backend::TimelineRange::After(0)).await.unwrap();
    assert_eq!(events.len(), 2);
    other.close().await;
}

#[tokio::test]
async fn alert_of_before_the_start_is_not_ended() {
    let scene = Scene::new().await;
    let id = scene.send(scene.fires("db1", 0, 4)).await.incident.unwrap();
    let start = Utc::now() + TimeDelta::minutes(1);
    let expired = scene.store.expire_alerts(scene.at(5), start).await.unwrap();
    assert_eq!((expired.count, expired.next), (0, None));
    assert_eq!(scene.status(id).await, Status::Triggered);
    assert_eq!(scene.expire(5).await.count, 1);
}

#[tokio::test]
async fn expired_alert_fires_again_with_the_same_start() {
    let scene = Scene::new().await;
    let first = scene.send(scene.fires("db1", 0, 4)).await.incident.unwrap();
    scene.expire(5).await;
    let again = scene.send(scene.fires("db1", 6, 10)).await;
    assert_eq!(again.effect, IngestEffect::Declared);
    assert_ne!(again.incident, Some(first));
    // An alert that was reported as ended does not expire.
    let mut end = scene.fires("db1", 8, 8);
    end.alert["endsAt"] = json!(scene.at(7).to_rfc3339());
    assert_eq!(scene.send(end).await.effect, IngestEffect::Resolved);
    let late = scene.send(scene.fires("db1", 9, 12)).await;
    assert_eq!((late.effect, late.alerts.ignored), (IngestEffect::Unchanged, 1));
}

#[tokio::test]
async fn alert_of_an_ended_incident_disturbs_no_later_one() {
    let scene = Scene::new().await;
    let first = scene.send(scene.fires("db1", 0, 4)).await.incident.unwrap();
    let (to, reason) = (Classification::FalseAlarm, "a test".into());
    scene.store.execute(&ask(first, IncidentCommand::Reclassify { to, reason })).await.unwrap();
    let second = scene.send(scene.fires("db1", 3, 8)).await.incident.unwrap();
    assert_ne!(first, second);
    let expired = scene.expire(5).await;
    assert_eq!((expired.count, expired.next.unwrap().timestamp()), (1, scene.at(8).timestamp()));
    assert_eq!(scene.status(second).await, Status::Triggered);
    assert_eq!(scene.alerts(first).await[0].state, AlertState::Resolved);
    assert_eq!(scene.alerts(second).await[0].state, AlertState::Firing);
}

#[tokio::test]
async fn imported_alert_ends_at_its_time() {
    let scene = Scene::new().await;
    let id = scene.send(scene.fires("db1", 0, 4)).await.incident.unwrap();
    let lines = exported(&scene.store).await;
    let records: Vec<Record> =
        lines.iter().map(|line| Record::from_json(line.as_bytes()).unwrap()).collect();
    let path = scene.folder.path().join("copy.db");
    let copy = open(&path).await;
    import(&copy, &records).await;
    assert_eq!(copy.expire_alerts(scene.at(5), ANY_TIME).await.unwrap().count, 1);
    assert_eq!(copy.incident(id).await.unwrap().incident.summary.status, Status::Resolved);
    copy.close().await;
    assert_eq!(doctor::examine(&path).await.unwrap().findings, []);
}

#[tokio::test]
async fn firing_alerts_are_those_of_open_incidents() {
    let scene = Scene::new().await;
    let first = scene.send(scene.fires("db1", 0, 4)).await.incident.unwrap();
    scene.send(scene.fires("db2", 1, 9)).await;
    let keys = async || scene.store.firing_alerts(10).await.unwrap().len();
    assert_eq!(keys().await, 2);
    scene.expire(5).await;
    assert_eq!(keys().await, 1);
    let (to, reason) = (Classification::FalseAlarm, "a test".into());
    scene.store.execute(&ask(first, IncidentCommand::Reclassify { to, reason })).await.unwrap();
    assert_eq!(keys().await, 0);
}

#[tokio::test]
async fn alert_that_became_worse_raises_the_priority() {
    let scene = Scene::new().await;
    let mut seen = Vec::new();
    let mut id = None;
    for severity in ["warning", "warning", "critical", "critical", "info"] {
        // The same alert with another severity, as senders with keys of their own report it.
        let mut posted = prometheus::parse(
            json!([scene.fires("db1", 0, 4).alert]).to_string().as_bytes(),
            scene.start,
        )
        .unwrap();
        let mut group = posted.groups.remove(0);
        group.alerts[0].labels.insert("severity".into(), severity.into());
        let actor = Actor::Integration("Prometheus".into());
        let outcome = scene.store.ingest(&group, &actor).await.unwrap();
        id = id.or(outcome.incident);
        seen.push(outcome.effect);
    }
    let [declared, added] = [IngestEffect::Declared, IngestEffect::Added];
    let unchanged = IngestEffect::Unchanged;
    assert_eq!(seen, [declared, unchanged, added, unchanged, unchanged]);
    let row = scene.store.incident(id.unwrap()).await.unwrap().incident.summary;
    assert_eq!((row.priority.to_string(), row.alerts), ("P1".to_owned(), 1));
}

//! Stability before an incident is resolved: none of its alerts may have fired for a while.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use redphone::backend::file::FileStore;
use redphone::backend::{
    Backend, BackendError, IngestEffect, IngestOutcome, Ledger, SettledSoaks, TimelineRange,
};
use redphone::ingest::prometheus;
use redphone::model::measures::Window;
use redphone::model::measures::pages::{Offsets, PagesQuery, Selection};
use redphone::model::stability::StabilityRules;
use redphone::model::status::ResolutionAction;
use redphone::model::{
    Actor, Command, Envelope, Event, Incident, IncidentCommand, IncidentId, Rejection, Rules,
    Status,
};
use rstest::rstest;
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use super::fixtures::{ask, declared, open, options};
use crate::support::alerts::{alert, group, message};

/// Alerts are received since whenever.
const ANY_TIME: DateTime<Utc> = DateTime::<Utc>::MIN_UTC;

struct Scene {
    folder: TempDir,
    store: FileStore,
}

/// 15 minutes for each priority.
fn rules() -> Rules {
    let stability = StabilityRules { times_s: [900; 4], services: BTreeMap::new() };
    Rules { stability, ..Rules::default() }
}

fn resolve(id: IncidentId, reason: Option<&str>) -> Envelope {
    let mut envelope = ask(
        id,
        IncidentCommand::Resolve {
            action: ResolutionAction::Restart,
            detail: "restarted".into(),
            validation: "the disk is free".into(),
        },
    );
    if let Command::Incident { because, .. } = &mut envelope.command {
        *because = reason.map(ToOwned::to_owned);
    }
    envelope
}

impl Scene {
    async fn new() -> Self {
        let folder = tempdir().unwrap();
        let options = redphone::backend::file::Options { rules: rules(), ..options() };
        let store = FileStore::open(&folder.path().join("store.db"), options).await.unwrap();
        Self { folder, store }
    }

    async fn send(&self, alerts: &[Value]) -> IngestOutcome {
        let sender = Actor::Integration("Alertmanager".into());
        self.store.ingest(&group(&message("disks", alerts)), &sender).await.unwrap()
    }

    /// An incident whose only alert was resolved just now.
    async fn green(&self) -> IncidentId {
        let id = self.send(&[alert("db1", "09:00", None)]).await.incident.unwrap();
        let ended = self.send(&[alert("db1", "09:00", Some("09:10"))]).await;
        assert_eq!(ended.effect, IngestEffect::Monitoring);
        id
    }

    async fn incident(&self, id: IncidentId) -> Incident {
        self.store.incident(id).await.unwrap().incident
    }

    async fn status(&self, id: IncidentId) -> Status {
        self.incident(id).await.summary.status
    }

    async fn last_event(&self, id: IncidentId) -> Event {
        self.store.timeline(id, TimelineRange::Last(1)).await.unwrap().remove(0)
    }

    /// Since when the alerts of an incident are resolved.
    async fn since(&self, id: IncidentId) -> DateTime<Utc> {
        self.store.incident(id).await.unwrap().soak.unwrap().since.unwrap()
    }

    async fn settle(&self, now: DateTime<Utc>) -> SettledSoaks {
        self.store.settle_soaks(now, ANY_TIME).await.unwrap()
    }
}

#[rstest]
#[case::fires(None)]
#[case::was_resolved_just_now(Some("09:10"))]
#[tokio::test]
async fn early_resolution_needs_a_reason(#[case] ends: Option<&str>) {
    let scene = Scene::new().await;
    let id = scene.send(&[alert("db1", "09:00", None)]).await.incident.unwrap();
    scene.store.execute(&ask(id, IncidentCommand::Acknowledge)).await.unwrap();
    scene.send(&[alert("db1", "09:00", ends)]).await;
    let refused = scene.store.execute(&resolve(id, None)).await;
    let Err(BackendError::Rejected(why)) = refused else { panic!("{refused:?}") };
    let Rejection::NotStableYet { soak, .. } = why.rejection else { panic!("{why:?}") };
    assert_eq!((soak.required_s, soak.firing), (900, u64::from(ends.is_none())));
    assert_eq!(soak.since.is_some(), ends.is_some());
    assert!(scene.status(id).await.is_open());

    scene.store.execute(&resolve(id, Some("the check is broken"))).await.unwrap();
    let event = scene.last_event(id).await;
    assert_eq!(event.because.as_deref(), Some("the check is broken"));
    let stability = scene.incident(id).await.resolution.unwrap().stability.unwrap();
    assert!(stability.is_waived() && stability.required_s == 900, "{stability:?}");
}

#[tokio::test]
async fn sender_with_a_slow_clock_shortens_no_stability() {
    let scene = Scene::new().await;
    let id = scene.green().await;
    // Its end is reported as the first of March.
    let ago = Utc::now() - scene.since(id).await;
    assert!(ago < TimeDelta::minutes(10), "{ago}");
    assert!(scene.store.execute(&resolve(id, None)).await.is_err());
}

#[tokio::test]
async fn stable_incident_is_resolved_without_a_reason() {
    let scene = Scene::new().await;
    let start = Utc::now() - TimeDelta::hours(5);
    let labels = json!({"alertname": "DiskFull", "service": "checkout", "instance": "db1"});
    let until = start + TimeDelta::minutes(4);
    let body = json!([{
        "labels": labels, "startsAt": start.to_rfc3339(), "endsAt": until.to_rfc3339(),
    }]);
    let mut posted = prometheus::parse(body.to_string().as_bytes(), start).unwrap();
    let sender = Actor::Integration("Prometheus".into());
    let outcome = scene.store.ingest(&posted.groups.remove(0), &sender).await.unwrap();
    let id = outcome.incident.unwrap();
    scene.store.execute(&ask(id, IncidentCommand::Acknowledge)).await.unwrap();
    // Its end is noticed more than four hours ago.
    let noticed = start + TimeDelta::minutes(5);
    assert_eq!(scene.store.expire_alerts(noticed, ANY_TIME).await.unwrap().count, 1);
    scene.store.execute(&resolve(id, None)).await.unwrap();
    let stability = scene.incident(id).await.resolution.unwrap().stability.unwrap();
    assert!(!stability.is_waived() && stability.green_s > 4 * 3600, "{stability:?}");
}

#[tokio::test]
async fn incident_without_alerts_needs_no_stability() {
    let scene = Scene::new().await;
    let id = declared(&scene.store, "Cards fail").await;
    assert_eq!(scene.store.incident(id).await.unwrap().soak, None);
    scene.store.execute(&resolve(id, None)).await.unwrap();
    assert_eq!(scene.incident(id).await.resolution.unwrap().stability, None);
}

#[tokio::test]
async fn incident_that_nobody_has_is_resolved_once_it_is_stable() {
    let scene = Scene::new().await;
    let id = scene.green().await;
    assert_eq!(scene.status(id).await, Status::Monitoring);
    let due = scene.since(id).await + TimeDelta::minutes(15);
    let early = scene.settle(due - TimeDelta::seconds(1)).await;
    assert_eq!(early, SettledSoaks { count: 0, next: Some(due) });
    assert_eq!(scene.settle(due).await, SettledSoaks { count: 1, next: None });
    assert_eq!(scene.status(id).await, Status::Resolved);
    assert_eq!(scene.settle(due).await, SettledSoaks::default());
}

/// A program that moves an incident along the lifecycle acknowledges nothing, and the measures count it so.
#[tokio::test]
async fn ended_alerts_acknowledge_nothing() {
    let scene = Scene::new().await;
    let id = scene.green().await;
    let acknowledged_at =
        || async { scene.incident(id).await.summary.acknowledged_by_somebody_at() };
    assert_eq!(acknowledged_at().await, None);
    let due = scene.since(id).await + TimeDelta::minutes(15);
    assert_eq!(scene.settle(due).await.count, 1);
    assert_eq!(acknowledged_at().await, None);
    let end = due + TimeDelta::minutes(1);
    let query = PagesQuery {
        window: Window::between(end - TimeDelta::days(1), end, &Utc),
        selection: Selection::default(),
        by: Vec::new(),
        offsets: Offsets::default(),
    };
    let figures = scene.store.pages(&query, end).await.unwrap().now;
    let counts = (figures.mtta.times.count, figures.resolved, figures.resolved_unacknowledged);
    assert_eq!(counts, (0, 1, 1));
}

#[tokio::test]
async fn incident_that_fires_again_can_be_acknowledged() {
    let scene = Scene::new().await;
    let id = scene.green().await;
    scene.send(&[alert("db1", "09:20", None)]).await;
    assert!(!scene.incident(id).await.summary.never_acknowledged);
    scene.store.execute(&ask(id, IncidentCommand::Acknowledge)).await.unwrap();
    let row = scene.incident(id).await.summary;
    assert_eq!(row.acknowledged_by_somebody_at(), row.acknowledged_at);
    assert!(row.acknowledged_at.is_some());
}

#[tokio::test]
async fn right_after_a_start_nothing_is_resolved() {
    let scene = Scene::new().await;
    let id = scene.green().await;
    let now = scene.since(id).await + TimeDelta::hours(1);
    let started = now - TimeDelta::minutes(4);
    let settled = scene.store.settle_soaks(now, started).await.unwrap();
    assert_eq!(settled, SettledSoaks { count: 0, next: Some(now + TimeDelta::minutes(1)) });
    assert_eq!(scene.status(id).await, Status::Monitoring);
}

#[tokio::test]
async fn incident_that_somebody_has_is_not_resolved_by_itself() {
    let scene = Scene::new().await;
    let id = scene.send(&[alert("db1", "09:00", None)]).await.incident.unwrap();
    scene.store.execute(&ask(id, IncidentCommand::Acknowledge)).await.unwrap();
    scene.send(&[alert("db1", "09:00", Some("09:10"))]).await;
    assert_eq!(scene.status(id).await, Status::Monitoring);
    let later = Utc::now() + TimeDelta::days(1);
    assert_eq!(scene.settle(later).await, SettledSoaks::default());
}

#[tokio::test]
async fn alert_that_fires_again_restarts_the_time() {
    let scene = Scene::new().await;
    let id = scene.green().await;
    let first = scene.since(id).await;
    scene.send(&[alert("db1", "09:20", None)]).await;
    let record = scene.incident(id).await;
    assert_eq!((record.summary.status, record.summary.acknowledged_at), (Status::Triggered, None));
    assert_eq!(record.acknowledged_by, None, "people are called for it as before");
    let later = Utc::now() + TimeDelta::days(1);
    assert_eq!(scene.settle(later).await, SettledSoaks::default());

    scene.send(&[alert("db1", "09:20", Some("09:30"))]).await;
    assert_eq!(scene.status(id).await, Status::Monitoring);
    let second = scene.since(id).await;
    assert!(second >= first);
    assert_eq!(scene.settle(second + TimeDelta::minutes(15)).await.count, 1);
    assert_eq!(scene.status(id).await, Status::Resolved);
}

#[tokio::test]
async fn programs_that_settle_at_once_resolve_it_once() {
    let scene = Scene::new().await;
    let id = scene.green().await;
    let other = open(&scene.folder.path().join("store.db")).await;
    other.set_rules(rules());
    let later = Utc::now() + TimeDelta::hours(1);
    let (one, two) = tokio::join!(scene.settle(later), other.settle_soaks(later, ANY_TIME));
    assert_eq!(one.count + two.unwrap().count, 1);
    let events = scene.store.timeline(id, TimelineRange::After(0)).await.unwrap();
    // Declared, monitoring, resolved.
    assert_eq!(events.len(), 3);
    other.close().await;
}

#[tokio::test]
async fn undone_resolution_leaves_the_record_as_it_was() {
    let scene = Scene::new().await;
    let id = scene.send(&[alert("db1", "09:00", None)]).await.incident.unwrap();
    scene.store.execute(&ask(id, IncidentCommand::Acknowledge)).await.unwrap();
    let before = scene.incident(id).await;
    scene.store.execute(&resolve(id, Some("the check is broken"))).await.unwrap();
    scene.store.execute(&ask(id, IncidentCommand::UndoMove)).await.unwrap();
    let after = scene.incident(id).await;
    assert_eq!((after.summary.status, after.resolution), (before.summary.status, None));
    assert_eq!((after.stages, after.summary.resolved_at), (before.stages, None));
    assert!(scene.store.execute(&resolve(id, None)).await.is_err(), "the reason is used up");
}

#[tokio::test]
async fn settings_that_ask_for_none_resolve_at_once() {
    let scene = Scene::new().await;
    let id = scene.green().await;
    scene.store.set_rules(Rules::default());
    assert_eq!(scene.store.incident(id).await.unwrap().soak, None);
    assert_eq!(scene.settle(Utc::now() + TimeDelta::seconds(1)).await.count, 1);
    let id = scene.send(&[alert("db2", "10:00", None)]).await.incident.unwrap();
    let ended = scene.send(&[alert("db2", "10:00", Some("10:10"))]).await;
    assert_eq!(ended.effect, IngestEffect::Resolved);
    assert_eq!(scene.status(id).await, Status::Resolved);
}

//! Rules that require several alerts, flapping alerts, incidents that are too old, and folding in a
//! storm.

mod late;
mod merged;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use redphone::backend::file::{FileStore, doctor};
use redphone::backend::{
    Backend, BackendError, IngestEffect, IngestOutcome, Ledger, NoiseSearch, TimelineRange,
};
use redphone::engine::{Engine, EngineOptions, EngineSettings, SystemClock};
use redphone::model::alert::{AlertGroup, FlapRule, HoldRule};
use redphone::model::command::Link;
use redphone::model::directory::{Directory, Service};
use redphone::model::escalation::policy::{Policy, PolicyLevel, Target};
use redphone::model::notification::AnswerSettings;
use redphone::model::rules::Rules;
use redphone::model::service_level::ServiceLevels;
use redphone::model::status::ResolutionAction;
use redphone::model::storm_rules::StormRules;
use redphone::model::{
    Actor, Event, EventBody, Incident, IncidentCommand, IncidentId, PersonRef, Rejection, Status,
    Summary,
};
use redphone::outbound::Channels;
use rstest::rstest;
use serde_json::Value;
use tempfile::{TempDir, tempdir};

use super::fixtures::{ask, declared, open, options};
use crate::support::alerts::{alert, group, message};
use crate::support::wait::until;

/// Alerts count whenever they were last reported.
const ANY_TIME: DateTime<Utc> = DateTime::<Utc>::MIN_UTC;
const FLAPS: FlapRule = FlapRule { times: 3, within_s: 600 };

struct Scene {
    folder: TempDir,
    store: FileStore,
    /// The team of the incidents that alerts declare.
    team: Option<&'static str>,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempdir().unwrap();
        let store = open(&folder.path().join("store.db")).await;
        Self { folder, store, team: None }
    }

    /// A store with services that depend on each other.
    async fn with_services(folds: bool) -> Self {
        let service = |name: &str, depends_on: &[&str]| Service {
            name: name.into(),
            team: String::new(),
            depends_on: depends_on.iter().map(|name| (*name).to_owned()).collect(),
            runbook: None,
            objective: None,
            public_name: None,
        };
        let overlay = Directory {
            services: vec![
                service("checkout", &["payments"]),
                service("payments", &["ledger"]),
                service("ledger", &[]),
            ],
            ..Directory::default()
        };
        let rules = Rules { storms: StormRules { folds, ..<_>::default() }, ..Rules::default() };
        let folder = tempdir().unwrap();
        let options = redphone::backend::file::Options { overlay, rules, ..options() };
        let store = FileStore::open(&folder.path().join("store.db"), options).await.unwrap();
        Self { folder, store, team: None }
    }

    async fn send(&self, alerts: &[Value], change: impl Fn(&mut AlertGroup)) -> IngestOutcome {
        self.send_to("disks", alerts, change).await
    }

    async fn send_to(
        &self,
        name: &str,
        alerts: &[Value],
        change: impl Fn(&mut AlertGroup),
    ) -> IngestOutcome {
        let mut group = group(&message(name, alerts));
        group.overrides.team = self.team.map(ToOwned::to_owned);
        change(&mut group);
        let sender = Actor::Integration("Alertmanager".into());
        self.store.ingest(&group, &sender).await.unwrap()
    }

    /// Declares an incident of a service by an alert.
    async fn alert_of(&self, service: &str, severity: &str) -> IncidentId {
        let mut one = alert(service, "09:00", None);
        one["labels"]["service"] = service.into();
        one["labels"]["severity"] = severity.into();
        let outcome = self.send_to(service, &[one], |_| {}).await;
        assert_eq!(outcome.effect, IngestEffect::Declared);
        outcome.incident.unwrap()
    }

    async fn incident(&self, id: IncidentId) -> Incident {
        self.store.incident(id).await.unwrap().incident
    }

    async fn row(&self, id: IncidentId) -> Summary {
        self.incident(id).await.summary
    }

    async fn timeline(&self, id: IncidentId) -> Vec<Event> {
        self.store.timeline(id, TimelineRange::After(0)).await.unwrap()
    }

    async fn waiting(&self) -> Vec<String> {
        let list = self.store.waiting_alerts(100).await.unwrap();
        assert_eq!(list.total, list.alerts.len() as u64);
        list.alerts.into_iter().map(|alert| alert.title).collect()
    }

    async fn ask(&self, id: IncidentId, command: IncidentCommand) -> Result<(), Rejection> {
        match self.store.execute(&ask(id, command)).await {
            Ok(_) => Ok(()),
            Err(BackendError::Rejected(why) | BackendError::Conflict(why)) => Err(why.rejection),
            Err(error) => panic!("{error}"),
        }
    }

    /// Checks that the projection matches the events.
    async fn assert_sound(self) {
        let path = self.folder.path().join("store.db");
        self.store.close().await;
        assert_eq!(doctor::examine(&path).await.unwrap().findings, []);
    }
}

fn three(group: &mut AlertGroup) {
    group.overrides.hold = Some(HoldRule { at_least: 3, within_s: 600 });
}

fn flaps(group: &mut AlertGroup) {
    group.overrides.flapping = Some(FLAPS);
}

#[tokio::test]
async fn incident_is_declared_at_the_wanted_number() {
    let scene = Scene::new().await;
    for (instance, waiting) in [("db1", 1), ("db2", 1)] {
        let outcome = scene.send(&[alert(instance, "09:00", None)], three).await;
        assert_eq!((outcome.effect, outcome.incident), (IngestEffect::Waiting, None));
        assert_eq!((outcome.alerts.received, outcome.alerts.waiting), (1, waiting));
    }
    // The same again counts once.
    let again = scene.send(&[alert("db2", "09:00", None)], three).await;
    assert_eq!(again.effect, IngestEffect::Waiting);
    assert_eq!(scene.waiting().await.len(), 2);
    let third = scene.send(&[alert("db3", "09:00", None)], three).await;
    assert_eq!((third.effect, third.alerts.new), (IngestEffect::Declared, 3));
    let id = third.incident.unwrap();
    assert_eq!(scene.row(id).await.alerts, 3);
    assert_eq!(scene.store.alerts(id, 100).await.unwrap().len(), 3);
    assert_eq!(scene.waiting().await, [""; 0]);
    // Then the incident is open, and nothing waits.
    let fourth = scene.send(&[alert("db4", "09:00", None)], three).await;
    assert_eq!((fourth.effect, fourth.incident), (IngestEffect::Added, Some(id)));
    scene.assert_sound().await;
}

#[rstest]
#[case::person("tom", Some("tom"))]
#[case::on_call("on-call", Some("ines"))]
#[case::nobody("nobody", None)]
#[tokio::test]
async fn rule_names_the_owner(#[case] owner: &str, #[case] expected: Option<&str>) {
    let mut scene = Scene::new().await;
    scene.team = Some("payments");
    let schedule = serde_json::json!({
        "team": "payments", "rotation": ["ines"], "starts_at": "2026-01-05T00:00:00Z",
        "turn_s": 604_800,
    });
    let directory = Directory {
        people: ["ines", "tom", "mei"].map(|handle| PersonRef::new(handle, handle)).to_vec(),
        schedules: vec![serde_json::from_value(schedule).unwrap()],
        ..Directory::default()
    };
    scene.store.set_directory(&directory).await.unwrap();
    let names = |group: &mut AlertGroup| group.overrides.owner = Some(owner.into());
    let id = scene.send(&[alert("db1", "09:00", None)], names).await.incident.unwrap();
    let row = scene.row(id).await;
    assert_eq!(row.assignee.map(|person| person.handle), expected.map(ToOwned::to_owned));
    // People are called for it nevertheless, and another alert does not assign it again.
    assert_eq!((row.status, row.acknowledged_at), (Status::Triggered, None));
    scene
        .ask(id, IncidentCommand::Assign { to: Some(PersonRef::new("mei", "Mei")) })
        .await
        .unwrap();
    scene.send(&[alert("db2", "09:01", None)], names).await;
    assert_eq!(scene.row(id).await.assignee.unwrap().handle, "mei");
    scene.assert_sound().await;
}

#[tokio::test]
async fn resolved_alert_waits_no_more() {
    let scene = Scene::new().await;
    scene.send(&[alert("db1", "09:00", None)], three).await;
    scene.send(&[alert("db2", "09:00", None)], three).await;
    // The end is found without the rule too, which the settings may have lost.
    let ended = scene.send(&[alert("db1", "09:00", Some("09:05"))], |_| {}).await;
    assert_eq!((ended.effect, ended.alerts.resolved), (IngestEffect::Unchanged, 1));
    assert_eq!(scene.waiting().await, ["The disk of db2 is full"]);
    let third = scene.send(&[alert("db3", "09:00", None)], three).await;
    assert_eq!(third.effect, IngestEffect::Waiting);
    // Without the rule what waits is declared with the next one.
    let last = scene.send(&[alert("db4", "09:00", None)], |_| {}).await;
    assert_eq!((last.effect, last.alerts.new), (IngestEffect::Declared, 3));
    assert_eq!(scene.waiting().await, [""; 0]);
}

#[tokio::test]
async fn alert_that_its_message_resolves_does_not_wait() {
    let scene = Scene::new().await;
    let ended = [alert("db1", "09:00", None), alert("db1", "09:00", Some("09:05"))];
    let outcome = scene.send(&ended, three).await;
    assert_eq!((outcome.effect, outcome.incident), (IngestEffect::Unchanged, None));
    assert_eq!((outcome.alerts.received, outcome.alerts.waiting), (2, 0));
    assert_eq!(scene.waiting().await, [""; 0]);
    // Nor does it count with others.
    let mut with_others = ended.to_vec();
    with_others.extend(["db2", "db3"].map(|name| alert(name, "09:10", None)));
    let outcome = scene.send(&with_others, three).await;
    assert_eq!((outcome.effect, outcome.alerts.waiting), (IngestEffect::Waiting, 2));
    assert_eq!(outcome.alerts.received, 4);
    assert_eq!(scene.waiting().await.len(), 2);
}

#[tokio::test]
async fn alert_that_ends_after_an_old_incident_waits_no_more() {
    let scene = Scene::new().await;
    let first = scene.send(&[alert("db1", "09:00", None)], |_| {}).await.incident;
    let two = |group: &mut AlertGroup| {
        group.overrides.hold = Some(HoldRule { at_least: 2, within_s: 600 });
        group.overrides.max_age_s = Some(0);
    };
    let both = [alert("db1", "09:00", None), alert("db2", "09:10", None)];
    assert_eq!(scene.send(&both, two).await.alerts.waiting, 1);
    // The same message has the end of the one that waits and another one that begins.
    let next = [
        alert("db1", "09:00", None),
        alert("db2", "09:10", Some("09:15")),
        alert("db3", "09:20", None),
    ];
    let outcome = scene.send(&next, two).await;
    assert_eq!((outcome.effect, outcome.alerts.waiting), (IngestEffect::Waiting, 1));
    assert_eq!(scene.waiting().await, ["The disk of db3 is full"]);
    assert_eq!(scene.row(first.unwrap()).await.status, Status::Triggered);
}

#[tokio::test]
async fn waiting_alerts_survive_a_restart() {
    let scene = Scene::new().await;
    scene.send(&[alert("db1", "09:00", None), alert("db2", "09:00", None)], three).await;
    let path = scene.folder.path().join("store.db");
    scene.store.close().await;
    let scene = Scene { store: open(&path).await, folder: scene.folder, team: None };
    assert_eq!(scene.waiting().await.len(), 2);
    let third = scene.send(&[alert("db3", "09:00", None)], three).await;
    assert_eq!(third.effect, IngestEffect::Declared);
}

#[tokio::test]
async fn waiting_alerts_of_a_group_are_bounded() {
    let scene = Scene::new().await;
    // None of them counts, as the time is too short.
    let rule = |group: &mut AlertGroup| {
        group.overrides.hold = Some(HoldRule { at_least: 100, within_s: 0 });
    };
    for from in [0, 60, 120] {
        let alerts: Vec<Value> =
            (from..from + 60).map(|n| alert(&format!("db{n}"), "09:00", None)).collect();
        assert_eq!(scene.send(&alerts, rule).await.effect, IngestEffect::Waiting);
    }
    assert_eq!(scene.waiting().await.len(), 100);
}

/// Lets an alert fire and end, so often as given. Returns the outcomes of its ends.
async fn flap(scene: &Scene, minutes: std::ops::Range<u32>) -> Vec<IngestOutcome> {
    let mut outcomes = Vec::new();
    for minute in minutes {
        let (start, end) = (format!("10:{:02}", 2 * minute), format!("10:{:02}", 2 * minute + 1));
        scene.send(&[alert("db1", &start, None)], flaps).await;
        outcomes.push(scene.send(&[alert("db1", &start, Some(&end))], flaps).await);
    }
    outcomes
}

#[tokio::test]
async fn flapping_alert_declares_no_more_incidents() {
    let scene = Scene::new().await;
    let effects: Vec<IngestEffect> =
        flap(&scene, 0..3).await.iter().map(|outcome| outcome.effect).collect();
    let resolved = IngestEffect::Resolved;
    assert_eq!(effects, [resolved, resolved, IngestEffect::Monitoring]);
    let more = flap(&scene, 3..8).await;
    let id = more[0].incident.unwrap();
    for outcome in &more {
        assert_eq!((outcome.effect, outcome.incident), (IngestEffect::Unchanged, Some(id)));
    }
    assert_eq!(scene.row(id).await.status, Status::Monitoring);
    // It is recorded once, however often it continues.
    let events = scene.timeline(id).await;
    assert_eq!(events.len(), 2, "{events:?}");
    assert!(events[1].detail().contains("it flaps"), "{}", events[1].detail());
    let now = Utc::now();
    scene.store.expire_alerts(now, ANY_TIME).await.unwrap();
    assert_eq!(scene.row(id).await.status, Status::Monitoring);
    let calm = now + TimeDelta::seconds(601);
    assert_eq!(scene.store.expire_alerts(calm, ANY_TIME).await.unwrap().next, None);
    assert_eq!(scene.row(id).await.status, Status::Resolved);
    scene.assert_sound().await;
}

#[tokio::test]
async fn alert_that_fires_after_flapping_is_declared_again() {
    let scene = Scene::new().await;
    let id = flap(&scene, 0..3).await[2].incident.unwrap();
    let fires = scene.send(&[alert("db1", "10:30", None)], flaps).await;
    assert_eq!((fires.effect, fires.incident), (IngestEffect::Unchanged, Some(id)));
    let calm = Utc::now() + TimeDelta::seconds(601);
    scene.store.expire_alerts(calm, ANY_TIME).await.unwrap();
    assert_eq!(scene.row(id).await.status, Status::Resolved);
    let repeated = scene.send(&[alert("db1", "10:30", None)], flaps).await;
    let next = repeated.incident.unwrap();
    assert_ne!(next, id);
    let next = scene.incident(next).await;
    assert_eq!(next.summary.status, Status::Triggered);
    let number = scene.row(id).await.number;
    assert_eq!(next.links, [Link::Incident { id, number }]);
    scene.assert_sound().await;
}

#[tokio::test]
async fn another_alert_is_not_hidden_by_one_that_flaps() {
    let scene = Scene::new().await;
    let id = flap(&scene, 0..3).await[2].incident.unwrap();
    let other = scene.send(&[alert("db2", "10:30", None)], flaps).await;
    assert_eq!(other.effect, IngestEffect::Declared);
    assert_ne!(other.incident, Some(id));
    assert_eq!(scene.row(id).await.status, Status::Resolved);
    assert_eq!(scene.row(other.incident.unwrap()).await.status, Status::Triggered);
}

#[tokio::test]
async fn incident_that_people_have_is_not_ended_when_calm() {
    let scene = Scene::new().await;
    flap(&scene, 0..2).await;
    let third = scene.send(&[alert("db1", "10:30", None)], flaps).await.incident.unwrap();
    scene.ask(third, IncidentCommand::Acknowledge).await.unwrap();
    let ended = scene.send(&[alert("db1", "10:30", Some("10:31"))], flaps).await;
    assert_eq!((ended.effect, ended.incident), (IngestEffect::Monitoring, Some(third)));
    let calm = Utc::now() + TimeDelta::seconds(601);
    scene.store.expire_alerts(calm, ANY_TIME).await.unwrap();
    assert_eq!(scene.row(third).await.status, Status::Monitoring);
}

#[tokio::test]
async fn old_incident_gets_no_more_alerts() {
    let scene = Scene::new().await;
    let old = |group: &mut AlertGroup| group.overrides.max_age_s = Some(0);
    let first = scene.send(&[alert("db1", "09:00", None)], |_| {}).await.incident.unwrap();
    // An alert that still fires is not new.
    let again = scene.send(&[alert("db1", "09:00", None)], old).await;
    assert_eq!((again.effect, again.incident), (IngestEffect::Unchanged, Some(first)));
    let both = [alert("db1", "09:00", None), alert("db2", "09:10", None)];
    let second = scene.send(&both, old).await;
    assert_eq!((second.effect, second.alerts.new), (IngestEffect::Declared, 1));
    let second = second.incident.unwrap();
    assert_ne!(second, first);
    let number = scene.row(first).await.number;
    assert_eq!(scene.incident(second).await.links, [Link::Incident { id: first, number }]);
    // Both are open, and each gets the reports on its alerts.
    let ends = [alert("db1", "09:00", Some("09:20")), alert("db2", "09:10", None)];
    scene.send(&ends, |_| {}).await;
    assert_eq!(scene.row(first).await.status, Status::Resolved);
    assert_eq!(scene.row(second).await.status, Status::Triggered);
    let third = scene.send(&[alert("db3", "09:30", None)], |_| {}).await;
    assert_eq!((third.effect, third.incident), (IngestEffect::Added, Some(second)));
    let ends = [alert("db2", "09:10", Some("09:40")), alert("db3", "09:30", Some("09:40"))];
    let ended = scene.send(&ends, |_| {}).await;
    assert_eq!((ended.effect, ended.incident), (IngestEffect::Resolved, Some(second)));
    scene.assert_sound().await;
}

#[tokio::test]
async fn ended_alert_that_fires_again_is_not_old() {
    let scene = Scene::new().await;
    let old = |group: &mut AlertGroup| group.overrides.max_age_s = Some(0);
    let both = [alert("db1", "09:00", None), alert("db2", "09:00", None)];
    let first = scene.send(&both, |_| {}).await.incident.unwrap();
    scene.send(&[alert("db1", "09:00", Some("09:10"))], old).await;
    let second = scene.send(&[alert("db1", "09:20", None)], old).await;
    assert_eq!(second.effect, IngestEffect::Declared);
    // It stays where it fires by now, also while that incident is young.
    let again = scene.send(&[alert("db1", "09:20", None)], |_| {}).await;
    assert_eq!((again.effect, again.incident), (IngestEffect::Unchanged, second.incident));
    assert_eq!(scene.row(first).await.status, Status::Triggered);
}

#[rstest]
#[case::cause_first(&["payments", "checkout"])]
#[case::consequence_first(&["checkout", "payments"])]
#[tokio::test]
async fn consequence_is_folded_under_its_cause(#[case] order: &[&str]) {
    let scene = Scene::with_services(true).await;
    let mut ids = std::collections::HashMap::new();
    for service in order {
        ids.insert(*service, scene.alert_of(service, "warning").await);
    }
    let (cause, consequence) = (ids["payments"], ids["checkout"]);
    assert_eq!(scene.row(consequence).await.folded_under, Some(cause));
    assert_eq!(scene.row(cause).await.folded_under, None);
    // Each record links the other one.
    let leads_to = |incident: &Incident, to: IncidentId| {
        incident.links.iter().any(|link| matches!(link, Link::Incident { id, .. } if *id == to))
    };
    assert!(leads_to(&scene.incident(cause).await, consequence));
    assert!(leads_to(&scene.incident(consequence).await, cause));
    scene.assert_sound().await;
}

#[rstest]
#[case::not_asked_for(false, "payments", "warning")]
#[case::no_dependency(true, "search", "warning")]
#[case::more_urgent_than_the_cause(true, "checkout", "critical")]
#[tokio::test]
async fn others_are_not_folded(#[case] folds: bool, #[case] service: &str, #[case] severity: &str) {
    let scene = Scene::with_services(folds).await;
    scene.alert_of("ledger", "warning").await;
    let other = scene.alert_of(service, severity).await;
    assert_eq!(scene.row(other).await.folded_under, None);
}

#[tokio::test]
async fn incident_that_is_snoozed_stays_so_when_folded() {
    let scene = Scene::with_services(true).await;
    let hold = |group: &mut AlertGroup| group.overrides.hold_s = Some(600);
    let of = |service: &str| {
        let mut one = alert(service, "09:00", None);
        one["labels"]["service"] = service.into();
        one
    };
    let cause = scene.send_to("payments", &[of("payments")], hold).await.incident.unwrap();
    let folded = scene.send_to("checkout", &[of("checkout")], hold).await.incident.unwrap();
    assert_eq!(scene.row(folded).await.folded_under, Some(cause));
    let now = Utc::now();
    for id in [cause, folded] {
        assert!(scene.row(id).await.is_snoozed(now + TimeDelta::seconds(500)));
    }
    scene.assert_sound().await;
}

#[tokio::test]
async fn people_fold_and_unfold() {
    let scene = Scene::with_services(false).await;
    let (cause, consequence) =
        (scene.alert_of("payments", "warning").await, scene.alert_of("checkout", "warning").await);
    let fold = IncidentCommand::Fold { under: Some(cause) };
    let itself = IncidentCommand::Fold { under: Some(consequence) };
    assert_eq!(scene.ask(consequence, itself).await, Err(Rejection::FoldUnderItself));
    let none = IncidentCommand::Fold { under: None };
    assert_eq!(scene.ask(consequence, none.clone()).await, Err(Rejection::NotFolded));
    scene.ask(consequence, fold.clone()).await.unwrap();
    assert_eq!(scene.ask(consequence, fold).await, Err(Rejection::AlreadyFolded));
    let back = IncidentCommand::Fold { under: Some(consequence) };
    let number = scene.row(consequence).await.number;
    assert_eq!(scene.ask(cause, back).await, Err(Rejection::FoldTargetFolded { number }));
    scene.ask(consequence, none).await.unwrap();
    assert_eq!(scene.row(consequence).await.folded_under, None);
    assert_eq!(scene.incident(consequence).await.links, []);
    assert_eq!(scene.incident(cause).await.links, []);
    let bodies = scene.timeline(cause).await.into_iter().map(|event| event.body);
    let kinds: Vec<String> = bodies.map(|body| body.kind().to_owned()).collect();
    assert_eq!(kinds, ["declared", "linked", "unlinked"]);
    scene.assert_sound().await;
}

#[tokio::test]
async fn ended_incident_has_nothing_folded_under_it() {
    let scene = Scene::with_services(false).await;
    let (cause, consequence) =
        (scene.alert_of("payments", "warning").await, scene.alert_of("checkout", "warning").await);
    let mut ended = alert("payments", "09:00", Some("09:10"));
    ended["labels"]["service"] = "payments".into();
    scene.send_to("payments", &[ended], |_| {}).await;
    let number = scene.row(cause).await.number;
    let refused = scene.ask(consequence, IncidentCommand::Fold { under: Some(cause) }).await;
    let status = Status::Resolved;
    assert_eq!(refused, Err(Rejection::FoldTargetEnded { number, status }));
}

#[tokio::test]
async fn noise_is_counted_by_check() {
    let scene = Scene::new().await;
    let first = scene.send(&[alert("db1", "09:00", None)], |_| {}).await.incident.unwrap();
    scene.send(&[alert("db1", "09:00", None)], |_| {}).await;
    let second = scene.send_to("web", &[alert("w1", "09:00", None)], |_| {}).await;
    scene.ask(first, IncidentCommand::Acknowledge).await.unwrap();
    let reason = Some("it ends by itself".to_owned());
    scene.ask(first, IncidentCommand::MarkNoise { reason: reason.clone() }).await.unwrap();
    let twice = scene.ask(first, IncidentCommand::MarkNoise { reason: reason.clone() }).await;
    assert_eq!(twice, Err(Rejection::AlreadyNoise));
    let now = Utc::now() + TimeDelta::seconds(1);
    let search = NoiseSearch { from: now - TimeDelta::days(30), to: now, limit: 10 };
    let report = scene.store.noise(&search).await.unwrap();
    let [row] = report.rows.as_slice() else { panic!("{report:?}") };
    assert_eq!((row.source.as_str(), row.check.as_str()), ("alertmanager", "DiskFull"));
    assert_eq!((row.reports, row.alerts, row.incidents), (3, 2, 2));
    assert_eq!((row.led, row.noise), (0, 1));
    assert_eq!(
        row.latest.iter().map(|one| one.id).collect::<Vec<_>>(),
        [second.incident.unwrap(), first]
    );
    scene.ask(first, IncidentCommand::MarkNoise { reason: None }).await.unwrap();
    let report = scene.store.noise(&search).await.unwrap();
    assert_eq!((report.rows[0].led, report.rows[0].noise), (1, 0));
    let earlier = NoiseSearch { to: now - TimeDelta::days(1), ..search };
    assert_eq!(scene.store.noise(&earlier).await.unwrap().rows, []);
    scene.assert_sound().await;
}

#[tokio::test]
async fn what_ends_by_itself_led_to_nothing() {
    let scene = Scene::new().await;
    let report = async || {
        let now = Utc::now() + TimeDelta::seconds(1);
        let search = NoiseSearch { from: now - TimeDelta::days(30), to: now, limit: 10 };
        let report = scene.store.noise(&search).await.unwrap();
        (report.rows[0].incidents, report.rows[0].led, report.rows[0].spent_s)
    };
    let fires = |begins: &str| [alert("db1", begins, None)];
    let ends = |begins: &str, at: &str| [alert("db1", begins, Some(at))];
    scene.send(&fires("09:00"), |_| {}).await;
    scene.send(&ends("09:00", "09:05"), |_| {}).await;
    assert_eq!(report().await, (1, 0, 0));
    let flaps =
        |group: &mut AlertGroup| group.overrides.flapping = Some(FlapRule { times: 2, ..FLAPS });
    scene.send(&fires("09:10"), flaps).await;
    scene.send(&ends("09:10", "09:15"), flaps).await;
    scene.send(&fires("09:20"), flaps).await;
    let watched = scene.send(&ends("09:20", "09:25"), flaps).await;
    assert_eq!(watched.effect, IngestEffect::Monitoring);
    let incidents = report().await.0;
    assert_eq!(report().await, (incidents, 0, 0));
    // A person resolves what alerts have only moved to monitoring.
    let resolve = IncidentCommand::Resolve {
        action: ResolutionAction::Other,
        detail: "the disk is replaced".into(),
        validation: "it is quiet".into(),
    };
    scene.ask(watched.incident.unwrap(), resolve).await.unwrap();
    assert_eq!(report().await.1, 1);
}

#[tokio::test]
async fn noise_of_a_record_says_why() {
    let scene = Scene::new().await;
    let id = declared(&scene.store, "Slow").await;
    let reason = "nobody can do anything".to_owned();
    scene.ask(id, IncidentCommand::MarkNoise { reason: Some(reason.clone()) }).await.unwrap();
    let incident = scene.incident(id).await;
    assert!(incident.summary.is_noise);
    assert_eq!(incident.noise_reason, Some(reason.clone()));
    let last = scene.timeline(id).await.pop().unwrap();
    assert_eq!(last.body, EventBody::NoiseMarked { reason: Some(reason) });
}

/// Returns a directory in which Ines is called at once for the team `payments`.
fn called_at_once() -> Directory {
    Directory {
        people: vec![PersonRef::new("ines", "Ines Moreau")],
        policies: vec![Policy {
            team: "payments".into(),
            levels: vec![PolicyLevel {
                after_s: 0,
                call: vec![Target::Person("ines".into())],
                round_robin: false,
                all_must_acknowledge: false,
            }],
            ..Policy::default()
        }],
        ..Directory::default()
    }
}

/// Runs an engine on the store of a scene, which sends nothing, while `work` is done.
async fn with_engine(scene: &Scene, work: impl Future<Output = ()>) {
    let store = Arc::new(scene.store.clone());
    let engine = Engine::new(EngineOptions {
        backend: Arc::clone(&store) as Arc<dyn Backend>,
        ledger: store as Arc<dyn Ledger>,
        settings: EngineSettings {
            sender: Arc::new(Channels::default()),
            contacts: Arc::default(),
            signals: Arc::default(),
            levels: ServiceLevels::default(),
            calendars: Arc::default(),
            calendar_reader: None,
            answers: AnswerSettings::default(),
            publish: redphone::engine::PublishSettings::default(),
            trackers: Arc::default(),
        },
        clock: Arc::new(SystemClock),
        receives_alerts: true,
    });
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let run = engine.run(async {
        stopped.await.ok();
    });
    let work = async {
        work.await;
        stop.send(()).unwrap();
    };
    tokio::join!(run, work);
}

#[tokio::test]
async fn folded_incident_is_called_for_once_its_cause_has_ended() {
    let mut scene = Scene::with_services(true).await;
    scene.store.set_directory(&called_at_once()).await.unwrap();
    scene.team = Some("payments");
    let cause = scene.alert_of("payments", "warning").await;
    let folded = scene.alert_of("checkout", "warning").await;
    assert_eq!(scene.row(folded).await.folded_under, Some(cause));
    let calls = with_engine(&scene, async {
        let is_called = async |id| scene.row(id).await.escalation > 0;
        until("the cause is called for", async || is_called(cause).await).await;
        assert!(!is_called(folded).await);
        let resolve = IncidentCommand::Resolve {
            action: ResolutionAction::Rollback,
            detail: "restarted".into(),
            validation: "it answers".into(),
        };
        scene.ask(cause, resolve).await.unwrap();
        until("the other one is called for", async || is_called(folded).await).await;
    });
    Box::pin(calls).await;
}

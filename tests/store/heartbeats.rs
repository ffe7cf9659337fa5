//! Heartbeats in a store: their silence is an incident, and a heartbeat ends it.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use redphone::backend::file::{FileStore, ImportError, ReopeningStore};
use redphone::backend::record::Record;
use redphone::backend::{Backend, IngestEffect, Ledger, Reminder};
use redphone::model::notification::ReminderKind;
use redphone::model::notification::step::DueStep;
use redphone::model::signals::{
    BeatOutcome, Heartbeat, HeartbeatCheck, HeartbeatDefinition, HeartbeatEdit, HeartbeatFault,
    HeartbeatPatch, HeartbeatRule, IntervalUnit,
};
use redphone::model::{Actor, IncidentCommand, IncidentId, Priority, Status, Summary};
use rstest::rstest;
use tempfile::{TempDir, tempdir};

use super::fixtures::{ask, declared, exported, import, open};
use super::notifications::page;

/// A store, and a day before now.
struct Scene {
    folder: TempDir,
    store: FileStore,
    start: DateTime<Utc>,
}

/// Every 5 min, with a minute of grace.
fn rule() -> HeartbeatRule {
    HeartbeatRule {
        name: "backup".into(),
        interval_s: 300,
        grace_s: 60,
        priority: Priority::P2,
        title: None,
        service: Some("billing".into()),
        team: None,
        runbook: None,
    }
}

fn cron() -> Actor {
    Actor::Integration("cron".into())
}

impl Scene {
    async fn new() -> Self {
        let folder = tempdir().unwrap();
        let store = open(&folder.path().join("store.db")).await;
        let start = (Utc::now() - TimeDelta::days(1)).trunc_subsecs(0);
        Self { folder, store, start }
    }

    fn at(&self, seconds: i64) -> DateTime<Utc> {
        self.start + TimeDelta::seconds(seconds)
    }

    /// Looks for silent heartbeats in the name of a program that runs for long.
    async fn check(&self, seconds: i64) -> HeartbeatCheck {
        let started = self.at(-86_400);
        let found = self.store.find_silent_heartbeats(&[rule()], started, self.at(seconds)).await;
        found.unwrap()
    }

    async fn beat(&self, seconds: i64) -> BeatOutcome {
        self.store.beat("backup", self.at(seconds), &cron()).await.unwrap()
    }

    async fn row(&self, id: IncidentId) -> Summary {
        self.store.incident(id).await.unwrap().incident.summary
    }

    /// Becomes silent after a heartbeat, and returns the incident of that.
    async fn silent(&self) -> IncidentId {
        self.check(-600).await;
        self.beat(0).await;
        assert_eq!(self.check(360).await.silent, ["backup"]);
        let id = self.store.find_by_number(redphone::model::IncidentNumber(1)).await.unwrap();
        assert_eq!(self.row(id).await.status, Status::Triggered);
        id
    }
}

#[tokio::test]
async fn heartbeat_that_never_came_counts_from_the_first_check() {
    let scene = Scene::new().await;
    let first = scene.check(0).await;
    assert_eq!((first.silent, first.next), (vec![], Some(scene.at(360))));
    assert_eq!(scene.check(359).await.next, Some(scene.at(360)));
    assert_eq!(scene.check(360).await.silent, ["backup"]);
    let listed = scene.store.heartbeats().await.unwrap();
    assert_eq!((listed[0].last_at, listed[0].since), (None, scene.start));
    assert_eq!(listed[0].silent_since, Some(scene.at(360)));
}

#[tokio::test]
async fn silence_declares_an_incident_that_a_sign_of_life_resolves() {
    let scene = Scene::new().await;
    let id = scene.silent().await;
    let row = scene.row(id).await;
    assert_eq!((row.title.as_str(), row.priority), ("No heartbeat of backup", Priority::P2));
    assert_eq!(row.services, ["billing"]);
    let alerts = scene.store.alerts(id, 10).await.unwrap();
    assert_eq!((alerts.len(), alerts[0].group.as_str()), (1, "heartbeat:backup"));

    let outcome = scene.beat(400).await;
    assert_eq!((outcome.effect, outcome.incident), (IngestEffect::Resolved, Some(id)));
    assert_eq!(outcome.number.unwrap().0, 1);
    assert_eq!(outcome.heartbeat.last_at, Some(scene.at(400)));
    assert_eq!(scene.row(id).await.status, Status::Resolved);
    assert_eq!(scene.check(401).await.next, Some(scene.at(760)));

    let again = scene.check(760).await;
    assert_eq!(again.silent, ["backup"]);
    assert_eq!(scene.beat(800).await.number.unwrap().0, 2, "the next silence is another incident");
}

#[tokio::test]
async fn acknowledged_incident_is_moved_to_monitoring() {
    let scene = Scene::new().await;
    let id = scene.silent().await;
    scene.store.execute(&ask(id, IncidentCommand::Acknowledge)).await.unwrap();
    assert_eq!(scene.beat(400).await.effect, IngestEffect::Monitoring);
    assert_eq!(scene.row(id).await.status, Status::Monitoring);
}

#[tokio::test]
async fn several_programs_declare_one_incident() {
    let scene = Scene::new().await;
    let other = open(&scene.folder.path().join("store.db")).await;
    scene.check(0).await;
    let (rules, started, now) = ([rule()], scene.at(-86_400), scene.at(500));
    let (one, two) = tokio::join!(
        scene.store.find_silent_heartbeats(&rules, started, now),
        other.find_silent_heartbeats(&rules, started, now)
    );
    let mut found = [one.unwrap().silent, two.unwrap().silent].concat();
    found.extend(scene.check(501).await.silent);
    assert_eq!(found, ["backup"]);
    other.close().await;
}

#[tokio::test]
async fn silence_is_declared_once_whatever_people_do() {
    let scene = Scene::new().await;
    let id = scene.silent().await;
    let end = IncidentCommand::Reclassify {
        to: redphone::model::status::Classification::FalseAlarm,
        reason: "it moved".into(),
    };
    scene.store.execute(&ask(id, end)).await.unwrap();
    assert_eq!(scene.check(4000).await, HeartbeatCheck::default());
    assert_eq!(scene.beat(4001).await.effect, IngestEffect::Unchanged);
    assert_eq!(scene.check(4002).await.next, Some(scene.at(4361)));
}

#[tokio::test]
async fn program_that_has_just_started_listens_first() {
    let scene = Scene::new().await;
    scene.beat(0).await;
    let started = scene.at(10_000);
    let check =
        async |at| scene.store.find_silent_heartbeats(&[rule()], started, scene.at(at)).await;
    let first = check(10_000).await.unwrap();
    assert_eq!((first.silent, first.next), (vec![], Some(scene.at(10_360))));
    assert_eq!(check(10_360).await.unwrap().silent, ["backup"]);
}

#[tokio::test]
async fn heartbeats_are_stored_across_openings() {
    let scene = Scene::new().await;
    scene.beat(5).await;
    let reopened = ReopeningStore::new(open(&scene.folder.path().join("store.db")).await);
    let listed = reopened.heartbeats().await.unwrap();
    assert_eq!(listed[0].last_at, Some(scene.at(5)));
    reopened.beat("backup", scene.at(9), &cron()).await.unwrap();
    assert_eq!(scene.store.heartbeats().await.unwrap()[0].last_at, Some(scene.at(9)));
}

/// Every 10 min, as a program defines it.
fn definition() -> HeartbeatDefinition {
    HeartbeatDefinition {
        every: 10,
        unit: IntervalUnit::Minutes,
        is_enabled: true,
        description: "Copies the ledger".into(),
        title: Some("No ledger".into()),
        severity: Some("P1".into()),
        labels: vec!["db".into()],
        team: Some("payments".into()),
        extra: <_>::default(),
    }
}

#[tokio::test]
async fn heartbeat_of_a_program_is_watched_like_others() {
    let scene = Scene::new().await;
    let store = ReopeningStore::new(open(&scene.folder.path().join("store.db")).await);
    let edit = async |edit: HeartbeatEdit, at: DateTime<Utc>| {
        store.edit_heartbeat("ledger", &edit, at).await.unwrap()
    };
    let defined = edit(HeartbeatEdit::Define(definition()), scene.at(0)).await.unwrap();
    assert_eq!(scene.store.heartbeats().await.unwrap(), [defined]);
    let again = edit(HeartbeatEdit::Define(definition()), scene.at(1)).await;
    assert_eq!(again, Err(HeartbeatFault::AlreadyDefined));

    let check = async |rules: &[HeartbeatRule], at: i64| {
        scene.store.find_silent_heartbeats(rules, scene.at(-86_400), scene.at(at)).await.unwrap()
    };
    let first = check(&[], 0).await;
    assert_eq!((first.next, first.awaits_definitions), (Some(scene.at(660)), true));
    assert!(!check(&[rule()], 0).await.awaits_definitions);
    assert_eq!(check(&[], 660).await.silent, ["ledger"]);
    let id = scene.store.find_by_number(redphone::model::IncidentNumber(1)).await.unwrap();
    let incident = scene.store.incident(id).await.unwrap().incident;
    assert_eq!(
        (incident.summary.title.as_str(), incident.summary.priority),
        ("No ledger", Priority::P1)
    );
    assert_eq!(incident.labels, ["heartbeat=ledger", "db"]);
    assert_eq!(incident.summary.team.as_deref(), Some("payments"));
    assert!(incident.symptoms.ends_with("\nCopies the ledger"), "{}", incident.symptoms);
    let beat = scene.store.beat("ledger", scene.at(700), &cron()).await.unwrap();
    assert_eq!(
        (beat.effect, beat.heartbeat.definition),
        (IngestEffect::Resolved, Some(definition()))
    );

    let off = HeartbeatPatch { is_enabled: Some(false), ..HeartbeatPatch::default() };
    edit(HeartbeatEdit::Change(off), scene.at(800)).await.unwrap();
    assert_eq!(check(&[], 9000).await.silent, [""; 0]);
    edit(HeartbeatEdit::Remove, scene.at(9001)).await.unwrap();
    assert_eq!(edit(HeartbeatEdit::Remove, scene.at(9002)).await, Err(HeartbeatFault::NotDefined));
    let names: Vec<String> =
        scene.store.heartbeats().await.unwrap().into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["backup"]);
}

#[tokio::test]
async fn heartbeat_of_a_program_is_exported_and_imported() {
    let scene = Scene::new().await;
    for name in ["ledger", "books"] {
        let define = HeartbeatEdit::Define(definition());
        scene.store.edit_heartbeat(name, &define, scene.at(0)).await.unwrap().unwrap();
    }
    scene.store.beat("backup", scene.at(0), &cron()).await.unwrap();
    scene.store.beat("ledger", scene.at(7), &cron()).await.unwrap();
    let lines = exported(&scene.store).await;
    let records: Vec<Record> =
        lines.iter().map(|line| Record::from_json(line.as_bytes()).unwrap()).collect();
    let other = Scene::new().await;
    let imported = Utc::now().trunc_subsecs(3);
    import(&other.store, &records).await;
    let comparable = |lines: &[String]| {
        let records = lines.iter().map(|line| Record::from_json(line.as_bytes()).unwrap());
        let without_since = records.map(|record| match record {
            Record::Heartbeat(heartbeat) => {
                Record::Heartbeat(Box::new(Heartbeat { since: scene.start, ..*heartbeat }))
            }
            other => other,
        });
        without_since.collect::<Vec<_>>()
    };
    assert_eq!(comparable(&exported(&other.store).await), comparable(&lines));
    // They were overdue in the export: that calls nobody.
    for heartbeat in other.store.heartbeats().await.unwrap() {
        assert!(heartbeat.since >= imported, "{heartbeat:?}");
    }
    // What the store has already only gets the definition.
    other
        .store
        .edit_heartbeat("books", &HeartbeatEdit::Remove, other.at(8))
        .await
        .unwrap()
        .unwrap();
    other.store.beat("books", other.at(9), &cron()).await.unwrap();
    import(&other.store, &records).await;
    let stored = other.store.heartbeats().await.unwrap();
    let [books, ledger] = stored.as_slice() else { panic!("{stored:?}") };
    assert_eq!((books.last_at, &books.definition), (Some(other.at(9)), &Some(definition())));
    assert_eq!((ledger.last_at, &ledger.definition), (Some(scene.at(7)), &Some(definition())));
}

#[rstest]
#[case::no_interval(0)]
#[case::longer_than_a_year(366 * 24 * 6 + 1)]
#[tokio::test]
async fn heartbeat_with_a_wrong_interval_is_not_imported(#[case] every: i64) {
    let scene = Scene::new().await;
    let definition = HeartbeatDefinition { every: every * 10, ..definition() };
    let heartbeat =
        Heartbeat { definition: Some(definition), ..Heartbeat::new("ledger", scene.at(0)) };
    let mut importer = scene.store.importer().await.unwrap();
    let refused = importer.add(Record::Heartbeat(Box::new(heartbeat))).await;
    assert!(matches!(refused, Err(ImportError::Invalid { .. })), "{refused:?}");
}

#[tokio::test]
async fn reminder_is_stored_once_for_all_programs() {
    let scene = Scene::new().await;
    let other = open(&scene.folder.path().join("store.db")).await;
    let id = declared(&scene.store, "Card payments fail").await;
    let reminder = |key: &str| Reminder {
        kind: ReminderKind::Update,
        key: key.into(),
        now: Utc::now(),
        notifications: vec![page(id, "phone", Utc::now())],
    };
    assert!(scene.store.remind(&reminder("a")).await.unwrap());
    assert!(!scene.store.remind(&reminder("a")).await.unwrap());
    assert!(!other.remind(&reminder("a")).await.unwrap());
    assert!(other.remind(&reminder("b")).await.unwrap());
    other.close().await;
}

#[tokio::test]
async fn expired_acknowledgement_is_stored_with_the_row() {
    let scene = Scene::new().await;
    let id = declared(&scene.store, "Card payments fail").await;
    scene.store.execute(&ask(id, IncidentCommand::Acknowledge)).await.unwrap();
    let since = scene.row(id).await.last_attended_at();
    let step =
        DueStep { round: 1, due: since.unwrap(), unattended_since: since, missed: Vec::new() };
    let call = IncidentCommand::Escalate {
        level: 1,
        to: Vec::new(),
        reason: None,
        automatic: Some(step),
        all_must_acknowledge: false,
    };
    let outcome = scene.store.execute(&ask(id, call)).await.unwrap();
    let row = scene.row(id).await;
    assert_eq!((row.status, row.acknowledged_at), (Status::Triggered, None));
    assert_eq!(row.escalation_from, Some(outcome.events[0].recorded_at));
    let listed = scene.store.changes(None, std::time::Duration::ZERO).await.unwrap();
    assert_eq!(listed.rows[0].escalation_from, row.escalation_from, "in the packed row as well");
}

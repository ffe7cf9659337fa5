//! Maintenance windows in a store: the incidents that they mute, and release when they end.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use redphone::backend::file::FileStore;
use redphone::backend::{Backend, BackendError, Ledger, Search};
use redphone::model::maintenance::{
    MaintenanceChange, MaintenanceRequest, MaintenanceSearch, MaintenanceWindow, MutedSearch,
    NewWindow, Recurrence, Repeats,
};
use redphone::model::queue::Sort;
use redphone::model::rejection::{DatedRejection, Rejection};
use redphone::model::{Actor, EventBody, IncidentCommand, IncidentId, Status, Summary};
use rstest::rstest;
use serde_json::Value;
use tempfile::{TempDir, tempdir};
use uuid::Uuid;

use super::fixtures::{ask, declaration, open};
use crate::support::alerts::{alert, group, message};
use crate::support::commands;
use crate::support::requests::{envelope, ines};

struct Scene {
    folder: TempDir,
    store: FileStore,
    now: DateTime<Utc>,
}

fn monitor() -> Actor {
    Actor::Integration("Alertmanager".into())
}

impl Scene {
    async fn new() -> Self {
        let folder = tempdir().unwrap();
        let store = open(&folder.path().join("store.db")).await;
        Self { folder, store, now: Utc::now().trunc_subsecs(0) }
    }

    fn at(&self, minutes: i64) -> DateTime<Utc> {
        self.now + TimeDelta::minutes(minutes)
    }

    /// Returns a window from one minute until another, as it is created.
    fn new_window(&self, filter: &str, from: i64, until: i64) -> NewWindow {
        NewWindow {
            title: "The pool is replaced".into(),
            filter: filter.parse().unwrap(),
            from: self.at(from),
            until: self.at(until),
            recurrence: None,
            comment: String::new(),
            mutes_people: false,
            public_text: None,
        }
    }

    async fn request(
        &self,
        id: Uuid,
        expected: Option<u32>,
        change: MaintenanceChange,
    ) -> Result<MaintenanceWindow, BackendError> {
        let actor = Actor::Person(ines());
        let request = MaintenanceRequest { id, actor, at: Utc::now(), expected, change };
        self.store.change_maintenance(&request).await
    }

    async fn create(&self, filter: &str, from: i64, until: i64) -> MaintenanceWindow {
        let new = self.new_window(filter, from, until);
        self.request(Uuid::now_v7(), None, MaintenanceChange::Create(new)).await.unwrap()
    }

    /// Sends alerts of the group `disks`.
    async fn send(&self, alerts: &[Value]) -> IncidentId {
        let group = group(&message("disks", alerts));
        self.store.ingest(&group, &monitor()).await.unwrap().incident.unwrap()
    }

    async fn row(&self, id: IncidentId) -> Summary {
        let detail = self.store.incident(id).await.unwrap().incident.summary;
        let search = Search {
            filter: "is:any".parse().unwrap(),
            me: None,
            sort: Sort::Newest,
            limit: 100,
            after: None,
            now: Utc::now(),
        };
        let rows = self.store.search(&search).await.unwrap().rows;
        let row = rows.into_iter().find(|row| row.id == id).unwrap();
        assert_eq!(row.muted, detail.muted, "the packed row has what the record has");
        assert_eq!(row.muted_ms, detail.muted_ms);
        row
    }

    async fn settle(&self, minutes: i64) -> (u64, u64) {
        let settled = self.store.settle_maintenance(self.at(minutes)).await.unwrap();
        (settled.muted, settled.released)
    }

    async fn kinds(&self, id: IncidentId) -> Vec<String> {
        let range = redphone::backend::TimelineRange::Last(100);
        let events = self.store.timeline(id, range).await.unwrap();
        events.iter().map(|event| event.body.kind().to_owned()).collect()
    }
}

fn refused(result: Result<MaintenanceWindow, BackendError>) -> Rejection {
    match result {
        Err(
            BackendError::Rejected(DatedRejection { rejection, .. })
            | BackendError::Conflict(DatedRejection { rejection, .. }),
        ) => rejection,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn alert_in_a_window_declares_a_muted_incident() {
    let scene = Scene::new().await;
    let window = scene.create("service:checkout", -5, 60).await;
    let id = scene.send(&[alert("db1", "09:00", None)]).await;
    let mute = scene.row(id).await.mute().cloned().unwrap();
    assert_eq!((mute.window, mute.until), (window.id, window.until));
    assert_eq!(scene.kinds(id).await, ["declared", "muted"]);
    scene.send(&[alert("db1", "09:00", None), alert("db2", "09:01", None)]).await;
    assert!(scene.row(id).await.is_muted(), "a new alert is muted as well");
}

#[rstest]
#[case::other_service("service:ledger", -5, 60)]
#[case::other_label("instance=db2", -5, 60)]
#[case::not_yet("service:checkout", 5, 60)]
#[tokio::test]
async fn other_alerts_are_not_muted(#[case] filter: &str, #[case] from: i64, #[case] until: i64) {
    let scene = Scene::new().await;
    scene.create(filter, from, until).await;
    let id = scene.send(&[alert("db1", "09:00", None)]).await;
    assert_eq!(scene.row(id).await.muted, None);
}

#[tokio::test]
async fn alert_that_is_not_muted_releases_its_incident() {
    let scene = Scene::new().await;
    scene.create("instance=db1", -5, 60).await;
    let id = scene.send(&[alert("db1", "09:00", None)]).await;
    assert!(scene.row(id).await.is_muted());
    scene.send(&[alert("db1", "09:00", None), alert("db2", "09:01", None)]).await;
    let row = scene.row(id).await;
    assert!(!row.is_muted());
    assert!(row.escalation_from.is_some(), "its escalation begins");
    assert_eq!(scene.settle(1).await, (0, 0), "it is not muted again");
}

#[tokio::test]
async fn end_of_a_window_releases_what_still_fires() {
    let scene = Scene::new().await;
    scene.create("service:checkout", -5, 60).await;
    let id = scene.send(&[alert("db1", "09:00", None)]).await;
    let next = scene.store.settle_maintenance(scene.at(1)).await.unwrap().next;
    assert_eq!(next, Some(scene.at(60)));
    assert_eq!(scene.settle(59).await, (0, 0));
    assert_eq!(scene.settle(60).await, (0, 1));
    assert_eq!(scene.settle(60).await, (0, 0), "once");
    let row = scene.row(id).await;
    assert_eq!((row.is_muted(), row.status), (false, Status::Triggered));
    assert!(row.muted.unwrap().ended_at.is_some() && row.muted_ms >= 0);
    assert_eq!(scene.kinds(id).await.last().unwrap(), "unmuted");
}

#[tokio::test]
async fn release_names_the_window_that_has_ended() {
    let scene = Scene::new().await;
    scene.create("service:checkout", -5, 10).await;
    scene.create("service:ledger", -5, 60).await;
    let id = scene.send(&[alert("db1", "09:00", None)]).await;
    assert_eq!(scene.settle(10).await, (0, 1));
    let range = redphone::backend::TimelineRange::Last(1);
    let events = scene.store.timeline(id, range).await.unwrap();
    assert_eq!(events[0].body.kind(), "unmuted");
    assert_eq!(events[0].because.as_deref(), Some("\"The pool is replaced\" has ended"));
}

#[tokio::test]
async fn two_programs_release_an_incident_once() {
    let scene = Scene::new().await;
    let other = open(&scene.folder.path().join("store.db")).await;
    scene.create("service:checkout", -5, 60).await;
    let id = scene.send(&[alert("db1", "09:00", None)]).await;
    let (one, two) = tokio::join!(
        scene.store.settle_maintenance(scene.at(60)),
        other.settle_maintenance(scene.at(60))
    );
    assert_eq!(one.unwrap().released + two.unwrap().released, 1);
    let kinds = scene.kinds(id).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "unmuted").count(), 1, "{kinds:?}");
}

#[tokio::test]
async fn ending_a_window_early_releases_at_once() {
    let scene = Scene::new().await;
    let window = scene.create("service:checkout", -5, 60).await;
    let id = scene.send(&[alert("db1", "09:00", None)]).await;
    let ended = scene.request(window.id, Some(1), MaintenanceChange::End).await.unwrap();
    assert_eq!((ended.revision, ended.ended_at.is_some()), (2, true));
    assert!(!scene.row(id).await.is_muted());
    let again = scene.request(window.id, Some(1), MaintenanceChange::End).await.unwrap();
    assert_eq!(again, ended, "a second time changes nothing");
}

#[tokio::test]
async fn changed_window_mutes_until_its_new_end() {
    let scene = Scene::new().await;
    let window = scene.create("service:checkout", -5, 60).await;
    let id = scene.send(&[alert("db1", "09:00", None)]).await;
    let longer = scene.new_window("service:checkout", -5, 120);
    let change = MaintenanceChange::Change(longer);
    let changed = scene.request(window.id, Some(1), change.clone()).await.unwrap();
    assert_eq!((changed.revision, changed.until), (2, scene.at(120)));
    assert_eq!(scene.row(id).await.mute().unwrap().until, scene.at(120));
    let refusal = refused(scene.request(window.id, Some(1), MaintenanceChange::End).await);
    assert!(matches!(refusal, Rejection::Maintenance(_)), "{refusal:?}");
    let other = scene.new_window("service:ledger", -5, 120);
    scene.request(window.id, Some(2), MaintenanceChange::Change(other)).await.unwrap();
    assert!(!scene.row(id).await.is_muted(), "it is about something else now");
}

#[tokio::test]
async fn window_that_begins_mutes_what_nobody_has() {
    let scene = Scene::new().await;
    let id = scene.send(&[alert("db1", "09:00", None)]).await;
    let second = group(&message("cpus", &[alert("web1", "09:00", None)]));
    let second = scene.store.ingest(&second, &monitor()).await.unwrap().incident.unwrap();
    scene.store.execute(&ask(second, IncidentCommand::Acknowledge)).await.unwrap();
    scene.create("service:checkout", 5, 60).await;
    assert!(!scene.row(id).await.is_muted());
    assert_eq!(scene.settle(5).await, (1, 0));
    assert!(scene.row(id).await.is_muted());
    assert!(!scene.row(second).await.is_muted(), "somebody has it");
}

#[tokio::test]
async fn acknowledgement_and_resolution_pass() {
    let scene = Scene::new().await;
    scene.create("service:checkout", -5, 60).await;
    let id = scene.send(&[alert("db1", "09:00", None)]).await;
    scene.store.execute(&ask(id, IncidentCommand::Acknowledge)).await.unwrap();
    let row = scene.row(id).await;
    assert_eq!((row.status, row.is_muted()), (Status::Acknowledged, false));
    assert!(row.acknowledge_verdict.unwrap().elapsed_ms <= 1500, "it was muted");
    assert_eq!(scene.settle(60).await, (0, 0), "nothing is left to release");
    let second = group(&message("cpus", &[alert("web1", "09:00", None)]));
    let second = scene.store.ingest(&second, &monitor()).await.unwrap().incident.unwrap();
    let ends = group(&message("cpus", &[alert("web1", "09:00", Some("09:30"))]));
    scene.store.ingest(&ends, &monitor()).await.unwrap();
    assert_eq!(scene.row(second).await.status, Status::Resolved);
}

#[rstest]
#[case::program(false, false, true)]
#[case::person(true, false, false)]
#[case::person_where_the_window_says_so(true, true, true)]
#[tokio::test]
async fn what_people_report_is_muted_only_if_wanted(
    #[case] is_person: bool,
    #[case] mutes_people: bool,
    #[case] expected: bool,
) {
    let scene = Scene::new().await;
    let new = NewWindow { mutes_people, ..scene.new_window("service:checkout", -5, 60) };
    scene.request(Uuid::now_v7(), None, MaintenanceChange::Create(new)).await.unwrap();
    let id = IncidentId::new();
    let declare = IncidentCommand::Declare(Box::new(declaration("Carts are empty")));
    let mut order = ask(id, declare);
    if !is_person {
        order.actor = monitor();
    }
    let outcome = scene.store.execute(&order).await.unwrap();
    assert_eq!(outcome.row.unwrap().is_muted(), expected);
    assert_eq!(scene.row(id).await.is_muted(), expected);
    let again = scene.store.execute(&order).await.unwrap();
    assert!(again.replayed, "the same command again changes nothing");
}

#[tokio::test]
async fn call_of_a_person_ends_the_mute() {
    let scene = Scene::new().await;
    scene.create("service:checkout", -5, 60).await;
    let id = scene.send(&[alert("db1", "09:00", None)]).await;
    let reason = Some("customers call".to_owned());
    let call = IncidentCommand::Escalate {
        level: 1,
        to: Vec::new(),
        reason,
        automatic: None,
        all_must_acknowledge: false,
    };
    scene.store.execute(&ask(id, call)).await.unwrap();
    assert!(!scene.row(id).await.is_muted());
    assert_eq!(scene.settle(5).await, (0, 0), "it is not muted again");
}

#[tokio::test]
async fn the_same_request_creates_one_window() {
    let scene = Scene::new().await;
    let (id, new) = (Uuid::now_v7(), scene.new_window("service:checkout", 0, 60));
    let create = MaintenanceChange::Create(new);
    let first = scene.request(id, None, create.clone()).await.unwrap();
    assert_eq!(scene.request(id, None, create).await.unwrap(), first);
    let other = MaintenanceChange::Create(scene.new_window("service:ledger", 0, 60));
    assert_eq!(refused(scene.request(id, None, other).await), Rejection::IdReused);
}

#[rstest]
#[case("service:checkout", 60, 60, "until")]
#[case("service:checkout", 0, 200_000, "until")]
#[tokio::test]
async fn wrong_window_is_refused_with_its_field(
    #[case] filter: &str,
    #[case] from: i64,
    #[case] until: i64,
    #[case] field: &str,
) {
    let scene = Scene::new().await;
    let create = MaintenanceChange::Create(scene.new_window(filter, from, until));
    match refused(scene.request(Uuid::now_v7(), None, create).await) {
        Rejection::Field(bad) => assert_eq!(bad.field, field),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn windows_are_listed_by_when_they_mute() {
    let scene = Scene::new().await;
    let next = scene.create("service:checkout", 30, 60).await;
    let now = scene.create("service:checkout", -5, 60).await;
    let ended = scene.create("service:checkout", -30, 60).await;
    scene.request(ended.id, None, MaintenanceChange::End).await.unwrap();
    let recurrence = Some(Recurrence {
        repeats: Repeats::Daily,
        days: Vec::new(),
        zone: "UTC".into(),
        last: None,
    });
    let again = NewWindow { recurrence, ..scene.new_window("service:cart", 10, 40) };
    let again =
        scene.request(Uuid::now_v7(), None, MaintenanceChange::Create(again)).await.unwrap();
    let list = async |all| {
        let search = MaintenanceSearch { ended: all, limit: 100, now: scene.at(1) };
        let windows = scene.store.maintenance(&search).await.unwrap();
        windows.iter().map(|window| window.id).collect::<Vec<_>>()
    };
    assert_eq!(list(false).await, [now.id, again.id, next.id]);
    assert_eq!(list(true).await, [now.id, again.id, next.id, ended.id]);
    let directory = scene.store.directory().await.unwrap();
    assert_eq!(directory.maintenance.len(), 3, "panes have them with the directory");
}

#[tokio::test]
async fn preview_and_list_name_the_incidents() {
    let scene = Scene::new().await;
    let id = scene.send(&[alert("db1", "09:00", None), alert("db2", "09:00", None)]).await;
    let half = scene.store.preview_maintenance(&scene.new_window("instance=db1", 0, 60)).await;
    let half = half.unwrap();
    assert_eq!((half.total, half.muted_incidents), (1, 0), "the other alert is not muted");
    let both = scene.store.preview_maintenance(&scene.new_window("service:checkout", 0, 60)).await;
    let both = both.unwrap();
    assert_eq!((both.total, both.muted_incidents, both.entries.len()), (2, 1, 2));
    let window = scene.create("service:checkout", -5, 60).await;
    let search = MutedSearch { window: Some(window.id), limit: 10 };
    let muted = scene.store.muted(&search).await.unwrap();
    assert_eq!(muted.iter().map(|entry| entry.incident).collect::<Vec<_>>(), [id]);
    scene.settle(60).await;
    let released = scene.store.muted(&search).await.unwrap();
    assert!(released[0].mute.ended_at.is_some(), "{released:?}");
    let other = MutedSearch { window: Some(Uuid::now_v7()), limit: 10 };
    assert_eq!(scene.store.muted(&other).await.unwrap(), []);
}

#[tokio::test]
async fn filter_finds_what_is_muted() {
    let scene = Scene::new().await;
    scene.create("service:checkout", -5, 60).await;
    let id = scene.send(&[alert("db1", "09:00", None)]).await;
    let declare = IncidentCommand::Declare(Box::new(commands::declaration("Login fails")));
    scene.store.execute(&ask(IncidentId::new(), declare)).await.unwrap();
    let found = async |filter: &str| {
        let search = Search {
            filter: filter.parse().unwrap(),
            me: None,
            sort: Sort::Urgent,
            limit: 10,
            after: None,
            now: Utc::now(),
        };
        let rows = scene.store.search(&search).await.unwrap().rows;
        rows.iter().map(|row| row.id == id).collect::<Vec<_>>()
    };
    assert_eq!(found("is:muted").await, [true]);
    assert_eq!(found("-is:muted").await, [false]);
    assert_eq!(found("").await.len(), 2, "nothing is hidden");
}

#[tokio::test]
async fn events_say_what_muted_and_released() {
    let scene = Scene::new().await;
    let window = scene.create("service:checkout", -5, 60).await;
    let id = scene.send(&[alert("db1", "09:00", None)]).await;
    scene.settle(60).await;
    let range = redphone::backend::TimelineRange::Last(100);
    let events = scene.store.timeline(id, range).await.unwrap();
    let muted =
        EventBody::Muted { window: window.id, title: window.title.clone(), until: window.until };
    assert_eq!(events[1].body, muted);
    assert_eq!(events[2].body, EventBody::Unmuted);
    assert_eq!(events[2].actor, Actor::Integration("maintenance".into()));
    let unmute = envelope(redphone::model::Command::incident(id, IncidentCommand::Unmute));
    let again = scene.store.execute(&unmute).await.unwrap_err();
    assert!(matches!(again, BackendError::Conflict(_)), "{again:?}");
}

//! Action items become issues in each tracker, once, whatever becomes of answers and programs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use redphone::backend::file::FileStore;
use redphone::backend::{ActionItemSearch, Backend};
use redphone::engine::Clock;
use redphone::engine::follow_ups::FollowUpWorker;
use redphone::model::follow_up::{FollowUp, FollowUpState};
use redphone::model::review::{ActionItem, ActionKind};
use redphone::model::{IncidentCommand, IncidentId};
use redphone::outbound::client::Timeouts;
use redphone::outbound::tracker::{ConfiguredTracker, TrackerKind, Trackers, build};
use rstest::rstest;
use tempfile::TempDir;
use uuid::Uuid;

use super::cases::{cached, client};
use super::providers::SECRET;
use super::stand_in::StandIn;
use super::tracker_servers::{Fault, TrackerServer, options};
use crate::support::requests::{ask, declared, ines};
use crate::support::store::open;

const POLL: Duration = Duration::from_mins(10);

/// A clock that is stopped until it is set. Tasks that sleep by it continue to sleep.
struct StillClock(Mutex<DateTime<Utc>>);

#[async_trait]
impl Clock for StillClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    async fn sleep(&self, _: Duration) {
        std::future::pending::<()>().await;
    }
}

/// A store with an action item for which an issue is requested, and a tracker.
struct Scene {
    _folder: TempDir,
    store: Arc<FileStore>,
    incident: IncidentId,
    item: Uuid,
    clock: Arc<StillClock>,
    server: Arc<TrackerServer>,
    stand_in: StandIn,
}

impl Scene {
    async fn new(kind: TrackerKind, faults: &[Fault]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(open(&folder.path().join("store.db")).await);
        let incident = declared(&*store, "Cards fail").await;
        let item = ActionItem {
            id: Uuid::now_v7(),
            text: "Alert on the size of the pool\n/close @ines <!-- x -->".into(),
            owner: Some(ines()),
            due: Some("2026-03-31".parse().unwrap()),
            kind: ActionKind::Detect,
            done: false,
        };
        let id = item.id;
        store.execute(&ask(incident, IncidentCommand::SetActionItem { item })).await.unwrap();
        let server = TrackerServer::new(kind, faults);
        let stand_in = StandIn::start(server.judge()).await;
        let clock =
            Arc::new(StillClock(Mutex::new(Utc::now().trunc_subsecs(3) + TimeDelta::seconds(1))));
        let scene = Self { _folder: folder, store, incident, item: id, clock, server, stand_in };
        scene.request().await;
        scene
    }

    async fn request(&self) {
        let command = IncidentCommand::RequestFollowUp { item: self.item, tracker: None };
        self.store.execute(&ask(self.incident, command)).await.unwrap();
        self.advance(TimeDelta::seconds(1));
    }

    /// Sets the clock ahead, and at least to the real time.
    fn advance(&self, by: TimeDelta) {
        let mut now = self.clock.0.lock().unwrap();
        *now = (*now + by).max(Utc::now().trunc_subsecs(3));
    }

    fn trackers(&self, secret: &str, closes_items: bool) -> Trackers {
        let kind = self.server.kind;
        let client = client(&["127.0.0.1"], Timeouts::default());
        let mut options = options(kind, &self.stand_in.url());
        options.states = BTreeMap::from([
            ("doing".to_owned(), FollowUpState::Started),
            ("won't do".to_owned(), FollowUpState::Dropped),
        ]);
        let tracker = build(kind, &options, cached(secret.to_owned()), &client).unwrap();
        let mut trackers = Trackers::default();
        let tracker = ConfiguredTracker { tracker, is_default: false, closes_items, poll: POLL };
        trackers.insert("ops", tracker);
        trackers
    }

    fn worker(&self) -> FollowUpWorker {
        FollowUpWorker {
            backend: Arc::clone(&self.store) as _,
            ledger: Arc::clone(&self.store) as _,
            clock: Arc::clone(&self.clock) as _,
        }
    }

    /// Does due work. Returns for how long there is no more.
    async fn turn(&self) -> Option<TimeDelta> {
        let next = self.worker().turn(&self.trackers(SECRET, false)).await.unwrap();
        next.map(|next| next - self.clock.now())
    }

    async fn follow_up(&self) -> FollowUp {
        let record = self.store.incident(self.incident).await.unwrap().incident;
        record.follow_up(self.item).unwrap().clone()
    }

    async fn is_done(&self) -> bool {
        let record = self.store.incident(self.incident).await.unwrap().incident;
        record.review.actions[0].done
    }

    /// The entry of the issue in the list of action items.
    async fn listed(&self) -> FollowUp {
        let page = self.store.action_items(&ActionItemSearch::first(10)).await.unwrap();
        page.rows[0].follow_up.clone().unwrap()
    }

    /// Posts that create issues.
    fn creations(&self) -> usize {
        let seen = self.stand_in.seen();
        let is_creation = |uri: &str| !uri.contains("search");
        seen.iter().filter(|r| r.method == "POST" && is_creation(&r.uri)).count()
    }
}

const ALL: [TrackerKind; 4] =
    [TrackerKind::Plane, TrackerKind::Jira, TrackerKind::GitHub, TrackerKind::GitLab];

#[rstest]
#[case(TrackerKind::Plane, "OPS-1", "/acme/projects/4af68566-94a4-4eb3-94aa-50dc9427067b/issues/")]
#[case(TrackerKind::Jira, "OPS-1", "/browse/OPS-1")]
#[case(TrackerKind::GitHub, "acme/app#1", "https://github.example/acme/app/issues/1")]
#[case(TrackerKind::GitLab, "acme/app#1", "https://gitlab.example/acme/app/-/issues/1")]
#[tokio::test]
async fn action_item_becomes_one_issue(
    #[case] kind: TrackerKind,
    #[case] label: &str,
    #[case] url: &str,
) {
    let scene = Scene::new(kind, &[]).await;
    assert_eq!(scene.turn().await, Some(TimeDelta::from_std(POLL).unwrap()));
    let follow_up = scene.follow_up().await;
    assert_eq!((follow_up.state, follow_up.tracker.as_deref()), (FollowUpState::Open, Some("ops")));
    let issue = follow_up.issue.clone().unwrap();
    assert_eq!(issue.label, label);
    assert!(issue.url.contains(url), "{}", issue.url);
    assert_eq!(scene.listed().await, follow_up);
    // Nothing is made again, however often it is due.
    scene.advance(TimeDelta::hours(1));
    scene.turn().await;
    assert_eq!((scene.server.count(), scene.creations()), (1, if is_jira(kind) { 2 } else { 1 }));
    let body = scene.server.bodies()[0].to_string();
    assert!(body.contains("Alert on the size of the pool (INC-1)"), "{body}");
    assert!(body.contains("Ines Moreau") && body.contains("2026-03-31"), "{body}");
    let record = scene.store.incident(scene.incident).await.unwrap().incident;
    let stored = serde_json::to_string(&record).unwrap();
    assert!(!stored.contains(SECRET) && !body.contains(SECRET), "{stored}");
}

/// Jira is asked twice, as it refuses the day.
fn is_jira(kind: TrackerKind) -> bool {
    kind == TrackerKind::Jira
}

#[tokio::test]
async fn names_and_commands_in_texts_do_nothing() {
    let scene = Scene::new(TrackerKind::GitLab, &[]).await;
    scene.turn().await;
    let body = scene.server.bodies()[0]["description"].as_str().unwrap().to_owned();
    assert!(body.lines().all(|line| !line.starts_with('/')), "{body}");
    assert!(!body.contains("@ines"), "{body}");
    assert_eq!(body.matches("<!--").count(), 1, "{body}");
}

#[rstest]
#[tokio::test]
async fn lost_answer_leads_to_one_issue(
    #[values(
        TrackerKind::Plane,
        TrackerKind::Jira,
        TrackerKind::GitHub,
        TrackerKind::GitLab
    )]
    kind: TrackerKind,
) {
    let scene = Scene::new(kind, &[Fault::LostAnswer]).await;
    // Before it was searched for, the tracker gets time to show it.
    assert_eq!(scene.turn().await, Some(TimeDelta::minutes(1)));
    assert_eq!(scene.follow_up().await.state, FollowUpState::Requested);
    assert!(scene.listed().await.note.is_some_and(|note| note.contains("504")));
    let creations = scene.creations();
    scene.advance(TimeDelta::minutes(2));
    scene.turn().await;
    assert_eq!(scene.follow_up().await.state, FollowUpState::Open);
    assert_eq!((scene.server.count(), scene.creations()), (1, creations));
    assert_eq!(scene.listed().await.note, scene.follow_up().await.note);
}

#[tokio::test]
async fn program_that_ends_while_it_creates_makes_one_issue() {
    for kind in ALL {
        let scene = Scene::new(kind, &[Fault::Silent]).await;
        let (worker, trackers) = (scene.worker(), scene.trackers(SECRET, false));
        tokio::select! {
            biased;
            ended = worker.turn(&trackers) => panic!("{kind:?} has answered: {ended:?}"),
            () = scene.server.created.notified() => {}
        }
        // Another program does nothing while the claim of the first one lasts.
        assert!(scene.turn().await.is_some_and(|wait| wait > TimeDelta::minutes(5)), "{kind:?}");
        let creations = scene.creations();
        scene.advance(TimeDelta::minutes(11));
        scene.turn().await;
        assert_eq!(scene.follow_up().await.state, FollowUpState::Open, "{kind:?}");
        assert_eq!((scene.server.count(), scene.creations()), (1, creations), "{kind:?}");
    }
}

#[tokio::test]
async fn claim_that_has_ended_changes_nothing() {
    let scene = Scene::new(TrackerKind::GitHub, &[Fault::Silent]).await;
    let (worker, trackers) = (scene.worker(), scene.trackers(SECRET, false));
    let mut first = Box::pin(worker.turn(&trackers));
    tokio::select! {
        biased;
        ended = &mut first => panic!("it has answered: {ended:?}"),
        () = scene.server.created.notified() => {}
    }
    scene.advance(TimeDelta::minutes(11));
    scene.turn().await;
    let made = scene.follow_up().await;
    drop(first);
    assert_eq!(made.state, FollowUpState::Open);
    assert_eq!(scene.server.count(), 1);
}

#[tokio::test]
async fn programs_at_the_same_time_make_one_issue() {
    for kind in ALL {
        let scene = Scene::new(kind, &[]).await;
        let (one, two) = (scene.worker(), scene.worker());
        let trackers = scene.trackers(SECRET, false);
        let (a, b) = tokio::join!(one.turn(&trackers), two.turn(&trackers));
        assert!(a.is_ok() && b.is_ok(), "{a:?} {b:?}");
        assert_eq!(scene.server.count(), 1, "{kind:?}");
    }
}

#[rstest]
#[case(Fault::Limited, 700)]
#[case(Fault::Down, 60)]
#[tokio::test]
async fn tracker_that_fails_is_tried_again(#[case] fault: Fault, #[case] seconds: i64) {
    for kind in ALL {
        let scene = Scene::new(kind, &[fault]).await;
        assert_eq!(scene.turn().await, Some(TimeDelta::seconds(seconds)), "{kind:?}");
        assert_eq!(
            (scene.server.count(), scene.follow_up().await.state),
            (0, FollowUpState::Requested)
        );
        scene.advance(TimeDelta::seconds(seconds + 1));
        scene.turn().await;
        assert_eq!((scene.server.count(), scene.follow_up().await.state), (1, FollowUpState::Open));
    }
}

#[tokio::test]
async fn refused_issue_says_why_and_can_be_requested_again() {
    for kind in ALL {
        let scene = Scene::new(kind, &[Fault::Invalid]).await;
        scene.turn().await;
        let refused = scene.follow_up().await;
        assert_eq!(refused.state, FollowUpState::Refused, "{kind:?}");
        assert!(refused.note.is_some_and(|note| note.contains("not allowed")), "{kind:?}");
        scene.advance(TimeDelta::hours(2));
        assert_eq!((scene.turn().await, scene.server.count()), (None, 0), "{kind:?}");
        scene.request().await;
        scene.turn().await;
        assert_eq!((scene.server.count(), scene.follow_up().await.state), (1, FollowUpState::Open));
    }
}

#[tokio::test]
async fn wrong_token_is_said_and_makes_nothing() {
    for kind in ALL {
        let scene = Scene::new(kind, &[]).await;
        let worker = scene.worker();
        worker.turn(&scene.trackers("AnotherSecretKey0123456789", false)).await.unwrap();
        let listed = scene.listed().await;
        assert_eq!(listed.state, FollowUpState::Requested);
        let note = listed.note.unwrap();
        assert!(note.contains("check the token") && !note.contains("AnotherSecret"), "{note}");
        scene.advance(TimeDelta::hours(1));
        scene.turn().await;
        assert_eq!((scene.server.count(), scene.follow_up().await.state), (1, FollowUpState::Open));
    }
}

#[tokio::test]
async fn wrong_project_is_said_and_makes_nothing() {
    for kind in ALL {
        let scene = Scene::new(kind, &[]).await;
        let client = client(&["127.0.0.1"], Timeouts::default());
        let mut options = options(kind, &scene.stand_in.url());
        options.project = match kind {
            TrackerKind::Plane => Uuid::nil().to_string(),
            TrackerKind::Jira => "OTHER".into(),
            TrackerKind::GitHub | TrackerKind::GitLab => "acme/other".into(),
        };
        let tracker = build(kind, &options, cached(SECRET.into()), &client).unwrap();
        let mut trackers = Trackers::default();
        let tracker =
            ConfiguredTracker { tracker, is_default: false, closes_items: false, poll: POLL };
        trackers.insert("ops", tracker);
        scene.worker().turn(&trackers).await.unwrap();
        let listed = scene.listed().await;
        assert_eq!(listed.state, FollowUpState::Requested, "{kind:?}");
        assert!(listed.note.is_some_and(|note| note.contains("project")), "{kind:?}");
        assert_eq!(scene.server.count(), 0, "{kind:?}");
    }
}

#[rstest]
#[case("started", FollowUpState::Started)]
#[case("done", FollowUpState::Done)]
#[case("dropped", FollowUpState::Dropped)]
#[tokio::test]
async fn state_is_read_from_each_tracker(
    #[case] state: &'static str,
    #[case] expected: FollowUpState,
) {
    for kind in ALL {
        let scene = Scene::new(kind, &[]).await;
        scene.turn().await;
        scene.server.set_state(state);
        // It is not read before its time.
        scene.turn().await;
        assert_eq!(scene.follow_up().await.state, FollowUpState::Open, "{kind:?}");
        scene.advance(TimeDelta::minutes(11));
        scene.turn().await;
        // GitLab has no reason why an issue was closed.
        let is_closed = kind == TrackerKind::GitLab && state == "dropped";
        let expected = if is_closed { FollowUpState::Done } else { expected };
        assert_eq!(scene.follow_up().await.state, expected, "{kind:?}");
        assert!(!scene.is_done().await, "{kind:?}");
    }
}

#[rstest]
#[case(false)]
#[case(true)]
#[tokio::test]
async fn settings_decide_whether_the_item_is_done(#[case] closes_items: bool) {
    let scene = Scene::new(TrackerKind::GitHub, &[]).await;
    let trackers = scene.trackers(SECRET, closes_items);
    scene.worker().turn(&trackers).await.unwrap();
    scene.server.set_state("done");
    scene.advance(TimeDelta::minutes(11));
    scene.worker().turn(&trackers).await.unwrap();
    let follow_up = scene.follow_up().await;
    assert_eq!(follow_up.state, FollowUpState::Done);
    assert_eq!(scene.is_done().await, closes_items);
    assert_eq!(follow_up.proposes_done(scene.is_done().await), !closes_items);
}

#[tokio::test]
async fn issue_that_was_deleted_is_missing() {
    for kind in ALL {
        let scene = Scene::new(kind, &[]).await;
        scene.turn().await;
        scene.server.delete_all();
        scene.advance(TimeDelta::minutes(11));
        scene.turn().await;
        assert_eq!(scene.follow_up().await.state, FollowUpState::Deleted, "{kind:?}");
        scene.request().await;
        scene.turn().await;
        assert_eq!((scene.server.count(), scene.follow_up().await.state), (1, FollowUpState::Open));
    }
}

#[tokio::test]
async fn program_without_the_tracker_makes_nothing() {
    let scene = Scene::new(TrackerKind::GitHub, &[]).await;
    assert_eq!(scene.worker().turn(&Trackers::default()).await.unwrap(), None);
    let command =
        IncidentCommand::RequestFollowUp { item: scene.item, tracker: Some("web".into()) };
    let again = scene.store.execute(&ask(scene.incident, command)).await;
    assert!(again.is_err(), "one is asked for already");
    assert_eq!(
        (scene.server.count(), scene.follow_up().await.state),
        (0, FollowUpState::Requested)
    );
}

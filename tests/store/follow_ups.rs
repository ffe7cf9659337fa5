//! Follow-ups in the store: refusals, exports, and the validity of claims.

use chrono::{SubsecRound, TimeDelta, Utc};
use redphone::backend::file::FileStore;
use redphone::backend::record::Record;
use redphone::backend::{
    ActionItemSearch, Backend, BackendError, FollowUpEnd, FollowUpRequest, Ledger,
};
use redphone::model::follow_up::{FollowUp, FollowUpState, TrackerIssue};
use redphone::model::review::{ActionItem, ActionKind};
use redphone::model::{IncidentCommand, IncidentId, Rejection};
use tempfile::tempdir;
use uuid::Uuid;

use super::fixtures::{ask, declared, exported, import, open};

const ITEM: Uuid = Uuid::from_u128(7);

fn request(item: Uuid) -> IncidentCommand {
    IncidentCommand::RequestFollowUp { item, tracker: Some("ops".into()) }
}

fn made(reference: &str, state: FollowUpState) -> FollowUp {
    let issue = TrackerIssue {
        reference: reference.into(),
        label: format!("OPS-{reference}"),
        url: format!("https://tracker.example/{reference}"),
    };
    let (tracker, note) = (Some("ops".into()), None);
    FollowUp { item: ITEM, tracker, state, issue: Some(issue), note }
}

async fn run(
    store: &FileStore,
    incident: IncidentId,
    command: IncidentCommand,
) -> Result<(), Option<Rejection>> {
    match store.execute(&ask(incident, command)).await {
        Ok(_) => Ok(()),
        Err(BackendError::Rejected(why) | BackendError::Conflict(why)) => Err(Some(why.rejection)),
        Err(_) => Err(None),
    }
}

/// An incident with an action item for which an issue is requested.
async fn requested(store: &FileStore) -> IncidentId {
    let incident = declared(store, "Cards fail").await;
    let item = ActionItem {
        id: ITEM,
        text: "Alert on the pool".into(),
        owner: None,
        due: None,
        kind: ActionKind::Detect,
        done: false,
    };
    run(store, incident, IncidentCommand::SetActionItem { item }).await.unwrap();
    run(store, incident, request(ITEM)).await.unwrap();
    incident
}

async fn listed(store: &FileStore) -> Option<FollowUp> {
    let page = store.action_items(&ActionItemSearch::first(10)).await.unwrap();
    page.rows[0].follow_up.clone()
}

#[tokio::test]
async fn item_has_one_issue() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let incident = requested(&store).await;
    let other = run(&store, incident, request(Uuid::from_u128(8))).await;
    assert_eq!(other, Err(Some(Rejection::NoSuchActionItem)));
    let twice = run(&store, incident, request(ITEM)).await;
    assert_eq!(
        twice,
        Err(Some(Rejection::AlreadyFollowedUp { by: "issue requested in ops".into() }))
    );
    let record = |follow_up| IncidentCommand::RecordFollowUp { follow_up };
    let first = made("1", FollowUpState::Open);
    run(&store, incident, record(first.clone())).await.unwrap();
    let same = run(&store, incident, record(first.clone())).await;
    assert_eq!(same, Err(Some(Rejection::NothingToChange)));
    let second = run(&store, incident, record(made("2", FollowUpState::Open))).await;
    assert_eq!(second, Err(Some(Rejection::AlreadyFollowedUp { by: "OPS-1 open".into() })));
    assert_eq!(listed(&store).await, Some(first));
    run(&store, incident, record(made("1", FollowUpState::Deleted))).await.unwrap();
    run(&store, incident, request(ITEM)).await.unwrap();
}

#[tokio::test]
async fn follow_up_survives_export_and_import() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let incident = requested(&store).await;
    let follow_up = made("1", FollowUpState::Started);
    let command = IncidentCommand::RecordFollowUp { follow_up: follow_up.clone() };
    run(&store, incident, command).await.unwrap();
    let lines = exported(&store).await;
    let records: Vec<Record> = lines.iter().map(|l| serde_json::from_str(l).unwrap()).collect();
    let copy = open(&folder.path().join("copy.db")).await;
    import(&copy, &records).await;
    let read = copy.incident(incident).await.unwrap().incident;
    assert_eq!(read.follow_up(ITEM), Some(&follow_up));
    assert_eq!(listed(&copy).await, Some(follow_up));
    // Its state is read by a program that has the tracker.
    let now = Utc::now() + TimeDelta::seconds(1);
    let (trackers, limit) = (vec!["ops".into()], 5);
    let claimed = copy.claim_follow_ups(&FollowUpRequest { now, trackers, limit }).await.unwrap();
    assert_eq!(claimed.claims.len(), 1);
}

#[tokio::test]
async fn claim_that_has_ended_is_void() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    requested(&store).await;
    let now = Utc::now().trunc_subsecs(3) + TimeDelta::seconds(1);
    let claims = async |now, name: &str| {
        let request = FollowUpRequest { now, trackers: vec![name.to_owned()], limit: 5 };
        store.claim_follow_ups(&request).await.unwrap()
    };
    assert_eq!(claims(now, "web").await.claims, []);
    let first = claims(now, "ops").await.claims.remove(0);
    assert_eq!((first.failures, first.sent_at), (0, None));
    let next = claims(now, "ops").await;
    assert_eq!((next.claims.len(), next.next), (0, Some(now + TimeDelta::minutes(10))));
    assert!(store.begin_follow_up(&first, now).await.unwrap());
    let later = now + TimeDelta::minutes(11);
    let second = claims(later, "ops").await.claims.remove(0);
    assert_eq!(second.sent_at, Some(now));
    let end = FollowUpEnd {
        next: later + TimeDelta::minutes(1),
        failures: 1,
        problem: Some("it is down".into()),
        may_have_created: true,
    };
    assert!(!store.begin_follow_up(&first, later).await.unwrap());
    assert!(!store.finish_follow_up(&first, &end).await.unwrap());
    assert!(store.finish_follow_up(&second, &end).await.unwrap());
    let third = claims(end.next, "ops").await.claims.remove(0);
    assert_eq!((third.failures, third.sent_at), (1, Some(now)));
    assert_eq!(listed(&store).await.and_then(|one| one.note).as_deref(), Some("it is down"));
}

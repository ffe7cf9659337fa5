//! The ledger of notifications in a store that several programs have open.

mod claims;
mod ends;
mod limits;
mod notices;
mod plans;
mod transfer;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Duration, SubsecRound, Utc};
use redphone::backend::file::FileStore;
use redphone::backend::{Backend, Claim, ClaimRequest, Claimed, Ledger, Plan};
use redphone::model::notification::decision::AttemptResult;
use redphone::model::notification::{
    Attempt, AttemptOutcome, MessageKind, Notification, NotificationState,
};
use redphone::model::{EventId, IncidentCommand, IncidentId};
use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;

use super::fixtures::{ask, declared, open};
use crate::support::requests::ines;

/// Returns a page of ines that waits.
pub fn page(incident: IncidentId, contact: &str, due: DateTime<Utc>) -> Notification {
    Notification {
        id: Uuid::now_v7(),
        incident,
        event: EventId::new(),
        kind: MessageKind::Page,
        level: 1,
        round: 1,
        person: ines(),
        contact: contact.into(),
        channel: "ntfy".into(),
        earlier_uses: 0,
        planned_at: due,
        due,
        state: NotificationState::Waiting,
        attempts: 0,
        next_try: Some(due),
        updated_at: due,
        provider_id: None,
        reason: None,
        perhaps_twice: false,
        after_acknowledgement: false,
        reminder: None,
        bundled_into: None,
        text: None,
        until: None,
        cover: None,
        extra: <_>::default(),
    }
}

/// Returns the request of a program that has the channel `ntfy`.
pub fn request(now: DateTime<Utc>) -> ClaimRequest {
    ClaimRequest { now, channels: vec!["ntfy".into()], limit: 100 }
}

pub fn result(outcome: AttemptOutcome, ended_at: DateTime<Utc>) -> AttemptResult {
    let answer = if outcome == AttemptOutcome::Accepted { "" } else { "503" };
    let provider_id = (outcome == AttemptOutcome::Accepted).then(|| "m1".to_owned());
    AttemptResult { ended_at, outcome, provider_id, answer: answer.into(), retry_after: None }
}

/// A store with an incident that nobody has acknowledged.
struct Scene {
    _folder: TempDir,
    path: PathBuf,
    store: FileStore,
    incident: IncidentId,
    /// When the notifications of the tests are due.
    start: DateTime<Utc>,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let store = open(&path).await;
        let incident = declared(&store, "Card payments fail").await;
        Self { _folder: folder, path, store, incident, start: Utc::now().trunc_subsecs(3) }
    }

    fn at(&self, seconds: i64) -> DateTime<Utc> {
        self.start + Duration::seconds(seconds)
    }

    /// Returns a page of the incident for the contact `phone` that is due at the start.
    fn page(&self) -> Notification {
        page(self.incident, "phone", self.start)
    }

    async fn plan(&self, notifications: &[Notification]) {
        plan(&self.store, notifications).await;
    }

    async fn claim(&self, seconds: i64) -> Claimed {
        self.store.claim(&request(self.at(seconds))).await.unwrap()
    }

    async fn finish(&self, claim: &Claim, outcome: AttemptOutcome, seconds: i64) -> bool {
        self.store.finish(claim, &result(outcome, self.at(seconds))).await.unwrap()
    }

    async fn execute(&self, command: IncidentCommand) {
        self.store.execute(&ask(self.incident, command)).await.unwrap();
    }

    fn stored(&self, id: Uuid) -> Notification {
        stored(&self.path).into_iter().find(|notification| notification.id == id).unwrap()
    }
}

async fn plan(store: &FileStore, notifications: &[Notification]) {
    let unplanned = store.unplanned().await.unwrap();
    let (from, to) = (unplanned.from, unplanned.to);
    let plan = Plan { from, to, notifications: notifications.to_vec() };
    assert!(store.plan(&plan).await.unwrap());
}

fn bodies<T: serde::de::DeserializeOwned>(path: &Path, sql: &str) -> Vec<T> {
    let conn = Connection::open(path).unwrap();
    let mut statement = conn.prepare(sql).unwrap();
    let texts = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    texts.map(|text| serde_json::from_str(&text.unwrap()).unwrap()).collect()
}

/// Returns all notifications, in the order in which they were planned.
fn stored(path: &Path) -> Vec<Notification> {
    bodies(path, "SELECT body FROM notification ORDER BY position")
}

/// Returns all attempts.
fn attempts(path: &Path) -> Vec<Attempt> {
    bodies(path, "SELECT body FROM attempt ORDER BY notification, number")
}

fn ids(claims: &[Claim]) -> Vec<Uuid> {
    claims.iter().map(|claim| claim.notification.id).collect()
}

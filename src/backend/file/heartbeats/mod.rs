//! Heartbeats: when each was last received, and the incidents of their silence.
//!
//! A received heartbeat and the end of its incident are one transaction, and so are a silence and
//! the declaration of its incident. The latter depends on the heartbeat that was last read, so that
//! any number of programs declare one incident, and none if the heartbeat was received meanwhile.

pub(super) mod table;
pub(super) mod transfer;

use chrono::{DateTime, Utc};

use super::error::StoreResult;
use super::sql::Batch;
use super::store::FileStore;
use crate::backend::BackendError;
use crate::model::alert::IngestEffect;
use crate::model::signals::{
    BeatOutcome, Heartbeat, HeartbeatCheck, HeartbeatEdit, HeartbeatFault, HeartbeatRule,
    expected_heartbeats,
};
use crate::model::time::recorded_time;
use crate::model::{Actor, check};
use table::HeartbeatChange;

/// The first version of the schema that has the table.
const FIRST_VERSION: i64 = 11;
/// The name of the integration that declares incidents of silence.
const ACTOR: &str = "heartbeat";

impl FileStore {
    /// Reads the heartbeats that were received or are expected.
    pub(super) async fn read_heartbeats(&self) -> Result<Vec<Heartbeat>, BackendError> {
        if self.inner.version < FIRST_VERSION {
            return Ok(Vec::new());
        }
        self.with_path_context(async {
            table::read_heartbeats(&mut *self.acquire_reader().await?).await
        })
        .await
    }

    /// Stores a heartbeat, and ends the incident of the silence before it.
    pub(super) async fn store_beat(
        &self,
        name: &str,
        at: DateTime<Utc>,
        actor: &Actor,
    ) -> Result<BeatOutcome, BackendError> {
        check::name("name", name).map_err(|bad| BackendError::rejected(bad.into(), Utc::now()))?;
        let at = recorded_time(at);
        let heartbeat = Heartbeat::new(name, at);
        let group = heartbeat.ending(at);
        let change = HeartbeatChange::Beat { name: name.to_owned(), at };
        let stored = self.store_alerts_if(&group, actor, at, change).await?;
        // A heartbeat applies at any time.
        let none = BeatOutcome {
            heartbeat,
            effect: IngestEffect::Unchanged,
            incident: None,
            number: None,
        };
        Ok(stored.map_or(none, |(outcome, heartbeat)| BeatOutcome {
            heartbeat,
            effect: outcome.effect,
            incident: outcome.incident,
            number: outcome.number,
        }))
    }

    /// Declares an incident for each heartbeat that has become silent, of the settings or defined by a
    /// program. Those that were never expected before are expected from now on.
    pub(super) async fn find_silent(
        &self,
        rules: &[HeartbeatRule],
        started: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<HeartbeatCheck, BackendError> {
        let mut heartbeats = self.read_heartbeats().await?;
        let new: Vec<Heartbeat> = rules
            .iter()
            .filter(|rule| !heartbeats.iter().any(|heartbeat| heartbeat.name == rule.name))
            .map(|rule| Heartbeat::new(&rule.name, recorded_time(now)))
            .collect();
        if !new.is_empty() {
            self.add_heartbeats(&new).await?;
            heartbeats.extend(new);
        }
        let mut check =
            HeartbeatCheck { awaits_definitions: rules.is_empty(), ..HeartbeatCheck::default() };
        let matrix = self.rules().matrix;
        let mut failure = None;
        for rule in &expected_heartbeats(rules, &heartbeats) {
            let heartbeat = heartbeats.iter().find(|heartbeat| heartbeat.name == rule.name);
            let Some(heartbeat) = heartbeat else { continue };
            let Some(due) = rule.silent_at(heartbeat, started, now) else { continue };
            if due > now {
                check.next = Some(check.next.map_or(due, |next| next.min(due)));
                continue;
            }
            let at = recorded_time(now);
            let group = rule.silence(heartbeat, at, &matrix);
            let change = HeartbeatChange::Silence {
                name: rule.name.clone(),
                last: heartbeat.last_or_since(),
                definition: heartbeat.definition.clone(),
                at,
            };
            let actor = Actor::Integration(ACTOR.to_owned());
            match self.store_alerts_if(&group, &actor, at, change).await {
                Ok(Some(_)) => check.silent.push(rule.name.clone()),
                // It came or was changed meanwhile, or another program was first.
                Ok(None) => check.next = Some(now),
                // A failure to declare one must not stop the others.
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok(check), Err)
    }

    /// Changes the definition of a heartbeat, and returns it as it is then. One that is defined no more is
    /// removed with all that is stored of it.
    pub(super) async fn store_definition(
        &self,
        name: &str,
        edit: &HeartbeatEdit,
        at: DateTime<Utc>,
    ) -> Result<Result<Heartbeat, HeartbeatFault>, BackendError> {
        check::name("name", name).map_err(|bad| BackendError::rejected(bad.into(), Utc::now()))?;
        self.check_writable()?;
        let (store, name, edit) = (self.clone(), name.to_owned(), edit.clone());
        let at = recorded_time(at);
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let changed: StoreResult<_> = async {
                Batch::new("BEGIN IMMEDIATE;").run(&mut writer.conn).await?;
                let changed = table::edit(&mut writer.conn, &name, edit, at).await?;
                Batch::new("COMMIT;").run(&mut writer.conn).await?;
                Ok(changed)
            }
            .await;
            if changed.is_err() {
                writer.roll_back().await;
            }
            changed
        })
        .await
    }

    async fn add_heartbeats(&self, new: &[Heartbeat]) -> Result<(), BackendError> {
        self.check_writable()?;
        let (store, new) = (self.clone(), new.to_vec());
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let mut batch = Batch::one_off("BEGIN IMMEDIATE;");
            for heartbeat in &new {
                table::put_new(&mut batch, heartbeat)?;
            }
            batch.sql("COMMIT;");
            let result = batch.run(&mut writer.conn).await;
            if result.is_err() {
                writer.roll_back().await;
            }
            result
        })
        .await
    }
}

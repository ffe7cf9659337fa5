//! Heartbeats: when each was last received, and the incidents of their silence.
//!
//! A sign of life and the end of its incident are one transaction, and so are a silence and the
//! declaration of its incident. The latter depends on the sign of life that was last seen, so that any
//! number of programs declare one incident, and none if the heartbeat came meanwhile.

pub(super) mod table;

use chrono::{DateTime, Utc};

use super::sql::Batch;
use super::store::FileStore;
use crate::backend::BackendError;
use crate::model::alert::IngestEffect;
use crate::model::signals::{BeatOutcome, Heartbeat, HeartbeatCheck, HeartbeatRule};
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

    /// Stores a sign of life, and ends the incident of the silence before it.
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
        // A sign of life applies at any time.
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

    /// Declares an incident for each heartbeat that has become silent. Those that were never expected
    /// before are expected from now on.
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
        let mut check = HeartbeatCheck::default();
        let matrix = self.rules().matrix;
        let mut failure = None;
        for rule in rules {
            let heartbeat = heartbeats.iter().find(|heartbeat| heartbeat.name == rule.name);
            let Some(heartbeat) = heartbeat else { continue };
            let Some(due) = rule.silent_at(heartbeat, started) else { continue };
            if due > now {
                check.next = Some(check.next.map_or(due, |next| next.min(due)));
                continue;
            }
            let at = recorded_time(now);
            let group = rule.silence(heartbeat, at, &matrix);
            let change = HeartbeatChange::Silence {
                name: rule.name.clone(),
                last: heartbeat.last_or_since(),
                at,
            };
            let actor = Actor::Integration(ACTOR.to_owned());
            match self.store_alerts_if(&group, &actor, at, change).await {
                Ok(Some(_)) => check.silent.push(rule.name.clone()),
                // It came meanwhile, or another program was first.
                Ok(None) => check.next = Some(now),
                // One that can't be declared must not stop the others.
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok(check), Err)
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

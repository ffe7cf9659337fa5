//! The surroundings of engines: a store that may be down, and channels that work more or less.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use redphone::backend::{
    Backend, BackendError, Capabilities, Cursor, Delta, Detail, IngestEffect, IngestOutcome,
    Outcome, Page, Search, TimelineRange,
};
use redphone::engine::{Clock, Sender};
use redphone::model::alert::{AlertCounts, AlertGroup};
use redphone::model::directory::Directory;
use redphone::model::measures::{Cut, Measures, Window};
use redphone::model::notification::step::DueStep;
use redphone::model::problem::Problem;
use redphone::model::signals::{Heartbeat, HeartbeatCheck, HeartbeatRule};
use redphone::model::{
    Actor, Command, Envelope, Event, IncidentCommand, IncidentId, IncidentNumber, Status, Summary,
};
use redphone::outbound::{OutboundMessage, Receipt, SendError};
use tokio::sync::Notify;
use uuid::Uuid;

use super::clock::VirtualClock;
use super::file::StoreFile;
use crate::support::memory::Memory;

/// A store in memory by a virtual clock.
pub struct Store {
    pub memory: Arc<Memory>,
    /// The file that programs have open in place of the memory, if the week has one.
    pub file: Option<Arc<StoreFile>>,
    pub clock: Arc<VirtualClock>,
    pub changed: Notify,
    pub is_down: AtomicBool,
    /// Whether nothing can be written.
    pub is_full: AtomicBool,
    pub heartbeats: Mutex<Heartbeats>,
    requests: Mutex<Vec<StepRequest>>,
    ingested: Mutex<Vec<Ingested>>,
}

/// When a group of alerts was reported, its key, and whether it fires.
pub type Ingested = (DateTime<Utc>, String, bool);

/// A step that an engine wanted to carry out, with the incident as it was then.
#[derive(Clone, Debug)]
pub struct StepRequest {
    pub at: DateTime<Utc>,
    pub step: DueStep,
    pub incident: Summary,
}

/// Heartbeats in memory.
#[derive(Default)]
pub struct Heartbeats {
    pub all: Vec<Heartbeat>,
    /// Which became silent, and when.
    pub silences: Vec<(String, DateTime<Utc>)>,
}

impl Heartbeats {
    /// Returns the heartbeat with a name, which is expected from now on if there was none.
    fn of(&mut self, name: &str, now: DateTime<Utc>) -> &mut Heartbeat {
        let index = self.all.iter().position(|heartbeat| heartbeat.name == name);
        let index = index.unwrap_or_else(|| {
            self.all.push(Heartbeat::new(name, now));
            self.all.len() - 1
        });
        &mut self.all[index]
    }
}

/// Returns the error of a store whose disk is full.
pub fn full() -> BackendError {
    BackendError::Unreachable("the disk is full".into())
}

/// Returns the error of a store that is down.
pub fn down() -> BackendError {
    BackendError::Unreachable("the store is down".into())
}

impl Store {
    pub fn new(memory: Arc<Memory>, clock: Arc<VirtualClock>) -> Self {
        Self {
            memory,
            file: None,
            clock,
            changed: Notify::new(),
            is_down: AtomicBool::new(false),
            is_full: AtomicBool::new(false),
            heartbeats: Mutex::default(),
            requests: Mutex::default(),
            ingested: Mutex::default(),
        }
    }

    /// Returns the steps that engines wanted to carry out, whatever became of them.
    pub fn requests(&self) -> Vec<StepRequest> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the groups of alerts that were reported.
    pub fn ingested(&self) -> Vec<Ingested> {
        self.ingested.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Records a step that an engine requests.
    pub fn record_request(&self, envelope: &Envelope) {
        let Command::Incident { incident, command, .. } = &envelope.command else { return };
        let IncidentCommand::Escalate { automatic: Some(step), .. } = command else {
            return;
        };
        let Some(row) = self.memory.row(*incident) else { return };
        let request = StepRequest { at: self.clock.now(), step: step.clone(), incident: row };
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
    }

    fn check(&self) -> Result<(), BackendError> {
        if self.is_down.load(Ordering::Relaxed) { Err(down()) } else { Ok(()) }
    }

    /// Returns the heartbeats.
    pub fn heartbeats(&self) -> MutexGuard<'_, Heartbeats> {
        self.heartbeats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries out a command now, in the file if there is one.
    pub async fn carry_out_anywhere(&self, envelope: &Envelope) -> Result<Outcome, BackendError> {
        let Some(file) = &self.file else { return self.carry_out(envelope) };
        let envelope = Envelope { at: self.clock.now(), ..envelope.clone() };
        let outcome = file.carry_out(&envelope).await;
        self.changed.notify_waiters();
        outcome
    }

    /// Carries out a command now.
    pub fn carry_out(&self, envelope: &Envelope) -> Result<Outcome, BackendError> {
        let envelope = Envelope { at: self.clock.now(), ..envelope.clone() };
        let outcome = self.memory.carry_out(&envelope);
        self.changed.notify_waiters();
        outcome
    }
}

#[async_trait]
impl Backend for Store {
    async fn capabilities(&self) -> Result<Capabilities, BackendError> {
        self.memory.capabilities().await
    }

    async fn changes(&self, since: Option<Cursor>, wait: Duration) -> Result<Delta, BackendError> {
        let deadline = self.clock.now() + wait;
        loop {
            let changed = self.changed.notified();
            self.check()?;
            if since != Some(self.memory.position()) {
                return self.memory.changes(since, Duration::ZERO).await;
            }
            let remaining = (deadline - self.clock.now()).to_std().unwrap_or_default();
            if remaining.is_zero() {
                let cursor = self.memory.position();
                return Ok(Delta {
                    cursor,
                    reset: false,
                    rows: Vec::new(),
                    directory: false,
                    redacted: Vec::new(),
                });
            }
            tokio::select! {
                () = changed => {}
                () = self.clock.sleep(remaining) => {}
            }
        }
    }

    async fn search(&self, search: &Search) -> Result<Page<Summary>, BackendError> {
        self.memory.search(search).await
    }

    async fn incident(&self, id: IncidentId) -> Result<Detail, BackendError> {
        self.check()?;
        self.memory.incident(id).await
    }

    async fn find_by_number(&self, number: IncidentNumber) -> Result<IncidentId, BackendError> {
        self.memory.find_by_number(number).await
    }

    async fn timeline(
        &self,
        id: IncidentId,
        range: TimelineRange,
    ) -> Result<Vec<Event>, BackendError> {
        self.memory.timeline(id, range).await
    }

    async fn measures(
        &self,
        window: &Window,
        cut: Cut,
        now: DateTime<Utc>,
    ) -> Result<Measures, BackendError> {
        self.memory.measures(window, cut, now).await
    }

    async fn execute(&self, envelope: &Envelope) -> Result<Outcome, BackendError> {
        self.check()?;
        if self.is_full.load(Ordering::Relaxed) {
            return Err(full());
        }
        self.record_request(envelope);
        self.carry_out(envelope)
    }

    async fn ingest(
        &self,
        group: &AlertGroup,
        _actor: &Actor,
    ) -> Result<IngestOutcome, BackendError> {
        self.check()?;
        let fires = group.alerts.iter().any(|alert| alert.is_firing);
        let ingested = (self.clock.now(), group.key.clone(), fires);
        self.ingested.lock().unwrap_or_else(PoisonError::into_inner).push(ingested);
        Ok(IngestOutcome {
            effect: IngestEffect::Unchanged,
            incident: None,
            number: None,
            alerts: AlertCounts::default(),
        })
    }

    async fn problems(&self) -> Result<Vec<Problem>, BackendError> {
        self.memory.problems().await
    }

    async fn directory(&self) -> Result<Directory, BackendError> {
        self.check()?;
        self.memory.directory().await
    }

    async fn find_silent_heartbeats(
        &self,
        rules: &[HeartbeatRule],
        started: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<HeartbeatCheck, BackendError> {
        self.check()?;
        let mut heartbeats = self.heartbeats();
        let mut found = HeartbeatCheck::default();
        for rule in rules {
            let heartbeat = heartbeats.of(&rule.name, now);
            let Some(due) = rule.silent_at(heartbeat, started, now) else { continue };
            if due > now {
                found.next = Some(found.next.map_or(due, |next| next.min(due)));
                continue;
            }
            heartbeat.silent_since = Some(now);
            heartbeats.silences.push((rule.name.clone(), now));
            found.silent.push(rule.name.clone());
        }
        Ok(found)
    }
}

/// A message that was begun.
#[derive(Clone, Debug)]
pub struct SendRecord {
    pub notification: Uuid,
    /// The fault of its incident when the message was begun.
    pub fault: Option<String>,
}

/// Channels called `good`, which accepts everything immediately, `flaky`, which often fails, and
/// `slow`, which often takes minutes.
pub struct World {
    pub store: Arc<Store>,
    rng: Mutex<ChaCha8Rng>,
    sent: Mutex<Vec<SendRecord>>,
    /// Whether another server does not answer.
    pub is_other_down: AtomicBool,
    probes: Mutex<Vec<DateTime<Utc>>>,
}

impl World {
    pub fn new(store: Arc<Store>, seed: u64) -> Self {
        let rng = Mutex::new(ChaCha8Rng::seed_from_u64(seed));
        let is_other_down = AtomicBool::new(false);
        Self { store, rng, sent: Mutex::default(), is_other_down, probes: Mutex::default() }
    }

    /// Returns the messages that were begun.
    pub fn sent(&self) -> Vec<SendRecord> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns when the other server was asked.
    pub fn probes(&self) -> Vec<DateTime<Utc>> {
        self.probes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn draw(&self, range: std::ops::Range<u64>) -> u64 {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).random_range(range)
    }

    fn record(&self, message: &OutboundMessage) {
        let at = self.store.clock.now();
        let id = message.incident.as_ref().map(|incident| incident.id);
        let row = id.and_then(|id| self.store.memory.row(id));
        let fault = row.and_then(|row| fault_of(&row, at));
        let record = SendRecord { notification: message.id, fault };
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(record);
    }

    /// Ends a message in one of the ways of a broken channel.
    fn outcome(&self) -> Result<Receipt, SendError> {
        match self.draw(0..10) {
            0..4 => Ok(Receipt { provider_id: Some("p-1".into()), answer: "ok".into() }),
            4..6 => Err(SendError::temporary("busy")),
            6 => Err(SendError::Temporary {
                reason: "too many".into(),
                retry_after: Some(Duration::from_secs(self.draw(1..90))),
            }),
            7..9 => Err(SendError::uncertain("the connection broke")),
            _ => Err(SendError::permanent("no such address")),
        }
    }
}

/// Returns why nothing may be sent about an incident.
fn fault_of(row: &Summary, at: DateTime<Utc>) -> Option<String> {
    // An event at the same time may be later.
    let is_acknowledged = row.acknowledged_at.is_some_and(|acknowledged| acknowledged < at);
    let has_changed = row.last_event_at < at;
    let is_on_hold = row.paused || row.is_snoozed(at);
    let is_triggered = row.status == Status::Triggered;
    (is_acknowledged || has_changed && (is_on_hold || !is_triggered)).then(|| {
        format!(
            "{} is {}, paused {}, snoozed until {:?}",
            row.id, row.status, row.paused, row.snoozed_until
        )
    })
}

/// The channels as one program has them.
pub struct Channels {
    pub world: Arc<World>,
    pub names: Vec<&'static str>,
}

#[async_trait]
impl Sender for Channels {
    fn channels(&self) -> Vec<String> {
        self.names.iter().map(|name| (*name).to_owned()).collect()
    }

    async fn send(
        &self,
        channel: &str,
        _address: &str,
        message: &OutboundMessage,
    ) -> Result<Receipt, SendError> {
        let world = &self.world;
        world.record(message);
        let sleep = |ms| world.store.clock.sleep(Duration::from_millis(ms));
        match channel {
            "good" => {
                sleep(world.draw(1..300)).await;
                Ok(Receipt::default())
            }
            "flaky" => {
                sleep(world.draw(1..3000)).await;
                assert!(world.draw(0..40) > 0, "a channel panics now and then");
                world.outcome()
            }
            _ => {
                sleep(world.draw(1000..200_000)).await;
                world.outcome()
            }
        }
    }

    async fn probe(&self, _url: &str) -> Result<(), SendError> {
        let World { store, is_other_down, probes, .. } = &*self.world;
        probes.lock().unwrap_or_else(PoisonError::into_inner).push(store.clock.now());
        if is_other_down.load(Ordering::Relaxed) {
            store.clock.sleep(Duration::from_secs(2)).await;
            return Err(SendError::temporary("it does not answer"));
        }
        Ok(())
    }
}

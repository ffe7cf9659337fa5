//! Engines over heartbeats, acknowledgements that expire, and reminders: each is noticed once, in time, and
//! never before it is due.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use redphone::engine::{Clock, Engine, EngineOptions, EngineSettings};
use redphone::model::command::Declaration;
use redphone::model::directory::Directory;
use redphone::model::escalation::{AcknowledgementExpiry, Policy, PolicyLevel, Target};
use redphone::model::notification::{
    Contact, Contacts, MessageKind, NotificationState, PersonContacts, ReminderKind,
};
use redphone::model::service_level::ServiceLevels;
use redphone::model::signals::{HeartbeatRule, ReminderSettings, SignalSettings};
use redphone::model::{
    Actor, Command, CommandId, Envelope, EventBody, IncidentCommand, IncidentId, PersonRef,
    Priority, Status,
};
use rstest::rstest;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::clock::VirtualClock;
use super::outside::{Channels, Store, World};
use crate::support::commands;
use crate::support::memory::Memory;
use crate::support::memory::ledger::{Book, Entry};

pub fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2031, 3, 24, 10, 0, 0).unwrap()
}

fn ines() -> PersonRef {
    PersonRef::new("ines", "Ines Moreau")
}

/// Ines immediately, Tomo after 10 min.
pub fn directory() -> Directory {
    let level = |after_s, person: &str| PolicyLevel {
        after_s,
        call: vec![Target::Person(person.into())],
        ..PolicyLevel::default()
    };
    Directory {
        people: vec![ines(), PersonRef::new("tomo", "Tomo Abe")],
        policies: vec![Policy {
            team: "payments".into(),
            levels: vec![level(0, "ines"), level(600, "tomo")],
            ..Policy::default()
        }],
        ..Directory::default()
    }
}

pub fn contacts() -> Contacts {
    let person = |handle: &str| PersonContacts {
        person: handle.into(),
        contacts: vec![Contact {
            name: "good".into(),
            channel: "good".into(),
            address: handle.into(),
        }],
        ..PersonContacts::default()
    };
    Contacts { people: vec![person("ines"), person("tomo")] }
}

/// Some engines on one store.
pub struct Scene {
    pub store: Arc<Store>,
    book: Arc<Book>,
    pub world: Arc<World>,
    signals: SignalSettings,
    engines: Vec<JoinHandle<()>>,
}

impl Scene {
    pub async fn new(engines: usize, signals: SignalSettings) -> Self {
        Self::with_directory(directory(), engines, signals).await
    }

    pub async fn with_directory(
        directory: Directory,
        engines: usize,
        signals: SignalSettings,
    ) -> Self {
        let store = Arc::new(Store::new(
            Arc::new(Memory::new(directory, Vec::new(), 1)),
            Arc::new(VirtualClock::new(start())),
        ));
        let world = Arc::new(World::new(Arc::clone(&store), 7));
        let book = Arc::new(Book::with_fault(None));
        let mut scene = Self { store, book, world, signals, engines: Vec::new() };
        for _ in 0..engines {
            scene.start_engine();
        }
        scene.pass(0).await;
        scene
    }

    /// Ends an engine as the end of its process does.
    pub async fn kill_engine(&mut self, index: usize) {
        self.engines[index].abort();
        (&mut self.engines[index]).await.ok();
        self.store.clock.settle().await;
        self.book.end(index as u64 + 1);
    }

    pub fn start_engine(&mut self) {
        let claimant = self.engines.len() as u64 + 1;
        let sender = Arc::new(Channels { world: Arc::clone(&self.world), names: vec!["good"] });
        let engine = Engine::new(EngineOptions {
            backend: Arc::clone(&self.store) as _,
            ledger: Arc::new(self.book.open(&self.store.memory, claimant)),
            settings: EngineSettings {
                calendars: Arc::default(),
                calendar_reader: None,
                sender,
                contacts: Arc::new(contacts()),
                signals: Arc::new(self.signals.clone()),
                levels: ServiceLevels::default(),
                answers: redphone::model::notification::AnswerSettings::default(),
                publish: redphone::engine::PublishSettings::default(),
                trackers: Arc::default(),
            },
            clock: Arc::clone(&self.store.clock) as Arc<dyn Clock>,
            receives_alerts: true,
        });
        let task = tokio::spawn(async move { Box::pin(engine.run(std::future::pending())).await });
        self.engines.push(task);
    }

    /// Lets time pass up to a number of seconds after the start.
    pub async fn pass(&self, seconds: i64) {
        self.store.clock.advance(start() + TimeDelta::seconds(seconds)).await;
    }

    async fn beat(&self, seconds: i64) {
        self.pass(seconds).await;
        let now = self.store.clock.now();
        let mut heartbeats = self.store.heartbeats();
        heartbeats.all.iter_mut().for_each(|heartbeat| heartbeat.beat(now));
    }

    /// Returns the names of what became silent, with the seconds after the start.
    fn silences(&self) -> Vec<(String, i64)> {
        let heartbeats = self.store.heartbeats();
        let seconds = |at: &DateTime<Utc>| (*at - start()).num_seconds();
        heartbeats.silences.iter().map(|(name, at)| (name.clone(), seconds(at))).collect()
    }

    pub async fn ask(&self, seconds: i64, id: IncidentId, command: IncidentCommand) {
        self.pass(seconds).await;
        let envelope = Envelope {
            id: CommandId::new(),
            at: self.store.clock.now(),
            actor: Actor::Person(ines()),
            command: Command::incident(id, command),
            expected_seq: None,
        };
        self.store.carry_out(&envelope).unwrap();
        self.pass(seconds).await;
    }

    /// Declares a P1 of payments.
    pub async fn declare(&self, seconds: i64) -> IncidentId {
        let at = start() + TimeDelta::seconds(seconds);
        let declaration = Declaration {
            team: Some("payments".into()),
            detected_at: at,
            reported_at: at,
            ..commands::declaration("Card payments fail")
        };
        let id = IncidentId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));
        self.ask(seconds, id, IncidentCommand::Declare(Box::new(declaration))).await;
        id
    }

    /// Returns level, people and seconds after the start of each call.
    fn calls(&self) -> Vec<String> {
        let journal = self.store.memory.journal_after(0);
        let calls = journal.iter().filter_map(|event| {
            let EventBody::Escalated { level, to, .. } = &event.body else { return None };
            let people: Vec<&str> = to.iter().map(|person| person.handle.as_str()).collect();
            let seconds = (event.at - start()).num_seconds();
            Some(format!("{level} {} {seconds}", people.join("+")))
        });
        calls.collect()
    }

    pub fn reminders(&self) -> Vec<Entry> {
        let entries = self.book.entries().into_iter();
        entries.filter(|entry| entry.notification.kind == MessageKind::Reminder).collect()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.engines.iter().for_each(JoinHandle::abort);
    }
}

fn heartbeat(name: &str, interval_s: i64, grace_s: i64) -> HeartbeatRule {
    HeartbeatRule {
        name: name.into(),
        interval_s,
        grace_s,
        priority: Priority::P2,
        title: None,
        service: None,
        team: None,
        runbook: None,
    }
}

fn heartbeats() -> SignalSettings {
    let heartbeats = vec![heartbeat("fast", 60, 30), heartbeat("slow", 3600, 300)];
    SignalSettings { heartbeats, ..SignalSettings::default() }
}

#[rstest]
#[case::one_program(1)]
#[case::three_programs(3)]
#[tokio::test]
async fn silence_is_noticed_once_and_in_time(#[case] engines: usize) {
    let scene = Scene::new(engines, heartbeats()).await;
    for beat in 1..=10 {
        scene.beat(beat * 60).await;
    }
    scene.pass(689).await;
    assert_eq!(scene.silences(), []);
    scene.pass(691).await;
    assert_eq!(scene.silences(), [("fast".to_owned(), 690)]);
    scene.pass(3600).await;
    assert_eq!(scene.silences().len(), 1, "a silence that goes on is no other one");
    scene.beat(3601).await;
    scene.pass(3690).await;
    assert_eq!(scene.silences().len(), 1);
    scene.pass(7600).await;
    let expected = [("fast", 690), ("fast", 3691), ("slow", 7501)];
    assert_eq!(scene.silences(), expected.map(|(name, at)| (name.to_owned(), at)));
}

#[tokio::test]
async fn second_silence_of_a_quick_one_is_noticed_in_time() {
    let heartbeats = vec![heartbeat("quick", 10, 2)];
    let signals = SignalSettings { heartbeats, ..SignalSettings::default() };
    let scene = Scene::new(1, signals).await;
    scene.beat(5).await;
    // All are silent then, and the next heartbeats are not announced.
    scene.pass(19).await;
    assert_eq!(scene.silences(), [("quick".to_owned(), 17)]);
    scene.beat(20).await;
    scene.pass(40).await;
    assert_eq!(scene.silences(), [("quick".to_owned(), 17), ("quick".to_owned(), 32)]);
}

#[tokio::test]
async fn silence_is_noticed_after_the_store_was_down() {
    let scene = Scene::new(1, heartbeats()).await;
    scene.beat(60).await;
    scene.store.is_down.store(true, Ordering::Relaxed);
    scene.pass(1000).await;
    assert_eq!(scene.silences(), []);
    scene.store.is_down.store(false, Ordering::Relaxed);
    // Nothing could be received meanwhile.
    scene.pass(1085).await;
    assert_eq!(scene.silences(), []);
    scene.pass(1130).await;
    assert_eq!(scene.silences().len(), 1);
}

#[tokio::test]
async fn senders_get_time_after_a_suspension() {
    let scene = Scene::new(2, heartbeats()).await;
    scene.beat(60).await;
    scene.store.clock.jump(TimeDelta::seconds(3600)).await;
    scene.pass(3660 + 60).await;
    assert_eq!(scene.silences(), []);
    // Within a minute it is noticed that time has passed; then interval and grace begin.
    scene.pass(3660 + 160).await;
    assert_eq!(scene.silences().len(), 1, "who stays silent is noticed");
}

#[tokio::test]
async fn beat_after_a_suspension_opens_nothing() {
    let scene = Scene::new(1, heartbeats()).await;
    scene.beat(60).await;
    scene.store.clock.jump(TimeDelta::seconds(3600)).await;
    scene.beat(3660 + 65).await;
    scene.pass(3660 + 150).await;
    assert_eq!(scene.silences(), []);
}

#[tokio::test]
async fn clock_that_is_set_back_declares_nothing() {
    let scene = Scene::new(1, heartbeats()).await;
    for beat in 1..=10 {
        scene.beat(beat * 60).await;
    }
    scene.store.clock.jump(TimeDelta::seconds(-300)).await;
    for beat in 6..=9 {
        scene.beat(beat * 60).await;
    }
    assert_eq!(scene.silences(), []);
}

fn expiring() -> SignalSettings {
    SignalSettings {
        acknowledgement_expiry: AcknowledgementExpiry([Some(1800), None, None, None]),
        ..SignalSettings::default()
    }
}

#[rstest]
#[case::one_program(1)]
#[case::three_programs(3)]
#[tokio::test]
async fn acknowledgement_expires_after_a_reminder(#[case] engines: usize) {
    let scene = Scene::new(engines, expiring()).await;
    let id = scene.declare(10).await;
    scene.ask(70, id, IncidentCommand::Acknowledge).await;
    scene.pass(1569).await;
    assert_eq!(scene.reminders().len(), 0);
    scene.pass(1580).await;
    let reminders = scene.reminders();
    assert_eq!(reminders.len(), 1);
    let one = &reminders[0].notification;
    assert_eq!(
        (one.reminder, one.person.handle.as_str()),
        (Some(ReminderKind::Acknowledgement), "ines")
    );
    assert_eq!(one.state, NotificationState::Sent);
    scene.pass(1869).await;
    assert_eq!(scene.calls(), ["1 ines 10"]);
    scene.pass(1880).await;
    assert_eq!(scene.calls(), ["1 ines 10", "1 ines 1870"]);
    assert_eq!(scene.store.memory.row(id).unwrap().status, Status::Triggered);
    // From then on the policy continues as if it was declared then.
    scene.pass(3000).await;
    assert_eq!(scene.calls(), ["1 ines 10", "1 ines 1870", "2 tomo 2470"]);
    assert_eq!(scene.reminders().len(), 1);
}

#[tokio::test]
async fn acknowledgement_stays_while_somebody_works() {
    let scene = Scene::new(2, expiring()).await;
    let id = scene.declare(10).await;
    scene.ask(70, id, IncidentCommand::Acknowledge).await;
    for round in 1..=4 {
        let note = IncidentCommand::AddNote { text: "rolling back".into() };
        scene.ask(70 + round * 1400, id, note).await;
    }
    scene.ask(7000, id, IncidentCommand::MoveStatus { to: Status::Investigating }).await;
    scene.pass(20_000).await;
    assert_eq!(scene.calls(), ["1 ines 10"]);
    assert_eq!(scene.reminders().len(), 0);
}

#[tokio::test]
async fn updates_and_snoozes_are_remembered_once() {
    let reminders =
        ReminderSettings { updates: true, snoozes: true, ..ReminderSettings::default() };
    let scene = Scene::new(3, SignalSettings { reminders, ..SignalSettings::default() }).await;
    let id = scene.declare(10).await;
    scene.ask(70, id, IncidentCommand::MoveStatus { to: Status::Investigating }).await;
    let next_due = Some(start() + TimeDelta::seconds(1000));
    let update = IncidentCommand::UpdateStakeholders {
        message: "we are on it".into(),
        next_due,
        public: None,
    };
    scene.ask(100, id, update).await;
    scene.pass(999).await;
    assert_eq!(scene.reminders().len(), 0);
    scene.pass(1100).await;
    let kinds = |scene: &Scene| -> Vec<_> {
        scene.reminders().iter().map(|entry| entry.notification.reminder).collect()
    };
    assert_eq!(kinds(&scene), [Some(ReminderKind::Update)]);
    let until = start() + TimeDelta::seconds(3000);
    scene.ask(1200, id, IncidentCommand::Snooze { until }).await;
    scene.pass(2999).await;
    assert_eq!(kinds(&scene).len(), 1);
    scene.pass(3100).await;
    assert!(kinds(&scene).contains(&Some(ReminderKind::Snooze)), "{:?}", kinds(&scene));
}

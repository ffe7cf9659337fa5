//! Self-tests at an interval, by a virtual clock on a real file: each once for all programs, and each ends.

use std::sync::Arc;

use chrono::TimeDelta;
use redphone::backend::{Backend, Ledger};
use redphone::engine::{Clock, Engine, EngineOptions, EngineSettings};
use redphone::model::notification::{AnswerSettings, NotificationState};
use redphone::model::service_level::ServiceLevels;
use redphone::model::signals::{SELF_TEST, SelfTestRule, SignalSettings, TestRecord};
use redphone::model::{Event, EventBody, Priority, Status, Summary};
use rstest::rstest;
use tokio::task::JoinHandle;

use super::clock::VirtualClock;
use super::file::{Program, StoreFile};
use super::outside::{Channels, Store, World};
use super::signals::{contacts, directory, start};
use crate::support::memory::Memory;

const SIX_HOURS: i64 = 6 * 3600;

/// Some programs on one file that test themselves every six hours.
struct Scene {
    store: Arc<Store>,
    file: Arc<StoreFile>,
    world: Arc<World>,
    programs: Vec<JoinHandle<()>>,
}

impl Scene {
    async fn new(programs: usize, within_s: i64) -> Self {
        let clock = Arc::new(VirtualClock::new(start()));
        let memory = Arc::new(Memory::new(directory(), Vec::new(), 1));
        let file = StoreFile::create(directory(), &clock, &memory).await;
        let mut store = Store::new(memory, clock);
        store.file = Some(Arc::clone(&file));
        let store = Arc::new(store);
        let world = Arc::new(World::new(Arc::clone(&store), 7));
        let rule = SelfTestRule {
            every_s: SIX_HOURS,
            within_s,
            priority: Priority::P2,
            service: None,
            team: Some("payments".into()),
        };
        let signals =
            Arc::new(SignalSettings { self_test: Some(rule), ..SignalSettings::default() });
        let mut scene = Self { store, file, world, programs: Vec::new() };
        for _ in 0..programs {
            scene.start(Arc::clone(&signals)).await;
        }
        scene
    }

    async fn start(&mut self, signals: Arc<SignalSettings>) {
        let program = Program::open(&self.store, &self.file).await;
        let engine = Engine::new(EngineOptions {
            backend: Arc::clone(&program) as Arc<dyn Backend>,
            ledger: program as Arc<dyn Ledger>,
            settings: EngineSettings {
                calendars: Arc::default(),
                calendar_reader: None,
                sender: Arc::new(Channels { world: Arc::clone(&self.world), names: vec!["good"] }),
                contacts: Arc::new(contacts()),
                signals,
                levels: ServiceLevels::default(),
                answers: AnswerSettings::default(),
                publish: redphone::engine::PublishSettings::default(),
                trackers: Arc::default(),
            },
            clock: Arc::clone(&self.store.clock) as Arc<dyn Clock>,
            receives_alerts: true,
        });
        let task = tokio::spawn(async move { Box::pin(engine.run(std::future::pending())).await });
        self.programs.push(task);
    }

    /// Lets time pass up to a number of seconds after the start.
    async fn pass(&self, seconds: i64) {
        self.store.clock.advance(start() + TimeDelta::seconds(seconds)).await;
    }

    /// Returns the hours after the start at which incidents of tests were declared.
    fn tests(&self) -> Vec<i64> {
        let is_test = |event: &Event| {
            matches!(&event.body, EventBody::Declared { declaration, .. }
                if declaration.team.as_deref() == Some(SELF_TEST))
        };
        let journal = self.store.memory.journal_after(0).into_iter();
        journal.filter(is_test).map(|event| (event.at - start()).num_hours()).collect()
    }

    fn open(&self) -> Vec<Summary> {
        let rows = self.store.memory.all().into_iter();
        rows.filter(|row| row.status.is_open()).collect()
    }

    async fn record(&self) -> TestRecord {
        let records = self.file.self_tests().await.into_iter();
        let mut own = records.filter(|record| record.name == SELF_TEST);
        own.next().expect("a record")
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.programs.iter().for_each(JoinHandle::abort);
    }
}

#[rstest]
#[case::one_program(1)]
#[case::three_programs(3)]
#[tokio::test]
async fn self_test_comes_once_at_its_interval(#[case] programs: usize) {
    let scene = Scene::new(programs, 60).await;
    scene.pass(SIX_HOURS - 60).await;
    assert_eq!(scene.tests(), [0]);
    scene.pass(4 * SIX_HOURS + 120).await;
    assert_eq!(scene.tests(), [0, 6, 12, 18, 24]);
    let record = scene.record().await;
    assert_eq!((record.error, record.failing_since), (None, None));
    // No measure counts them, and nobody but the test itself was notified.
    assert!(scene.store.memory.all().iter().all(|row| row.status == Status::Reclassified));
    assert_eq!(scene.world.sent().len(), 0);
    let notifications = scene.file.notifications().await;
    assert_eq!(notifications.len(), 5);
    for (one, _) in notifications {
        assert_eq!((one.state, one.channel.as_str()), (NotificationState::Sent, SELF_TEST));
    }
}

#[tokio::test]
async fn failed_self_test_is_declared_once_and_somebody_is_called() {
    // Nobody can be notified within no time at all.
    let scene = Scene::new(2, 0).await;
    scene.pass(60).await;
    let record = scene.record().await;
    assert!(record.error.is_some() && record.failing_since.is_some(), "{record:?}");
    let [row] = <[_; 1]>::try_from(scene.open()).unwrap();
    assert_eq!((row.team.as_deref(), row.priority), (Some("payments"), Priority::P2));
    assert_eq!(row.escalation, 1);
    assert!(!scene.world.sent().is_empty(), "nobody learns of it");
    scene.pass(SIX_HOURS + 60).await;
    assert_eq!(scene.tests(), [0, 6]);
    let open: Vec<_> = scene.open().iter().map(|row| row.id).collect();
    assert_eq!(open, [row.id], "what fails again is no other incident");
}

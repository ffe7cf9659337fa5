//! Engines on a store, with a clock that tests move.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use redphone::backend::file::FileStore;
use redphone::engine::{Clock, Engine, EngineOptions, EngineSettings, PublishSettings, Sender};
use redphone::model::notification::{AnswerSettings, Contacts};
use redphone::model::service_level::ServiceLevels;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A clock that is stopped until a test moves it; short pauses end immediately.
pub struct SetClock(pub watch::Sender<DateTime<Utc>>);

impl SetClock {
    pub fn new(now: DateTime<Utc>) -> Arc<Self> {
        Arc::new(Self(watch::Sender::new(now)))
    }
}

#[async_trait]
impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.borrow()
    }

    async fn sleep(&self, time: Duration) {
        if time <= Duration::from_secs(2) {
            return tokio::task::yield_now().await;
        }
        let until = self.now() + TimeDelta::from_std(time).unwrap();
        let mut changes = self.0.subscribe();
        let _ = changes.wait_for(|now| *now >= until).await;
    }
}

/// Engines that run until they are stopped, or until this is dropped.
#[derive(Default)]
pub struct Engines(Vec<JoinHandle<()>>);

impl Drop for Engines {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Engines {
    /// Starts one more engine, as one more program would.
    pub fn start(
        &mut self,
        store: &FileStore,
        clock: &Arc<SetClock>,
        (sender, contacts): (Arc<dyn Sender>, Contacts),
        publish: PublishSettings,
    ) {
        let engine = Engine::new(EngineOptions {
            backend: Arc::new(store.clone()),
            ledger: Arc::new(store.clone()),
            settings: EngineSettings {
                sender,
                contacts: Arc::new(contacts),
                signals: Arc::default(),
                levels: ServiceLevels::default(),
                calendars: Arc::default(),
                calendar_reader: None,
                answers: AnswerSettings::default(),
                trackers: Arc::default(),
                publish,
            },
            clock: Arc::clone(clock) as Arc<dyn Clock>,
            receives_alerts: true,
        });
        let task = tokio::spawn(async move { Box::pin(engine.run(std::future::pending())).await });
        self.0.push(task);
    }

    /// Ends all engines, as if their programs were killed.
    pub fn stop(&mut self) {
        self.0.drain(..).for_each(|engine| engine.abort());
    }
}

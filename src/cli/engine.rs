//! Runs the engine next to a command: it calls levels that are due, and notifies people.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::channels::{channels, client, publisher_secret, trackers};
use crate::backend::file::ReopeningStore;
use crate::config::Config;
use crate::engine::{
    Engine, EngineOptions, EngineSettings, NamedPublisher, PublishSettings, SystemClock,
};
use crate::model::notification::AnswerSettings;
use crate::model::text::sanitize;
use crate::outbound::Channels;
use crate::outbound::calendar::CalendarClient;
use crate::outbound::publisher::{PublisherOptions, build};
use crate::outbound::site::SharedSite;

/// An engine that runs in a task of its own, until it is stopped or dropped.
pub struct RunningEngine {
    engine: Arc<Engine>,
    /// The settings with which the engine begins, until it has begun or they were replaced.
    initial: Arc<Mutex<Option<Config>>>,
    store: Arc<ReopeningStore>,
    /// Where the status page is put.
    status_page: SharedSite,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Whether alerts arrive in this process.
#[derive(Clone, PartialEq, Debug)]
pub enum ReceivesAlerts {
    /// It serves the routes of alerts.
    Yes {
        /// From where it serves the status page.
        status_page: SharedSite,
    },
    /// Another process may.
    No,
}

impl RunningEngine {
    /// Starts an engine on a store, unless the settings disable it or forbid changes. It begins
    /// after `delay`.
    pub fn start(
        store: &Arc<ReopeningStore>,
        config: &Config,
        delay: Duration,
        receives_alerts: &ReceivesAlerts,
    ) -> Option<Self> {
        if config.read_only || !config.automatic_escalation {
            return None;
        }
        // The channels read the certificates of the system, which nothing else has to wait for.
        let settings = EngineSettings {
            sender: Arc::new(Channels::default()),
            contacts: Arc::default(),
            signals: Arc::default(),
            levels: config.rules.levels,
            calendars: Arc::default(),
            calendar_reader: None,
            answers: AnswerSettings::default(),
            publish: PublishSettings::default(),
            trackers: Arc::default(),
        };
        let status_page = match receives_alerts {
            ReceivesAlerts::Yes { status_page } => status_page.clone(),
            ReceivesAlerts::No => SharedSite::default(),
        };
        let initial = Arc::new(Mutex::new(Some(config.clone())));
        let engine = Arc::new(Engine::new(EngineOptions {
            backend: Arc::clone(store) as _,
            ledger: Arc::clone(store) as _,
            settings,
            clock: Arc::new(SystemClock),
            receives_alerts: matches!(receives_alerts, ReceivesAlerts::Yes { .. }),
        }));
        store.set_escalates(true);
        // An error means that the engine was dropped, which ends it too.
        let (stop, mut stopped) = oneshot::channel::<()>();
        let (running, begins_with) = (Arc::clone(&engine), Arc::clone(&initial));
        let shared = status_page.clone();
        let task = tokio::spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(delay) => {}
                _ = &mut stopped => return,
            }
            let config = begins_with.lock().unwrap_or_else(PoisonError::into_inner).take();
            match config.as_ref().map(|config| engine_settings(config, &shared)) {
                Some(Ok(settings)) => running.set_settings(settings),
                Some(Err(why)) => tracing::warn!("nobody is notified by this program: {why}"),
                None => {}
            }
            let ended = running.run(async {
                stopped.await.ok();
            });
            Box::pin(ended).await;
        });
        Some(Self { engine, initial, store: Arc::clone(store), status_page, stop, task })
    }

    /// Replaces channels and contacts by those of changed settings. Settings that can't be used
    /// change nothing.
    pub fn apply(&self, config: &Config) {
        self.initial.lock().unwrap_or_else(PoisonError::into_inner).take();
        match engine_settings(config, &self.status_page) {
            Ok(settings) => self.engine.set_settings(settings),
            Err(why) => tracing::warn!("the channels and contacts are as before: {why}"),
        }
    }

    /// Stops the engine. Messages that are being sent get a short time to end.
    pub async fn stop(self) {
        self.store.set_escalates(false);
        // An error means that it has ended already.
        self.stop.send(()).ok();
        self.task.await.ok();
    }
}

/// Creates the channels of the settings; an error is a sentence.
fn engine_settings(config: &Config, shared: &SharedSite) -> Result<EngineSettings, String> {
    let mut channels = channels(&config.outbound).map_err(|failure| failure.to_string())?;
    if config.outbound.channels.is_empty() && !config.signals.watches.is_empty() {
        let client = client(&config.outbound).map_err(|failure| failure.to_string())?;
        channels = channels.with_client(Arc::new(client));
    }
    let calendars = Arc::new(config.outbound.calendars.clone());
    let calendar_reader = if calendars.is_empty() {
        None
    } else {
        let client = client(&config.outbound).map_err(|failure| failure.to_string())?;
        Some(Arc::new(CalendarClient(client)) as _)
    };
    let trackers = trackers(&config.outbound).map_err(|failure| failure.to_string())?;
    let contacts = Arc::new(config.outbound.contacts.clone());
    let mut signals = config.signals.clone();
    signals.matrix = config.rules.matrix;
    let signals = Arc::new(signals);
    Ok(EngineSettings {
        sender: Arc::new(channels),
        contacts,
        signals,
        levels: config.rules.levels,
        calendars,
        calendar_reader,
        answers: config.answers.clone(),
        publish: publish_settings(config, shared)?,
        trackers: Arc::new(trackers),
    })
}

/// Creates the publishers of the settings; an error is a sentence.
fn publish_settings(config: &Config, shared: &SharedSite) -> Result<PublishSettings, String> {
    let publishing = &config.publishing;
    let mut publishers = Vec::new();
    if !publishing.publishers.is_empty() {
        let client = client(&config.outbound).map_err(|failure| failure.to_string())?;
        let client = Arc::new(client);
        for publisher in &publishing.publishers {
            let options = PublisherOptions {
                url: publisher.url.clone(),
                page: publisher.page.clone(),
                components: publisher.components.clone(),
                notify: publisher.notify,
            };
            let secret = publisher_secret(&publisher.name, &publisher.secret);
            let name = publisher.name.clone();
            // The settings were checked, so this does not fail.
            match build(publisher.kind, options, secret, &client) {
                Ok(publisher) => publishers.push(NamedPublisher { name, publisher }),
                Err(problem) => {
                    tracing::warn!("nothing is published to {}: {problem}", sanitize(&name));
                }
            }
        }
    }
    let stakeholders = config.signals.stakeholders.iter().flat_map(|rule| rule.people.clone());
    Ok(PublishSettings {
        status_page: publishing.status_page.clone(),
        publishers,
        reports: Arc::new(publishing.reports.clone()),
        stakeholders: Arc::new(stakeholders.collect()),
        shared: shared.clone(),
    })
}

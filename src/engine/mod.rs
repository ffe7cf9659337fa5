//! Everything that happens automatically: levels of escalation policies are called when they are
//! due, the people whom they call are notified, alerts that are not reported again end, the silence
//! of a heartbeat and an error budget that is used too fast are declared as incidents, maintenance
//! windows begin and end, incidents that were stable for long enough are resolved, calendars of
//! schedules are read, action items become issues in trackers, people are reminded of pending work,
//! and the status page and reports are published.
//!
//! Any number of engines may run on one store, in this process and in others. None of them leads:
//! each step and each claim is a conditional write, so that the first one does it, and the others
//! are refused. An engine that is dropped or killed loses only its claims, which end with its
//! process.

mod backoff;
mod budgets;
mod calendars;
mod changes;
mod clock;
mod decisions;
mod deliver;
mod expire;
pub mod follow_ups;
mod heartbeats;
mod links;
mod maintenance;
mod message;
mod notices;
mod parts;
mod plan;
mod publish;
mod reminders;
pub mod self_test;
mod send;
mod settings;
mod soaks;
mod stand_ins;
mod steps;
mod timed;
mod turns;
mod watches;

use std::sync::Arc;

use tokio::sync::watch;

pub use clock::{Clock, SystemClock};
pub use decisions::{Decisions, ModelDecisions};
pub use message::message_for;
pub use publish::{NamedPublisher, PublishSettings};
pub use settings::{EngineSettings, Sender};
pub use stand_ins::StandIns;

use crate::backend::{Backend, Ledger};
use budgets::Budgets;
use calendars::Calendars;
use changes::Changes;
use deliver::Delivery;
use expire::Expiry;
use follow_ups::FollowUps;
use heartbeats::Heartbeats;
use maintenance::Maintenance;
use notices::Notices;
use parts::{Parts, until_stopped};
use publish::{Pages, Reports};
use reminders::Reminders;
use self_test::SelfTests;
use soaks::Soaks;
use steps::Steps;
use watches::Watches;

/// The resources of an engine.
pub struct EngineOptions {
    /// The store, which carries out the steps.
    pub backend: Arc<dyn Backend>,
    /// The ledger of the same store.
    pub ledger: Arc<dyn Ledger>,
    /// Channels and contacts.
    pub settings: EngineSettings,
    /// The clock by which steps are due.
    pub clock: Arc<dyn Clock>,
    /// Whether alerts arrive in this process. Only such a process knows whether an alert could have
    /// been reported again.
    pub receives_alerts: bool,
}

/// Calls levels that are due and sends notifications, for one store.
pub struct Engine {
    parts: Parts,
}

impl Engine {
    /// Creates an engine that does nothing until it [runs](Self::run).
    #[must_use]
    pub fn new(options: EngineOptions) -> Self {
        let EngineOptions { backend, ledger, settings, clock, receives_alerts } = options;
        let settings = watch::Sender::new(self_test::extended(settings));
        let decisions = Arc::new(ModelDecisions);
        Self { parts: Parts { backend, ledger, clock, settings, receives_alerts, decisions } }
    }

    /// Replaces its decisions, for tests that plant a fault.
    #[must_use]
    pub fn with_decisions(mut self, decisions: Arc<dyn Decisions>) -> Self {
        self.parts.decisions = decisions;
        self
    }

    /// Replaces channels and contacts, also while it runs. What is being sent is not disturbed.
    pub fn set_settings(&self, settings: EngineSettings) {
        self.parts.settings.send_replace(self_test::extended(settings));
    }

    /// Runs until `stop` ends. Messages that are being sent then get a short time to end; the claims
    /// of those that don't are released when the process ends.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let (stopper, stopping) = watch::channel(false);
        let changes = Changes::default();
        let stop = async {
            stop.await;
            stopper.send_replace(true);
        };
        let steps = until_stopped(stopping.clone(), Steps::new(&self.parts, &changes).run());
        let heartbeats = until_stopped(stopping.clone(), Heartbeats::new(&self.parts).run());
        let reminders =
            until_stopped(stopping.clone(), Reminders::new(&self.parts, &changes).run());
        let expiry =
            until_stopped(stopping.clone(), timed::run(&Expiry, &self.parts, &changes.expiry));
        let self_tests = until_stopped(stopping.clone(), SelfTests::new(&self.parts).run());
        let watches = until_stopped(stopping.clone(), Watches::new(&self.parts).run());
        let calendars = until_stopped(stopping.clone(), Calendars::new(&self.parts).run());
        let notices = until_stopped(stopping.clone(), Notices::new(&self.parts, &changes).run());
        let maintenance = until_stopped(
            stopping.clone(),
            timed::run(&Maintenance, &self.parts, &changes.maintenance),
        );
        let follow_ups =
            until_stopped(stopping.clone(), FollowUps::new(&self.parts, &changes.follow_ups).run());
        let pages = until_stopped(stopping.clone(), Pages::new(&self.parts).run());
        let reports = until_stopped(stopping.clone(), Reports::new(&self.parts).run());
        let soaks =
            until_stopped(stopping.clone(), timed::run(&Soaks, &self.parts, &changes.soaks));
        let budgets = until_stopped(stopping.clone(), Budgets::new(&self.parts).run());
        let delivery = Delivery::new(&self.parts, &changes.delivery, stopping.clone()).run();
        let timed = async {
            tokio::join!(self_tests, watches, calendars, notices, maintenance, soaks, budgets)
        };
        let published = async { tokio::join!(pages, reports, follow_ups) };
        tokio::join!(stop, steps, heartbeats, reminders, expiry, timed, published, delivery);
    }
}

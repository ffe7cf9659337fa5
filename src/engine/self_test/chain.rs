//! The chain of a self-test: a marked alert that declares an incident, of which a person is
//! notified, who acknowledges it; then it is resolved and reclassified.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::super::clock::Clock;
use crate::backend::{Backend, BackendError, NotificationEntry, NotificationSearch};
use crate::model::notification::NotificationState;
use crate::model::signals::self_test::{SELF_TEST, self_test_alert};
use crate::model::status::Classification;
use crate::model::{
    Actor, Command, CommandId, Envelope, Impact, IncidentCommand, IncidentId, PersonRef, Status,
    Summary, Urgency,
};

/// How long to wait between two reads.
const POLL_EVERY: Duration = Duration::from_millis(200);
/// How long after its start the alert of a test ends automatically if its program has ended.
const EXPIRES_AFTER: TimeDelta = TimeDelta::minutes(5);

/// The parameters of a self-test.
#[derive(Clone, Debug)]
pub struct SelfTestOptions {
    /// The identity of its alert among those of other tests.
    pub key: String,
    /// The service of its incident.
    pub service: Option<String>,
    /// The team of its incident; `None` for that of the service.
    pub team: Option<String>,
    /// Impact and urgency of its incident.
    pub levels: (Impact, Urgency),
    /// The person who is called explicitly; `None` if the policy of the incident calls somebody.
    pub call: Option<PersonRef>,
    /// The person who acknowledges.
    pub acknowledges: PersonRef,
    /// How long to wait for a notification.
    pub within: Duration,
}

/// A step of a self-test, as it ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SelfTestStep {
    /// Its name.
    pub name: &'static str,
    /// Whether it happened.
    pub is_done: bool,
    /// The result, or the reason of a failure.
    pub text: String,
}

/// The receiver of a self-test's steps.
pub type Report<'a> = dyn FnMut(&SelfTestStep) + Send + 'a;

/// The resources of a self-test.
struct Ground<'a> {
    backend: &'a dyn Backend,
    clock: &'a dyn Clock,
    options: SelfTestOptions,
}

/// A self-test that is under way.
struct Chain<'a> {
    ground: Ground<'a>,
    report: &'a mut Report<'a>,
    /// How long may still be waited.
    remaining: Duration,
    /// The first step that did not happen.
    failed: Option<SelfTestStep>,
}

/// Carries out a self-test, and returns its first step that did not happen; `None` if all did. Whatever
/// is wrong, its incident ends.
///
/// # Errors
/// [`BackendError`] if the store can't be read or written.
pub async fn run_self_test<'a>(
    backend: &'a dyn Backend,
    clock: &'a dyn Clock,
    options: SelfTestOptions,
    report: &'a mut Report<'a>,
) -> Result<Option<SelfTestStep>, BackendError> {
    let remaining = options.within;
    let ground = Ground { backend, clock, options };
    let mut chain = Chain { ground, report, remaining, failed: None };
    chain.run().await?;
    Ok(chain.failed)
}

impl Ground<'_> {
    /// Sends the alert, firing or resolved. Returns its incident.
    async fn ingest(&self, is_firing: bool) -> Result<Option<IncidentId>, BackendError> {
        let SelfTestOptions { key, service, team, levels, within, .. } = &self.options;
        let now = self.clock.now();
        let expires_at =
            now + TimeDelta::from_std(*within).unwrap_or(TimeDelta::hours(1)) + EXPIRES_AFTER;
        let mut group = self_test_alert(key, is_firing, Some(expires_at), now);
        group.overrides.service.clone_from(service);
        group.overrides.team.clone_from(team);
        group.overrides.levels = Some(*levels);
        Ok(self.backend.ingest(&group, &integration()).await?.incident)
    }

    async fn notifications(&self, id: IncidentId) -> Result<Vec<NotificationEntry>, BackendError> {
        let search = NotificationSearch {
            incident: Some(id),
            person: None,
            states: Vec::new(),
            limit: 100,
            after: None,
        };
        Ok(self.backend.notifications(&search).await?.rows)
    }

    /// Returns the reason why nobody was notified.
    async fn why_unsent(&self, id: IncidentId) -> Result<String, BackendError> {
        let entries = self.notifications(id).await?;
        let Some(entry) = entries.first() else {
            return Ok("nobody is to be notified: is `redphone serve` running, with channels and \
                       contacts in its settings?"
                .to_owned());
        };
        let time = |at: DateTime<Utc>| at.format("%H:%M:%S UTC").to_string();
        let notification = &entry.notification;
        Ok(format!("{} {}", notification.person.handle, notification.outcome_text(time)))
    }

    async fn row(&self, id: IncidentId) -> Result<Summary, BackendError> {
        Ok(self.backend.incident(id).await?.incident.summary)
    }

    async fn execute(
        &self,
        id: IncidentId,
        command: IncidentCommand,
        actor: Actor,
    ) -> Result<(), BackendError> {
        self.backend.execute(&envelope(id, command, actor, self.clock.now())).await.map(drop)
    }
}

impl Chain<'_> {
    async fn run(&mut self) -> Result<(), BackendError> {
        let Some(id) = self.ground.ingest(true).await? else {
            self.report("alert", false, "it has declared no incident");
            return Ok(());
        };
        let row = self.ground.row(id).await?;
        self.report("alert", true, format!("{} {} is declared", row.label(), row.priority));
        let notified = self.notify(id).await;
        let ended = self.end(id).await;
        notified.and(ended)
    }

    fn report(&mut self, name: &'static str, is_done: bool, text: impl Into<String>) {
        let step = SelfTestStep { name, is_done, text: text.into() };
        (self.report)(&step);
        if !is_done && self.failed.is_none() {
            self.failed = Some(step);
        }
    }

    /// Calls the person, if one is called explicitly, and waits until somebody was notified.
    async fn notify(&mut self, id: IncidentId) -> Result<(), BackendError> {
        if let Some(person) = self.ground.options.call.clone() {
            let text = format!("{} is called", person.handle);
            let command = IncidentCommand::Escalate {
                level: 1,
                to: vec![person],
                reason: Some("a self-test".to_owned()),
                automatic: None,
                all_must_acknowledge: false,
            };
            self.ground.execute(id, command, integration()).await?;
            self.report("escalation", true, text);
        } else {
            let Some(level) = self.wait_for_level(id).await? else {
                let text = "no level was called: is `redphone serve` running, and does the service \
                            have a policy?";
                self.report("escalation", false, text);
                return Ok(());
            };
            self.report("escalation", true, format!("level {level} is called"));
        }
        if let Some(text) = self.wait_for_message(id).await? {
            self.report("notification", true, text);
        } else {
            let text = self.ground.why_unsent(id).await?;
            self.report("notification", false, text);
        }
        Ok(())
    }

    /// Waits until the store is read again; returns `false` if the time is up. Time is counted by waits, so
    /// that a clock that is set changes nothing.
    async fn has_waited(&mut self) -> bool {
        if self.remaining.is_zero() {
            return false;
        }
        self.ground.clock.sleep(POLL_EVERY).await;
        self.remaining = self.remaining.saturating_sub(POLL_EVERY);
        true
    }

    /// Waits until a level was called, and returns it.
    async fn wait_for_level(&mut self, id: IncidentId) -> Result<Option<u8>, BackendError> {
        loop {
            let level = self.ground.row(id).await?.escalation;
            if level > 0 {
                return Ok(Some(level));
            }
            if !self.has_waited().await {
                return Ok(None);
            }
        }
    }

    /// Waits until a person was notified, and returns that person and the channel.
    async fn wait_for_message(&mut self, id: IncidentId) -> Result<Option<String>, BackendError> {
        let is_sent =
            |entry: &&NotificationEntry| entry.notification.state == NotificationState::Sent;
        loop {
            let entries = self.ground.notifications(id).await?;
            if let Some(NotificationEntry { notification, .. }) = entries.iter().find(is_sent) {
                let person = &notification.person.handle;
                return Ok(Some(format!("{person} by {}", notification.way())));
            }
            if !self.has_waited().await {
                return Ok(None);
            }
        }
    }

    /// Acknowledges and ends the incident.
    async fn end(&mut self, id: IncidentId) -> Result<(), BackendError> {
        let person = self.ground.options.acknowledges.clone();
        let text = format!("by {}", person.handle);
        let row = self.ground.row(id).await?;
        // Somebody may have been faster.
        if row.acknowledged_at.is_none() && row.status == Status::Triggered {
            let done =
                self.ground.execute(id, IncidentCommand::Acknowledge, Actor::Person(person)).await;
            if let Err(error) = done
                && error.is_temporary()
            {
                return Err(error);
            }
        }
        let row = self.ground.row(id).await?;
        if row.acknowledged_at.is_some() || row.status != Status::Triggered {
            self.report("acknowledged", true, text);
        } else {
            self.report("acknowledged", false, "it stays unacknowledged");
        }
        self.ground.ingest(false).await?;
        self.ground.execute(id, reclassify(), integration()).await?;
        self.report("ended", true, "it is reclassified, so that no measure counts it");
        Ok(())
    }
}

/// Returns who acts for a self-test.
pub(super) fn integration() -> Actor {
    Actor::Integration(SELF_TEST.to_owned())
}

/// Returns the command by which no measure counts an incident.
pub(super) fn reclassify() -> IncidentCommand {
    let reason = "a self-test".to_owned();
    IncidentCommand::Reclassify { to: Classification::ServiceRequest, reason }
}

/// Returns a command about an incident.
pub(super) fn envelope(
    id: IncidentId,
    command: IncidentCommand,
    actor: Actor,
    at: DateTime<Utc>,
) -> Envelope {
    let command = Command::incident(id, command);
    Envelope { id: CommandId::new(), at, actor, command, expected_seq: None }
}

//! Reminds people of pending work on incidents, and calls the first level again after an
//! acknowledgement has expired.
//!
//! It follows the changes of the store like the calls of levels, but only while the settings enable
//! any of it. Each reminder is stored once for all programs; an acknowledgement expires by a
//! command that is refused if there was activity since.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::changes::Changes;
use super::parts::Parts;
use super::settings::EngineSettings;
use super::steps::envelope;
use super::turns::{self, Turns};
use crate::backend::{BackendError, Cursor, Delta, Reminder};
use crate::model::directory::Directory;
use crate::model::escalation::{expired_call, expiry};
use crate::model::signals::{DueReminder, next_reminder, plan_reminder};
use crate::model::{IncidentId, Summary};

/// The longest wait for later work: it bounds the delay after which the suspension of a machine is
/// detected.
const MAX_WAIT: Duration = Duration::from_mins(1);
/// The longest wait if nothing is due before something changes.
const IDLE_WAIT: Duration = Duration::from_mins(10);
/// After which time an acknowledgement is considered again that could not expire, unless the incident
/// changes before.
const AFTER_REFUSAL: TimeDelta = TimeDelta::minutes(1);

/// An open incident.
#[allow(clippy::option_option, reason = "nothing is promised, and not read yet, differ")]
struct Tracked {
    row: Summary,
    /// When stakeholders were promised the next update; `None` until the record was read.
    promised: Option<Option<DateTime<Utc>>>,
    /// When something may be due; `None` if nothing is before it changes.
    next: Option<DateTime<Utc>>,
    /// Until when the expiry of an acknowledgement is postponed after a failure.
    postponed: Option<DateTime<Utc>>,
}

/// Follows a store and reminds people.
pub(super) struct Reminders<'a> {
    engine: &'a Parts,
    /// The other parts, which are woken by new messages.
    changes: &'a Changes,
    cursor: Option<Cursor>,
    /// `None` until it was read.
    directory: Option<Directory>,
    tracked: HashMap<IncidentId, Tracked>,
}

impl<'a> Reminders<'a> {
    pub(super) fn new(engine: &'a Parts, changes: &'a Changes) -> Self {
        Self { engine, changes, cursor: None, directory: None, tracked: HashMap::new() }
    }

    /// Runs until it is dropped.
    pub(super) fn run(self) -> impl Future<Output = Infallible> {
        let engine = self.engine;
        turns::run(self, engine)
    }
}

impl Turns for Reminders<'_> {
    const PURPOSE: &'static str = "what people are reminded of";

    fn is_wanted(settings: &EngineSettings) -> bool {
        settings.signals.follows_incidents()
    }

    fn reset(&mut self) {
        (self.cursor, self.directory) = (None, None);
        self.tracked.clear();
    }

    fn reconsider(&mut self) {
        for tracked in self.tracked.values_mut() {
            (tracked.promised, tracked.postponed) = (None, None);
            tracked.next = Some(DateTime::<Utc>::MIN_UTC);
        }
    }

    /// Does due work, then waits for a change or for the next due time.
    async fn turn(&mut self, settings: &EngineSettings) -> Result<(), BackendError> {
        if self.directory.is_none() {
            self.directory = Some(self.engine.backend.directory().await?);
        }
        let now = self.engine.clock.now();
        let is_due = |tracked: &Tracked| tracked.next.is_some_and(|next| next <= now);
        let mut due: Vec<IncidentId> =
            self.tracked.iter().filter(|(_, tracked)| is_due(tracked)).map(|(id, _)| *id).collect();
        due.sort();
        for id in due {
            match self.consider(id, settings, now).await {
                Err(error) if error.is_temporary() => return Err(error),
                // A failure of one must not stop the others.
                Err(error) => {
                    tracing::warn!(%id, %error, "nobody is reminded of an incident");
                    if let Some(tracked) = self.tracked.get_mut(&id) {
                        tracked.next = Some(now + AFTER_REFUSAL);
                    }
                }
                Ok(()) => {}
            }
        }
        let delta = self.engine.backend.changes(self.cursor, self.wait()).await?;
        self.apply(delta);
        Ok(())
    }
}

impl Reminders<'_> {
    fn apply(&mut self, delta: Delta) {
        self.cursor = Some(delta.cursor);
        if delta.reset {
            self.tracked.clear();
        }
        for row in delta.rows {
            self.track(row);
        }
        if delta.directory || delta.reset {
            self.directory = None;
        }
    }

    fn track(&mut self, row: Summary) {
        if !row.status.is_open() {
            self.tracked.remove(&row.id);
            return;
        }
        let before = self.tracked.get(&row.id);
        // The outcome of a command may be newer than a delta that was read at the same time.
        if before.is_some_and(|tracked| tracked.row.seq > row.seq) {
            return;
        }
        // A promised time changes only with an update.
        let is_same = |tracked: &&Tracked| tracked.row.updated_at == row.updated_at;
        let promised = before.filter(is_same).and_then(|tracked| tracked.promised);
        let next = Some(DateTime::<Utc>::MIN_UTC);
        self.tracked.insert(row.id, Tracked { row, promised, next, postponed: None });
    }

    fn wait(&self) -> Duration {
        let Some(next) = self.tracked.values().filter_map(|tracked| tracked.next).min() else {
            return IDLE_WAIT;
        };
        let wait = next.signed_duration_since(self.engine.clock.now()).to_std();
        wait.map_or(Duration::ZERO, |wait| (wait + Duration::from_millis(1)).min(MAX_WAIT))
    }

    /// Does due work for one incident, and records the next due time.
    async fn consider(
        &mut self,
        id: IncidentId,
        settings: &EngineSettings,
        now: DateTime<Utc>,
    ) -> Result<(), BackendError> {
        let Some(tracked) = self.tracked.get(&id) else { return Ok(()) };
        let signals = &settings.signals;
        let promised = match tracked.promised {
            _ if !signals.reminders.updates || tracked.row.updated_at.is_none() => None,
            Some(promised) => promised,
            None => self.engine.backend.incident(id).await?.incident.next_update_due,
        };
        let row = tracked.row.clone();
        let rule = &signals.acknowledgement_expiry;
        let reminders =
            next_reminder(&row, promised, (signals.reminders, rule), &settings.levels, now);
        let mut next: Option<DateTime<Utc>> = None;
        let mut note = |at: DateTime<Utc>| next = Some(next.map_or(at, |next| next.min(at)));
        for reminder in reminders {
            if reminder.due > now {
                note(reminder.due);
            } else {
                self.remind(&reminder, &row, settings, now).await?;
            }
        }
        let postponed = postponed_until(self.tracked.get(&id), now);
        if let Some(expiry) = expiry(&row, rule) {
            let due = postponed.map_or(expiry.due, |until| until.max(expiry.due));
            if due > now {
                note(due);
            }
        }
        if let Some(tracked) = self.tracked.get_mut(&id) {
            tracked.promised = Some(promised);
            tracked.next = next;
        }
        if postponed.is_none() {
            self.expire(&row, settings, now).await?;
        }
        Ok(())
    }

    async fn remind(
        &self,
        due: &DueReminder,
        row: &Summary,
        settings: &EngineSettings,
        now: DateTime<Utc>,
    ) -> Result<(), BackendError> {
        let contacts = self.engine.with_stored(settings).await?.contacts;
        let notifications = plan_reminder(due, row, &contacts, now);
        // Another program may have the contacts of the person.
        if notifications.is_empty() {
            return Ok(());
        }
        let reminder = Reminder { kind: due.kind, key: due.key.clone(), now, notifications };
        if self.engine.ledger.remind(&reminder).await? {
            self.changes.notify();
        }
        Ok(())
    }

    /// Lets the acknowledgement of an incident expire if that is due.
    async fn expire(
        &mut self,
        row: &Summary,
        settings: &EngineSettings,
        now: DateTime<Utc>,
    ) -> Result<(), BackendError> {
        let Some(directory) = &self.directory else { return Ok(()) };
        let rule = &settings.signals.acknowledgement_expiry;
        let Some(call) = expired_call(row, rule, directory, now) else { return Ok(()) };
        let result = self.engine.backend.execute(&envelope(row.id, &call, now)).await;
        match result {
            Ok(outcome) => {
                if let Some(row) = outcome.row {
                    self.track(row);
                }
                self.changes.notify();
                return Ok(());
            }
            Err(error) if error.is_temporary() => return Err(error),
            // Another program was first, or somebody has acted meanwhile.
            Err(error @ (BackendError::Rejected(_) | BackendError::Conflict(_))) => {
                tracing::debug!(id = %row.id, %error, "an acknowledgement does not expire");
            }
            Err(error) => tracing::warn!(id = %row.id, %error, "an acknowledgement can't expire"),
        }
        let until = now + AFTER_REFUSAL;
        if let Some(tracked) = self.tracked.get_mut(&row.id) {
            tracked.postponed = Some(until);
            tracked.next = Some(tracked.next.map_or(until, |next| next.min(until)));
        }
        Ok(())
    }
}

/// Returns until when an acknowledgement is not considered, if that is still ahead.
fn postponed_until(tracked: Option<&Tracked>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    tracked.and_then(|tracked| tracked.postponed).filter(|until| *until > now)
}

//! Calls the levels of escalation policies that are due.
//!
//! It follows the changes of the store by a long poll that ends at the latest when the next level
//! is due, and has only unacknowledged incidents in memory.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::backoff::Backoff;
use super::changes::Changes;
use super::parts::Parts;
use crate::backend::{BackendError, Cursor, Delta, Outcome};
use crate::model::directory::Directory;
use crate::model::escalation::{AutomaticCall, NextCall};
use crate::model::signals::self_test::add_test_policy;
use crate::model::storm::is_quiet;
use crate::model::{
    Actor, Command, CommandId, Envelope, IncidentCommand, IncidentId, Priority, RejectionKind,
    Summary,
};

/// The name of the integration that calls levels.
const ACTOR: &str = "escalation";
/// The longest wait for a level that is due later: a machine that was suspended is noticed after that time.
const MAX_WAIT: Duration = Duration::from_mins(1);
/// The longest wait if no level is due before something changes.
const IDLE_WAIT: Duration = Duration::from_mins(10);
/// The number of steps per request.
const BATCH: usize = 64;
/// After which time a step that was refused is tried again, unless the incident changes before.
const AFTER_REFUSAL: TimeDelta = TimeDelta::seconds(2);
/// The same for a step that will be refused until somebody changes something.
const AFTER_FAULT: TimeDelta = TimeDelta::minutes(1);

/// An unacknowledged incident.
struct Tracked {
    row: Summary,
    /// When something may be due; `None` if nothing is before it or the directory changes.
    next: Option<DateTime<Utc>>,
}

/// Follows a store and carries out the steps that are due.
pub(super) struct Steps<'a> {
    engine: &'a Parts,
    /// The other parts, which are woken by every change of the store.
    changes: &'a Changes,
    cursor: Option<Cursor>,
    /// `None` until it was read.
    directory: Option<Directory>,
    /// Whether the directory has the policy of self-tests.
    has_self_test: bool,
    tracked: HashMap<IncidentId, Tracked>,
    /// The priorities of all open incidents: one that is folded under another is quiet while that is
    /// among them.
    open: HashMap<IncidentId, Priority>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(engine: &'a Parts, changes: &'a Changes) -> Self {
        Self {
            engine,
            changes,
            cursor: None,
            directory: None,
            has_self_test: false,
            tracked: HashMap::new(),
            open: HashMap::new(),
        }
    }

    /// Runs until it is dropped. Another engine finds the work that remains in the store.
    pub(super) async fn run(mut self) -> Infallible {
        let mut backoff = Backoff::default();
        loop {
            match self.turn().await {
                Ok(()) => backoff.reset(),
                Err(error) => {
                    // While the store was unreachable, the people on call may have changed.
                    self.directory = None;
                    let wait = backoff.wait_after(&error, "the escalation");
                    self.engine.clock.sleep(wait).await;
                }
            }
        }
    }

    /// Carries out due steps, then waits for a change or for the next step.
    async fn turn(&mut self) -> Result<(), BackendError> {
        let has_self_test = self.engine.settings.borrow().signals.self_test.is_some();
        if self.directory.is_none() || has_self_test != self.has_self_test {
            let mut directory = self.engine.backend.directory().await?;
            if has_self_test {
                add_test_policy(&mut directory);
            }
            self.has_self_test = has_self_test;
            self.directory = Some(directory);
            self.reconsider_all();
        }
        self.call_due().await?;
        let delta = self.engine.backend.changes(self.cursor, self.wait()).await?;
        self.apply(delta);
        Ok(())
    }

    fn reconsider_all(&mut self) {
        for tracked in self.tracked.values_mut() {
            tracked.next = Some(DateTime::<Utc>::MIN_UTC);
        }
    }

    fn apply(&mut self, delta: Delta) {
        let has_news = delta.reset || delta.directory || !delta.rows.is_empty();
        self.cursor = Some(delta.cursor);
        if delta.reset {
            self.tracked.clear();
            self.open.clear();
        }
        for row in delta.rows {
            self.track(row);
        }
        if delta.directory || delta.reset {
            self.directory = None;
            self.changes.notify_directory();
        }
        if has_news {
            self.changes.notify();
        }
    }

    fn track(&mut self, row: Summary) {
        self.note_open(&row);
        if !self.engine.decisions.awaits_calls(&row) {
            self.tracked.remove(&row.id);
            return;
        }
        // The outcome of a step may be newer than a delta that was read at the same time.
        let is_older = self.tracked.get(&row.id).is_some_and(|tracked| tracked.row.seq > row.seq);
        if !is_older {
            self.tracked.insert(row.id, Tracked { row, next: Some(DateTime::<Utc>::MIN_UTC) });
        }
    }

    /// Records whether an incident is open. Those that are folded under it are considered again if
    /// that, or its priority, has changed.
    fn note_open(&mut self, row: &Summary) {
        let before = if row.status.is_open() {
            self.open.insert(row.id, row.priority)
        } else {
            self.open.remove(&row.id)
        };
        if before == row.status.is_open().then_some(row.priority) {
            return;
        }
        for tracked in self.tracked.values_mut() {
            if tracked.row.folded_under == Some(row.id) {
                tracked.next = Some(DateTime::<Utc>::MIN_UTC);
            }
        }
    }

    /// Returns how long to wait for a change.
    fn wait(&self) -> Duration {
        let Some(next) = self.tracked.values().filter_map(|tracked| tracked.next).min() else {
            return IDLE_WAIT;
        };
        let now = self.engine.clock.now();
        // A step that is due needs no wait; a wait that is cut to milliseconds would be too short.
        let wait = (next > now).then(|| next.signed_duration_since(now).to_std().ok()).flatten();
        wait.map_or(Duration::ZERO, |wait| (wait + Duration::from_millis(1)).min(MAX_WAIT))
    }

    async fn call_due(&mut self) -> Result<(), BackendError> {
        let Some(directory) = &self.directory else { return Ok(()) };
        let now = self.engine.clock.now();
        let mut due: Vec<(IncidentId, AutomaticCall)> = Vec::new();
        for (id, tracked) in &mut self.tracked {
            if tracked.next.is_none_or(|next| next > now) {
                continue;
            }
            if is_quiet(&tracked.row, |id| self.open.get(&id).copied()) {
                tracked.next = None;
                continue;
            }
            match self.engine.decisions.next_call(&tracked.row, directory, now) {
                NextCall::Now(call) => due.push((*id, call)),
                NextCall::At(at) => tracked.next = Some(at),
                NextCall::Never => tracked.next = None,
            }
        }
        due.sort_by_key(|(id, call)| (call.step.due, *id));
        let mut failure = Ok(());
        for batch in due.chunks(BATCH) {
            let envelopes: Vec<Envelope> =
                batch.iter().map(|(id, call)| envelope(*id, call, now)).collect();
            let results = self.engine.backend.execute_all(&envelopes).await;
            for ((id, call), result) in batch.iter().zip(results) {
                if let Err(error) = self.settle(*id, call, result, now) {
                    failure = Err(error);
                }
            }
        }
        failure
    }

    /// Records the result of a step. An error is one after which the same step is tried again.
    fn settle(
        &mut self,
        id: IncidentId,
        call: &AutomaticCall,
        result: Result<Outcome, BackendError>,
        now: DateTime<Utc>,
    ) -> Result<(), BackendError> {
        let error = match result {
            Ok(outcome) => {
                match outcome.row {
                    Some(row) => self.track(row),
                    None => self.postpone(id, now + AFTER_REFUSAL),
                }
                self.changes.notify();
                return Ok(());
            }
            Err(error) if error.is_temporary() => return Err(error),
            Err(error) => error,
        };
        let level = call.level;
        match &error {
            BackendError::Rejected(why) if why.kind() == RejectionKind::Invalid => {
                tracing::warn!(%id, level, %error, "a level can't be called");
                self.postpone(id, now + AFTER_FAULT);
            }
            // Another program was first, or somebody has acknowledged it meanwhile.
            BackendError::Rejected(_) | BackendError::Conflict(_) | BackendError::NotFound(_) => {
                tracing::debug!(%id, level, %error, "a level is not called");
                self.postpone(id, now + AFTER_REFUSAL);
            }
            _ => {
                tracing::warn!(%id, level, %error, "a level can't be called");
                self.postpone(id, now + AFTER_FAULT);
            }
        }
        Ok(())
    }

    fn postpone(&mut self, id: IncidentId, until: DateTime<Utc>) {
        if let Some(tracked) = self.tracked.get_mut(&id) {
            tracked.next = Some(until);
        }
    }
}

/// Returns the command that carries out a call.
pub(super) fn envelope(incident: IncidentId, call: &AutomaticCall, now: DateTime<Utc>) -> Envelope {
    let command = IncidentCommand::Escalate {
        level: call.level,
        to: call.to.clone(),
        reason: None,
        automatic: Some(call.step.clone()),
        all_must_acknowledge: call.all_must_acknowledge,
    };
    Envelope {
        id: CommandId::new(),
        at: now,
        actor: Actor::Integration(ACTOR.to_owned()),
        command: Command::incident(incident, command),
        expected_seq: None,
    }
}

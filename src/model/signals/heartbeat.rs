//! Heartbeats: signs of life of other programs, whose silence is an incident.
//!
//! The silence of a heartbeat is an alert of a group of its own, so that it declares, joins and
//! ends an incident like any other alert.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::definition::{HeartbeatDefinition, MAX_INTERVAL_S};
use crate::model::alert::{AlertGroup, AlertReport, IngestEffect, Overrides};
use crate::model::bad_field::{BadField, FieldProblem};
use crate::model::extra::{Extra, extensible_record};
use crate::model::field_check as check;
use crate::model::id::{IncidentId, IncidentNumber};
use crate::model::priority::{Impact, Level, Matrix, Priority, Urgency};
use crate::model::time::format_duration;

/// The kind of sender of the alerts.
const SOURCE: &str = "heartbeat";
/// The most heartbeats that settings may have.
pub const MAX_HEARTBEATS: usize = 1000;
/// The default grace period of a heartbeat in seconds.
pub const DEFAULT_GRACE_S: i64 = 60;
/// How long a program that has just started waits for a heartbeat at most: signs of life were lost while
/// nothing ran that could receive them.
const MAX_START_WAIT: TimeDelta = TimeDelta::minutes(10);

/// How much earlier than the last one a heartbeat may be that was only stored later.
const MAX_DISORDER: TimeDelta = TimeDelta::minutes(10);

/// A heartbeat of the settings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeartbeatRule {
    /// The name.
    pub name: String,
    /// The expected interval in seconds.
    pub interval_s: i64,
    /// How long it may be late, in seconds.
    pub grace_s: i64,
    /// The priority of the incident.
    pub priority: Priority,
    /// The title of the incident; `None` for one that follows from the name.
    pub title: Option<String>,
    /// The service of the incident.
    pub service: Option<String>,
    /// The team of the incident; `None` for that of the service.
    pub team: Option<String>,
    /// The runbook of the incident; `None` for that of the service.
    pub runbook: Option<String>,
}

/// A heartbeat: its expected interval, and when it was last received.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self")]
pub struct Heartbeat {
    /// The name.
    pub name: String,
    /// How often it is expected, in seconds; absent if neither the settings nor a program define it any
    /// more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_s: Option<i64>,
    /// How long it may be late, in seconds; absent if neither the settings nor a program define it any
    /// more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_s: Option<i64>,
    /// Since when it is expected.
    pub since: DateTime<Utc>,
    /// When it was last received; absent if it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<DateTime<Utc>>,
    /// Since when it is silent; absent while it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent_since: Option<DateTime<Utc>>,
    /// What another program has said of it; absent if none has. The settings count before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<HeartbeatDefinition>,
    /// The fields that a later version defines.
    #[serde(skip)]
    pub extra: Extra,
}

extensible_record!(Heartbeat);

/// The result of a received heartbeat.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct BeatOutcome {
    /// The heartbeat after the change.
    pub heartbeat: Heartbeat,
    /// The effect on the incident of its silence.
    pub effect: IngestEffect,
    /// The open incident of its silence, also if it has just ended; `None` if there is none.
    pub incident: Option<IncidentId>,
    /// The number of that incident.
    pub number: Option<IncidentNumber>,
}

/// The result of a search for silent heartbeats.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HeartbeatCheck {
    /// The heartbeats for which it has declared an incident.
    pub silent: Vec<String>,
    /// When the next one may become silent; `None` if none can.
    pub next: Option<DateTime<Utc>>,
    /// Whether one may be defined at any time though the settings have none.
    pub awaits_definitions: bool,
}

/// Returns the key of the group of alerts of a heartbeat.
#[must_use]
pub fn heartbeat_key(name: &str) -> String {
    format!("{SOURCE}:{name}")
}

impl Heartbeat {
    /// Creates a heartbeat that is expected from a time on.
    #[must_use]
    pub fn new(name: impl Into<String>, since: DateTime<Utc>) -> Self {
        Self {
            name: name.into(),
            interval_s: None,
            grace_s: None,
            since,
            last_at: None,
            silent_since: None,
            definition: None,
            extra: Extra::default(),
        }
    }

    /// Returns when it was last received, otherwise since when it is expected.
    #[must_use]
    pub fn last_or_since(&self) -> DateTime<Utc> {
        self.last_at.map_or(self.since, |last| last.max(self.since))
    }

    /// Expects an imported heartbeat from now on if it is overdue: what was silent elsewhere, or before an
    /// export, calls nobody here.
    pub fn expect_after_import(&mut self, now: DateTime<Utc>) {
        let interval = self.definition.as_ref().map_or(0, HeartbeatDefinition::interval_s);
        let interval = TimeDelta::try_seconds(interval).unwrap_or_default();
        let due = self.last_or_since().checked_add_signed(interval);
        if self.silent_since.is_none() && due.is_none_or(|due| due <= now) {
            self.since = now;
        }
    }

    /// Records a received heartbeat. One that is slightly earlier than the last one only ends the
    /// silence; if it is much earlier, the clock was set back.
    pub fn beat(&mut self, at: DateTime<Utc>) {
        let before = self.last_at.filter(|last| *last - at <= MAX_DISORDER);
        self.last_at = Some(before.map_or(at, |last| last.max(at)));
        if self.since - at > MAX_DISORDER {
            self.since = at;
        }
        self.silent_since = None;
    }

    /// Returns when its interval and grace have passed; `None` if the settings do not have it.
    #[must_use]
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        let wait = self.interval_s?.saturating_add(self.grace_s?);
        self.last_or_since().checked_add_signed(TimeDelta::try_seconds(wait)?)
    }

    /// Checks the fields of one that another program has defined.
    ///
    /// # Errors
    /// [`BadField`] names the first field with a value that is not allowed.
    pub fn check(&self) -> Result<(), BadField> {
        check::name("name", &self.name)?;
        check::time("since", self.since)?;
        let interval_s = self.definition.as_ref().map(HeartbeatDefinition::interval_s);
        if interval_s.is_some_and(|interval_s| interval_s <= 0) {
            return Err(BadField::new("every", FieldProblem::NotPositive));
        }
        if interval_s.is_some_and(|interval_s| interval_s > MAX_INTERVAL_S) {
            let days = MAX_INTERVAL_S / (24 * 60 * 60);
            return Err(BadField::new("every", FieldProblem::IntervalTooLong { days }));
        }
        Ok(())
    }

    /// Returns the alert by which a heartbeat ends its silence.
    #[must_use]
    pub fn ending(&self, at: DateTime<Utc>) -> AlertGroup {
        let report = report(&self.name, format!("heartbeat {}", self.name), None, Some(at));
        AlertGroup::new(SOURCE, "the heartbeat", heartbeat_key(&self.name), vec![report])
    }
}

impl HeartbeatRule {
    /// Returns when the heartbeat is silent for a program that runs since `started`; `None` if it
    /// counts as silent already, or never will. A sign of life that lies ahead of `now` was received
    /// before the clock was set back: the next one is expected an interval after the start.
    #[must_use]
    pub fn silent_at(
        &self,
        heartbeat: &Heartbeat,
        started: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        if heartbeat.silent_since.is_some() {
            return None;
        }
        let (interval, grace) = (seconds(self.interval_s), seconds(self.grace_s));
        let last = heartbeat.last_or_since();
        let last = if last - now > MAX_DISORDER { started } else { last };
        let due = last.checked_add_signed(interval)?;
        let listened = started.checked_add_signed(interval.min(MAX_START_WAIT))?;
        due.max(listened).checked_add_signed(grace)
    }

    /// Returns the alert of its silence since a time.
    #[must_use]
    pub fn silence(&self, heartbeat: &Heartbeat, at: DateTime<Utc>, matrix: &Matrix) -> AlertGroup {
        let title = self.title.clone().unwrap_or_else(|| format!("No heartbeat of {}", self.name));
        let every = format_duration(seconds(self.interval_s));
        let last = heartbeat.last_at.map_or_else(
            || format!("It was never received since {}.", shown(heartbeat.since)),
            |last| format!("It was last received at {}.", shown(last)),
        );
        let grace = format_duration(seconds(self.grace_s));
        let mut description = format!(
            "The heartbeat {} is expected every {every}, and may be {grace} late. {last}",
            self.name
        );
        let definition = heartbeat.definition.as_ref();
        if let Some(defined) = definition.filter(|defined| !defined.description.is_empty()) {
            description = format!("{description}\n{}", defined.description);
        }
        let mut report = report(&self.name, title.clone(), Some(at), None);
        report.annotations.insert("description".into(), description);
        let overrides = Overrides {
            title: Some(title),
            service: self.service.clone(),
            team: self.team.clone(),
            levels: Some(levels_of(self.priority, matrix)),
            runbook: self.runbook.clone(),
            labels: definition.map(|defined| defined.labels.clone()).unwrap_or_default(),
            ..Overrides::default()
        };
        let key = heartbeat_key(&self.name);
        AlertGroup { overrides, ..AlertGroup::new(SOURCE, "the heartbeat", key, vec![report]) }
    }
}

/// Puts interval and grace of the settings, or of what a program has defined, into heartbeats, adds those
/// that were never expected yet, and sorts them by name.
#[must_use]
pub fn describe_all(
    mut heartbeats: Vec<Heartbeat>,
    rules: &[HeartbeatRule],
    now: DateTime<Utc>,
) -> Vec<Heartbeat> {
    for rule in rules {
        if !heartbeats.iter().any(|heartbeat| heartbeat.name == rule.name) {
            heartbeats.push(Heartbeat::new(&rule.name, now));
        }
    }
    for heartbeat in &mut heartbeats {
        let rule = rules.iter().find(|rule| rule.name == heartbeat.name).cloned();
        let defined = heartbeat.definition.as_ref().filter(|defined| defined.is_enabled);
        let rule = rule.or_else(|| defined.map(|defined| defined.rule(&heartbeat.name)));
        heartbeat.interval_s = rule.as_ref().map(|rule| rule.interval_s);
        heartbeat.grace_s = rule.map(|rule| rule.grace_s);
    }
    heartbeats.sort_by(|a, b| a.name.cmp(&b.name));
    heartbeats
}

fn report(
    name: &str,
    title: String,
    starts_at: Option<DateTime<Utc>>,
    ends_at: Option<DateTime<Utc>>,
) -> AlertReport {
    AlertReport {
        key: name.to_owned(),
        is_firing: ends_at.is_none(),
        starts_at,
        ends_at,
        expires_at: None,
        title,
        labels: BTreeMap::from([(SOURCE.to_owned(), name.to_owned())]),
        annotations: BTreeMap::new(),
        url: None,
    }
}

/// Returns impact and urgency that the matrix maps to a priority: the ones that are closest to the
/// diagonal, or the default ones if it maps none.
#[must_use]
pub fn levels_of(priority: Priority, matrix: &Matrix) -> (Impact, Urgency) {
    let default = match priority.rank() {
        Priority::P2 => (Level::High, Level::Medium),
        Priority::P3 => (Level::Medium, Level::Medium),
        Priority::P4 => (Level::Low, Level::Low),
        Priority::P1 | Priority::Unknown(_) => (Level::High, Level::High),
    };
    let all = Level::ALL.into_iter().flat_map(|impact| Level::ALL.map(|urgency| (impact, urgency)));
    let mut fitting = std::iter::once(default).chain(all);
    let found = fitting.find(|(impact, urgency)| matrix.priority(*impact, *urgency) == priority);
    found.unwrap_or(default)
}

fn seconds(seconds: i64) -> TimeDelta {
    TimeDelta::try_seconds(seconds).unwrap_or_default()
}

fn shown(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

impl HeartbeatDefinition {
    /// Returns it as if the settings had it.
    #[must_use]
    pub fn rule(&self, name: &str) -> HeartbeatRule {
        HeartbeatRule {
            name: name.to_owned(),
            interval_s: self.interval_s(),
            grace_s: DEFAULT_GRACE_S,
            priority: self.priority(),
            title: self.title.clone(),
            service: None,
            team: self.team.clone(),
            runbook: None,
        }
    }
}

#[cfg(test)]
mod tests;

//! The effect of a message of alerts on the stored alerts.
//!
//! Senders repeat messages, and deliver them twice or late. So a report is compared with the stored
//! state of its alert: a firing that began before the stored alert was resolved is late and
//! ignored, and so is the end of an earlier firing.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::frequency::RecentStarts;
use super::record::{Alert, AlertState};
use super::report::{AlertGroup, AlertReport};
use super::severity::Severity;
use crate::model::id::IncidentId;
use crate::model::time;

/// The most alerts that are stored of an incident.
pub const MAX_ALERTS: u64 = 10_000;

/// The results of the alerts of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct AlertCounts {
    /// The number of alerts in the message.
    pub received: u32,
    /// Alerts that their incident did not have.
    pub new: u32,
    /// Alerts that fire again after they were resolved.
    pub again: u32,
    /// Alerts that still fire.
    pub repeated: u32,
    /// Alerts that were firing and are resolved.
    pub resolved: u32,
    /// Reports without news: resolved before, or late.
    pub ignored: u32,
    /// New alerts that are not stored, as the incident has the most that it can have.
    pub unstored: u32,
    /// Alerts that the sender left out of the message.
    pub omitted: u64,
    /// Alerts that fire and wait for others before an incident is declared.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub waiting: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl AlertCounts {
    /// Returns the counts of two parts of a message together. Both have the same that the sender left
    /// out.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            received: self.received.saturating_add(other.received),
            new: self.new.saturating_add(other.new),
            again: self.again.saturating_add(other.again),
            repeated: self.repeated.saturating_add(other.repeated),
            resolved: self.resolved.saturating_add(other.resolved),
            ignored: self.ignored.saturating_add(other.ignored),
            unstored: self.unstored.saturating_add(other.unstored),
            omitted: self.omitted.max(other.omitted),
            waiting: self.waiting.saturating_add(other.waiting),
        }
    }
}

/// A stored alert of a group: the last one with its key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredAlert {
    /// The alert.
    pub alert: Alert,
    /// Whether it is an alert of the incident that is open for the group.
    pub is_current: bool,
}

/// The changes that a message causes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GroupUpdate {
    /// The alerts that are new in the open incident, or in the one to be declared.
    pub new: Vec<Alert>,
    /// The stored alerts that have changed.
    pub changed: Vec<Alert>,
    /// The positions in the message of the alerts that fire and are new.
    pub new_firing: Vec<usize>,
    /// The positions in the message of the alerts that fire again.
    pub again: Vec<usize>,
    /// The positions in the message of the alerts that are not new and are more severe than before.
    pub worse: Vec<usize>,
    /// Whether an alert of the open incident was resolved now.
    pub has_resolved: bool,
    /// Counts of the results of the reports.
    pub counts: AlertCounts,
}

/// The effect of a report on an alert.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Effect {
    New,
    Again,
    Repeated,
    Resolved,
    /// It has no news.
    Ignored,
}

/// The state of an alert while the reports of a message are processed.
struct Entry {
    stored: StoredAlert,
    is_new: bool,
    is_changed: bool,
}

/// Returns the changes that a message causes. `stored` are the last alerts of the group with the
/// keys of the message. `incident` is the one that gets new alerts: the open one of the group
/// (`is_open`), or the one to be declared if an alert fires.
#[must_use]
pub fn update_group(
    group: &AlertGroup,
    stored: Vec<StoredAlert>,
    incident: IncidentId,
    is_open: bool,
    now: DateTime<Utc>,
) -> GroupUpdate {
    let mut update = GroupUpdate::default();
    update.counts.omitted = group.omitted;
    let mut entries: HashMap<String, Entry> = stored
        .into_iter()
        .map(|stored| {
            let key = stored.alert.key.clone();
            (key, Entry { stored, is_new: false, is_changed: false })
        })
        .collect();
    for (position, report) in group.alerts.iter().enumerate() {
        let has_incident = is_open || !update.new_firing.is_empty();
        let entry = entries.get_mut(&report.key);
        let effect = effect(report, entry.as_ref().map(|entry| &entry.stored), has_incident);
        let counts = &mut update.counts;
        counts.received += 1;
        match effect {
            Effect::New if report.is_firing => counts.new += 1,
            Effect::New | Effect::Ignored => counts.ignored += 1,
            Effect::Again => counts.again += 1,
            Effect::Repeated => counts.repeated += 1,
            Effect::Resolved => counts.resolved += 1,
        }
        match (effect, entry) {
            (Effect::Ignored, _) => {}
            (Effect::New, before) => {
                if report.is_firing {
                    update.new_firing.push(position);
                }
                let mut alert = new_alert(group, report, incident, now);
                if report.is_firing {
                    if let Some(before) = before {
                        alert.starts.clone_from(&before.stored.alert.starts);
                    }
                    note_start(&mut alert, group, now);
                }
                let stored = StoredAlert { alert, is_current: true };
                let entry = Entry { stored, is_new: true, is_changed: false };
                if let Some(before) = entries.insert(report.key.clone(), entry)
                    && before.is_changed
                {
                    update.changed.push(before.stored.alert);
                }
            }
            (effect, Some(entry)) => {
                if effect == Effect::Again {
                    update.again.push(position);
                }
                update.has_resolved |= effect == Effect::Resolved && entry.stored.is_current;
                entry.is_changed = true;
                let severity = Severity::of(&entry.stored.alert.labels);
                if report.is_firing && Severity::of(&report.labels) < severity {
                    update.worse.push(position);
                }
                apply(&mut entry.stored.alert, report, effect, now);
                if effect == Effect::Again {
                    note_start(&mut entry.stored.alert, group, now);
                }
            }
            // Only an alert that is stored is anything but new or ignored.
            (_, None) => {}
        }
    }
    let mut entries: Vec<Entry> = entries.into_values().collect();
    entries.sort_by(|a, b| a.stored.alert.key.cmp(&b.stored.alert.key));
    for entry in entries {
        let Entry { stored, is_new, is_changed } = entry;
        if is_new {
            update.new.push(stored.alert);
        } else if is_changed {
            update.changed.push(stored.alert);
        }
    }
    update
}

/// Returns the effect of a report on an alert. `has_incident` is whether an incident is open for
/// the group, or is being declared.
fn effect(report: &AlertReport, stored: Option<&StoredAlert>, has_incident: bool) -> Effect {
    let Some(StoredAlert { alert, is_current }) = stored else {
        return if report.is_firing || has_incident { Effect::New } else { Effect::Ignored };
    };
    let is_firing = alert.state != AlertState::Resolved;
    let ended_before = report.ends_at.is_some_and(|at| at < alert.starts_at);
    let is_late = start(report).is_some_and(|at| at <= alert.starts_at);
    match (is_firing, report.is_firing) {
        (true, true) if *is_current => Effect::Repeated,
        // The firing that it reports has ended, unless the end was only inferred.
        (false, true) if is_late && !alert.has_expired => Effect::Ignored,
        (false, true) if *is_current => Effect::Again,
        // People have ended its incident, or that of an earlier firing has ended.
        (_, true) => Effect::New,
        // The end of an earlier firing.
        (true, false) if ended_before => Effect::Ignored,
        (true, false) => Effect::Resolved,
        (false, false) => Effect::Ignored,
    }
}

fn new_alert(
    group: &AlertGroup,
    report: &AlertReport,
    incident: IncidentId,
    now: DateTime<Utc>,
) -> Alert {
    Alert {
        incident,
        group: group.key.clone(),
        key: report.key.clone(),
        source: group.source.clone(),
        state: if report.is_firing { AlertState::Firing } else { AlertState::Resolved },
        title: report.title.clone(),
        starts_at: start(report).unwrap_or_else(|| time::recorded_time(now)),
        ends_at: end(report, now),
        expires_at: expiry(report),
        has_expired: has_expired(report),
        first_at: time::recorded_time(now),
        last_at: time::recorded_time(now),
        count: u32::from(report.is_firing),
        labels: report.labels.clone(),
        annotations: report.annotations.clone(),
        url: report.url.clone(),
        starts: None,
        extra: <_>::default(),
    }
}

/// Records that an alert begins to fire, if a rule defines when it counts as flapping.
fn note_start(alert: &mut Alert, group: &AlertGroup, now: DateTime<Utc>) {
    let before = alert.starts.take();
    alert.starts = group.overrides.flapping.map(|rule| RecentStarts::after(before, rule, now));
}

/// Returns since when the alert fires, in the precision that is stored and compared.
fn start(report: &AlertReport) -> Option<DateTime<Utc>> {
    report.starts_at.map(time::recorded_time)
}

/// Returns when the alert ended; `None` if it fires.
fn end(report: &AlertReport, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let at = report.ends_at.unwrap_or(now);
    (!report.is_firing).then(|| time::recorded_time(at))
}

/// Returns when an alert that fires ends unless it is reported again.
fn expiry(report: &AlertReport) -> Option<DateTime<Utc>> {
    report.expires_at.filter(|_| report.is_firing).map(time::recorded_time)
}

/// Returns whether an alert is resolved as it was not reported again.
fn has_expired(report: &AlertReport) -> bool {
    !report.is_firing && report.expires_at.is_some()
}

fn apply(alert: &mut Alert, report: &AlertReport, effect: Effect, now: DateTime<Utc>) {
    alert.last_at = time::recorded_time(now);
    alert.ends_at = end(report, now);
    alert.expires_at = expiry(report);
    alert.has_expired = has_expired(report);
    let latest = start(report).map_or(alert.starts_at, |at| at.max(alert.starts_at));
    match effect {
        Effect::Resolved => {
            alert.state = AlertState::Resolved;
            alert.starts_at = latest;
            return;
        }
        Effect::Again => {
            alert.state = AlertState::Firing;
            alert.starts_at = start(report).unwrap_or(alert.last_at);
        }
        Effect::Repeated => alert.starts_at = latest,
        Effect::New | Effect::Ignored => {}
    }
    alert.count = alert.count.saturating_add(1);
    alert.title.clone_from(&report.title);
    alert.labels.clone_from(&report.labels);
    alert.annotations.clone_from(&report.annotations);
    alert.url.clone_from(&report.url);
}

#[cfg(test)]
mod tests;

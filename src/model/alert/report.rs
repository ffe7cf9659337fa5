//! Reports of a sender: alerts, in the group that the sender forms of them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::frequency::{FlapRule, HoldRule};
use crate::model::priority::{Impact, Urgency};
use crate::model::status::Category;

/// The longest key of an alert, in characters.
pub const MAX_KEY_CHARS: usize = 100;

/// The kind of sender whose alerts are mails, which people write.
pub const MAIL_SOURCE: &str = "mail";

/// The kind of sender of alerts that only test the way to people, and the label of their incidents.
pub const TEST_SOURCE: &str = "self-test";

/// The report of an alert in a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AlertReport {
    /// The identity of the alert within its group.
    pub key: String,
    /// Whether it fires; otherwise it is resolved.
    pub is_firing: bool,
    /// Since when it fires, or fired; `None` if the sender does not send it.
    pub starts_at: Option<DateTime<Utc>>,
    /// When it ended; `None` while it fires, or if the sender does not send it.
    pub ends_at: Option<DateTime<Utc>>,
    /// When it ends unless it is reported again; `None` if its end is always reported. On a
    /// resolved alert it means that the alert was not reported again until then.
    pub expires_at: Option<DateTime<Utc>>,
    /// Its title, on one line.
    pub title: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations, which are texts for people.
    pub annotations: BTreeMap<String, String>,
    /// The page of the sender about it.
    pub url: Option<String>,
}

/// The alerts of a message, which belong to one incident.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AlertGroup {
    /// The kind of sender, such as `alertmanager`.
    pub source: String,
    /// The name of the sender in texts, such as `Alertmanager`.
    pub sender: String,
    /// The identity of the group: the `dedup_key` of its incident.
    pub key: String,
    /// Whether the group fires according to the message; `None` if the message does not contain it.
    pub is_firing: Option<bool>,
    /// How many alerts of the group the sender left out of the message.
    pub omitted: u64,
    /// Whether the alerts were acknowledged in the sending system.
    pub is_acknowledged: bool,
    /// The fields that the rules of the settings set on an incident that is declared for the group.
    pub overrides: Overrides,
    /// The alerts.
    pub alerts: Vec<AlertReport>,
}

/// The fields that rules set on the incident that is declared for a group, in place of values from
/// its alerts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Overrides {
    /// The title.
    pub title: Option<String>,
    /// The service.
    pub service: Option<String>,
    /// The team.
    pub team: Option<String>,
    /// The category.
    pub category: Option<Category>,
    /// Impact and urgency.
    pub levels: Option<(Impact, Urgency)>,
    /// The runbook.
    pub runbook: Option<String>,
    /// The assignee: a handle, `on-call`, or `on-call:TEAM`.
    pub owner: Option<String>,
    /// Labels that are added, such as `env=prod`.
    pub labels: Vec<String>,
    /// How long the incident is snoozed when it is declared, in seconds, so that nobody is called
    /// for alerts that end meanwhile.
    pub hold_s: Option<i64>,
    /// How many alerts are wanted before the incident is declared.
    pub hold: Option<HoldRule>,
    /// When one of its alerts counts as flapping, so that it does not begin an incident each time.
    pub flapping: Option<FlapRule>,
    /// For how long the incident takes in alerts that begin to fire, in seconds.
    pub max_age_s: Option<i64>,
    /// The name of the rule.
    pub rule: Option<String>,
}

impl AlertGroup {
    /// Creates a group from alerts, without any other field of the message.
    #[must_use]
    pub fn new(
        source: impl Into<String>,
        sender: impl Into<String>,
        key: impl Into<String>,
        alerts: Vec<AlertReport>,
    ) -> Self {
        Self {
            source: source.into(),
            sender: sender.into(),
            key: key.into(),
            is_firing: None,
            omitted: 0,
            is_acknowledged: false,
            overrides: Overrides::default(),
            alerts,
        }
    }

    /// Returns whether the message has every alert of the group and no sign of one that fires, so that
    /// the end of those in it is the end of the group.
    #[must_use]
    pub fn may_end(&self) -> bool {
        self.omitted == 0 && self.is_firing != Some(true) && !self.alerts.is_empty()
    }
}

impl AlertReport {
    /// Returns the value of the first of some labels that is not blank.
    #[must_use]
    pub fn label(&self, names: &[&str]) -> Option<&str> {
        let mut texts = names.iter().filter_map(|name| self.labels.get(*name));
        texts.find(|text| !text.trim().is_empty()).map(|text| text.trim())
    }

    /// Returns the first of some annotations that is not blank.
    #[must_use]
    pub fn annotation(&self, names: &[&str]) -> Option<&str> {
        let mut texts = names.iter().filter_map(|name| self.annotations.get(*name));
        texts.find(|text| !text.trim().is_empty()).map(|text| text.trim())
    }
}

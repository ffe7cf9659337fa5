//! Waiting alerts: a rule of the settings requires several before an incident is declared.
//!
//! An alert counts once for each time that it begins to fire. An alert without a start time counts
//! each time it is reported.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::frequency::HoldRule;
use super::report::{AlertGroup, AlertReport};
use crate::model::extra::{Extra, extensible_record};
use crate::model::time;

/// An alert that waits for other alerts of its group before an incident is declared.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self")]
pub struct WaitingAlert {
    /// The group, which would be the `dedup_key` of the incident.
    pub group: String,
    /// The identity of the alert within its group.
    pub key: String,
    /// The kind of sender, such as `alertmanager`.
    pub source: String,
    /// Its title, on one line.
    pub title: String,
    /// The rule of the settings that lets it wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The number of alerts that the rule requires.
    pub at_least: u32,
    /// The time within which they begin to fire, in seconds.
    pub within_s: i64,
    /// When it was reported first.
    pub at: DateTime<Utc>,
    /// When it was last reported.
    pub last_at: DateTime<Utc>,
    /// Since when it fires; absent if the sender does not send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<DateTime<Utc>>,
    /// When it ends unless it is reported again; absent if its end is always reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// Its labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Its annotations, which are texts for people.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The page of the sender about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The fields that a later version defines.
    #[serde(skip)]
    pub extra: Extra,
}

extensible_record!(WaitingAlert);

impl WaitingAlert {
    /// Returns an alert that waits since `now`, as a message reports it.
    #[must_use]
    pub fn new(
        group: &AlertGroup,
        report: &AlertReport,
        rule: HoldRule,
        now: DateTime<Utc>,
    ) -> Self {
        let now = time::recorded_time(now);
        Self {
            group: group.key.clone(),
            key: report.key.clone(),
            source: group.source.clone(),
            title: report.title.clone(),
            rule: group.overrides.rule.clone(),
            at_least: rule.at_least,
            within_s: rule.within_s,
            at: now,
            last_at: now,
            starts_at: report.starts_at.map(time::recorded_time),
            expires_at: report.expires_at.map(time::recorded_time),
            labels: report.labels.clone(),
            annotations: report.annotations.clone(),
            url: report.url.clone(),
            extra: Extra::default(),
        }
    }

    /// Returns whether a report is about the same firing of the alert.
    #[must_use]
    pub fn is_same_firing(&self, report: &AlertReport) -> bool {
        let starts_at = report.starts_at.map(time::recorded_time);
        self.key == report.key && starts_at.is_some() && self.starts_at == starts_at
    }

    /// Records that it was reported once more.
    pub fn repeat(&mut self, report: &AlertReport, now: DateTime<Utc>) {
        self.last_at = time::recorded_time(now);
        self.expires_at = report.expires_at.map(time::recorded_time);
        self.title.clone_from(&report.title);
        self.labels.clone_from(&report.labels);
        self.annotations.clone_from(&report.annotations);
        self.url.clone_from(&report.url);
    }

    /// Returns whether it ended as it was not reported again in time.
    #[must_use]
    pub fn has_expired(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    /// Returns whether it still counts for a rule at a time.
    #[must_use]
    pub fn counts(&self, rule: HoldRule, now: DateTime<Utc>) -> bool {
        self.at > now - TimeDelta::seconds(rule.within_s) && !self.has_expired(now)
    }

    /// Returns the report of which it was made.
    #[must_use]
    pub fn report(&self) -> AlertReport {
        AlertReport {
            key: self.key.clone(),
            is_firing: true,
            starts_at: self.starts_at,
            ends_at: None,
            expires_at: self.expires_at,
            title: self.title.clone(),
            labels: self.labels.clone(),
            annotations: self.annotations.clone(),
            url: self.url.clone(),
        }
    }
}

/// Returns whether the number of waiting alerts satisfies the rule.
#[must_use]
pub fn are_enough<'a>(
    alerts: impl IntoIterator<Item = &'a WaitingAlert>,
    rule: HoldRule,
    now: DateTime<Utc>,
) -> bool {
    let count = alerts.into_iter().filter(|alert| alert.counts(rule, now)).count();
    u32::try_from(count).is_ok_and(|count| count >= rule.at_least)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const RULE: HoldRule = HoldRule { at_least: 2, within_s: 600 };

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn report(key: &str, starts_at: Option<i64>) -> AlertReport {
        AlertReport {
            key: key.into(),
            is_firing: true,
            starts_at: starts_at.map(at),
            ends_at: None,
            expires_at: None,
            title: "Disk is full".into(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            url: None,
        }
    }

    fn waiting(key: &str, starts_at: Option<i64>, since: i64) -> WaitingAlert {
        let group = AlertGroup::new("zabbix", "Zabbix", "zabbix:disks", Vec::new());
        WaitingAlert::new(&group, &report(key, starts_at), RULE, at(since))
    }

    #[rstest]
    #[case::one(&[0], 60, false)]
    #[case::two(&[0, 30], 60, true)]
    #[case::second_just_in_time(&[0, 599], 599, true)]
    #[case::first_is_outside_the_window(&[0, 600], 600, false)]
    #[case::other_two_are_within(&[0, 600, 700], 700, true)]
    fn alerts_within_the_window_are_counted(
        #[case] since: &[i64],
        #[case] now: i64,
        #[case] expected: bool,
    ) {
        let alerts: Vec<WaitingAlert> =
            since.iter().map(|since| waiting(&since.to_string(), None, *since)).collect();
        assert_eq!(are_enough(&alerts, RULE, at(now)), expected);
    }

    #[rstest]
    #[case("a", Some(10), true)]
    #[case("a", Some(11), false)]
    #[case("b", Some(10), false)]
    #[case::no_start_is_another_firing("a", None, false)]
    fn repeated_report_is_the_same_firing(
        #[case] key: &str,
        #[case] starts_at: Option<i64>,
        #[case] expected: bool,
    ) {
        let alert = waiting("a", Some(10), 12);
        assert_eq!(alert.is_same_firing(&report(key, starts_at)), expected);
    }

    #[test]
    fn expired_alert_does_not_count() {
        let mut alert = waiting("a", Some(10), 12);
        alert.expires_at = Some(at(100));
        assert!(alert.counts(RULE, at(99)));
        assert!(!alert.counts(RULE, at(100)));
    }

    #[test]
    fn alert_is_read_as_it_was_written() {
        let alert = waiting("a", Some(10), 12);
        let json = serde_json::to_string(&alert).unwrap();
        assert_eq!(serde_json::from_str::<WaitingAlert>(&json).unwrap(), alert);
    }
}

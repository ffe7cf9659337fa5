//! The result of applying rules to a group of alerts.

use super::rule::{Origin, Rule};
use crate::ingest::mapping::key::group_key;
use crate::model::alert::AlertGroup;

/// The senders that report the end of an alert by its key alone, without labels: rules can't move
/// their alerts to another group, as the end would not be found in that.
const KEYED_SOURCES: [&str; 3] = ["events", "opsgenie", "goalert"];

/// The rules of the settings, in order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rules(pub Vec<Rule>);

/// The result of applying rules to a group of alerts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Applied {
    /// The groups that are stored: the one that was reported, and those that rules make.
    pub groups: Vec<AppliedGroup>,
    /// The alerts that are not stored.
    pub dropped: Vec<Dropped>,
}

/// A group of alerts with the applied rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AppliedGroup {
    /// The group.
    pub group: AlertGroup,
    /// The rule that counts for its incident.
    pub rule: Option<String>,
}

/// An alert that a rule drops.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dropped {
    /// The title of the alert.
    pub title: String,
    /// The rule.
    pub rule: String,
}

/// The alerts of a message that belong to one incident.
struct Bucket {
    /// The key of the group, if a rule sets it.
    key: Option<String>,
    group: AlertGroup,
    /// The rule that counts.
    rule: Option<CountingRule>,
}

/// The rule that counts for the alerts of a group. The first of those counts that match an alert which
/// fires; if none fires, of those that match any.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct CountingRule {
    is_of_resolved: bool,
    /// The position of the rule.
    position: usize,
    /// The position of the first alert that it matches.
    alert: usize,
}

impl Rules {
    /// Applies the rules to a group. For each alert the first rule that matches counts: it may drop
    /// the alert if it fires, or move it to a group with another key. The fields of a group's
    /// incident come from the first rule that counts for one of its firing alerts. `integration` is
    /// the name of the key or token that the message was sent with.
    #[must_use]
    pub fn apply(&self, group: AlertGroup, integration: &str) -> Applied {
        if self.0.is_empty() || group.alerts.is_empty() {
            return Applied {
                groups: vec![AppliedGroup { group, rule: None }],
                dropped: Vec::new(),
            };
        }
        let mut group = group;
        let alerts = std::mem::take(&mut group.alerts);
        let count = alerts.len();
        let is_keyed = KEYED_SOURCES.contains(&group.source.as_str());
        let mut dropped = Vec::new();
        let mut buckets: Vec<Bucket> = Vec::new();
        for alert in alerts {
            let origin = Origin { source: group.source.as_str(), integration };
            let position = self.0.iter().position(|rule| rule.matches(origin, &alert));
            let rule = position.and_then(|position| self.0.get(position));
            // The end of an alert that is stored already is stored, too.
            if let (Some(position), Some(rule)) = (position, rule)
                && rule.drops
                && alert.is_firing
            {
                dropped.push(Dropped { title: alert.title, rule: self.label(position) });
                continue;
            }
            let key = rule.filter(|_| !is_keyed).and_then(|rule| rule.group(origin, &alert));
            let index = buckets.iter().position(|bucket| bucket.key == key).unwrap_or_else(|| {
                buckets.push(Bucket { key, group: group.clone(), rule: None });
                buckets.len() - 1
            });
            let Some(bucket) = buckets.get_mut(index) else { continue };
            if let Some(position) = position {
                let (is_of_resolved, index) = (!alert.is_firing, bucket.group.alerts.len());
                let counting = CountingRule { is_of_resolved, position, alert: index };
                bucket.rule = Some(bucket.rule.map_or(counting, |first| first.min(counting)));
            }
            bucket.group.alerts.push(alert);
        }
        let finish = |bucket| self.finish(bucket, count, integration);
        let groups = buckets.into_iter().map(finish).collect();
        Applied { groups, dropped }
    }

    /// Applies the rule of a group to it.
    fn finish(&self, bucket: Bucket, count: usize, integration: &str) -> AppliedGroup {
        let Bucket { key, mut group, rule } = bucket;
        if let Some(key) = key {
            // Prefixed by the sender, because the end of its alerts finds the incident by it.
            group.key = group_key(&group.source, &key);
        }
        if group.alerts.len() < count {
            // It was the status of all alerts of the message.
            group.is_firing = None;
        }
        let fires = group.alerts.iter().any(|alert| alert.is_firing);
        let rule = rule.filter(|rule| !fires || !rule.is_of_resolved);
        if let Some(CountingRule { position, alert, .. }) = rule
            && let (Some(rule), Some(alert)) = (self.0.get(position), group.alerts.get(alert))
        {
            let origin = Origin { source: &group.source, integration };
            rule.set_overrides(origin, alert, &mut group.overrides);
            group.overrides.rule = Some(self.label(position));
        }
        AppliedGroup { group, rule: rule.map(|rule| self.label(rule.position)) }
    }

    /// Returns the name of a rule, or its number from 1.
    fn label(&self, position: usize) -> String {
        let name = self.0.get(position).and_then(Rule::name);
        name.map_or_else(|| format!("rule {}", position + 1), ToOwned::to_owned)
    }
}

#[cfg(test)]
mod tests;

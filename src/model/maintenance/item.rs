//! Alerts and incidents as objects that windows may mute.

use std::collections::BTreeMap;

use super::filter::MutedItem;
use crate::model::alert::Alert;
use crate::model::summary::Summary;

/// The fields of an incident as a [`MutedItem`], with labels such as `env=prod` separate.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ItemLabels(BTreeMap<String, String>);

impl ItemLabels {
    /// Reads texts such as `env=prod`. One without a value has an empty one.
    #[must_use]
    pub fn of(labels: &[String]) -> Self {
        let pair = |label: &String| {
            let (name, value) = label.split_once(['=', ':']).unwrap_or((label, ""));
            (name.trim().to_owned(), value.trim().to_owned())
        };
        Self(labels.iter().map(pair).collect())
    }

    /// Returns the values by name.
    #[must_use]
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// Returns the incident as a [`MutedItem`].
    #[must_use]
    pub fn item<'a>(&'a self, incident: &'a Summary) -> MutedItem<'a> {
        MutedItem {
            services: &incident.services,
            team: incident.team.as_deref(),
            priority: Some(incident.priority),
            sources: ["", incident.source.as_str()],
            labels: &self.0,
            title: &incident.title,
        }
    }
}

impl<'a> MutedItem<'a> {
    /// Returns an alert of an incident. Service, team and priority are those of the incident.
    #[must_use]
    pub fn of_alert(alert: &'a Alert, incident: &'a Summary) -> Self {
        Self {
            services: &incident.services,
            team: incident.team.as_deref(),
            priority: Some(incident.priority),
            sources: [&alert.source, incident.source.as_str()],
            labels: &alert.labels,
            title: &alert.title,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_incidents_are_read_as_pairs() {
        let labels = ItemLabels::of(&["env=prod".into(), "zone: eu".into(), "noisy".into()]);
        let pairs: Vec<(&str, &str)> =
            labels.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("env", "prod"), ("noisy", ""), ("zone", "eu")]);
    }
}

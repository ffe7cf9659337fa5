//! The filter of a maintenance window.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::label_test::LabelTest;
use crate::model::priority::Priority;
use crate::model::text::FoldedText;

/// The filter of a maintenance window. Something matches if it satisfies every given part. Of
/// services, teams, priorities and sources one must match; of the tests of labels all.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"services": ["checkout"]}))]
pub struct MaintenanceFilter {
    /// The services; all if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// The teams; all if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
    /// The priorities of incidents; all if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub priorities: Vec<Priority>,
    /// The kinds of senders such as `alertmanager`, or how incidents were detected, such as
    /// `monitoring`; all if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// Tests of labels, such as `env=prod`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<LabelTest>,
    /// A text that the title has, whatever its case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// An alert, or an incident, that a window may mute.
#[derive(Clone, Copy, Debug)]
pub struct MutedItem<'a> {
    /// The affected services.
    pub services: &'a [String],
    /// The team that is responsible.
    pub team: Option<&'a str>,
    /// The priority of the incident.
    pub priority: Option<Priority>,
    /// The kind of sender, and how the incident was detected; empty if that is not known.
    pub sources: [&'a str; 2],
    /// Its labels.
    pub labels: &'a BTreeMap<String, String>,
    /// Its title, on one line.
    pub title: &'a str,
}

impl MaintenanceFilter {
    /// Returns whether the filter has no part. Such a filter matches nothing, so that leaving it
    /// out does not mute everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns whether the window is about it.
    #[must_use]
    pub fn matches(&self, item: MutedItem<'_>) -> bool {
        let has_service = self.services.is_empty()
            || item.services.iter().any(|service| self.services.contains(service));
        let has_team = self.teams.is_empty()
            || item.team.is_some_and(|team| self.teams.iter().any(|one| one == team));
        let has_priority = self.priorities.is_empty()
            || item.priority.is_some_and(|priority| self.priorities.contains(&priority));
        let has_source = self.sources.is_empty()
            || item.sources.iter().any(|source| self.sources.iter().any(|one| one == source));
        let has_text =
            self.text.as_ref().is_none_or(|text| FoldedText::new(text).is_in(item.title));
        !self.is_empty()
            && has_service
            && has_team
            && has_priority
            && has_source
            && has_text
            && self.labels.iter().all(|test| test.passes(item.labels))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn item<'a>(services: &'a [String], labels: &'a BTreeMap<String, String>) -> MutedItem<'a> {
        MutedItem {
            services,
            team: Some("payments"),
            priority: Some(Priority::P2),
            sources: ["alertmanager", "monitoring"],
            labels,
            title: "Disk almost full",
        }
    }

    #[rstest]
    #[case(&[], &[], false)]
    #[case(&["checkout"], &[], true)]
    #[case(&["ledger"], &[], false)]
    #[case(&["ledger", "checkout"], &[], true)]
    #[case(&[], &["env=prod"], true)]
    #[case(&["checkout"], &["env=prod", "zone"], false)]
    #[case(&["ledger"], &["env=prod"], false)]
    fn services_and_labels_both_count(
        #[case] services: &[&str],
        #[case] labels: &[&str],
        #[case] expected: bool,
    ) {
        let filter = MaintenanceFilter {
            services: services.iter().map(|name| (*name).to_owned()).collect(),
            labels: labels.iter().map(|text| text.parse().unwrap()).collect(),
            ..MaintenanceFilter::default()
        };
        let labels = BTreeMap::from([("env".to_owned(), "prod".to_owned())]);
        let services = ["checkout".to_owned()];
        assert_eq!(filter.matches(item(&services, &labels)), expected);
    }

    #[rstest]
    #[case("team:payments", true)]
    #[case("team:search", false)]
    #[case("p2", true)]
    #[case("p1", false)]
    #[case("p1 p2", true)]
    #[case("source:alertmanager", true)]
    #[case("source:monitoring", true)]
    #[case("source:zabbix", false)]
    #[case("disk", true)]
    #[case("DISK almost", true)]
    #[case("memory", false)]
    #[case("team:payments memory", false)]
    fn other_parts_count_as_well(#[case] text: &str, #[case] expected: bool) {
        let filter: MaintenanceFilter = text.parse().unwrap();
        assert_eq!(filter.matches(item(&[], &BTreeMap::new())), expected);
    }
}

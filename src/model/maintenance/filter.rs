//! What a maintenance window is about.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::label_test::LabelTest;

/// What a maintenance window is about: what has one of the services and passes all tests of labels, as far
/// as either is given.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct MaintenanceFilter {
    /// The services; all if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// Tests of labels, such as `env=prod`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<LabelTest>,
}

/// An alert, or an incident, that a window may mute.
#[derive(Clone, Copy, Debug)]
pub struct MutedItem<'a> {
    /// The services that it is about.
    pub services: &'a [String],
    /// Its labels.
    pub labels: &'a BTreeMap<String, String>,
}

impl MaintenanceFilter {
    /// Returns whether nothing is asked. Such a filter matches nothing, so that nobody mutes everything by
    /// leaving it out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.services.is_empty() && self.labels.is_empty()
    }

    /// Returns whether the window is about it.
    #[must_use]
    pub fn matches(&self, item: MutedItem<'_>) -> bool {
        let has_service = self.services.is_empty()
            || item.services.iter().any(|service| self.services.contains(service));
        !self.is_empty() && has_service && self.labels.iter().all(|test| test.passes(item.labels))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

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
        };
        let labels = BTreeMap::from([("env".to_owned(), "prod".to_owned())]);
        let services = ["checkout".to_owned()];
        assert_eq!(filter.matches(MutedItem { services: &services, labels: &labels }), expected);
    }
}

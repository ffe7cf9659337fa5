//! Alerts that are moved from one incident to another: which ones, and the incident that is declared
//! for them.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::declare::declaration;
use super::record::Alert;
use super::report::{AlertGroup, AlertReport};
use crate::model::command::Declaration;
use crate::model::directory::Directory;
use crate::model::id::IncidentId;
use crate::model::incident::Incident;

/// Selects the alerts of an incident to move: those that have one of the keys and all of the
/// labels, as far as given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AlertSelection<'a> {
    keys: HashSet<&'a str>,
    labels: &'a [String],
}

impl<'a> AlertSelection<'a> {
    /// Creates a selection by keys and by labels such as `instance=db-1`. A label without a value
    /// matches any value.
    #[must_use]
    pub fn new(keys: &'a [String], labels: &'a [String]) -> Self {
        Self { keys: keys.iter().map(String::as_str).collect(), labels }
    }

    /// Returns whether an alert is moved.
    #[must_use]
    pub fn matches(&self, alert: &Alert) -> bool {
        let has_label = |label: &String| match label.split_once('=') {
            Some((name, value)) => alert.labels.get(name).is_some_and(|found| found == value),
            None => alert.labels.contains_key(label),
        };
        (self.keys.is_empty() || self.keys.contains(alert.key.as_str()))
            && self.labels.iter().all(has_label)
    }
}

/// Returns the declaration of the incident `to` for alerts of another one, or the severity that it
/// would have. Services and team that the alerts do not name are copied from the incident that they
/// are moved from.
///
/// Its key is one of its own: the open incident of the group stays the one that new alerts go to. It
/// begins with the kind of sender, so that the end of all alerts ends the incident.
#[must_use]
pub fn declaration_of_moved(
    alerts: &[Alert],
    from: &Incident,
    to: IncidentId,
    directory: &Directory,
    now: DateTime<Utc>,
) -> Declaration {
    let source = alerts.first().map_or("alerts", |alert| alert.source.as_str());
    let key = format!("{source}:moved:{to}");
    let has_firing = alerts.iter().any(Alert::is_firing);
    let reports: Vec<AlertReport> = alerts
        .iter()
        .filter(|alert| alert.is_firing() || !has_firing)
        .map(AlertReport::from)
        .collect();
    let positions: Vec<usize> = (0..reports.len()).collect();
    let group = AlertGroup::new(source, source, key, reports);
    let mut declared = declaration(&group, &positions, directory, now);
    if declared.services.is_empty() {
        declared.services.clone_from(&from.summary.services);
        declared.fill_from_directory(directory);
    }
    declared.team = declared.team.or_else(|| from.summary.team.clone());
    // The event that moves them counts all but the first.
    declared.alerts = None;
    declared
}

impl From<&Alert> for AlertReport {
    /// Returns the report that would lead to the alert.
    fn from(alert: &Alert) -> Self {
        Self {
            key: alert.key.clone(),
            is_firing: alert.is_firing(),
            starts_at: Some(alert.starts_at),
            ends_at: alert.ends_at,
            expires_at: alert.expires_at.filter(|_| alert.is_firing()),
            title: alert.title.clone(),
            labels: alert.labels.clone(),
            annotations: alert.annotations.clone(),
            url: alert.url.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rstest::rstest;
    use serde_json::json;

    use super::*;

    const AT: &str = "2026-03-01T09:00:00Z";

    fn alert(key: &str, labels: &[(&str, &str)]) -> Alert {
        let labels: BTreeMap<&str, &str> = labels.iter().copied().collect();
        serde_json::from_value(json!({
            "incident": IncidentId::new(), "group": "alertmanager:redphone:1", "key": key,
            "source": "alertmanager", "state": "firing", "title": "The disk is nearly full",
            "count": 1, "labels": labels, "starts_at": AT, "first_at": AT, "last_at": AT,
        }))
        .unwrap()
    }

    #[rstest]
    #[case(&["a"], &[], true)]
    #[case(&["b", "a"], &[], true)]
    #[case(&["b"], &[], false)]
    #[case(&[], &["host=db-1"], true)]
    #[case(&[], &["host=db-1", "env=prod"], true)]
    #[case(&[], &["host"], true)]
    #[case(&[], &["host=db-1", "zone"], false)]
    #[case(&[], &["host="], false)]
    #[case(&["a"], &["host=db-2"], false)]
    #[case(&["b"], &["host=db-1"], false)]
    fn keys_and_labels_select_alerts(
        #[case] keys: &[&str],
        #[case] labels: &[&str],
        #[case] expected: bool,
    ) {
        let texts = |texts: &[&str]| -> Vec<String> {
            texts.iter().map(|text| (*text).to_owned()).collect()
        };
        let (keys, labels) = (texts(keys), texts(labels));
        let selection = AlertSelection::new(&keys, &labels);
        let alert = alert("a", &[("host", "db-1"), ("env", "prod")]);
        assert_eq!(selection.matches(&alert), expected);
    }
}

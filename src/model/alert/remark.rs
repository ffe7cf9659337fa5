//! Texts about alerts for people: their number, and short names that distinguish them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::frequency::RecentStarts;
use super::record::{Alert, AlertState};
use crate::model::time;

/// The most labels that a text about an alert has.
const MAX_LABELS: usize = 6;

impl Alert {
    /// Returns whether it fires. A state of a later version counts as firing, so that nobody misses it.
    #[must_use]
    pub fn is_firing(&self) -> bool {
        self.state != AlertState::Resolved
    }

    /// Returns its first labels, as in `env=prod job=api`.
    #[must_use]
    pub fn labels_text(&self) -> String {
        self.text_of_labels(|_| true)
    }

    fn text_of_labels(&self, is_wanted: impl Fn(&str) -> bool) -> String {
        let wanted = self.labels.iter().filter(|(name, _)| is_wanted(name)).take(MAX_LABELS);
        wanted.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    }
}

impl Alert {
    /// Returns when it has begun to fire, if that was so often that it counts as flapping.
    #[must_use]
    pub fn flapping(&self, now: DateTime<Utc>) -> Option<&RecentStarts> {
        self.starts.as_ref().filter(|starts| starts.count(now) >= starts.times)
    }

    /// Returns the remark on an alert that flaps; `None` if it does not.
    #[must_use]
    pub fn flapping_text(&self, now: DateTime<Utc>) -> Option<String> {
        let starts = self.flapping(now)?;
        let window = time::format_duration(TimeDelta::seconds(starts.within_s));
        let count = starts.count(now);
        Some(format!(
            "it flaps: {} has begun to fire {count} times in {window}; this ends once it was calm for \
             {window}",
            self.title
        ))
    }
}

/// Returns the number of alerts and of those that fire, as in `7 alerts · 3 firing`, or `100+
/// alerts · 40 firing` if there may be more. `is_complete` is whether `alerts` are all; otherwise
/// they are the first ones, and those that fire come first.
#[must_use]
pub fn count_text(alerts: &[Alert], is_complete: bool) -> String {
    let (count, firing) = (alerts.len(), alerts.iter().filter(|alert| alert.is_firing()).count());
    let more = |is_exact: bool| if is_exact { "" } else { "+" };
    let noun = if count == 1 { "alert" } else { "alerts" };
    let firing_text = match firing {
        0 => "none firing".to_owned(),
        _ => format!("{firing}{} firing", more(is_complete || firing < count)),
    };
    format!("{count}{} {noun} · {firing_text}", more(is_complete))
}

/// Returns a short name for each alert of a list: its title, followed by the labels that differ if
/// several have the same title. If all have the same title, only the labels are used.
#[must_use]
pub fn short_names(alerts: &[Alert]) -> Vec<String> {
    let mut by_title: BTreeMap<&str, Vec<&Alert>> = BTreeMap::new();
    for alert in alerts {
        by_title.entry(&alert.title).or_default().push(alert);
    }
    let has_one_title = by_title.len() == 1;
    let differing: BTreeMap<&str, BTreeSet<&str>> =
        by_title.iter().map(|(title, alerts)| (*title, differing_labels(alerts))).collect();
    let name = |alert: &Alert| {
        let names = differing.get(alert.title.as_str());
        let labels = alert.text_of_labels(|name| names.is_some_and(|names| names.contains(name)));
        match (labels.is_empty(), has_one_title) {
            (true, _) => alert.title.clone(),
            (false, true) => labels,
            (false, false) => format!("{} · {labels}", alert.title),
        }
    };
    alerts.iter().map(name).collect()
}

/// Returns the names of the labels that some of the alerts have not, or with another value.
fn differing_labels<'a>(alerts: &[&'a Alert]) -> BTreeSet<&'a str> {
    let mut values: BTreeMap<&str, (BTreeSet<&str>, usize)> = BTreeMap::new();
    for (name, value) in alerts.iter().flat_map(|alert| &alert.labels) {
        let (found, count) = values.entry(name).or_default();
        found.insert(value);
        *count += 1;
    }
    let differs =
        |(found, count): &(BTreeSet<&str>, usize)| found.len() > 1 || *count < alerts.len();
    values.into_iter().filter(|(_, seen)| differs(seen)).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::model::IncidentId;

    const AT: &str = "2026-03-01T09:00:00Z";

    fn alert(title: &str, state: &str, labels: &[(&str, &str)]) -> Alert {
        let labels: BTreeMap<&str, &str> = labels.iter().copied().collect();
        serde_json::from_value(json!({
            "incident": IncidentId::new(), "group": "alertmanager:redphone:1", "key": "0f",
            "source": "alertmanager", "state": state, "title": title, "count": 1, "labels": labels,
            "starts_at": AT, "first_at": AT, "last_at": AT,
        }))
        .unwrap()
    }

    #[rstest]
    #[case(&["firing"], true, "1 alert · 1 firing")]
    #[case(&["resolved", "resolved"], true, "2 alerts · none firing")]
    #[case(&["firing", "muted", "resolved"], true, "3 alerts · 2 firing")]
    #[case(&["firing", "resolved"], false, "2+ alerts · 1 firing")]
    #[case(&["firing", "firing"], false, "2+ alerts · 2+ firing")]
    fn count_says_how_many_fire(
        #[case] states: &[&str],
        #[case] is_complete: bool,
        #[case] expected: &str,
    ) {
        let alerts: Vec<Alert> = states.iter().map(|state| alert("Down", state, &[])).collect();
        assert_eq!(count_text(&alerts, is_complete), expected);
    }

    #[rstest]
    #[case::one(&[("Down", "a")], &["Down"])]
    #[case::other_titles(&[("Down", "a"), ("Slow", "b")], &["Down", "Slow"])]
    #[case::same_title(&[("Down", "a"), ("Down", "b")], &["host=a", "host=b"])]
    #[case::some_share_it(
        &[("Down", "a"), ("Down", "b"), ("Slow", "a")],
        &["Down · host=a", "Down · host=b", "Slow"]
    )]
    #[case::label_is_missing(&[("Down", "a"), ("Down", "")], &["host=a", "Down"])]
    #[case::nothing_differs(&[("Down", "a"), ("Down", "a")], &["Down", "Down"])]
    fn names_distinguish_alerts(#[case] alerts: &[(&str, &str)], #[case] expected: &[&str]) {
        let alerts: Vec<Alert> = alerts
            .iter()
            .map(|(title, host)| {
                let mut labels = vec![("env", "prod")];
                labels.extend((!host.is_empty()).then_some(("host", *host)));
                alert(title, "firing", &labels)
            })
            .collect();
        assert_eq!(short_names(&alerts), expected);
    }
}

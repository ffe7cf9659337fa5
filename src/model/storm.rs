//! Storms: many alerts and incidents in a short time, and which of them follow from which.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::directory::Directory;
use super::id::IncidentId;
use super::priority::Priority;
use super::status::Status;
use super::storm_rules::StormRules;
use super::summary::Summary;
use super::time::format_duration;

/// A storm that is on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Storm {
    /// The alerts of the incidents.
    pub alerts: u64,
    /// The incidents that were reported within the time and are open.
    pub incidents: usize,
    /// How many of them are folded under another one.
    pub folded: usize,
    /// The services that they affect.
    pub services: usize,
    /// When the first one was reported of those that followed each other within the time.
    pub since: DateTime<Utc>,
    /// The time, in seconds.
    pub within_s: i64,
}

impl Storm {
    /// Returns the storm that is on at `now` among open incidents, if one is.
    #[must_use]
    pub fn find<'a>(
        rows: impl IntoIterator<Item = &'a Summary>,
        rules: &StormRules,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let within = TimeDelta::seconds(rules.within_s);
        let mut rows: Vec<&Summary> =
            rows.into_iter().filter(|row| row.status.is_open() && row.reported_at <= now).collect();
        let recent: Vec<&Summary> =
            rows.iter().copied().filter(|row| row.reported_at > now - within).collect();
        let alerts: u64 = recent.iter().map(|row| u64::from(row.alerts)).sum();
        let is_on = (rules.incidents > 0
            && u32::try_from(recent.len()).is_ok_and(|count| count >= rules.incidents))
            || (rules.alerts > 0 && alerts >= u64::from(rules.alerts));
        if !is_on {
            return None;
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.reported_at));
        let mut since = now;
        for row in &rows {
            if row.reported_at <= since - within {
                break;
            }
            since = row.reported_at;
        }
        let services: BTreeSet<&str> =
            recent.iter().flat_map(|row| row.services.iter().map(String::as_str)).collect();
        Some(Self {
            alerts,
            incidents: recent.len(),
            folded: recent.iter().filter(|row| row.folded_under.is_some()).count(),
            services: services.len(),
            since,
            within_s: rules.within_s,
        })
    }

    /// Returns a summary, such as `storm: 214 alerts, 9 incidents, 3 services in 10m`.
    #[must_use]
    pub fn text(&self) -> String {
        let count = |count: u64, noun: &str| {
            let plural = if count == 1 { "" } else { "s" };
            format!("{count} {noun}{plural}")
        };
        let size = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let folded = match self.folded {
            0 => String::new(),
            folded => format!(" ({folded} folded)"),
        };
        format!(
            "storm: {}, {}{folded}, {} in {}",
            count(self.alerts, "alert"),
            count(size(self.incidents), "incident"),
            count(size(self.services), "service"),
            format_duration(TimeDelta::seconds(self.within_s)),
        )
    }
}

/// Returns the open incident under which a new one is folded: one of a service on which its primary
/// service depends, or of that service itself if the rules allow it, reported within the time
/// before it. Of several the one with the nearest service is chosen, then the first.
#[must_use]
pub fn cause_of<'a>(
    row: &Summary,
    others: &'a [Summary],
    directory: &Directory,
    rules: &StormRules,
) -> Option<&'a Summary> {
    let steps = directory.dependency_steps(row.services.get(..1)?);
    let earliest = row.reported_at - TimeDelta::seconds(rules.within_s);
    let distance = |other: &Summary| {
        let service = other.primary_service()?;
        let least = u32::from(!rules.folds_same_service);
        steps.get(service).copied().filter(|steps| *steps >= least)
    };
    let candidates = others.iter().filter(|other| {
        other.id != row.id
            && other.status.is_open()
            && other.folded_under.is_none()
            && other.reported_at >= earliest
            && other.priority <= row.priority
            && !is_cycle(row, other, directory)
    });
    candidates
        .filter_map(|other| Some((distance(other)?, other)))
        .min_by_key(|(distance, other)| (*distance, other.reported_at, other.id))
        .map(|(_, other)| other)
}

/// Returns the open incidents that are folded under a new one: those of services that depend on its own,
/// which nobody works on, and which are not more urgent.
#[must_use]
pub fn consequences_of<'a>(
    row: &Summary,
    others: &'a [Summary],
    directory: &Directory,
    rules: &StormRules,
) -> Vec<&'a Summary> {
    let Some(service) = row.primary_service() else { return Vec::new() };
    let earliest = row.reported_at - TimeDelta::seconds(rules.within_s);
    let depends = |other: &Summary| {
        let Some(services) = other.services.get(..1) else { return false };
        directory.dependency_steps(services).get(service).is_some_and(|steps| *steps > 0)
    };
    let mut found: Vec<&Summary> = others
        .iter()
        .filter(|other| {
            other.id != row.id
                && other.status == Status::Triggered
                && other.acknowledged_at.is_none()
                && other.assignee.is_none()
                && other.folded_under.is_none()
                && other.reported_at >= earliest
                && other.priority >= row.priority
                && !is_cycle(other, row, directory)
                && depends(other)
        })
        .collect();
    found.sort_by_key(|other| (other.reported_at, other.id));
    found
}

/// Returns whether the services of two incidents depend on each other, so that it cannot be decided
/// which one causes the other.
fn is_cycle(row: &Summary, cause: &Summary, directory: &Directory) -> bool {
    let (Some(service), Some(causes)) = (row.primary_service(), cause.services.get(..1)) else {
        return false;
    };
    let is_same = cause.primary_service() == Some(service);
    !is_same && directory.dependency_steps(causes).contains_key(service)
}

/// Returns whether nobody is called for an incident because it is folded under one that is worked
/// on. For a P1 people are called nevertheless.
///
/// `cause` returns the priority of an open incident.
#[must_use]
pub fn is_quiet(row: &Summary, cause: impl Fn(IncidentId) -> Option<Priority>) -> bool {
    let Some(under) = row.folded_under else { return false };
    row.priority != Priority::P1 && cause(under).is_some_and(|priority| priority <= row.priority)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::model::directory::Service;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(seconds)
    }

    fn row(number: u128, service: &str, priority: &str, reported: i64) -> Summary {
        serde_json::from_value(json!({
            "id": uuid::Uuid::from_u128(number), "number": 1, "title": "Slow",
            "status": "triggered", "impact": "high", "urgency": "high", "priority": priority,
            "source": "monitoring", "services": [service], "team": null,
            "detected_at": at(reported), "reported_at": at(reported), "paused": false, "alerts": 3,
            "escalation": 0, "seq": 1, "last_event_at": at(reported),
        }))
        .unwrap()
    }

    fn directory() -> Directory {
        let service = |name: &str, depends_on: &[&str]| Service {
            name: name.into(),
            team: String::new(),
            depends_on: depends_on.iter().map(|name| (*name).to_owned()).collect(),
            runbook: None,
            objective: None,
            public_name: None,
        };
        Directory {
            services: vec![
                service("checkout", &["payments"]),
                service("payments", &["ledger"]),
                service("ledger", &[]),
                service("ping", &["pong"]),
                service("pong", &["ping"]),
            ],
            ..Directory::default()
        }
    }

    #[rstest]
    #[case::direct("checkout", "P2", "payments", "P2", 0, true)]
    #[case::by_another_service("checkout", "P2", "ledger", "P1", 0, true)]
    #[case::other_way_round("ledger", "P2", "checkout", "P2", 0, false)]
    #[case::cause_is_less_urgent("checkout", "P2", "payments", "P3", 0, false)]
    #[case::same_service("checkout", "P2", "checkout", "P2", 0, false)]
    #[case::both_depend_on_each_other("ping", "P2", "pong", "P2", 0, false)]
    #[case::at_the_edge_of_the_window("checkout", "P2", "payments", "P2", 600, true)]
    #[case::too_long_ago("checkout", "P2", "payments", "P2", 601, false)]
    fn cause_is_found_by_dependencies(
        #[case] service: &str,
        #[case] priority: &str,
        #[case] cause: &str,
        #[case] cause_priority: &str,
        #[case] seconds: i64,
        #[case] expected: bool,
    ) {
        let other = row(1, cause, cause_priority, 0);
        let new = row(2, service, priority, seconds);
        let rules = StormRules::default();
        let others = [other, new.clone()];
        let found = cause_of(&new, &others, &directory(), &rules);
        assert_eq!(found.map(|other| other.id), expected.then_some(others[0].id));
        // An incident reported before its cause is folded in the same way.
        let late = Summary { reported_at: new.reported_at, ..others[0].clone() };
        let early = [Summary { reported_at: at(0), ..new.clone() }];
        let found = consequences_of(&late, &early, &directory(), &rules);
        assert_eq!(found.len(), usize::from(expected));
    }

    #[rstest]
    #[case(false, None)]
    #[case(true, Some(0))]
    fn same_service_counts_if_the_rules_say_so(
        #[case] folds_same_service: bool,
        #[case] expected: Option<usize>,
    ) {
        let rules = StormRules { folds_same_service, ..StormRules::default() };
        let new = row(2, "checkout", "P2", 60);
        let others = [row(1, "checkout", "P2", 0), new.clone()];
        let found = cause_of(&new, &others, &Directory::default(), &rules);
        assert_eq!(found.map(|other| other.id), expected.map(|index| others[index].id));
    }

    #[test]
    fn incident_that_somebody_works_on_is_not_folded() {
        let cause = row(1, "payments", "P2", 10);
        let rules = StormRules::default();
        let acknowledged = Summary { acknowledged_at: Some(at(5)), ..row(2, "checkout", "P2", 0) };
        assert!(consequences_of(&cause, &[acknowledged], &directory(), &rules).is_empty());
    }

    #[rstest]
    #[case("P2", Some(Priority::P2), true)]
    #[case("P2", Some(Priority::P1), true)]
    #[case::more_urgent_than_its_cause("P2", Some(Priority::P3), false)]
    #[case::cause_has_ended("P2", None, false)]
    #[case::p1_is_never_quiet("P1", Some(Priority::P1), false)]
    fn folded_incident_is_quiet_while_its_cause_is_open(
        #[case] priority: &str,
        #[case] cause: Option<Priority>,
        #[case] expected: bool,
    ) {
        let mut folded = row(2, "checkout", priority, 0);
        assert!(!is_quiet(&folded, |_| cause));
        folded.folded_under = Some(row(1, "payments", "P2", 0).id);
        assert_eq!(is_quiet(&folded, |_| cause), expected);
    }

    #[test]
    fn storm_is_counted_and_has_a_beginning() {
        let rules = StormRules { incidents: 3, alerts: 1000, ..StormRules::default() };
        let rows = |times: &[i64]| -> Vec<Summary> {
            let rows = times.iter().zip(1..);
            rows.map(|(time, number)| row(number, &format!("s{}", number % 2), "P3", *time))
                .collect()
        };
        assert_eq!(Storm::find(&rows(&[0, 10]), &rules, at(20)), None);
        let storm = Storm::find(&rows(&[-700, -300, 0, 10]), &rules, at(20)).unwrap();
        assert_eq!((storm.alerts, storm.incidents, storm.services), (9, 3, 2));
        assert_eq!(storm.since, at(-700));
        assert_eq!(storm.text(), "storm: 9 alerts, 3 incidents, 2 services in 10m");
        // Those of long before do not belong to it.
        let storm = Storm::find(&rows(&[-2000, -300, 0, 10]), &rules, at(20)).unwrap();
        assert_eq!(storm.since, at(-300));
        assert_eq!(Storm::find(&rows(&[0, 1, 2]), &rules, at(602)), None);
    }

    #[test]
    fn many_alerts_of_one_incident_are_a_storm() {
        let rules = StormRules { incidents: 0, alerts: 100, ..StormRules::default() };
        let one = Summary { alerts: 100, ..row(1, "ledger", "P2", 0) };
        assert!(Storm::find([&one], &rules, at(5)).is_some());
        let few = Summary { alerts: 99, ..one };
        assert_eq!(Storm::find([&few], &rules, at(5)), None);
    }
}

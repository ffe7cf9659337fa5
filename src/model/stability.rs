//! Stability before an incident is resolved: for how long none of its alerts may have fired.
//!
//! The settings require a time by priority ([`StabilityRules`]). An incident without alerts needs
//! none. The time begins when the end of the last alert was reported, by the clock of the store: a
//! sender whose clock is slow does not shorten it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::priority::Priority;
use super::summary::Summary;
use super::time::format_duration;

/// How many seconds of stability each priority needs, P1 first; 0 for none.
pub type SoakTimes = [i64; 4];

/// How long the alerts of an incident must be resolved before it may be.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StabilityRules {
    /// The times of services without times of their own.
    pub times_s: SoakTimes,
    /// The times of services that have their own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub services: BTreeMap<String, SoakTimes>,
}

impl StabilityRules {
    /// Returns whether no incident needs any stability.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.times_s.iter().chain(self.services.values().flatten()).all(|seconds| *seconds <= 0)
    }

    /// Returns how many seconds an incident needs; `None` if it needs none. Of several services with times
    /// of their own the longest counts.
    #[must_use]
    pub fn required_s(&self, incident: &Summary) -> Option<i64> {
        let index = incident.priority.rank().index();
        let seconds = |times: &SoakTimes| times.get(index).copied().unwrap_or(0);
        let own = incident.services.iter().filter_map(|service| self.services.get(service));
        let longest = own.map(seconds).max();
        Some(longest.unwrap_or_else(|| seconds(&self.times_s))).filter(|seconds| *seconds > 0)
    }

    /// Returns the progress of an incident with these alerts; `None` if it needs no stability.
    #[must_use]
    pub fn soak(&self, incident: &Summary, alerts: &AlertTotals) -> Option<Soak> {
        if alerts.count == 0 {
            return None;
        }
        let required_s = self.required_s(incident)?;
        let since = alerts.last_at.filter(|_| alerts.firing == 0);
        Some(Soak { since, required_s, firing: alerts.firing })
    }
}

/// The properties of an incident's alerts on which its stability depends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AlertTotals {
    /// The number of alerts.
    pub count: u64,
    /// How many of them fire.
    pub firing: u64,
    /// When one of them was last reported.
    pub last_at: Option<DateTime<Utc>>,
}

/// How long all alerts of an incident are resolved, and how long they must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Soak {
    /// Since when no alert fires; absent while one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// For how many seconds no alert may fire before the incident may be resolved.
    pub required_s: i64,
    /// How many of its alerts fire.
    #[serde(default)]
    pub firing: u64,
}

impl Soak {
    /// Returns the time for which none may fire.
    #[must_use]
    pub fn required(&self) -> TimeDelta {
        TimeDelta::try_seconds(self.required_s).unwrap_or_default()
    }

    /// Returns when the time has passed; `None` while an alert fires.
    #[must_use]
    pub fn ends_at(&self) -> Option<DateTime<Utc>> {
        self.since?.checked_add_signed(self.required())
    }

    /// Returns whether the time has passed; the last instant counts.
    #[must_use]
    pub fn has_passed(&self, now: DateTime<Utc>) -> bool {
        self.ends_at().is_some_and(|end| end <= now)
    }

    /// Returns the progress at a time.
    #[must_use]
    pub fn stability(&self, now: DateTime<Utc>) -> Stability {
        let green_s = self.since.map_or(0, |since| (now - since).num_seconds().max(0));
        Stability { green_s, required_s: self.required_s, firing: self.firing }
    }

    /// Describes the progress at a time, as in `green for 4m of 15m`.
    #[must_use]
    pub fn text(&self, now: DateTime<Utc>) -> String {
        self.stability(now).text()
    }

    /// Returns whether a resolution at a time is too early: the time has not passed, and no reason
    /// is given.
    #[must_use]
    pub fn refuses(&self, now: DateTime<Utc>, reason: Option<&str>) -> bool {
        let is_waived = reason.is_some_and(|reason| !reason.trim().is_empty());
        !is_waived && !self.has_passed(now)
    }
}

/// How long all alerts of an incident were resolved when it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Stability {
    /// For how many seconds none had fired.
    pub green_s: i64,
    /// For how many seconds none may fire before the incident is resolved without a reason.
    pub required_s: i64,
    /// How many of its alerts fired.
    #[serde(default)]
    pub firing: u64,
}

impl Stability {
    /// Returns whether the incident was resolved before it was stable, for a reason that was given.
    #[must_use]
    pub fn is_waived(&self) -> bool {
        self.firing > 0 || self.green_s < self.required_s
    }

    /// Describes it, as in `green for 4m of 15m`.
    #[must_use]
    pub fn text(&self) -> String {
        let duration =
            |seconds| format_duration(TimeDelta::try_seconds(seconds).unwrap_or_default());
        let (green, required) = (duration(self.green_s), duration(self.required_s));
        match self.firing {
            0 => format!("green for {green} of {required}"),
            1 => format!("1 alert fires: green for {green} of {required}"),
            firing => format!("{firing} alerts fire: green for {green} of {required}"),
        }
    }
}

/// Returns the times in the form in which settings name them: a priority with its seconds.
pub fn by_priority(times: &SoakTimes) -> impl Iterator<Item = (Priority, i64)> + '_ {
    Priority::ALL.into_iter().zip(times.iter().copied())
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::model::{Incident, IncidentId};

    fn at(minutes: i64) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2031, 5, 20, 10, 0, 0).unwrap() + TimeDelta::minutes(minutes)
    }

    fn incident(priority: &str, services: &[&str]) -> Summary {
        let declaration = json!({
            "kind": "declared", "number": null, "priority": priority,
            "title": "Checkout is slow", "category": null, "source": "monitoring",
            "services": services, "symptoms": "", "impact": "high", "urgency": "high",
            "team": null, "labels": [], "dedup_key": null, "runbook": null,
            "detected_at": at(0), "reported_at": at(0),
        });
        let event = crate::model::Event {
            id: crate::model::EventId::derived(crate::model::CommandId::new(), 0),
            incident: IncidentId::new(),
            seq: 1,
            at: at(0),
            recorded_at: at(0),
            actor: crate::model::Actor::Integration("alertmanager".into()),
            command: crate::model::CommandId::new(),
            because: None,
            verdicts: Vec::new(),
            undo: None,
            body: serde_json::from_value(declaration).unwrap(),
            extra: <_>::default(),
        };
        Incident::from_declaration(&event).unwrap().summary
    }

    fn rules() -> StabilityRules {
        let own = [1800, 0, 0, 0];
        let services = BTreeMap::from([("checkout".to_owned(), own), ("cdn".to_owned(), [60; 4])]);
        StabilityRules { times_s: [900, 600, 0, 0], services }
    }

    #[rstest]
    #[case::general("P1", &["search"], Some(900))]
    #[case::own("P1", &["checkout"], Some(1800))]
    #[case::own_has_none("P2", &["checkout"], None)]
    #[case::longest("P1", &["search", "cdn", "checkout"], Some(1800))]
    #[case::off_for_the_priority("P3", &["search"], None)]
    #[case::no_service("P2", &[], Some(600))]
    fn time_follows_from_priority_and_services(
        #[case] priority: &str,
        #[case] services: &[&str],
        #[case] expected: Option<i64>,
    ) {
        assert_eq!(rules().required_s(&incident(priority, services)), expected);
    }

    #[test]
    fn incident_without_alerts_needs_no_stability() {
        let row = incident("P1", &[]);
        assert_eq!(rules().soak(&row, &AlertTotals::default()), None);
        let alerts = AlertTotals { count: 2, firing: 0, last_at: Some(at(3)) };
        let expected = Soak { since: Some(at(3)), required_s: 900, firing: 0 };
        assert_eq!(rules().soak(&row, &alerts), Some(expected));
        assert_eq!(StabilityRules::default().soak(&row, &alerts), None);
    }

    #[rstest]
    #[case::early(Some(at(0)), 14, None, false)]
    #[case::last_instant(Some(at(0)), 15, None, true)]
    #[case::fires(None, 60, None, false)]
    #[case::waived(None, 0, Some("the probe is broken"), true)]
    #[case::blank_reason(Some(at(0)), 1, Some("  "), false)]
    fn early_resolution_needs_a_reason(
        #[case] since: Option<DateTime<Utc>>,
        #[case] minutes: i64,
        #[case] reason: Option<&str>,
        #[case] is_accepted: bool,
    ) {
        let soak = Soak { since, required_s: 900, firing: u64::from(since.is_none()) };
        assert_eq!(soak.refuses(at(minutes), reason), !is_accepted);
    }

    #[test]
    fn text_says_how_far_it_is() {
        let soak = Soak { since: Some(at(0)), required_s: 900, firing: 0 };
        assert_eq!(soak.text(at(4)), "green for 4m of 15m");
        let soak = Soak { since: None, firing: 2, ..soak };
        assert_eq!(soak.text(at(4)), "2 alerts fire: green for 0s of 15m");
    }

    #[test]
    fn rules_are_off_unless_a_priority_has_a_time() {
        assert!(StabilityRules::default().is_off());
        assert!(!rules().is_off());
    }
}

//! Error budgets that are used too fast, as alerts of groups of their own.
//!
//! Two windows are evaluated, as is common practice: the last hour at 14.4 times the allowed rate,
//! and the last 6 hours at 6 times. Each also needs a short window at the same rate, so that the
//! alert ends soon after the downtime does.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::heartbeat::levels_of;
use crate::model::alert::{Alert, AlertGroup, AlertReport, Overrides};
use crate::model::measures::pages::{Objective, Outage, burn_permille, union_ms};
use crate::model::priority::{Matrix, Priority};
use crate::model::time::format_duration;

/// The kind of sender of the alerts.
pub const BURN: &str = "burn";
/// The name of the sender in texts.
const SENDER: &str = "the error budget";

/// A window over which the use of an error budget is watched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BurnWindow {
    /// The last hour, with the last 5 minutes.
    Hour,
    /// The last 6 hours, with the last 30 minutes.
    SixHours,
}

impl BurnWindow {
    /// Both windows.
    pub const ALL: [Self; 2] = [Self::Hour, Self::SixHours];

    /// Returns the length of the window.
    #[must_use]
    pub const fn length(self) -> TimeDelta {
        match self {
            Self::Hour => TimeDelta::hours(1),
            Self::SixHours => TimeDelta::hours(6),
        }
    }

    /// Returns the length of the short window, which ends with the other one.
    #[must_use]
    pub const fn confirmation(self) -> TimeDelta {
        match self {
            Self::Hour => TimeDelta::minutes(5),
            Self::SixHours => TimeDelta::minutes(30),
        }
    }

    /// Returns the rate from which the budget is used too fast, in thousandths.
    #[must_use]
    pub const fn limit_permille(self) -> i64 {
        match self {
            Self::Hour => 14_400,
            Self::SixHours => 6_000,
        }
    }

    /// Returns the priority of the incident.
    const fn priority(self) -> Priority {
        match self {
            Self::Hour => Priority::P2,
            Self::SixHours => Priority::P3,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::SixHours => "6h",
        }
    }
}

/// How fast an error budget is used over a window.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Burn {
    /// The objective.
    pub objective: Objective,
    /// The window.
    pub window: BurnWindow,
    /// The rate over the window, in thousandths of that at which exactly the budget is used.
    pub rate_permille: i64,
    /// The rate over the short window.
    pub recent_permille: i64,
}

impl Burn {
    /// Computes how fast the budget of an objective is used, up to a time, from the outages of its service.
    #[must_use]
    pub fn compute(
        objective: &Objective,
        window: BurnWindow,
        outages: &[Outage],
        now: DateTime<Utc>,
    ) -> Self {
        let now_ms = now.timestamp_millis();
        let rate = |length: TimeDelta| {
            let length_ms = length.num_milliseconds();
            let down_ms = union_ms(outages, now_ms - length_ms, now_ms);
            burn_permille(objective, down_ms, length_ms)
        };
        Self {
            objective: objective.clone(),
            window,
            rate_permille: rate(window.length()),
            recent_permille: rate(window.confirmation()),
        }
    }

    /// Returns whether the budget is used too fast, over both windows.
    #[must_use]
    pub fn fires(&self) -> bool {
        let limit = self.window.limit_permille();
        self.rate_permille >= limit && self.recent_permille >= limit
    }

    /// Returns the key of the group of its alerts.
    #[must_use]
    pub fn key(&self) -> String {
        let Objective { service, window_days, .. } = &self.objective;
        let (target, window) = (self.objective.target(), self.window.name());
        format!("{BURN}:{service}:{target}:{window_days}d:{window}")
    }

    /// Returns the alert that the budget is used too fast since a time.
    #[must_use]
    pub fn alert(&self, at: DateTime<Utc>, matrix: &Matrix) -> AlertGroup {
        let Objective { service, window_days, .. } = &self.objective;
        let rate = rate_text(self.rate_permille);
        let length = format_duration(self.window.length());
        let title = format!("The error budget of {service} is used {rate} times too fast");
        let description = format!(
            "Over the last {length} the downtime of {service} was {rate} times what an objective of {} % \
             in {window_days} days allows.",
            self.objective.target()
        );
        let labels = [
            (BURN.to_owned(), self.window.name().to_owned()),
            ("service".to_owned(), service.clone()),
        ];
        let report = AlertReport {
            key: self.key(),
            is_firing: true,
            starts_at: Some(at),
            ends_at: None,
            expires_at: None,
            title: title.clone(),
            labels: BTreeMap::from(labels),
            annotations: BTreeMap::from([("description".to_owned(), description)]),
            url: None,
        };
        let overrides = Overrides {
            title: Some(title),
            service: Some(service.clone()),
            levels: Some(levels_of(self.window.priority(), matrix)),
            ..Overrides::default()
        };
        AlertGroup { overrides, ..AlertGroup::new(BURN, SENDER, self.key(), vec![report]) }
    }
}

/// Returns the message that an alert of a budget has ended.
#[must_use]
pub fn burn_ending(alert: &Alert, at: DateTime<Utc>) -> AlertGroup {
    let report = AlertReport {
        key: alert.key.clone(),
        is_firing: false,
        starts_at: Some(alert.starts_at),
        ends_at: Some(at.max(alert.starts_at)),
        expires_at: None,
        title: alert.title.clone(),
        labels: alert.labels.clone(),
        annotations: alert.annotations.clone(),
        url: None,
    };
    AlertGroup::new(BURN, SENDER, alert.group.clone(), vec![report])
}

/// Formats a rate in thousandths with one digit behind the point, rounded down.
fn rate_text(permille: i64) -> String {
    format!("{}.{}", permille / 1000, permille % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use rstest::rstest;

    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2031, 5, 20, 10, 0, 0).unwrap() + TimeDelta::minutes(minutes)
    }

    /// 99.9 %: of an hour 3.6 s may be down, so 14.4 times as much is 51.84 s; of 6 hours 21.6 s, so 6
    /// times as much is 129.6 s.
    fn objective() -> Objective {
        Objective { service: "checkout".into(), allowed_ppm: 1000, window_days: 30, alert: true }
    }

    fn outage(from_s: i64, to_s: Option<i64>) -> Outage {
        let ms = |seconds: i64| (at(0) + TimeDelta::seconds(seconds)).timestamp_millis();
        Outage { start_ms: ms(from_s), end_ms: to_s.map(ms) }
    }

    #[rstest]
    #[case::calm(&[], [false, false])]
    #[case::just_enough_of_an_hour(&[outage(-52, None)], [true, false])]
    #[case::a_little_less(&[outage(-51, None)], [false, false])]
    #[case::ended_six_minutes_ago(&[outage(-1000, Some(-360))], [false, true])]
    #[case::ended_half_an_hour_ago(&[outage(-3000, Some(-1800))], [false, false])]
    #[case::of_six_hours(&[outage(-7500, Some(-7400)), outage(-30, None)], [false, true])]
    #[case::lasts(&[outage(-3600, None)], [true, true])]
    fn both_windows_must_exceed_the_limit(#[case] outages: &[Outage], #[case] expected: [bool; 2]) {
        let fires = BurnWindow::ALL
            .map(|window| Burn::compute(&objective(), window, outages, at(0)).fires());
        assert_eq!(fires, expected);
    }

    #[test]
    fn alert_names_service_rate_and_window() {
        let burn = Burn::compute(&objective(), BurnWindow::Hour, &[outage(-90, None)], at(0));
        // 90 s of 3600 s are 2.5 %, which is 25 times 0.1 %.
        assert_eq!(burn.rate_permille, 25_000);
        assert_eq!(burn.key(), "burn:checkout:99.9:30d:1h");
        let group = burn.alert(at(0), &Matrix::default());
        assert_eq!(group.key, burn.key());
        assert_eq!(
            group.overrides.title.as_deref(),
            Some("The error budget of checkout is used 25.0 times too fast")
        );
        assert_eq!(group.overrides.service.as_deref(), Some("checkout"));
        assert!(group.alerts[0].is_firing);
    }
}

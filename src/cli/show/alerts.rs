//! The alerts of an incident in the output of `show`.

use chrono::{DateTime, Utc};

use crate::model::alert::{Alert, AlertState};
use crate::model::time;

/// The maximum number of alerts that are printed, each on a line.
const MAX_SHOWN: usize = 20;

/// Returns a line for each alert: those that fire first. `alerts` may be a part of all.
pub(super) fn lines(alerts: &[Alert], now: DateTime<Utc>) -> Vec<String> {
    let mut lines: Vec<String> =
        alerts.iter().take(MAX_SHOWN).map(|alert| line(alert, now)).collect();
    if alerts.len() > MAX_SHOWN {
        lines.push(format!("and {} more, or others yet: --json has 100", alerts.len() - MAX_SHOWN));
    }
    lines
}

fn line(alert: &Alert, now: DateTime<Utc>) -> String {
    let format = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M:%S").to_string();
    let mut parts = vec![format!("{} ×{}", alert.state, alert.count), alert.title.clone()];
    let since = format!("since {} UTC", format(alert.starts_at));
    parts.push(match alert.ends_at.filter(|_| alert.state == AlertState::Resolved) {
        Some(ends_at) => format!("{since} until {}", format(ends_at)),
        None => format!("{since}, last {}", time::format_ago(alert.last_at, now)),
    });
    parts.push(alert.labels_text());
    parts.retain(|part| !part.is_empty());
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::IncidentId;

    #[test]
    fn line_says_state_count_times_and_labels() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let mut alert = Alert {
            incident: IncidentId::new(),
            group: "alertmanager:redphone:1".into(),
            key: "0f".into(),
            source: "alertmanager".into(),
            state: AlertState::Firing,
            title: "Checkout is slow".into(),
            starts_at: at("2026-03-01T09:00:00Z"),
            ends_at: None,
            expires_at: None,
            has_expired: false,
            first_at: at("2026-03-01T09:01:00Z"),
            last_at: at("2026-03-01T09:58:00Z"),
            count: 3,
            labels: BTreeMap::from([("job".into(), "api".into())]),
            annotations: BTreeMap::new(),
            url: None,
            starts: None,
            extra: <_>::default(),
        };
        let now = at("2026-03-01T10:00:00Z");
        let expected = "firing ×3 · Checkout is slow · since 2026-03-01 09:00:00 UTC, last 2 min ago · \
                        job=api";
        assert_eq!(lines(std::slice::from_ref(&alert), now), [expected]);
        alert.state = AlertState::Resolved;
        alert.ends_at = Some(at("2026-03-01T09:59:00Z"));
        let resolved = &lines(&[alert.clone()], now)[0];
        assert!(resolved.contains("until 2026-03-01 09:59:00"), "{resolved}");
        assert_eq!(lines(&vec![alert; 30], now).len(), MAX_SHOWN + 1);
    }
}

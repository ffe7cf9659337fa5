//! What windows mute: as a preview before one is created, as a list while it runs, and what is released
//! at its end.

use chrono::{DateTime, Utc};

use super::filter::MutedItem;
use super::window::{MaintenanceWindow, WindowState};
use crate::model::alert::Alert;

/// Alerts as a window sees them. They are positions in the list that was given.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Review {
    /// The alerts that fire and that it is about.
    pub firing: Vec<usize>,
    /// The alerts that it is about and that are resolved.
    pub resolved: Vec<usize>,
}

impl Review {
    /// Returns what a window is about of some alerts, whether it mutes now or not. `services` returns the
    /// services of an alert, which are those of its incident.
    #[must_use]
    pub fn preview<'a>(
        window: &MaintenanceWindow,
        alerts: &[Alert],
        services: impl Fn(&Alert) -> &'a [String],
    ) -> Self {
        let mut review = Self::default();
        for (position, alert) in alerts.iter().enumerate() {
            let item = MutedItem { services: services(alert), labels: &alert.labels };
            if !window.filter.matches(item) {
                continue;
            }
            let list = if alert.is_firing() { &mut review.firing } else { &mut review.resolved };
            list.push(position);
        }
        review
    }

    /// Returns the positions of the alerts that are to reach people now: they fire, the `ended` window was
    /// about them, and no other window mutes them. Empty while that window still mutes.
    #[must_use]
    pub fn released<'a>(
        ended: &MaintenanceWindow,
        others: &[MaintenanceWindow],
        alerts: &[Alert],
        services: impl Fn(&Alert) -> &'a [String],
        now: DateTime<Utc>,
    ) -> Vec<usize> {
        if matches!(ended.state(now), WindowState::Active(_)) {
            return Vec::new();
        }
        let is_muted = |alert: &Alert| {
            let item = MutedItem { services: services(alert), labels: &alert.labels };
            others.iter().any(|other| other.id != ended.id && other.mutes(item, now))
        };
        let firing = Self::preview(ended, alerts, &services).firing;
        let is_free =
            |position: &usize| alerts.get(*position).is_some_and(|alert| !is_muted(alert));
        firing.into_iter().filter(is_free).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn window(id: u32, label: &str, until: &str) -> MaintenanceWindow {
        serde_json::from_value(json!({
            "id": format!("0198c0de-0000-7000-8000-{id:012}"), "title": "The pool is replaced",
            "filter": {"labels": [label]}, "from": "2026-03-04T10:00:00Z",
            "until": format!("2026-03-04T{until}:00Z"), "created_by": {"integration": "Deployer"},
            "created_at": "2026-03-01T09:00:00Z",
        }))
        .unwrap()
    }

    fn alert(host: &str, state: &str) -> Alert {
        let at = "2026-03-04T10:30:00Z";
        serde_json::from_value(json!({
            "incident": "0198c0de-0000-7000-8000-000000000009", "group": "a", "key": host,
            "source": "alertmanager", "state": state, "title": "Down", "count": 1,
            "labels": {"env": "prod", "host": host}, "starts_at": at, "first_at": at, "last_at": at,
        }))
        .unwrap()
    }

    fn alerts() -> Vec<Alert> {
        vec![alert("db-1", "firing"), alert("db-2", "resolved"), alert("web-1", "firing")]
    }

    #[test]
    fn preview_has_what_fires_and_what_is_resolved() {
        let review = Review::preview(&window(1, "host=db-*", "12:00"), &alerts(), |_| &[]);
        assert_eq!(review, Review { firing: vec![0], resolved: vec![1] });
    }

    #[test]
    fn end_releases_what_fires_and_no_other_window_mutes() {
        let now = "2026-03-04T12:00:00Z".parse().unwrap();
        let (ended, longer) = (window(1, "env=prod", "12:00"), window(2, "host=web-*", "13:00"));
        let released = |others: &[MaintenanceWindow], at: DateTime<Utc>| {
            Review::released(&ended, others, &alerts(), |_| &[], at)
        };
        assert_eq!(released(&[], now), [0, 2]);
        assert_eq!(released(&[ended.clone(), longer], now), [0]);
        assert_eq!(released(&[], "2026-03-04T11:59:00Z".parse().unwrap()), [0_usize; 0]);
    }
}

//! The effect of windows: as a preview before one is created, and while it runs.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::filter::MutedItem;
use super::item::ItemLabels;
use super::window::MaintenanceWindow;
use crate::model::alert::Alert;
use crate::model::id::{IncidentId, IncidentNumber};
use crate::model::priority::Priority;
use crate::model::summary::Summary;

/// The window that mutes something, and until when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Muting<'a> {
    /// The window.
    pub window: &'a MaintenanceWindow,
    /// When that ends.
    pub until: DateTime<Utc>,
}

/// Returns the window that mutes an alert or an incident for the longest time from `now` on. For an
/// incident that a person reported, only windows that include those count.
#[must_use]
pub fn muting<'a>(
    windows: &'a [MaintenanceWindow],
    item: MutedItem<'_>,
    is_of_person: bool,
    now: DateTime<Utc>,
) -> Option<Muting<'a>> {
    windows
        .iter()
        .filter(|window| window.mutes_people || !is_of_person)
        .filter_map(|window| {
            let until = window.muted_until(item, now)?;
            Some(Muting { window, until })
        })
        .max_by_key(|muting| (muting.until, muting.window.id))
}

/// Combines the mutes of an incident's firing alerts: it is muted as long as all of them are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AlertMuting<'a> {
    /// There was no alert yet.
    #[default]
    Nothing,
    /// All are muted, at least until that ends.
    Muted(Muting<'a>),
    /// One is not muted.
    Free,
}

impl<'a> AlertMuting<'a> {
    /// Adds a firing alert, and the window that mutes it.
    pub fn add(&mut self, alert: Option<Muting<'a>>) {
        *self = match (*self, alert) {
            (_, None) | (Self::Free, _) => Self::Free,
            (Self::Muted(before), Some(alert)) if before.until <= alert.until => {
                Self::Muted(before)
            }
            (_, Some(alert)) => Self::Muted(alert),
        };
    }
}

/// An alert or an incident in a preview, or in a list of muted ones.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct PreviewEntry {
    /// The incident.
    #[schema(value_type = Uuid)]
    pub incident: IncidentId,
    /// Its number; absent until the store has assigned one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<IncidentNumber>,
    /// The title of the alert or of the incident.
    pub title: String,
    /// The priority of the incident.
    pub priority: Priority,
    /// Whether it is an alert, rather than an incident without a firing one.
    #[serde(default)]
    pub is_alert: bool,
}

/// The effect that a window would have now.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct MaintenancePreview {
    /// The firing alerts, and the open incidents without such alerts, that match it; at most 100.
    pub entries: Vec<PreviewEntry>,
    /// The total number.
    pub total: u64,
    /// The number of incidents that would be muted: those that nobody has acknowledged and nobody
    /// works on, and whose firing alerts are all muted.
    pub muted_incidents: u64,
}

/// The most entries of a preview.
pub const MAX_PREVIEW: usize = 100;

impl MaintenancePreview {
    /// Adds an open incident with its firing alerts, as far as the window matches them. The window
    /// need not be active.
    pub fn add(&mut self, window: &MaintenanceWindow, incident: &Summary, firing: &[Alert]) {
        let labels = ItemLabels::of(&incident.attributes.labels);
        let mut push = |title: &str, is_alert| {
            self.total += 1;
            if self.entries.len() < MAX_PREVIEW {
                self.entries.push(PreviewEntry {
                    incident: incident.id,
                    number: incident.number,
                    title: title.to_owned(),
                    priority: incident.priority,
                    is_alert,
                });
            }
        };
        let is_muted = if firing.is_empty() {
            let is_matched = window.filter.matches(labels.item(incident));
            if is_matched {
                push(&incident.title, false);
            }
            is_matched
        } else {
            let mut is_free = false;
            for alert in firing {
                if window.filter.matches(MutedItem::of_alert(alert, incident)) {
                    push(&alert.title, true);
                } else {
                    is_free = true;
                }
            }
            !is_free
        };
        self.muted_incidents += u64::from(is_muted && incident.may_be_muted());
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

    fn at(time: &str) -> DateTime<Utc> {
        format!("2026-03-04T{time}:00Z").parse().unwrap()
    }

    fn alert(host: &str) -> Alert {
        let at = at("10:30");
        serde_json::from_value(json!({
            "incident": "0198c0de-0000-7000-8000-000000000009", "group": "a", "key": host,
            "source": "alertmanager", "state": "firing", "title": host, "count": 1,
            "labels": {"env": "prod", "host": host}, "starts_at": at, "first_at": at, "last_at": at,
        }))
        .unwrap()
    }

    fn incident() -> Summary {
        serde_json::from_value(json!({
            "id": "0198c0de-0000-7000-8000-000000000009", "number": 12, "title": "Card payments fail",
            "status": "triggered", "impact": "high", "urgency": "high", "priority": "P1",
            "source": "monitoring", "services": ["checkout"], "team": "payments",
            "detected_at": at("10:30"), "reported_at": at("10:30"), "paused": false, "alerts": 1,
            "escalation": 0, "seq": 1, "last_event_at": at("10:30"),
        }))
        .unwrap()
    }

    #[test]
    fn window_that_mutes_the_longest_counts() {
        let windows = [window(1, "env=prod", "12:00"), window(2, "host=db-*", "13:00")];
        let (row, db, web) = (incident(), alert("db-1"), alert("web-1"));
        let until = |alert, now| {
            muting(&windows, MutedItem::of_alert(alert, &row), false, at(now))
                .map(|muting| (muting.window.id.as_u128() & 0xf, muting.until))
        };
        assert_eq!(until(&db, "11:00"), Some((2, at("13:00"))));
        assert_eq!(until(&web, "11:00"), Some((1, at("12:00"))));
        assert_eq!(until(&web, "12:00"), None);
        assert_eq!(until(&db, "09:00"), None);
    }

    #[test]
    fn what_people_report_is_muted_if_the_window_says_so() {
        let (row, labels) = (incident(), ItemLabels::default());
        let mut windows = vec![window(1, "!env", "12:00")];
        let is_muted = |windows: &[MaintenanceWindow], is_of_person| {
            muting(windows, labels.item(&row), is_of_person, at("11:00")).is_some()
        };
        assert!(is_muted(&windows, false));
        assert!(!is_muted(&windows, true));
        windows[0].mutes_people = true;
        assert!(is_muted(&windows, true));
    }

    #[test]
    fn incident_is_muted_as_long_as_all_its_alerts_are() {
        let windows = [window(1, "env=prod", "12:00"), window(2, "host=db-*", "13:00")];
        let (first, second) = (
            Muting { window: &windows[0], until: at("12:00") },
            Muting { window: &windows[1], until: at("13:00") },
        );
        let mut all = AlertMuting::default();
        assert_eq!(all, AlertMuting::Nothing);
        all.add(Some(second));
        all.add(Some(first));
        assert_eq!(all, AlertMuting::Muted(first));
        all.add(None);
        all.add(Some(second));
        assert_eq!(all, AlertMuting::Free);
    }

    #[test]
    fn preview_counts_alerts_and_incidents() {
        let window = window(1, "host=db-*", "12:00");
        let mut preview = MaintenancePreview::default();
        preview.add(&window, &incident(), &[alert("db-1"), alert("web-1")]);
        preview.add(&window, &incident(), &[alert("db-2")]);
        preview.add(&window, &incident(), &[]);
        let titles: Vec<&str> = preview.entries.iter().map(|entry| entry.title.as_str()).collect();
        assert_eq!(titles, ["db-1", "db-2"]);
        assert_eq!((preview.total, preview.muted_incidents), (2, 1));
    }
}

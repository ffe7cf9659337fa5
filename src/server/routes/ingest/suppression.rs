//! The suppression of an alert in the terms of an Alertmanager: the maintenance windows that
//! silence it, and the alerts that inhibit it because its incident is folded under theirs.

use std::collections::HashMap;
use std::time::Duration;

use chrono::Utc;

use crate::ingest::fingerprint;
use crate::model::alert::Alert;
use crate::model::maintenance::{MaintenanceSearch, MaintenanceWindow, MutedItem, WindowState};
use crate::model::storm::is_quiet;
use crate::model::{IncidentId, Summary};
use crate::server::error::ApiResult;
use crate::server::state::Shared;

/// The most maintenance windows that count.
const MAX_WINDOWS: u32 = 1000;
/// The most alerts that are named as those that inhibit one.
const MAX_INHIBITING: usize = 20;

/// The suppression of an alert.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Suppressed {
    /// The ids of the maintenance windows that are about it.
    pub(super) silenced_by: Vec<String>,
    /// The fingerprints of the alerts from which it follows.
    pub(super) inhibited_by: Vec<String>,
}

impl Suppressed {
    /// Returns the state of the alert, as an Alertmanager names it.
    pub(super) fn state(&self) -> &'static str {
        if self.silenced_by.is_empty() && self.inhibited_by.is_empty() {
            "active"
        } else {
            "suppressed"
        }
    }
}

/// The current sources of suppression.
pub(super) struct Suppression {
    /// The windows that are active.
    windows: Vec<MaintenanceWindow>,
    /// The open incidents.
    rows: HashMap<IncidentId, Summary>,
    /// The fingerprints of the alerts that fire, by their incident.
    firing: HashMap<IncidentId, Vec<String>>,
}

impl Suppression {
    /// Reads it. `alerts` are those that fire. A backend that has no windows silences nothing.
    pub(super) async fn read(shared: &Shared, alerts: &[Alert]) -> ApiResult<Self> {
        let now = Utc::now();
        let search = MaintenanceSearch { ended: false, limit: MAX_WINDOWS, now };
        let mut windows = shared.backend.maintenance(&search).await.unwrap_or_default();
        windows.retain(|window| matches!(window.state(now), WindowState::Active(_)));
        let mut firing: HashMap<IncidentId, Vec<String>> = HashMap::new();
        let mut rows = HashMap::new();
        if !alerts.is_empty() {
            let open = shared.backend.changes(None, Duration::ZERO).await?.rows;
            rows = open.into_iter().map(|row| (row.id, row)).collect();
        }
        for alert in alerts {
            let fingerprints = firing.entry(alert.incident).or_default();
            if fingerprints.len() < MAX_INHIBITING {
                fingerprints.push(fingerprint_of(alert));
            }
        }
        Ok(Self { windows, rows, firing })
    }

    /// Returns the suppression of an alert.
    pub(super) fn of(&self, alert: &Alert) -> Suppressed {
        let row = self.rows.get(&alert.incident);
        let silenced_by = self.silences(alert, row);
        let priority = |id: IncidentId| {
            self.rows.get(&id).filter(|row| row.status.is_open()).map(|row| row.priority)
        };
        let cause = row.filter(|row| is_quiet(row, priority)).and_then(|row| row.folded_under);
        let inhibited_by = cause.map(|cause| {
            let found = self.firing.get(&cause).filter(|found| !found.is_empty());
            // An incident that people have declared has no alert: its id is used instead.
            found.cloned().unwrap_or_else(|| vec![cause.0.to_string()])
        });
        Suppressed { silenced_by, inhibited_by: inhibited_by.unwrap_or_default() }
    }

    /// Returns the ids of the windows that match an alert. Without its incident they are found by
    /// its labels alone.
    fn silences(&self, alert: &Alert, row: Option<&Summary>) -> Vec<String> {
        let named =
            |names: [&str; 2]| names.iter().find_map(|name| alert.labels.get(*name)).cloned();
        let services: Vec<String> = named(["service", "job"]).into_iter().collect();
        let item = match row {
            Some(row) => MutedItem::of_alert(alert, row),
            None => MutedItem {
                services: &services,
                team: alert.labels.get("team").map(String::as_str),
                priority: None,
                sources: [&alert.source, "monitoring"],
                labels: &alert.labels,
                title: &alert.title,
            },
        };
        let silences = self.windows.iter().filter(|window| window.filter.matches(item));
        silences.map(|window| window.id.to_string()).collect()
    }
}

/// Returns the identity of an alert in the form of an Alertmanager.
pub(super) fn fingerprint_of(alert: &Alert) -> String {
    let is_fingerprint = |key: &str| key.len() == 16 && key.bytes().all(|b| b.is_ascii_hexdigit());
    match alert.key.as_str() {
        key if is_fingerprint(key) => key.to_owned(),
        _ => fingerprint(&alert.labels),
    }
}

//! The `/api/v2/` shape, which aggregators of status pages read.

use serde_json::{Value, json};

use super::files::rfc3339;
use super::state::MaintenanceState;
use super::{Component, Post, PublicIncident, PublicMaintenance, StatusPage};

/// The id of the page itself.
const PAGE_ID: &str = "redphone";

impl StatusPage {
    fn page_json(&self) -> Value {
        json!({
            "id": PAGE_ID,
            "name": self.title,
            "url": self.url.as_deref().unwrap_or_default(),
            "time_zone": "Etc/UTC",
            "updated_at": rfc3339(self.made_at),
        })
    }

    fn overall_json(&self) -> Value {
        json!({ "indicator": self.indicator(), "description": self.description() })
    }

    pub(super) fn status_json(&self) -> Value {
        json!({ "page": self.page_json(), "status": self.overall_json() })
    }

    pub(super) fn components_json(&self) -> Value {
        json!({ "page": self.page_json(), "components": self.component_list() })
    }

    pub(super) fn incidents_json(&self) -> Value {
        let incidents: Vec<Value> =
            self.incidents.iter().map(|incident| self.incident_json(incident)).collect();
        json!({ "page": self.page_json(), "incidents": incidents })
    }

    pub(super) fn unresolved_json(&self) -> Value {
        json!({ "page": self.page_json(), "incidents": self.open_list() })
    }

    pub(super) fn maintenance_json(&self) -> Value {
        let all: Vec<Value> = self.maintenance.iter().map(|one| self.window_json(one)).collect();
        json!({ "page": self.page_json(), "scheduled_maintenances": all })
    }

    pub(super) fn summary_json(&self) -> Value {
        let is_ahead = |one: &&PublicMaintenance| one.state != MaintenanceState::Completed;
        let windows = self.maintenance.iter().filter(is_ahead);
        let windows: Vec<Value> = windows.map(|one| self.window_json(one)).collect();
        json!({
            "page": self.page_json(),
            "status": self.overall_json(),
            "components": self.component_list(),
            "incidents": self.open_list(),
            "scheduled_maintenances": windows,
        })
    }

    fn open_list(&self) -> Vec<Value> {
        self.open_incidents().map(|incident| self.incident_json(incident)).collect()
    }

    fn component_list(&self) -> Vec<Value> {
        let all = self.components.iter().enumerate();
        all.map(|(position, component)| self.component_json(position, component)).collect()
    }

    fn component_json(&self, position: usize, component: &Component) -> Value {
        let changed_at = rfc3339(component.changed_at.unwrap_or(self.made_at));
        json!({
            "id": component.id,
            "name": component.name,
            "status": component.state.as_str(),
            "created_at": changed_at,
            "updated_at": changed_at,
            "position": position + 1,
            "description": null,
            "showcase": true,
            "start_date": null,
            "group_id": null,
            "page_id": PAGE_ID,
            "group": false,
            "only_show_if_degraded": false,
        })
    }

    fn components_at(&self, positions: &[usize]) -> Vec<Value> {
        let component = |position: &usize| {
            self.components.get(*position).map(|one| self.component_json(*position, one))
        };
        positions.iter().filter_map(component).collect()
    }

    /// Returns the link to an entry of the page; empty if the address of the page is not set.
    pub(super) fn link(&self, id: &str) -> String {
        let url = self.url.as_deref().unwrap_or_default().trim_end_matches('/');
        if url.is_empty() { String::new() } else { format!("{url}/#{id}") }
    }

    fn incident_json(&self, incident: &PublicIncident) -> Value {
        use super::PublicStatus::{Monitoring, Resolved};
        let resolved_at = incident.since(Resolved).filter(|_| !incident.is_open()).map(rfc3339);
        let updates: Vec<Value> =
            incident.posts.iter().rev().map(|post| post_json(incident, post)).collect();
        json!({
            "id": incident.id,
            "name": incident.name,
            "status": incident.status.as_str(),
            "created_at": rfc3339(incident.started_at()),
            "updated_at": rfc3339(incident.updated_at()),
            "monitoring_at": incident.since(Monitoring).map(rfc3339),
            "resolved_at": resolved_at,
            "impact": incident.harm.as_str(),
            "shortlink": self.link(&incident.id),
            "started_at": rfc3339(incident.started_at()),
            "page_id": PAGE_ID,
            "incident_updates": updates,
            "components": self.components_at(&incident.components),
        })
    }

    fn window_json(&self, window: &PublicMaintenance) -> Value {
        let at = rfc3339(window.created_at);
        let resolved_at =
            (window.state == MaintenanceState::Completed).then(|| rfc3339(window.until));
        json!({
            "id": window.id,
            "name": window.name,
            "status": window.state.as_str(),
            "created_at": at,
            "updated_at": at,
            "monitoring_at": null,
            "resolved_at": resolved_at,
            "impact": "maintenance",
            "shortlink": self.link(&window.id),
            "started_at": at,
            "page_id": PAGE_ID,
            "scheduled_for": rfc3339(window.from),
            "scheduled_until": rfc3339(window.until),
            "incident_updates": [{
                "id": format!("{}-1", window.id),
                "status": window.state.as_str(),
                "body": window.text,
                "incident_id": window.id,
                "created_at": at,
                "updated_at": at,
                "display_at": at,
                "affected_components": null,
            }],
            "components": self.components_at(&window.components),
        })
    }
}

fn post_json(incident: &PublicIncident, post: &Post) -> Value {
    let at = rfc3339(post.at);
    json!({
        "id": post.id,
        "status": post.status.as_str(),
        "body": post.text,
        "incident_id": incident.id,
        "created_at": at,
        "updated_at": at,
        "display_at": at,
        "affected_components": null,
    })
}

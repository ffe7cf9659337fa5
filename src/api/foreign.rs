//! Paths of the APIs of other systems, which the server has so that their senders need only another
//! address. Their forms are described where those systems are, and not in the document of this API.

/// The alerts of an Alertmanager: POST takes a list of them, GET returns those that fire.
pub const ALERTMANAGER_ALERTS: &str = "/api/v2/alerts";
/// The same alerts in their groups.
pub const ALERTMANAGER_GROUPS: &str = "/api/v2/alerts/groups";
/// The state of an Alertmanager.
pub const ALERTMANAGER_STATUS: &str = "/api/v2/status";
/// The receivers of an Alertmanager: there is one.
pub const ALERTMANAGER_RECEIVERS: &str = "/api/v2/receivers";
/// The silences of an Alertmanager, which are the maintenance windows: POST creates or changes one.
pub const ALERTMANAGER_SILENCES: &str = "/api/v2/silences";
/// One of these silences: DELETE ends it.
pub const ALERTMANAGER_SILENCE: &str = "/api/v2/silence/{id}";
/// The metrics of an Alertmanager, only its version: dashboards such as karma request it first.
pub const ALERTMANAGER_METRICS: &str = "/metrics";
/// Whether an Alertmanager runs.
pub const ALERTMANAGER_HEALTHY: &str = "/-/healthy";
/// Whether an Alertmanager can answer.
pub const ALERTMANAGER_READY: &str = "/-/ready";
/// Events in the form of `PagerDuty`'s Events API, version 2.
pub const EVENTS_V2: &str = "/v2/enqueue";
/// Change events of the same API.
pub const CHANGE_EVENTS: &str = "/v2/change/enqueue";
/// Events of version 1.
pub const EVENTS_V1: &str = "/generic/2010-04-15/create_event.json";
/// Alerts in the form of Opsgenie: POST creates one, GET lists them.
pub const OPSGENIE_ALERTS: &str = "/v2/alerts";
/// One of these alerts: DELETE closes it. With `count` as its id, GET returns the number of alerts.
pub const OPSGENIE_ALERT: &str = "/v2/alerts/{identifier}";
/// An action on one of these alerts, such as `close`; GET lists its `notes` and `logs`.
pub const OPSGENIE_ACTION: &str = "/v2/alerts/{identifier}/{action}";
/// An action of the sender's own on one of these alerts, by its name.
pub const OPSGENIE_CUSTOM: &str = "/v2/alerts/{identifier}/actions/{name}";
/// The result of a request to create one.
pub const OPSGENIE_REQUEST: &str = "/v2/alerts/requests/{id}";
/// Alerts in the form of `GoAlert`'s generic API.
pub const GOALERT: &str = "/api/v2/generic/incoming";
/// A heartbeat in the format of `GoAlert`, by its name.
pub const GOALERT_HEARTBEAT: &str = "/api/v2/heartbeat/{name}";
/// The heartbeats in the form of Opsgenie: POST defines one.
pub const OPSGENIE_HEARTBEATS: &str = "/v2/heartbeats";
/// One of these heartbeats: PATCH changes it, DELETE removes it.
pub const OPSGENIE_ONE_HEARTBEAT: &str = "/v2/heartbeats/{name}";
/// POST enables it, so that its silence is an incident.
pub const OPSGENIE_ENABLE: &str = "/v2/heartbeats/{name}/enable";
/// POST disables it, so that its silence has no effect.
pub const OPSGENIE_DISABLE: &str = "/v2/heartbeats/{name}/disable";
/// A heartbeat in the format of Opsgenie, by its name.
pub const OPSGENIE_HEARTBEAT: &str = "/v2/heartbeats/{name}/ping";

/// All these paths.
pub const ALL: [&str; 24] = [
    ALERTMANAGER_ALERTS,
    ALERTMANAGER_GROUPS,
    ALERTMANAGER_STATUS,
    ALERTMANAGER_RECEIVERS,
    ALERTMANAGER_SILENCES,
    ALERTMANAGER_SILENCE,
    ALERTMANAGER_METRICS,
    ALERTMANAGER_HEALTHY,
    ALERTMANAGER_READY,
    EVENTS_V2,
    CHANGE_EVENTS,
    EVENTS_V1,
    OPSGENIE_ALERTS,
    OPSGENIE_ALERT,
    OPSGENIE_ACTION,
    OPSGENIE_CUSTOM,
    OPSGENIE_REQUEST,
    GOALERT,
    GOALERT_HEARTBEAT,
    OPSGENIE_HEARTBEATS,
    OPSGENIE_ONE_HEARTBEAT,
    OPSGENIE_ENABLE,
    OPSGENIE_DISABLE,
    OPSGENIE_HEARTBEAT,
];

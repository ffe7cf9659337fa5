//! Where things are. All of them are below the version: another version is another API.

/// Name, verbs, and whom the API takes the asker for.
pub const CAPABILITIES: &str = "/v1/capabilities";
/// A page of rows: [`super::query::Search`] to a page of summaries.
pub const INCIDENTS: &str = "/v1/incidents";
/// One incident with what belongs to it.
pub const INCIDENT: &str = "/v1/incidents/{id}";
/// A part of its timeline: [`super::query::Timeline`] to events.
pub const TIMELINE: &str = "/v1/incidents/{id}/timeline";
/// The incident of a number, such as `2041` or `INC-2041`.
pub const NUMBER: &str = "/v1/numbers/{number}";
/// What has changed: [`super::query::Changes`] to a delta.
pub const CHANGES: &str = "/v1/changes";
/// The measures of a window: [`super::query::Measures`].
pub const MEASURES: &str = "/v1/measures";
/// People, teams, services, policies and schedules.
pub const DIRECTORY: &str = "/v1/directory";
/// The problems that are recorded.
pub const PROBLEMS: &str = "/v1/problems";
/// Commands: [`super::Orders`] to [`super::Answers`].
pub const COMMANDS: &str = "/v1/commands";
/// Whether the process lives; needs no token.
pub const HEALTH: &str = "/v1/health";
/// Whether the backend behind it answers; needs no token.
pub const READY: &str = "/v1/ready";
/// Figures for Prometheus.
pub const METRICS: &str = "/v1/metrics";
/// The API's own description; needs no token.
pub const OPENAPI: &str = "/v1/openapi.json";

/// All of them.
pub const ALL: [&str; 14] = [
    CAPABILITIES,
    INCIDENTS,
    INCIDENT,
    TIMELINE,
    NUMBER,
    CHANGES,
    MEASURES,
    DIRECTORY,
    PROBLEMS,
    COMMANDS,
    HEALTH,
    READY,
    METRICS,
    OPENAPI,
];

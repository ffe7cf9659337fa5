//! Paths of the API. All begin with the version: another version is another API.

/// The capabilities of the backend: name, kinds of commands, and the identity of the caller.
pub const CAPABILITIES: &str = "/v1/capabilities";
/// Searches incidents: takes [`super::query::Search`], returns a page of summaries.
pub const INCIDENTS: &str = "/v1/incidents";
/// One incident with suspected changes, similar incidents and its problem.
pub const INCIDENT: &str = "/v1/incidents/{id}";
/// Part of an incident's timeline: takes [`super::query::Timeline`], returns events.
pub const TIMELINE: &str = "/v1/incidents/{id}/timeline";
/// The id of the incident with a number, such as `2041` or `INC-2041`.
pub const NUMBER: &str = "/v1/numbers/{number}";
/// What changed since a cursor: takes [`super::query::Changes`], returns a delta.
pub const CHANGES: &str = "/v1/changes";
/// The measures of a window: takes [`super::query::Measures`].
pub const MEASURES: &str = "/v1/measures";
/// The directory: people, teams, services, policies and schedules.
pub const DIRECTORY: &str = "/v1/directory";
/// The recorded problems, which are the underlying causes of incidents.
pub const PROBLEMS: &str = "/v1/problems";
/// Executes commands: takes [`super::Orders`], returns [`super::Answers`].
pub const COMMANDS: &str = "/v1/commands";
/// Liveness: whether the process runs. Needs no token.
pub const HEALTH: &str = "/v1/health";
/// Readiness: whether the backend answers. Needs no token.
pub const READY: &str = "/v1/ready";
/// The metrics of the server, in the text format that Prometheus reads.
pub const METRICS: &str = "/v1/metrics";
/// The `OpenAPI` document. Needs no token.
pub const OPENAPI: &str = "/v1/openapi.json";

/// All paths of the API, including those that need no token.
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

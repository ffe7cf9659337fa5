//! Paths of the API. All begin with the version: another version is another API.

/// The capabilities of the backend: name, kinds of commands, and the identity of the caller.
pub const CAPABILITIES: &str = "/v1/capabilities";
/// Searches incidents: takes [`super::query::Search`], returns a page of summaries. Declares one
/// with POST: takes [`super::NewIncident`], returns [`super::IncidentOutcome`].
pub const INCIDENTS: &str = "/v1/incidents";
/// One incident with suspected changes, similar incidents and its problem.
pub const INCIDENT: &str = "/v1/incidents/{id}";
/// Part of an incident's timeline: takes [`super::query::Timeline`], returns events.
pub const TIMELINE: &str = "/v1/incidents/{id}/timeline";
/// The id of the incident with a number, such as `2041` or `INC-2041`.
pub const NUMBER: &str = "/v1/numbers/{number}";
/// The incidents that resemble one: takes [`super::query::Similar`], returns the closest first.
pub const SIMILAR: &str = "/v1/incidents/{id}/similar";
/// The alerts of an incident: takes [`super::query::Alerts`], returns those that fire first.
pub const ALERTS: &str = "/v1/incidents/{id}/alerts";
/// The webhook of Alertmanager: POST takes its message, returns [`crate::backend::IngestOutcome`].
pub const INGEST_ALERTMANAGER: &str = "/v1/ingest/alertmanager";
/// The heartbeats: how often each is expected, and when it was last received.
pub const HEARTBEATS: &str = "/v1/heartbeats";
/// One heartbeat, by its name: POST is a sign of life, and returns
/// [`crate::model::signals::BeatOutcome`].
pub const HEARTBEAT: &str = "/v1/heartbeats/{name}";
/// Messages that are read by a mapping, by its name: POST takes JSON, returns the outcomes.
pub const INGEST_NAMED: &str = "/v1/ingest/{name}";
/// The messages that could not be understood: takes [`super::query::DeadLetters`], returns
/// [`crate::backend::DeadLetterList`].
pub const DEAD_LETTERS: &str = "/v1/ingest/dead";
/// One of them with its content, by its number. DELETE removes it.
pub const DEAD_LETTER: &str = "/v1/ingest/dead/{number}";
/// Reads one of them again, with POST.
pub const REPLAY_DEAD_LETTER: &str = "/v1/ingest/dead/{number}/replay";
/// What changed since a cursor: takes [`super::query::Changes`], returns a delta.
pub const CHANGES: &str = "/v1/changes";
/// The measures of a window: takes [`super::query::Measures`].
pub const MEASURES: &str = "/v1/measures";
/// The pages of the measures, with all breakdowns at once: takes [`super::query::Pages`].
pub const PAGES: &str = "/v1/measures/pages";
/// The directory: people, teams, services, policies and schedules.
pub const DIRECTORY: &str = "/v1/directory";
/// The recorded problems, which are the underlying causes of incidents.
pub const PROBLEMS: &str = "/v1/problems";
/// The events of all incidents: takes [`super::list_query::Feed`], returns a page.
pub const FEED: &str = "/v1/feed";
/// The events of all incidents as they are written: takes [`super::query::Events`], returns
/// [`super::EventPage`], or sends them one by one.
pub const EVENTS: &str = "/v1/events";
/// Who is on call: takes [`super::query::OnCall`].
pub const ON_CALL: &str = "/v1/on-call";
/// The people of the directory.
pub const PEOPLE: &str = "/v1/people";
/// The teams of the directory.
pub const TEAMS: &str = "/v1/teams";
/// The services of the directory.
pub const SERVICES: &str = "/v1/services";
/// The on-call schedules of the directory.
pub const SCHEDULES: &str = "/v1/schedules";
/// The escalation policies of the directory.
pub const POLICIES: &str = "/v1/policies";
/// One person, by the handle. PUT adds or replaces, DELETE removes; both return
/// [`crate::backend::Administered`], here and below.
pub const PERSON: &str = "/v1/people/{handle}";
/// One team, by its name.
pub const TEAM: &str = "/v1/teams/{name}";
/// One service, by its name.
pub const SERVICE: &str = "/v1/services/{name}";
/// One on-call schedule, by its team.
pub const SCHEDULE: &str = "/v1/schedules/{team}";
/// One escalation policy, by its team.
pub const POLICY: &str = "/v1/policies/{team}";
/// The overrides of a schedule: POST adds one, DELETE removes one.
pub const OVERRIDES: &str = "/v1/schedules/{team}/overrides";
/// Who changed what of the directory and of the tokens: takes
/// [`super::list_query::Administration`], returns a page.
pub const ADMINISTRATION: &str = "/v1/administration";
/// The tokens: who may use the API. POST creates one.
pub const TOKENS: &str = "/v1/tokens";
/// One token, by its id. DELETE revokes it.
pub const TOKEN: &str = "/v1/tokens/{id}";
/// The recorded changes: takes [`super::list_query::ChangeRecords`], returns a page.
pub const CHANGE_RECORDS: &str = "/v1/change-records";
/// The reviews: takes [`super::list_query::Reviews`], returns a page.
pub const REVIEWS: &str = "/v1/reviews";
/// The action items of all incidents: takes [`super::list_query::ActionItems`], returns a page.
pub const ACTION_ITEMS: &str = "/v1/action-items";
/// The problems with the incidents that link to them: takes [`super::list_query::LinkedProblems`],
/// returns a page.
pub const LINKED_PROBLEMS: &str = "/v1/linked-problems";
/// The notifications with the attempts to send them: takes [`super::list_query::Notifications`],
/// returns a page.
pub const NOTIFICATIONS: &str = "/v1/notifications";
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

/// All paths of the API, including those that need no token, but for those of the verbs, which are
/// below [`INCIDENT`].
pub const ALL: [&str; 46] = [
    CAPABILITIES,
    INCIDENTS,
    INCIDENT,
    TIMELINE,
    ALERTS,
    SIMILAR,
    INGEST_ALERTMANAGER,
    HEARTBEATS,
    HEARTBEAT,
    INGEST_NAMED,
    DEAD_LETTERS,
    DEAD_LETTER,
    REPLAY_DEAD_LETTER,
    NUMBER,
    CHANGES,
    MEASURES,
    PAGES,
    DIRECTORY,
    PROBLEMS,
    FEED,
    EVENTS,
    ON_CALL,
    PEOPLE,
    TEAMS,
    SERVICES,
    SCHEDULES,
    POLICIES,
    PERSON,
    TEAM,
    SERVICE,
    SCHEDULE,
    POLICY,
    OVERRIDES,
    ADMINISTRATION,
    TOKENS,
    TOKEN,
    CHANGE_RECORDS,
    REVIEWS,
    ACTION_ITEMS,
    LINKED_PROBLEMS,
    NOTIFICATIONS,
    COMMANDS,
    HEALTH,
    READY,
    METRICS,
    OPENAPI,
];

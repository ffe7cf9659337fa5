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
/// The content of evidence, by its id.
pub const EVIDENCE: &str = "/v1/evidence/{id}";
/// The webhook of Alertmanager: POST takes its message, returns [`crate::backend::IngestOutcome`].
pub const INGEST_ALERTMANAGER: &str = "/v1/ingest/alertmanager";
/// The heartbeats: how often each is expected, and when it was last received.
pub const HEARTBEATS: &str = "/v1/heartbeats";
/// One heartbeat, by its name: POST reports it, and returns [`crate::model::signals::BeatOutcome`].
pub const HEARTBEAT: &str = "/v1/heartbeats/{name}";
/// How people are reached: returns [`crate::model::notification::PersonReach`] for each.
pub const CONTACTS: &str = "/v1/contacts";
/// The contacts of one person, by the handle: POST takes a
/// [`super::contacts::ContactChangeRequest`], and returns how the person is reached then.
pub const PERSON_CONTACTS: &str = "/v1/contacts/{person}";
/// Tries the contacts of a person: POST sends a test message.
pub const TEST_CONTACTS: &str = "/v1/contacts/{person}/test";
/// The receiver of mails that answer messages: POST takes a mail with all its headers. It is not in
/// the document of the API, because its format is that of mail.
pub const REPLIES_MAIL: &str = "/v1/replies/mail";
/// The maintenance windows: takes [`super::query::Maintenance`]. POST creates one.
pub const MAINTENANCE: &str = "/v1/maintenance";
/// The effect that a maintenance window would have now: POST takes the window.
pub const MAINTENANCE_PREVIEW: &str = "/v1/maintenance/preview";
/// One maintenance window, by its id. PUT changes it, DELETE ends it.
pub const MAINTENANCE_WINDOW: &str = "/v1/maintenance/{id}";
/// The incidents that are or were muted: takes [`super::query::Muted`].
pub const MUTED: &str = "/v1/muted";
/// Messages that are read by a mapping, by its name: POST takes JSON, returns the outcomes.
pub const INGEST_NAMED: &str = "/v1/ingest/{name}";
/// The messages that could not be understood: takes [`super::query::DeadLetters`], returns
/// [`crate::backend::DeadLetterList`].
pub const DEAD_LETTERS: &str = "/v1/ingest/dead";
/// One of them with its content, by its number. DELETE removes it.
pub const DEAD_LETTER: &str = "/v1/ingest/dead/{number}";
/// Reads one of them again, with POST.
pub const REPLAY_DEAD_LETTER: &str = "/v1/ingest/dead/{number}/replay";
/// The alerts that wait for others before an incident is declared: takes
/// [`super::query::WaitingAlerts`], returns [`crate::backend::WaitingList`].
pub const WAITING_ALERTS: &str = "/v1/ingest/waiting";
/// The checks with the most alerts: takes [`super::query::Noise`], returns
/// [`crate::model::noise::NoiseReport`].
pub const NOISE: &str = "/v1/noise";
/// The changes since a cursor: takes [`super::query::Changes`], returns a delta.
pub const CHANGES: &str = "/v1/changes";
/// The measures of a window: takes [`super::query::Measures`].
pub const MEASURES: &str = "/v1/measures";
/// The pages of the measures, with all breakdowns at once: takes [`super::query::Pages`].
pub const PAGES: &str = "/v1/measures/pages";
/// The directory: people, teams, services, policies and schedules.
pub const DIRECTORY: &str = "/v1/directory";
/// The recorded problems, which are the underlying causes of incidents. POST records one: takes
/// [`super::NewProblem`].
pub const PROBLEMS: &str = "/v1/problems";
/// One problem with the incidents that link to it, by its id. POST changes it: takes
/// [`crate::model::problem_patch::ProblemPatch`].
pub const PROBLEM: &str = "/v1/problems/{id}";
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
/// The services that incidents or changes name and the directory does not have.
pub const UNKNOWN_SERVICES: &str = "/v1/unknown-services";
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
/// The requests for cover on a schedule: POST adds one. The directory lists them.
pub const COVERS: &str = "/v1/schedules/{team}/covers";
/// POST accepts a request for cover, by its id.
pub const ACCEPT_COVER: &str = "/v1/covers/{id}/accept";
/// POST declines a request for cover, by its id.
pub const DECLINE_COVER: &str = "/v1/covers/{id}/decline";
/// POST withdraws a request for cover, by its id.
pub const WITHDRAW_COVER: &str = "/v1/covers/{id}/withdraw";
/// The addresses of calendars: POST creates one. The directory lists them.
pub const CALENDAR_LINKS: &str = "/v1/calendar-links";
/// POST revokes an address of a calendar, by its id.
pub const REVOKE_CALENDAR_LINK: &str = "/v1/calendar-links/{id}/revoke";
/// The log of changes to the directory and the tokens: takes [`super::list_query::Administration`],
/// returns a page.
pub const ADMINISTRATION: &str = "/v1/administration";
/// The tokens: who may use the API. POST creates one.
pub const TOKENS: &str = "/v1/tokens";
/// One token, by its id. DELETE revokes it.
pub const TOKEN: &str = "/v1/tokens/{id}";
/// The recorded changes: takes [`super::list_query::ChangeRecords`], returns a page.
pub const CHANGE_RECORDS: &str = "/v1/change-records";
/// The suspicions against the changes on a page: takes [`super::list_query::ChangeRecords`],
/// returns [`crate::backend::lists::Suspicion`] for each change with suspicions.
pub const SUSPICIONS: &str = "/v1/change-records/suspicions";
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
pub const ALL: [&str; 65] = [
    CAPABILITIES,
    INCIDENTS,
    INCIDENT,
    TIMELINE,
    ALERTS,
    EVIDENCE,
    SIMILAR,
    INGEST_ALERTMANAGER,
    HEARTBEATS,
    HEARTBEAT,
    CONTACTS,
    PERSON_CONTACTS,
    TEST_CONTACTS,
    MAINTENANCE,
    MAINTENANCE_PREVIEW,
    MAINTENANCE_WINDOW,
    MUTED,
    INGEST_NAMED,
    DEAD_LETTERS,
    DEAD_LETTER,
    REPLAY_DEAD_LETTER,
    WAITING_ALERTS,
    NOISE,
    NUMBER,
    CHANGES,
    MEASURES,
    PAGES,
    DIRECTORY,
    PROBLEMS,
    PROBLEM,
    FEED,
    EVENTS,
    ON_CALL,
    PEOPLE,
    TEAMS,
    SERVICES,
    UNKNOWN_SERVICES,
    SCHEDULES,
    POLICIES,
    PERSON,
    TEAM,
    SERVICE,
    SCHEDULE,
    POLICY,
    OVERRIDES,
    COVERS,
    ACCEPT_COVER,
    DECLINE_COVER,
    WITHDRAW_COVER,
    CALENDAR_LINKS,
    REVOKE_CALENDAR_LINK,
    ADMINISTRATION,
    TOKENS,
    TOKEN,
    CHANGE_RECORDS,
    SUSPICIONS,
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

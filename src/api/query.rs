//! Query parameters of the API.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::backend::{Cursor, PageMark};
use crate::model::measures::Cut;
use crate::model::queue::Sort;

/// Highest value of [`Changes::wait`], in seconds.
pub const MAX_WAIT_S: u64 = 60;

/// Selects a page of incidents. In the filter, `owner:me` means the person that the token acts for.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Search {
    /// The filter that the incidents must match, in the filter language. An empty filter matches
    /// every open incident that is not snoozed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[param(example = "p1 owner:none")]
    pub filter: String,
    /// The order of the incidents.
    #[serde(default)]
    #[param(inline)]
    pub sort: Sort,
    /// The maximum number of incidents, from 1 to 1000; 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// The mark at which the previous page ended; absent for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub after: Option<PageMark>,
    /// The time at which ages and service levels are computed; the server's time by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<DateTime<Utc>>,
    /// The time zone, by its IANA name, in which the days and times of day in the filter are meant,
    /// such as those of `on:2026-10-29` and `since:yesterday`; UTC by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(example = "Europe/Berlin", max_length = 64)]
    pub zone: Option<String>,
}

/// Selects changes by a position in the stream of changes.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Changes {
    /// The cursor of the last response. Without it, all open incidents are returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub since: Option<Cursor>,
    /// How long to wait for a change if there is none yet, in seconds, up to 60.
    #[serde(default)]
    #[param(minimum = 0, maximum = 60)]
    pub wait: u64,
}

/// Selects the events of all incidents after a position or a time.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Events {
    /// The `cursor` of the last response, or a time from which on events were recorded. By default
    /// the last 24 hours; for server-sent events, only new events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(example = "2026-03-01T22:00:00Z", max_length = 40)]
    pub since: Option<String>,
    /// How long to wait for an event if there is none yet, in seconds, up to 60.
    #[serde(default)]
    #[param(minimum = 0, maximum = 60)]
    pub wait: u64,
    /// The kinds of events, separated by commas, such as `note_added,resolved`; all if it is
    /// absent. The kinds are those of the events of a timeline.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[param(
        example = "declared,resolved",
        pattern = "^((declared|alert_repeated|acknowledged|status_moved|move_taken_back|assigned|team_set|role_given|escalated|prioritized|categorized|services_set|described|note_added|note_corrected|stakeholders_updated|item_answered|resolved|reopened|closed|snoozed|woken|paused|unpaused|merged_into|absorbed|linked|unlinked|reclassified|review_written|action_item_set|review_published|decision_recorded|alerts_moved_out|alerts_moved_in|expected_recovery_set|role_requested|role_answered|acknowledged_in_part|muted|unmuted|folded|noise_marked|follow_up_set|impact_began_set|affected_set|reporter_added|reporter_removed|team_involved|evidence_added|redacted|review_submitted)(,(declared|alert_repeated|acknowledged|status_moved|move_taken_back|assigned|team_set|role_given|escalated|prioritized|categorized|services_set|described|note_added|note_corrected|stakeholders_updated|item_answered|resolved|reopened|closed|snoozed|woken|paused|unpaused|merged_into|absorbed|linked|unlinked|reclassified|review_written|action_item_set|review_published|decision_recorded|alerts_moved_out|alerts_moved_in|expected_recovery_set|role_requested|role_answered|acknowledged_in_part|muted|unmuted|folded|noise_marked|follow_up_set|impact_began_set|affected_set|reporter_added|reporter_removed|team_involved|evidence_added|redacted|review_submitted))*)?$"
    )]
    pub kinds: String,
    /// The team that is responsible for the incident now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// The handle of the person who caused them, or the name of a program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The maximum number of events, from 1 to 1000; 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// Selects who is on call, and when.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OnCall {
    /// The time; now by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(example = "2026-03-01T22:00:00Z")]
    pub at: Option<DateTime<Utc>>,
    /// The team; all that have a schedule by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
}

/// The parameters of requests to declare or change an incident besides their body.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangeOptions {
    /// Whether services and teams that the directory does not have are accepted. Without it, a
    /// request of a person that names one is refused; a program may name them.
    #[serde(default)]
    pub accept_unknown: bool,
}

/// Selects a part of a timeline: the last `limit` events, all events after `after`, or the last
/// `limit` events before `before`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Timeline {
    /// Selects the events with a sequence number greater than this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 0, maximum = 4_294_967_295_u32)]
    pub after: Option<u32>,
    /// Selects the events with a sequence number less than this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 0, maximum = 4_294_967_295_u32)]
    pub before: Option<u32>,
    /// The maximum number of events, from 1 to 1000; 200 by default. It can't be used with `after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// Selects the alerts of an incident: the first ones, firing ones before the others.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Alerts {
    /// The maximum number of alerts, from 1 to 1000; 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// Selects the incidents that resemble one: the closest.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Similar {
    /// The maximum number of incidents, from 1 to 100; 10 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
}

/// Selects messages that could not be understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeadLetters {
    /// The maximum number of messages, from 1 to 1000; 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// Only those that arrived before the one with this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 0)]
    pub before: Option<u64>,
}

/// Selects maintenance windows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Maintenance {
    /// Whether ended ones are returned as well, after the others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
    /// The maximum number of windows, from 1 to 1000; 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// The revision that a record must have to be changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Revision {
    /// The expected revision: the request is refused if the current one differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 0)]
    pub revision: Option<u32>,
}

/// Selects incidents that are or were muted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Muted {
    /// Only those that this maintenance window mutes or has muted last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Uuid>,
    /// The maximum number of incidents, from 1 to 1000; 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// Selects alerts that wait for others before an incident is declared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WaitingAlerts {
    /// The maximum number of alerts, from 1 to 1000; 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// Selects the checks whose alerts are counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Noise {
    /// The window's start, included; 30 days before its end by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(example = "2026-03-01T00:00:00Z")]
    pub from: Option<DateTime<Utc>>,
    /// The window's end, excluded; now by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<DateTime<Utc>>,
    /// The maximum number of checks, from 1 to 1000; 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// Selects the window of the pages of measures, its buckets, the incidents, the breakdowns, and the zone
/// in which hours and days of the week are counted. Lists are separated by commas; an incident must have
/// one of the values of each list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Pages {
    /// The window's start, included; required without `window`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(example = "2026-03-01T00:00:00Z")]
    pub from: Option<DateTime<Utc>>,
    /// The window's end, excluded; required without `window`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(example = "2026-03-08T00:00:00Z")]
    pub to: Option<DateTime<Utc>>,
    /// The window by its name, in place of `from`, `to` and `edges`: a number of days up to now such as `30d`, a
    /// calendar month such as `2026-03`, `month` for the present one, `last-month`, or FROM..TO. Days and months
    /// are those of the viewer's zone, which `offset` says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[param(example = "2026-03")]
    pub window: String,
    /// The times at which the buckets after the first one start, in ascending order and separated
    /// by commas. Without it there is one bucket.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[param(example = "2026-03-02T00:00:00Z,2026-03-03T00:00:00Z")]
    pub edges: String,
    /// The fields by which the figures are broken down: `priority`, `category`, `service`, `team` and
    /// `source`; all of them by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(example = "service,team")]
    pub by: Option<String>,
    /// Only incidents with one of these priorities.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[param(example = "P1,P2")]
    pub priority: String,
    /// Only incidents with one of these categories.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[param(example = "performance")]
    pub category: String,
    /// Only incidents with this primary service; may be given as a JSON list of names. `none`
    /// selects incidents without one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[param(example = "checkout")]
    pub service: String,
    /// Only incidents of this team; may be given as a JSON list of names. `none` selects incidents
    /// without one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[param(example = "payments")]
    pub team: String,
    /// Only incidents that were detected in one of these ways.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[param(example = "monitoring,support")]
    pub source: String,
    /// The offset of the viewer's zone from UTC at the start, in seconds east of it.
    #[serde(default, skip_serializing_if = "is_utc")]
    #[param(minimum = -86400, maximum = 86400, example = 3600)]
    pub offset: i32,
    /// When the offset changes, as `TIME=SECONDS`, in ascending order and separated by commas.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[param(example = "2026-03-29T01:00:00Z=7200")]
    pub offset_changes: String,
    /// The time at which service levels and budgets are evaluated; the server's time by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<DateTime<Utc>>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_utc(offset: &i32) -> bool {
    *offset == 0
}

/// Selects the window of the measures, its buckets, and the breakdown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Measures {
    /// The window's start, included; required without `window`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(example = "2026-03-01T00:00:00Z")]
    pub from: Option<DateTime<Utc>>,
    /// The window's end, excluded; required without `window`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(example = "2026-03-08T00:00:00Z")]
    pub to: Option<DateTime<Utc>>,
    /// The window by its name, in place of `from`, `to` and `edges`: a number of days up to now such as `30d`, a
    /// calendar month such as `2026-03`, `month` for the present one, `last-month`, or FROM..TO. Days and months
    /// are those of UTC.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[param(example = "2026-03")]
    pub window: String,
    /// The times at which the buckets after the first one start, in ascending order and separated
    /// by commas. Without it there is one bucket.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[param(example = "2026-03-02T00:00:00Z,2026-03-03T00:00:00Z")]
    pub edges: String,
    /// The field by which the figures are broken down.
    #[serde(default)]
    #[param(inline)]
    pub cut: Cut,
    /// The time at which service levels are evaluated; the server's time by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<DateTime<Utc>>,
}

//! The records that lists print for scripts.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::backend::lists::{FeedEntry, IncidentBrief};
use crate::model::directory::Directory;
use crate::model::service_level::{ServiceLevels, running_clock};
use crate::model::{Event, IncidentNumber, Priority, Summary};

/// An incident in a list: its row, and derived values. None of them depends on the current time, so
/// that the same incident is printed in the same way until something has changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct IncidentLine {
    /// The row of the incident.
    #[serde(flatten)]
    pub row: Summary,
    /// The number as people write it, such as `INC-12`; `new` before the store has assigned it.
    pub label: String,
    /// The name of the person who leads the response; null if nobody does.
    #[schema(required)]
    pub owner: Option<String>,
    /// The primary service; null if there is none.
    #[schema(required)]
    pub service: Option<String>,
    /// When it must be acknowledged, by the service level of its priority; null once it has ended.
    #[schema(required)]
    pub acknowledge_due: Option<DateTime<Utc>>,
    /// When it must be resolved, without the pauses so far; null once it has ended.
    #[schema(required)]
    pub resolve_due: Option<DateTime<Utc>>,
    /// The clock that runs; null once it has ended.
    #[schema(required)]
    pub clock: Option<ClockLine>,
    /// How the incident has changed since it was printed before. Only set by `--watch`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<IncidentChange>,
}

/// The clock of a service level that runs.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClockLine {
    /// The required action by then: `acknowledge` or `resolve`.
    pub target: &'static str,
    /// When it is due.
    pub due: DateTime<Utc>,
    /// Whether that time has passed.
    pub past: bool,
    /// Whether a pause has stopped the clock.
    pub stopped: bool,
}

/// How an incident has changed in a list that is watched.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncidentChange {
    /// It was in the list when watching began.
    Listed,
    /// It has entered the list.
    Added,
    /// It is still in the list, and has changed.
    Changed,
    /// It has left the list.
    Removed,
}

impl IncidentLine {
    /// Creates the line of a row at a time.
    pub fn new(row: Summary, levels: &ServiceLevels, now: DateTime<Utc>) -> Self {
        let clock = running_clock(&row, levels).map(|clock| ClockLine {
            target: clock.target.as_str(),
            due: clock.due,
            past: clock.is_past(now),
            stopped: clock.stopped_at.is_some(),
        });
        let level = levels.for_priority(row.priority);
        let due = |goal_s: i64, paused_ms: i64| {
            let paused = TimeDelta::milliseconds(paused_ms);
            row.status.is_open().then(|| row.reported_at + TimeDelta::seconds(goal_s) + paused)
        };
        Self {
            label: row.label(),
            owner: row.assignee.as_ref().map(|person| person.name.clone()),
            service: row.primary_service().map(str::to_owned),
            acknowledge_due: due(level.acknowledge_s, 0),
            resolve_due: due(level.resolve_s, row.paused_ms),
            clock,
            change: None,
            row,
        }
    }

    /// The default columns of a table.
    pub const DEFAULT_COLUMNS: &[&str] =
        &["number", "priority", "status", "owner", "service", "title"];

    /// The default columns of a table that is watched.
    pub const WATCHED_COLUMNS: &[&str] =
        &["change", "number", "priority", "status", "owner", "service", "title"];

    /// The names of the fields.
    pub const FIELDS: &[&str] = &[
        "acknowledge_due",
        "acknowledge_verdict",
        "acknowledged_at",
        "alerts",
        "assignee",
        "attributes",
        "category",
        "change",
        "clock",
        "closed_at",
        "detected_at",
        "escalation",
        "id",
        "impact",
        "label",
        "last_event_at",
        "last_word",
        "number",
        "owner",
        "paused",
        "paused_ms",
        "paused_since",
        "priority",
        "reported_at",
        "resolve_due",
        "resolve_verdict",
        "resolved_at",
        "seq",
        "service",
        "services",
        "snoozed_until",
        "source",
        "status",
        "team",
        "title",
        "unknown",
        "updated_at",
        "urgency",
    ];
}

/// An event with its incident.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventLine {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// When the store recorded it; later than `at` if it happened offline.
    pub recorded_at: DateTime<Utc>,
    /// The number of the incident; null before the store has assigned it.
    #[schema(required)]
    pub number: Option<IncidentNumber>,
    /// The current title of the incident.
    pub title: String,
    /// The current priority of the incident.
    pub priority: Priority,
    /// The position of the event on the timeline of the incident.
    pub seq: u32,
    /// The kind of event, such as `note_added`.
    pub kind: String,
    /// The name of the person or program that caused it.
    pub actor: String,
    /// The event's text, as in timelines; may have several lines.
    pub text: String,
    /// The current state of the incident.
    pub incident: IncidentBrief,
    /// The event.
    pub event: Event,
}

impl EventLine {
    /// Creates the line of an entry of the feed.
    pub fn new(entry: FeedEntry, directory: &Directory) -> Self {
        let FeedEntry { incident, event, .. } = entry;
        Self {
            at: event.at,
            recorded_at: event.recorded_at,
            number: incident.number,
            title: incident.title.clone(),
            priority: incident.priority,
            seq: event.seq,
            kind: event.body.kind().to_owned(),
            actor: directory.actor_label(&event.actor).into_owned(),
            text: event.marked_detail(Some(directory)),
            incident,
            event,
        }
    }

    /// The default columns of a table.
    pub const DEFAULT_COLUMNS: &[&str] = &["at", "number", "priority", "kind", "actor", "text"];

    /// The names of the fields.
    pub const FIELDS: &[&str] = &[
        "actor",
        "at",
        "event",
        "incident",
        "kind",
        "number",
        "priority",
        "recorded_at",
        "seq",
        "text",
        "title",
    ];
}

//! The summary of an incident: only the fields that a queue, a filter and a clock need.

use chrono::{DateTime, TimeDelta, Utc};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use super::actor::PersonRef;
use super::attributes::Attributes;
use super::extra::{self, Extra};
use super::id::{IncidentId, IncidentNumber};
use super::last_word::LastWord;
use super::maintenance::Mute;
use super::priority::{Impact, Priority, Urgency};
use super::required::RequiredAcknowledgements;
use super::status::{Category, Source, Status};
use super::unknown_names::UnknownNames;
use super::verdict::Verdict;

/// The fields of an incident that are needed for lists, filters and service levels. All times are
/// UTC.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self")]
pub struct Summary {
    /// The id of the incident, which no other incident has.
    pub id: IncidentId,
    /// The number that people use, such as `INC-2041`; absent until the store has assigned one.
    pub number: Option<IncidentNumber>,
    /// The title: one line of 1 to 200 characters.
    pub title: String,
    /// The stage of the lifecycle, or how the incident ended.
    pub status: Status,
    /// The extent of the harm.
    pub impact: Impact,
    /// How fast it must be handled.
    pub urgency: Urgency,
    /// The priority that follows from impact and urgency, or that overrides them.
    pub priority: Priority,
    /// The kind of fault; `None` until it is set.
    pub category: Option<Category>,
    /// How it was detected.
    pub source: Source,
    /// The affected services; the first one is the primary service.
    pub services: Vec<String>,
    /// The person who leads the response; `None` if nobody does.
    #[serde(default, deserialize_with = "read_assignee")]
    pub assignee: Option<PersonRef>,
    /// The team that is responsible for it.
    pub team: Option<String>,
    /// When the fault was detected, to the second.
    pub detected_at: DateTime<Utc>,
    /// When it was reported, to the second. The clocks of service levels start at this time.
    pub reported_at: DateTime<Utc>,
    /// When it was first acknowledged; `None` before that.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// When it was last resolved; `None` while it is open.
    pub resolved_at: Option<DateTime<Utc>>,
    /// When it was closed, merged or reclassified.
    pub closed_at: Option<DateTime<Utc>>,
    /// The end of its snooze, which hides it from the queue. Any other event ends the snooze.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// Whether work waits for somebody or something. The clock to resolve it is stopped meanwhile.
    pub paused: bool,
    /// Since when work waits for somebody or something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_since: Option<DateTime<Utc>>,
    /// For how long it was paused before that, in milliseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub paused_ms: i64,
    /// How the clock to acknowledge it ended; `None` while it runs.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "read_acknowledge_verdict"
    )]
    pub acknowledge_verdict: Option<Verdict>,
    /// How the clock to resolve it ended; `None` while it runs.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "read_resolve_verdict"
    )]
    pub resolve_verdict: Option<Verdict>,
    /// When stakeholders were last informed.
    pub updated_at: Option<DateTime<Utc>>,
    /// The number of alerts that are grouped into it, including the first one.
    pub alerts: u32,
    /// The escalation level that was reached; 0 before the first one.
    pub escalation: u8,
    /// The round of the escalation policy to which that level belongs, from 1; absent before the
    /// second round.
    #[serde(default, skip_serializing_if = "is_first_round")]
    #[schema(minimum = 0, maximum = 65535)]
    pub escalation_round: u16,
    /// The time from which the times of the escalation policy are counted, if not from the report:
    /// since the priority was raised, or the incident lost its assignee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation_from: Option<DateTime<Utc>>,
    /// The people who have acknowledged it and those who still must, while a level requires that of
    /// everybody; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<RequiredAcknowledgements>,
    /// The maintenance window that mutes it, or did so last; absent if none ever did.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read_muted")]
    pub muted: Option<Mute>,
    /// For how long it was muted before, in milliseconds. The clock to acknowledge it was stopped.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub muted_ms: i64,
    /// Whether nobody acknowledged it before it was first resolved, and it was reopened since, or before a
    /// program moved it along the lifecycle, because its alerts had ended: `acknowledged_at` is the time of that.
    /// Absent otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub never_acknowledged: bool,
    /// The incident from which it follows, and which is worked on in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub folded_under: Option<IncidentId>,
    /// Whether it is marked as noise: its alert was not worth a call.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_noise: bool,
    /// The sequence number of its last event, which is also the number of its events.
    pub seq: u32,
    /// When the last event happened.
    pub last_event_at: DateTime<Utc>,
    /// The last statement or action of a person; absent if there is none yet, and in rows that an
    /// earlier version wrote.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read_last_word")]
    pub last_word: Option<LastWord>,
    /// The values that filters select it by besides the other fields; absent if there are none.
    #[serde(
        default,
        skip_serializing_if = "Attributes::is_empty",
        deserialize_with = "read_attributes"
    )]
    pub attributes: Attributes,
    /// The names that are unknown to the directory; absent if it has all of them. A change of the
    /// directory alone does not send the row again.
    #[serde(
        default,
        skip_serializing_if = "UnknownNames::is_empty",
        deserialize_with = "read_unknown"
    )]
    pub unknown: UnknownNames,
    /// The fields that a later version defines, also those inside of other fields.
    #[serde(flatten, skip_serializing_if = "Extra::is_empty")]
    #[schema(ignore)]
    pub extra: Extra,
}

/// The fields that have fields themselves.
const NESTED: [&str; 7] = [
    "assignee",
    "acknowledge_verdict",
    "resolve_verdict",
    "unknown",
    "attributes",
    LAST_WORD,
    "muted",
];
/// The name of the field with the last word.
pub(super) const LAST_WORD: &str = "last_word";

fn read_assignee<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PersonRef>, D::Error> {
    extra::read_nested(NESTED[0], from)
}

fn read_acknowledge_verdict<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Verdict>, D::Error> {
    extra::read_nested(NESTED[1], from)
}

fn read_resolve_verdict<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Verdict>, D::Error> {
    extra::read_nested(NESTED[2], from)
}

fn read_unknown<'de, D: Deserializer<'de>>(from: D) -> Result<UnknownNames, D::Error> {
    extra::read_nested(NESTED[3], from)
}

fn read_last_word<'de, D: Deserializer<'de>>(from: D) -> Result<Option<LastWord>, D::Error> {
    extra::read_nested(LAST_WORD, from)
}

fn read_muted<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Mute>, D::Error> {
    extra::read_nested(NESTED[6], from)
}

fn read_attributes<'de, D: Deserializer<'de>>(from: D) -> Result<Attributes, D::Error> {
    extra::read_nested(NESTED[4], from)
}

impl<'de> Deserialize<'de> for Summary {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let (mut row, nested) = extra::collect_nested(|| Self::deserialize(from))?;
        row.extra.add(nested);
        Ok(row)
    }
}

impl Serialize for Summary {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut others = self.extra.clone();
        let nested = others.remove_fields(&NESTED);
        if nested.is_empty() {
            return Self::serialize(self, to);
        }
        let row = Self { extra: others, ..self.clone() };
        let mut value =
            Self::serialize(&row, serde_json::value::Serializer).map_err(S::Error::custom)?;
        nested.merge_into(&mut value);
        value.serialize(to)
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_first_round(round: &u16) -> bool {
    *round == 0
}

impl Summary {
    /// Restarts the escalation policy: its levels are called again, and their times are counted
    /// from `at`.
    pub(in crate::model) fn restart_escalation(&mut self, at: DateTime<Utc>) {
        (self.escalation, self.escalation_round) = (0, 0);
        self.required = None;
        self.escalation_from = Some(at);
    }

    /// Returns the time from which the times of the escalation policy are counted.
    #[must_use]
    pub fn escalation_start(&self) -> DateTime<Utc> {
        self.escalation_from.unwrap_or(self.reported_at)
    }

    /// Returns the primary service: the first affected one.
    #[must_use]
    pub fn primary_service(&self) -> Option<&str> {
        self.services.first().map(String::as_str)
    }

    /// Returns when somebody first acknowledged the incident; `None` also if it was resolved without that. A
    /// resolution passes the stages before it, so that `acknowledged_at` is its time then.
    #[must_use]
    pub fn acknowledged_by_somebody_at(&self) -> Option<DateTime<Utc>> {
        self.acknowledged_at.filter(|at| self.resolved_at != Some(*at) && !self.never_acknowledged)
    }

    /// Returns when the incident ended: when it was resolved, otherwise closed, merged or
    /// reclassified. `None` while it is open.
    #[must_use]
    pub fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.resolved_at.or(self.closed_at).filter(|_| !self.status.is_open())
    }

    /// Returns how long the incident lasted, or has lasted up to `now`: from its detection, as the
    /// time to resolve is measured.
    #[must_use]
    pub fn duration(&self, now: DateTime<Utc>) -> TimeDelta {
        (self.ended_at().unwrap_or(now) - self.detected_at).max(TimeDelta::zero())
    }

    /// Returns whether the incident is done only with a published review: a P1 or P2 that was resolved
    /// or closed.
    #[must_use]
    pub fn owes_review(&self) -> bool {
        let has_ended = matches!(self.status, Status::Resolved | Status::Closed);
        has_ended && matches!(self.priority, Priority::P1 | Priority::P2)
    }

    /// Returns whether the incident is hidden from the queue at `now`.
    #[must_use]
    pub fn is_snoozed(&self, now: DateTime<Utc>) -> bool {
        self.status.is_open() && self.snoozed_until.is_some_and(|until| until > now)
    }

    /// Returns when a person last did something about the incident, or it was acknowledged; `None` if
    /// nobody has acknowledged it.
    #[must_use]
    pub fn last_attended_at(&self) -> Option<DateTime<Utc>> {
        let acknowledged_at = self.acknowledged_at?;
        Some(self.last_word.as_ref().map_or(acknowledged_at, |word| word.at.max(acknowledged_at)))
    }

    /// Returns the number, such as `INC-2041`, or `new` until the store has numbered the incident.
    #[must_use]
    pub fn label(&self) -> String {
        self.number.map_or_else(|| "new".into(), |number| number.to_string())
    }
}

//! Events: the entries of an incident's timeline. Events are never edited or deleted.

use chrono::{DateTime, TimeDelta, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::actor::{Actor, PersonRef};
use super::checklist::{Answer, Item};
use super::command::{Decision, Declaration, Link, PublicUpdate};
use super::evidence::{Evidence, RedactedPart};
use super::extra::{Extra, extensible_record};
use super::follow_up::FollowUp;
use super::id::{CommandId, EventId, IncidentId, IncidentNumber};
use super::impact::{Affected, Reporter};
use super::notification::step::AutomaticStep;
use super::priority::{Impact, Priority, Urgency};
use super::review::{ActionItem, Section};
use super::stability::Stability;
use super::status::{Category, Classification, ResolutionAction, Role, Status};
use super::unknown::{is_exact, is_salvaging, is_strict, read_exactly};
use super::verdict::{SlaTarget, Verdict};

pub use super::stored_body::StoredBody;
pub use super::unknown_event::UnknownEvent;

/// One entry of a timeline.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self")]
pub struct Event {
    /// The id of the event, derived from the id of its command. No other event has it.
    pub id: EventId,
    /// The incident on whose timeline the event is.
    pub incident: IncidentId,
    /// The sequence number: the position on the timeline, from 1 and without gaps.
    pub seq: u32,
    /// When it happened, to the millisecond. It is never before the events that it builds on. An
    /// event that happened offline can be earlier than the event before it on the timeline.
    pub at: DateTime<Utc>,
    /// When the store recorded it; later than `at` if it happened offline.
    pub recorded_at: DateTime<Utc>,
    /// The person or program that caused it.
    pub actor: Actor,
    /// The id of the command that led to it.
    pub command: CommandId,
    /// The reason, where the kind of event has no reason of its own: for corrections after the
    /// incident was resolved, and for events that follow from a grouped alert or a merge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// The clocks of service levels that the event ended, with the goals of that time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<Verdict>,
    /// The state that the event restores, if its command undoes another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Undo>,
    /// The kind of event, with its values.
    #[serde(flatten)]
    pub body: EventBody,
    /// The fields that a later version defines. The fields of a kind of event that this version
    /// does not define are in the body.
    #[serde(skip)]
    pub extra: Extra,
}

extensible_record!(Event);

/// The fields of the record that an event restores besides the changes of its kind; see
/// [`super::undo`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Undo {
    /// The command that was undone.
    pub command: CommandId,
    /// The fields of the record that are set, with their values; those of the JSON of a record.
    #[schema(value_type = Object)]
    pub fields: Map<String, Value>,
}

/// A change of an incident: the kind of event, with its values.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", remote = "Self")]
pub enum EventBody {
    /// The incident was reported. This is always the first event.
    Declared {
        /// The number that the store assigned; absent until the store has recorded the event.
        number: Option<IncidentNumber>,
        /// The priority at the time of the report.
        priority: Priority,
        /// The facts known at the time of the report.
        #[serde(flatten)]
        declaration: Box<Declaration>,
    },
    /// The same alert arrived again.
    AlertRepeated {
        /// The text of the repeated alert.
        text: String,
        /// When the alert was detected, if that was before the incident's detection.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detected_at: Option<DateTime<Utc>>,
        /// How many alerts the incident did not have before; absent for one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        count: Option<u32>,
    },
    /// Somebody acknowledged the incident and is responsible for it.
    Acknowledged,
    /// The incident moved forward in the lifecycle. Stages that were skipped count as passed.
    StatusMoved {
        /// The stage that it moved to.
        to: Status,
    },
    /// The last move along the lifecycle was undone by the person who made it.
    #[serde(rename = "move_taken_back")]
    MoveUndone {
        /// The stage that it returned to.
        to: Status,
    },
    /// The assignee was set or removed.
    Assigned {
        /// The new assignee; `None` if nobody leads the response now.
        to: Option<PersonRef>,
    },
    /// The responsible team was set or removed.
    TeamSet {
        /// The name of the team; `None` if no team is responsible now.
        team: Option<String>,
        /// Whether the escalation policy begins again, as nobody had acknowledged the incident: the people
        /// of another team were called before.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        restarts_escalation: bool,
    },
    /// A role was given to a person or withdrawn from them.
    RoleGiven {
        /// The role that was given or withdrawn.
        role: Role,
        /// The person who has the role now, or had it before.
        person: PersonRef,
        /// Whether the role was given (true) or withdrawn (false).
        given: bool,
    },
    /// A level of the escalation policy was called.
    Escalated {
        /// The number of the level, from 1.
        level: u8,
        /// The people who were called.
        to: Vec<PersonRef>,
        /// The reason that a person gave; `None` if it was automatic.
        reason: Option<String>,
        /// The step of the policy that a program carried out automatically, and whether it was
        /// late.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        automatic: Option<AutomaticStep>,
        /// Whether each of the people must acknowledge.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        all_must_acknowledge: bool,
    },
    /// Impact, urgency and priority were set.
    Prioritized {
        /// The extent of the harm.
        impact: Impact,
        /// How fast the incident must be handled.
        urgency: Urgency,
        /// The priority that follows from both, or that was chosen instead.
        priority: Priority,
        /// The reason why the priority differs from the matrix; `None` if it does not.
        override_reason: Option<String>,
        /// Whether the escalation policy starts again from its first level, because the priority
        /// was raised and nobody had acknowledged the incident.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        restarts_escalation: bool,
    },
    /// The category was set or removed.
    Categorized {
        /// The category; `None` if it was reset to unknown.
        category: Option<Category>,
    },
    /// The affected services were set.
    ServicesSet {
        /// All affected services; the first one is the primary service.
        services: Vec<String>,
    },
    /// Parts of the description were rewritten. A part that is `None` is unchanged.
    Described {
        /// The new title, on one line.
        title: Option<String>,
        /// The new description of the symptoms that users see.
        symptoms: Option<String>,
        /// The new labels, which replace all earlier ones.
        labels: Option<Vec<String>>,
        /// The new name or URL of the runbook.
        runbook: Option<String>,
    },
    /// A responder wrote a note.
    NoteAdded {
        /// The text of the note, which may have several lines.
        text: String,
    },
    /// A note was corrected. The original text stays on the timeline.
    NoteCorrected {
        /// The id of the event that added the note.
        note: EventId,
        /// The corrected text of the note.
        text: String,
    },
    /// Stakeholders were informed of the state of the incident.
    StakeholdersUpdated {
        /// The message that they got.
        message: String,
        /// When the next update is promised; `None` if none is.
        next_due: Option<DateTime<Utc>>,
        /// The message for status pages; absent if it is not public.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        public: Option<PublicUpdate>,
    },
    /// An item of the checklist or the closing gate was answered.
    ItemAnswered {
        /// The item that was answered.
        item: Item,
        /// The answer to the item.
        answer: Answer,
    },
    /// Service was restored, and that was validated.
    Resolved {
        /// The kind of action that restored service.
        action: ResolutionAction,
        /// The work done.
        detail: String,
        /// How recovery was validated.
        validation: String,
        /// How long its alerts had been resolved; absent if the settings require no stable time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stability: Option<Stability>,
    },
    /// The fault came back, so the incident is open again.
    Reopened {
        /// The sign that the fault was back.
        reason: String,
    },
    /// The incident was closed, after all items of the closing gate were answered.
    Closed,
    /// The incident was hidden from the queue for a while.
    Snoozed {
        /// When it is shown again.
        until: DateTime<Utc>,
    },
    /// The incident is shown in the queue again before the end of its snooze.
    Woken,
    /// Work is paused, because it waits for somebody or something. The clock to resolve it stops.
    Paused {
        /// The person or thing that it waits for.
        reason: String,
    },
    /// Work on the incident continues after a pause.
    Unpaused,
    /// The incident ended because it continues in another one.
    MergedInto {
        /// The id of the incident in which it continues.
        into: IncidentId,
        /// The number of that incident, for people.
        number: Option<IncidentNumber>,
    },
    /// Another incident was merged into this one.
    Absorbed {
        /// The id of the incident that ended.
        from: IncidentId,
        /// The number of that incident, for people.
        number: Option<IncidentNumber>,
        /// The title of the incident that ended.
        title: String,
        /// When that incident was detected, if that was before this one's detection.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detected_at: Option<DateTime<Utc>>,
    },
    /// A link was added.
    Linked {
        /// The link that was added.
        link: Link,
    },
    /// A link was removed.
    Unlinked {
        /// The link that was removed.
        link: Link,
    },
    /// The incident ended because it was none.
    Reclassified {
        /// The kind of thing that it was instead.
        to: Classification,
        /// The reason why it is not an incident.
        reason: String,
    },
    /// A section of the review was written.
    ReviewWritten {
        /// The section that was written.
        section: Section,
        /// The complete new text of the section.
        text: String,
    },
    /// An action item was added or changed.
    ActionItemSet {
        /// The new state of the item, which is identified by its id.
        item: ActionItem,
    },
    /// The post-incident review was published.
    ReviewPublished,
    /// A decision was recorded, with its reason.
    DecisionRecorded(Decision),
    /// Some of its alerts were moved to another incident.
    AlertsMovedOut {
        /// The id of the incident to which they were moved.
        to: IncidentId,
        /// The number of that incident, for people.
        number: Option<IncidentNumber>,
        /// How many alerts were moved.
        count: u32,
    },
    /// Alerts of another incident were moved to this one.
    AlertsMovedIn {
        /// The id of the incident from which they were moved.
        from: IncidentId,
        /// The number of that incident, for people.
        number: Option<IncidentNumber>,
        /// How many alerts were moved.
        count: u32,
        /// Whether the incident was declared for them.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        declared: bool,
    },
    /// The time at which service is expected to be restored was stated or withdrawn.
    ExpectedRecoverySet {
        /// The expected time; `None` if it is no longer known. The event's own time is `at`.
        expected_at: Option<DateTime<Utc>>,
    },
    /// A person was asked to join the response in a role.
    RoleRequested {
        /// The role.
        role: Role,
        /// The person who is asked.
        person: PersonRef,
    },
    /// A person who was asked to join in a role has answered.
    RoleAnswered {
        /// The role.
        role: Role,
        /// The person who was asked.
        person: PersonRef,
        /// Whether the person has accepted.
        accepted: bool,
    },
    /// A person has acknowledged an incident that other people must acknowledge as well.
    AcknowledgedInPart,
    /// A maintenance window mutes the incident: nobody is called for it.
    Muted {
        /// The id of the window.
        #[schema(value_type = Uuid)]
        window: Uuid,
        /// The title of the window.
        title: String,
        /// Until when, unless the window ends before.
        until: DateTime<Utc>,
    },
    /// No maintenance window mutes the incident any more. Its escalation begins.
    Unmuted,
    /// The incident was folded under the one from which it follows.
    Folded {
        /// The id of that incident; `None` if it was unfolded.
        #[schema(required)]
        under: Option<IncidentId>,
        /// The number of that incident, for people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<IncidentNumber>,
    },
    /// The incident was marked as noise.
    NoiseMarked {
        /// The reason why it was not worth a call; `None` if the mark was removed.
        #[schema(required)]
        reason: Option<String>,
    },
    /// An issue in a tracker was requested, was created, or has changed.
    FollowUpSet {
        /// The issue, its state and its action item.
        follow_up: FollowUp,
    },
    /// The time at which the impact began was stated.
    ImpactBeganSet {
        /// When it began; `None` if that is not known any more.
        #[schema(required)]
        began_at: Option<DateTime<Utc>>,
    },
    /// The number of affected users and the affected regions were stated.
    AffectedSet {
        /// The complete new value; a field that is absent is not known.
        affected: Affected,
    },
    /// Somebody was added who has reported the incident.
    ReporterAdded {
        /// The reporter, without the fields that were redacted since.
        reporter: Reporter,
    },
    /// Somebody is no longer a reporter of the incident.
    ReporterRemoved {
        /// The id of the reporter.
        reporter: Uuid,
    },
    /// A team was involved that helps, or released.
    TeamInvolved {
        /// The name of the team.
        team: String,
        /// Whether it helps now.
        involved: bool,
    },
    /// A file or captured output was attached.
    EvidenceAdded {
        /// The evidence without its content, and without the fields that were redacted since.
        evidence: Evidence,
    },
    /// Evidence, a reporter, a contact or a note was removed permanently, also from earlier events.
    Redacted {
        /// The removed part.
        part: RedactedPart,
        /// The id of the evidence, of the reporter, or of the event of the note.
        target: Uuid,
        /// Why.
        reason: String,
    },
    /// The post-incident review was submitted to be read, or returned to who writes it.
    ReviewSubmitted {
        /// The reason why it was returned; `None` if it was submitted.
        #[schema(required)]
        returned: Option<String>,
    },
    /// Something happened that only a later version defines. It changes nothing in the record.
    #[serde(skip)]
    Unknown(UnknownEvent),
}

impl Serialize for EventBody {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unknown(event) => event.serialize(to),
            defined => Self::serialize(defined, to),
        }
    }
}

impl<'de> Deserialize<'de> for EventBody {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if is_exact() {
            return Self::deserialize(from);
        }
        let value = Value::deserialize(from)?;
        Self::from_value(value).map_err(D::Error::custom)
    }
}

/// An event that was recorded more than this after it happened was done offline.
const LATE_AFTER: TimeDelta = TimeDelta::minutes(1);

impl Event {
    /// Returns how long after it happened the event was recorded.
    ///
    /// `None` for an event that was recorded within a minute.
    #[must_use]
    pub fn recording_delay(&self) -> Option<TimeDelta> {
        Some(self.recorded_at - self.at).filter(|late| *late > LATE_AFTER)
    }

    /// Returns how the event ended the clock of a target; `None` if it did not, or if the version
    /// that recorded it did not record that.
    #[must_use]
    pub fn verdict(&self, target: SlaTarget) -> Option<Verdict> {
        self.verdicts.iter().find(|verdict| verdict.target == target).copied()
    }
}

impl EventBody {
    /// The names of all kinds of events that this version defines.
    pub const KINDS: [&'static str; 52] = [
        "declared",
        "alert_repeated",
        "acknowledged",
        "status_moved",
        "move_taken_back",
        "assigned",
        "team_set",
        "role_given",
        "escalated",
        "prioritized",
        "categorized",
        "services_set",
        "described",
        "note_added",
        "note_corrected",
        "stakeholders_updated",
        "item_answered",
        "resolved",
        "reopened",
        "closed",
        "snoozed",
        "woken",
        "paused",
        "unpaused",
        "merged_into",
        "absorbed",
        "linked",
        "unlinked",
        "reclassified",
        "review_written",
        "action_item_set",
        "review_published",
        "decision_recorded",
        "alerts_moved_out",
        "alerts_moved_in",
        "expected_recovery_set",
        "role_requested",
        "role_answered",
        "acknowledged_in_part",
        "muted",
        "unmuted",
        "folded",
        "noise_marked",
        "follow_up_set",
        "impact_began_set",
        "affected_set",
        "reporter_added",
        "reporter_removed",
        "team_involved",
        "evidence_added",
        "redacted",
        "review_submitted",
    ];

    /// Returns whether the event is a note or the correction of one.
    #[must_use]
    pub fn is_note(&self) -> bool {
        matches!(self, Self::NoteAdded { .. } | Self::NoteCorrected { .. })
    }

    /// Reads a body. A body of a kind that this version does not define is carried unchanged.
    ///
    /// A body with values that this version does not define is carried unchanged too, in an answer
    /// that should show as much as possible.
    fn from_value(value: Value) -> Result<Self, serde_json::Error> {
        let kind = value.get("kind").and_then(Value::as_str);
        let is_unknown = |kind: &&str| {
            !is_strict()
                && (!Self::KINDS.contains(kind)
                    || (is_salvaging() && Self::deserialize(&value).is_err()))
        };
        match kind.filter(is_unknown) {
            None => Self::deserialize(&value),
            Some(kind) => {
                let kind = kind.to_owned();
                let mut fields = match value {
                    Value::Object(fields) => fields,
                    _ => Map::new(),
                };
                fields.remove("kind");
                Ok(Self::Unknown(UnknownEvent { kind, fields }))
            }
        }
    }

    /// Reads a body from JSON that may have fields of later versions, which are returned too.
    ///
    /// # Errors
    /// The error of the parser, if it is not the body of an event.
    pub fn from_json(json: &str) -> Result<(Self, Extra), serde_json::Error> {
        match read_exactly(json.as_bytes()) {
            Some(body) => Ok((body, Extra::default())),
            None => Self::from_any_json(json),
        }
    }

    /// Reads a body from any JSON, as [`EventBody::from_json`] does.
    pub(super) fn from_any_json(json: &str) -> Result<(Self, Extra), serde_json::Error> {
        let value: Value = serde_json::from_str(json)?;
        let body = Self::from_value(value.clone())?;
        let extra = Extra::difference(&value, &serde_json::to_value(&body)?);
        Ok((body, extra))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_those_of_the_parser() {
        let error = EventBody::deserialize(&serde_json::json!({"kind": "no such kind"}));
        let kinds: Vec<String> = EventBody::KINDS.iter().map(|kind| format!("`{kind}`")).collect();
        let list = kinds.join(", ");
        assert!(error.unwrap_err().to_string().ends_with(&format!("expected one of {list}")));
    }
}

//! Events: the entries of an incident's timeline. Events are never edited or deleted.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::actor::{Actor, PersonRef};
use super::checklist::{Answer, Item};
use super::command::logic::EventLogic;
use super::command::{
    Decision, Declaration, Link, acknowledge, add_note, answer_item, assign, categorize, close,
    correct_note, declare, describe, escalate, give_role, link, merge, move_status, pause,
    prioritize, publish_review, reclassify, record_decision, reopen, repeat_alert, resolve,
    set_action_item, set_services, set_team, snooze, undo_move, unlink, unpause,
    update_stakeholders, wake, write_review,
};
use super::id::{CommandId, EventId, IncidentId, IncidentNumber};
use super::priority::{Impact, Priority, Urgency};
use super::review::{ActionItem, Section};
use super::status::{Category, Classification, ResolutionAction, Role, Status};

/// One entry of a timeline.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Unique everywhere; derived from the command's id.
    pub id: EventId,
    /// Whose timeline it stands on.
    pub incident: IncidentId,
    /// Position on that timeline, from 1, without gaps.
    pub seq: u32,
    /// When it happened, to the millisecond. Never before what it builds on, see
    /// [`Incident::earliest`](super::Incident::earliest); what was done offline may have happened
    /// before the event ahead of it.
    #[allow(rustdoc::broken_intra_doc_links, reason = "the text is part of the OpenAPI document")]
    pub at: DateTime<Utc>,
    /// When the store wrote it down; later than `at` for what was done offline.
    pub recorded_at: DateTime<Utc>,
    /// Who did it.
    pub actor: Actor,
    /// The command it came from.
    pub command: CommandId,
    /// What happened.
    #[serde(flatten)]
    pub body: EventBody,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EventBody {
    /// Reported and logged: always the first.
    Declared {
        /// Given by the store; absent while only the maker has seen it.
        number: Option<IncidentNumber>,
        /// The priority it started with.
        priority: Priority,
        /// What was known.
        #[serde(flatten)]
        declaration: Box<Declaration>,
    },
    /// The same alert came again.
    AlertRepeated {
        /// What it said.
        text: String,
    },
    /// Somebody has taken it on.
    Acknowledged,
    /// Moved forward in the lifecycle; what was skipped counts as passed.
    StatusMoved {
        /// The stage it is in now.
        to: Status,
    },
    /// The last move was a mistake and was taken back at once.
    #[serde(rename = "move_taken_back")]
    MoveUndone {
        /// The stage it is in again.
        to: Status,
    },
    /// Somebody leads, or nobody.
    Assigned {
        /// The new assignee; `None` makes it unowned.
        to: Option<PersonRef>,
    },
    /// Another team answers for it.
    TeamSet {
        /// The team's name.
        team: Option<String>,
    },
    /// A role was given or taken back.
    RoleGiven {
        /// The role.
        role: Role,
        /// Who has it, or had it.
        person: PersonRef,
        /// Given, or taken back.
        given: bool,
    },
    /// The next level was called.
    Escalated {
        /// The level of the policy, from 1.
        level: u8,
        /// Whom it reached.
        to: Vec<PersonRef>,
        /// Why; `None` when it was automatic.
        reason: Option<String>,
    },
    /// Impact and urgency were set.
    Prioritized {
        /// Extent of the harm.
        impact: Impact,
        /// How fast it must be handled.
        urgency: Urgency,
        /// What they lead to, or what was chosen instead.
        priority: Priority,
        /// Why the matrix was not followed.
        override_reason: Option<String>,
    },
    /// The kind of fault was set.
    Categorized {
        /// The category; `None` where it is unknown again.
        category: Option<Category>,
    },
    /// The affected services were set.
    ServicesSet {
        /// All of them; the first is the primary.
        services: Vec<String>,
    },
    /// Part of the record was rewritten; `None` leaves a part as it was.
    Described {
        /// The title.
        title: Option<String>,
        /// What users see.
        symptoms: Option<String>,
        /// All labels.
        labels: Option<Vec<String>>,
        /// The runbook's name or URL.
        runbook: Option<String>,
    },
    /// A note was written.
    NoteAdded {
        /// Its text; may have several lines.
        text: String,
    },
    /// A note was corrected; the first wording stays on the timeline.
    NoteCorrected {
        /// The event that added it.
        note: EventId,
        /// The new wording.
        text: String,
    },
    /// Stakeholders were told.
    StakeholdersUpdated {
        /// What they were told.
        message: String,
        /// When they will hear next.
        next_due: Option<DateTime<Utc>>,
    },
    /// An item of the checklist or the closing gate was answered.
    ItemAnswered {
        /// The item.
        item: Item,
        /// Its answer.
        answer: Answer,
    },
    /// Service is restored.
    Resolved {
        /// What was done.
        action: ResolutionAction,
        /// In words.
        detail: String,
        /// How recovery was validated.
        validation: String,
    },
    /// It is back.
    Reopened {
        /// What was seen.
        reason: String,
    },
    /// The gate was passed.
    Closed,
    /// Hidden from the queue.
    Snoozed {
        /// Until then.
        until: DateTime<Utc>,
    },
    /// Shown again before its time.
    Woken,
    /// Waiting on somebody else; clocks go on.
    Paused {
        /// For what or whom.
        reason: String,
    },
    /// Work goes on.
    Unpaused,
    /// Continued in another incident.
    MergedInto {
        /// Where.
        into: IncidentId,
        /// Its number, for reading.
        number: Option<IncidentNumber>,
    },
    /// Another incident continues here.
    Absorbed {
        /// Which.
        from: IncidentId,
        /// Its number, for reading.
        number: Option<IncidentNumber>,
        /// Its title.
        title: String,
    },
    /// A link was added.
    Linked {
        /// To what.
        link: Link,
    },
    /// A link was taken away.
    Unlinked {
        /// To what.
        link: Link,
    },
    /// It was no incident.
    Reclassified {
        /// What it was instead.
        to: Classification,
        /// Why.
        reason: String,
    },
    /// A section of the review was written.
    ReviewWritten {
        /// The section.
        section: Section,
        /// Its whole text.
        text: String,
    },
    /// An action item was added or changed.
    ActionItemSet {
        /// The item; its id tells which.
        item: ActionItem,
    },
    /// The review is out.
    ReviewPublished,
    /// Something was decided.
    DecisionRecorded(Decision),
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
}

impl EventBody {
    /// Calls `read` with the logic of the event, which stands in the file of the verb that leads to
    /// it.
    pub(super) fn with_logic<T>(&self, read: impl FnOnce(&dyn EventLogic) -> T) -> T {
        match self {
            Self::Declared { priority, declaration, .. } => {
                read(&declare::Declared { priority: *priority, declaration })
            }
            Self::AlertRepeated { text } => read(&repeat_alert::AlertRepeated { text }),
            Self::Acknowledged => read(&acknowledge::Acknowledged),
            Self::StatusMoved { to } => read(&move_status::StatusMoved { to: *to }),
            Self::MoveUndone { to } => read(&undo_move::MoveUndone { to: *to }),
            Self::Assigned { to } => read(&assign::Assigned { to: to.as_ref() }),
            Self::TeamSet { team } => read(&set_team::TeamSet { team: team.as_deref() }),
            Self::RoleGiven { role, person, given } => {
                read(&give_role::RoleGiven { role: *role, person, given: *given })
            }
            Self::Escalated { level, to, reason } => {
                read(&escalate::Escalated { level: *level, to, reason: reason.as_deref() })
            }
            Self::Prioritized { impact, urgency, priority, override_reason } => {
                read(&prioritize::Prioritized {
                    impact: *impact,
                    urgency: *urgency,
                    priority: *priority,
                    override_reason: override_reason.as_deref(),
                })
            }
            Self::Categorized { category } => {
                read(&categorize::Categorized { category: *category })
            }
            Self::ServicesSet { services } => read(&set_services::ServicesSet { services }),
            Self::Described { title, symptoms, labels, runbook } => read(&describe::Described {
                title: title.as_deref(),
                symptoms: symptoms.as_deref(),
                labels: labels.as_deref(),
                runbook: runbook.as_deref(),
            }),
            Self::NoteAdded { text } => read(&add_note::NoteAdded { text }),
            Self::NoteCorrected { text, .. } => read(&correct_note::NoteCorrected { text }),
            Self::StakeholdersUpdated { message, next_due } => {
                read(&update_stakeholders::StakeholdersUpdated { message, next_due: *next_due })
            }
            Self::ItemAnswered { item, answer } => {
                read(&answer_item::ItemAnswered { item: *item, answer })
            }
            Self::Resolved { action, detail, validation } => {
                read(&resolve::Resolved { action: *action, detail, validation })
            }
            Self::Reopened { reason } => read(&reopen::Reopened { reason }),
            Self::Closed => read(&close::Closed),
            Self::Snoozed { until } => read(&snooze::Snoozed { until: *until }),
            Self::Woken => read(&wake::Woken),
            Self::Paused { reason } => read(&pause::Paused { reason }),
            Self::Unpaused => read(&unpause::Unpaused),
            Self::MergedInto { into, number } => {
                read(&merge::MergedInto { into: *into, number: *number })
            }
            Self::Absorbed { from, number, title } => {
                read(&merge::Absorbed { from: *from, number: *number, title })
            }
            Self::Linked { link } => read(&link::Linked { link }),
            Self::Unlinked { link } => read(&unlink::Unlinked { link }),
            Self::Reclassified { to, reason } => {
                read(&reclassify::Reclassified { to: *to, reason })
            }
            Self::ReviewWritten { section, text } => {
                read(&write_review::ReviewWritten { section: *section, text })
            }
            Self::ActionItemSet { item } => read(&set_action_item::ActionItemSet { item }),
            Self::ReviewPublished => read(&publish_review::ReviewPublished),
            Self::DecisionRecorded(decision) => {
                read(&record_decision::DecisionRecorded { decision })
            }
        }
    }
}

//! Events: the entries of an incident's timeline. Events are never edited or deleted.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::actor::{Actor, PersonRef};
use super::checklist::{Answer, Item};
use super::command::{Declaration, Link};
use super::id::{CommandId, EventId, IncidentId, IncidentNumber};
use super::priority::{Impact, Priority, Urgency};
use super::review::{ActionItem, Section};
use super::status::{Category, Classification, ResolutionAction, Role, Status};
use super::time::UNTIL_CHANGED;

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
    /// Returns whether the event depends on the status before it: a move along the lifecycle, or an
    /// end of it.
    #[must_use]
    pub fn is_move(&self) -> bool {
        matches!(
            self,
            Self::Acknowledged
                | Self::StatusMoved { .. }
                | Self::MoveUndone { .. }
                | Self::Resolved { .. }
                | Self::Reopened { .. }
                | Self::Closed
                | Self::MergedInto { .. }
                | Self::Reclassified { .. }
                | Self::ReviewPublished
        )
    }

    /// Returns the label of the event in a timeline: one or two words.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Declared { .. } => "Triggered",
            Self::AlertRepeated { .. } => "Alert",
            Self::Acknowledged => "Acknowledged",
            Self::StatusMoved { .. } => "Status",
            Self::MoveUndone { .. } => "Taken back",
            Self::Assigned { .. } => "Assigned",
            Self::TeamSet { .. } => "Team",
            Self::RoleGiven { .. } => "Role",
            Self::Escalated { .. } => "Escalated",
            Self::Prioritized { .. } => "Priority",
            Self::Categorized { .. } => "Category",
            Self::ServicesSet { .. } => "Services",
            Self::Described { .. } => "Record",
            Self::NoteAdded { .. } => "Note",
            Self::NoteCorrected { .. } => "Correction",
            Self::StakeholdersUpdated { .. } => "Update",
            Self::ItemAnswered { .. } => "Checklist",
            Self::Resolved { .. } => "Resolved",
            Self::Reopened { .. } => "Reopened",
            Self::Closed => "Closed",
            Self::Snoozed { .. } => "Snoozed",
            Self::Woken => "Woken",
            Self::Paused { .. } => "Paused",
            Self::Unpaused => "Continued",
            Self::MergedInto { .. } | Self::Absorbed { .. } => "Merged",
            Self::Linked { .. } | Self::Unlinked { .. } => "Link",
            Self::Reclassified { .. } => "Reclassified",
            Self::ReviewWritten { .. } | Self::ActionItemSet { .. } => "Review",
            Self::ReviewPublished => "Review out",
        }
    }

    /// Returns whether the event marks a step of the response, which timelines emphasize.
    #[must_use]
    pub fn is_milestone(&self) -> bool {
        matches!(
            self,
            Self::Declared { .. }
                | Self::Acknowledged
                | Self::StatusMoved { .. }
                | Self::MoveUndone { .. }
                | Self::Escalated { .. }
                | Self::Resolved { .. }
                | Self::Reopened { .. }
                | Self::Closed
                | Self::MergedInto { .. }
                | Self::Reclassified { .. }
        )
    }

    /// Returns the details of the event as text.
    ///
    /// The text is not sanitized: it may contain text from outside, so it must not be printed as it
    /// is.
    #[must_use]
    pub fn detail(&self) -> String {
        let people = |people: &[PersonRef]| {
            people.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ")
        };
        let number = |number: &Option<IncidentNumber>| {
            number.map_or_else(|| "another incident".to_owned(), |n| n.to_string())
        };
        match self {
            Self::Declared { declaration, priority, .. } => {
                format!("{priority} · {}", declaration.title)
            }
            Self::AlertRepeated { text }
            | Self::NoteAdded { text }
            | Self::NoteCorrected { text, .. } => text.clone(),
            Self::Acknowledged
            | Self::Closed
            | Self::Woken
            | Self::Unpaused
            | Self::ReviewPublished => String::new(),
            Self::StatusMoved { to } => to.to_string(),
            Self::MoveUndone { to } => format!("{to} again"),
            Self::Assigned { to } => {
                to.as_ref().map_or_else(|| "unowned".to_owned(), |p| format!("to {}", p.name))
            }
            Self::TeamSet { team } => team.clone().unwrap_or_else(|| "no team".to_owned()),
            Self::RoleGiven { role, person, given: true } => format!("{role}: {}", person.name),
            Self::RoleGiven { role, person, given: false } => {
                format!("{role}: no longer {}", person.name)
            }
            Self::Escalated { level, to, reason } => {
                let mut text = format!("level {level}");
                if !to.is_empty() {
                    text.push_str(" to ");
                    text.push_str(&people(to));
                }
                if let Some(reason) = reason {
                    text.push_str(": ");
                    text.push_str(reason);
                }
                text
            }
            Self::Prioritized { impact, urgency, priority, override_reason } => {
                match override_reason {
                    Some(reason) => format!("{priority}, overridden: {reason}"),
                    None => format!("{priority} · {impact} × {urgency}"),
                }
            }
            Self::Categorized { category } => {
                category.map_or_else(|| "no category".to_owned(), |c| c.to_string())
            }
            Self::ServicesSet { services } => services.join(", "),
            Self::Described { title, symptoms, labels, runbook } => {
                let mut parts = Vec::new();
                if let Some(title) = title {
                    parts.push(format!("title: {title}"));
                }
                if let Some(symptoms) = symptoms {
                    parts.push(format!("symptoms: {symptoms}"));
                }
                if let Some(labels) = labels {
                    parts.push(format!("labels: {}", labels.join(", ")));
                }
                if let Some(runbook) = runbook {
                    parts.push(format!("runbook: {runbook}"));
                }
                parts.join(" · ")
            }
            Self::StakeholdersUpdated { message, .. } => message.clone(),
            Self::ItemAnswered { item, answer } => match answer {
                Answer::Yes => format!("{item}: yes"),
                Answer::Waived(reason) => format!("{item}: waived, {reason}"),
                Answer::Open => format!("{item}: open again"),
            },
            Self::Resolved { action, detail, validation } => {
                format!("{action}: {detail} · validated: {validation}")
            }
            Self::Reopened { reason } | Self::Paused { reason } => reason.clone(),
            Self::Snoozed { until } if *until >= UNTIL_CHANGED => "until it changes".into(),
            Self::Snoozed { until } => format!("until {}", until.format("%Y-%m-%d %H:%M UTC")),
            Self::MergedInto { number: n, .. } => format!("into {}", number(n)),
            Self::Absorbed { number: n, title, .. } => {
                format!("{} continues here: {title}", number(n))
            }
            Self::Linked { link } => link.to_string(),
            Self::Unlinked { link } => format!("removed {link}"),
            Self::Reclassified { to, reason } => format!("{to}: {reason}"),
            Self::ReviewWritten { section, .. } => section.to_string(),
            Self::ActionItemSet { item } => item.text.clone(),
        }
    }
}

//! Commands: requests to change an incident.
//!
//! A command is created once, on the requester's machine, and carries its own id.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::actor::{Actor, PersonRef};
use super::change::Change;
use super::checklist::{Answer, Item};
use super::directory::Directory;
use super::id::{ChangeId, CommandId, EventId, IncidentId, IncidentNumber, ProblemId};
use super::priority::{Impact, Priority, Urgency};
use super::problem::Problem;
use super::review::{ActionItem, Section};
use super::status::{Category, Classification, ResolutionAction, Role, Source, Status};

/// A command with its requester and its time. Two envelopes with one id are the same request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Envelope {
    /// The id of the request, created once; a retry carries the same id.
    pub id: CommandId,
    /// When the request was made, by the clock of the requester's machine.
    pub at: DateTime<Utc>,
    /// The requester.
    pub actor: Actor,
    /// The change that is requested.
    pub command: Command,
}

/// What can be asked of a backend.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Something about one incident.
    Incident {
        /// Which; for a declaration, the id it will have.
        incident: IncidentId,
        /// What.
        #[serde(rename = "ask")]
        command: IncidentCommand,
    },
    /// Record a change, or its new state.
    RecordChange(Change),
    /// Record a problem, or its new state.
    RecordProblem(Problem),
}

/// What is known when an incident is declared.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Declaration {
    /// One line, 1 to 200 characters.
    pub title: String,
    /// The affected services; the first is the primary.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// Extent of the harm.
    pub impact: Impact,
    /// How fast it must be handled.
    pub urgency: Urgency,
    /// The kind of fault, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// How it was detected.
    pub source: Source,
    /// What users see.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub symptoms: String,
    /// When it was noticed. Not after the report.
    pub detected_at: DateTime<Utc>,
    /// When the clocks start.
    pub reported_at: DateTime<Utc>,
    /// The team that answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Free words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Repeated alerts with this key are grouped into one open incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedup_key: Option<String>,
    /// The runbook's name or URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
}

impl Declaration {
    /// Fills in a missing team or runbook from the directory's entry of the primary service.
    pub fn fill_from_directory(&mut self, directory: &Directory) {
        let primary = self.services.first();
        let Some(service) = primary.and_then(|name| directory.service(name)) else { return };
        if self.team.is_none() && !service.team.is_empty() {
            self.team = Some(service.team.clone());
        }
        if self.runbook.is_none() {
            self.runbook.clone_from(&service.runbook);
        }
    }
}

/// What an incident links to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// The problem behind it.
    Problem {
        /// Which.
        id: ProblemId,
        /// Its title, for reading.
        title: String,
    },
    /// A change suspected of causing it.
    Change {
        /// Which.
        id: ChangeId,
        /// Its title, for reading.
        title: String,
    },
    /// Another incident.
    Incident {
        /// Which.
        id: IncidentId,
        /// Its number, for reading.
        number: Option<IncidentNumber>,
    },
    /// A page elsewhere.
    Url(String),
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problem { title, .. } => write!(f, "problem {title}"),
            Self::Change { title, .. } => write!(f, "change {title}"),
            Self::Incident { number: Some(number), .. } => number.fmt(f),
            Self::Incident { number: None, id } => write!(f, "incident {id}"),
            Self::Url(url) => f.write_str(url),
        }
    }
}

/// What can be asked about one incident.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "do", rename_all = "snake_case")]
#[schema(as = Ask)]
#[serde(expecting = "internally tagged enum Ask")]
pub enum IncidentCommand {
    /// Report and log it.
    Declare(Box<Declaration>),
    /// The same alert came again.
    RepeatAlert {
        /// What it said.
        text: String,
    },
    /// Take it on.
    Acknowledge,
    /// Move it forward.
    MoveStatus {
        /// The stage, from acknowledged to monitoring.
        to: Status,
    },
    /// Say who leads.
    Assign {
        /// `None` makes it unowned.
        to: Option<PersonRef>,
    },
    /// Say which team answers for it.
    SetTeam {
        /// The team's name.
        team: Option<String>,
    },
    /// Give a role, or take it back.
    GiveRole {
        /// The role.
        role: Role,
        /// Who.
        person: PersonRef,
        /// Give, or take back.
        given: bool,
    },
    /// Call the next level.
    Escalate {
        /// The level of the policy, from 1.
        #[schema(minimum = 0, maximum = 255)]
        level: u8,
        /// Whom it reaches.
        to: Vec<PersonRef>,
        /// Why; `None` when it is automatic.
        reason: Option<String>,
    },
    /// Set impact and urgency; the matrix gives the priority.
    Prioritize {
        /// Extent of the harm.
        impact: Impact,
        /// How fast it must be handled.
        urgency: Urgency,
    },
    /// Set a priority that the matrix does not give.
    OverridePriority {
        /// The priority.
        priority: Priority,
        /// Why.
        reason: String,
    },
    /// Take back one's own last move along the lifecycle, shortly after it was made.
    #[serde(rename = "take_back")]
    UndoMove,
    /// Set the kind of fault.
    Categorize {
        /// The category; `None` makes it unknown again.
        category: Option<Category>,
    },
    /// Set the affected services.
    SetServices {
        /// All of them; the first is the primary.
        services: Vec<String>,
    },
    /// Rewrite part of the record; `None` leaves a part as it is.
    Describe {
        /// The title.
        title: Option<String>,
        /// What users see.
        symptoms: Option<String>,
        /// All labels.
        labels: Option<Vec<String>>,
        /// The runbook's name or URL.
        runbook: Option<String>,
    },
    /// Write a note.
    AddNote {
        /// Its text; may have several lines.
        text: String,
    },
    /// Correct a note.
    CorrectNote {
        /// The event that added it.
        note: EventId,
        /// The new wording.
        text: String,
    },
    /// Tell stakeholders.
    UpdateStakeholders {
        /// What.
        message: String,
        /// When they will hear next; `None` takes it from the service level.
        next_due: Option<DateTime<Utc>>,
    },
    /// Answer an item of the checklist or the closing gate.
    AnswerItem {
        /// The item.
        item: Item,
        /// Its answer.
        answer: Answer,
    },
    /// Say that service is restored.
    Resolve {
        /// What was done.
        action: ResolutionAction,
        /// In words.
        detail: String,
        /// How recovery was validated.
        validation: String,
    },
    /// Say that it is back.
    Reopen {
        /// What was seen.
        reason: String,
    },
    /// Close it; the gate must be answered.
    Close,
    /// Hide it from the queue.
    Snooze {
        /// Until then.
        until: DateTime<Utc>,
    },
    /// Show it again.
    Wake,
    /// Wait on somebody else.
    Pause {
        /// For what or whom.
        reason: String,
    },
    /// Go on.
    Unpause,
    /// Continue in another incident.
    Merge {
        /// Where.
        into: IncidentId,
    },
    /// Add a link.
    Link {
        /// To what.
        link: Link,
    },
    /// Take a link away.
    Unlink {
        /// To what.
        link: Link,
    },
    /// Take it out of the queue: it was no incident.
    Reclassify {
        /// What it was instead.
        to: Classification,
        /// Why.
        reason: String,
    },
    /// Write a section of the review.
    WriteReview {
        /// The section.
        section: Section,
        /// Its whole text.
        text: String,
    },
    /// Add or change an action item.
    SetActionItem {
        /// The item; its id tells which.
        item: ActionItem,
    },
    /// Publish the review.
    PublishReview,
}

/// The kinds of commands; a backend lists those that it can execute.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each is the command of the same name")]
#[schema(
    as = Verb,
    description = "The kinds of [`Ask`], for saying what a backend can carry out."
)]
pub enum CommandKind {
    Declare,
    RepeatAlert,
    Acknowledge,
    MoveStatus,
    #[serde(rename = "take_back")]
    UndoMove,
    Assign,
    SetTeam,
    GiveRole,
    Escalate,
    Prioritize,
    OverridePriority,
    Categorize,
    SetServices,
    Describe,
    AddNote,
    CorrectNote,
    UpdateStakeholders,
    AnswerItem,
    Resolve,
    Reopen,
    Close,
    Snooze,
    Wake,
    Pause,
    Unpause,
    Merge,
    Link,
    Unlink,
    Reclassify,
    WriteReview,
    SetActionItem,
    PublishReview,
    RecordChange,
    RecordProblem,
}

impl CommandKind {
    /// All kinds of commands, in the order of their definition.
    pub const ALL: [Self; 34] = [
        Self::Declare,
        Self::RepeatAlert,
        Self::Acknowledge,
        Self::MoveStatus,
        Self::UndoMove,
        Self::Assign,
        Self::SetTeam,
        Self::GiveRole,
        Self::Escalate,
        Self::Prioritize,
        Self::OverridePriority,
        Self::Categorize,
        Self::SetServices,
        Self::Describe,
        Self::AddNote,
        Self::CorrectNote,
        Self::UpdateStakeholders,
        Self::AnswerItem,
        Self::Resolve,
        Self::Reopen,
        Self::Close,
        Self::Snooze,
        Self::Wake,
        Self::Pause,
        Self::Unpause,
        Self::Merge,
        Self::Link,
        Self::Unlink,
        Self::Reclassify,
        Self::WriteReview,
        Self::SetActionItem,
        Self::PublishReview,
        Self::RecordChange,
        Self::RecordProblem,
    ];
}

impl Command {
    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> CommandKind {
        match self {
            Self::Incident { command: ask, .. } => ask.kind(),
            Self::RecordChange(_) => CommandKind::RecordChange,
            Self::RecordProblem(_) => CommandKind::RecordProblem,
        }
    }
}

impl IncidentCommand {
    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> CommandKind {
        match self {
            Self::Declare(_) => CommandKind::Declare,
            Self::RepeatAlert { .. } => CommandKind::RepeatAlert,
            Self::Acknowledge => CommandKind::Acknowledge,
            Self::MoveStatus { .. } => CommandKind::MoveStatus,
            Self::UndoMove => CommandKind::UndoMove,
            Self::Assign { .. } => CommandKind::Assign,
            Self::SetTeam { .. } => CommandKind::SetTeam,
            Self::GiveRole { .. } => CommandKind::GiveRole,
            Self::Escalate { .. } => CommandKind::Escalate,
            Self::Prioritize { .. } => CommandKind::Prioritize,
            Self::OverridePriority { .. } => CommandKind::OverridePriority,
            Self::Categorize { .. } => CommandKind::Categorize,
            Self::SetServices { .. } => CommandKind::SetServices,
            Self::Describe { .. } => CommandKind::Describe,
            Self::AddNote { .. } => CommandKind::AddNote,
            Self::CorrectNote { .. } => CommandKind::CorrectNote,
            Self::UpdateStakeholders { .. } => CommandKind::UpdateStakeholders,
            Self::AnswerItem { .. } => CommandKind::AnswerItem,
            Self::Resolve { .. } => CommandKind::Resolve,
            Self::Reopen { .. } => CommandKind::Reopen,
            Self::Close => CommandKind::Close,
            Self::Snooze { .. } => CommandKind::Snooze,
            Self::Wake => CommandKind::Wake,
            Self::Pause { .. } => CommandKind::Pause,
            Self::Unpause => CommandKind::Unpause,
            Self::Merge { .. } => CommandKind::Merge,
            Self::Link { .. } => CommandKind::Link,
            Self::Unlink { .. } => CommandKind::Unlink,
            Self::Reclassify { .. } => CommandKind::Reclassify,
            Self::WriteReview { .. } => CommandKind::WriteReview,
            Self::SetActionItem { .. } => CommandKind::SetActionItem,
            Self::PublishReview => CommandKind::PublishReview,
        }
    }
}

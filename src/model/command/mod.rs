//! Commands: requests to change an incident, one file each, and the one table of them.
//!
//! A command is created once, on the requester's machine, and carries its own id. Server,
//! `OpenAPI` document, command line and panes read [`CommandKind::TABLE`]. A new command is a file
//! here, a variant of [`IncidentCommand`] and of [`CommandKind`], and its row in the table.

pub(in crate::model) mod acknowledge;
pub(in crate::model) mod add_note;
pub(in crate::model) mod add_reporter;
pub(in crate::model) mod answer_item;
pub(in crate::model) mod answer_role;
pub(in crate::model) mod ask_for_role;
pub(in crate::model) mod assign;
pub(in crate::model) mod attach_evidence;
pub(in crate::model) mod categorize;
pub(in crate::model) mod close;
pub(in crate::model) mod correct_note;
pub(in crate::model) mod declare;
pub(in crate::model) mod describe;
mod envelope;
pub(in crate::model) mod escalate;
pub(in crate::model) mod fold;
pub(in crate::model) mod give_role;
pub(in crate::model) mod involve_team;
pub(in crate::model) mod link;
pub(in crate::model) mod logic;
pub(in crate::model) mod mark_noise;
pub(in crate::model) mod merge;
pub(in crate::model) mod move_alerts;
pub(in crate::model) mod move_status;
pub(in crate::model) mod mute;
pub(in crate::model) mod override_priority;
pub(in crate::model) mod pause;
pub(in crate::model) mod prioritize;
pub(in crate::model) mod publish_review;
pub(in crate::model) mod reclassify;
pub(in crate::model) mod record_change;
pub(in crate::model) mod record_decision;
pub(in crate::model) mod record_follow_up;
pub(in crate::model) mod record_problem;
pub(in crate::model) mod redact;
pub(in crate::model) mod remove_reporter;
pub(in crate::model) mod reopen;
pub(in crate::model) mod repeat_alert;
pub(in crate::model) mod request_follow_up;
pub(in crate::model) mod resolve;
pub(in crate::model) mod set_action_item;
pub(in crate::model) mod set_affected;
pub(in crate::model) mod set_expected_recovery;
pub(in crate::model) mod set_impact_began;
pub(in crate::model) mod set_services;
pub(in crate::model) mod set_team;
pub(in crate::model) mod snooze;
pub(in crate::model) mod submit_review;
mod table;
pub(in crate::model) mod undo_move;
pub(in crate::model) mod unlink;
pub(in crate::model) mod unmute;
pub(in crate::model) mod unpause;
pub(in crate::model) mod update_stakeholders;
pub(in crate::model) mod wake;
pub(in crate::model) mod write_review;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

pub use ask_for_role::RoleRequest;
pub use declare::Declaration;
pub use envelope::{Command, Envelope};
pub use logic::Before;
pub use record_decision::Decision;
pub use table::{Argument, CommandRow, CommandScope, Fact};
pub use update_stakeholders::PublicUpdate;

pub use super::link::Link;

use super::actor::PersonRef;
use super::checklist::{Answer, Item};
use super::evidence::RedactedPart;
use super::follow_up::FollowUp;
use super::id::{EventId, IncidentId};
use super::impact::{Affected, Reporter};
use super::notification::step::DueStep;
use super::priority::{Impact, Priority, Urgency};
use super::review::{ActionItem, Section};
use super::status::{Category, Classification, ResolutionAction, Role, Status};
use logic::CommandLogic;

/// A command about one incident.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "do", rename_all = "snake_case")]
#[schema(as = Ask)]
#[serde(expecting = "internally tagged enum Ask")]
pub enum IncidentCommand {
    /// Report and log it.
    Declare(Box<Declaration>),
    /// The same alert came again.
    RepeatAlert {
        /// The text of the note.
        text: String,
        /// How many alerts that adds to the incident; absent for one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        count: Option<u32>,
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
        #[schema(required)]
        to: Option<PersonRef>,
    },
    /// Say which team answers for it.
    SetTeam {
        /// The team's name.
        #[schema(required)]
        team: Option<String>,
    },
    /// Give a role, or remove it.
    GiveRole {
        /// The role.
        role: Role,
        /// The person.
        person: PersonRef,
        /// Whether to give or to remove it.
        given: bool,
    },
    /// Call the next level.
    Escalate {
        /// The level of the policy, from 1.
        #[schema(minimum = 0, maximum = 255)]
        level: u8,
        /// The people whom it reaches.
        to: Vec<PersonRef>,
        /// The reason; `None` when it is automatic.
        reason: Option<String>,
        /// The step of the policy that a program carries out automatically because it is due.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        automatic: Option<DueStep>,
        /// Whether each of the people must acknowledge.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        all_must_acknowledge: bool,
    },
    /// Set impact and urgency; the matrix gives the priority.
    Prioritize {
        /// Extent of the harm.
        impact: Impact,
        /// How fast it must be handled.
        urgency: Urgency,
    },
    /// Set a priority that differs from the matrix.
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
        #[schema(required)]
        category: Option<Category>,
    },
    /// Set the affected services.
    SetServices {
        /// All of them; the first is the primary.
        services: Vec<String>,
    },
    /// Rewrite part of the record; `None` leaves a part unchanged.
    Describe {
        /// The title.
        title: Option<String>,
        /// The symptoms that users see.
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
        /// The text.
        message: String,
        /// When the next update is due; `None` for the interval of the service level.
        next_due: Option<DateTime<Utc>>,
        /// The public form of the message; absent if it is not public.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        public: Option<PublicUpdate>,
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
        /// The kind of work.
        action: ResolutionAction,
        /// The details.
        detail: String,
        /// How recovery was validated.
        validation: String,
    },
    /// Record that the failure is back.
    Reopen {
        /// The observation.
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
    /// Wait for somebody or something.
    Pause {
        /// The thing or person that it waits for.
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
        /// The target.
        link: Link,
    },
    /// Take a link away.
    Unlink {
        /// The target.
        link: Link,
    },
    /// Take it out of the queue: it was no incident.
    Reclassify {
        /// The kind of thing that it was instead.
        to: Classification,
        /// Why.
        reason: String,
    },
    /// Write a section of the review.
    WriteReview {
        /// The section.
        section: Section,
        /// Its complete new text.
        text: String,
    },
    /// Add or change an action item.
    SetActionItem {
        /// The item, identified by its id.
        item: ActionItem,
    },
    /// Publish the review.
    PublishReview,
    /// Record a decision.
    RecordDecision(Decision),
    /// Move some of its alerts to another incident: those that have one of the keys and all of the
    /// labels, as far as given.
    MoveAlerts {
        /// The other incident: an open one, or a new one.
        to: IncidentId,
        /// Whether the other incident does not exist yet and is declared from the alerts.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        declare: bool,
        /// The keys of the alerts.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        keys: Vec<String>,
        /// Labels such as `instance=db-1`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        labels: Vec<String>,
    },
    /// Say when service is expected to be restored.
    SetExpectedRecovery {
        /// The time; `None` if it is no longer known.
        #[schema(required)]
        at: Option<DateTime<Utc>>,
    },
    /// Ask a person to join in a role.
    AskForRole {
        /// The role.
        role: Role,
        /// The person.
        person: PersonRef,
    },
    /// Answer a request for a role, as the person who was asked.
    AnswerRole {
        /// The role.
        role: Role,
        /// Accept, or decline.
        accepted: bool,
    },
    /// Call nobody while a maintenance window mutes it.
    Mute {
        /// The window.
        #[schema(value_type = Uuid)]
        window: Uuid,
        /// The title of the window.
        title: String,
        /// Until then.
        until: DateTime<Utc>,
    },
    /// Release it, as no maintenance window mutes it any more.
    Unmute,
    /// Fold it under the incident that it follows from.
    Fold {
        /// The other incident; `None` unfolds it.
        #[schema(required)]
        under: Option<IncidentId>,
    },
    /// Say that its alert was not worth a call.
    MarkNoise {
        /// The reason; `None` removes the mark.
        #[schema(required)]
        reason: Option<String>,
    },
    /// Make an action item an issue in a tracker.
    RequestFollowUp {
        /// The id of the action item.
        item: Uuid,
        /// The name of the tracker in the settings; absent for the only one, or the default one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tracker: Option<String>,
    },
    /// Record the state or outcome of the issue.
    RecordFollowUp {
        /// The issue and its state.
        follow_up: FollowUp,
    },
    /// Say when the impact began.
    SetImpactBegan {
        /// The time; `None` if it is not known.
        #[schema(required)]
        at: Option<DateTime<Utc>>,
    },
    /// Say how many users it affects, and where.
    SetAffected {
        /// The complete new value; a field that is absent is not known.
        affected: Affected,
    },
    /// Add a person who has reported it.
    AddReporter {
        /// The reporter, with a new id.
        reporter: Reporter,
    },
    /// Remove a reporter that was added.
    RemoveReporter {
        /// The id of the reporter.
        reporter: Uuid,
    },
    /// Involve a team that helps, or release it.
    InvolveTeam {
        /// The team's name.
        team: String,
        /// Involve, or release.
        involved: bool,
    },
    /// Attach a file or captured output.
    AttachEvidence {
        /// The id of the evidence; a new one.
        evidence: Uuid,
        /// The name, such as that of the file.
        name: String,
        /// The content in base64; at most 1 MiB.
        content: String,
    },
    /// Remove evidence, a reporter, a contact or a note permanently.
    Redact {
        /// The kind of data.
        part: RedactedPart,
        /// The id of the evidence, of the reporter, or of the event of the note.
        target: Uuid,
        /// Why.
        reason: String,
    },
    /// Submit the review for reading, or return it to its author.
    SubmitReview {
        /// The reason for returning it; `None` submits it.
        #[schema(required)]
        returned: Option<String>,
    },
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
    RecordDecision,
    MoveAlerts,
    SetExpectedRecovery,
    AskForRole,
    AnswerRole,
    Mute,
    Unmute,
    Fold,
    MarkNoise,
    RequestFollowUp,
    RecordFollowUp,
    SetImpactBegan,
    SetAffected,
    AddReporter,
    RemoveReporter,
    InvolveTeam,
    AttachEvidence,
    Redact,
    SubmitReview,
}

impl CommandKind {
    /// The one table of commands, in the order of the kinds.
    pub const TABLE: [&'static CommandRow; 53] = [
        &declare::ROW,
        &repeat_alert::ROW,
        &acknowledge::ROW,
        &move_status::ROW,
        &undo_move::ROW,
        &assign::ROW,
        &set_team::ROW,
        &give_role::ROW,
        &escalate::ROW,
        &prioritize::ROW,
        &override_priority::ROW,
        &categorize::ROW,
        &set_services::ROW,
        &describe::ROW,
        &add_note::ROW,
        &correct_note::ROW,
        &update_stakeholders::ROW,
        &answer_item::ROW,
        &resolve::ROW,
        &reopen::ROW,
        &close::ROW,
        &snooze::ROW,
        &wake::ROW,
        &pause::ROW,
        &unpause::ROW,
        &merge::ROW,
        &link::ROW,
        &unlink::ROW,
        &reclassify::ROW,
        &write_review::ROW,
        &set_action_item::ROW,
        &publish_review::ROW,
        &record_change::ROW,
        &record_problem::ROW,
        &record_decision::ROW,
        &move_alerts::ROW,
        &set_expected_recovery::ROW,
        &ask_for_role::ROW,
        &answer_role::ROW,
        &mute::ROW,
        &unmute::ROW,
        &fold::ROW,
        &mark_noise::ROW,
        &request_follow_up::ROW,
        &record_follow_up::ROW,
        &set_impact_began::ROW,
        &set_affected::ROW,
        &add_reporter::ROW,
        &remove_reporter::ROW,
        &involve_team::ROW,
        &attach_evidence::ROW,
        &redact::ROW,
        &submit_review::ROW,
    ];
}

impl IncidentCommand {
    /// Calls `read` with the logic of the command, which is in the verb's own file.
    #[expect(clippy::too_many_lines, reason = "a table with a row for each kind of command")]
    pub(super) fn with_logic<T>(&self, read: impl FnOnce(&dyn CommandLogic) -> T) -> T {
        match self {
            Self::Declare(declaration) => read(&declare::Declare { declaration }),
            Self::RepeatAlert { text, count } => {
                read(&repeat_alert::RepeatAlert { text, count: *count })
            }
            Self::Acknowledge => read(&acknowledge::Acknowledge),
            Self::MoveStatus { to } => read(&move_status::MoveStatus { to: *to }),
            Self::Assign { to } => read(&assign::Assign { to: to.as_ref() }),
            Self::SetTeam { team } => read(&set_team::SetTeam { team: team.as_deref() }),
            Self::GiveRole { role, person, given } => {
                read(&give_role::GiveRole { role: *role, person, given: *given })
            }
            Self::Escalate { level, to, reason, automatic, all_must_acknowledge } => {
                read(&escalate::Escalate {
                    level: *level,
                    to,
                    reason: reason.as_deref(),
                    automatic: automatic.as_ref(),
                    all_must_acknowledge: *all_must_acknowledge,
                })
            }
            Self::Prioritize { impact, urgency } => {
                read(&prioritize::Prioritize { impact: *impact, urgency: *urgency })
            }
            Self::OverridePriority { priority, reason } => {
                read(&override_priority::OverridePriority { priority: *priority, reason })
            }
            Self::UndoMove => read(&undo_move::UndoMove),
            Self::Categorize { category } => read(&categorize::Categorize { category: *category }),
            Self::SetServices { services } => read(&set_services::SetServices { services }),
            Self::Describe { title, symptoms, labels, runbook } => read(&describe::Describe {
                title: title.as_deref(),
                symptoms: symptoms.as_deref(),
                labels: labels.as_deref(),
                runbook: runbook.as_deref(),
            }),
            Self::AddNote { text } => read(&add_note::AddNote { text }),
            Self::CorrectNote { note, text } => {
                read(&correct_note::CorrectNote { note: *note, text })
            }
            Self::UpdateStakeholders { message, next_due, public } => {
                read(&update_stakeholders::UpdateStakeholders {
                    message,
                    next_due: *next_due,
                    public: public.as_ref(),
                })
            }
            Self::AnswerItem { item, answer } => {
                read(&answer_item::AnswerItem { item: *item, answer })
            }
            Self::Resolve { action, detail, validation } => {
                read(&resolve::Resolve { action: *action, detail, validation })
            }
            Self::Reopen { reason } => read(&reopen::Reopen { reason }),
            Self::Close => read(&close::Close),
            Self::Snooze { until } => read(&snooze::Snooze { until: *until }),
            Self::Wake => read(&wake::Wake),
            Self::Pause { reason } => read(&pause::Pause { reason }),
            Self::Unpause => read(&unpause::Unpause),
            Self::Merge { into } => read(&merge::Merge { into: *into }),
            Self::Link { link } => read(&link::AddLink { link }),
            Self::Unlink { link } => read(&unlink::Unlink { link }),
            Self::Reclassify { to, reason } => read(&reclassify::Reclassify { to: *to, reason }),
            Self::WriteReview { section, text } => {
                read(&write_review::WriteReview { section: *section, text })
            }
            Self::SetActionItem { item } => read(&set_action_item::SetActionItem { item }),
            Self::PublishReview => read(&publish_review::PublishReview),
            Self::RecordDecision(decision) => read(&record_decision::RecordDecision { decision }),
            Self::MoveAlerts { to, declare, keys, labels } => {
                read(&move_alerts::MoveAlerts { to: *to, declare: *declare, keys, labels })
            }
            Self::SetExpectedRecovery { at } => {
                read(&set_expected_recovery::SetExpectedRecovery { at: *at })
            }
            Self::AskForRole { role, person } => {
                read(&ask_for_role::AskForRole { role: *role, person })
            }
            Self::AnswerRole { role, accepted } => {
                read(&answer_role::AnswerRole { role: *role, accepted: *accepted })
            }
            Self::Mute { window, title, until } => {
                read(&mute::Mute { window: *window, title, until: *until })
            }
            Self::Unmute => read(&unmute::Unmute),
            Self::Fold { under } => read(&fold::Fold { under: *under }),
            Self::MarkNoise { reason } => {
                read(&mark_noise::MarkNoise { reason: reason.as_deref() })
            }
            Self::RequestFollowUp { item, tracker } => read(&request_follow_up::RequestFollowUp {
                item: *item,
                tracker: tracker.as_deref(),
            }),
            Self::RecordFollowUp { follow_up } => {
                read(&record_follow_up::RecordFollowUp { follow_up })
            }
            Self::SetImpactBegan { at } => read(&set_impact_began::SetImpactBegan { at: *at }),
            Self::SetAffected { affected } => read(&set_affected::SetAffected { affected }),
            Self::AddReporter { reporter } => read(&add_reporter::AddReporter { reporter }),
            Self::RemoveReporter { reporter } => {
                read(&remove_reporter::RemoveReporter { reporter: *reporter })
            }
            Self::InvolveTeam { team, involved } => {
                read(&involve_team::InvolveTeam { team, involved: *involved })
            }
            Self::AttachEvidence { evidence, name, content } => {
                read(&attach_evidence::AttachEvidence { evidence: *evidence, name, content })
            }
            Self::Redact { part, target, reason } => {
                read(&redact::Redact { part: *part, target: *target, reason })
            }
            Self::SubmitReview { returned } => {
                read(&submit_review::SubmitReview { returned: returned.as_deref() })
            }
        }
    }
}

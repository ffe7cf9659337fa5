//! Reasons why the rules refuse a command: one variant for each reason, with the facts that it
//! rests on.
//!
//! A rejection contains no sentence. [`Rejection::sentence`] makes one where it is shown: in the
//! panes, on the command line, and in the `detail` of the server's answer.

mod sentence;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::actor::{Actor, PersonRef};
use super::administration::AdministrationRefusal;
use super::bad_field::BadField;
use super::checklist::ClosingItem;
use super::id::IncidentNumber;
use super::link::Link;
use super::maintenance::MaintenanceRefusal;
use super::priority::{Impact, Priority, Urgency};
use super::review::Section;
use super::stability::Soak;
use super::status::{Category, Role, Status};

pub use sentence::DatedRejection;

/// The reason why the rules refuse a command. Names and texts in it are as they were recorded, so
/// they must be sanitized before they are shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Rejection {
    /// The command is about a change or a problem, which has no timeline.
    NotAboutAnIncident,
    /// The incident does not exist.
    NoSuchIncident,
    /// A field of the command has a value that is not allowed.
    Field(BadField),
    /// The incident was declared before.
    AlreadyDeclared {
        /// Its number, if it has one already.
        number: Option<IncidentNumber>,
    },
    /// The incident has ended.
    AlreadyEnded {
        /// The status with which the incident ended.
        status: Status,
        /// The incident in which it continues, if it was merged into one that has a number.
        merged_into: Option<IncidentNumber>,
        /// The person or program that ended the incident.
        by: Actor,
        /// The time at which the incident ended.
        at: DateTime<Utc>,
    },
    /// The incident has ended, and only its row is known.
    NotOpen {
        /// The status with which the incident ended.
        status: Status,
    },
    /// Somebody has acknowledged the incident.
    AlreadyAcknowledged {
        /// The actor who acknowledged it; `None` if only its row is known.
        by: Option<Actor>,
        /// When it was acknowledged.
        at: DateTime<Utc>,
    },
    /// The incident has the status to which it should be moved.
    AlreadyAtStage {
        /// The status that the incident has.
        status: Status,
        /// The actor who moved it.
        by: Actor,
        /// When it was moved.
        at: DateTime<Utc>,
    },
    /// The incident should be moved to an earlier stage than its present one.
    StagesOnlyMoveForward {
        /// The present status of the incident.
        status: Status,
    },
    /// The incident is owned by this person already.
    AlreadyOwned {
        /// The person who owns the incident.
        by: PersonRef,
    },
    /// Nobody owns the incident already.
    AlreadyUnowned,
    /// The incident has this team already.
    AlreadyItsTeam,
    /// The incident has these services already.
    AlreadyItsServices,
    /// The incident has this category already.
    AlreadyCategorized {
        /// The category that the incident has.
        category: Category,
    },
    /// The incident has no category already.
    AlreadyUncategorized,
    /// The person has the role already, or does not have the role to remove.
    RoleUnchanged {
        /// The role that was to be given or withdrawn.
        role: Role,
        /// The person whose role was to change.
        person: PersonRef,
        /// Whether the person has the role.
        given: bool,
    },
    /// The person was asked for the role and has not answered yet.
    RoleAlreadyRequested {
        /// The role.
        role: Role,
        /// The person who was asked.
        person: PersonRef,
        /// When.
        at: DateTime<Utc>,
    },
    /// The requester was not asked for the role, or has answered already.
    NoRoleRequest {
        /// The role.
        role: Role,
    },
    /// Impact, urgency and priority are set like this already.
    AlreadyPrioritized {
        /// The priority that the incident has.
        priority: Priority,
        /// The extent of the harm.
        impact: Impact,
        /// How fast the incident must be handled.
        urgency: Urgency,
    },
    /// The incident has this priority already.
    AlreadyOfPriority {
        /// The priority that the incident has.
        priority: Priority,
    },
    /// Nobody needs to be called automatically, because somebody has acknowledged the incident.
    AcknowledgedMeanwhile,
    /// The level of the escalation policy was called before.
    LevelAlreadyCalled {
        /// The level of the escalation policy, from 1.
        level: u8,
    },
    /// The level of the escalation policy is not due yet.
    LevelNotDue {
        /// The level of the escalation policy, from 1.
        level: u8,
    },
    /// Nobody is called automatically while the incident is snoozed or paused.
    EscalationOnHold,
    /// A description changes nothing.
    NothingToChange,
    /// The incident is paused already.
    AlreadyPaused {
        /// The thing or person that it waits for.
        reason: String,
    },
    /// The incident is not paused.
    NotPaused,
    /// The incident is not hidden from the queue.
    NotSnoozed,
    /// Nobody is called automatically while a maintenance window mutes the incident.
    EscalationMuted,
    /// The window mutes the incident already, until then.
    AlreadyMuted,
    /// No maintenance window mutes the incident.
    NotMuted,
    /// A request about a maintenance window is refused.
    Maintenance(MaintenanceRefusal),
    /// The incident should be merged into itself.
    MergeIntoItself,
    /// The incident into which another should be merged has ended.
    MergeTargetEnded {
        /// Its number, if it has one already.
        number: Option<IncidentNumber>,
        /// The status with which that incident ended.
        status: Status,
    },
    /// The incident should be folded under itself.
    FoldUnderItself,
    /// The incident under which another should be folded has ended.
    FoldTargetEnded {
        /// Its number, if it has one already.
        number: Option<IncidentNumber>,
        /// The status with which that incident ended.
        status: Status,
    },
    /// The incident under which another should be folded is folded itself.
    FoldTargetFolded {
        /// Its number, if it has one already.
        number: Option<IncidentNumber>,
    },
    /// The incident is folded already.
    AlreadyFolded,
    /// The incident is not folded.
    NotFolded,
    /// The incident is marked as noise already.
    AlreadyNoise,
    /// The incident is not marked as noise.
    NotNoise,
    /// The incident has this reporter already.
    AlreadyReported,
    /// The incident has no such reporter.
    NoSuchReporter,
    /// The team leads or helps already.
    AlreadyInvolved,
    /// The team is not involved.
    NotInvolved,
    /// The incident has evidence of this name or with this content already.
    AlreadyAttached {
        /// The name under which it has it.
        name: String,
    },
    /// The store has no room for more evidence.
    EvidenceFull,
    /// The incident has no such evidence.
    NoSuchEvidence,
    /// The part was redacted already.
    AlreadyRedacted,
    /// No event of the incident has the part to redact.
    NothingToRedact,
    /// Alerts should be moved to the incident that has them.
    MoveToItself,
    /// The incident to which alerts should be moved has ended.
    MoveTargetEnded {
        /// Its number, if it has one already.
        number: Option<IncidentNumber>,
        /// The status with which that incident ended.
        status: Status,
    },
    /// The incident has this link already.
    AlreadyLinked {
        /// The link that was to be added.
        link: Link,
    },
    /// The incident does not have this link.
    NotLinked {
        /// The link that was to be removed.
        link: Link,
    },
    /// The alerts of the incident are not resolved for as long as they must be.
    NotStableYet {
        /// The progress of the stable time.
        soak: Soak,
        /// When that was decided.
        at: DateTime<Utc>,
    },
    /// An incident is resolved before it is closed.
    CloseUnresolved,
    /// Items of the closing gate are not answered.
    ClosingGateOpen {
        /// These items, in order.
        missing: Vec<ClosingItem>,
    },
    /// The incident is open, so it can't be reopened.
    NeedsNoReopening {
        /// The present status of the incident.
        status: Status,
    },
    /// The incident was closed too long ago to be reopened.
    ReopenedTooLate {
        /// When it was closed.
        closed_at: DateTime<Utc>,
        /// For how many days a closed incident can be reopened.
        days: i64,
    },
    /// A resolved or closed incident is corrected only with a reason.
    CorrectionNeedsReason {
        /// The status with which it ended.
        status: Status,
    },
    /// The incident was closed too long ago to be corrected.
    CorrectedTooLate {
        /// The status with which it ended.
        status: Status,
        /// When it was closed.
        closed_at: DateTime<Utc>,
        /// For how many days a closed incident can be reopened and corrected.
        days: i64,
    },
    /// The status of the incident was not reached by a move that can be undone.
    NoMoveToUndo {
        /// The present status of the incident.
        status: Status,
    },
    /// Somebody else made the last move, and only that person may undo it.
    MovedBySomebodyElse {
        /// The status to which it led.
        status: Status,
        /// The person or program that made the last move.
        by: Actor,
        /// The time of the last move.
        at: DateTime<Utc>,
    },
    /// The last move was made too long ago to be undone.
    UndoneTooLate {
        /// The status to which it led.
        status: Status,
        /// When it was made.
        at: DateTime<Utc>,
        /// For how many seconds a move can be undone.
        seconds: i64,
    },
    /// The incident ended in a way that gets no review.
    NothingToReview {
        /// The status with which the incident ended.
        status: Status,
    },
    /// The review was published before.
    ReviewAlreadyPublished {
        /// When it was published.
        at: DateTime<Utc>,
    },
    /// The review is in review: it was submitted before.
    ReviewAlreadySubmitted,
    /// A review that was not submitted can't be returned.
    ReviewNotSubmitted,
    /// An incident is resolved before its review is submitted or published.
    PublishUnresolved,
    /// Sections of the review are not written.
    ReviewLacks {
        /// These sections, in order.
        sections: Vec<Section>,
    },
    /// The review has no such action item, or it has no follow-up to record.
    NoSuchActionItem,
    /// The action item has an issue already, or one was requested.
    AlreadyFollowedUp {
        /// The issue and its state.
        by: String,
    },
    /// The id of the command belongs to another command, which was carried out before.
    IdReused,
    /// Events of another command have the ids that the events of this one would have.
    IdCollides,
    /// The incident has other events than the requester has seen.
    ChangedMeanwhile {
        /// The sequence number that its last event should have.
        expected: u32,
        /// The sequence number that its last event has; 0 if it does not exist.
        current: u32,
    },
    /// The incident has a status of a later version, on which the command depends.
    UnknownStatus {
        /// The status, which this version does not define.
        status: Status,
    },
    /// A change of administration is refused.
    Administration(AdministrationRefusal),
    /// A rejection that is known by its sentence alone: a server answered it, an outbox stored it,
    /// or the rule is not one of the model.
    Foreign {
        /// The kind of refusal.
        kind: RejectionKind,
        /// The reason as a sentence for people, without a full stop; not sanitized.
        message: String,
    },
    /// A rejection of which only the sentence is known, with the time in it.
    ForeignDated {
        /// The kind of refusal.
        kind: RejectionKind,
        /// The sentence around its time; not sanitized.
        sentence: DatedSentence,
    },
}

/// A sentence with a time in it, which is formatted relative to the current time, such as "2 min
/// ago", each time the sentence is shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct DatedSentence {
    /// The text before the time.
    pub before: String,
    /// The time.
    pub at: DateTime<Utc>,
    /// The text after the time.
    pub after: String,
}

/// Kinds of refusal. None is cured by trying the same again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RejectionKind {
    /// Somebody else was first; nothing remains to be done.
    Conflict,
    /// The command itself is wrong.
    Invalid,
    /// It is not possible in the incident's current state.
    NotNow,
    /// There is no such incident.
    NotFound,
}

impl Rejection {
    /// Creates a rejection that is known by its sentence alone.
    pub fn foreign(kind: RejectionKind, message: impl Into<String>) -> Self {
        Self::Foreign { kind, message: message.into() }
    }

    /// Returns the kind of refusal.
    #[must_use]
    pub const fn kind(&self) -> RejectionKind {
        match self {
            Self::Administration(refusal) if refusal.is_not_found() => RejectionKind::NotFound,
            Self::NoSuchIncident | Self::Maintenance(MaintenanceRefusal::NotFound) => {
                RejectionKind::NotFound
            }
            Self::NotAboutAnIncident
            | Self::Administration(AdministrationRefusal::UnknownChange)
            | Self::Field(_)
            | Self::NothingToChange
            | Self::MergeIntoItself
            | Self::FoldUnderItself
            | Self::MoveToItself
            | Self::IdReused
            | Self::IdCollides
            | Self::NoSuchActionItem => RejectionKind::Invalid,
            Self::AlreadyDeclared { .. }
            | Self::AlreadyEnded { .. }
            | Self::NotOpen { .. }
            | Self::AlreadyAcknowledged { .. }
            | Self::AlreadyAtStage { .. }
            | Self::AlreadyOwned { .. }
            | Self::AlreadyUnowned
            | Self::AlreadyItsTeam
            | Self::AlreadyItsServices
            | Self::AlreadyCategorized { .. }
            | Self::AlreadyUncategorized
            | Self::RoleUnchanged { .. }
            | Self::RoleAlreadyRequested { .. }
            | Self::NoRoleRequest { .. }
            | Self::AlreadyPrioritized { .. }
            | Self::AlreadyOfPriority { .. }
            | Self::LevelAlreadyCalled { .. }
            | Self::AlreadyPaused { .. }
            | Self::NotPaused
            | Self::NotSnoozed
            | Self::AlreadyMuted
            | Self::NotMuted
            | Self::Maintenance(_)
            | Self::AlreadyFolded
            | Self::NotFolded
            | Self::AlreadyNoise
            | Self::NotNoise
            | Self::AlreadyReported
            | Self::NoSuchReporter
            | Self::AlreadyInvolved
            | Self::NotInvolved
            | Self::AlreadyAttached { .. }
            | Self::NoSuchEvidence
            | Self::AlreadyRedacted
            | Self::NothingToRedact
            | Self::AlreadyLinked { .. }
            | Self::NotLinked { .. }
            | Self::NeedsNoReopening { .. }
            | Self::MovedBySomebodyElse { .. }
            | Self::ChangedMeanwhile { .. }
            | Self::ReviewAlreadyPublished { .. }
            | Self::ReviewAlreadySubmitted
            | Self::ReviewNotSubmitted
            | Self::AlreadyFollowedUp { .. }
            | Self::Administration(_) => RejectionKind::Conflict,
            Self::StagesOnlyMoveForward { .. }
            | Self::EvidenceFull
            | Self::AcknowledgedMeanwhile
            | Self::LevelNotDue { .. }
            | Self::EscalationOnHold
            | Self::EscalationMuted
            | Self::MergeTargetEnded { .. }
            | Self::FoldTargetEnded { .. }
            | Self::FoldTargetFolded { .. }
            | Self::MoveTargetEnded { .. }
            | Self::NotStableYet { .. }
            | Self::CloseUnresolved
            | Self::ClosingGateOpen { .. }
            | Self::ReopenedTooLate { .. }
            | Self::CorrectionNeedsReason { .. }
            | Self::CorrectedTooLate { .. }
            | Self::NoMoveToUndo { .. }
            | Self::UndoneTooLate { .. }
            | Self::NothingToReview { .. }
            | Self::PublishUnresolved
            | Self::UnknownStatus { .. }
            | Self::ReviewLacks { .. } => RejectionKind::NotNow,
            Self::Foreign { kind, .. } | Self::ForeignDated { kind, .. } => *kind,
        }
    }
}

impl From<BadField> for Rejection {
    fn from(bad: BadField) -> Self {
        Self::Field(bad)
    }
}

//! The sentences of rejections, as people read them: without a full stop.

use std::cell::Cell;
use std::error::Error;
use std::fmt;

use chrono::{DateTime, Utc};

use super::{DatedSentence, Rejection, RejectionKind};
use crate::model::id::IncidentNumber;
use crate::model::text::sanitize;
use crate::model::time::format_ago;

/// The placeholder of the time in a sentence. No sentence has a control character, because its
/// parts are sanitized.
const TIME: &str = "\u{0}";

impl Rejection {
    /// Returns the reason as a sentence for people, as it reads at `now`: times in it are given as
    /// "2 min ago".
    ///
    /// Names in it are sanitized. The sentence of a [`Rejection::Foreign`] is returned as it came.
    #[must_use]
    pub fn sentence(&self, now: DateTime<Utc>) -> String {
        self.sentence_with(&|at| format_ago(at, now))
    }

    /// Returns the parts of the sentence before and after its time, if it has one.
    #[must_use]
    pub fn dated(&self) -> Option<DatedSentence> {
        if let Self::ForeignDated { sentence, .. } = self {
            return Some(sentence.clone());
        }
        let told = Cell::new(None);
        let sentence = self.sentence_with(&|at| {
            told.set(Some(at));
            TIME.to_owned()
        });
        let (before, after) = sentence.split_once(TIME)?;
        Some(DatedSentence { before: before.to_owned(), at: told.get()?, after: after.to_owned() })
    }

    /// Returns the sentence, with its time formatted by `format`.
    #[allow(clippy::too_many_lines, reason = "a table: one line for each rejection")]
    fn sentence_with(&self, format: &dyn Fn(DateTime<Utc>) -> String) -> String {
        let ago = |at: &DateTime<Utc>| format(*at);
        match self {
            Self::NotAboutAnIncident => "not a command about an incident".into(),
            Self::NoSuchIncident => "there is no such incident".into(),
            Self::Field(bad) => bad.to_string(),
            Self::AlreadyDeclared { number } => format!("already declared as {}", label(*number)),
            Self::AlreadyEnded { merged_into: Some(number), by, at, .. } => {
                format!("already merged into {number} by {} {}", sanitize(by.name()), ago(at))
            }
            Self::AlreadyEnded { status, merged_into: None, by, at }
            | Self::AlreadyAtStage { status, by, at } => {
                format!("already {status} by {} {}", sanitize(by.name()), ago(at))
            }
            Self::NotOpen { status } => format!("already {status}"),
            Self::AlreadyAcknowledged { by: Some(by), at } => {
                format!("already acknowledged by {} {}", sanitize(by.name()), ago(at))
            }
            Self::AlreadyAcknowledged { by: None, at } => {
                format!("already acknowledged {}", ago(at))
            }
            Self::StagesOnlyMoveForward { status } => {
                format!("it is {status}: stages only move forward")
            }
            Self::AlreadyOwned { by } => format!("already owned by {}", sanitize(&by.name)),
            Self::AlreadyUnowned => "already unowned".into(),
            Self::AlreadyItsTeam => "that is its team already".into(),
            Self::AlreadyItsServices => "these are its services already".into(),
            Self::AlreadyCategorized { category } => format!("already {category}"),
            Self::AlreadyUncategorized => "it has no category".into(),
            Self::RoleUnchanged { role, person, given } => {
                let adverb = if *given { "already" } else { "not" };
                format!("{} is {adverb} {role}", sanitize(&person.name))
            }
            Self::RoleAlreadyRequested { role, person, at } => {
                format!("{} was asked {} to be {role}", sanitize(&person.name), ago(at))
            }
            Self::NoRoleRequest { role } => {
                format!("you are not asked to be {role}, or have answered already")
            }
            Self::AlreadyPrioritized { priority, impact, urgency } => {
                format!("already {priority}, {impact} × {urgency}")
            }
            Self::AlreadyOfPriority { priority } => format!("already {priority}"),
            Self::AcknowledgedMeanwhile => "somebody has acknowledged it meanwhile".into(),
            Self::LevelAlreadyCalled { level } => format!("level {level} was called already"),
            Self::LevelNotDue { level } => format!("level {level} is not due yet"),
            Self::EscalationOnHold => {
                "nobody is called by itself while it is snoozed or paused".into()
            }
            Self::NothingToChange => "nothing to change was given".into(),
            Self::AlreadyPaused { reason } => format!("already paused: {}", sanitize(reason)),
            Self::NotPaused => "it is not paused".into(),
            Self::NotSnoozed => "it is not snoozed".into(),
            Self::EscalationMuted => {
                "nobody is called by itself while a maintenance window mutes it".into()
            }
            Self::AlreadyMuted => "it is muted until then already".into(),
            Self::NotMuted => "no maintenance window mutes it".into(),
            Self::Maintenance(refusal) => refusal.to_string(),
            Self::MergeIntoItself => "an incident can't be merged into itself".into(),
            Self::MergeTargetEnded { number, status } => {
                format!("{} is {status}: choose an open incident to merge into", label(*number))
            }
            Self::FoldUnderItself => "an incident can't be folded under itself".into(),
            Self::FoldTargetEnded { number, status } => {
                format!("{} is {status}: choose an open incident to fold it under", label(*number))
            }
            Self::FoldTargetFolded { number } => {
                let number = label(*number);
                format!("{number} is folded itself: choose the incident that it is folded under")
            }
            Self::AlreadyFolded => "it is folded already: unfold it before".into(),
            Self::NotFolded => "it is not folded".into(),
            Self::AlreadyNoise => "it is marked as noise already".into(),
            Self::NotNoise => "it is not marked as noise".into(),
            Self::NoSuchActionItem => "its review has no such action item".into(),
            Self::AlreadyFollowedUp { by } => {
                format!("the action item is followed up already: {}", sanitize(by))
            }
            Self::AlreadyReported => "that reporter was added already".into(),
            Self::NoSuchReporter => "it has no such reporter".into(),
            Self::AlreadyInvolved => "that team works on it already".into(),
            Self::NotInvolved => "that team does not help".into(),
            Self::AlreadyAttached { name } => {
                format!("it has that evidence already: {}", sanitize(name))
            }
            Self::EvidenceFull => {
                "the evidence of all incidents has 1 GiB, which is the most: redact some".into()
            }
            Self::NoSuchEvidence => "it has no such evidence".into(),
            Self::AlreadyRedacted => "that was redacted already".into(),
            Self::NothingToRedact => "it has no such evidence, reporter or note".into(),
            Self::MoveToItself => "its alerts are in it already: choose another incident".into(),
            Self::MoveTargetEnded { number, status } => {
                format!("{} is {status}: choose an open incident to move them to", label(*number))
            }
            Self::AlreadyLinked { link } => {
                format!("already linked to {}", sanitize(link.to_string()))
            }
            Self::NotLinked { link } => format!("not linked to {}", sanitize(link.to_string())),
            Self::NotStableYet { soak, at } => {
                format!("{}: wait, or give a reason to resolve it earlier", soak.text(*at))
            }
            Self::CloseUnresolved => "resolve it before closing it".into(),
            Self::ClosingGateOpen { missing } => {
                format!("the closing gate is not answered: {}", list(missing))
            }
            Self::NeedsNoReopening { status } => format!("it is {status}: it needs no reopening"),
            Self::ReopenedTooLate { closed_at, days } => format!(
                "closed {}: it can be reopened for {days} days, declare a new one",
                ago(closed_at)
            ),
            Self::UnknownStatus { status } => format!(
                "its status is {status}, which only a later version of redphone defines: update \
                 redphone"
            ),
            Self::CorrectionNeedsReason { status } => {
                format!("it is {status}: a correction needs a reason")
            }
            Self::CorrectedTooLate { status, closed_at, days } => format!(
                "{status} {}: it can be corrected for {days} days, write a note or the review",
                ago(closed_at)
            ),
            Self::NoMoveToUndo { status } => {
                format!("it is {status}: there is no move to take back")
            }
            Self::MovedBySomebodyElse { status, by, at } => {
                format!("{} has made it {status} {}", sanitize(by.name()), ago(at))
            }
            Self::UndoneTooLate { status, at, seconds } => {
                format!("made {status} {}: a move can be taken back for {seconds} s", ago(at))
            }
            Self::NothingToReview { status } => {
                format!("it is {status}: there is nothing to review")
            }
            Self::ReviewAlreadyPublished { at } => format!("the review was published {}", ago(at)),
            Self::ReviewAlreadySubmitted => "the review was submitted already".into(),
            Self::ReviewNotSubmitted => "the review is not submitted: it is a draft".into(),
            Self::PublishUnresolved => "resolve it before publishing its review".into(),
            Self::ReviewLacks { sections } => format!("the review lacks: {}", list(sections)),
            Self::IdReused => {
                "its id is that of another command, which was carried out before: send it with a \
                 new id"
                    .into()
            }
            Self::IdCollides => "its id is too near to that of another command: send it with a \
                                 new id, a UUID of version 7"
                .into(),
            Self::ChangedMeanwhile { expected, current: 0 } => {
                format!("it does not exist, and its last event should be {expected}: look again")
            }
            Self::ChangedMeanwhile { expected, current } => format!(
                "it has changed: its last event is {current}, and should be {expected}: look at \
                 it again"
            ),
            Self::Administration(refusal) => refusal.to_string(),
            Self::Foreign { message, .. } => message.clone(),
            Self::ForeignDated { sentence: DatedSentence { before, at, after }, .. } => {
                format!("{before}{}{after}", ago(at))
            }
        }
    }
}

/// Returns the number, or `new` until the store has numbered the incident.
fn label(number: Option<IncidentNumber>) -> String {
    number.map_or_else(|| "new".into(), |number| number.to_string())
}

fn list(items: &[impl ToString]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// A rejection with the time at which it was decided. It is shown as the sentence at that time, by
/// the clock that decided, however much later it is read.
///
/// Two are equal if they are of the same kind and have the same sentence: a rejection from outside
/// has only these.
#[derive(Clone, Debug)]
pub struct DatedRejection {
    /// The reason why the rules refuse the command.
    pub rejection: Rejection,
    /// When that was decided.
    pub decided_at: DateTime<Utc>,
}

impl DatedRejection {
    /// Returns the kind of refusal.
    #[must_use]
    pub const fn kind(&self) -> RejectionKind {
        self.rejection.kind()
    }
}

impl PartialEq for DatedRejection {
    fn eq(&self, other: &Self) -> bool {
        self.kind() == other.kind() && self.to_string() == other.to_string()
    }
}

impl Eq for DatedRejection {}

impl fmt::Display for DatedRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rejection.sentence(self.decided_at))
    }
}

impl Error for DatedRejection {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.rejection {
            Rejection::Field(bad) => Some(bad),
            _ => None,
        }
    }
}

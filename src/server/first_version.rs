//! Answers to programs of version 0.1.0.
//!
//! These programs discard a whole answer with a value that they do not know: a kind of command or of event,
//! a section of a review, a target of an escalation policy. Later programs keep and show such values. A
//! program of version 0.1.0 is answered with what it knows, so that it can be used while not every machine
//! has the later version. The lists are those of a released version, and never change.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use crate::api::header::{SEEN, TOLERATES_UNKNOWN};
use crate::backend::{CommandKinds, Detail};
use crate::model::Event;
use crate::model::command::CommandKind;
use crate::model::directory::Directory;
use crate::model::escalation::Target;
use crate::model::event::EventBody;
use crate::model::review::Section;

/// How programs of version 0.1.0 name themselves. So do later ones before the version is raised.
const USER_AGENT: &[u8] = b"redphone/0.1.0";

/// The kinds of commands that version 0.1.0 knows.
const COMMANDS: [CommandKind; 34] = [
    CommandKind::Declare,
    CommandKind::RepeatAlert,
    CommandKind::Acknowledge,
    CommandKind::MoveStatus,
    CommandKind::UndoMove,
    CommandKind::Assign,
    CommandKind::SetTeam,
    CommandKind::GiveRole,
    CommandKind::Escalate,
    CommandKind::Prioritize,
    CommandKind::OverridePriority,
    CommandKind::Categorize,
    CommandKind::SetServices,
    CommandKind::Describe,
    CommandKind::AddNote,
    CommandKind::CorrectNote,
    CommandKind::UpdateStakeholders,
    CommandKind::AnswerItem,
    CommandKind::Resolve,
    CommandKind::Reopen,
    CommandKind::Close,
    CommandKind::Snooze,
    CommandKind::Wake,
    CommandKind::Pause,
    CommandKind::Unpause,
    CommandKind::Merge,
    CommandKind::Link,
    CommandKind::Unlink,
    CommandKind::Reclassify,
    CommandKind::WriteReview,
    CommandKind::SetActionItem,
    CommandKind::PublishReview,
    CommandKind::RecordChange,
    CommandKind::RecordProblem,
];

/// The kinds of events that version 0.1.0 knows, by their names on the wire.
const EVENTS: [&str; 32] = [
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
];

/// The sections of a review that version 0.1.0 knows.
const SECTIONS: [Section; 7] = [
    Section::Summary,
    Section::Timeline,
    Section::Impact,
    Section::RootCause,
    Section::Resolution,
    Section::Communication,
    Section::Gaps,
];

/// The program that an answer is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reader {
    /// A program of version 0.1.0.
    FirstVersion,
    /// Any other program. It must expect that there are values which it does not know.
    Later,
}

impl Reader {
    /// Returns the program that sent a request with these headers.
    ///
    /// Programs after version 0.1.0 send [`TOLERATES_UNKNOWN`], or those before that header existed,
    /// [`SEEN`].
    fn of(headers: &HeaderMap) -> Self {
        let is_named = headers.get(header::USER_AGENT).is_some_and(|name| name == USER_AGENT);
        let is_later = headers.contains_key(TOLERATES_UNKNOWN) || headers.contains_key(SEEN);
        if is_named && !is_later { Self::FirstVersion } else { Self::Later }
    }

    /// Removes the kinds of commands that the program does not know.
    pub(super) fn limit_commands(self, kinds: &mut CommandKinds) {
        if self == Self::FirstVersion {
            *kinds = kinds.intersection(&BTreeSet::from(COMMANDS)).copied().collect();
        }
    }

    /// Replaces targets of escalation policies that the program does not know by those that are called for
    /// them now: a schedule by whoever is on call for its team, a team by its members.
    pub(super) fn limit_directory(self, directory: &Directory) -> Cow<'_, Directory> {
        if self == Self::Later {
            return Cow::Borrowed(directory);
        }
        let mut limited = directory.clone();
        for policy in &mut limited.policies {
            for level in policy.levels.iter_mut().chain(&mut policy.at_end) {
                level.call = level
                    .call
                    .iter()
                    .flat_map(|target| defined_targets(target, directory))
                    .collect();
            }
        }
        Cow::Owned(limited)
    }

    /// Removes the sections of the review that the program does not know.
    pub(super) fn limit_record(self, detail: &mut Detail) {
        if self == Self::FirstVersion {
            detail.incident.review.sections.retain(|section, _| SECTIONS.contains(section));
        }
    }

    /// Replaces the events that the program does not know by notes with their text, so that nothing is
    /// missing on the timeline.
    pub(super) fn limit_events(self, events: &mut [Event]) {
        if self == Self::FirstVersion {
            for event in events.iter_mut().filter(|event| !is_defined(&event.body)) {
                let mut text = event.body.label().into_owned();
                let detail = event.detail();
                if !detail.is_empty() {
                    text = format!("{text}: {detail}");
                }
                event.body = EventBody::NoteAdded { text };
            }
        }
    }
}

fn defined_targets(target: &Target, directory: &Directory) -> Vec<Target> {
    match target {
        Target::OnCall(_) | Target::Person(_) => vec![target.clone()],
        Target::Schedule(name) => {
            let schedule = directory.schedules.iter().find(|schedule| schedule.key() == name);
            schedule.map(|schedule| Target::OnCall(schedule.team.clone())).into_iter().collect()
        }
        Target::Team(name) => {
            let team = directory.teams.iter().find(|team| team.name == *name);
            let members = team.into_iter().flat_map(|team| &team.members);
            members.cloned().map(Target::Person).collect()
        }
        Target::Unknown(_) => Vec::new(),
    }
}

fn is_defined(body: &EventBody) -> bool {
    match body {
        EventBody::ReviewWritten { section, .. } => SECTIONS.contains(section),
        body => EVENTS.contains(&body.kind()),
    }
}

impl<S: Sync> FromRequestParts<S> for Reader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

//! Record the state of an issue in a tracker. Programs that connect to the tracker do so.

use super::CommandKind;
use super::logic::{Case, CommandLogic, Decided};
use super::table::{CommandRow, CommandScope, no_sample};
use crate::model::EventBody;
use crate::model::decide::require_reviewable;
use crate::model::follow_up::FollowUp;
use crate::model::rejection::Rejection;

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::RecordFollowUp,
    "record_follow_up",
    "record-follow-up",
    "record the issue of an action item",
    no_sample,
)
.scope(CommandScope::Admin);

pub(in crate::model) struct RecordFollowUp<'a> {
    pub follow_up: &'a FollowUp,
}

impl CommandLogic for RecordFollowUp<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    /// An item that has an issue gets no other one, whatever two programs have found.
    fn decide(&self, case: &Case<'_>) -> Decided {
        require_reviewable(case.incident)?;
        self.follow_up.check()?;
        let Some(before) = case.incident.follow_up(self.follow_up.item) else {
            return Err(Rejection::NoSuchActionItem);
        };
        if before == self.follow_up {
            return Err(Rejection::NothingToChange);
        }
        let reference =
            |follow_up: &FollowUp| follow_up.issue.as_ref().map(|i| i.reference.clone());
        if before.issue.is_some() && reference(before) != reference(self.follow_up) {
            return Err(Rejection::AlreadyFollowedUp { by: before.phrase() });
        }
        Ok(vec![EventBody::FollowUpSet { follow_up: self.follow_up.clone() }])
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn phrase(&self) -> &'static str {
        "record the issue of an action item of"
    }

    fn content(&self) -> String {
        self.follow_up.phrase()
    }
}

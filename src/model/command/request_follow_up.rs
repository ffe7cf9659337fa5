//! Request an issue in a tracker for an action item, and record its state.

use uuid::Uuid;

use super::logic::{Case, CommandLogic, Decided, EventLogic, quote};
use super::table::CommandRow;
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::decide::require_reviewable;
use crate::model::follow_up::{FollowUp, FollowUpState};
use crate::model::rejection::Rejection;
use crate::model::{Event, EventBody, Incident, PersonRef, Summary};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::RequestFollowUp,
    "request_follow_up",
    "follow-up",
    "make an action item an issue in a tracker",
    |_, _| Some(IncidentCommand::RequestFollowUp { item: Uuid::nil(), tracker: None }),
);

pub(in crate::model) struct RequestFollowUp<'a> {
    pub item: Uuid,
    pub tracker: Option<&'a str>,
}

impl CommandLogic for RequestFollowUp<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        let incident = case.incident;
        require_reviewable(incident)?;
        if let Some(tracker) = self.tracker {
            check::name("tracker", tracker)?;
        }
        if !incident.review.actions.iter().any(|item| item.id == self.item) {
            return Err(Rejection::NoSuchActionItem);
        }
        if let Some(before) = incident.follow_up(self.item)
            && !before.state.may_be_requested_again()
        {
            return Err(Rejection::AlreadyFollowedUp { by: before.phrase() });
        }
        let tracker = self.tracker.map(ToOwned::to_owned);
        Ok(vec![EventBody::FollowUpSet { follow_up: FollowUp::requested(self.item, tracker) }])
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn still_holds(&self, _: &Summary, record: Option<&Incident>) -> bool {
        record.is_none_or(|record| record.follow_up(self.item).is_some())
    }

    fn phrase(&self) -> &'static str {
        "ask for an issue for an action item of"
    }

    fn content(&self) -> String {
        self.tracker.unwrap_or_default().to_owned()
    }
}

pub(in crate::model) struct FollowUpSet<'a> {
    pub follow_up: &'a FollowUp,
}

impl EventLogic for FollowUpSet<'_> {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        let item = self.follow_up.item;
        match incident.follow_ups.iter_mut().find(|before| before.item == item) {
            Some(before) => before.clone_from(self.follow_up),
            None => incident.follow_ups.push(self.follow_up.clone()),
        }
    }

    fn check(&self) -> Result<(), BadField> {
        self.follow_up.check()
    }

    fn is_news(&self) -> bool {
        matches!(self.follow_up.state, FollowUpState::Done | FollowUpState::Refused)
    }

    fn label(&self) -> &'static str {
        "Follow-up"
    }

    fn detail(&self) -> String {
        self.follow_up.line()
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        format!("followed up an action item: {}", quote(&self.follow_up.phrase()))
    }
}

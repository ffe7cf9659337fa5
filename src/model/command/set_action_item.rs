//! Set an action item of the review: add it, or change it.

use chrono::NaiveTime;

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic};
use super::table::{CommandRow, SAMPLE_TEXT};
use super::write_review::REVIEW_NEWS;
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::decide::require_reviewable;
use crate::model::review::{ActionItem, ActionKind};
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::SetActionItem,
    "set_action_item",
    "action-item",
    "write an action item of the review",
    |_, _| {
        let item = ActionItem {
            id: uuid::Uuid::nil(),
            text: SAMPLE_TEXT.into(),
            owner: None,
            due: None,
            kind: ActionKind::Prevent,
            done: false,
        };
        Some(IncidentCommand::SetActionItem { item })
    },
)
.inverse(&[CommandKind::SetActionItem]);

pub(in crate::model) struct SetActionItem<'a> {
    pub item: &'a ActionItem,
}

impl CommandLogic for SetActionItem<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        require_reviewable(case.incident)?;
        check::required_text("action item", &self.item.text)?;
        self.item.owner.as_ref().map_or(Ok(()), |owner| check::person("owner", owner))?;
        if let Some(due) = self.item.due {
            check::time("due", due.and_time(NaiveTime::MIN).and_utc())?;
        }
        Ok(vec![EventBody::ActionItemSet { item: self.item.clone() }])
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    /// A new item can't be removed, so only a change is undone.
    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        let actions = &before?.record?.review.actions;
        let item = actions.iter().find(|action| action.id == self.item.id)?.clone();
        Some(IncidentCommand::SetActionItem { item })
    }

    fn phrase(&self) -> &'static str {
        "write an action item of"
    }

    fn content(&self) -> String {
        self.item.text.clone()
    }
}

pub(in crate::model) struct ActionItemSet<'a> {
    pub item: &'a ActionItem,
}

impl EventLogic for ActionItemSet<'_> {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        incident.review.set_action(self.item.clone());
    }

    fn check(&self) -> Result<(), BadField> {
        check::text("text", &self.item.text)?;
        self.item.owner.as_ref().map_or(Ok(()), |owner| check::person("owner", owner))
    }

    fn label(&self) -> &'static str {
        "Review"
    }

    fn detail(&self) -> String {
        self.item.text.clone()
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        REVIEW_NEWS.into()
    }
}

//! Answer an item of the investigation checklist or of the closing gate.

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic, quote};
use super::table::CommandRow;
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::checklist::{Answer, Answered, InvestigationItem, Item};
use crate::model::decide::already_ended;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef, Status, Summary};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::AnswerItem,
    "answer_item",
    "checklist",
    "checklist of its stage",
    |_, _| {
        let item = Item::Investigation(InvestigationItem::Reproduced);
        Some(IncidentCommand::AnswerItem { item, answer: Answer::Yes })
    },
)
.inverse(&[CommandKind::AnswerItem]);

/// Returns the recorded answer to an item.
fn recorded(record: &Incident, item: Item) -> Answer {
    let answered = record.answered.iter().find(|answered| answered.item == item);
    answered.map_or(Answer::Open, |answered| answered.answer.clone())
}

pub(in crate::model) struct AnswerItem<'a> {
    pub item: Item,
    pub answer: &'a Answer,
}

impl CommandLogic for AnswerItem<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        if let Answer::Waived(reason) = self.answer {
            check::required_text("reason", reason)?;
        }
        if matches!(
            case.incident.summary.status,
            Status::Closed | Status::Merged | Status::Reclassified
        ) {
            return Err(already_ended(case.incident));
        }
        Ok(vec![EventBody::ItemAnswered { item: self.item, answer: self.answer.clone() }])
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        let answer = recorded(before?.record?, self.item);
        Some(IncidentCommand::AnswerItem { item: self.item, answer })
    }

    fn still_holds(&self, _: &Summary, record: Option<&Incident>) -> bool {
        record.is_none_or(|record| recorded(record, self.item) == *self.answer)
    }

    fn phrase(&self) -> &'static str {
        "answer an item of"
    }

    fn content(&self) -> String {
        self.item.to_string()
    }
}

pub(in crate::model) struct ItemAnswered<'a> {
    pub item: Item,
    pub answer: &'a Answer,
}

impl EventLogic for ItemAnswered<'_> {
    fn apply(&self, incident: &mut Incident, event: &Event) {
        incident.answered.retain(|answered| answered.item != self.item);
        if *self.answer != Answer::Open {
            incident.answered.push(Answered {
                item: self.item,
                answer: self.answer.clone(),
                by: event.actor.clone(),
            });
        }
    }

    fn check(&self) -> Result<(), BadField> {
        match self.answer {
            Answer::Waived(reason) => check::text("reason", reason),
            Answer::Yes | Answer::Open | Answer::Unknown(_) => Ok(()),
        }
    }

    fn label(&self) -> &'static str {
        "Checklist"
    }

    fn detail(&self) -> String {
        let item = self.item;
        match self.answer {
            Answer::Yes => format!("{item}: yes"),
            Answer::Waived(reason) => format!("{item}: waived, {reason}"),
            Answer::Open => format!("{item}: open again"),
            Answer::Unknown(answer) => format!("{item}: {answer}"),
        }
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        format!("answered {}", quote(&self.detail()))
    }
}

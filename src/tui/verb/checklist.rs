//! Checklist: a form of the items of the incident's stage.

use chrono::{DateTime, Utc};

use crate::model::checklist::{Answer, ClosingItem, InvestigationItem, Item};
use crate::model::command::CommandKind;
use crate::model::{EventBody, Incident, IncidentCommand};

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::form::{Field, Kind};
use crate::tui::verb::logic::{Filled, Filling, FormCommands, FormLogic, Opening, VerbLogic};
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::command(CommandKind::AnswerItem, &["i"]);

pub(super) struct AnswerItem;

impl VerbLogic for AnswerItem {
    fn kind(&self) -> CommandKind {
        CommandKind::AnswerItem
    }

    fn needs_record(&self) -> bool {
        true
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::Form(Kind::Checklist)
    }
}

pub(super) struct ChecklistForm;

impl FormLogic for ChecklistForm {
    fn name(&self) -> &'static str {
        "checklist"
    }

    fn heading(&self) -> &'static str {
        "Checklist of"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("answer the checklist of", "checklist answered")
    }

    /// Shows the investigation while the incident is open, then the closing checklist.
    fn fields(&self, filling: &Filling<'_>) -> Vec<Field> {
        let record = filling.record;
        if record.is_some_and(|record| !record.summary.status.is_open()) {
            return closing_items(record);
        }
        let items = InvestigationItem::ALL.iter();
        items.map(|item| item_field(record, Item::Investigation(*item))).collect()
    }

    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        Ok((Vec::new(), answers(filled)))
    }

    fn edits_record(&self) -> bool {
        true
    }

    fn is_changed_by(&self, body: &EventBody) -> bool {
        matches!(body, EventBody::ItemAnswered { .. })
    }
}

/// Returns a field for each item of the closing gate.
pub(super) fn closing_items(record: Option<&Incident>) -> Vec<Field> {
    ClosingItem::ALL.iter().map(|item| item_field(record, Item::Closing(*item))).collect()
}

fn item_field(record: Option<&Incident>, item: Item) -> Field {
    let answered = record.and_then(|record| record.answered.iter().find(|a| a.item == item));
    Field::tick(item.to_string(), Some(item), answered.map(|answered| &answered.answer))
}

/// Returns the answers that were changed in the form and differ from the record.
pub(super) fn answers(filled: &Filled<'_>) -> Vec<IncidentCommand> {
    let record = filled.record();
    let recorded = |item| {
        let answered = record.and_then(|record| record.answered.iter().find(|a| a.item == item));
        answered.map_or(Answer::Open, |answered| answered.answer.clone())
    };
    let form = filled.form;
    let changed = form.fields.iter().filter(|field| form.is_changed(&field.label));
    changed
        .filter_map(Field::answer)
        .filter(|(item, answer)| recorded(*item) != *answer)
        .map(|(item, answer)| IncidentCommand::AnswerItem { item, answer })
        .collect()
}

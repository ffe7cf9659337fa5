//! Action item: a form of one item of the review. Opened from the menu of the review.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::checklist::Answer;
use crate::model::command::CommandKind;
use crate::model::review::{ActionItem, ActionKind};
use crate::model::{EventBody, IncidentCommand};

use crate::tui::core::app::App;
use crate::tui::form::{Field, Kind};
use crate::tui::verb::logic::{
    Contents, Filled, Filling, FormCommands, FormLogic, Opening, VerbLogic, one_command,
};
use crate::tui::verb::names;
use crate::tui::verb::target::Target;

pub(super) struct SetActionItem;

impl VerbLogic for SetActionItem {
    fn kind(&self) -> CommandKind {
        CommandKind::SetActionItem
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::Form(Kind::ActionItem { id: Uuid::now_v7() })
    }

    fn edit(&self, _: &App, command: &IncidentCommand) -> Option<(Kind, Contents)> {
        let IncidentCommand::SetActionItem { item } = command else { return None };
        let contents = vec![
            ("To do", item.text.clone()),
            ("It will", item.kind.to_string()),
            ("Owner", item.owner.as_ref().map(|owner| owner.name.clone()).unwrap_or_default()),
            ("Due", item.due.map(|due| due.to_string()).unwrap_or_default()),
            ("done", if item.done { "yes".into() } else { String::new() }),
        ];
        Some((Kind::ActionItem { id: item.id }, contents))
    }
}

pub(super) struct ActionItemForm {
    pub id: Uuid,
}

impl FormLogic for ActionItemForm {
    fn name(&self) -> &'static str {
        "action item"
    }

    fn heading(&self) -> &'static str {
        "Action item of"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("write an action item of", "action item written")
    }

    fn fields(&self, filling: &Filling<'_>) -> Vec<Field> {
        let mut items = filling.record.into_iter().flat_map(|record| &record.review.actions);
        let item = items.find(|item| item.id == self.id);
        let position =
            |kind: ActionKind| ActionKind::ALL.iter().position(|k| *k == kind).unwrap_or(0);
        let kind = item.map_or(0, |item| position(item.kind));
        let owner = item.and_then(|item| item.owner.as_ref());
        let owner = owner.map_or("", |owner| owner.name.as_str());
        let due = item.and_then(|item| item.due).map(|due| due.to_string()).unwrap_or_default();
        let done = item.is_some_and(|item| item.done).then_some(Answer::Yes);
        let kinds = names::choice_labels(ActionKind::ALL, ActionKind::as_str);
        vec![
            Field::line("To do", item.map_or("", |item| item.text.as_str())).required(),
            Field::choice("It will", kinds, kind),
            Field::name("Owner", owner, names::people_names(filling.app)),
            Field::line("Due", &due).example("2026-03-31"),
            Field::tick("done", None, done.as_ref()),
        ]
    }

    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        let due = names::due(filled.form)?;
        let owner = names::person(filled.app, filled.form, "Owner")?;
        one_command(IncidentCommand::SetActionItem {
            item: ActionItem {
                id: self.id,
                text: filled.value("To do"),
                owner,
                due,
                kind: names::parse_choice::<ActionKind>(filled.form, "It will")?,
                done: filled.value("done") == "yes",
            },
        })
    }

    fn edits_record(&self) -> bool {
        true
    }

    fn is_changed_by(&self, body: &EventBody) -> bool {
        matches!(body, EventBody::ActionItemSet { .. })
    }
}

//! Close: a form of the closing gate; when all is answered, the incident is closed.

use chrono::{DateTime, Utc};

use crate::model::checklist::{Answer, ClosingItem, Item};
use crate::model::command::CommandKind;
use crate::model::{EventBody, IncidentCommand, Summary};

use crate::tui::action::{Entry, Phase};
use crate::tui::core::app::App;
use crate::tui::form::{Field, Kind};
use crate::tui::verb::checklist::{answers, closing_items};
use crate::tui::verb::logic::{
    Filled, Filling, FormCommands, FormLogic, Opening, VerbLogic, field_error,
};
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry =
    Entry::command(CommandKind::Close, &["C"]).hint("close").primary(&[(Phase::Resolved, 0)]);

pub(super) struct Close;

impl VerbLogic for Close {
    fn kind(&self) -> CommandKind {
        CommandKind::Close
    }

    fn needs_record(&self) -> bool {
        true
    }

    fn explains_refusal(&self) -> bool {
        true
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::Form(Kind::Close)
    }

    /// Answers the gate first, as the form does.
    fn probe(
        &self,
        _: &App,
        _: Option<&Summary>,
        _: DateTime<Utc>,
    ) -> Option<Vec<IncidentCommand>> {
        let answers = ClosingItem::ALL.iter().map(|item| IncidentCommand::AnswerItem {
            item: Item::Closing(*item),
            answer: Answer::Yes,
        });
        Some(answers.chain([IncidentCommand::Close]).collect())
    }
}

pub(super) struct CloseForm;

impl FormLogic for CloseForm {
    fn name(&self) -> &'static str {
        "closing"
    }

    fn heading(&self) -> &'static str {
        "Close"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("close", "closed")
    }

    fn fields(&self, filling: &Filling<'_>) -> Vec<Field> {
        closing_items(filling.record)
    }

    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        let mut fields = filled.form.fields.iter();
        let open = fields.find(|f| f.answer().is_some_and(|a| a.1 == Answer::Open));
        if let Some(field) = open {
            return Err(field_error(&field.label, "answer it: Space says yes, w waives it"));
        }
        let mut commands = answers(filled);
        commands.push(IncidentCommand::Close);
        Ok((Vec::new(), commands))
    }

    fn edits_record(&self) -> bool {
        true
    }

    fn is_changed_by(&self, body: &EventBody) -> bool {
        matches!(body, EventBody::ItemAnswered { .. })
    }
}

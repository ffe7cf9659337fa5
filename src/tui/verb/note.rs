//! Note: a form with one text. It also rewrites the correction of a note that was refused.

use chrono::{DateTime, Utc};

use crate::model::command::CommandKind;
use crate::model::{IncidentCommand, check};

use crate::tui::action::{Entry, Phase};
use crate::tui::core::app::App;
use crate::tui::form::{Field, Kind};
use crate::tui::picker::{Item, Pick};
use crate::tui::verb::argument_error::ArgumentError;
use crate::tui::verb::logic::{
    Contents, Filled, Filling, FormCommands, FormLogic, Opening, Typed, VerbLogic, field_error,
    one_command, single_command,
};
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::command(CommandKind::AddNote, &["n"])
    .hint("note")
    .primary(&[(Phase::InProgress, 0)])
    .aliases(&["comment", "remark"]);

pub(super) struct Note;

impl VerbLogic for Note {
    fn kind(&self) -> CommandKind {
        CommandKind::AddNote
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::Form(Kind::Note)
    }

    fn offers(&self, _: &App, _: &str, _: &[Target], _: DateTime<Utc>) -> Vec<Item> {
        Vec::new()
    }

    fn parse_argument(&self, typed: &Typed<'_>) -> Result<Pick, ArgumentError> {
        check::required_text("note", typed.text).map_err(|error| error.problem)?;
        let command = IncidentCommand::AddNote { text: typed.text.to_owned() };
        Ok(single_command("write a note on", "noted", command))
    }

    fn edit(&self, _: &App, command: &IncidentCommand) -> Option<(Kind, Contents)> {
        match command {
            IncidentCommand::AddNote { text } | IncidentCommand::CorrectNote { text, .. } => {
                Some((Kind::Note, vec![("Note", text.clone())]))
            }
            _ => None,
        }
    }

    fn probe(
        &self,
        _: &App,
        _: Option<&crate::model::Summary>,
        _: DateTime<Utc>,
    ) -> Option<Vec<IncidentCommand>> {
        // A note may be written at any time.
        None
    }
}

pub(super) struct NoteForm;

impl FormLogic for NoteForm {
    fn name(&self) -> &'static str {
        "note"
    }

    fn heading(&self) -> &'static str {
        "Note on"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("write a note on", "noted")
    }

    fn fields(&self, _: &Filling<'_>) -> Vec<Field> {
        vec![Field::text("Note", "").hint("what was seen, tried or decided").required()]
    }

    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        let text = filled.value("Note");
        check::required_text("note", &text)
            .map_err(|error| field_error("Note", error.problem.to_string()))?;
        one_command(match filled.replaced() {
            Some(IncidentCommand::CorrectNote { note, .. }) => {
                IncidentCommand::CorrectNote { note: *note, text }
            }
            _ => IncidentCommand::AddNote { text },
        })
    }
}

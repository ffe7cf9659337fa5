//! Attach evidence: the path of a file, as an argument in the command palette.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::model::command::CommandKind;

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::picker::Pick;
use crate::tui::verb::argument_error::ArgumentError;
use crate::tui::verb::logic::{Opening, Typed, VerbLogic};
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry =
    Entry::command(CommandKind::AttachEvidence, &[]).requires_argument();

pub(super) struct AttachEvidence;

impl VerbLogic for AttachEvidence {
    fn kind(&self) -> CommandKind {
        CommandKind::AttachEvidence
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::Explain("type the path of a file: attach ~/app.log".into())
    }

    /// The same evidence can't belong to several incidents.
    fn parse_argument(&self, typed: &Typed<'_>) -> Result<Pick, ArgumentError> {
        if typed.targets.len() > 1 {
            let why = "a file is attached to one incident at a time";
            return Err(ArgumentError::NothingToChoose(why.into()));
        }
        Ok(Pick::AttachFile(PathBuf::from(typed.text)))
    }
}

//! Corrections of an incident that is resolved or closed: a form of the reason, which opens when a
//! verb is about to change such an incident.

use crate::model::IncidentCommand;

use crate::tui::form::Field;
use crate::tui::verb::logic::{Filled, Filling, FormCommands, FormLogic};

pub(super) struct CorrectionForm<'a> {
    pub commands: &'a [IncidentCommand],
}

impl FormLogic for CorrectionForm<'_> {
    fn name(&self) -> &'static str {
        "correction"
    }

    fn heading(&self) -> &'static str {
        "Correct"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("correct", "corrected")
    }

    fn fields(&self, _: &Filling<'_>) -> Vec<Field> {
        vec![Field::line("Why", "").hint("what was found out since").required()]
    }

    fn commands(&self, _: &Filled<'_>) -> FormCommands {
        Ok((Vec::new(), self.commands.to_vec()))
    }

    fn because(&self, filled: &Filled<'_>) -> Option<String> {
        Some(filled.value("Why"))
    }
}

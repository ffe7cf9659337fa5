//! The field in which most incidents like the one that is read differ from it.

use crate::model::similar::{HintField, SimilarHint, hints};
use crate::model::{IncidentCommand, Summary};

use crate::tui::core::app::App;

/// Returns the row of the record that is read, with the first hint that can be followed.
pub(in crate::tui) fn first(app: &App) -> Option<(&Summary, SimilarHint)> {
    let target = app.target()?.id;
    let shown = app.reading.shown.as_ref().filter(|shown| shown.id == target)?;
    let row = &shown.detail.incident.summary;
    let is_usable = |hint: &SimilarHint| command(row, hint).is_some();
    let hint = hints(row, &shown.detail.similar).into_iter().find(is_usable)?;
    row.status.is_open().then_some((row, hint))
}

/// Returns the command that follows a hint; `None` for one of a later version.
pub(in crate::tui) fn command(row: &Summary, hint: &SimilarHint) -> Option<IncidentCommand> {
    match hint.field {
        HintField::Category => {
            let category = hint.value.parse().ok()?;
            Some(IncidentCommand::Categorize { category: Some(category) })
        }
        HintField::Service => {
            // It becomes the primary service; the others stay affected.
            let others = row.services.iter().filter(|service| **service != hint.value);
            let services = std::iter::once(&hint.value).chain(others).cloned().collect();
            Some(IncidentCommand::SetServices { services })
        }
        HintField::Unknown(_) => None,
    }
}

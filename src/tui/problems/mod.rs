//! One problem with the incidents that link to it, and how a problem is recorded and changed.

pub mod form;
pub mod logic;
pub mod open;
pub mod send;

use crate::backend::lists::ProblemEntry;
use crate::model::ProblemId;
use crate::model::problem::Problem;
use crate::model::time::format_duration;

use crate::tui::screens::{ListScreen, ScreenData, ScreenKind, Screens};

/// Returns the problems that were read for a screen.
pub(in crate::tui) fn rows(screen: &ListScreen) -> &[ProblemEntry] {
    match &screen.data {
        ScreenData::Problems(rows) => rows,
        _ => &[],
    }
}

/// Returns the problem that one sees: the one that the screen is about, or that is selected in the list.
#[must_use]
pub fn shown_problem(screens: &Screens) -> Option<&ProblemEntry> {
    let screen = screens.shown()?;
    match screen.kind {
        ScreenKind::Problem => rows(screen).first(),
        ScreenKind::Problems => rows(screen).get(screen.selected_item()?.index),
        _ => None,
    }
}

/// Returns a problem that was read for the screen.
pub(in crate::tui) fn find(screens: &Screens, id: ProblemId) -> Option<&Problem> {
    let screen = screens.open.as_deref()?;
    rows(screen).iter().map(|entry| &entry.problem).find(|problem| problem.id == id)
}

/// Returns for how long service was out in the incidents of a problem; empty for none.
pub(in crate::tui) fn lost(entry: &ProblemEntry) -> String {
    if entry.incident_count == 0 {
        return String::new();
    }
    let seconds = i64::try_from(entry.lost_s).ok().and_then(chrono::TimeDelta::try_seconds);
    format_duration(seconds.unwrap_or(chrono::TimeDelta::MAX))
}

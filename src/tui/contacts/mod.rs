//! Contacts: how people are reached, as a list in which the viewer sets their own and tries them.

pub mod form;
pub mod logic;
pub mod row;
pub mod state;
pub mod update;

use crate::model::notification::PersonReach;

use crate::tui::contacts::row::ContactRow;
use crate::tui::core::app::App;
use crate::tui::screens::{ListItem, ListScreen, ScreenData, ScreenKind};

/// Returns the rows of the list.
#[must_use]
pub fn rows(screen: &ListScreen) -> &[ContactRow] {
    match &screen.data {
        ScreenData::Contacts(rows) => rows,
        _ => &[],
    }
}

/// Returns the list if it is visible.
#[must_use]
pub fn shown(app: &App) -> Option<&ListScreen> {
    app.screens.shown().filter(|screen| screen.kind == ScreenKind::Contacts)
}

/// Returns the selected row, if the list is visible.
#[must_use]
pub fn selected(app: &App) -> Option<&ContactRow> {
    let screen = shown(app)?;
    let item: &ListItem = screen.selected_item()?;
    rows(screen).get(item.index)
}

/// Returns whether a person is the viewer.
#[must_use]
pub fn is_viewer(app: &App, person: &PersonReach) -> bool {
    person.person.eq_ignore_ascii_case(&app.session.me.handle)
}

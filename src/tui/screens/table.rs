//! List screens that are tables of rows, defined by a description of columns, orders and texts
//! instead of code that draws and copies them.

use std::borrow::Cow;

use ratatui::style::Style;

use crate::model::text::SafeText;
use crate::model::{IncidentId, Priority};

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::lists::shared::detail;
use crate::tui::screens::columns::{self, Cell, ColumnSpec};
use crate::tui::screens::item::ListItem;
use crate::tui::screens::logic::{CopyText, Entered, ScreenLogic};
use crate::tui::screens::{ListScreen, ScreenRequest};
use crate::tui::widgets::text::{Line, Span};

/// A row of a table with the context of its cells.
#[allow(missing_docs, reason = "the names say it")]
pub(in crate::tui) struct RowContext<'a, R> {
    pub app: &'a App,
    pub screen: &'a ListScreen,
    pub item: &'a ListItem,
    pub row: &'a R,
    /// The width of the table.
    pub width: usize,
}

/// The content of a cell.
pub(in crate::tui) type Content = Vec<Span<'static>>;

/// Creates the content of a cell in a style.
pub(in crate::tui) fn styled<'t>(text: impl Into<SafeText<'t>>, style: Style) -> Content {
    vec![Span::styled(text.into().into_owned(), style)]
}

impl<R> RowContext<'_, R> {
    /// Creates the content of a cell in the usual style.
    pub(in crate::tui) fn plain<'t>(&self, text: impl Into<SafeText<'t>>) -> Content {
        styled(text, self.app.ui.theme.text())
    }

    /// Creates the content of a cell of less importance.
    pub(in crate::tui) fn dim<'t>(&self, text: impl Into<SafeText<'t>>) -> Content {
        styled(text, self.app.ui.theme.dim())
    }

    /// Creates the content of a cell with a priority, in its color.
    pub(in crate::tui) fn priority(&self, priority: Priority) -> Content {
        styled(priority.to_string(), self.app.ui.theme.priority(priority))
    }

    /// Makes highlighted content of a cell.
    pub(in crate::tui) fn strong<'t>(&self, text: impl Into<SafeText<'t>>) -> Content {
        styled(text, self.app.ui.theme.strong())
    }
}

/// A column of a table: its heading, its width, the width of the table from which it is shown, and
/// its cell for a row.
pub(in crate::tui) struct Column<R> {
    spec: ColumnSpec,
    content: fn(&RowContext<'_, R>) -> Content,
    /// Whether the column has content for a row. It is shown if it has for one of them.
    is_used: fn(&R) -> bool,
    /// Its width in a table that is narrower than the first number.
    narrow: Option<(usize, usize)>,
}

impl<R> Column<R> {
    /// Describes a column of a width that is always shown.
    pub(in crate::tui) const fn new(
        title: &'static str,
        width: usize,
        content: fn(&RowContext<'_, R>) -> Content,
    ) -> Self {
        Self { spec: ColumnSpec::new(title, width, 0), content, is_used: |_| true, narrow: None }
    }

    /// Describes the column that gets the remaining width.
    pub(in crate::tui) const fn fill(
        title: &'static str,
        content: fn(&RowContext<'_, R>) -> Content,
    ) -> Self {
        Self { spec: ColumnSpec::fill(title), content, is_used: |_| true, narrow: None }
    }

    /// Returns the column such that it is shown from a width of the table on.
    pub(in crate::tui) const fn from(self, from: usize) -> Self {
        let spec = ColumnSpec { from, ..self.spec };
        Self { spec, content: self.content, is_used: self.is_used, narrow: self.narrow }
    }

    /// Returns the column with its contents at the right.
    pub(in crate::tui) const fn right(self) -> Self {
        let spec = self.spec.right();
        Self { spec, content: self.content, is_used: self.is_used, narrow: self.narrow }
    }

    /// Returns the column such that it is shown only while it has content for one of the rows.
    pub(in crate::tui) const fn only_if(self, is_used: fn(&R) -> bool) -> Self {
        Self { spec: self.spec, content: self.content, is_used, narrow: self.narrow }
    }

    /// Returns the column such that it has another width in a table that is narrower than `below`.
    pub(in crate::tui) const fn narrow(self, below: usize, width: usize) -> Self {
        let narrow = Some((below, width));
        Self { spec: self.spec, content: self.content, is_used: self.is_used, narrow }
    }

    /// Returns the column as it is in a table of a width.
    fn spec_at(&self, room: usize) -> ColumnSpec {
        match self.narrow {
            Some((below, width)) if room < below => ColumnSpec { width, ..self.spec },
            _ => self.spec,
        }
    }
}

/// Returns the columns that are shown at a width, each with its width. Columns without content for
/// any row leave their width to the others.
fn fit<R>(columns: &[Column<R>], rows: &[R], width: usize) -> Vec<ColumnSpec> {
    let is_used = |column: &&Column<R>| rows.is_empty() || rows.iter().any(column.is_used);
    let specs: Vec<ColumnSpec> =
        columns.iter().filter(is_used).map(|column| column.spec_at(width)).collect();
    columns::fit(&specs, width)
}

/// Creates the items of rows, each with its index.
pub(in crate::tui) fn items_of<R>(rows: &[R], item: impl Fn(&R) -> ListItem) -> Vec<ListItem> {
    let rows = rows.iter().enumerate();
    rows.map(|(index, row)| ListItem { index, ..item(row) }).collect()
}

/// The description of a list screen whose items are rows of columns.
pub(in crate::tui) trait TableScreen: Sync {
    /// The type of a row.
    type Row: 'static;

    /// The names of the terms that its filter has.
    const TERMS: &'static [&'static str];

    /// The orders, the usual one first. Items have one rank for each.
    const ORDERS: &'static [&'static str];

    /// The columns, from left to right.
    const COLUMNS: &'static [Column<Self::Row>];

    /// The description of one row for copying, as in `this alert`.
    const COPIED: &'static str;

    /// The prefix of each row when all are copied.
    const BULLET: &'static str = "";

    /// Whether `Enter` shows the details of a row. Without it, and on a row whose details are shown, it
    /// opens the incident of the row.
    const HAS_DETAILS: bool = true;

    /// The usual text if there are no rows.
    const EMPTY: &'static str;

    /// The actions that help if there are no rows, each with its effect: their keys are named.
    const EMPTY_ACTIONS: &'static [(Action, &'static str)] = &[];

    /// Returns the text if there are no rows.
    fn empty(_screen: &ListScreen) -> &'static str {
        Self::EMPTY
    }

    /// Returns the request to the backend, for at most `limit` rows.
    fn request(app: &App, screen: &ListScreen, limit: u32) -> Option<ScreenRequest>;

    /// Returns the rows that were read.
    fn rows(screen: &ListScreen) -> &[Self::Row];

    /// Returns the items of the rows.
    fn items(app: &App, rows: &[Self::Row]) -> Vec<ListItem>;

    /// Returns the part of the title after the name of the screen, the most important part first.
    fn about(app: &App, screen: &ListScreen) -> Vec<String>;

    /// Returns the lines above the headings of the columns.
    fn introduction(_app: &App, _screen: &ListScreen, _width: usize) -> Vec<Line<'static>> {
        Vec::new()
    }

    /// Returns the lines below each row.
    fn sublines(_context: &RowContext<'_, Self::Row>) -> Vec<Line<'static>> {
        Vec::new()
    }

    /// Returns the details of a row: labels and texts; those without a text are not shown.
    fn details(_context: &RowContext<'_, Self::Row>) -> Vec<(Cow<'static, str>, String)> {
        Vec::new()
    }

    /// Returns the lines below the last row.
    fn footer(_app: &App, _screen: &ListScreen) -> Vec<Line<'static>> {
        Vec::new()
    }

    /// Returns the incident that `Enter` opens.
    fn incident(_app: &App, _row: &Self::Row) -> Option<IncidentId> {
        None
    }

    /// Returns everything about a row in a line.
    fn text(app: &App, row: &Self::Row) -> String;

    /// Returns the parts of a row that can be copied, besides its text.
    fn parts(_row: &Self::Row) -> Vec<CopyText> {
        Vec::new()
    }
}

impl<T: TableScreen> ScreenLogic for T {
    fn terms(&self) -> &'static [&'static str] {
        T::TERMS
    }

    fn orders(&self) -> &'static [&'static str] {
        T::ORDERS
    }

    fn request(&self, app: &App, screen: &ListScreen, limit: u32) -> Option<ScreenRequest> {
        <T as TableScreen>::request(app, screen, limit)
    }

    fn items(&self, app: &App, screen: &ListScreen) -> Vec<ListItem> {
        <T as TableScreen>::items(app, T::rows(screen))
    }

    fn about(&self, app: &App, screen: &ListScreen) -> Vec<String> {
        <T as TableScreen>::about(app, screen)
    }

    fn heading(&self, app: &App, screen: &ListScreen, width: usize) -> Vec<Line<'static>> {
        let mut lines = T::introduction(app, screen, width);
        lines.push(columns::heading(&fit(T::COLUMNS, T::rows(screen), width), app.ui.theme.dim()));
        lines
    }

    fn lines(
        &self,
        app: &App,
        screen: &ListScreen,
        item: &ListItem,
        width: usize,
    ) -> Vec<Line<'static>> {
        let rows = T::rows(screen);
        let Some(row) = rows.get(item.index) else { return vec![Line::default()] };
        let context = RowContext { app, screen, item, row, width };
        let shown = T::COLUMNS.iter().filter(|column| column.spec.from <= width);
        let cells = shown
            .map(|column| Cell::of_spans(column.spec.title, (column.content)(&context)))
            .collect();
        let mut lines = vec![columns::line(&fit(T::COLUMNS, rows, width), cells)];
        lines.extend(T::sublines(&context));
        if screen.is_expanded(item) {
            let details = T::details(&context).into_iter();
            lines.extend(details.flat_map(|(name, text)| detail(app, &name, &text, width)));
        }
        lines
    }

    fn footer(&self, app: &App, screen: &ListScreen, _width: usize) -> Vec<Line<'static>> {
        <T as TableScreen>::footer(app, screen)
    }

    fn empty_text(&self, app: &App, screen: &ListScreen) -> String {
        let keymap = &app.ui.keymap;
        let hints = T::EMPTY_ACTIONS.iter().map(|(action, what)| keymap.hint_suffix(*action, what));
        std::iter::once(T::empty(screen).to_owned()).chain(hints).collect()
    }

    fn enter(&self, app: &App, screen: &ListScreen, item: &ListItem) -> Entered {
        if T::HAS_DETAILS && !screen.is_expanded(item) {
            return Entered::Details;
        }
        let row = T::rows(screen).get(item.index);
        let incident = row.and_then(|row| T::incident(app, row));
        incident.map_or(Entered::Details, Entered::Incident)
    }

    fn copies(&self, app: &App, screen: &ListScreen, item: Option<&ListItem>) -> Vec<CopyText> {
        let rows = T::rows(screen);
        let Some(row) = item.and_then(|item| rows.get(item.index)) else { return Vec::new() };
        let listed = screen.items.iter().filter_map(|item| rows.get(item.index));
        let all: Vec<String> =
            listed.map(|row| format!("{}{}", T::BULLET, T::text(app, row))).collect();
        let mut copies = vec![CopyText { key: 't', what: T::COPIED, text: T::text(app, row) }];
        copies.extend(T::parts(row));
        copies.push(CopyText { key: 'a', what: "all that are listed", text: all.join("\n") });
        copies
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::text::width;
    use crate::tui::alerts::logic::AlertsScreen;
    use crate::tui::contacts::logic::ContactsScreen;
    use crate::tui::lists::action_items::ActionItemsScreen;
    use crate::tui::lists::noise::NoiseScreen;
    use crate::tui::lists::notifications::NotificationsScreen;
    use crate::tui::lists::reviews::ReviewsScreen;
    use crate::tui::lists::services::ServicesScreen;
    use crate::tui::maintenance::logic::MaintenanceScreen;
    use crate::tui::similar::logic::SimilarScreen;

    /// The widths of the lines of a list on screens of 40, 80, 126 and 200 columns.
    const WIDTHS: [usize; 4] = [38, 76, 122, 196];
    /// The minimum width of the column that gets the remaining width.
    const MIN_FILL: usize = 8;

    fn check_columns<T: TableScreen>() {
        let specs: Vec<ColumnSpec> = T::COLUMNS.iter().map(|column| column.spec).collect();
        let titles: BTreeSet<&str> = specs.iter().map(|spec| spec.title).collect();
        assert_eq!(titles.len(), specs.len(), "cells name their column by its heading");
        assert_eq!(specs.iter().filter(|spec| spec.width == 0).count(), 1, "{titles:?}");
        for room in WIDTHS {
            let shown = fit(T::COLUMNS, &[], room);
            let is_cut = |spec: &ColumnSpec| width(spec.title) > spec.width;
            assert!(!shown.iter().any(is_cut), "{shown:?} at {room}");
            let total: usize = shown.iter().map(|spec| spec.width).sum();
            assert_eq!(total + 2 * (shown.len() - 1), room, "{shown:?}");
            let filling = specs.iter().find(|spec| spec.width == 0).map(|spec| spec.title);
            let filling = shown.iter().find(|spec| Some(spec.title) == filling);
            assert!(filling.is_some_and(|spec| spec.width >= MIN_FILL), "{shown:?} at {room}");
        }
    }

    #[test]
    fn column_that_says_nothing_leaves_its_room() {
        let column = |title| Column::<u8>::new(title, 4, |of| of.plain(of.row.to_string()));
        let columns = [
            Column::<u8>::fill("A", |of| of.plain(of.row.to_string())),
            column("B").only_if(|row| *row > 1),
        ];
        let widths = |rows: &[u8]| -> Vec<(&str, usize)> {
            fit(&columns, rows, 20).iter().map(|spec| (spec.title, spec.width)).collect()
        };
        assert_eq!(widths(&[0, 1]), [("A", 20)]);
        assert_eq!(widths(&[0, 2]), [("A", 14), ("B", 4)]);
        assert_eq!(widths(&[]), [("A", 14), ("B", 4)]);
    }

    #[test]
    fn columns_fit_their_headings_at_every_width() {
        check_columns::<AlertsScreen>();
        check_columns::<ContactsScreen>();
        check_columns::<ActionItemsScreen>();
        check_columns::<NoiseScreen>();
        check_columns::<NotificationsScreen>();
        check_columns::<ReviewsScreen>();
        check_columns::<ServicesScreen>();
        check_columns::<MaintenanceScreen>();
        check_columns::<SimilarScreen>();
    }
}

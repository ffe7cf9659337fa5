//! Common parts of the rows of these screens.

use chrono::{DateTime, NaiveDate, Utc};

use crate::backend::lists::IncidentBrief;
use crate::model::Priority;
use crate::model::text::{self, wrap};

use crate::tui::core::app::App;
use crate::tui::screens::columns::Cell;
use crate::tui::widgets::text::{Line, Span};

/// The widths of the columns.
pub(in crate::tui) const NUMBER_WIDTH: usize = 10;
pub(in crate::tui) const PRIORITY_WIDTH: usize = 2;
pub(in crate::tui) const DAY_WIDTH: usize = 10;
pub(in crate::tui) const OWNER_WIDTH: usize = 16;
/// The width of a list from which on less important columns are shown.
pub(in crate::tui) const WIDE: usize = 96;
pub(in crate::tui) const MEDIUM: usize = 70;

/// Returns a text from outside on one line, harmless.
pub(in crate::tui) fn one_line(text: &str) -> String {
    text::one_line(text).into_string()
}

/// Returns the cell with the number of an incident.
pub(in crate::tui) fn number_cell(
    app: &App,
    title: &'static str,
    incident: &IncidentBrief,
) -> Cell {
    Cell::new(title, incident.label(), app.ui.theme.dim())
}

/// Returns the cell with the priority of an incident.
pub(in crate::tui) fn priority_cell(app: &App, title: &'static str, priority: Priority) -> Cell {
    Cell::new(title, priority.to_string(), app.ui.theme.priority(priority))
}

/// Returns the day of a time in the viewer's zone.
pub(in crate::tui) fn day(app: &App, at: DateTime<Utc>) -> NaiveDate {
    app.clock().local_time(at).date()
}

/// Returns the present day of the viewer.
pub(in crate::tui) fn today(app: &App) -> NaiveDate {
    day(app, app.backend_now())
}

/// Returns an indented, wrapped line of details: a label and a text.
pub(in crate::tui) fn detail(
    app: &App,
    name: &str,
    text: &str,
    width: usize,
) -> Vec<Line<'static>> {
    let text = one_line(text);
    if text.is_empty() {
        return Vec::new();
    }
    let room = width.saturating_sub(4).max(10);
    let theme = app.ui.theme;
    let lines = wrap(format!("{name}: {text}"), room);
    lines
        .into_iter()
        .map(|line| {
            let mut indented = Line::from(Span::raw("    "));
            indented.push_span(Span::styled(line.into_owned(), theme.text()));
            indented
        })
        .collect()
}

/// Returns the text of an incident in which words of a filter are searched.
pub(in crate::tui) fn searched(incident: &IncidentBrief) -> String {
    let owner = incident
        .assignee
        .as_ref()
        .map_or_else(String::new, |person| format!("{} {}", person.handle, person.name));
    let team = incident.team.as_deref().unwrap_or_default();
    let services = incident.services.join(" ");
    format!("{} {} {owner} {team} {services}", incident.label(), incident.title)
}

/// Adds the terms of an incident: its team and its services.
pub(in crate::tui) fn add_terms(terms: &mut Vec<(&'static str, String)>, incident: &IncidentBrief) {
    terms.extend(incident.team.iter().map(|team| ("team", team.clone())));
    terms.extend(incident.services.iter().map(|service| ("service", service.clone())));
    terms.push(("priority", incident.priority.to_string()));
}

//! Sizes of the output popup, and the lines of the confirmation before a program starts.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::model::text::wrap;

use crate::tui::confirm;
use crate::tui::core::app::App;
use crate::tui::run::{Run, RunConfirmation};
use crate::tui::widgets::popup;
use crate::tui::widgets::text::{Line, Span};

/// Rows above the output: the status of the run, and a blank row.
pub(in crate::tui) const HEADER_ROWS: u16 = 2;

/// Returns the lines of the confirmation: the program, its arguments, and the incident.
pub(in crate::tui) fn confirmation_lines(
    app: &App,
    confirmation: &RunConfirmation,
    width: usize,
) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut push = |text: &str, style: Style| {
        for part in wrap(text, width) {
            lines.push(Line::from(Span::styled(part, style)));
        }
    };
    push(
        &format!("Run {} on {}?", confirmation.name, confirmation.target.label),
        app.ui.theme.strong(),
    );
    push(&confirmation.target.title, Style::new());
    push("It is marked as dangerous.", app.ui.theme.strong());
    if let Some(production) = confirm::layout::production(app) {
        push(&production, app.ui.theme.warning());
    }
    push(&confirm::layout::answer_keys(app), app.ui.theme.accent());
    lines.push(Line::default());
    for part in wrap(confirmation.spec.command_line(), width) {
        lines.push(Line::from(part));
    }
    lines
}

/// Returns the size of the area for output, in columns and rows.
pub(in crate::tui) fn text_size(body: Rect) -> (usize, usize) {
    let inside = popup::inner(body);
    (usize::from(inside.width), usize::from(inside.height.saturating_sub(HEADER_ROWS)))
}

/// Returns the number of rows of output, including the row about dropped lines.
pub(in crate::tui) fn rows(run: &Run) -> usize {
    run.output.rows().len() + usize::from(run.output.dropped() > 0)
}

//! Computes the layout of the screen.
//!
//! Each feature has a layout of its own, which its `update` and its `view` share.

use ratatui::layout::Rect;

use crate::tui::core::app::App;
use crate::tui::core::layout::PaneSlot;
use crate::tui::core::mode::Mode;
use crate::tui::core::pane::Pane;
use crate::tui::verb::availability;
use crate::tui::widgets::popup;
use crate::tui::{
    confirm, detail, failure, follow, help, metrics, oncall, outbox, palette, picker, run, runbook,
    timeline,
};

/// Updates the computed lines of the next frame, and the state that depends on them: to be called
/// before each frame. Cheap if nothing has changed since the last one.
pub fn prepare(app: &mut App) {
    // Behind the wall no layout is computed; that happens when it is closed.
    if app.wall.is_some() {
        return;
    }
    refresh(app);
    let layout = app.layout();
    if let Mode::Outbox(pane) = &app.ui.mode {
        let top = outbox::layout::top(app, pane, layout.body());
        if let Mode::Outbox(pane) = &mut app.ui.mode {
            pane.top = top;
        }
    }
    let (count, page) = popup_size(app);
    let most = count.saturating_sub(page);
    match &mut app.ui.mode {
        Mode::Help(help) => help.top = help.top.min(most),
        Mode::Failure(top) => *top = (*top).min(most),
        Mode::Results(results) => results.top = results.top.min(most),
        Mode::Linked(page) => page.top = page.top.min(most),
        Mode::Confirm(confirm) => confirm.top = confirm.top.min(most),
        Mode::ConfirmRun(confirmation) => confirmation.top = confirmation.top.min(most),
        Mode::ConfirmStandIn(question) => question.top = question.top.min(most),
        Mode::Runbook(book) => book.top = book.top.min(most),
        _ => {}
    }
}

/// Updates the lines of the visible panes and the disabled verbs, and clamps the scroll positions.
/// For code that counts lines between two frames: `update`, when something scrolls.
pub(in crate::tui) fn refresh(app: &mut App) {
    availability::refresh_disabled(app);
    let layout = app.layout();
    if let Some(inside) = layout.slot(Pane::Detail).map(PaneSlot::inner) {
        refresh_detail(app, inside);
    }
    if let Some(inside) = layout.slot(Pane::Timeline).map(PaneSlot::inner) {
        refresh_timeline(app, inside);
    }
    if let Some(inside) = layout.slot(Pane::Metrics).map(PaneSlot::inner) {
        refresh_metrics(app, inside);
    }
    if let Mode::Output(pane) = &app.ui.mode {
        let (id, columns) = (pane.id, run::layout::text_size(layout.body()).0);
        if let Some(run) = app.runs.list.iter_mut().find(|run| run.id == id) {
            run.output.wrap_to(columns);
        }
    }
}

fn refresh_detail(app: &mut App, inside: Rect) {
    let width = usize::from(inside.width);
    let inputs = detail::layout::inputs(app, width);
    if !app.reading.detail_lines.is_current(&inputs) {
        let content = detail::layout::lines(app, width);
        app.reading.detail_lines.set(inputs, content.0);
        app.follow.links = content.1;
    }
    clamp_scroll(&mut app.reading.detail_top, app.reading.detail_lines.len(), inside.height);
}

fn refresh_timeline(app: &mut App, inside: Rect) {
    let width = usize::from(inside.width);
    let inputs = timeline::layout::inputs(app, width);
    if !app.reading.timeline_lines.is_current(&inputs) {
        let lines = timeline::layout::lines(app, width);
        app.reading.timeline_mark = timeline::layout::viewed_event_line(&lines);
        app.reading.timeline_lines.set(inputs, lines);
    }
    timeline::layout::scroll_to_viewed_event(app, usize::from(inside.height));
    clamp_scroll(&mut app.reading.timeline_top, app.reading.timeline_lines.len(), inside.height);
}

fn refresh_metrics(app: &mut App, inside: Rect) {
    let (width, height) = (usize::from(inside.width), usize::from(inside.height));
    let inputs = metrics::layout::inputs(app, width, height);
    if !app.metrics.lines.is_current(&inputs) {
        let (lines, rows) = if inputs.page.is_some() {
            metrics::pages::layout::lines(app, width, height)
        } else {
            (metrics::layout::lines(app, width, height), Vec::new())
        };
        app.metrics.lines.set(inputs, lines);
        app.metrics.row_lines = rows;
    }
    if let Some(line) = app.metrics.row_lines.get(app.metrics.row).copied() {
        let least = (line + 1).saturating_sub(height);
        // With the first row, the part above the tables is shown as well.
        let most = if app.metrics.row == 0 { least } else { line.max(least) };
        app.metrics.top = app.metrics.top.clamp(least, most);
    }
    clamp_scroll(&mut app.metrics.top, app.metrics.lines.len(), inside.height);
}

/// Scrolls the open list so that its selected item is visible. That needs no lines, so it happens
/// with each message: the visible part after several messages depends on each of them.
pub(in crate::tui) fn scroll_to_selected(app: &mut App) {
    let body = app.layout().body();
    match &mut app.ui.mode {
        Mode::Pick(picker) => {
            let rows = picker::layout::rows(picker, body);
            picker.scroll_to_selected(rows);
        }
        Mode::Palette(palette) => palette.scroll_to_selected(palette::layout::rows(body)),
        _ => {}
    }
}

fn clamp_scroll(top: &mut usize, lines: usize, height: u16) {
    *top = (*top).min(lines.saturating_sub(usize::from(height)));
}

/// Returns the number of lines of the overlay, and how many of them fit.
#[must_use]
pub fn popup_size(app: &App) -> (usize, usize) {
    let body = app.layout().body();
    match &app.ui.mode {
        Mode::Output(_) => {
            let count = app.shown_run().map_or(0, run::layout::rows);
            return (count, run::layout::text_size(body).1);
        }
        Mode::Runbook(book) => {
            let (columns, fits) = runbook::layout::text_size(body);
            return (runbook::layout::layout(app, book, columns).lines.len(), fits);
        }
        _ => {}
    }
    let count = match &app.ui.mode {
        Mode::Help(help) => return help::layout::size(app, help, body),
        Mode::Failure(_) => failure::layout::lines(app, popup::text_width(body)).len(),
        Mode::Results(results) => {
            confirm::layout::results(app, results, popup::text_width(body)).len()
        }
        Mode::Linked(page) => follow::layout::lines(app, page, popup::text_width(body)).len(),
        Mode::Confirm(confirmation) => {
            confirm::layout::lines(app, confirmation, popup::text_width(body)).len()
        }
        Mode::ConfirmRun(confirmation) => {
            run::layout::confirmation_lines(app, confirmation, popup::text_width(body)).len()
        }
        Mode::ConfirmStandIn(question) => {
            oncall::stand_in::layout::lines(app, question, popup::text_width(body)).len()
        }
        _ => 0,
    };
    (count, usize::from(popup::text_area(body, count).height))
}

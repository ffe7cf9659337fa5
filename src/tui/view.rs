//! Draws the state. Plain functions of the state, one file for each region of the screen.

use crate::tui::confirm;
use crate::tui::detail;
use crate::tui::failure;
use crate::tui::form;
use crate::tui::help;
use crate::tui::keys_line;
use crate::tui::matrix;
use crate::tui::metrics;
use crate::tui::outbox;
use crate::tui::palette;
use crate::tui::picker;
use crate::tui::queue;
use crate::tui::run;
use crate::tui::runbook;
use crate::tui::state_line;
use crate::tui::timeline;
use crate::tui::wall;
use crate::tui::widgets::pane;
use crate::tui::widgets::popup;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

use crate::tui::core::app::{App, Pane};
use crate::tui::core::layout::{Layout, MIN_SIZE, PaneSlot};
use crate::tui::core::mode::Mode;

/// Draws a frame.
pub fn view(app: &App, frame: &mut Frame<'_>) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    if area.width < MIN_SIZE.0 || area.height < MIN_SIZE.1 {
        draw_too_small(area, buffer);
        app.theme.finish(buffer);
        return;
    }
    if let Some(wall) = &app.wall {
        wall::view::draw(app, wall, area, buffer);
        app.theme.finish(buffer);
        return;
    }
    // Right after a resize the state may still have the old size: its layout does not fit then.
    let mut cursor = None;
    if app.size == (area.width, area.height) {
        cursor = draw_panes(app, &app.layout(), buffer);
    }
    app.theme.finish(buffer);
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
}

/// Draws the panes and what is open over them. Returns the position of the cursor, if there is one.
fn draw_panes(app: &App, layout: &Layout, buffer: &mut Buffer) -> Option<Position> {
    state_line::view::draw(app, layout.state_line, buffer);
    for slot in &layout.slots {
        match slot.pane {
            Pane::Queue => queue::view::draw(app, slot, buffer),
            Pane::Detail => {
                let lines = &app.reading.detail_lines;
                let title = detail::view::title(app);
                draw_scrolled(app, slot, &title, lines, app.reading.detail_top, buffer);
            }
            Pane::Timeline => {
                let lines = &app.reading.timeline_lines;
                let title = timeline::view::title(app);
                draw_scrolled(app, slot, &title, lines, app.reading.timeline_top, buffer);
            }
            Pane::Metrics => {
                let title = metrics::view::title(app);
                draw_scrolled(app, slot, &title, &app.metrics.lines, app.metrics.top, buffer);
            }
        }
    }
    keys_line::view::draw(app, layout.keys_line, buffer);
    match &app.mode {
        // The queue draws the filter line, and the keys line the number that is typed.
        Mode::Panes | Mode::Filter(_) | Mode::Jump(_) | Mode::Quitting | Mode::Switching(_) => {}
        Mode::Help(help) => help::view::draw(app, help, layout.body(), buffer),
        Mode::Palette(palette) => palette::view::draw(app, palette, layout.body(), buffer),
        Mode::Failure(top) => {
            let lines = failure::view::lines(app, popup::text_width(layout.body()));
            popup::draw(app, layout.body(), "What failed last", &lines, *top, buffer);
        }
        Mode::Results(results) => {
            let lines = confirm::view::results(app, results, popup::text_width(layout.body()));
            popup::draw(app, layout.body(), "What was not done", &lines, results.top, buffer);
        }
        Mode::Confirm(confirmation) => {
            let lines = confirm::view::lines(app, confirmation, popup::text_width(layout.body()));
            popup::draw(app, layout.body(), confirm::view::TITLE, &lines, confirmation.top, buffer);
        }
        Mode::Form(form) => return form::view::draw(app, form, layout.body(), buffer),
        Mode::ConfirmRun(confirmation) => {
            let lines =
                run::view::confirmation_lines(app, confirmation, popup::text_width(layout.body()));
            popup::draw(app, layout.body(), confirm::view::TITLE, &lines, confirmation.top, buffer);
        }
        Mode::Output(pane) => run::view::draw(app, pane, layout.body(), buffer),
        Mode::Outbox(pane) => outbox::view::draw(app, pane, layout.body(), buffer),
        Mode::Runbook(pane) => runbook::view::draw(app, pane, layout.body(), buffer),
        Mode::Pick(picker) => picker::view::draw(app, picker, layout.body(), buffer),
        Mode::Matrix(matrix) => matrix::view::draw(app, matrix, layout.body(), buffer),
    }
    None
}

fn draw_too_small(area: Rect, buffer: &mut Buffer) {
    let text = format!(
        "needs at least {}×{}, this is {}×{}",
        MIN_SIZE.0, MIN_SIZE.1, area.width, area.height
    );
    for (line, row) in
        crate::model::text::wrap(&text, usize::from(area.width)).iter().zip(area.rows())
    {
        buffer.set_stringn(
            row.x,
            row.y,
            line,
            usize::from(row.width),
            ratatui::style::Style::new(),
        );
    }
}

/// Draws a pane whose lines were laid out by [`prepare`].
fn draw_scrolled(
    app: &App,
    slot: &PaneSlot,
    title: &pane::Title,
    lines: &[Line<'static>],
    top: usize,
    buffer: &mut Buffer,
) {
    let inside = slot.inner();
    let hidden = lines.len().saturating_sub(top + usize::from(inside.height));
    pane::draw(app, slot, title, (top, hidden), buffer);
    for (line, row) in lines.iter().skip(top).zip(inside.rows()) {
        buffer.set_line(row.x, row.y, line, row.width);
    }
}

/// Lays out the lines of scrollable panes, and clamps the scroll positions.
pub fn prepare(app: &mut App) {
    let layout = app.layout();
    if let Some(inside) = layout.slot(Pane::Detail).map(PaneSlot::inner) {
        app.reading.detail_lines = detail::view::lines(app, usize::from(inside.width));
        clamp_scroll(&mut app.reading.detail_top, app.reading.detail_lines.len(), inside.height);
    }
    if let Some(inside) = layout.slot(Pane::Timeline).map(PaneSlot::inner) {
        if timeline::view::is_outdated(app, usize::from(inside.width)) {
            app.reading.timeline_lines = timeline::view::lines(app, usize::from(inside.width));
            app.reading.timeline_mark =
                timeline::view::viewed_event_line(&app.reading.timeline_lines);
            app.reading.timeline_inputs =
                timeline::view::layout_inputs(app, usize::from(inside.width));
        }
        timeline::view::scroll_to_viewed_event(app, usize::from(inside.height));
        clamp_scroll(
            &mut app.reading.timeline_top,
            app.reading.timeline_lines.len(),
            inside.height,
        );
    }
    if let Some(inside) = layout.slot(Pane::Metrics).map(PaneSlot::inner) {
        app.metrics.lines =
            metrics::view::lines(app, usize::from(inside.width), usize::from(inside.height));
        clamp_scroll(&mut app.metrics.top, app.metrics.lines.len(), inside.height);
    }
    if let Mode::Output(pane) = &app.mode {
        let (id, columns) = (pane.id, run::view::text_size(layout.body()).0);
        if let Some(run) = app.runs.iter_mut().find(|run| run.id == id) {
            run.output.wrap_to(columns);
        }
    }
    if let Mode::Outbox(pane) = &app.mode {
        let top = outbox::view::top(app, pane, layout.body());
        if let Mode::Outbox(pane) = &mut app.mode {
            pane.top = top;
        }
    }
    let (count, page) = popup_size(app);
    let most = count.saturating_sub(page);
    match &mut app.mode {
        Mode::Help(help) => help.top = help.top.min(most),
        Mode::Failure(top) => *top = (*top).min(most),
        Mode::Results(results) => results.top = results.top.min(most),
        Mode::Confirm(confirm) => confirm.top = confirm.top.min(most),
        Mode::ConfirmRun(confirmation) => confirmation.top = confirmation.top.min(most),
        Mode::Runbook(book) => book.top = book.top.min(most),
        Mode::Pick(picker) => {
            let rows = picker::view::rows(picker, layout.body());
            picker.scroll_to_selected(rows);
        }
        Mode::Palette(palette) => palette.scroll_to_selected(palette::view::rows(layout.body())),
        _ => {}
    }
}

fn clamp_scroll(top: &mut usize, lines: usize, height: u16) {
    *top = (*top).min(lines.saturating_sub(usize::from(height)));
}

/// Returns the number of lines of what is open over the panes, and how many of them fit.
#[must_use]
pub fn popup_size(app: &App) -> (usize, usize) {
    let body = app.layout().body();
    match &app.mode {
        Mode::Output(_) => {
            let count = app.shown_run().map_or(0, run::view::rows);
            return (count, run::view::text_size(body).1);
        }
        Mode::Runbook(book) => {
            let (columns, fits) = runbook::view::text_size(body);
            return (runbook::view::layout(app, book, columns).lines.len(), fits);
        }
        _ => {}
    }
    let count = match &app.mode {
        Mode::Help(help) => return help::view::size(app, help, body),
        Mode::Failure(_) => failure::view::lines(app, popup::text_width(body)).len(),
        Mode::Results(results) => {
            confirm::view::results(app, results, popup::text_width(body)).len()
        }
        Mode::Confirm(confirmation) => {
            confirm::view::lines(app, confirmation, popup::text_width(body)).len()
        }
        Mode::ConfirmRun(confirmation) => {
            run::view::confirmation_lines(app, confirmation, popup::text_width(body)).len()
        }
        _ => 0,
    };
    (count, usize::from(popup::text_area(body, count).height))
}

/// Returns what can be selected in the open runbook: each block with its first line, and the
/// number of its lines.
pub(super) fn runbook_stops(app: &App) -> (Vec<(usize, usize)>, Vec<usize>) {
    let Mode::Runbook(pane) = &app.mode else { return (Vec::new(), Vec::new()) };
    let (columns, _) = runbook::view::text_size(app.layout().body());
    let layout = runbook::view::layout(app, pane, columns);
    (layout.stops, layout.heights)
}

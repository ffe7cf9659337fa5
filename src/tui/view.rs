//! Draws the state. Plain functions of the state, one file for each region of the screen.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::core::app::App;
use crate::tui::core::layout::{Layout, MIN_SIZE, PaneSlot};
use crate::tui::core::mode::Mode;
use crate::tui::core::pane::Pane;
use crate::tui::widgets::cursor::remove_mark;
use crate::tui::widgets::text::{Line, draw_line, draw_text};
use crate::tui::widgets::{pane, popup};
use crate::tui::{
    confirm, detail, failure, follow, form, goto, help, keys_line, matrix, metrics, oncall, outbox,
    palette, picker, queue, run, runbook, screens, state_line, timeline, urgent, wall,
};

/// Draws a frame from the application's state.
pub fn view(app: &App, frame: &mut Frame<'_>) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    if area.width < MIN_SIZE.0 || area.height < MIN_SIZE.1 {
        draw_too_small(area, buffer);
        app.ui.theme.finish(buffer);
        return;
    }
    if let Some(wall) = &app.wall {
        wall::view::draw(app, wall, area, buffer);
        app.ui.theme.finish(buffer);
        return;
    }
    // Right after a resize the state may still have the old size, which its layout fits.
    if app.ui.size == (area.width, area.height) {
        draw_panes(app, &app.layout(), buffer);
    }
    let cursor = remove_mark(buffer);
    app.ui.theme.finish(buffer);
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
}

/// Draws the panes and the overlay.
fn draw_panes(app: &App, layout: &Layout, buffer: &mut Buffer) {
    state_line::view::draw(app, layout.state_line, buffer);
    urgent::view::draw(app, layout.urgent_line, buffer);
    if let Some(screen) = app.screens.shown() {
        screens::view::draw(app, screen, layout.body(), buffer);
    } else {
        draw_slots(app, layout, buffer);
    }
    keys_line::view::draw(app, layout.keys_line, buffer);
    draw_mode(app, layout, buffer);
}

/// Draws the panes.
fn draw_slots(app: &App, layout: &Layout, buffer: &mut Buffer) {
    for slot in &layout.slots {
        match slot.pane {
            Pane::Queue => queue::view::draw(app, slot, buffer),
            Pane::Detail => {
                let lines = &app.reading.detail_lines;
                let title = detail::view::title(app);
                draw_scrolled(app, slot, &title, lines, app.reading.detail_top, buffer);
                follow::view::mark_selected(app, slot, buffer);
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
}

/// Draws the overlay.
fn draw_mode(app: &App, layout: &Layout, buffer: &mut Buffer) {
    match &app.ui.mode {
        // The queue draws the filter line.
        Mode::Panes
        | Mode::Filter(_)
        | Mode::TimelineSearch(_)
        | Mode::Quitting
        | Mode::Switching(_) => {}
        Mode::Goto(goto) => goto::view::draw(app, goto, layout.body(), buffer),
        Mode::Help(help) => help::view::draw(app, help, layout.body(), buffer),
        Mode::Palette(palette) => palette::view::draw(app, palette, layout.body(), buffer),
        Mode::Failure(top) => {
            let lines = failure::layout::lines(app, popup::text_width(layout.body()));
            popup::draw(app, layout.body(), "What failed last", &lines, *top, buffer);
        }
        Mode::Results(results) => {
            let lines = confirm::layout::results(app, results, popup::text_width(layout.body()));
            popup::draw(app, layout.body(), "What was not done", &lines, results.top, buffer);
        }
        Mode::Linked(page) => {
            let lines = follow::layout::lines(app, page, popup::text_width(layout.body()));
            let title = follow::layout::title(page);
            popup::draw(app, layout.body(), title, &lines, page.top, buffer);
        }
        Mode::Confirm(confirmation) => {
            let lines = confirm::layout::lines(app, confirmation, popup::text_width(layout.body()));
            popup::draw(
                app,
                layout.body(),
                confirm::layout::TITLE,
                &lines,
                confirmation.top,
                buffer,
            );
        }
        Mode::Form(form) => form::view::draw(app, form, layout.body(), buffer),
        Mode::ConfirmRun(confirmation) => {
            let lines = run::layout::confirmation_lines(
                app,
                confirmation,
                popup::text_width(layout.body()),
            );
            popup::draw(
                app,
                layout.body(),
                confirm::layout::TITLE,
                &lines,
                confirmation.top,
                buffer,
            );
        }
        Mode::ConfirmStandIn(question) => {
            let width = popup::text_width(layout.body());
            let lines = oncall::stand_in::layout::lines(app, question, width);
            let title = confirm::layout::TITLE;
            popup::draw(app, layout.body(), title, &lines, question.top, buffer);
        }
        Mode::Output(pane) => run::view::draw(app, pane, layout.body(), buffer),
        Mode::Outbox(pane) => outbox::view::draw(app, pane, layout.body(), buffer),
        Mode::Runbook(pane) => runbook::view::draw(app, pane, layout.body(), buffer),
        Mode::Pick(picker) => picker::view::draw(app, picker, layout.body(), buffer),
        Mode::Matrix(matrix) => matrix::view::draw(app, matrix, layout.body(), buffer),
    }
}

fn draw_too_small(area: Rect, buffer: &mut Buffer) {
    let text = format!(
        "needs at least {}×{}, this is {}×{}",
        MIN_SIZE.0, MIN_SIZE.1, area.width, area.height
    );
    for (line, row) in
        crate::model::text::wrap(&text, usize::from(area.width)).iter().zip(area.rows())
    {
        draw_text(line, ratatui::style::Style::new(), row, buffer);
    }
}

/// Draws a pane whose lines were laid out by [`prepare`](crate::tui::layout::prepare).
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
        draw_line(line, row, buffer);
    }
}

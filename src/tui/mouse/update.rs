//! Effects of the wheel and the left button.

use chrono::{DateTime, TimeDelta, Utc};
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::core::layout::PaneSlot;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::motion::Motion;
use crate::tui::core::navigation;
use crate::tui::core::notices::show_toast;
use crate::tui::core::pane::Pane;
use crate::tui::core::state::ui::Click;
use crate::tui::queue::Line;
use crate::tui::queue::layout::has_second_lines;
use crate::tui::widgets::popup;
use crate::tui::{palette, picker, reading, screens};

/// How many lines one step of the wheel scrolls.
const WHEEL_LINES: isize = 3;
/// Within this time a second click on the same line is a double click.
const DOUBLE_CLICK: TimeDelta = TimeDelta::milliseconds(400);

/// Switches the mouse on or off.
pub(in crate::tui) fn toggle(app: &mut App) -> Vec<Effect> {
    app.ui.mouse = !app.ui.mouse;
    let text = if app.ui.mouse {
        "the mouse scrolls and selects; mark text with Shift held"
    } else {
        "the mouse is the terminal's again: it marks text"
    };
    let mut effects = vec![Effect::SetMouse(app.ui.mouse)];
    effects.extend(show_toast(app, text, false));
    effects
}

/// Handles an event of the mouse. The effect of a double click is requested as an action.
pub(in crate::tui) fn handle(app: &mut App, mouse: MouseEvent, at: DateTime<Utc>) -> Vec<Effect> {
    // A report may still arrive after the mouse was switched off.
    if !app.ui.mouse || app.wall.is_some() {
        return Vec::new();
    }
    let position = Position::new(mouse.column, mouse.row);
    match mouse.kind {
        MouseEventKind::ScrollUp => scroll(app, position, -1),
        MouseEventKind::ScrollDown => scroll(app, position, 1),
        MouseEventKind::Down(MouseButton::Left) => {
            let click = Click { row: mouse.row, at };
            let last = app.ui.last_click.replace(click);
            let is_double = last
                .is_some_and(|last| last.row == click.row && click.at - last.at <= DOUBLE_CLICK);
            if is_double {
                app.ui.last_click = None;
            }
            press(app, position, is_double)
        }
        _ => Vec::new(),
    }
}

fn scroll(app: &mut App, position: Position, by: isize) -> Vec<Effect> {
    match &mut app.ui.mode {
        Mode::Panes if app.screens.shown().is_some() => {
            return screens::update::move_by(app, Motion::Lines(by));
        }
        Mode::Panes => {}
        Mode::Pick(picker) => {
            picker.move_selection(by);
            return Vec::new();
        }
        Mode::Palette(_) => return palette::update::move_selection(app, by),
        _ => {
            navigation::scroll(app, Motion::Lines(by * WHEEL_LINES));
            return Vec::new();
        }
    }
    let Some(slot) = slot_at(app, position) else { return Vec::new() };
    let mut effects = focus(app, slot.pane);
    let lines = if slot.pane == Pane::Queue { by } else { by * WHEEL_LINES };
    effects.extend(navigation::move_by(app, Motion::Lines(lines)));
    effects
}

fn press(app: &mut App, position: Position, is_double: bool) -> Vec<Effect> {
    let body = app.layout().body();
    match &mut app.ui.mode {
        Mode::Panes if app.screens.shown().is_some() => {
            let is_item = screens::update::select_at(app, position);
            app.ui.requested_action = (is_item && is_double).then_some(Action::OpenItem);
            return Vec::new();
        }
        Mode::Panes => {}
        Mode::Pick(picker) => {
            let (area, rows) = picker::layout::box_area(picker, body);
            let first = popup::inner(area).y + u16::from(picker.searchable);
            let count = picker.hits.len();
            if let Some(index) = line_at(area, first, rows, position, picker.top, count) {
                picker.selected_index = index;
                app.ui.requested_action = is_double.then_some(Action::Choose);
            }
            return Vec::new();
        }
        Mode::Palette(palette) => {
            let area = palette::layout::box_area(body);
            let rows = u16::try_from(palette::layout::rows(body)).unwrap_or(0);
            let first = popup::inner(area).y + 1;
            let (top, selected, count) =
                (palette.top, palette.selected_index, palette.choices.len());
            let Some(index) = line_at(area, first, rows, position, top, count) else {
                return Vec::new();
            };
            app.ui.requested_action = is_double.then_some(Action::Choose);
            let by = isize::try_from(index).unwrap_or(0) - isize::try_from(selected).unwrap_or(0);
            return palette::update::move_selection(app, by);
        }
        _ => return Vec::new(),
    }
    let Some(slot) = slot_at(app, position) else { return Vec::new() };
    let mut effects = focus(app, slot.pane);
    if slot.pane == Pane::Queue
        && let Some(line) = queue_line_at(app, &slot, position.y)
    {
        let line = isize::try_from(line).unwrap_or(0);
        let by = line - isize::try_from(app.queue.index).unwrap_or(0);
        effects.extend(navigation::move_by(app, Motion::Lines(by)));
        app.ui.requested_action = is_double.then_some(Action::Open);
    }
    effects
}

fn slot_at(app: &App, position: Position) -> Option<PaneSlot> {
    app.layout().slots.into_iter().find(|slot| slot.area.contains(position))
}

fn focus(app: &mut App, pane: Pane) -> Vec<Effect> {
    if app.ui.focus == pane { Vec::new() } else { reading::focus::focus(app, pane) }
}

/// Returns the item of a list at a position.
fn line_at(
    area: Rect,
    first: u16,
    rows: u16,
    position: Position,
    top: usize,
    count: usize,
) -> Option<usize> {
    let row = position.y.checked_sub(first).filter(|row| *row < rows)?;
    let index = top + usize::from(row);
    (area.contains(position) && index < count).then_some(index)
}

/// Returns the line of the queue in a row of the screen.
fn queue_line_at(app: &App, slot: &PaneSlot, y: u16) -> Option<usize> {
    let inside = slot.inner();
    // The header, or the filter if there is no border.
    let mut row = inside.y + 1;
    let double = has_second_lines(app, inside.height);
    for (index, line) in app.queue.lines.iter().enumerate().skip(app.queue.top) {
        let height = if double && matches!(line, Line::Row(_)) { 2 } else { 1 };
        if (row..row + height).contains(&y) {
            return Some(index);
        }
        row += height;
        if row >= inside.bottom() {
            break;
        }
    }
    None
}

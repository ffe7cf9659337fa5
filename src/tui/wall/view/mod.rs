//! The wall display: readable from afar, calm, and never silently outdated.

mod band;
mod banner;
mod big;
mod list;
mod pages;
pub mod parts;
mod ribbon;
mod takeover;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::text::truncate;

use crate::tui::core::app::App;
use crate::tui::wall::view::parts::{below, draw_left_right};
use crate::tui::wall::{MAX_SHIFT, Wall, burn_in_shift};
use crate::tui::widgets::formatting::wrong_clock;
use crate::tui::widgets::text::{Line, Span};

/// The size below which incidents are shown as a plain list.
const BOARD_FROM: (u16, u16) = (76, 17);
/// The size from which measures and ribbon are to the right of the incidents.
const SIDE_BY_SIDE_FROM: (u16, u16) = (116, 26);
/// The height of the strip below the incidents for measures and ribbon, on smaller screens.
const STRIP_ROWS: u16 = 5;
/// The height below which there is no strip.
const STRIP_FROM: u16 = 20;

pub(in crate::tui) fn draw(app: &App, wall: &Wall, area: Rect, buffer: &mut Buffer) {
    let (right, down) = burn_in_shift(app.now);
    let mut picture = Rect {
        x: area.x + right,
        y: area.y + down,
        width: area.width.saturating_sub(MAX_SHIFT.0),
        height: area.height.saturating_sub(MAX_SHIFT.1),
    };
    if let Some(outage) = wall.outage(&app.connection.state, app.now) {
        let rows =
            banner::draw(app, &outage, Rect { x: area.x, width: area.width, ..picture }, buffer);
        picture = below(picture, rows);
    }
    if wall.has_takeover() {
        takeover::draw(app, wall, picture, buffer);
    } else if picture.width < BOARD_FROM.0 || picture.height < BOARD_FROM.1 {
        list::plain(app, wall, picture, buffer);
    } else {
        board(app, wall, picture, buffer);
    }
}

fn board(app: &App, wall: &Wall, area: Rect, buffer: &mut Buffer) {
    header(app, wall, Rect { height: 1, ..area }, buffer);
    let mut rest = below(area, if area.height >= SIDE_BY_SIDE_FROM.1 { 2 } else { 1 });
    let band = band::draw(app, wall, rest, buffer);
    rest = below(rest, band);
    if area.width >= SIDE_BY_SIDE_FROM.0 && area.height >= SIDE_BY_SIDE_FROM.1 {
        let side = (area.width * 36 / 100).clamp(43, 66);
        let queue = Rect { width: rest.width - side - 4, ..rest };
        list::large(app, wall, queue, buffer);
        let side = Rect { x: rest.right() - side, width: side, ..rest };
        let pages = (side.height * 5 / 8).min(24);
        pages::draw(app, wall, Rect { height: pages - 1, ..side }, buffer);
        ribbon::draw(app, wall, below(side, pages), buffer);
        return;
    }
    let strip = if area.height >= STRIP_FROM { STRIP_ROWS } else { 0 };
    list::large(app, wall, Rect { height: rest.height - strip, ..rest }, buffer);
    if strip > 0 {
        let strip = Rect { y: rest.bottom() - strip, height: strip, ..rest };
        let left = (strip.width / 2).max(43);
        pages::draw(app, wall, Rect { width: left, ..strip }, buffer);
        let right = Rect { x: strip.x + left + 3, width: strip.width - left - 3, ..strip };
        ribbon::draw(app, wall, right, buffer);
    }
}

/// Draws workspace, view, who is on call, and the time.
fn header(app: &App, wall: &Wall, area: Rect, buffer: &mut Buffer) {
    let theme = app.ui.theme;
    let mut left = Line::from(Span::styled("redphone", theme.strong()));
    if let Some(name) = app.workspace_name().filter(|_| app.connection.capabilities.is_some()) {
        left.push_span(format!("  {} ", truncate(name, 20)));
        if app.session.workspace.production {
            left.push_span(Span::styled("PRODUCTION", theme.warning()));
            left.push_span(" ");
        }
        if wall.outage(&app.connection.state, app.now).is_none() {
            left.push_span(Span::styled("●", theme.good()));
        }
    } else {
        left.push_span(Span::styled("  loading", theme.dim()));
    }
    if !wall.settings.view.is_empty() {
        left.push_span(Span::styled("  view ", theme.dim()));
        left.push_span(truncate(&wall.settings.view, usize::from(area.width / 3)));
    }
    let mut right = Line::default();
    if let Some((team, person)) = app.on_call() {
        let team = team.map(|team| format!("{} ", truncate(team, 14)));
        let team = team.unwrap_or_default();
        right.push_span(Span::styled(format!("on call {team}"), theme.dim()));
        right.push_span(format!("{}   ", truncate(&person.name, 24)));
    }
    if let Some(offset) = app.connection.clock_offset {
        let is_short = area.width < SIDE_BY_SIDE_FROM.0;
        right.push_span(Span::styled(wrong_clock(offset, is_short), theme.warning()));
        right.push_span(" ");
    }
    right.push_span(Span::styled(clock(app), theme.strong()));
    draw_left_right(&left, &right, area, buffer);
}

/// Returns the time in UTC, with the viewer's time if that is shown and differs.
fn clock(app: &App) -> String {
    let utc = app.now.format("%H:%M");
    let clock = app.clock();
    if clock.is_utc() {
        return format!("{utc} UTC");
    }
    format!("{} local · {utc} UTC", clock.hh_mm(app.now))
}

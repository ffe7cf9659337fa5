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

/// How much the header shows, so that it fits: nothing of it is cut, but the names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HeaderParts {
    /// All of it.
    All,
    /// Not who is on call.
    WithoutOnCall,
    /// Neither that nor the name of the program, and short names.
    ShortName,
}

/// Draws workspace, view, who is on call, and the time.
fn header(app: &App, wall: &Wall, area: Rect, buffer: &mut Buffer) {
    let sides =
        |parts| (header_start(app, wall, area.width, parts), header_end(app, area.width, parts));
    let fits = |(left, right): &(Line<'_>, Line<'_>)| {
        left.width() + 2 + right.width() <= usize::from(area.width)
    };
    let mut candidates = [HeaderParts::All, HeaderParts::WithoutOnCall].into_iter().map(sides);
    let (left, right) = candidates.find(fits).unwrap_or_else(|| sides(HeaderParts::ShortName));
    draw_left_right(&left, &right, area, buffer);
}

/// Returns workspace and view. That it is production stands before what may be cut.
fn header_start(app: &App, wall: &Wall, width: u16, parts: HeaderParts) -> Line<'static> {
    let theme = app.ui.theme;
    let is_short = parts == HeaderParts::ShortName;
    let mut left = Line::default();
    if !is_short {
        left.push_span(Span::styled("redphone", theme.strong()));
        left.push_span("  ");
    }
    if let Some(name) = app.workspace_name().filter(|_| app.connection.capabilities.is_some()) {
        let name = truncate(name, if is_short { 12 } else { 20 }).into_owned();
        left.push_span(format!("{name} "));
        if app.session.workspace.production {
            left.push_span(Span::styled("PRODUCTION", theme.warning()));
            left.push_span(" ");
        }
        if wall.outage(&app.connection.state, app.now).is_none() {
            left.push_span(Span::styled("●", theme.good()));
        }
    } else {
        left.push_span(Span::styled("loading", theme.dim()));
    }
    if !wall.settings.view.is_empty() {
        left.push_span(Span::styled("  view ", theme.dim()));
        let room = usize::from(width / if is_short { 5 } else { 3 });
        left.push_span(truncate(&wall.settings.view, room).into_owned());
    }
    left
}

/// Returns who is on call, a warning of a wrong clock, and the time.
fn header_end(app: &App, width: u16, parts: HeaderParts) -> Line<'static> {
    let theme = app.ui.theme;
    let mut right = Line::default();
    if let Some((team, person)) = app.on_call().filter(|_| parts == HeaderParts::All) {
        let team = team.map(|team| format!("{} ", truncate(team, 14)));
        let team = team.unwrap_or_default();
        right.push_span(Span::styled(format!("on call {team}"), theme.dim()));
        right.push_span(format!("{}   ", truncate(&person.name, 24)));
    }
    if let Some(offset) = app.connection.clock_offset {
        let is_short = width < SIDE_BY_SIDE_FROM.0;
        right.push_span(Span::styled(wrong_clock(offset, is_short), theme.warning()));
        right.push_span(" ");
    }
    right.push_span(Span::styled(clock(app), theme.strong()));
    right
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

//! Big digits: open P1, open P2, and the time since the last P1.

use chrono::TimeDelta;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::model::{Priority, Status};

use crate::tui::core::app::App;
use crate::tui::wall::view::big;
use crate::tui::wall::{LastP1, Wall};
use crate::tui::widgets::formatting::short_duration;
use crate::tui::widgets::text::{Line, Span, draw_line};

/// The height from which digits are twice as big.
const DOUBLE_SIZE_FROM: u16 = 44;
/// The height below which there are no big digits.
const MIN_HEIGHT: u16 = 12;

/// One of the figures.
struct Figure {
    text: String,
    style: Style,
    label: Line<'static>,
}

/// Draws the band at the top of `area`. Returns the number of rows that it takes.
pub(in crate::tui) fn draw(app: &App, wall: &Wall, area: Rect, buffer: &mut Buffer) -> u16 {
    if area.height < MIN_HEIGHT {
        return 0;
    }
    let figures = [
        open_figure(app, wall, Priority::P1),
        open_figure(app, wall, Priority::P2),
        last_p1_figure(app, wall),
    ];
    let starts = |scale: u16| {
        let third = area.width / 3;
        // On a narrow screen the time gets more room than the counts.
        let each = third.min(22 * scale.max(area.width / 100 + 1));
        [0, each, 2 * each]
    };
    let fits = |scale: u16| {
        let starts = starts(scale);
        let ends = [starts[1], starts[2], area.width + 2];
        figures
            .iter()
            .zip(starts.iter().zip(ends))
            .all(|(figure, (start, end))| start + big::width(&figure.text, scale) + 2 <= end)
    };
    let scale = if area.height >= DOUBLE_SIZE_FROM && fits(2) { 2 } else { 1 };
    let rows = big::height(scale);
    for (figure, start) in figures.iter().zip(starts(scale)) {
        let slot = Rect { x: area.x + start, width: area.width - start, ..area };
        let digits = Rect { height: rows, ..slot };
        big::draw_span(&figure.text, (figure.style, app.ui.theme.dim()), scale, digits, buffer);
        draw_line(&figure.label, Rect { y: area.y + rows + scale - 1, ..slot }, buffer);
    }
    // A blank row below the labels, or two if there is room.
    rows + scale + scale.max(u16::from(area.height >= 24))
}

/// Returns the numbers of open and of unacknowledged incidents.
fn open_figure(app: &App, wall: &Wall, priority: Priority) -> Figure {
    let theme = app.ui.theme;
    let is_loaded = app.fetched.snapshot.is_some();
    let open = wall.counts.by_priority[priority.index()];
    let style = if open > 0 { theme.priority(priority) } else { theme.dim() };
    let mut label = Line::from(Span::styled(format!("{priority} open"), theme.strong()));
    let untouched = wall
        .rows
        .iter()
        .filter(|row| row.summary.priority == priority)
        .filter(|row| row.summary.status == Status::Triggered)
        .count();
    if untouched > 0 {
        label.push_span(Span::styled(format!(" · {untouched} unacked"), theme.dim()));
    }
    Figure { text: if is_loaded { open.to_string() } else { "–".into() }, style, label }
}

/// Returns for how long a P1 has been open, or else the time since the last one.
fn last_p1_figure(app: &App, wall: &Wall) -> Figure {
    let theme = app.ui.theme;
    let strong = |text: &'static str| Line::from(Span::styled(text, theme.strong()));
    if let Some(since) = wall.p1_since() {
        let style = theme.priority(Priority::P1);
        return Figure {
            text: compact_duration(app.backend_now() - since),
            style,
            label: strong("P1 open for"),
        };
    }
    match wall.last_p1 {
        LastP1::Ended(at) => Figure {
            text: compact_duration(app.backend_now() - at),
            style: theme.text(),
            label: strong("since the last P1"),
        },
        LastP1::Never => {
            Figure { text: "–".into(), style: theme.dim(), label: strong("no P1 yet") }
        }
        LastP1::Unknown => {
            Figure { text: "–".into(), style: theme.dim(), label: strong("since the last P1") }
        }
    }
}

/// Formats a duration in at most four letters: `<1m`, `12m`, `1h05`, `23h`, `3d`, `14w`.
pub(in crate::tui) fn compact_duration(duration: TimeDelta) -> String {
    let (hours, days) = (duration.num_hours(), duration.num_days());
    match (hours, days) {
        (..10, _) => short_duration(duration),
        (10..48, _) => format!("{hours}h"),
        (_, ..100) => format!("{days}d"),
        _ => format!("{}w", days / 7),
    }
}

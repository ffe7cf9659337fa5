//! Big digits: open P1, open P2, and the time since the last P1.

use chrono::TimeDelta;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::model::{Priority, Status};

use super::super::super::app::App;
use super::super::super::wall::{LastP1, Wall};
use super::big;

/// From so many rows on, digits are twice as big.
const TALL: u16 = 44;
/// With fewer rows there are no big digits.
const LEAST: u16 = 12;

/// One of the figures.
struct Figure {
    text: String,
    style: Style,
    label: Line<'static>,
}

/// Draws the band on top of `area`, and says how many rows it took.
pub(super) fn draw(app: &App, wall: &Wall, area: Rect, buffer: &mut Buffer) -> u16 {
    if area.height < LEAST {
        return 0;
    }
    let figures = [
        open_figure(app, wall, Priority::P1),
        open_figure(app, wall, Priority::P2),
        last_p1_figure(app, wall),
    ];
    let starts = |scale: u16| {
        let third = area.width / 3;
        // On a narrow screen the time has more of it than the counts.
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
    let scale = if area.height >= TALL && fits(2) { 2 } else { 1 };
    let rows = big::height(scale);
    for (figure, start) in figures.iter().zip(starts(scale)) {
        let place = Rect { x: area.x + start, width: area.width - start, ..area };
        let digits = Rect { height: rows, ..place };
        big::draw_span(&figure.text, (figure.style, app.theme.dim()), scale, digits, buffer);
        let y = area.y + rows + scale - 1;
        buffer.set_line(place.x, y, &figure.label, place.width);
    }
    // A blank row below the labels, and two where there is room.
    rows + scale + scale.max(u16::from(area.height >= 24))
}

/// How many are open, and whom nobody has picked up.
fn open_figure(app: &App, wall: &Wall, priority: Priority) -> Figure {
    let theme = app.theme;
    let known = app.snapshot.is_some();
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
    Figure { text: if known { open.to_string() } else { "–".into() }, style, label }
}

/// For how long a P1 has been open, or none has.
fn last_p1_figure(app: &App, wall: &Wall) -> Figure {
    let theme = app.theme;
    let strong = |text: &'static str| Line::from(Span::styled(text, theme.strong()));
    if let Some(since) = wall.p1_since() {
        let style = theme.priority(Priority::P1);
        return Figure {
            text: compact_duration(app.now - since),
            style,
            label: strong("P1 open for"),
        };
    }
    match wall.last_p1 {
        LastP1::Ended(at) => Figure {
            text: compact_duration(app.now - at),
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

/// At most four letters: `<1m`, `12m`, `1h05`, `23h`, `3d`, `14w`.
pub(super) fn compact_duration(duration: TimeDelta) -> String {
    let (hours, days) = (duration.num_hours(), duration.num_days());
    match (hours, days) {
        (..10, _) => super::short_duration(duration),
        (10..48, _) => format!("{hours}h"),
        (_, ..100) => format!("{days}d"),
        _ => format!("{}w", days / 7),
    }
}

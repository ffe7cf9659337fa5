//! A new P1 that has taken over the screen, or several one below the other.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::model::service_level::running_clock;
use crate::model::text::{SafeText, width, wrap};
use crate::model::time::format_precise_duration;
use crate::model::{Priority, Summary};

use crate::tui::core::app::App;
use crate::tui::queue::Row;
use crate::tui::wall::Wall;
use crate::tui::wall::view::big;
use crate::tui::wall::view::parts::{below, centred};
use crate::tui::widgets::formatting::short_duration;
use crate::tui::widgets::text::fill;

/// The number of rows for each of several P1s.
const SHARED_ROWS: u16 = 11;
/// The maximum number of lines of a title in big letters.
const MAX_TITLE_LINES: usize = 3;

pub(in crate::tui) fn draw(app: &App, wall: &Wall, area: Rect, buffer: &mut Buffer) {
    let rows: Vec<&Row> = wall.takeover_rows().collect();
    let theme = app.ui.theme;
    let bar = Rect { height: if area.height >= 20 { 3 } else { 1 }, ..area };
    let style = theme.priority(Priority::P1).add_modifier(Modifier::REVERSED | Modifier::BOLD);
    fill(" ", style, bar, buffer);
    let text = match rows.len() {
        1 => "N E W   P 1".to_owned(),
        count => format!("{count}   N E W   P 1"),
    };
    centred(&text, style, Rect { y: bar.y + bar.height / 2, height: 1, ..bar }, buffer);
    let rest = below(area, bar.height + u16::from(area.height >= 20));
    if let [row] = rows.as_slice() {
        draw_single(app, &row.summary, rest, buffer);
        return;
    }
    let each = match rest.height {
        height if height >= 2 * SHARED_ROWS => SHARED_ROWS,
        14.. => 6,
        _ => 5,
    };
    let fit = usize::from(rest.height / each).max(1);
    for (row, index) in rows.iter().take(fit).zip(0..) {
        let slot = below(rest, index * each);
        draw_shared(app, &row.summary, Rect { height: each.min(slot.height), ..slot }, buffer);
    }
    if rows.len() > fit {
        let line = Rect { y: rest.bottom().saturating_sub(1), height: 1, ..rest };
        centred(format!("and {} more", rows.len() - fit), theme.strong(), line, buffer);
    }
}

/// Draws one P1 in the middle: number and title as big as they fit.
fn draw_single(app: &App, row: &Summary, area: Rect, buffer: &mut Buffer) {
    let theme = app.ui.theme;
    let label = row.label();
    let title = SafeText::from(&row.title);
    let big_title =
        big::lines(&title, 1, area.width).filter(|lines| lines.len() <= MAX_TITLE_LINES);
    let plain = wrap(&title, usize::from(area.width.saturating_sub(8)));
    let scale = if area.height >= 44 && big::width(&label, 2) <= area.width { 2 } else { 1 };
    let text_rows = 4;
    let number = big::height(scale);
    let big_rows =
        |lines: &[String]| u16::try_from(lines.len()).unwrap_or(1) * (big::GLYPH_HEIGHT + 1);
    let needs = |title: u16| number + 2 + title + 1 + text_rows;
    if big::width(&label, 1) > area.width || needs(1) > area.height {
        draw_shared(app, row, area, buffer);
        return;
    }
    let title_big = big_title.filter(|lines| needs(big_rows(lines)) <= area.height);
    let title_rows = match &title_big {
        Some(lines) => big_rows(lines),
        None => u16::try_from(plain.len()).unwrap_or(1).min(1 + area.height - needs(1)),
    };
    let mut rest = below(area, area.height.saturating_sub(needs(title_rows)) / 2);
    draw_big_centred(&label, theme.priority(Priority::P1), scale, rest, buffer);
    rest = below(rest, number + 2);
    if let Some(lines) = title_big {
        for line in &lines {
            draw_big_centred(line, theme.strong(), 1, rest, buffer);
            rest = below(rest, big::GLYPH_HEIGHT + 1);
        }
    } else {
        let rows = usize::from(title_rows);
        for (line, row) in plain.iter().zip(1..=rows) {
            // An ellipsis shows that lines are missing.
            let cut_off = if row == rows && plain.len() > rows { " …" } else { "" };
            centred(format!("{line}{cut_off}"), theme.strong(), rest, buffer);
            rest = below(rest, 1);
        }
    }
    rest = below(rest, 1);
    for text in about(app, row, area.width) {
        centred(&text, theme.text(), rest, buffer);
        rest = below(rest, 1);
    }
}

fn draw_big_centred(
    text: &str,
    style: ratatui::style::Style,
    scale: u16,
    area: Rect,
    buffer: &mut Buffer,
) {
    let x = area.x + area.width.saturating_sub(big::width(text, scale)) / 2;
    let height = big::height(scale).min(area.height);
    big::draw(text, style, scale, Rect { x, height, width: area.right() - x, ..area }, buffer);
}

/// Draws one of several P1s: the number big if there is room, the rest as text.
fn draw_shared(app: &App, row: &Summary, area: Rect, buffer: &mut Buffer) {
    let theme = app.ui.theme;
    let mut rest = area;
    let label = row.label();
    if area.height >= SHARED_ROWS && big::width(&label, 1) <= area.width {
        draw_big_centred(&label, theme.priority(Priority::P1), 1, rest, buffer);
        rest = below(rest, big::GLYPH_HEIGHT + 1);
    } else {
        centred(&label, theme.priority(Priority::P1), rest, buffer);
        rest = below(rest, 1);
    }
    centred(&row.title, theme.strong(), rest, buffer);
    rest = below(rest, 1);
    for text in about(app, row, area.width) {
        centred(&text, theme.dim(), rest, buffer);
        rest = below(rest, 1);
    }
}

/// Returns lines with service, owner, age and the service level.
fn about(app: &App, row: &Summary, room: u16) -> Vec<String> {
    let service = row.primary_service().map_or("no service".into(), |s| app.service_label(s));
    let more = match row.services.len() {
        0 | 1 => String::new(),
        many => format!(" +{}", many - 1),
    };
    let owner = row.assignee.as_ref().map_or("unowned".into(), |person| app.person_label(person));
    let now = app.backend_now();
    let open = format_precise_duration(now - row.reported_at);
    let due = running_clock(row, &app.session.rules.levels).map_or_else(String::new, |clock| {
        let word = clock.target.as_str();
        let remaining = clock.remaining(now);
        if clock.is_past(now) {
            format!("{word} {} late", short_duration(-remaining))
        } else {
            format!("{word} in {}", format_precise_duration(remaining))
        }
    });
    let open = format!("{} · open for {open}", row.status);
    let mut lines = vec![format!("{service}{more} · {owner}")];
    if width(&open) + 3 + width(&due) <= usize::from(room) {
        lines.push(format!("{open} · {due}"));
    } else {
        lines.extend([open, due]);
    }
    lines
}

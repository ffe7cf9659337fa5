//! The open P1 and P2: in large rows, or as a plain list if there is little room.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::model::service_level::{Clock, running_clock};
use crate::model::text::{pad, truncate, width};
use crate::model::{Priority, Status, Summary};

use crate::tui::core::app::App;
use crate::tui::wall::view::parts::{below, centred, draw_left_right, rule};
use crate::tui::wall::{LastP1, Wall};
use crate::tui::widgets::formatting::{
    age, pluralize, remaining_bar, remaining_text, short_duration, wrong_clock,
};
use crate::tui::widgets::text::{Line, Span, draw_line, draw_text};

/// The width from which the remaining time has a bar.
const BAR_FROM: usize = 90;
/// The width of that bar, in cells.
const BAR_WIDTH: usize = 10;
/// The width of the longest text next to the bar, in columns.
const TEXT_WIDTH: usize = 23;
/// The columns before the title: the priority and blanks.
const INDENT: usize = 6;

/// Draws two lines for each incident, and blank ones if there is room for all.
pub(in crate::tui) fn large(app: &App, wall: &Wall, area: Rect, buffer: &mut Buffer) {
    let title = Line::from(Span::styled("P1 and P2 · most urgent first", app.ui.theme.dim()));
    rule(app, &title, Rect { height: 1, ..area }, buffer);
    let area = below(area, if area.height > 20 { 2 } else { 1 });
    if wall.rows.is_empty() {
        draw_empty(app, wall, area, buffer);
        return;
    }
    let rows = u16::try_from(wall.rows.len()).unwrap_or(u16::MAX);
    // One blank row below each if all fit, and two on a large screen.
    let each = match (area.height + 1) / rows {
        4.. if area.height > 28 => 4,
        3.. => 3,
        _ => 2,
    };
    // The last line contains the number of those that don't fit.
    let fit = if rows.saturating_mul(each) <= area.height + each - 2 {
        rows
    } else {
        area.height.saturating_sub(1) / each
    };
    for (row, index) in wall.rows.iter().zip(0..fit) {
        let slot = below(area, index * each);
        draw_two_lines(app, &row.summary, Rect { height: 2, ..slot }, buffer);
    }
    if rows > fit {
        let text = format!("and {} more", rows - fit);
        let line = Rect { height: 1, ..below(area, area.height - 1) };
        let text = format!("{}{text}", " ".repeat(INDENT));
        draw_text(text, app.ui.theme.strong(), line, buffer);
    }
}

fn draw_two_lines(app: &App, row: &Summary, area: Rect, buffer: &mut Buffer) {
    let theme = app.ui.theme;
    let room = usize::from(area.width);
    let clock = running_clock(row, &app.session.rules.levels);
    let right = service_level(app, clock, room);
    let strong = if row.status == Status::Triggered || row.priority == Priority::P1 {
        theme.strong()
    } else {
        Style::new()
    };
    let mut first = Line::from(vec![tag(app, row.priority), Span::raw("  ")]);
    let number = row.label();
    let used = INDENT + number.len() + 2 + right.width() + 2;
    first.push_span(Span::styled(format!("{number}  "), strong));
    first.push_span(Span::styled(truncate(&row.title, room.saturating_sub(used)), strong));
    draw_left_right(&first, &right, Rect { height: 1, ..area }, buffer);

    let owner = match &row.assignee {
        Some(person) => Span::raw(truncate(app.person_label(person), 24)),
        None => Span::styled("unowned", theme.strong()),
    };
    let mut about = format!("{}{}", " ".repeat(INDENT), row.status);
    if row.paused {
        about.push_str(" · waiting");
    }
    about = format!("{about} · {}", age(row.reported_at, app.backend_now()));
    if let Some(service) = row.primary_service() {
        about = format!("{about} · {}", app.service_label(service));
        if row.services.len() > 1 {
            about = format!("{about} +{}", row.services.len() - 1);
        }
    }
    let about = truncate(about, room.saturating_sub(owner.width() + 2));
    let second = Line::from(Span::styled(about, theme.dim()));
    draw_left_right(&second, &Line::from(owner), Rect { y: area.y + 1, height: 1, ..area }, buffer);
}

/// Returns the priority, reversed so that its colour can be seen from afar.
fn tag(app: &App, priority: Priority) -> Span<'static> {
    let style = app.ui.theme.priority(priority).add_modifier(Modifier::REVERSED | Modifier::BOLD);
    Span::styled(format!(" {priority} "), style)
}

/// Returns the service level that applies and its remaining time.
fn service_level(app: &App, clock: Option<Clock>, room: usize) -> Line<'static> {
    let Some(clock) = clock else { return Line::default() };
    let theme = app.ui.theme;
    let word = clock.target.as_str();
    let now = app.backend_now();
    let (past, near) = (clock.is_past(now), clock.is_near(now));
    let remaining = clock.remaining(now);
    let (text, time) = if past {
        (format!(" {word} {} late ", short_duration(-remaining)), String::new())
    } else {
        (format!("{word} in "), format!("{:>4}", short_duration(remaining)))
    };
    let mut line = Line::default();
    if room >= BAR_FROM {
        let bar = remaining_bar(&clock, now, BAR_WIDTH);
        line.push_span(Span::styled(bar, if near { Style::new() } else { theme.dim() }));
        let used = text.len() + time.len();
        line.push_span(" ".repeat((TEXT_WIDTH + 2).saturating_sub(used)));
    }
    if past {
        line.push_span(Span::styled(text, theme.alarm().add_modifier(Modifier::BOLD)));
        return line;
    }
    let style = if near { theme.strong() } else { Style::new() };
    line.push_span(Span::styled(text, theme.dim()));
    line.push_span(Span::styled(time, style));
    line
}

/// Draws that no P1 or P2 is open, and how many other incidents are.
fn draw_empty(app: &App, wall: &Wall, area: Rect, buffer: &mut Buffer) {
    let middle = below(area, area.height.saturating_sub(4) / 2);
    if app.fetched.snapshot.is_none() {
        let text = format!("reading {} …", app.session.workspace.location);
        centred(&text, app.ui.theme.dim(), middle, buffer);
        return;
    }
    centred("No P1 or P2 is open", app.ui.theme.strong(), middle, buffer);
    let [_, _, p3, p4] = wall.counts.by_priority;
    let text = match p3 + p4 {
        0 => "nothing else is open either".to_owned(),
        _ => format!("{p3} P3 and {p4} P4 are open"),
    };
    centred(&text, app.ui.theme.dim(), below(middle, 2), buffer);
}

/// Draws a line for each incident, with the figures above.
pub(in crate::tui) fn plain(app: &App, wall: &Wall, area: Rect, buffer: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let theme = app.ui.theme;
    let mut figures = Line::default();
    for priority in [Priority::P1, Priority::P2] {
        let open = wall.counts.by_priority[priority.index()];
        let style = if open > 0 { theme.priority(priority) } else { theme.dim() };
        figures.push_span(Span::styled(priority.as_str(), style));
        let text =
            if app.fetched.snapshot.is_some() { format!(" {open}  ") } else { " –  ".into() };
        figures.push_span(Span::styled(text, theme.strong()));
    }
    let since = match (wall.p1_since(), wall.last_p1) {
        (Some(since), _) => format!("P1 for {}", age(since, app.backend_now())),
        (None, LastP1::Ended(at)) => format!("last P1 {} ago", age(at, app.backend_now())),
        (None, LastP1::Never) => "no P1 yet".into(),
        (None, LastP1::Unknown) => String::new(),
    };
    figures.push_span(since);
    let clock = app.clock();
    let time = format!("{} {}", clock.hh_mm(app.now), clock.name());
    let mut clock_text = Line::from(Span::raw(time.clone()));
    if let Some(offset) = app.connection.clock_offset {
        let warning = Span::styled(wrong_clock(offset, true), theme.warning());
        // Where both don't fit, the wrong time is the one to leave out.
        let both = figures.width() + 2 + warning.width() + 1 + clock_text.width();
        clock_text = if both <= usize::from(area.width) {
            Line::from(vec![warning, Span::raw(format!(" {time}"))])
        } else {
            Line::from(warning)
        };
    }
    draw_left_right(&figures, &clock_text, Rect { height: 1, ..area }, buffer);
    let rest = below(area, if area.height > 9 { 2 } else { 1 });
    if wall.rows.is_empty() {
        draw_empty(app, wall, rest, buffer);
        return;
    }
    let hidden = wall.rows.len().saturating_sub(usize::from(rest.height));
    let shown_rows =
        usize::from(rest.height) - usize::from(hidden > 0).min(usize::from(rest.height));
    for (row, line) in wall.rows.iter().take(shown_rows).zip(rest.rows()) {
        draw_one_line(app, &row.summary, line, buffer);
    }
    if hidden > 0 && rest.height > 0 {
        let more = wall.rows.len() - shown_rows;
        let text = format!("and {}", pluralize(more as u64, "more", "more"));
        let line = Rect { y: rest.bottom() - 1, height: 1, ..rest };
        draw_text(text, theme.strong(), line, buffer);
    }
}

fn draw_one_line(app: &App, row: &Summary, area: Rect, buffer: &mut Buffer) {
    let theme = app.ui.theme;
    let room = usize::from(area.width);
    let number = row.number.map_or_else(|| "new".into(), |number| number.0.to_string());
    let mut line =
        Line::from(Span::styled(format!("{} ", row.priority), theme.priority(row.priority)));
    line.push_span(Span::raw(format!("{number:>4} ")));
    let now = app.backend_now();
    let (text, style) = match running_clock(row, &app.session.rules.levels) {
        Some(clock) if clock.is_past(now) => (remaining_text(clock.remaining(now)), theme.alarm()),
        Some(clock) => (remaining_text(clock.remaining(now)), Style::new()),
        None => (String::new(), Style::new()),
    };
    line.push_span(" ".repeat(5_usize.saturating_sub(width(&text))));
    line.push_span(Span::styled(text, style));
    let owner = row.assignee.as_ref().map_or("unowned".into(), |person| app.person_label(person));
    let wide = if room < 60 { 8 } else { 16 };
    let style = if row.assignee.is_none() { theme.strong() } else { theme.dim() };
    line.push_span(Span::raw(" "));
    line.push_span(Span::styled(pad(owner, wide), style));
    line.push_span(Span::raw(" "));
    line.push_span(Span::raw(truncate(&row.title, room.saturating_sub(line.width()))));
    draw_line(&line, area, buffer);
}

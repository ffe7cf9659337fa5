//! The queue.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::model::service_level::clock;
use crate::model::text::{cut, fit, shown, width};
use crate::model::{Status, Summary};

use super::super::app::{App, Freshness, Pane};
use super::super::layout::Place;
use super::pane::{self, Title};
use super::words::{age, brief, count, left, retry, span};

/// Cells of the SLA bar.
const BAR: usize = 4;

/// Columns and their widths; 0 where a column has given way. One blank follows each.
struct Columns {
    number: usize,
    status: usize,
    age: usize,
    bar: usize,
    service: usize,
    owner: usize,
    team: usize,
    title: usize,
}

impl Columns {
    /// Team, owner, SLA bar, service and age give way in this order; the title has the rest.
    fn of(room: usize, number: usize) -> Self {
        let status = if room < 48 { 5 } else { 13 };
        // Flag, number, priority, status, time left.
        let fixed = 1 + (number + 1) + 4 + (status + 1) + 7;
        let title = match room {
            0..72 => 11,
            72..90 => 20,
            90..130 => 30,
            _ => 44,
        };
        let mut spare = room.saturating_sub(fixed + title);
        let mut take = |wide: usize| {
            if wide < spare {
                spare -= wide + 1;
                wide
            } else {
                spare = 0;
                0
            }
        };
        let service = match room {
            0..72 => 8,
            72..100 => 12,
            _ => 18,
        };
        let age = take(5);
        let service = take(service);
        let bar = take(BAR - 1);
        let owner = take(if room < 110 { 12 } else { 16 });
        let team = take(10);
        let bar = if bar > 0 { BAR } else { 0 };
        let used: usize =
            [age, service, owner, team].iter().filter(|w| **w > 0).map(|w| w + 1).sum();
        let title = room.saturating_sub(fixed + used + bar);
        Self { number, status, age, bar, service, owner, team, title }
    }
}

pub(super) fn draw(app: &App, place: &Place, buffer: &mut Buffer) {
    let queue = &app.queue;
    let total = queue.rows.len();
    let at = if total == 0 { 0 } else { queue.index + 1 };
    let mut about = "open · most urgent first".to_owned();
    if queue.counts.snoozed > 0 {
        about = format!("{about} · {} snoozed", queue.counts.snoozed);
    }
    if !app.marked.is_empty() {
        about = format!("{} selected · {about}", app.marked.len());
    }
    let known = app.snapshot.as_ref().and_then(|s| s.counts).map(|c| c.open());
    let all = known.map_or(total, |known| usize::try_from(known).unwrap_or(total).max(total));
    let title = Title { about, right: format!("{at}/{all}"), alarm: false };
    let inside = place.inside();
    let rows = usize::from(inside.height.saturating_sub(1));
    let hidden = (queue.top, total.saturating_sub(queue.top + rows));
    pane::draw(app, place, &title, hidden, buffer);
    if total == 0 {
        nothing(app, inside, buffer);
        return;
    }
    let columns = Columns::of(usize::from(inside.width), queue.number_width);
    buffer.set_line(inside.x, inside.y, &header(app, &columns), inside.width);
    let lines = inside.rows().skip(1);
    for ((index, row), at) in queue.rows.iter().enumerate().skip(queue.top).zip(lines) {
        let selected = index == queue.index;
        let line = line(app, &row.summary, &columns, selected);
        if selected {
            let focused = app.focus == Pane::Queue;
            let whole = Rect { x: at.x - 1, width: at.width + 2, ..at };
            buffer.set_style(whole, app.theme.selection(focused));
            buffer.set_string(at.x - 1, at.y, "▌", app.theme.accent());
        }
        buffer.set_line(at.x, at.y, &line, at.width);
    }
}

fn header(app: &App, columns: &Columns) -> Line<'static> {
    let mut text = format!(" {:>w$} PRI ", "INC", w = columns.number);
    text.push_str(&fit(if columns.status < 6 { "STAT" } else { "STATUS" }, columns.status));
    text.push(' ');
    if columns.age > 0 {
        text.push_str("  AGE ");
    }
    if columns.bar > 0 {
        text.push_str("SLA        ");
    } else {
        text.push_str("   SLA ");
    }
    for (name, wide) in
        [("SERVICE", columns.service), ("OWNER", columns.owner), ("TEAM", columns.team)]
    {
        if wide > 0 {
            text.push_str(&fit(name, wide));
            text.push(' ');
        }
    }
    text.push_str("TITLE");
    Line::from(Span::styled(text, app.theme.dim()))
}

fn line(app: &App, row: &Summary, columns: &Columns, selected: bool) -> Line<'static> {
    let theme = app.theme;
    let fresh = row.status == Status::Triggered;
    let strong = if fresh || selected { theme.strong() } else { Style::new() };
    let mut line = Line::default();
    let flag = if app.marked.contains(&row.id) {
        "✓"
    } else if app.is_pending(row.id) {
        "↑"
    } else if row.paused {
        "‖"
    } else {
        " "
    };
    line.push_span(Span::styled(flag, theme.accent().add_modifier(Modifier::BOLD)));
    let number = row.number.map_or_else(|| "new".into(), |number| number.0.to_string());
    line.push_span(Span::styled(format!("{number:>w$} ", w = columns.number), strong));
    line.push_span(Span::styled(format!("{:<4}", row.priority), theme.priority(row.priority)));
    let status = if columns.status < 13 { brief(row.status) } else { row.status.as_str() };
    line.push_span(Span::styled(format!("{status:<w$} ", w = columns.status), strong));
    if columns.age > 0 {
        let text = format!("{:>5} ", age(row.reported_at, app.now));
        line.push_span(Span::styled(text, theme.dim()));
    }
    service_level(app, row, columns, &mut line);
    if columns.service > 0 {
        let service = shown(row.service().unwrap_or("–"));
        line.push_span(format!("{} ", fit(&service, columns.service)));
    }
    if columns.owner > 0 {
        let (text, style) = match &row.assignee {
            Some(person) => (fit(&shown(&person.name), columns.owner), theme.dim()),
            None if fresh => (fit("unowned", columns.owner), theme.strong()),
            None => (fit("unowned", columns.owner), Style::new()),
        };
        line.push_span(Span::styled(text, style));
        line.push_span(" ");
    }
    if columns.team > 0 {
        let team = row.team.as_deref().map_or("–".into(), shown);
        line.push_span(Span::styled(format!("{} ", fit(&team, columns.team)), theme.dim()));
    }
    let title = shown(&row.title);
    line.push_span(Span::styled(cut(&title, columns.title).into_owned(), strong));
    line
}

/// The clock that runs: a bar of the time left, and the time.
fn service_level(app: &App, row: &Summary, columns: &Columns, line: &mut Line<'static>) {
    let Some(clock) = clock(row, &app.rules.levels) else {
        line.push_span(" ".repeat(columns.bar + 7));
        return;
    };
    let (past, near) = (clock.is_past(app.now), clock.is_near(app.now));
    if columns.bar > 0 {
        // Any time left is at least one cell.
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of four cells"
        )]
        let full = ((1.0 - clock.used(app.now)) * BAR as f64).ceil() as usize;
        let full = if past { 0 } else { full.clamp(1, BAR) };
        let bar = format!("{}{}", "▰".repeat(full), "▱".repeat(BAR - full));
        line.push_span(Span::styled(bar, if near { Style::new() } else { app.theme.dim() }));
    }
    let text = left(clock.left(app.now));
    let style = if past {
        app.theme.alarm()
    } else if near {
        app.theme.strong()
    } else {
        Style::new()
    };
    line.push_span(" ".repeat(6_usize.saturating_sub(width(&text))));
    line.push_span(Span::styled(text, style));
    line.push_span(" ");
}

/// What an empty queue says.
fn nothing(app: &App, inside: Rect, buffer: &mut Buffer) {
    let mut said = Vec::new();
    match (app.freshness(), &app.snapshot) {
        (Freshness::Failing { since, said: error, retry_in }, None) => {
            said.push(format!("nothing could be read since {}", app.clock().second(since)));
            said.push(shown(&error).into_owned());
            said.push(format!("from {}", shown(&app.place)));
            said.push(format!("{} · R now", retry(app, retry_in)));
        }
        (_, None) => said.push(format!("reading {} …", shown(&app.place))),
        (_, Some(_)) => {
            let ended = match app.last_ended {
                Some(Some(at)) => format!(" · the last ended {} ago", span(app.now - at)),
                Some(None) => " · none has ended yet".into(),
                None => String::new(),
            };
            said.push(format!("no open incidents{ended}"));
            if app.queue.counts.snoozed > 0 {
                said.push(count(app.queue.counts.snoozed, "is snoozed", "are snoozed"));
            }
        }
    }
    let wide = usize::from(inside.width);
    let lines: Vec<String> = said.iter().flat_map(|s| crate::model::text::wrap(s, wide)).collect();
    let skip = usize::from(inside.height).saturating_sub(lines.len()) / 3;
    for (index, (text, row)) in lines.iter().zip(inside.rows().skip(skip)).enumerate() {
        let x = row.x + u16::try_from(wide.saturating_sub(width(text)) / 2).unwrap_or(0);
        let style = if index == 0 { app.theme.strong() } else { app.theme.dim() };
        buffer.set_stringn(x, row.y, text, wide, style);
    }
}

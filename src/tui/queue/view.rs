//! The queue pane.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_segmentation::UnicodeSegmentation;

use crate::config::panes::Column;
use crate::model::queue::Sort;
use crate::model::service_level::running_clock;
use crate::model::text::{SafeText, pad, truncate, width};
use crate::model::{Status, Summary};

use crate::tui::core::app::App;
use crate::tui::core::layout::{Frame, PaneSlot};
use crate::tui::core::mode::Mode;
use crate::tui::core::pane::Pane;
use crate::tui::filter::FILTER_LINE_ROWS;
use crate::tui::input::fuzzy::{Hit, WordMatcher};
use crate::tui::queue::columns::{BAR_WIDTH, Columns, REMAINING_WIDTH, heading};
use crate::tui::queue::{Group, Row, empty_state};
use crate::tui::widgets::formatting::{age, remaining_bar, remaining_text, short_status};
use crate::tui::widgets::text::{Line, Span, draw_line, draw_text};
use crate::tui::widgets::{highlight, pane};
use crate::tui::{filter, queue};

pub(in crate::tui) fn draw(app: &App, slot: &PaneSlot, buffer: &mut Buffer) {
    let queue = &app.queue;
    let total = queue.lines.len();
    let at = if total == 0 { 0 } else { queue.index + 1 };
    let mut inside = slot.inner();
    let typed = match &app.ui.mode {
        Mode::Filter(typed) => Some(typed),
        _ => None,
    };
    let full_title = SafeText::from(title_text(app, typed.is_some()));
    let right = format!("{at}/{}", total_text(app));
    // The filter has precedence over the scroll position where both don't fit.
    let room = usize::from(slot.area.width).saturating_sub("╭ 1 Queue ─  ╮".chars().count());
    let about = truncate(&full_title, room.saturating_sub(right.len() + 3)).into_owned();
    let title = pane::Title { about, right, alarm: false };
    let header_rows = 1 + if typed.is_some() { FILTER_LINE_ROWS } else { 0 };
    let rows = usize::from(inside.height.saturating_sub(header_rows));
    let hidden = (queue.top, total.saturating_sub(queue.top + rows));
    pane::draw(app, slot, &title, hidden, buffer);
    if let Some(typed) = typed {
        let area = Rect { height: FILTER_LINE_ROWS.min(inside.height), ..inside };
        filter::view::draw(app, typed, area, &match_count_text(app), buffer);
        inside.y += area.height;
        inside.height -= area.height;
    }
    // Without a border there is no title: the filter is shown above the rows.
    let noted = slot.frame == Frame::Bare && typed.is_none() && is_special(app);
    if noted {
        let text = truncate(full_title, usize::from(inside.width));
        let style = app.ui.theme.accent();
        draw_text(text, style, inside, buffer);
    }
    if total == 0 {
        if noted {
            inside.y += 1;
            inside.height = inside.height.saturating_sub(1);
        }
        empty_state::draw(app, inside, buffer);
        return;
    }
    let columns = Columns::for_width(
        &app.session.settings.columns,
        usize::from(inside.width),
        queue.number_width,
    );
    if !noted {
        draw_line(&header(app, &columns), inside, buffer);
    }
    let lines = inside.rows().skip(1);
    for ((index, line), at) in queue.lines.iter().enumerate().skip(queue.top).zip(lines) {
        let selected = index == queue.index;
        let line = match line {
            queue::Line::Row(row) => row_line(app, &queue.rows[*row], &columns, selected),
            queue::Line::Head(group) => {
                group_line(app, &queue.groups[*group], usize::from(inside.width), selected)
            }
        };
        if selected {
            let focused = app.ui.focus == Pane::Queue;
            let highlight = Rect { x: at.x - 1, width: at.width + 2, ..at };
            buffer.set_style(highlight, app.ui.theme.selection(focused));
            draw_text("▌", app.ui.theme.accent(), highlight, buffer);
        }
        draw_line(&line, at, buffer);
    }
}

/// Whether anything but all open incidents in the usual order is shown.
fn is_special(app: &App) -> bool {
    let queue = &app.queue;
    queue.is_filtered()
        || queue.grouped
        || queue.effective_sort() != Sort::Urgent
        || !app.ui.marked.is_empty()
        || app.rows_as_of().is_some()
}

/// Returns the number of lines that can be scrolled through, with `+` if more can be fetched.
fn total_text(app: &App) -> String {
    let queue = &app.queue;
    let line_count = queue.lines.len();
    if queue.pages.as_ref().is_some_and(|pages| pages.next_page.is_some()) {
        return format!("{line_count}+");
    }
    let unread = !queue.is_filtered() && !queue.grouped;
    let total = app.fetched.snapshot.as_ref().and_then(|s| s.counts).filter(|_| unread);
    total
        .and_then(|total| usize::try_from(total.total()).ok())
        .map_or(line_count, |total| total.max(line_count))
        .to_string()
}

/// Returns how many incidents pass the filter.
fn match_count_text(app: &App) -> String {
    let queue = &app.queue;
    let count = queue.rows.len();
    match &queue.pages {
        Some(pages) if pages.in_flight.is_some_and(|(_, goes_on)| !goes_on) => "reading …".into(),
        Some(pages) if pages.error.is_some() => format!("{count}, history not read"),
        Some(pages) if pages.as_of.is_some() => format!("only {count} kept here"),
        Some(pages) if pages.next_page.is_some() => format!("{count}+ found"),
        Some(_) => format!("{count} found"),
        None => format!("{count} of {}", queue.counts.total()),
    }
}

/// Returns the title: view, counts, filter and order.
fn title_text(app: &App, typing: bool) -> String {
    let queue = &app.queue;
    let mut parts = Vec::new();
    if !app.ui.marked.is_empty() {
        parts.push(format!("{} selected", app.ui.marked.len()));
    }
    parts.extend(queue.view.clone());
    let cached_at = queue.pages.as_ref().and_then(|pages| pages.as_of);
    if queue.is_filtered() && !typing {
        parts.push(match_count_text(app));
        // Before the parts that may be truncated.
        parts.extend(cached_at.map(|at| app.as_of(at)));
        if queue.view.is_none() {
            parts.push(queue.filter().to_string());
        }
    } else if queue.view.is_none() && !typing {
        parts.push("open".into());
    }
    if queue.grouped {
        parts.push("by service".into());
    }
    // The usual order is not named where the filter needs the room.
    if queue.effective_sort() != Sort::Urgent || !queue.is_filtered() {
        parts.push(queue::sort_label(queue.effective_sort()).into());
    }
    if cached_at.is_none() {
        parts.extend(app.rows_as_of().map(|at| app.as_of(at)));
    }
    if queue.counts.snoozed > 0 && !queue.is_filtered() {
        parts.push(format!("{} snoozed", queue.counts.snoozed));
    }
    parts.join(" · ")
}

fn header(app: &App, columns: &Columns) -> Line<'static> {
    let mut text = " ".to_owned();
    for (column, wide) in &columns.list {
        let name = heading(*column, *wide, columns.bar);
        match column {
            Column::Number => {
                text.push_str(&" ".repeat(wide.saturating_sub(name.len())));
                text.push_str(name);
            }
            _ => text.push_str(&pad(name, *wide)),
        }
        text.push(' ');
    }
    Line::from(Span::styled(text.trim_end().to_owned(), app.ui.theme.dim()))
}

/// Appends a text with the matches of the filter's search words highlighted.
fn push_highlighted(app: &App, text: SafeText<'_>, style: Style, line: &mut Line<'static>) {
    let mut marks: Vec<usize> = app
        .queue
        .text_matchers()
        .iter()
        .flat_map(|word: &WordMatcher| word.matched_graphemes(&text))
        .collect();
    if !marks.is_empty() {
        marks.sort_unstable();
        marks.dedup();
    }
    highlight::push_marked(app, text, &marks, style, line);
}

/// Appends a text with matches highlighted, padded or truncated to `wide` columns, and a blank.
fn push_fitted<'a>(
    app: &App,
    text: impl Into<SafeText<'a>>,
    wide: usize,
    style: Style,
    line: &mut Line<'static>,
) {
    let full = text.into();
    let mut marks: Vec<usize> = app
        .queue
        .text_matchers()
        .iter()
        .flat_map(|word: &WordMatcher| word.matched_graphemes(&full))
        .collect();
    let text = truncate(&full, wide);
    marks.sort_unstable();
    marks.dedup();
    // Neither truncated letters nor the ellipsis are highlighted.
    if text.len() < full.len() {
        let visible = text.graphemes(true).count().saturating_sub(1);
        marks.retain(|mark| *mark < visible);
    }
    let blank = wide.saturating_sub(text.width()) + 1;
    highlight::push_marked(app, text, &marks, style, line);
    line.push_span(Span::styled(" ".repeat(blank), style));
}

fn row_line(app: &App, row: &Row, columns: &Columns, selected: bool) -> Line<'static> {
    let theme = app.ui.theme;
    let (row, hit) = (&*row.summary, row.hit);
    let fresh = row.status == Status::Triggered;
    let strong = if fresh || selected { theme.strong() } else { Style::new() };
    let mut line = Line::default();
    let flag = if app.ui.marked.contains(&row.id) {
        "✓"
    } else if app.is_pending(row.id) {
        "↑"
    } else if hit == Hit::Similar {
        "~"
    } else if row.paused {
        "‖"
    } else {
        " "
    };
    line.push_span(Span::styled(flag, theme.accent().add_modifier(Modifier::BOLD)));
    for (column, wide) in &columns.list {
        let wide = *wide;
        match column {
            Column::Number => {
                let number = row.number.map_or_else(|| "new".into(), |n| n.0.to_string());
                line.push_span(" ".repeat(wide.saturating_sub(number.len())));
                push_highlighted(app, number.into(), strong, &mut line);
                line.push_span(" ");
            }
            Column::Priority => {
                let text = format!("{:<4}", row.priority);
                line.push_span(Span::styled(text, theme.priority(row.priority)));
            }
            Column::Status => {
                let text = if wide < 13 { short_status(row.status) } else { row.status.as_str() };
                line.push_span(Span::styled(format!("{text:<wide$} "), strong));
            }
            Column::Age => {
                let text = format!("{:>5} ", age(row.reported_at, app.now));
                line.push_span(Span::styled(text, theme.dim()));
            }
            Column::Sla => push_service_level(app, row, columns.bar, &mut line),
            Column::Service => {
                let service = row.primary_service().map_or("–".into(), |s| app.service_label(s));
                push_fitted(app, service, wide, Style::new(), &mut line);
            }
            Column::Owner => push_owner(app, row, wide, &mut line),
            Column::Team => {
                let team = row.team.as_deref().map_or("–".into(), |team| app.team_label(team));
                push_fitted(app, team, wide, theme.dim(), &mut line);
            }
            Column::Title => push_fitted(app, &row.title, wide, strong, &mut line),
        }
    }
    line
}

fn push_owner(app: &App, row: &Summary, wide: usize, line: &mut Line<'static>) {
    if let Some(person) = &row.assignee {
        push_fitted(app, &person.name, wide, app.ui.theme.dim(), line);
        return;
    }
    let fresh = row.status == Status::Triggered;
    let style = if fresh { app.ui.theme.strong() } else { Style::new() };
    line.push_span(Span::styled(pad("unowned", wide), style));
    line.push_span(" ");
}

/// Returns the heading of a group: its most urgent state and its number of incidents.
fn group_line(app: &App, group: &Group, room: usize, selected: bool) -> Line<'static> {
    let theme = app.ui.theme;
    let first = &app.queue.rows[group.most_urgent].summary;
    let rows = &app.queue.rows[group.rows.clone()];
    let marked = rows.iter().filter(|row| app.ui.marked.contains(&row.summary.id)).count();
    let mut line = Line::default();
    let flag = if marked == rows.len() { "✓" } else { " " };
    line.push_span(Span::styled(flag, theme.accent().add_modifier(Modifier::BOLD)));
    let fold = if group.folded { "▸ " } else { "▾ " };
    line.push_span(Span::styled(fold, theme.accent()));
    let wide = if room < 72 { 10 } else { 18 };
    let service = if group.service.is_empty() { "no service" } else { &group.service };
    push_fitted(app, service, wide, theme.strong(), &mut line);
    line.push_span(Span::styled(format!("{:>4} ", rows.len()), theme.strong()));
    let worst = rows.iter().map(|row| row.summary.priority).min().unwrap_or(first.priority);
    line.push_span(Span::styled(format!("{worst:<3} "), theme.priority(worst)));
    push_service_level(app, first, room >= 72, &mut line);
    let (word, wide) = if room < 72 { ("unack", 9) } else { ("unacknowledged", 18) };
    let fresh = match group.unacknowledged {
        0 => String::new(),
        count => format!("{count} {word}"),
    };
    line.push_span(Span::styled(format!("{fresh:<wide$} "), theme.strong()));
    if marked > 0 && marked < rows.len() {
        line.push_span(Span::styled(format!("{marked} selected "), theme.accent()));
    }
    let remaining = room.saturating_sub(line.width());
    if group.folded && remaining > 8 {
        let style = if selected { Style::new() } else { theme.dim() };
        push_highlighted(app, truncate(&first.title, remaining), style, &mut line);
    }
    line
}

/// Appends the running service level clock: a bar of the remaining time, and the time.
fn push_service_level(app: &App, row: &Summary, bar: bool, line: &mut Line<'static>) {
    let Some(clock) = running_clock(row, &app.session.rules.levels) else {
        line.push_span(" ".repeat(REMAINING_WIDTH + if bar { BAR_WIDTH } else { 0 }));
        return;
    };
    let (past, near) = (clock.is_past(app.now), clock.is_near(app.now));
    if bar {
        let bar = remaining_bar(&clock, app.now, BAR_WIDTH);
        line.push_span(Span::styled(bar, if near { Style::new() } else { app.ui.theme.dim() }));
    }
    let text = remaining_text(clock.remaining(app.now));
    let style = if past {
        app.ui.theme.alarm()
    } else if near {
        app.ui.theme.strong()
    } else {
        Style::new()
    };
    line.push_span(" ".repeat((REMAINING_WIDTH - 1).saturating_sub(width(&text))));
    line.push_span(Span::styled(text, style));
    line.push_span(" ");
}

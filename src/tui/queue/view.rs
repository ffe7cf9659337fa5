//! The queue pane.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::queue::Sort;
use crate::model::text::{SafeText, truncate_at_space};

use crate::tui::core::app::App;
use crate::tui::core::layout::{Frame, PaneSlot};
use crate::tui::core::mode::Mode;
use crate::tui::core::pane::Pane;
use crate::tui::filter::FILTER_LINE_ROWS;
use crate::tui::queue::group_view::group_line;
use crate::tui::queue::row_view::{flag, flag_style, header, row_line, second_line};
use crate::tui::queue::{empty_state, layout};
use crate::tui::widgets::pane;
use crate::tui::widgets::text::{Line, draw_line, draw_text};
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
    let about = truncate_at_space(&full_title, room.saturating_sub(right.len() + 3)).into_owned();
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
        let text = truncate_at_space(full_title, usize::from(inside.width));
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
    let columns = layout::columns(app, usize::from(inside.width));
    if !noted {
        draw_line(&header(app, &columns), inside, buffer);
    }
    let double = layout::has_second_lines(app, inside.height);
    let mut lines = inside.rows().skip(1);
    for (index, line) in queue.lines.iter().enumerate().skip(queue.top) {
        let Some(at) = lines.next() else { break };
        let selected = index == queue.index;
        let (line, row) = match line {
            queue::Line::Row(row) => {
                let row = &queue.rows[*row];
                (row_line(app, row, &columns, selected && !app.ui.low_bandwidth), Some(row))
            }
            queue::Line::Head(group) => {
                let (group, room) = (&queue.groups[*group], usize::from(inside.width));
                (group_line(app, group, room, selected), None)
            }
        };
        draw_selectable(app, &line, at, selected, buffer);
        if let Some(row) = row.filter(|_| !columns.has_flag && !selected) {
            let margin = Rect { x: at.x - 1, width: 1, ..at };
            draw_text(flag(app, row), flag_style(app), margin, buffer);
        }
        if let Some(row) = row.filter(|_| double)
            && let Some(at) = lines.next()
        {
            let line = second_line(app, &row.summary, &columns, usize::from(inside.width));
            draw_line(&line, at, buffer);
            // Without a background of its own, which would cost as many bytes as the first line.
            if selected {
                let margin = Rect { x: at.x - 1, width: 1, ..at };
                draw_text("▌", app.ui.theme.accent(), margin, buffer);
            }
        }
    }
}

/// Draws a line, and marks it if it is selected.
fn draw_selectable(app: &App, line: &Line<'_>, at: Rect, selected: bool, buffer: &mut Buffer) {
    if selected && app.ui.low_bandwidth {
        // A background would cost as many bytes as the two rows have cells, with each key.
        let margin = Rect { x: at.x - 1, width: 1, ..at };
        draw_text("▌", app.ui.theme.accent(), margin, buffer);
    } else if selected {
        let focused = app.ui.focus == Pane::Queue;
        let highlight = Rect { x: at.x - 1, width: at.width + 2, ..at };
        buffer.set_style(highlight, app.ui.theme.selection(focused));
        draw_text("▌", app.ui.theme.accent(), highlight, buffer);
    }
    draw_line(line, at, buffer);
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

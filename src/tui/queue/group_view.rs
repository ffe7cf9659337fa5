//! Headings of groups in the queue.

use ratatui::style::{Modifier, Style};

use crate::model::text::truncate;
use crate::model::{Priority, Summary};

use crate::tui::core::app::App;
use crate::tui::queue::Group;
use crate::tui::queue::row_view::{push_clock, push_fitted, push_highlighted};
use crate::tui::widgets::text::{Line, Span};

/// The width of the clock in a heading.
const CLOCK_WIDTH: usize = 9;
/// The width of a queue below which headings are short.
const NARROW_BELOW: usize = 60;

/// Returns the heading of a group: the numbers of incidents by priority, the most urgent title, the
/// number of unacknowledged ones, and the worst clock.
pub(in crate::tui) fn group_line(
    app: &App,
    group: &Group,
    room: usize,
    selected: bool,
) -> Line<'static> {
    let theme = app.ui.theme;
    let rows = &app.queue.rows[group.rows.clone()];
    let first: &Summary = &app.queue.rows[group.most_urgent].summary;
    let worst: &Summary = &app.queue.rows[group.worst_clock].summary;
    let right = right(app, group, worst, room);
    let mut line = left(app, group, room);
    let marked = rows.iter().filter(|row| app.ui.marked.contains(&row.summary.id)).count();
    if marked > 0 && marked < rows.len() {
        line.push_span(Span::styled(format!("  {marked} selected"), theme.accent()));
    }
    let free = room.saturating_sub(line.width() + right.width());
    if group.folded && free > 10 {
        let style = if selected { Style::new() } else { theme.dim() };
        line.push_span("  ");
        push_highlighted(app, &truncate(&first.title, free - 3), style, &mut line);
    }
    line.push_span(" ".repeat(room.saturating_sub(line.width() + right.width())));
    line.extend(right.spans);
    line
}

/// Returns the left part: the service, and the number of incidents in all and by priority.
fn left(app: &App, group: &Group, room: usize) -> Line<'static> {
    let theme = app.ui.theme;
    let rows = &app.queue.rows[group.rows.clone()];
    let all_marked = rows.iter().all(|row| app.ui.marked.contains(&row.summary.id));
    let mut line = Line::default();
    let flag = if all_marked { "✓" } else { " " };
    line.push_span(Span::styled(flag, theme.accent().add_modifier(Modifier::BOLD)));
    let fold = if group.folded { "▸ " } else { "▾ " };
    line.push_span(Span::styled(fold, theme.accent()));
    let service = if group.service.is_empty() {
        "no service".into()
    } else {
        app.service_label(&group.service)
    };
    let narrow = room < NARROW_BELOW;
    push_fitted(app, service, if narrow { 10 } else { 18 }, theme.strong(), &mut line);
    line.push_span(Span::styled(format!("{:>3}", rows.len()), theme.strong()));
    let counts = Priority::ALL.into_iter().zip(group.by_priority).filter(|(_, count)| *count > 0);
    // In a narrow pane, only the highest priority has room.
    for (priority, count) in counts.take(if narrow { 1 } else { 4 }) {
        line.push_span("  ");
        line.push_span(Span::styled(priority.as_str(), theme.priority(priority)));
        line.push_span(format!(" {count}"));
    }
    let folded = rows.iter().filter(|row| row.summary.folded_under.is_some()).count();
    if folded > 0 && !narrow {
        line.push_span(Span::styled(format!("  └ {folded} folded"), theme.dim()));
    }
    line
}

/// Returns the right part: the number of unacknowledged incidents, and the worst clock.
fn right(app: &App, group: &Group, worst: &Summary, room: usize) -> Line<'static> {
    let mut line = Line::default();
    if group.unacknowledged > 0 {
        let word = if room < NARROW_BELOW { "new" } else { "unack" };
        let text = format!(" {} {word}", group.unacknowledged);
        line.push_span(Span::styled(text, app.ui.theme.strong()));
    }
    line.push_span(" ");
    let wide = if room < NARROW_BELOW { 5 } else { CLOCK_WIDTH };
    push_clock(app, worst, false, wide, &mut line);
    // No blank follows the last column.
    line.spans.pop();
    line
}

//! The outbox popup: commands for a remote that were refused, are pending, or were sent.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::model::text::{lines as safe_lines, truncate, width as wide, wrap};
use crate::sync::remote::{EntryState, OutboxEntry, OutboxSnapshot};

use crate::tui::confirm;
use crate::tui::core::app::App;
use crate::tui::outbox::{MAX_SENT, OutboxPane};
use crate::tui::widgets::formatting::{pluralize, retry_text};
use crate::tui::widgets::popup;
use crate::tui::widgets::text::{Line, Span};

/// The indent of lines that belong to a command, in columns.
const INDENT: usize = 2;
/// The maximum number of lines of a refused command's text.
const MAX_TEXT_LINES: usize = 3;

/// The lines, and the range of lines of each command, in display order.
pub(in crate::tui) struct OutboxLayout {
    pub(in crate::tui) lines: Vec<Line<'static>>,
    pub(in crate::tui) entry_ranges: Vec<(usize, usize)>,
}

/// Returns the first line on the screen: unchanged, unless the selected command is outside.
pub(in crate::tui) fn top(app: &App, pane: &OutboxPane, body: Rect) -> usize {
    let Some(outbox) = &app.inflight.outbox else { return 0 };
    let inside = popup::inner(body);
    let width = usize::from(inside.width);
    let footer_rows = footer(app, pane, outbox, width).len();
    let height = usize::from(inside.height);
    let fits = height - footer_rows.min(height.saturating_sub(2));
    scroll_to_selected(
        &layout(app, outbox, pane, width),
        pane.selected_index(outbox),
        pane.top,
        fits,
    )
}

/// Returns the first line on the screen such that all lines of the selected command are visible.
pub(in crate::tui) fn scroll_to_selected(
    layout: &OutboxLayout,
    index: usize,
    top: usize,
    fits: usize,
) -> usize {
    let last = layout.lines.len().saturating_sub(fits);
    let Some((from, to)) = layout.entry_ranges.get(index).copied() else { return top.min(last) };
    // The first command is shown together with its heading.
    let from = if index == 0 { 0 } else { from };
    top.max(to.saturating_sub(fits)).min(from).min(last)
}

/// Returns the question whether to drop a command, or the notice.
pub(in crate::tui) fn footer(
    app: &App,
    pane: &OutboxPane,
    outbox: &OutboxSnapshot,
    width: usize,
) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut push = |text: &str, style: Style| {
        for part in wrap(text, width) {
            lines.push(Line::from(Span::styled(part, style)));
        }
    };
    if let Some(entry) = pane.confirm_drop.and_then(|id| outbox.get(id)) {
        push(&format!("Drop “{}”?", entry.phrase()), app.ui.theme.strong());
        match outbox.dependents(entry).len() {
            0 => {}
            1 => push("The command that needs it goes with it.", app.ui.theme.strong()),
            many => {
                push(&format!("{many} commands that need it go with it."), app.ui.theme.strong());
            }
        }
        if entry.is_pending() && entry.attempts > 0 {
            push("It may have arrived without its answer.", app.ui.theme.strong());
        }
        push(&confirm::layout::answer_keys(app), app.ui.theme.accent());
    } else if let Some(notice) = &pane.notice {
        push(notice, app.ui.theme.strong());
    }
    lines
}

pub(in crate::tui) fn layout(
    app: &App,
    outbox: &OutboxSnapshot,
    pane: &OutboxPane,
    width: usize,
) -> OutboxLayout {
    let mut layout = OutboxLayout { lines: Vec::new(), entry_ranges: Vec::new() };
    let counts = outbox.counts();
    let at = pane.selected_index(outbox);
    let refused: Vec<_> = outbox.refused().collect();
    let pending: Vec<_> = outbox.pending().collect();
    let sent: Vec<_> = outbox.sent().take(MAX_SENT).collect();
    if let Some(notice) = &outbox.remote.put_back {
        for part in wrap(notice.sentence(), width) {
            layout.lines.push(Line::from(Span::styled(part, app.ui.theme.alarm())));
        }
    }
    if refused.is_empty() && pending.is_empty() && sent.is_empty() {
        for part in wrap("Nothing is on its way, and nothing was sent from here yet.", width) {
            layout.lines.push(Line::from(Span::styled(part, app.ui.theme.dim())));
        }
        return layout;
    }
    let headings = [
        (refused, format!("{} refused: decide what becomes of them", counts.refused)),
        (pending, pending_heading(app, counts.pending)),
        (sent, "Sent, the last one first".to_owned()),
    ];
    for (entries, heading) in headings {
        if entries.is_empty() {
            continue;
        }
        if !layout.lines.is_empty() {
            layout.lines.push(Line::default());
        }
        let heading = truncate(heading, width);
        let style = app.ui.theme.dim().add_modifier(Modifier::BOLD);
        layout.lines.push(Line::from(Span::styled(heading, style)));
        for entry in entries {
            let from = layout.lines.len();
            let selected = layout.entry_ranges.len() == at;
            push_entry(app, outbox, entry, selected, width, &mut layout.lines);
            layout.entry_ranges.push((from, layout.lines.len()));
        }
    }
    layout
}

fn pending_heading(app: &App, pending: usize) -> String {
    let what = pluralize(pending as u64, "waits", "wait");
    if app.is_offline() {
        format!("{what} until the API can be reached")
    } else {
        format!("{what} to be sent")
    }
}

fn push_entry(
    app: &App,
    outbox: &OutboxSnapshot,
    entry: &OutboxEntry,
    selected: bool,
    width: usize,
    lines: &mut Vec<Line<'static>>,
) {
    let theme = app.ui.theme;
    let blocked_reason =
        outbox.blocker_of(entry).map(|declared| format!("“{}” was refused", declared.phrase()));
    let blocked_reason = blocked_reason.or_else(|| outbox.unsendable_reason(entry));
    let (mark, style) = match &entry.state {
        EntryState::Refused(_) => ("! ", theme.strong()),
        EntryState::Pending if blocked_reason.is_some() => ("‖ ", theme.accent()),
        EntryState::Pending => ("↑ ", theme.accent()),
        EntryState::Sent(_) => ("✓ ", theme.dim()),
    };
    let clock = app.clock();
    let requested_at = clock.hh_mm_ss(entry.requested_at());
    let time = match (&entry.state, entry.settled_at) {
        (EntryState::Sent(_), Some(at)) if width >= 60 => {
            format!("{requested_at} · sent {}", clock.hh_mm_ss(at))
        }
        _ => requested_at,
    };
    let phrase = truncate(entry.phrase(), width.saturating_sub(time.len() + 4));
    let strong = if selected { theme.strong() } else { Style::new() };
    let mut line = Line::from(vec![Span::styled(mark, style), Span::styled(phrase, strong)]);
    let room = width.saturating_sub(line.width() + time.len() + 3);
    if room >= 8 && !entry.title.is_empty() && entry.declares().is_none() {
        let title = format!(" · {}", truncate(&entry.title, room.saturating_sub(3)));
        line.push_span(Span::styled(title, theme.dim()));
    }
    let gap = width.saturating_sub(line.width() + wide(&time));
    line.push_span(Span::raw(" ".repeat(gap)));
    line.push_span(Span::styled(time, theme.dim()));
    if selected {
        line = line.style(theme.selection(true));
    }
    lines.push(line);
    let room = width.saturating_sub(INDENT).max(8);
    let mut push = |text: &str, style: Style, most: usize| {
        let parts: Vec<_> =
            safe_lines(text).flat_map(|line| wrap(line, room)).filter(|p| !p.is_empty()).collect();
        for part in parts.iter().take(most) {
            lines.push(Line::from(vec![Span::raw("  "), Span::styled(part.clone(), style)]));
        }
        if parts.len() > most {
            lines.push(Line::from(vec![Span::raw("  "), Span::styled("…", theme.dim())]));
        }
    };
    let text = entry.text();
    match &entry.state {
        EntryState::Sent(_) => {}
        EntryState::Refused(_) => {
            push(&text, theme.dim(), if selected { usize::MAX } else { MAX_TEXT_LINES });
            let earlier = entry.blocked_by.and_then(|id| outbox.get(id));
            let why = entry.refusal_sentence(app.now).unwrap_or_default();
            let earlier = earlier.filter(|_| !why.starts_with("not sent"));
            let after = earlier.map(|other| format!(" (after “{}” was refused)", other.phrase()));
            let age = entry.refusal_age(app.now).map(|age| format!(" ({age})"));
            let (after, age) = (after.unwrap_or_default(), age.unwrap_or_default());
            let why = format!("refused: {why}{age}{after}");
            push(&why, theme.strong(), usize::MAX);
        }
        EntryState::Pending => {
            push(&text, theme.dim(), if selected { usize::MAX } else { 1 });
            if let Some(blocked_reason) = blocked_reason {
                push(&format!("held: {blocked_reason}"), theme.strong(), usize::MAX);
            } else if let Some(error) = &entry.last_error {
                let again =
                    entry.next_attempt_at.map(|at| format!(" · {}", retry_text(app, at - app.now)));
                push(&format!("{error}{}", again.unwrap_or_default()), theme.dim(), 2);
            }
        }
    }
}

//! The runbook popup, with steps numbered and ticked.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::model::runbook::{Block, BlockKind, RunbookPage, TextSpan, TextStyle, Tick, find_ticks};
use crate::model::text::{width, wrap};

use crate::tui::core::app::App;
use crate::tui::core::mode::Mode;
use crate::tui::runbook::RunbookPane;
use crate::tui::runbook::steps::loaded_events;
use crate::tui::widgets::markdown::{needs_blank_line, text_style, wrap_styled};
use crate::tui::widgets::popup;
use crate::tui::widgets::text::{Line, Span};

/// The maximum width of the text, in columns: longer lines are hard to read.
const MAX_COLUMNS: usize = 100;

/// Returns the size of the area for text, in columns and rows.
pub(in crate::tui) fn text_size(body: Rect) -> (usize, usize) {
    let inside = popup::inner(body);
    (usize::from(inside.width).min(MAX_COLUMNS), usize::from(inside.height))
}

/// A runbook laid out for a width.
#[derive(Default)]
pub(in crate::tui) struct RunbookLayout {
    /// The lines of the runbook, wrapped for the width.
    pub(in crate::tui) lines: Vec<Line<'static>>,
    /// For each step and code block, the index of its block and its first line.
    pub(in crate::tui) stops: Vec<(usize, usize)>,
    /// The number of lines of each of those.
    pub(in crate::tui) heights: Vec<usize>,
}

pub(in crate::tui) fn layout(app: &App, book: &RunbookPane, columns: usize) -> RunbookLayout {
    let mut layout = RunbookLayout::default();
    let Some(page) = &book.page else {
        layout.lines.push(Line::from(Span::styled("reading …", app.ui.theme.dim())));
        return layout;
    };
    for problem in &book.head.problems {
        for part in wrap(format!("! {problem}"), columns) {
            layout.lines.push(Line::from(Span::styled(part, app.ui.theme.strong())));
        }
    }
    if page.blocks.is_empty() {
        layout.lines.push(Line::from(Span::styled("it is empty", app.ui.theme.dim())));
    }
    let ticks = find_ticks(&book.head.name, &page.steps, loaded_events(app, book.target.id));
    let mut before: Option<&Block> = None;
    for (index, block) in page.blocks.iter().enumerate() {
        if before.is_some_and(|before| needs_blank_line(before, block)) {
            layout.lines.push(Line::default());
        }
        before = Some(block);
        let start = layout.lines.len();
        let stops = block.step.is_some() || matches!(block.kind, BlockKind::Code(..));
        let selected = stops && book.selected_block == Some(index);
        let mark = block.step.map(|step| step_mark(app, book, page, &ticks, step));
        let lines = block_lines(app, block, mark.as_ref(), selected, columns);
        if stops {
            layout.stops.push((index, start));
            layout.heights.push(lines.len());
        }
        layout.lines.extend(lines);
    }
    layout
}

/// The mark and number before a step, and who has done the step.
struct StepMark {
    text: String,
    by: String,
    done: bool,
}

fn step_mark(
    app: &App,
    book: &RunbookPane,
    page: &RunbookPage,
    ticks: &[Option<Tick>],
    step: usize,
) -> StepMark {
    let digits = page.steps.len().to_string().len();
    let sent = book.sent_ticks.iter().any(|(sent, _)| *sent == step);
    let (sign, by) = match &ticks[step] {
        Some(tick) => ("✓", format!(" – {} {}", tick.by, app.clock().hh_mm(tick.at))),
        None if sent => ("…", String::new()),
        None => (" ", String::new()),
    };
    StepMark { text: format!("[{sign}] {:>digits$}  ", step + 1), by, done: ticks[step].is_some() }
}

fn block_lines(
    app: &App,
    block: &Block,
    mark: Option<&StepMark>,
    selected: bool,
    columns: usize,
) -> Vec<Line<'static>> {
    let theme = app.ui.theme;
    let base = if selected { theme.selection(true) } else { Style::new() };
    let edge = if selected { "▌" } else { " " };
    let deep = (2 * block.indent).min(columns / 4);
    let mut lines = Vec::new();
    let mut line = |mut spans: Vec<Span<'static>>| {
        let mut line = Line::from(Span::styled(edge.to_owned(), theme.accent()));
        line.spans.append(&mut spans);
        if selected {
            let blank = columns.saturating_sub(line.width());
            line.push_span(Span::raw(" ".repeat(blank)));
            line = line.patch_style(base);
        }
        lines.push(line);
    };
    let indent = " ".repeat(deep);
    let quoted = if block.quoted { "│ " } else { "" };
    match &block.kind {
        BlockKind::Rule => {
            line(vec![Span::styled("─".repeat(columns.saturating_sub(2)), theme.border())]);
        }
        BlockKind::Code(..) | BlockKind::Table(_) => {
            let code = block.preformatted();
            let room = columns.saturating_sub(deep + 3);
            for row in code.iter().flat_map(|row| wrap(row, room)) {
                line(vec![
                    Span::raw(indent.clone()),
                    Span::styled("│ ", theme.border()),
                    Span::styled(row, text_style(app, TextStyle::Code)),
                ]);
            }
            if code.is_empty() {
                line(vec![Span::raw(indent), Span::styled("│ ", theme.border())]);
            }
        }
        BlockKind::Heading(_) | BlockKind::Text | BlockKind::Item(_) => {
            let first = match (&block.kind, mark) {
                (_, Some(mark)) => mark.text.clone(),
                (BlockKind::Item(mark), None) => format!("{mark} "),
                _ => String::new(),
            };
            let hang = width(&first);
            let room = columns.saturating_sub(1 + deep + width(quoted) + hang).max(8);
            let mut text_spans = block.spans.clone();
            if let Some(mark) = mark.filter(|mark| !mark.by.is_empty()) {
                text_spans.push(TextSpan { text: mark.by.clone(), style: TextStyle::Emphasis });
            }
            let done = mark.is_some_and(|mark| mark.done);
            for (index, row) in wrap_styled(&text_spans, room).into_iter().enumerate() {
                let start = if index == 0 { first.clone() } else { " ".repeat(hang) };
                let style = if done { theme.good() } else { theme.dim() };
                let mut spans = vec![
                    Span::raw(indent.clone()),
                    Span::styled(quoted, theme.border()),
                    Span::styled(start, style),
                ];
                for text_span in row {
                    let mut style = text_style(app, text_span.style);
                    if matches!(block.kind, BlockKind::Heading(1)) {
                        style = theme.accent().add_modifier(Modifier::BOLD);
                    }
                    spans.push(Span::styled(text_span.text, style));
                }
                line(spans);
            }
        }
    }
    lines
}

/// Returns the selectable blocks of the open runbook: each block with its first line, and the
/// number of its lines.
pub(super) fn runbook_stops(app: &App) -> (Vec<(usize, usize)>, Vec<usize>) {
    let Mode::Runbook(pane) = &app.ui.mode else { return (Vec::new(), Vec::new()) };
    let (columns, _) = text_size(app.layout().body());
    let layout = layout(app, pane, columns);
    (layout.stops, layout.heights)
}

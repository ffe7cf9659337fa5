//! A runbook, with its steps numbered and ticked.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::model::runbook::{Block, BlockKind, RunbookPage, TextSpan, TextStyle, Tick, find_ticks};
use crate::model::text::{sanitize, width, wrap};

use super::super::app::App;
use super::super::run::RunbookPane;
use super::super::update::loaded_events;
use super::popup;

/// The most columns of text: longer lines are hard to read.
const WIDE: usize = 100;

/// Columns and rows of the text.
pub(super) fn text_size(body: Rect) -> (usize, usize) {
    let inside = popup::inner(body);
    (usize::from(inside.width).min(WIDE), usize::from(inside.height))
}

/// A runbook laid out for a width.
#[derive(Default)]
pub(super) struct RunbookLayout {
    /// All lines.
    pub(super) lines: Vec<Line<'static>>,
    /// Steps and code: their block and first line.
    pub(super) stops: Vec<(usize, usize)>,
    /// Lines of each of those.
    pub(super) heights: Vec<usize>,
}

pub(super) fn layout(app: &App, book: &RunbookPane, columns: usize) -> RunbookLayout {
    let mut laid = RunbookLayout::default();
    let Some(page) = &book.page else {
        laid.lines.push(Line::from(Span::styled("reading …", app.theme.dim())));
        return laid;
    };
    for wrong in &book.head.problems {
        for part in wrap(&format!("! {wrong}"), columns) {
            laid.lines.push(Line::from(Span::styled(part, app.theme.strong())));
        }
    }
    if page.blocks.is_empty() {
        laid.lines.push(Line::from(Span::styled("it is empty", app.theme.dim())));
    }
    let ticks = find_ticks(&book.head.name, &page.steps, loaded_events(app, book.target.id));
    let mut before: Option<&Block> = None;
    for (place, block) in page.blocks.iter().enumerate() {
        if before.is_some_and(|before| needs_blank_line(before, block)) {
            laid.lines.push(Line::default());
        }
        before = Some(block);
        let start = laid.lines.len();
        let stops = block.step.is_some() || matches!(block.kind, BlockKind::Code(..));
        let selected = stops && book.selected_block == Some(place);
        let mark = block.step.map(|step| step_mark(app, book, page, &ticks, step));
        let lines = block_lines(app, block, mark.as_ref(), selected, columns);
        if stops {
            laid.stops.push((place, start));
            laid.heights.push(lines.len());
        }
        laid.lines.extend(lines);
    }
    laid
}

/// Whether a blank line stands between two blocks.
fn needs_blank_line(above: &Block, below: &Block) -> bool {
    let together = match (&above.kind, &below.kind) {
        (BlockKind::Item(_) | BlockKind::Code(..), BlockKind::Item(_))
        | (BlockKind::Item(_), BlockKind::Code(..)) => true,
        (BlockKind::Item(_), BlockKind::Text) => below.indent > 0 && !below.quoted,
        _ => false,
    };
    !together
}

/// What stands before a step, and who has done it.
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
        Some(tick) => ("✓", format!(" – {} {}", sanitize(&tick.by), app.clock().hh_mm(tick.at))),
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
    let theme = app.theme;
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
        BlockKind::Code(code, _) => {
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
            let mut pieces = block.spans.clone();
            if let Some(mark) = mark.filter(|mark| !mark.by.is_empty()) {
                pieces.push(TextSpan { text: mark.by.clone(), style: TextStyle::Emphasis });
            }
            let done = mark.is_some_and(|mark| mark.done);
            for (place, row) in wrap_styled(&pieces, room).into_iter().enumerate() {
                let start = if place == 0 { first.clone() } else { " ".repeat(hang) };
                let style = if done { theme.good() } else { theme.dim() };
                let mut spans = vec![
                    Span::raw(indent.clone()),
                    Span::styled(quoted, theme.border()),
                    Span::styled(start, style),
                ];
                for piece in row {
                    let mut style = text_style(app, piece.style);
                    if matches!(block.kind, BlockKind::Heading(1)) {
                        style = theme.accent().add_modifier(Modifier::BOLD);
                    }
                    spans.push(Span::styled(piece.text, style));
                }
                line(spans);
            }
        }
    }
    lines
}

fn text_style(app: &App, look: TextStyle) -> Style {
    match look {
        TextStyle::Plain => Style::new(),
        TextStyle::Strong => app.theme.strong(),
        TextStyle::Emphasis => app.theme.dim(),
        TextStyle::Code => app.theme.accent(),
    }
}

/// Pieces broken into rows, each with its looks.
fn wrap_styled(pieces: &[TextSpan], columns: usize) -> Vec<Vec<TextSpan>> {
    let text: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
    let mut rest = pieces.iter().flat_map(|piece| piece.text.chars().map(|ch| (ch, piece.style)));
    let mut rows = Vec::new();
    for row in wrap(&text, columns) {
        let mut parts: Vec<TextSpan> = Vec::new();
        // Blanks at which a line was broken are not in the rows.
        for wanted in row.chars() {
            let Some((_, look)) = rest.by_ref().find(|(ch, _)| *ch == wanted) else { break };
            match parts.last_mut() {
                Some(last) if last.style == look => last.text.push(wanted),
                _ => parts.push(TextSpan { text: wanted.to_string(), style: look }),
            }
        }
        rows.push(parts);
    }
    rows
}

pub(super) fn draw(app: &App, book: &RunbookPane, body: Rect, buffer: &mut Buffer) {
    let mut heading = format!("{} · {}", sanitize(&book.head.name), book.target.label);
    if let Some(page) = book.page.as_ref().filter(|page| !page.steps.is_empty()) {
        let ticks = find_ticks(&book.head.name, &page.steps, loaded_events(app, book.target.id));
        let done = ticks.iter().flatten().count();
        heading = format!("{heading} · {done} of {} done", page.steps.len());
    }
    popup::frame(app, body, &heading, buffer);
    let inside = popup::inner(body);
    let laid = layout(app, book, text_size(body).0);
    for (line, row) in laid.lines.iter().skip(book.top).zip(inside.rows()) {
        buffer.set_line(row.x, row.y, line, row.width);
    }
    let below = laid.lines.len().saturating_sub(book.top + usize::from(inside.height));
    popup::draw_scroll_hint(app, body, (book.top, below), buffer);
}

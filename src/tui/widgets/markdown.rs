//! A text in Markdown as lines.

use ratatui::style::Style;

use crate::model::runbook::{Block, BlockKind, RunbookPage, TextSpan, TextStyle};
use crate::model::text::{width, wrap};

use crate::tui::core::app::App;
use crate::tui::widgets::text::{Line, Span};

/// Returns the lines of a text in Markdown, at most `columns` wide.
pub(in crate::tui) fn markdown_lines(app: &App, text: &str, columns: usize) -> Vec<Line<'static>> {
    let page = RunbookPage::parse_body(text);
    let mut lines = Vec::new();
    let mut above: Option<&Block> = None;
    for block in &page.blocks {
        if above.is_some_and(|above| needs_blank_line(above, block)) {
            lines.push(Line::default());
        }
        push_block(app, block, columns, &mut lines);
        above = Some(block);
    }
    lines
}

fn push_block(app: &App, block: &Block, columns: usize, lines: &mut Vec<Line<'static>>) {
    let theme = app.ui.theme;
    let deep = (2 * block.indent).min(columns / 4);
    let indent = " ".repeat(deep);
    let quoted = if block.quoted { "│ " } else { "" };
    match &block.kind {
        BlockKind::Rule => {
            lines.push(Span::styled("─".repeat(columns), theme.border()).into());
        }
        BlockKind::Code(..) | BlockKind::Table(_) => {
            let code = block.preformatted();
            let room = columns.saturating_sub(deep + 2).max(1);
            for row in code.iter().flat_map(|row| wrap(row, room)) {
                lines.push(Line::from(vec![
                    Span::raw(indent.clone()),
                    Span::styled("│ ", theme.border()),
                    Span::styled(row, text_style(app, TextStyle::Code)),
                ]));
            }
        }
        BlockKind::Heading(_) | BlockKind::Text | BlockKind::Item(_) => {
            let mark = match &block.kind {
                BlockKind::Item(mark) => format!("{mark} "),
                _ => String::new(),
            };
            let hang = width(&mark);
            let room = columns.saturating_sub(deep + width(quoted) + hang).max(8);
            for (index, row) in wrap_styled(&block.spans, room).into_iter().enumerate() {
                let start = if index == 0 { mark.clone() } else { " ".repeat(hang) };
                let mut line = Line::from(vec![
                    Span::raw(indent.clone()),
                    Span::styled(quoted, theme.border()),
                    Span::styled(start, theme.dim()),
                ]);
                for span in row {
                    let style = text_style(app, span.style);
                    line.push_span(Span::styled(span.text, style));
                }
                lines.push(line);
            }
        }
    }
}

/// Whether a blank line separates two blocks.
pub(in crate::tui) fn needs_blank_line(above: &Block, below: &Block) -> bool {
    let together = match (&above.kind, &below.kind) {
        (BlockKind::Item(_) | BlockKind::Code(..) | BlockKind::Table(_), BlockKind::Item(_))
        | (BlockKind::Item(_), BlockKind::Code(..) | BlockKind::Table(_)) => true,
        (BlockKind::Item(_), BlockKind::Text) => below.indent > 0 && !below.quoted,
        _ => false,
    };
    !together
}

/// Returns how a run of text is drawn.
pub(in crate::tui) fn text_style(app: &App, style: TextStyle) -> Style {
    match style {
        TextStyle::Plain => Style::new(),
        TextStyle::Strong => app.ui.theme.strong(),
        TextStyle::Emphasis => app.ui.theme.dim(),
        TextStyle::Code => app.ui.theme.accent(),
    }
}

/// Wraps styled text into rows.
pub(in crate::tui) fn wrap_styled(spans: &[TextSpan], columns: usize) -> Vec<Vec<TextSpan>> {
    let text: String = spans.iter().map(|span| span.text.as_str()).collect();
    let mut rest = spans.iter().flat_map(|span| span.text.chars().map(|ch| (ch, span.style)));
    let mut rows = Vec::new();
    for row in wrap(&text, columns) {
        let mut parts: Vec<TextSpan> = Vec::new();
        // Wrapping drops the blanks at which a line is broken.
        for wanted in row.chars() {
            let Some((_, style)) = rest.by_ref().find(|(ch, _)| *ch == wanted) else { break };
            match parts.last_mut() {
                Some(last) if last.style == style => last.text.push(wanted),
                _ => parts.push(TextSpan { text: wanted.to_string(), style }),
            }
        }
        rows.push(parts);
    }
    rows
}

//! Blocks of lines, below and next to each other.

use crate::model::text::width;
use crate::tui::widgets::text::{Line, Span};

/// The blank columns between two blocks.
pub(in crate::tui) const GAP: usize = 3;

/// Lines with the rows that some of them show.
#[derive(Default)]
pub(in crate::tui) struct Block {
    /// The lines.
    pub(in crate::tui) lines: Vec<Line<'static>>,
    /// The index of the line of each row.
    pub(in crate::tui) rows: Vec<usize>,
}

impl From<Vec<Line<'static>>> for Block {
    fn from(lines: Vec<Line<'static>>) -> Self {
        Self { lines, rows: Vec::new() }
    }
}

/// Removes the last words of a line until it fits: a truncated figure would be another figure.
pub(in crate::tui) fn fit(mut line: Line<'static>, room: usize) -> Line<'static> {
    while line.width() > room {
        let Some(last) = line.spans.pop() else { break };
        let text = last.content.trim_end().to_owned();
        let before = line.width();
        // Trailing blanks are not part of the words.
        if text.len() < last.content.len() && before + width(text.as_str()) <= room {
            line.push_span(Span::styled(text, last.style));
            break;
        }
        if let Some((first, _)) = text.rsplit_once(char::is_whitespace) {
            line.push_span(Span::styled(first.trim_end().to_owned(), last.style));
        }
    }
    line
}

/// Puts blocks below each other.
pub(in crate::tui) fn stack(blocks: Vec<Block>, roomy: bool) -> Block {
    let mut all = Block::default();
    for block in blocks {
        append(&mut all, block, roomy);
    }
    all
}

/// Appends the lines of a block below another one.
pub(in crate::tui) fn append(block: &mut Block, next: Block, roomy: bool) {
    if roomy && !block.lines.is_empty() {
        block.lines.push(Line::default());
    }
    let first = block.lines.len();
    block.rows.extend(next.rows.into_iter().map(|line| first + line));
    block.lines.extend(next.lines);
}

/// Puts two blocks next to each other, the first one `wide` columns wide; the rows of the second one follow
/// those of the first.
pub(in crate::tui) fn join(first: Block, second: Block, wide: usize) -> Block {
    let height = first.lines.len().max(second.lines.len());
    let mut lines = Vec::with_capacity(height);
    let mut first_lines = first.lines.into_iter();
    let mut second_lines = second.lines.into_iter();
    for _ in 0..height {
        let mut line = Line::default();
        push_styled(&mut line, first_lines.next().unwrap_or_default());
        let used = line.width();
        line.push_span(Span::raw(" ".repeat((wide + GAP).saturating_sub(used))));
        push_styled(&mut line, second_lines.next().unwrap_or_default());
        lines.push(line);
    }
    let rows = first.rows.into_iter().chain(second.rows).collect();
    Block { lines, rows }
}

/// Appends the spans of a line with the style of that line.
fn push_styled(line: &mut Line<'static>, other: Line<'static>) {
    let style = other.style;
    line.extend(
        other.spans.into_iter().map(|span| Span { style: style.patch(span.style), ..span }),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &Line<'_>) -> String {
        line.spans.iter().map(|span| span.content.as_str()).collect()
    }

    #[test]
    fn texts_are_omitted_as_units_and_blanks_first() {
        let line = |texts: &[&str]| {
            Line::from(texts.iter().map(|text| Span::raw((*text).to_owned())).collect::<Vec<_>>())
        };
        assert_eq!(shown(&fit(line(&["P4 ■■■", " 37  "]), 9)), "P4 ■■■ 37");
        assert_eq!(shown(&fit(line(&["P4 ■■■", " 37  "]), 8)), "P4 ■■■");
        assert_eq!(shown(&fit(line(&["one two three"]), 9)), "one two");
        assert_eq!(shown(&fit(line(&["one two"]), 7)), "one two");
    }

    #[test]
    fn rows_of_the_second_block_follow_those_of_the_first() {
        let block = |count: usize, rows: &[usize]| Block {
            lines: vec![Line::from("text".to_owned()); count],
            rows: rows.to_vec(),
        };
        let joined = join(block(3, &[1, 2]), block(2, &[0, 1]), 10);
        assert_eq!((joined.lines.len(), joined.rows), (3, vec![1, 2, 0, 1]));
        let stacked = stack(vec![block(2, &[1]), block(2, &[1])], true);
        assert_eq!((stacked.lines.len(), stacked.rows), (5, vec![1, 4]));
    }
}

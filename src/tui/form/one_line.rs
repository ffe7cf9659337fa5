//! A field of one line: scrolled so that the cursor is visible, with marks where its text
//! continues.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use tui_textarea::TextArea;
use unicode_segmentation::UnicodeSegmentation;

use crate::model::text::SafeText;

use crate::tui::core::app::App;
use crate::tui::widgets::cursor::CURSOR;
use crate::tui::widgets::text::{Line, Span, draw_line};

/// Draws the text of a field that is not empty.
pub(super) fn draw(app: &App, area: &TextArea<'_>, focused: bool, row: Rect, buffer: &mut Buffer) {
    if row.height == 0 || row.width == 0 {
        return;
    }
    let text = area.lines().first().map_or("", String::as_str);
    let cursor_char = if focused { area.cursor().1 } else { 0 };
    let cells: Vec<SafeText<'_>> = text.graphemes(true).map(SafeText::from).collect();
    let cursor = cell_at(text, cursor_char);
    let (from, to) = window(&cells, cursor, focused, usize::from(row.width));
    let dim = app.ui.theme.dim();
    let mut line = Line::default();
    if from > 0 {
        line.push_span(Span::styled("‹", dim));
    }
    for (index, cell) in cells.iter().enumerate().take(to).skip(from) {
        let style = if focused && index == cursor {
            Style::new().add_modifier(CURSOR)
        } else {
            Style::new()
        };
        line.push_span(Span::styled(cell.clone().into_owned(), style));
    }
    if focused && cursor >= cells.len() {
        line.push_span(Span::styled(" ", Style::new().add_modifier(CURSOR)));
    }
    if to < cells.len() {
        line.push_span(Span::styled("›", dim));
    }
    draw_line(&line, row, buffer);
}

/// Returns the index of the grapheme that has the character at an index.
fn cell_at(text: &str, character: usize) -> usize {
    let mut chars = 0;
    for (index, grapheme) in text.graphemes(true).enumerate() {
        chars += grapheme.chars().count();
        if character < chars {
            return index;
        }
    }
    text.graphemes(true).count()
}

/// Returns which graphemes are shown: all if they fit, else a part with the cursor in it.
fn window(cells: &[SafeText<'_>], cursor: usize, focused: bool, room: usize) -> (usize, usize) {
    let wide = |cell: &SafeText<'_>| cell.width();
    let at_end = usize::from(focused && cursor >= cells.len());
    let all: usize = cells.iter().map(wide).sum::<usize>() + at_end;
    if all <= room {
        return (0, cells.len());
    }
    // One column on each side is for the marks.
    let mut from = 0;
    let until_cursor = |from: usize| -> usize {
        let marks = usize::from(from > 0) + usize::from(cursor + 1 < cells.len());
        let shown = cells.iter().take(cursor + 1).skip(from).map(wide).sum::<usize>();
        shown + at_end + marks
    };
    while from < cursor.min(cells.len()) && until_cursor(from) > room {
        from += 1;
    }
    let mut used = usize::from(from > 0);
    let mut to = from;
    while let Some(cell) = cells.get(to) {
        let more =
            usize::from(to + 1 < cells.len()) + if to + 1 == cells.len() { at_end } else { 0 };
        if used + wide(cell) + more > room {
            break;
        }
        used += wide(cell);
        to += 1;
    }
    (from, to)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::fits("abcdef", 0, 6, (0, 6))]
    #[case::fits_with_the_cursor_behind("abcde", 5, 6, (0, 5))]
    #[case::at_the_start("abcdefghij", 0, 6, (0, 5))]
    #[case::at_the_end("abcdefghij", 10, 6, (6, 10))]
    #[case::in_the_middle("abcdefghij", 6, 6, (3, 7))]
    #[case::wide("漢字漢字漢字", 6, 6, (4, 6))]
    #[case::no_room("abc", 3, 1, (3, 3))]
    fn part_with_the_cursor_is_shown(
        #[case] text: &str,
        #[case] cursor: usize,
        #[case] room: usize,
        #[case] expected: (usize, usize),
    ) {
        let cells: Vec<SafeText<'_>> = text.graphemes(true).map(SafeText::from).collect();
        let (from, to) = window(&cells, cursor, true, room);
        assert_eq!((from, to), expected);
        let marks = usize::from(from > 0) + usize::from(to < cells.len());
        let shown: usize = cells[from..to].iter().map(SafeText::width).sum();
        let cursor = usize::from(cursor >= cells.len());
        assert!(shown + marks + cursor <= room.max(2), "{shown} of {room}");
    }
}

//! Columns of list screens.

use ratatui::style::Style;

use crate::model::text::{truncate, width};

use crate::tui::widgets::text::{Line, Span};

/// The blank columns between two columns of a list.
const GAP: usize = 2;

/// A column as a screen describes it.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Copy, Debug)]
pub(in crate::tui) struct ColumnSpec {
    /// The heading, by which cells name their column.
    pub(in crate::tui) title: &'static str,
    /// The width of the contents; 0 for the column that gets the remaining width.
    pub(in crate::tui) width: usize,
    /// The width of the list from which on the column is shown.
    pub(in crate::tui) from: usize,
    pub(in crate::tui) align_right: bool,
}

impl ColumnSpec {
    /// Describes a column of a width that is shown from a width of the list on.
    pub(in crate::tui) const fn new(title: &'static str, width: usize, from: usize) -> Self {
        Self { title, width, from, align_right: false }
    }

    /// Describes the column that gets the remaining width.
    pub(in crate::tui) const fn fill(title: &'static str) -> Self {
        Self::new(title, 0, 0)
    }

    pub(in crate::tui) const fn right(self) -> Self {
        Self { align_right: true, ..self }
    }
}

/// The content of one column of one item.
pub(in crate::tui) struct Cell {
    title: &'static str,
    spans: Vec<Span<'static>>,
}

impl Cell {
    /// Creates a cell of the column with that heading.
    pub(in crate::tui) fn new<'a>(
        title: &'static str,
        text: impl Into<crate::model::text::SafeText<'a>>,
        style: Style,
    ) -> Self {
        Self { title, spans: vec![Span::styled(text.into().into_owned(), style)] }
    }

    /// Creates a cell of several styles.
    pub(in crate::tui) fn of_spans(title: &'static str, spans: Vec<Span<'static>>) -> Self {
        Self { title, spans }
    }
}

/// Returns the columns that are shown at a width, each with its width.
pub(in crate::tui) fn fit(specs: &[ColumnSpec], room: usize) -> Vec<ColumnSpec> {
    let mut columns: Vec<ColumnSpec> =
        specs.iter().copied().filter(|column| column.from <= room).collect();
    let used: usize = columns.iter().map(|column| column.width).sum();
    let gaps = GAP * columns.len().saturating_sub(1);
    let free = room.saturating_sub(used + gaps);
    if let Some(filling) = columns.iter_mut().find(|column| column.width == 0) {
        filling.width = free;
    }
    columns
}

/// Returns the line of headings.
pub(in crate::tui) fn heading(columns: &[ColumnSpec], style: Style) -> Line<'static> {
    let cells = columns.iter().map(|column| Cell::new(column.title, column.title, style));
    line(columns, cells.collect())
}

/// Returns the line of an item. Cells of columns that are not shown are left out.
pub(in crate::tui) fn line(columns: &[ColumnSpec], cells: Vec<Cell>) -> Line<'static> {
    let mut line = Line::default();
    let mut cells: Vec<Option<Cell>> = cells.into_iter().map(Some).collect();
    for (index, column) in columns.iter().enumerate() {
        if index > 0 {
            line.push_span(Span::raw(" ".repeat(GAP)));
        }
        let cell = cells
            .iter_mut()
            .find(|cell| cell.as_ref().is_some_and(|cell| cell.title == column.title))
            .and_then(Option::take);
        let spans = cut(cell.map(|cell| cell.spans).unwrap_or_default(), column.width);
        let blank = column.width.saturating_sub(spans.iter().map(Span::width).sum());
        let blank = Span::raw(" ".repeat(blank));
        if column.align_right {
            line.push_span(blank);
            line.extend(spans);
        } else {
            line.extend(spans);
            // Nothing follows the last column.
            if index + 1 < columns.len() {
                line.push_span(blank);
            }
        }
    }
    line
}

/// Truncates spans to a number of columns and marks the cut with `…`.
pub(in crate::tui) fn cut(spans: Vec<Span<'static>>, room: usize) -> Vec<Span<'static>> {
    let total: usize = spans.iter().map(Span::width).sum();
    if total <= room {
        return spans;
    }
    let (mut fitting, mut left) = (Vec::new(), room);
    for span in spans {
        if span.width() < left {
            left -= span.width();
            fitting.push(span);
            continue;
        }
        let style = span.style;
        let text = format!("{}…", span.content);
        let text =
            if width(&text) > left { truncate(text, left).into_owned() } else { text.into() };
        fitting.push(Span::styled(text, style));
        break;
    }
    fitting
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_cells_end_in_an_ellipsis() {
        let specs =
            [ColumnSpec::new("A", 4, 0), ColumnSpec::fill("B"), ColumnSpec::new("C", 3, 30)];
        let cells = || {
            let spans = vec![Span::raw("ab"), Span::raw("cd"), Span::raw("e")];
            let style = Style::new();
            vec![
                Cell::of_spans("A", spans),
                Cell::new("C", "c", style),
                Cell::new("B", "日本語日本語", style),
            ]
        };
        let text = |room| {
            let line = line(&fit(&specs, room), cells());
            line.spans.iter().map(|span| span.content.as_str()).collect::<String>()
        };
        assert_eq!(text(14), "abc…  日本語…");
        assert_eq!(text(30), "abc…  日本語日本語         c");
    }
}

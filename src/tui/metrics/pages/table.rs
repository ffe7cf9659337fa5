//! Tables of a page as lines.

use crate::model::measures::MIN_SAMPLE;
use crate::model::measures::sheet::{Cell, Row, Table, Tone, Unit};
use crate::model::text::{pad, truncate, width};
use crate::tui::theme::Theme;
use crate::tui::widgets::text::{Line, Span};

/// The greatest width of labels and of texts, in columns.
const MAX_LABEL: usize = 36;
/// The width of bars: less is left out, and more than the most is blank.
const BAR: std::ops::RangeInclusive<usize> = 6..=30;

/// Marks a row that rests on few incidents. What it means is said once, below the table.
const THIN: &str = " ~";

/// Lines with the rows that some of them show.
#[derive(Default)]
pub(in crate::tui) struct Block {
    /// The lines.
    pub(in crate::tui) lines: Vec<Line<'static>>,
    /// The index of the line of each row.
    pub(in crate::tui) rows: Vec<usize>,
}

/// How tables are laid out.
#[derive(Clone, Copy)]
pub(in crate::tui) struct TableStyle {
    /// The colours.
    pub(in crate::tui) theme: Theme,
    /// The width of the lines.
    pub(in crate::tui) width: usize,
    /// Whether changes and earlier figures are left out.
    pub(in crate::tui) hides_comparison: bool,
}

impl TableStyle {
    /// Returns a table as lines. Columns that do not fit are left out from the end, for a figure that is
    /// cut is another figure.
    pub(in crate::tui) fn format_table(
        self,
        table: &Table,
        selected: Option<(usize, bool)>,
    ) -> Block {
        let columns: Vec<usize> = (0..table.columns.len())
            .filter(|index| !self.hides_comparison || !table.columns[*index].compares())
            .collect();
        let label = table.rows.iter().map(|row| width(row.label.as_str()) + thin_width(row)).max();
        let label = label.unwrap_or(0).max(width(table.name.as_str())).clamp(8, MAX_LABEL);
        let label = label.min((self.width / 2).max(8));
        let mut room = self.width.saturating_sub(label);
        let mut shown: Vec<(usize, usize)> = Vec::new();
        for index in columns {
            let wide = column_width(table, index) + 2;
            if wide > room {
                break;
            }
            room -= wide;
            shown.push((index, wide));
        }
        let has_bars = table.rows.iter().any(|row| row.bar.is_some());
        let bar = room.saturating_sub(2).min(*BAR.end());
        let bar = if has_bars && bar >= *BAR.start() { bar } else { 0 };
        let mut block = Block::default();
        block.lines.push(self.head(table, label, bar, &shown));
        for (index, row) in table.rows.iter().enumerate() {
            let line = self.row(table, row, label, bar, &shown);
            let line = match selected {
                Some((selected, focused)) if selected == index => {
                    line.patch_style(self.theme.selection(focused))
                }
                _ => line,
            };
            block.rows.push(block.lines.len());
            block.lines.push(line);
        }
        if table.rows.is_empty() {
            block.lines.push(Line::from(Span::styled("none", self.theme.dim())));
        }
        if table.rows.iter().any(|row| row.is_thin) {
            let text = format!("~ thin: rests on fewer than {MIN_SAMPLE}");
            block.lines.push(Line::from(Span::styled(text, self.theme.dim())));
        }
        block
    }

    fn head(
        self,
        table: &Table,
        label: usize,
        bar: usize,
        shown: &[(usize, usize)],
    ) -> Line<'static> {
        let mut line =
            Line::from(Span::styled(pad(table.name.clone(), label), self.theme.strong()));
        if bar > 0 {
            line.push_span(Span::raw(" ".repeat(bar + 2)));
        }
        for (index, wide) in shown {
            let column = &table.columns[*index];
            line.push_span(Span::styled(align(column.name, column.unit, *wide), self.theme.dim()));
        }
        line
    }

    fn row(
        self,
        table: &Table,
        row: &Row,
        label: usize,
        bar: usize,
        shown: &[(usize, usize)],
    ) -> Line<'static> {
        let thin = thin_width(row);
        let name = truncate(row.label.clone(), label.saturating_sub(thin)).into_string();
        let mut line = Line::from(Span::styled(name.clone(), self.theme.text()));
        if thin > 0 {
            line.push_span(Span::styled(THIN, self.theme.dim()));
        }
        let used = width(name.as_str()) + thin;
        line.push_span(Span::raw(" ".repeat(label.saturating_sub(used))));
        if bar > 0 {
            self.push_bar(&mut line, row, bar);
        }
        for (index, wide) in shown {
            let (column, cell) = (&table.columns[*index], row.cells.get(*index));
            let text = cell.map(|cell| cell.show(column.unit).into_string()).unwrap_or_default();
            let style = match cell.map(|cell| cell.tone) {
                Some(Tone::Better) => self.theme.good(),
                Some(Tone::Worse) => self.theme.warning(),
                _ if *index == 0 => self.theme.strong(),
                _ if column.compares() || column.unit == Unit::Text => self.theme.dim(),
                _ => self.theme.text(),
            };
            line.push_span(Span::styled(align(&text, column.unit, *wide), style));
        }
        line
    }

    fn push_bar(self, line: &mut Line<'static>, row: &Row, bar: usize) {
        let filled = usize::from(row.bar.unwrap_or(0)) * bar;
        // Whatever there is has a cell.
        let filled = filled.div_ceil(1000).min(bar);
        let is_bad = row.cells.iter().any(|cell| cell.tone == Tone::Worse);
        let style = if is_bad { self.theme.warning() } else { self.theme.accent() };
        line.push_span(Span::raw("  "));
        line.push_span(Span::styled("■".repeat(filled), style));
        line.push_span(Span::styled("·".repeat(bar - filled), self.theme.border()));
    }
}

/// Returns the width of the mark of a row that rests on few incidents.
fn thin_width(row: &Row) -> usize {
    if row.is_thin { THIN.len() } else { 0 }
}

fn column_width(table: &Table, index: usize) -> usize {
    let column = &table.columns[index];
    let cells = table.rows.iter().filter_map(|row| row.cells.get(index));
    let widest = cells.map(|cell: &Cell| width(cell.show(column.unit))).max().unwrap_or(0);
    widest.max(width(column.name)).min(MAX_LABEL)
}

/// Aligns numbers to the right, and texts behind two blanks to the left.
fn align(text: &str, unit: Unit, wide: usize) -> String {
    if unit == Unit::Text {
        let cut = truncate(text, wide.saturating_sub(2)).into_string();
        return format!("  {}", pad(cut, wide.saturating_sub(2)));
    }
    format!("{}{text}", " ".repeat(wide.saturating_sub(width(text))))
}

//! Tables of a page as lines.

use crate::model::measures::MIN_SAMPLE;
use crate::model::measures::sheet::{Cell, Row, Table, Tone, Unit};
use crate::model::text::{pad, truncate, width};
use crate::tui::metrics::blocks::Block;
use crate::tui::theme::Theme;
use crate::tui::widgets::text::{Line, Span};

/// The greatest width of labels and of texts, in columns.
const MAX_LABEL: usize = 36;
/// The same where a table has much room.
const WIDE_LABEL: usize = 64;
/// The width of a table from which its labels may be longer.
const WIDE_FROM: usize = 140;
/// The width of bars: less is left out, and more than the most is blank.
const BAR: std::ops::RangeInclusive<usize> = 6..=60;
/// The width of bars in a table that is as narrow as it may be.
const NARROW_BAR: usize = 12;

/// The mark of a row that is based on few incidents. It is explained once, below the table.
const THIN: &str = " ~";

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
    /// Returns a table as lines. Columns that do not fit are left out by their rank, for a figure that is
    /// cut is another figure.
    pub(in crate::tui) fn format_table(
        self,
        table: &Table,
        selected: Option<(usize, bool)>,
    ) -> Block {
        let mut columns: Vec<usize> = (0..table.columns.len())
            .filter(|index| !self.hides_comparison || !table.columns[*index].compares())
            .collect();
        columns.sort_by_key(|index| table.columns[*index].rank);
        let most = if self.width >= WIDE_FROM { WIDE_LABEL } else { MAX_LABEL };
        let label = label_width(table).min(most).min((self.width / 2).max(8));
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
        let main = shown.first().map(|(index, _)| *index);
        shown.sort_unstable();
        let has_bars = has_bars(table);
        let bar = room.saturating_sub(2).min(*BAR.end());
        let bar = if has_bars && bar >= *BAR.start() { bar } else { 0 };
        let mut block = Block::default();
        block.lines.push(self.head(table, label, bar, &shown));
        for (index, row) in table.rows.iter().enumerate() {
            let line = self.row(table, row, (label, bar, main), &shown);
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

    /// Returns the width that a table needs for all of its columns and short bars.
    pub(in crate::tui) fn natural_width(self, table: &Table) -> usize {
        let columns = table.columns.iter().enumerate();
        let columns = columns
            .filter(|(_, column)| !self.hides_comparison || !column.compares())
            .map(|(index, _)| column_width(table, index) + 2);
        let bar = if has_bars(table) { NARROW_BAR + 2 } else { 0 };
        label_width(table).min(MAX_LABEL) + columns.sum::<usize>() + bar
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
        (label, bar, main): (usize, usize, Option<usize>),
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
                _ if Some(*index) == main => self.theme.strong(),
                _ if column.compares() || column.unit == Unit::Text => self.theme.dim(),
                _ => self.theme.text(),
            };
            line.push_span(Span::styled(align(&text, column.unit, *wide), style));
        }
        line
    }

    fn push_bar(self, line: &mut Line<'static>, row: &Row, bar: usize) {
        let Some(share) = row.bar else {
            line.push_span(Span::raw(" ".repeat(bar + 2)));
            return;
        };
        let filled = usize::from(share) * bar;
        // Every non-zero amount has a cell.
        let filled = filled.div_ceil(1000).min(bar);
        let is_bad = row.cells.iter().any(|cell| cell.tone == Tone::Worse);
        let style = if is_bad { self.theme.warning() } else { self.theme.accent() };
        line.push_span(Span::raw("  "));
        line.push_span(Span::styled("━".repeat(filled), style));
        line.push_span(Span::styled("─".repeat(bar - filled), self.theme.border()));
    }
}

fn has_bars(table: &Table) -> bool {
    table.rows.iter().any(|row| row.bar.is_some())
}

/// Returns the width of the labels of a table, and of its name.
fn label_width(table: &Table) -> usize {
    let labels = table.rows.iter().map(|row| width(row.label.as_str()) + thin_width(row));
    labels.max().unwrap_or(0).max(width(table.name.as_str())).max(8)
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

//! The charts and tables of a page, arranged to use the available room.

use crate::model::measures::pages::Pages;
use crate::model::measures::sheet::{Page, Sheet, Table};
use crate::tui::core::app::App;
use crate::tui::core::pane::Pane;
use crate::tui::metrics::blocks::{Block, GAP, append, fit, join, stack};
use crate::tui::metrics::pages::chart::ChartStyle;
use crate::tui::metrics::pages::cursor::{self, Selected};
use crate::tui::metrics::pages::table::TableStyle;
use crate::tui::widgets::text::Line;

/// The width from which blocks are arranged in two columns.
const TWO_COLUMNS_FROM: usize = 104;
/// The least width of a chart beside a table.
const CHART_ASIDE: usize = 56;
/// The lines of a chart that are its heading and its axis.
const CHART_FRAME: usize = 2;

/// The inputs of the charts and tables of a page.
pub(in crate::tui) struct Body<'a> {
    /// The panes.
    pub(in crate::tui) app: &'a App,
    /// The figures.
    pub(in crate::tui) pages: &'a Pages,
    /// The tables.
    pub(in crate::tui) sheet: &'a Sheet,
    /// Width and height of the pane.
    pub(in crate::tui) size: (usize, usize),
    /// Whether there are blank lines between the blocks.
    pub(in crate::tui) roomy: bool,
}

impl Body<'_> {
    /// Returns the chart and the tables: the first table next to the chart if both fit, the others
    /// in two columns if there is room. Rows keep the order of the tables.
    pub(in crate::tui) fn arrange(&self) -> Block {
        let (width, _) = self.size;
        let mut tables = self.sheet.tables.iter();
        let mut first_row = 0;
        let aside = self.sheet.tables.first().and_then(|table| {
            let wide = self.table_style(width).natural_width(table);
            let room = width.checked_sub(wide + GAP)?;
            // Titles of faults need the width.
            let fits = self.sheet.page != Page::Recurring && room >= CHART_ASIDE;
            (width >= TWO_COLUMNS_FROM && fits).then_some((table, wide, room))
        });
        let mut block = Block::default();
        if let Some((table, wide, room)) = aside {
            let chart = self.chart(room, table.rows.len() + CHART_FRAME);
            if !chart.is_empty() {
                block = join(chart.into(), self.table(table, wide, first_row), room);
                first_row += table.rows.len();
                tables.next();
            }
        } else {
            block.lines = self.chart(width, 0);
        }
        let rest: Vec<&Table> = tables.collect();
        let lower = self.lower(&rest, first_row);
        if lower.lines.is_empty() {
            return block;
        }
        append(&mut block, lower, self.roomy);
        block
    }

    /// Returns the chart of the page, and nothing if it does not fit. It is at least as high as the
    /// table next to it.
    fn chart(&self, width: usize, aside: usize) -> Vec<Line<'static>> {
        let height = match self.size.1 {
            0..12 => return Vec::new(),
            12..20 => 3,
            20..34 => 6,
            34..50 => 8,
            _ => 14,
        };
        let height = height.max(aside.saturating_sub(CHART_FRAME).min(self.size.1 / 3));
        let lines = self.chart_style(width, height).of_page(self.sheet.page, self.pages);
        lines.into_iter().map(|line| fit(line, width)).collect()
    }

    fn chart_style(&self, width: usize, height: usize) -> ChartStyle {
        ChartStyle { theme: self.app.ui.theme, clock: self.app.clock(), width, height }
    }

    fn table_style(&self, width: usize) -> TableStyle {
        let hides_comparison = self.app.metrics.hides_comparison;
        TableStyle { theme: self.app.ui.theme, width, hides_comparison }
    }

    /// Returns a table, of which the first row has an index among the rows of the page.
    fn table(&self, table: &Table, width: usize, first_row: usize) -> Block {
        let focused = self.app.ui.focus == Pane::Metrics;
        let selected = self.app.metrics.row.checked_sub(first_row).filter(|_| focused);
        let row = selected.map(|row| (row, focused));
        self.table_style(width).format_table(table, row)
    }

    /// Returns the map of hours and weekdays, with a row for each day.
    fn map(&self, width: usize) -> Block {
        let metrics = &self.app.metrics;
        let found = cursor::find(self.sheet, self.pages, metrics.row, metrics.hour);
        let selected = match found {
            Some(Selected::Hour(weekday, hour)) if self.app.ui.focus == Pane::Metrics => {
                Some((weekday, hour))
            }
            _ => None,
        };
        let lines = self.chart_style(width, 0).heat(self.pages, selected);
        let rows = (1..=cursor::map_rows(self.sheet).len()).collect();
        Block { lines: lines.into_iter().map(|line| fit(line, width)).collect(), rows }
    }

    /// Returns the blocks below the chart.
    fn lower(&self, tables: &[&Table], first_row: usize) -> Block {
        let (width, _) = self.size;
        let map = cursor::map_rows(self.sheet);
        let count = tables.len() + usize::from(!map.is_empty());
        let in_two = width >= TWO_COLUMNS_FROM && count > 1;
        let wide = if in_two { (width - GAP) / 2 } else { width };
        let mut blocks = Vec::with_capacity(count);
        let mut first_row = first_row;
        for table in tables {
            // The cursor reaches the map behind the first table, wherever that stands.
            if first_row == map.start && !map.is_empty() {
                blocks.push(self.map(wide));
                first_row = map.end;
            }
            blocks.push(self.table(table, wide, first_row));
            first_row += table.rows.len();
        }
        if !in_two {
            return stack(blocks, self.roomy);
        }
        let split = best_split(&blocks, self.roomy);
        let right = blocks.split_off(split);
        join(stack(blocks, self.roomy), stack(right, self.roomy), wide)
    }
}

/// Returns how many of the blocks are in the left column, so that the higher column is as low as
/// possible.
fn best_split(blocks: &[Block], roomy: bool) -> usize {
    let height = |blocks: &[Block]| {
        let lines: usize = blocks.iter().map(|block| block.lines.len()).sum();
        lines + if roomy { blocks.len().saturating_sub(1) } else { 0 }
    };
    let higher = |split: &usize| {
        let (first, second) = blocks.split_at(*split);
        height(first).max(height(second))
    };
    (1..blocks.len()).min_by_key(higher).unwrap_or(blocks.len())
}

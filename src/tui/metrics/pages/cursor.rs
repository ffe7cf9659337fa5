//! The positions of the cursor of a page: the rows of its tables, and on the page of volume the days of the map of
//! hours and weekdays, which stand behind those of the first table.

use std::ops::Range;

use crate::model::measures::pages::Pages;
use crate::model::measures::sheet::{Behind, Page, Row, Sheet, reported_in_hour};

/// The days of the map.
const DAYS: usize = 7;
/// The hours of a day.
pub(in crate::tui) const HOURS: usize = 24;

/// The position of the cursor.
pub(in crate::tui) enum Selected<'a> {
    /// A row of a table.
    Row(&'a Row),
    /// An hour of a day of the week, from 0 for Monday.
    Hour(usize, usize),
}

/// Returns which rows of a page are the days of the map; none of a page without it.
pub(in crate::tui) fn map_rows(sheet: &Sheet) -> Range<usize> {
    if sheet.page != Page::Volume {
        return 0..0;
    }
    let first = sheet.tables.first().map_or(0, |table| table.rows.len());
    first..first + DAYS
}

/// Returns the number of rows of a page.
pub(in crate::tui) fn row_count(sheet: &Sheet) -> usize {
    sheet.rows().count() + map_rows(sheet).len()
}

/// Returns what the row with an index is. `hour` is the hour that was chosen; otherwise it is the one with most.
pub(in crate::tui) fn find<'a>(
    sheet: &'a Sheet,
    pages: &Pages,
    row: usize,
    hour: Option<usize>,
) -> Option<Selected<'a>> {
    let map = map_rows(sheet);
    if map.contains(&row) {
        let weekday = row - map.start;
        return Some(Selected::Hour(weekday, chosen_hour(pages, weekday, hour)));
    }
    let row = if row < map.end { row } else { row - map.len() };
    sheet.rows().nth(row).map(Selected::Row)
}

/// Returns the hour that was chosen, or that in which most incidents were reported on a day of the week.
pub(in crate::tui) fn chosen_hour(pages: &Pages, weekday: usize, hour: Option<usize>) -> usize {
    let hours = pages.heat.get(weekday).map(Vec::as_slice).unwrap_or_default();
    let most = hours.iter().copied().max().unwrap_or(0);
    let peak = || hours.iter().position(|count| *count == most).unwrap_or(0);
    hour.unwrap_or_else(peak).min(HOURS - 1)
}

impl Selected<'_> {
    /// Returns the incidents behind it; `None` if there are none.
    pub(in crate::tui) fn behind(&self, pages: &Pages) -> Option<Behind> {
        match self {
            Self::Row(row) => row.behind.clone(),
            Self::Hour(weekday, hour) => reported_in_hour(pages, *weekday, *hour),
        }
    }
}

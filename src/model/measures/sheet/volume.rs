//! The page of volume.

use super::super::pages::{Dimension, Pages};
use super::behind::{behind_cut, cut_name, reported_in};
use super::change::{change_cell, is_thin, relative_change};
use super::page::Page;
use super::table::{Cell, Column, Row, Sheet, Table, Unit, column};
use crate::model::priority::Priority;

const COLUMNS: [Column; 3] = [
    column("reported", Unit::Count),
    column("change", Unit::Change),
    column("before", Unit::Count),
];
const WEEKDAYS: [&str; 7] = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];

pub(super) fn sheet(pages: &Pages, by: Option<Dimension>) -> Sheet {
    let mut tables = vec![by_priority(pages)];
    if let Some(cut) = by.and_then(|by| pages.cut(by)).filter(|cut| cut.by != Dimension::Priority) {
        let mut table = Table::new(cut_name(cut.by), &COLUMNS);
        for row in &cut.rows {
            let (now, before) = (row.now.reported(), row.before.reported());
            let behind = behind_cut(pages, cut.by, &row.name);
            table.rows.push(count_row(row.name.clone(), now, before, behind));
        }
        table.draw_bars(0);
        tables.push(table);
    }
    tables.push(by_weekday(pages));
    let (now, before) = (pages.now.reported(), pages.before.reported());
    let change = change_cell(change(now, before), true, is_thin(now, before));
    let excluded = pages.excluded;
    let notes = vec![format!(
        "left out: {} merged, {} reclassified, {} false alarms",
        excluded.merged, excluded.reclassified, excluded.false_alarms
    )];
    let headline = format!("{now} reported, {before} before");
    Sheet { page: Page::Volume, headline, tone: change.tone, tables, notes }
}

fn change(now: u64, before: u64) -> Option<i64> {
    relative_change(i64::try_from(now).ok()?, i64::try_from(before).ok()?)
}

fn count_row(label: String, now: u64, before: u64, behind: Option<super::table::Behind>) -> Row {
    let thin = is_thin(now, before);
    let cells =
        vec![Cell::number(now), change_cell(change(now, before), true, thin), Cell::number(before)];
    // A count is exact, however small it is.
    Row { label, cells, bar: None, is_thin: false, behind }
}

/// Returns the number of incidents by priority.
pub(super) fn by_priority(pages: &Pages) -> Table {
    let mut table = Table::new("volume", &COLUMNS);
    for priority in Priority::ALL {
        let index = priority.index();
        let behind = reported_in(pages, &priority.as_str().to_lowercase());
        let (now, before) = (pages.now.volume[index], pages.before.volume[index]);
        table.rows.push(count_row(priority.to_string(), now, before, Some(behind)));
    }
    table.draw_bars(0);
    let (now, before) = (pages.now.reported(), pages.before.reported());
    table.rows.push(count_row("all".into(), now, before, Some(reported_in(pages, ""))));
    table
}

/// Returns the number of incidents by day of the week, with the hour that has most.
fn by_weekday(pages: &Pages) -> Table {
    let columns = [column("reported", Unit::Count), column("most at", Unit::Text)];
    let mut table = Table::new("by weekday", &columns);
    for (name, hours) in WEEKDAYS.iter().zip(&pages.heat) {
        let most = hours.iter().copied().max().unwrap_or(0);
        let hour = hours.iter().position(|count| *count == most).filter(|_| most > 0);
        let cells = vec![
            Cell::number(hours.iter().sum::<u64>()),
            Cell::text(hour.map_or_else(String::new, |hour| format!("{hour:02}:00"))),
        ];
        table.rows.push(Row { label: (*name).to_owned(), cells, ..Row::default() });
    }
    table.draw_bars(0);
    table
}

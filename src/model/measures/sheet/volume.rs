//! The page of volume.

use super::super::pages::{Dimension, Pages};
use super::behind::{behind_cut, cut_name, reported_in, reported_on_weekday};
use super::change::{change_cell, is_thin, relative_change};
use super::page::Page;
use super::table::{Behind, Cell, Column, Row, Sheet, Table, Unit, column};
use super::text::arrow;
use crate::model::priority::Priority;

const COLUMNS: [Column; 3] = [
    column("reported", Unit::Count),
    column("change", Unit::Change),
    column("before", Unit::Count),
];
const WEEKDAYS: [&str; 7] = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];

pub(super) fn sheet(pages: &Pages, by: Option<Dimension>) -> Sheet {
    let mut tables = vec![by_priority(pages), by_weekday(pages)];
    if let Some(cut) = by.and_then(|by| pages.cut(by)).filter(|cut| cut.by != Dimension::Priority) {
        let mut table = Table::new(cut_name(cut.by), &COLUMNS);
        for row in &cut.rows {
            let (now, before) = (row.now.reported(), row.before.reported());
            let behind = behind_cut(pages, cut.by, &row.name);
            table.rows.push(count_row(pages, row.name.clone(), (now, before), behind));
        }
        table.draw_bars(0);
        tables.push(table);
    }
    let (now, before) = (pages.now.reported(), pages.before.reported());
    let thin = is_incomparable(pages, now, before);
    let cell = change_cell(change(now, before), true, thin);
    let arrow = change(now, before).filter(|_| !thin).map(|change| arrow(change, " %"));
    let arrow = arrow.map_or_else(String::new, |arrow| format!(" {arrow}"));
    let headline = format!("{now} reported{arrow}, {before} before");
    let mut notes = vec![format!("left out: {}", excluded_text(pages))];
    if pages.is_running() {
        notes.push("the window has not ended: its counts are not compared".to_owned());
    }
    Sheet { page: Page::Volume, headline, tone: cell.tone, tables, notes }
}

/// Returns how many incidents of the window no figure counts, and why.
fn excluded_text(pages: &Pages) -> String {
    let excluded = pages.excluded;
    let alarms = if excluded.false_alarms == 1 { "false alarm" } else { "false alarms" };
    format!(
        "{} merged, {} reclassified, {} {alarms}",
        excluded.merged, excluded.reclassified, excluded.false_alarms
    )
}

fn change(now: u64, before: u64) -> Option<i64> {
    relative_change(i64::try_from(now).ok()?, i64::try_from(before).ok()?)
}

/// Returns whether counts are not compared: they are small, or the window has not ended.
fn is_incomparable(pages: &Pages, now: u64, before: u64) -> bool {
    is_thin(now, before) || pages.is_running()
}

fn count_row(
    pages: &Pages,
    label: String,
    (now, before): (u64, u64),
    behind: Option<Behind>,
) -> Row {
    let thin = is_incomparable(pages, now, before);
    let cells =
        vec![Cell::number(now), change_cell(change(now, before), true, thin), Cell::number(before)];
    // A count is exact, even if it is small.
    Row { label, cells, bar: None, is_thin: false, behind }
}

/// Returns the number of incidents by priority.
pub(super) fn by_priority(pages: &Pages) -> Table {
    let mut table = Table::new("volume", &COLUMNS);
    for priority in Priority::ALL {
        let index = priority.index();
        let behind = reported_in(pages, &priority.as_str().to_lowercase());
        let (now, before) = (pages.now.volume[index], pages.before.volume[index]);
        table.rows.push(count_row(pages, priority.to_string(), (now, before), Some(behind)));
    }
    table.draw_bars(0);
    let (now, before) = (pages.now.reported(), pages.before.reported());
    let all = count_row(pages, "all".into(), (now, before), Some(reported_in(pages, "")));
    table.rows.push(all);
    table
}

/// Returns the number of incidents by day of the week, with the hour that has most.
fn by_weekday(pages: &Pages) -> Table {
    let columns = [column("reported", Unit::Count), column("most at", Unit::Text)];
    let mut table = Table::new("by weekday", &columns);
    for (index, (name, hours)) in WEEKDAYS.iter().zip(&pages.heat).enumerate() {
        let most = hours.iter().copied().max().unwrap_or(0);
        let hour = hours.iter().position(|count| *count == most).filter(|_| most > 0);
        let cells = vec![
            Cell::number(hours.iter().sum::<u64>()),
            Cell::text(hour.map_or_else(String::new, |hour| format!("{hour:02}:00"))),
        ];
        let behind = (most > 0).then(|| reported_on_weekday(pages, index)).flatten();
        table.rows.push(Row { label: (*name).to_owned(), cells, behind, ..Row::default() });
    }
    table.draw_bars(0);
    table
}

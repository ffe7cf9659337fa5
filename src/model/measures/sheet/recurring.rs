//! The page of recurring faults.

use super::super::pages::Pages;
use super::change::{change_cell, is_thin, relative_change};
use super::page::Page;
use super::table::{Behind, Cell, Row, Sheet, Table, Tone, Unit, column};
use crate::model::time::format_duration;

pub(super) fn sheet(pages: &Pages) -> Sheet {
    let columns = [
        column("count", Unit::Count),
        column("change", Unit::Change).rank(2),
        column("before", Unit::Count).rank(5),
        column("service", Unit::Text).rank(4),
        column("last", Unit::Text).rank(1),
        column("ago", Unit::Text).rank(3),
        column("problem", Unit::Text).rank(4),
    ];
    let mut table = Table::new("recurring faults", &columns);
    for fault in &pages.recurring {
        let group = &fault.group;
        let (now, before) = (group.count, fault.before);
        let change = i64::try_from(now).ok().zip(i64::try_from(before).ok());
        let change = change.and_then(|(now, before)| relative_change(now, before));
        let cells = vec![
            Cell::number(now),
            change_cell(change, true, is_thin(now, before) || pages.is_running()),
            Cell::number(before),
            Cell::text(group.service.clone()),
            Cell::text(group.last.map_or_else(String::new, |number| number.to_string())),
            Cell::text(format_duration(pages.at - group.last_at)),
            Cell::text(group.problem.clone().unwrap_or_default()),
        ];
        table.rows.push(Row {
            label: group.title.clone(),
            cells,
            bar: None,
            is_thin: false,
            behind: group.last.map(Behind::Incident),
        });
    }
    table.draw_bars(0);
    // The buckets have the incidents of all faults, also of those that are not listed; those of an older server
    // have none.
    let listed: u64 = pages.recurring.iter().map(|fault| fault.group.count).sum();
    let incidents = pages.buckets.iter().map(|bucket| bucket.recurring).sum::<u64>().max(listed);
    let headline = match pages.recurring_total {
        0 => "nothing recurred".to_owned(),
        1 => format!("1 fault came back: {incidents} incidents"),
        total => format!("{total} faults came back: {incidents} incidents"),
    };
    let mut notes = Vec::new();
    let listed = pages.recurring.len() as u64;
    if pages.recurring_total > listed {
        notes.push(format!("{listed} of {} are listed", pages.recurring_total));
    }
    let without = pages.recurring.iter().filter(|fault| fault.group.problem.is_none()).count();
    if without > 0 {
        notes.push(format!("{without} without a problem"));
    }
    Sheet { page: Page::Recurring, headline, tone: Tone::Plain, tables: vec![table], notes }
}

//! The page of service levels.

use super::super::pages::{Dimension, PageFigures, Pages};
use super::super::sla::Compliance;
use super::super::times::MIN_SAMPLE;
use super::behind::{cut_name, cut_term, reported_in};
use super::change::{bad_if_any, change_cell, is_thin, point_change};
use super::page::Page;
use super::table::{Behind, Cell, Column, Row, Sheet, Table, Unit, column};
use crate::model::priority::Priority;

const COLUMNS: [Column; 6] = [
    column("acknowledged", Unit::Percent),
    column("change", Unit::Points).rank(2),
    column("missed", Unit::Count).rank(1),
    column("resolved", Unit::Percent),
    column("change", Unit::Points).rank(2),
    column("missed", Unit::Count).rank(1),
];

const TOTAL_COLUMNS: [Column; 4] = [
    column("in time", Unit::Percent),
    column("change", Unit::Points).rank(2),
    column("met", Unit::Count).rank(3),
    column("missed", Unit::Count).rank(1),
];

pub(super) fn sheet(pages: &Pages, by: Option<Dimension>) -> Sheet {
    let mut by_priority = Table::new("by priority", &COLUMNS);
    for priority in Priority::ALL {
        let index = priority.index();
        let clocks = |figures: &PageFigures| (figures.acknowledge[index], figures.resolve[index]);
        let (now, before) = (clocks(&pages.now), clocks(&pages.before));
        // A clock that has ended counts under the priority of then, so that the present one is no condition.
        let term = priority.as_str().to_lowercase();
        let has_missed = now.0.missed + now.1.missed > 0;
        let (own, level) =
            if has_missed { ("", format!("-{term}")) } else { (&*term, String::new()) };
        let behind = missed_of(pages, now, own, &level);
        by_priority.rows.push(row(priority.to_string(), now, before, Some(behind)));
    }
    let mut tables = vec![totals(pages), by_priority];
    if let Some(cut) = by.and_then(|by| pages.cut(by)).filter(|cut| cut.by != Dimension::Priority) {
        let mut table = Table::new(cut_name(cut.by), &COLUMNS);
        for cut_row in &cut.rows {
            let clocks = |figures: &PageFigures| (figures.acknowledge_all(), figures.resolve_all());
            let (now, before) = (clocks(&cut_row.now), clocks(&cut_row.before));
            let term = cut_term(cut.by, &cut_row.name);
            let behind = term.map(|term| missed_of(pages, now, &term, ""));
            table.rows.push(row(cut_row.name.clone(), now, before, behind));
        }
        tables.push(table);
    }
    let (acknowledge, resolve) = (pages.now.acknowledge_all(), pages.now.resolve_all());
    let share = |compliance: Compliance| match compliance.percent() {
        Some(percent) => format!("{percent} % ({} missed)", compliance.missed),
        None => "none due".to_owned(),
    };
    let headline =
        format!("in time: acknowledged {}, resolved {}", share(acknowledge), share(resolve));
    let before = pages.before.resolve_all();
    let change = point_change(resolve.percent(), before.percent());
    let tone = change_cell(change, false, is_thin(resolve.count(), before.count())).tone;
    let notes = vec![
        "open and not yet due counts in neither · a row opens the missed ones, if there are any"
            .to_owned(),
    ];
    Sheet { page: Page::Levels, headline, tone, tables, notes }
}

/// Returns how often the clocks of all priorities were in time, and the updates of stakeholders.
pub(super) fn totals(pages: &Pages) -> Table {
    let mut table = Table::new("service levels", &TOTAL_COLUMNS);
    let (now, before) = (&pages.now, &pages.before);
    for (label, now, before) in [
        ("acknowledged", now.acknowledge_all(), before.acknowledge_all()),
        ("resolved", now.resolve_all(), before.resolve_all()),
        ("updates sent", now.updates, before.updates),
    ] {
        let behind = match label {
            "acknowledged" if now.missed > 0 => "missed:acknowledge",
            "resolved" if now.missed > 0 => "missed:resolve",
            _ => "",
        };
        let thin = is_thin(now.count(), before.count());
        let change = point_change(now.percent(), before.percent());
        let cells = vec![
            Cell::maybe(now.percent()),
            change_cell(change, false, thin),
            Cell::number(now.met),
            Cell::number(now.missed).toned(bad_if_any(now.missed)),
        ];
        table.rows.push(Row {
            label: label.to_owned(),
            cells,
            bar: bar(now),
            is_thin: (1..MIN_SAMPLE).contains(&now.count()),
            behind: Some(reported_in(pages, behind)),
        });
    }
    table
}

/// Returns the incidents of a row: those that missed a level, or all if none did. `level` is the end of the values of
/// the terms of missed levels.
fn missed_of(pages: &Pages, clocks: (Compliance, Compliance), term: &str, level: &str) -> Behind {
    let missed = [(clocks.0.missed, "acknowledge"), (clocks.1.missed, "resolve")];
    let missed = missed.into_iter().filter(|(count, _)| *count > 0);
    let missed = missed.map(|(_, target)| format!("missed:{target}{level}"));
    let own = Some(term.to_owned()).filter(|term| !term.is_empty());
    let terms: Vec<String> = own.into_iter().chain(missed).collect();
    reported_in(pages, &terms.join(" "))
}

fn bar(compliance: Compliance) -> Option<u16> {
    let share = (compliance.met * 1000).checked_div(compliance.count())?;
    u16::try_from(share).ok()
}

fn row(
    label: String,
    now: (Compliance, Compliance),
    before: (Compliance, Compliance),
    behind: Option<Behind>,
) -> Row {
    let mut cells = Vec::new();
    for (now, before) in [(now.0, before.0), (now.1, before.1)] {
        let thin = is_thin(now.count(), before.count());
        cells.push(Cell::maybe(now.percent()));
        cells.push(change_cell(point_change(now.percent(), before.percent()), false, thin));
        cells.push(Cell::number(now.missed).toned(bad_if_any(now.missed)));
    }
    let is_thin = [now.0, now.1].iter().any(|clock| (1..MIN_SAMPLE).contains(&clock.count()));
    // The clock to acknowledge is the first that ends.
    Row { label, cells, bar: bar(now.1).or_else(|| bar(now.0)), is_thin, behind }
}

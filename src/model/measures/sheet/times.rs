//! The page of times.

use chrono::TimeDelta;

use super::super::pages::{
    CutRow, Dimension, HISTOGRAM_BOUNDS_MS, PageFigures, Pages, TimeMeasure,
};
use super::super::times::Times;
use super::behind::{behind_cut, cut_name, cut_term, reported_in, resolved_in, resolved_in_bin};
use super::change::{change_cell, is_thin, relative_change};
use super::page::Page;
use super::table::{Cell, Column, Row, Sheet, Table, Unit, column};
use super::text::arrow;
use crate::model::time::format_precise_duration;

const COLUMNS: [Column; 6] = [
    column("mean", Unit::Duration),
    column("change", Unit::Change),
    column("before", Unit::Duration).rank(1),
    column("median", Unit::Duration),
    column("p90", Unit::Duration),
    column("count", Unit::Count),
];

const CUT_COLUMNS: [Column; 6] = [
    column("MTTA", Unit::Duration),
    column("change", Unit::Change).rank(1),
    column("MTTR", Unit::Duration),
    column("change", Unit::Change).rank(1),
    column("time out", Unit::Duration).rank(2),
    column("count", Unit::Count).rank(3),
];

/// The names of the bins of the histograms.
pub(super) const BINS: [&str; 11] =
    ["< 1m", "1–5m", "5–15m", "15–30m", "30m–1h", "1–2h", "2–4h", "4–8h", "8h–1d", "1–3d", "> 3d"];
const _: () = assert!(BINS.len() == HISTOGRAM_BOUNDS_MS.len() + 1, "each bin has a name");

pub(super) fn sheet(pages: &Pages, by: Option<Dimension>) -> Sheet {
    let mut tables = vec![table(pages)];
    if let Some(cut) = by.and_then(|by| pages.cut(by)) {
        let mut table = Table::new(cut_name(cut.by), &CUT_COLUMNS);
        table.rows.extend(cut.rows.iter().map(|row| cut_row(pages, cut.by, row)));
        table.draw_bars(2);
        tables.push(table);
    }
    tables.push(distribution(pages));
    let now = &pages.now;
    let (mean, before) = (now.mttr.times, pages.before.mttr.times);
    let change = relative_change(mean.mean_ms, before.mean_ms);
    let headline = if mean.count == 0 {
        "nothing was resolved".to_owned()
    } else {
        let shown = |times: Times| {
            TimeDelta::try_milliseconds(times.mean_ms)
                .map_or_else(String::new, format_precise_duration)
        };
        let thin = is_thin(mean.count, before.count);
        let arrow = change.filter(|_| !thin).map(|change| format!(" {}", arrow(change, " %")));
        let before =
            if before.count > 0 { format!(", {} before", shown(before)) } else { String::new() };
        format!(
            "MTTR {}{}{before} · {} resolved",
            shown(mean),
            arrow.unwrap_or_default(),
            now.resolved
        )
    };
    let tone = change_cell(change, true, is_thin(mean.count, before.count)).tone;
    let mut notes = Vec::new();
    if now.resolved_unacknowledged > 0 {
        notes.push(format!("resolved unacknowledged: {}", now.resolved_unacknowledged));
    }
    if now.mttd.times.count == 0 {
        notes.push("MTTD: of no incident it is known when the impact began".to_owned());
    }
    Sheet { page: Page::Times, headline, tone, tables, notes }
}

/// Returns the table of all measured times.
pub(super) fn table(pages: &Pages) -> Table {
    let mut table = Table::new("times", &COLUMNS);
    for measure in TimeMeasure::ALL {
        let (now, before) = (pages.now.timing(measure).times, pages.before.timing(measure).times);
        let thin = is_thin(now.count, before.count);
        let duration = |ms: i64, count: u64| Cell::maybe((count > 0).then_some(ms));
        let change = relative_change(now.mean_ms, before.mean_ms);
        let cells = vec![
            duration(now.mean_ms, now.count),
            change_cell(change, true, thin),
            duration(before.mean_ms, before.count),
            duration(now.median_ms, now.count),
            duration(now.p90_ms, now.count),
            Cell::number(now.count),
        ];
        table.rows.push(Row {
            label: measure.label().to_owned(),
            cells,
            bar: None,
            is_thin: now.count > 0 && now.is_thin(),
            behind: Some(match measure {
                TimeMeasure::Detect => reported_in(pages, "began>0s"),
                TimeMeasure::Acknowledge => reported_in(pages, "-is:never-acknowledged"),
                TimeMeasure::Resolve | TimeMeasure::Out | TimeMeasure::Unowned => {
                    resolved_in(pages, "")
                }
            }),
        });
    }
    table
}

fn cut_row(pages: &Pages, by: Dimension, row: &CutRow) -> Row {
    let mut cells = Vec::new();
    let mut thin = false;
    for figures in [TimeMeasure::Acknowledge, TimeMeasure::Resolve] {
        let times = |figures_of: &PageFigures| figures_of.timing(figures).times;
        let (now, before) = (times(&row.now), times(&row.before));
        cells.push(Cell::maybe((now.count > 0).then_some(now.mean_ms)));
        let change = relative_change(now.mean_ms, before.mean_ms);
        cells.push(change_cell(change, true, is_thin(now.count, before.count)));
        thin |= now.count > 0 && now.is_thin();
    }
    let out = row.now.time_out.times;
    cells.push(Cell::maybe((out.count > 0).then_some(out.mean_ms)));
    cells.push(Cell::number(row.now.resolved));
    let behind = if row.now.resolved > 0 {
        cut_term(by, &row.name).map(|term| resolved_in(pages, &term))
    } else {
        behind_cut(pages, by, &row.name)
    };
    Row { label: row.name.clone(), cells, bar: None, is_thin: thin, behind }
}

/// Returns how the times to acknowledge and to resolve are distributed.
fn distribution(pages: &Pages) -> Table {
    let columns =
        [column("MTTR", Unit::Count), column("MTTA", Unit::Count), column("time out", Unit::Count)];
    let mut table = Table::new("distribution", &columns);
    for (index, name) in BINS.iter().enumerate() {
        let of_bin = |measure| pages.now.timing(measure).histogram.get(index).copied().unwrap_or(0);
        let count = |measure| Cell::number(of_bin(measure));
        let has_resolved = of_bin(TimeMeasure::Resolve) > 0;
        table.rows.push(Row {
            label: (*name).to_owned(),
            cells: vec![
                count(TimeMeasure::Resolve),
                count(TimeMeasure::Acknowledge),
                count(TimeMeasure::Out),
            ],
            behind: has_resolved.then(|| resolved_in_bin(pages, index)),
            ..Row::default()
        });
    }
    // Bars are drawn for the most important column, which is the first.
    table.draw_bars(0);
    table
}

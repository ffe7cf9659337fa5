//! The page of practice.

use super::super::pages::{Dimension, PageFigures, Pages};
use super::super::times::MIN_SAMPLE;
use super::behind::{behind_cut, cut_name, false_alarms_in, reported_in, resolved_in};
use super::change::{bad_if_any, change_cell, is_thin, point_change};
use super::page::Page;
use super::table::{Cell, Column, Row, Sheet, Table, Unit, column};

const COLUMNS: [Column; 4] = [
    column("share", Unit::Percent),
    column("change", Unit::Points),
    column("count", Unit::Count),
    column("of", Unit::Count),
];

const CUT_COLUMNS: [Column; 4] = [
    column("reviewed", Unit::Percent),
    column("runbook used", Unit::Percent),
    column("reopened", Unit::Percent),
    column("incomplete", Unit::Percent),
];

/// A share: how many of how many.
type Share = (u64, u64);

fn percent((part, all): Share) -> Option<u64> {
    (part * 100).checked_div(all)
}

fn reviewed(figures: &PageFigures) -> Share {
    (figures.practice.reviews_published, figures.practice.reviews_owed)
}

fn runbook_used(figures: &PageFigures) -> Share {
    (figures.practice.runbook_used, figures.practice.with_runbook)
}

fn reopened(figures: &PageFigures) -> Share {
    (figures.practice.reopened, figures.resolved)
}

fn incomplete(figures: &PageFigures) -> Share {
    (figures.practice.incomplete, figures.reported())
}

pub(super) fn sheet(pages: &Pages, by: Option<Dimension>) -> Sheet {
    let mut table = Table::new("practice", &COLUMNS);
    let (now, before) = (&pages.now, &pages.before);
    let noise = |figures: &PageFigures, false_alarms: u64| {
        (false_alarms, figures.reported() + false_alarms)
    };
    let noise = (
        noise(now, pages.excluded.false_alarms),
        noise(before, pages.excluded_before.false_alarms),
    );
    let missing = |field: fn(&PageFigures) -> u64| {
        ((field(now), now.reported()), (field(before), before.reported()))
    };
    for (label, shares, more_is_worse) in [
        ("P1 and P2 reviewed", (reviewed(now), reviewed(before)), false),
        ("runbook used", (runbook_used(now), runbook_used(before)), false),
        ("reopened", (reopened(now), reopened(before)), true),
        ("false alarms", noise, true),
        ("without a category", missing(|f| f.practice.without_category), true),
        ("without services", missing(|f| f.practice.without_services), true),
        ("without symptoms", missing(|f| f.practice.without_symptoms), true),
        ("without a team", missing(|f| f.practice.without_team), true),
        ("resolved unacknowledged", unacknowledged(now, before), true),
    ] {
        table.rows.push(row(pages, label, shares, more_is_worse));
    }
    let mut tables = vec![table];
    if let Some(cut) = by.and_then(|by| pages.cut(by)) {
        let mut table = Table::new(cut_name(cut.by), &CUT_COLUMNS);
        for cut_row in &cut.rows {
            let shares = [reviewed, runbook_used, reopened, incomplete];
            let cells = shares.map(|share| Cell::maybe(percent(share(&cut_row.now)))).to_vec();
            let behind = behind_cut(pages, cut.by, &cut_row.name);
            let label = cut_row.name.clone();
            table.rows.push(Row { label, cells, behind, ..Row::default() });
        }
        tables.push(table);
    }
    let overdue = pages.overdue_actions;
    let items = if pages.open_actions == 1 { "action item" } else { "action items" };
    let headline = format!("{} {items} open, {overdue} overdue", pages.open_actions);
    let tone = bad_if_any(overdue);
    Sheet { page: Page::Practice, headline, tone, tables, notes: Vec::new() }
}

fn unacknowledged(now: &PageFigures, before: &PageFigures) -> (Share, Share) {
    let share = |figures: &PageFigures| (figures.resolved_unacknowledged, figures.resolved);
    (share(now), share(before))
}

fn row(pages: &Pages, label: &str, (now, before): (Share, Share), more_is_worse: bool) -> Row {
    let thin = is_thin(now.1, before.1);
    let change = point_change(percent(now), percent(before));
    let share = percent(now);
    let cells = vec![
        Cell::maybe(share),
        change_cell(change, more_is_worse, thin),
        Cell::number(now.0),
        Cell::number(now.1),
    ];
    let behind = match label {
        "P1 and P2 reviewed" => resolved_in(pages, "p1 p2"),
        "resolved unacknowledged" if now.0 > 0 => resolved_in(pages, "is:never-acknowledged"),
        "runbook used" | "reopened" | "resolved unacknowledged" => resolved_in(pages, ""),
        "false alarms" => false_alarms_in(pages),
        "without a category" => reported_in(pages, "cat:none"),
        "without services" => reported_in(pages, "service:none"),
        "without a team" => reported_in(pages, "team:none"),
        _ => reported_in(pages, ""),
    };
    Row {
        label: label.to_owned(),
        cells,
        bar: share.and_then(|share| u16::try_from(share * 10).ok()),
        is_thin: (1..MIN_SAMPLE).contains(&now.1),
        behind: Some(behind),
    }
}

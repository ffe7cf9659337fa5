//! The page of people.

use super::super::pages::{Pages, PersonLoad};
use super::change::{bad_if_any, change_cell, is_thin, relative_change};
use super::page::Page;
use super::table::{Behind, Cell, Row, Sheet, Table, Tone, Unit, column};

pub(super) fn sheet(pages: &Pages) -> Sheet {
    let columns = [
        column("pages", Unit::Count),
        column("change", Unit::Change).rank(2),
        column("by night", Unit::Count),
        column("interruptions", Unit::Count).rank(1),
        column("on call", Unit::Duration).rank(3),
    ];
    let mut table = Table::new("people", &columns);
    table.rows.extend(pages.people.iter().map(|load| row(pages, load)));
    table.draw_bars(0);
    let sum = |figure: fn(&PersonLoad) -> u64| pages.people.iter().map(figure).sum::<u64>();
    let (all, night) = (sum(|load| load.pages), sum(|load| load.by_night));
    let headline = match all {
        0 => "nobody was paged".to_owned(),
        1 => format!("1 page, {}", if night > 0 { "by night" } else { "by day" }),
        all => format!("{all} pages, {night} of them by night"),
    };
    let tone = if night > 0 { Tone::Worse } else { Tone::Plain };
    let notes = vec!["the night is from 22:00 to 07:00 by your clock".to_owned()];
    Sheet { page: Page::People, headline, tone, tables: vec![table], notes }
}

fn row(pages: &Pages, load: &PersonLoad) -> Row {
    let thin = is_thin(load.pages, load.pages_before) || pages.is_running();
    let change = i64::try_from(load.pages).ok().zip(i64::try_from(load.pages_before).ok());
    let change = change.and_then(|(now, before)| relative_change(now, before));
    let cells = vec![
        Cell::number(load.pages),
        change_cell(change, true, thin),
        Cell::number(load.by_night).toned(bad_if_any(load.by_night)),
        Cell::number(load.interruptions),
        Cell::number(load.on_call_ms),
    ];
    Row {
        label: load.person.clone(),
        cells,
        bar: None,
        // A count is exact, even if it is small.
        is_thin: false,
        behind: Some(Behind::Person(load.person.clone())),
    }
}

//! The page of error budgets.

use super::super::pages::{Budget, Pages};
use super::behind::outages_of;
use super::page::Page;
use super::table::{Cell, Row, Sheet, Table, Tone, Unit, column};

/// The burn rate, in thousandths, from which a budget is used too fast: that of the last 6 hours.
const FAST_BURN: i64 = 6_000;
/// The burn rate of the last hour at which somebody must be called.
const FASTEST_BURN: i64 = 14_400;

pub(super) fn sheet(pages: &Pages) -> Sheet {
    let exceeded = pages.budgets.iter().filter(|budget| budget.used_permille >= 1000).count();
    let headline = match (pages.budgets.len(), exceeded) {
        (0, _) => {
            "no objectives: add [[objectives]] to the settings, or one to a service".to_owned()
        }
        (_, 0) => match pages.budgets.iter().max_by_key(|budget| budget.used_permille) {
            Some(most) => {
                format!("{} % at most is used, of {}", most.used_permille / 10, most.service)
            }
            None => String::new(),
        },
        (all, exceeded) => format!("{exceeded} of {all} budgets are used up"),
    };
    let tone = if exceeded > 0 { Tone::Worse } else { Tone::Plain };
    let notes = vec![
        "downtime of P1 and P2, from detection to resolution, up to now, whatever the window is"
            .to_owned(),
    ];
    Sheet { page: Page::Budgets, headline, tone, tables: vec![table(pages)], notes }
}

/// Returns the budgets as a table, those of which most is used first.
pub(super) fn table(pages: &Pages) -> Table {
    let columns = [
        column("objective", Unit::Text).rank(2),
        column("days", Unit::Count).rank(5),
        column("used", Unit::Percent),
        column("down", Unit::Duration).rank(4),
        column("burn 1h", Unit::Rate).rank(3),
        column("burn 6h", Unit::Rate).rank(3),
        column("used up in", Unit::Duration).rank(1),
    ];
    let mut table = Table::new("error budgets", &columns);
    let mut budgets: Vec<&Budget> = pages.budgets.iter().collect();
    budgets.sort_by_key(|budget| std::cmp::Reverse(budget.used_permille));
    table.rows.extend(budgets.into_iter().map(row));
    table
}

fn row(budget: &Budget) -> Row {
    let worse = |is_worse: bool| if is_worse { Tone::Worse } else { Tone::Plain };
    let cells = vec![
        Cell::text(format!("{} %", budget.target)),
        Cell::number(budget.window_days),
        Cell::number(budget.used_permille / 10).toned(worse(budget.used_permille >= 800)),
        Cell::number(budget.down_ms),
        Cell::number(budget.burn_1h_permille).toned(worse(budget.burn_1h_permille >= FASTEST_BURN)),
        Cell::number(budget.burn_6h_permille).toned(worse(budget.burn_6h_permille >= FAST_BURN)),
        Cell::maybe(budget.exhausted_in_ms),
    ];
    Row {
        label: budget.service.clone(),
        cells,
        bar: u16::try_from(budget.used_permille.clamp(0, 1000)).ok(),
        is_thin: false,
        behind: Some(outages_of(budget)),
    }
}

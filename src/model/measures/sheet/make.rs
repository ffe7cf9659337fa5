//! Creates the tables of a page.

use super::super::pages::{Dimension, Pages};
use super::page::Page;
use super::table::Sheet;
use super::{budgets, levels, people, practice, recurring, times, volume};

/// The most budgets of the overview.
const MAX_BUDGETS: usize = 5;

impl Sheet {
    /// Creates the tables of a page. Those with a breakdown use `by`, if the pages have it.
    #[must_use]
    pub fn new(page: Page, pages: &Pages, by: Option<Dimension>) -> Self {
        match page {
            Page::Overview => overview(pages),
            Page::Times => times::sheet(pages, by),
            Page::Volume => volume::sheet(pages, by),
            Page::Levels => levels::sheet(pages, by),
            Page::Recurring => recurring::sheet(pages),
            Page::Budgets => budgets::sheet(pages),
            Page::People => people::sheet(pages),
            Page::Practice => practice::sheet(pages, by),
        }
    }
}

/// Returns the tables of the most important figures.
fn overview(pages: &Pages) -> Sheet {
    let mut tables = vec![times::table(pages), levels::totals(pages)];
    tables.push(volume::by_priority(pages));
    if !pages.budgets.is_empty() {
        let mut budgets = budgets::table(pages);
        budgets.rows.truncate(MAX_BUDGETS);
        tables.push(budgets);
    }
    let volume = volume::sheet(pages, None);
    Sheet { page: Page::Overview, tables, ..volume }
}

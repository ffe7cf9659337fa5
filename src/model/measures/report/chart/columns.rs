//! Columns of counts, stacked.

use super::frame::{
    Mark, date, full_height, push_dates, push_figures, push_legend, push_start, y_of,
};
use super::{AXIS, PLOT, scale};
use crate::model::measures::pages::Pages;

/// The most columns: more buckets are put together.
const MAX_COLUMNS: usize = 130;

/// The counts of one part of the columns.
pub(super) struct Series {
    /// The class by which it is coloured.
    pub(super) class: &'static str,
    /// The name of the count.
    pub(super) name: &'static str,
    /// The count of each bucket.
    pub(super) counts: Vec<u64>,
}

/// Returns the counts of each bucket as columns, the first series at the bottom; empty if there are none.
pub(super) fn columns(pages: &Pages, what: &str, series: &[Series]) -> String {
    let buckets = pages.buckets.len();
    let merged = buckets.div_ceil(MAX_COLUMNS).max(1);
    let count = buckets.div_ceil(merged);
    let sum_of = |one: &Series, column: usize| -> u64 {
        one.counts.iter().skip(column * merged).take(merged).sum()
    };
    let all_of = |column: usize| series.iter().map(|one| sum_of(one, column)).sum::<u64>();
    let Some((peak, most)) =
        (0..count).map(|column| (column, all_of(column))).rev().max_by_key(|(_, sum)| *sum)
    else {
        return String::new();
    };
    if most == 0 {
        return String::new();
    }
    let mut out = String::new();
    let unit = super::unit(pages);
    let unit = if merged > 1 { format!("{merged} {unit}s") } else { unit.to_owned() };
    let sums = series.iter().map(|one| format!("{} {}", one.name, one.counts.iter().sum::<u64>()));
    let start = pages.window.edges.get(peak * merged);
    let at = start.map_or_else(String::new, |edge| format!(" from {}", date(pages, *edge)));
    let sums = sums.collect::<Vec<_>>().join(", ");
    let name = format!("{what} by {unit}: {sums}; at most {most}, in the {unit}{at}");
    push_start(&name, full_height(), &mut out);
    let legend: Vec<_> = series.iter().map(|one| (one.class, one.name)).collect();
    push_legend(&legend, Mark::Square, &mut out);
    push_figures(&scale::of_counts(most), most, &|figure| figure.to_string(), &mut out);
    let x_of = |column: usize| AXIS + PLOT * column as u64 / (count.max(1) as u64);
    for column in 0..count {
        let (x, next) = (x_of(column), x_of(column + 1));
        let wide = (next - x).saturating_sub(1).max(1);
        let mut below = 0;
        for one in series {
            let own = sum_of(one, column);
            if own == 0 {
                continue;
            }
            let bottom = y_of(below, most);
            below += own;
            let top = y_of(below, most);
            out.extend([format!(
                "<rect class=\"{}\" x=\"{x}\" y=\"{top}\" width=\"{wide}\" height=\"{}\"></rect>\n",
                one.class,
                bottom - top
            )]);
        }
    }
    push_dates(pages, &|bucket| x_of(bucket / merged), &mut out);
    out.extend([format!("</svg>\n<p class=\"note\">{what} by {unit}; ")]);
    let order: Vec<&str> = series.iter().map(|one| one.name).collect();
    out.extend([format!("from the bottom: {}.</p>\n", order.join(", "))]);
    out
}

//! Charts of a report as SVG, those of the pages. All numbers in them are whole.
//!
//! Each chart has an accessible name that says what it shows, with its sums or its last figures, and a legend
//! whose marks differ by more than their colours.

mod columns;
mod frame;
mod heat;
mod lines;
mod of_page;
mod scale;

pub(super) use of_page::charts;

/// The size of the area in which figures are drawn, in units of the drawing.
const WIDTH: u64 = 720;
const HEIGHT: u64 = 160;
/// The part of the width that the figures of the vertical axis have.
const AXIS: u64 = 44;
/// The heights of the legend above and of the dates below.
const LEGEND: u64 = 22;
const DATES: u64 = 18;
/// The width of what is drawn.
const PLOT: u64 = WIDTH - AXIS;

/// Returns a bar of a row, as long as a number of thousandths.
pub(super) fn bar(permille: u16) -> String {
    let filled = u32::from(permille.min(1000)) * 120 / 1000;
    format!(
        "<svg width=\"120\" height=\"8\" viewBox=\"0 0 120 8\" aria-hidden=\"true\">\
         <rect class=\"track\" width=\"120\" height=\"8\"></rect>\
         <rect class=\"bar\" width=\"{filled}\" height=\"8\"></rect></svg>"
    )
}

/// Returns what a bucket of the window of some pages is called.
fn unit(pages: &crate::model::measures::pages::Pages) -> &'static str {
    let length = pages.window.to - pages.window.from;
    match length.num_days() {
        _ if length > chrono::TimeDelta::days(400) => "week",
        // A window of two days is longer where clocks go back.
        ..=1 => "hour",
        2 if pages.window.edges.len() > 24 => "hour",
        _ => "day",
    }
}

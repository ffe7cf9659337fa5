//! The frame of a chart: its accessible name, the legend and the axes.

use chrono::{DateTime, TimeDelta, Utc};

use super::{AXIS, DATES, HEIGHT, LEGEND, PLOT, WIDTH};
use crate::model::html::escape;
use crate::model::measures::pages::Pages;
use crate::model::text::truncate;

/// The most dates below a chart.
const MAX_DATES: usize = 5;
/// The width of the mark of a name in the legend, and of a character on a phone, where texts are larger.
const MARK: u64 = 32;
const CHARACTER: u64 = 9;
/// The length from which dates need their year.
const LONG: TimeDelta = TimeDelta::days(300);

/// How a part of the legend is marked.
#[derive(Clone, Copy)]
pub(super) enum Mark {
    /// A square, as the columns are filled.
    Square,
    /// A line, as the curves are drawn.
    Line,
}

/// Adds the start of a chart with its accessible name.
pub(super) fn push_start(name: &str, height: u64, out: &mut String) {
    out.extend([format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">\n",
        escape(name)
    )]);
}

/// Returns the height of a chart with a legend and dates.
pub(super) const fn full_height() -> u64 {
    LEGEND + HEIGHT + DATES
}

/// Adds the names of what is drawn, each with its mark.
pub(super) fn push_legend(entries: &[(&str, &str)], mark: Mark, out: &mut String) {
    let wide = PLOT / (entries.len() as u64).max(1);
    let columns = usize::try_from(wide.saturating_sub(MARK) / CHARACTER).unwrap_or(0);
    for (index, (class, name)) in (0_u64..).zip(entries) {
        let x = AXIS + index * wide;
        let shape = match mark {
            Mark::Square => {
                format!(
                    "<rect class=\"{class}\" x=\"{x}\" y=\"4\" width=\"10\" height=\"10\"></rect>"
                )
            }
            Mark::Line => format!("<path class=\"{class}\" d=\"M{x} 9h24\"></path>"),
        };
        let start = match mark {
            Mark::Square => x + 16,
            Mark::Line => x + 30,
        };
        let name = truncate(*name, columns);
        out.extend([format!(
            "{shape}<text x=\"{start}\" y=\"13\">{}</text>\n",
            escape(name.as_str())
        )]);
    }
}

/// Returns the vertical position of a figure on an axis up to `most`.
pub(super) fn y_of(figure: u64, most: u64) -> u64 {
    let share = u128::from(figure.min(most)) * u128::from(HEIGHT) / u128::from(most.max(1));
    LEGEND + HEIGHT - u64::try_from(share).unwrap_or(HEIGHT)
}

/// Adds the vertical axis: each figure with its line.
pub(super) fn push_figures(
    figures: &[u64],
    most: u64,
    show: &dyn Fn(u64) -> String,
    out: &mut String,
) {
    for figure in figures {
        let y = y_of(*figure, most);
        out.extend([format!(
            "<rect class=\"track\" x=\"{AXIS}\" y=\"{y}\" width=\"{PLOT}\" height=\"1\"></rect>\
             <text x=\"0\" y=\"{}\">{}</text>\n",
            (y + 4).max(LEGEND + 10),
            escape(&show(*figure))
        )]);
    }
}

/// Returns a time of the window as the viewer's clock shows it, in the form of its dates.
pub(super) fn date(pages: &Pages, at: DateTime<Utc>) -> String {
    let form = match pages.window.to - pages.window.from {
        _ if super::unit(pages) == "hour" => "%m-%d %H:%M",
        length if length >= LONG => "%Y-%m-%d",
        _ => "%m-%d",
    };
    pages.offsets.local_time(at.timestamp_millis()).format(form).to_string()
}

/// Adds the dates of some buckets. `x_of` returns where the bucket with an index stands.
pub(super) fn push_dates(pages: &Pages, x_of: &dyn Fn(usize) -> u64, out: &mut String) {
    let edges = &pages.window.edges;
    let y = LEGEND + HEIGHT + DATES - 4;
    for index in (0..edges.len()).step_by(edges.len().div_ceil(MAX_DATES).max(1)) {
        let Some(edge) = edges.get(index) else { break };
        let text = escape(&date(pages, *edge));
        out.extend([format!("<text x=\"{}\" y=\"{y}\">{text}</text>\n", x_of(index))]);
    }
}

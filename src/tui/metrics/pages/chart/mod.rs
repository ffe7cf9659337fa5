//! Charts of the pages: stacked columns, lines, and the map of hours and weekdays.

mod columns;
mod heat;
mod lines;
mod of_page;
mod scale;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::measures::Window;
use crate::model::text::width;
use crate::tui::core::zone::Clock;
use crate::tui::theme::Theme;
use crate::tui::widgets::text::{Line, Span};

/// Partly filled cells, from one eighth to eight.
const EIGHTHS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const WEEKDAYS: [&str; 7] = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];
/// The length from which dates need their year.
const LONG: TimeDelta = TimeDelta::days(300);

/// The context in which charts are drawn.
#[derive(Clone, Copy)]
pub(in crate::tui) struct ChartStyle {
    /// The colours and symbols.
    pub(in crate::tui) theme: Theme,
    /// The zone of the axes.
    pub(in crate::tui) clock: Clock,
    /// The width, in columns.
    pub(in crate::tui) width: usize,
    /// The height of the chart itself, without heading and axis.
    pub(in crate::tui) height: usize,
}

impl ChartStyle {
    /// Returns the unit of a column, with `merged` buckets in each.
    fn unit(window: &Window, merged: usize) -> String {
        let name = unit_name(window);
        if merged > 1 { format!("{merged} {name}s") } else { name.to_owned() }
    }

    /// Formats the start of a bucket where there is room.
    fn date(self, window: &Window, at: DateTime<Utc>) -> String {
        let form = if is_hourly(window) { "%a %H:%M" } else { "%a %m-%d" };
        self.clock.local_time(at).format(form).to_string()
    }

    /// Returns the axis with the dates of buckets, as many as fit, and the zone. `x_of` returns the column
    /// at which the mark with an index begins, and `bucket_of` its bucket.
    fn dates(
        self,
        window: &Window,
        axis: usize,
        marks: usize,
        axis_marks: &AxisMarks<'_>,
    ) -> Line<'static> {
        let form = match window.to - window.from {
            _ if is_hourly(window) => "%H:%M",
            length if length >= LONG => "%Y-%m-%d",
            _ => "%m-%d",
        };
        let show = |mark: usize| {
            let edge = window.edges.get((axis_marks.bucket_of)(mark));
            edge.map_or_else(String::new, |edge| {
                self.clock.local_time(*edge).format(form).to_string()
            })
        };
        let zone = self.clock.offsets().names_between(window.from, window.to);
        let room = self.width.saturating_sub(axis + width(zone.as_str()) + 2);
        let wide = width(show(0).as_str()) + 2;
        let steps: &[usize] = if is_hourly(window) {
            &[1, 2, 3, 6, 12, 24]
        } else {
            &[1, 2, 7, 14, 28, 56, 112, 224]
        };
        let fits = |step: &&usize| (axis_marks.x_of)(**step) >= (axis_marks.x_of)(0) + wide;
        let step = steps.iter().find(fits).copied().unwrap_or(marks.max(1));
        let mut text = String::new();
        for mark in (0..marks).step_by(step.max(1)) {
            let (x, date) = ((axis_marks.x_of)(mark), show(mark));
            if x + width(date.as_str()) > room {
                break;
            }
            let used = width(text.as_str());
            text.push_str(&" ".repeat(x.saturating_sub(used)));
            text.push_str(&date);
        }
        let text = format!("{}{text}  {zone}", " ".repeat(axis));
        Line::from(Span::styled(text, self.theme.dim()))
    }
}

/// Where the marks of an axis are.
struct AxisMarks<'a> {
    /// Returns the column at which a mark begins.
    x_of: &'a dyn Fn(usize) -> usize,
    /// Returns the bucket of a mark.
    bucket_of: &'a dyn Fn(usize) -> usize,
}

/// Returns whether the buckets of the window are hours.
fn is_hourly(window: &Window) -> bool {
    window.to - window.from <= TimeDelta::days(2)
}

/// Returns the unit of a bucket of the window. A window of two days is longer if clocks are set
/// back.
pub(in crate::tui) fn unit_name(window: &Window) -> &'static str {
    match window.to - window.from {
        length if length <= TimeDelta::days(2) => "hour",
        length if length > TimeDelta::days(400) => "week",
        _ => "day",
    }
}

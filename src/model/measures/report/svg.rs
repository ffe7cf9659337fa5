//! Charts of a report as SVG. All numbers in them are computed as whole numbers.

use super::super::pages::{Bucket, Pages};
use crate::model::priority::Priority;
use crate::model::time::format_precise_duration;
use chrono::TimeDelta;

/// The size of charts.
const WIDTH: u64 = 720;
const HEIGHT: u64 = 160;
/// The part of the width and of the height for figures and dates.
const AXIS: u64 = 44;
const DATES: u64 = 18;
const WEEKDAYS: [&str; 7] = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];

/// Returns a bar of a row, as long as a number of thousandths.
pub(super) fn bar(permille: u16) -> String {
    let filled = u32::from(permille.min(1000)) * 120 / 1000;
    format!(
        "<svg width=\"120\" height=\"8\" viewBox=\"0 0 120 8\" aria-hidden=\"true\">\
         <rect class=\"track\" width=\"120\" height=\"8\"></rect>\
         <rect class=\"bar\" width=\"{filled}\" height=\"8\"></rect></svg>"
    )
}

fn open(label: &str, height: u64) -> String {
    let all = height + DATES;
    format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {all}\" role=\"img\" aria-label=\"{label}\">\n"
    )
}

/// Adds the dates of the first and the last bucket, and the greatest figure.
fn push_axes(pages: &Pages, most: &str, out: &mut String) {
    let edges = &pages.window.edges;
    let is_short = pages.window.to - pages.window.from <= TimeDelta::days(2);
    let form = if is_short { "%H:%M" } else { "%Y-%m-%d" };
    let date = |edge: Option<&chrono::DateTime<chrono::Utc>>| {
        edge.map_or_else(String::new, |edge| edge.format(form).to_string())
    };
    let bottom = HEIGHT + DATES - 4;
    out.extend([format!("<text x=\"0\" y=\"12\">{most}</text>\n")]);
    out.extend([format!("<text x=\"0\" y=\"{HEIGHT}\">0</text>\n")]);
    out.extend([format!("<text x=\"{AXIS}\" y=\"{bottom}\">{}</text>\n", date(edges.first()))]);
    out.extend([format!(
        "<text x=\"{WIDTH}\" y=\"{bottom}\" text-anchor=\"end\">{}</text>\n",
        date(edges.last())
    )]);
    out.extend([format!(
        "<rect class=\"track\" x=\"{AXIS}\" y=\"{HEIGHT}\" width=\"{}\" height=\"1\"></rect>\n",
        WIDTH - AXIS
    )]);
}

/// Returns the number of incidents in each bucket, stacked by priority.
pub(super) fn volume(pages: &Pages) -> String {
    let sum = |bucket: &Bucket| bucket.volume.iter().sum::<u64>();
    let most = pages.buckets.iter().map(sum).max().unwrap_or(0);
    let mut out = open("Incidents reported, by priority", HEIGHT);
    push_axes(pages, &most.to_string(), &mut out);
    let count = pages.buckets.len().max(1) as u64;
    for (index, bucket) in pages.buckets.iter().enumerate() {
        let start = AXIS + (WIDTH - AXIS) * index as u64 / count;
        let end = AXIS + (WIDTH - AXIS) * (index as u64 + 1) / count;
        let wide = (end - start).saturating_sub(1).max(1);
        let mut below = 0;
        for priority in Priority::ALL {
            let volume = bucket.volume[priority.index()];
            if volume == 0 {
                continue;
            }
            let bottom = HEIGHT * below / most.max(1);
            below += volume;
            let top = HEIGHT * below / most.max(1);
            out.extend([format!(
                "<rect class=\"{}\" x=\"{start}\" y=\"{}\" width=\"{wide}\" height=\"{}\"></rect>\n",
                priority.as_str().to_lowercase(),
                HEIGHT - top,
                top - bottom
            )]);
        }
    }
    out.push_str(
        "</svg>\n<p class=\"note\">Incidents reported; P1 at the bottom, P4 at the top.</p>\n",
    );
    out
}

/// Returns the mean time to restore service in each bucket as a line.
pub(super) fn mean_times(pages: &Pages) -> String {
    let most = pages.buckets.iter().filter_map(|bucket| bucket.mttr_ms).max().unwrap_or(0);
    if most <= 0 {
        return String::new();
    }
    let mut out = open("Mean time to restore service", HEIGHT);
    push_axes(pages, &format_precise_duration(TimeDelta::milliseconds(most)), &mut out);
    let count = pages.buckets.len().max(1) as u64;
    let points: Vec<(u64, u64)> = pages
        .buckets
        .iter()
        .enumerate()
        .filter_map(|(index, bucket)| {
            let x = AXIS + (WIDTH - AXIS) * (2 * index as u64 + 1) / (2 * count);
            let share = i128::from(bucket.mttr_ms?) * i128::from(HEIGHT) / i128::from(most);
            Some((x, HEIGHT - u64::try_from(share).unwrap_or(0).min(HEIGHT)))
        })
        .collect();
    let line: Vec<String> = points.iter().map(|(x, y)| format!("{x},{y}")).collect();
    out.extend([format!("<polyline class=\"line\" points=\"{}\"></polyline>\n", line.join(" "))]);
    for (x, y) in points {
        out.extend([format!("<circle class=\"bar\" cx=\"{x}\" cy=\"{y}\" r=\"3\"></circle>\n")]);
    }
    out.push_str("</svg>\n<p class=\"note\">Mean time to restore service.</p>\n");
    out
}

/// Returns the number of incidents by hour and day of the week.
pub(super) fn heat(pages: &Pages) -> String {
    let most = pages.heat.iter().flatten().copied().max().unwrap_or(0);
    let cell = (WIDTH - AXIS) / 24;
    let height = 7 * 18;
    let mut out = open("Incidents by hour and day of the week", height);
    for (day, (name, hours)) in (0_u64..).zip(WEEKDAYS.iter().zip(&pages.heat)) {
        let y = day * 18;
        out.extend([format!("<text x=\"0\" y=\"{}\">{name}</text>\n", y + 13)]);
        for (hour, count) in (0_u64..).zip(hours) {
            let x = AXIS + hour * cell;
            let percent = if *count == 0 { 0 } else { 15 + 85 * count / most.max(1) };
            let (class, opacity) = if *count == 0 { ("track", 40) } else { ("bar", percent) };
            out.extend([format!(
                "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"16\" \
                 fill-opacity=\"{opacity}%\"><title>{name} {hour:02}:00: {count}</title></rect>\n",
                cell - 2
            )]);
        }
    }
    for hour in [0, 6, 12, 18] {
        let x = AXIS + hour * cell;
        let y = height + DATES - 4;
        out.extend([format!("<text x=\"{x}\" y=\"{y}\">{hour:02}:00</text>\n")]);
    }
    out.push_str("</svg>\n<p class=\"note\">When incidents were reported, by hour and day of the week.</p>\n");
    out
}

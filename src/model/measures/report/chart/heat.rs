//! The map of hours and weekdays.

use super::frame::push_start;
use super::{AXIS, DATES, PLOT};
use crate::model::html::escape;
use crate::model::measures::pages::Pages;

const WEEKDAYS: [&str; 7] = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];
/// The height of a day.
const ROW: u64 = 18;

/// Returns the number of incidents by hour and day of the week.
pub(super) fn heat(pages: &Pages) -> String {
    let most = pages.heat.iter().flatten().copied().max().unwrap_or(0);
    if most == 0 {
        return String::new();
    }
    let cell = PLOT / 24;
    let height = 7 * ROW;
    let peak = pages.heat.iter().zip(WEEKDAYS).find_map(|(hours, name)| {
        let hour = hours.iter().position(|count| *count == most)?;
        Some(format!("; most on {name} from {hour:02}:00, {most}"))
    });
    let sums = WEEKDAYS.iter().zip(&pages.heat);
    let sums: Vec<String> =
        sums.map(|(name, hours)| format!("{name} {}", hours.iter().sum::<u64>())).collect();
    let name = format!(
        "Incidents reported by hour and day of the week: {}{}",
        sums.join(", "),
        peak.unwrap_or_default()
    );
    let mut out = String::new();
    push_start(&name, height + DATES, &mut out);
    for (day, (name, hours)) in (0_u64..).zip(WEEKDAYS.iter().zip(&pages.heat)) {
        let y = day * ROW;
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
    let zone = escape(&pages.offsets.names_between(pages.window.from, pages.window.to));
    out.extend([format!(
        "</svg>\n<p class=\"note\">When incidents were reported, by hour and day of the week ({zone}).</p>\n"
    )]);
    out
}

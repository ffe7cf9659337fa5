//! The strip of two weeks: who is on call when, as a bar for each shift.

use chrono::{Datelike, NaiveDateTime, TimeDelta, Weekday};
use ratatui::style::Style;

use crate::model::coverage::CoverageLine;
use crate::model::text::{pad, sanitize, width};

use crate::tui::core::app::App;
use crate::tui::oncall::times::{DAYS, first_day, weekday};
use crate::tui::screens::ListScreen;
use crate::tui::widgets::text::{Line, Span};

/// The width of a day from which weekday and day of the month fit below each other.
const TWO_LINES_FROM: usize = 3;

/// Returns the width of a strip with that many columns for a day.
pub(in crate::tui) fn strip_width(per_day: usize) -> usize {
    per_day * usize::try_from(DAYS).unwrap_or(0)
}

/// Returns the labels of the days: weekdays and days of the month on two lines, or on narrow strips
/// those of today and of Mondays on one.
pub(in crate::tui) fn labels(
    app: &App,
    screen: &ListScreen,
    per_day: usize,
) -> Vec<Vec<Span<'static>>> {
    let first = first_day(app, screen);
    let today = app.clock().local_time(app.backend_now()).date();
    let days = (0..DAYS).map(|day| first + TimeDelta::days(day));
    let style = |day: NaiveDateTime| {
        if day.date() == today { app.ui.theme.accent() } else { app.ui.theme.dim() }
    };
    if per_day >= TWO_LINES_FROM {
        let name = |day: NaiveDateTime| Span::styled(pad(weekday(day), per_day), style(day));
        let number = |day: NaiveDateTime| {
            Span::styled(pad(day.format("%e").to_string(), per_day), style(day))
        };
        return vec![days.clone().map(name).collect(), days.map(number).collect()];
    }
    let (mut spans, mut used) = (Vec::new(), 0);
    for (index, day) in days.enumerate() {
        let at = index * per_day;
        if used > at || !(index == 0 || day.weekday() == Weekday::Mon) {
            continue;
        }
        let label = format!("{}{} ", weekday(day), day.format("%-d"));
        if at + label.len() > strip_width(per_day) {
            break;
        }
        spans.push(Span::raw(" ".repeat(at - used)));
        used = at + label.len();
        spans.push(Span::styled(label, style(day)));
    }
    vec![spans]
}

/// Returns the bars of a line of a team.
pub(in crate::tui) fn bars(
    app: &App,
    screen: &ListScreen,
    line: &CoverageLine,
    people: &[String],
    per_day: usize,
) -> Vec<Span<'static>> {
    let clock = app.clock();
    let first = first_day(app, screen);
    let minutes = 24 * 60 / i64::try_from(per_day.max(1)).unwrap_or(1);
    let cells = i64::try_from(strip_width(per_day)).unwrap_or(0);
    // A cell shows the person on call in its middle.
    let shift_of = |cell: i64| {
        let middle = first + TimeDelta::minutes(cell * minutes + minutes / 2);
        let at = clock.to_utc(middle)?;
        line.shifts.iter().position(|shift| shift.from <= at && at < shift.to)
    };
    let mut spans = Vec::new();
    let mut cell = 0;
    while cell < cells {
        let shift = shift_of(cell);
        let mut end = cell + 1;
        while end < cells && shift_of(end) == shift {
            end += 1;
        }
        let columns = usize::try_from(end - cell).unwrap_or(0);
        spans.push(match shift.and_then(|index| line.shifts.get(index)) {
            None => Span::raw(" ".repeat(columns)),
            Some(shift) => match &shift.person {
                None => Span::styled(bar_text("nobody", "!", columns), app.ui.theme.gap()),
                Some(person) => {
                    let index = people.iter().position(|handle| *handle == person.handle);
                    let mark = if shift.is_override { "◆" } else { "" };
                    let style = app.ui.theme.band(index.unwrap_or(0));
                    Span::styled(bar_text(&person.name, mark, columns), style)
                }
            },
        });
        cell = end;
    }
    spans
}

/// Returns the text on a bar: a line that divides it from the one before, since not every terminal
/// shows it by a colour; the mark; and as much of the name as fits.
fn bar_text(name: &str, mark: &str, columns: usize) -> String {
    let name = sanitize(name).into_string();
    let first_name = name.split_whitespace().next().unwrap_or_default().to_owned();
    let initials: String = name.split_whitespace().filter_map(|word| word.chars().next()).collect();
    let start = format!("|{mark}");
    // The mark matters more than the line.
    let start = if width(&start) > columns && !mark.is_empty() { mark.to_owned() } else { start };
    let room = columns.saturating_sub(width(&start));
    let name = [name, first_name, initials].into_iter().find(|name| width(name) <= room);
    pad(format!("{start}{}", name.unwrap_or_default()), columns).into_string()
}

/// Returns a strip on a line of its own, with its labels above.
pub(in crate::tui) fn own_lines(
    app: &App,
    screen: &ListScreen,
    line: &CoverageLine,
    people: &[String],
    room: usize,
) -> Vec<Line<'static>> {
    let per_day = (room / usize::try_from(DAYS).unwrap_or(1)).min(4);
    if per_day < 2 {
        return Vec::new();
    }
    let mut lines: Vec<Line<'static>> =
        labels(app, screen, per_day).into_iter().map(|label| indented(label)).collect();
    lines.push(indented(bars(app, screen, line, people, per_day)));
    lines
}

fn indented(spans: Vec<Span<'static>>) -> Line<'static> {
    let mut line = Line::from(Span::styled("  ", Style::new()));
    line.extend(spans);
    line
}

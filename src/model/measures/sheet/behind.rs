//! The incidents behind a figure, as filters.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::super::pages::{Budget, Dimension, HISTOGRAM_BOUNDS_MS, Pages, term_value};
use super::table::Behind;
use crate::model::status::Source;

/// The terms that exclude incidents that no figure counts.
const COUNTED: &str = "-status:merged -status:reclassified";
/// The greatest number of terms of a filter that servers accept.
const MAX_TERMS: usize = 64;
const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;

/// Returns the filter of the incidents that were reported in the window and are selected, and that pass
/// one more term or several.
pub(super) fn reported_in(pages: &Pages, more: &str) -> Behind {
    let on = format!("on:{}", span(pages.window.from, pages.window.to));
    Behind::Filter(join_terms(&on, &pages.selection.filter_terms(), more))
}

/// Returns the filter of the incidents that put the service of a budget out in its days, also of those that were
/// reported before.
pub(super) fn outages_of(budget: &Budget) -> Behind {
    let service = term_value(&budget.service);
    let outages = format!("p1 p2 service:{service} -resolved>{}d", budget.window_days);
    Behind::Filter(join_terms(&outages, &[], ""))
}

/// Returns the filter of the incidents that were resolved in the window and are selected, and that pass
/// one more term or several.
pub(super) fn resolved_in(pages: &Pages, more: &str) -> Behind {
    let resolved = format!("resolved:{}", span(pages.window.from, pages.window.to));
    Behind::Filter(join_terms(&resolved, &pages.selection.filter_terms(), more))
}

/// Returns the filter of the false alarms among the incidents that were reported in the window.
pub(super) fn false_alarms_in(pages: &Pages) -> Behind {
    let on = span(pages.window.from, pages.window.to);
    let selection = pages.selection.filter_terms();
    let parts = ["is:any".to_owned(), format!("on:{on}")].into_iter().chain(selection);
    let parts: Vec<String> = parts.chain(["status:reclassified".to_owned()]).collect();
    Behind::Filter(parts.join(" "))
}

/// Returns the filter of the incidents that were resolved in the window and whose duration is in a
/// bin of the histogram.
pub(super) fn resolved_in_bin(pages: &Pages, bin: usize) -> Behind {
    let bound = |index: usize| HISTOGRAM_BOUNDS_MS.get(index).map(|ms| format!("{}s", ms / 1000));
    let least = bin.checked_sub(1).and_then(bound).map(|least| format!("-took<{least}"));
    let below = bound(bin).map(|below| format!("took<{below}"));
    let terms: Vec<String> = least.into_iter().chain(below).collect();
    resolved_in(pages, &terms.join(" "))
}

/// Returns how many spans a filter can name besides its other terms: `is:any`, those of [`COUNTED`] and those of
/// the selection.
fn most_spans(pages: &Pages) -> usize {
    MAX_TERMS.saturating_sub(3 + pages.selection.filter_terms().len())
}

/// Returns the filter of the incidents that were reported in the window on a day of the week, from
/// 0 for Monday, in the viewer's zone; `None` if there are too many such days.
pub(super) fn reported_on_weekday(pages: &Pages, weekday: usize) -> Option<Behind> {
    let (start_ms, end_ms) =
        (pages.window.from.timestamp_millis(), pages.window.to.timestamp_millis());
    let offset_ms = |at_ms: i64| i64::from(pages.offsets.at(at_ms)) * 1000;
    let most = most_spans(pages);
    let mut days = Vec::new();
    let mut from_ms = start_ms;
    while from_ms < end_ms && days.len() <= most {
        let local = from_ms + offset_ms(from_ms);
        let midnight = (local.div_euclid(DAY_MS) + 1) * DAY_MS;
        // The offset may change during the day.
        let near = midnight - offset_ms(from_ms);
        let to_ms = (midnight - offset_ms(near)).max(from_ms + 1).min(end_ms);
        if pages.offsets.weekday_and_hour(from_ms).0 == weekday {
            let at = |ms| DateTime::from_timestamp_millis(ms);
            days.extend(at(from_ms).zip(at(to_ms)).map(|(from, to)| span(from, to)));
        }
        from_ms = to_ms;
    }
    if days.is_empty() || days.len() > most {
        return None;
    }
    let days: Vec<String> = days.into_iter().map(|day| format!("on:{day}")).collect();
    Some(Behind::Filter(join_terms(&days.join(" "), &pages.selection.filter_terms(), "")))
}

/// Returns the filter of the incidents that were reported in the window in an hour of a day of the week, from 0
/// for Monday, by the viewer's clock; `None` if there are none, or too many such hours.
#[must_use]
pub fn reported_in_hour(pages: &Pages, weekday: usize, hour: usize) -> Option<Behind> {
    pages.heat.get(weekday)?.get(hour).filter(|count| **count > 0)?;
    let window = pages.window.span();
    let mut spans: Vec<(i64, i64)> = Vec::new();
    let mut from_ms = window.start_ms();
    while from_ms < window.end_ms() {
        let offset_ms = i64::from(pages.offsets.at(from_ms)) * 1000;
        let full = ((from_ms + offset_ms).div_euclid(HOUR_MS) + 1) * HOUR_MS - offset_ms;
        // The offset may change during the hour.
        let mut changes = pages.offsets.changes.iter().map(|(at, _)| at.timestamp_millis());
        let change = changes.find(|change| *change > from_ms).unwrap_or(i64::MAX);
        let to_ms = full.min(change).min(window.end_ms());
        if pages.offsets.weekday_and_hour(from_ms) == (weekday, hour) {
            match spans.last_mut() {
                Some((_, last)) if *last == from_ms => *last = to_ms,
                _ => spans.push((from_ms, to_ms)),
            }
        }
        from_ms = to_ms;
    }
    if spans.is_empty() || spans.len() > most_spans(pages) {
        return None;
    }
    let at = |ms| DateTime::from_timestamp_millis(ms);
    let spans = spans.into_iter().filter_map(|(from, to)| at(from).zip(at(to)));
    let spans: Vec<String> = spans.map(|(from, to)| format!("on:{}", span(from, to))).collect();
    Some(Behind::Filter(join_terms(&spans.join(" "), &pages.selection.filter_terms(), "")))
}

/// Returns a span as a filter names it. What is recorded has no parts of a millisecond, so each end is the
/// next full one.
fn span(from: DateTime<Utc>, to: DateTime<Utc>) -> String {
    const MILLISECOND: TimeDelta = TimeDelta::milliseconds(1);
    let time = |at: DateTime<Utc>| {
        let part = TimeDelta::nanoseconds(i64::from(at.timestamp_subsec_nanos() % 1_000_000));
        let full = if part.is_zero() { at } else { at - part + MILLISECOND };
        full.to_rfc3339_opts(SecondsFormat::AutoSi, true)
    };
    format!("{}/{}", time(from), time(to))
}

fn join_terms(first: &str, selection: &[String], more: &str) -> String {
    let parts = ["is:any", first].into_iter().chain(selection.iter().map(String::as_str));
    let parts: Vec<&str> = parts.chain([more, COUNTED]).filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

/// Returns the term of the incidents of a row of a breakdown.
pub(super) fn cut_term(by: Dimension, name: &str) -> Option<String> {
    Some(match by {
        Dimension::Priority => name.to_lowercase(),
        Dimension::Category => format!("cat:{name}"),
        Dimension::Service => format!("primary:{}", term_value(name)),
        Dimension::Team => format!("leading:{}", term_value(name)),
        // A value of a later version is no value of a term.
        Dimension::Source => format!("source:{}", name.parse::<Source>().ok()?).replace(' ', "-"),
        Dimension::Unknown(_) => return None,
    })
}

/// Returns the filter of the reported incidents of a row of a breakdown.
pub(super) fn behind_cut(pages: &Pages, by: Dimension, name: &str) -> Option<Behind> {
    cut_term(by, name).map(|term| reported_in(pages, &term))
}

/// Returns how a breakdown by a field is named.
pub(super) fn cut_name(by: Dimension) -> String {
    match by {
        Dimension::Source => "by how it was detected".to_owned(),
        other => format!("by {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::pages::{Objective, compute_budgets};
    use super::*;
    use crate::model::filter::Filter;

    /// An outage counts in a budget also if its incident was reported before the days of the objective.
    #[test]
    fn budget_leads_to_all_outages_of_its_days() {
        let objective =
            Objective { service: "search".into(), allowed_ppm: 500, window_days: 7, alert: false };
        let budget = compute_budgets(&[(objective, Vec::new())], 0).remove(0);
        let filter = format!("is:any p1 p2 service:search -resolved>7d {COUNTED}");
        assert!(filter.parse::<Filter>().is_ok(), "{filter}");
        assert_eq!(outages_of(&budget), Behind::Filter(filter));
    }
}

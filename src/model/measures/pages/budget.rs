//! Error budgets: how much of the downtime that an objective allows is used.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::directory::Directory;
use crate::model::text::equals_folded;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Parts of a whole: shares are in parts per million.
const MILLION: i64 = 1_000_000;

/// The share of the time in which a service should be available.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Objective {
    /// The name of the service.
    pub service: String,
    /// The share of the time in which the service may be out, in parts per million: 1000 for 99.9 %.
    pub allowed_ppm: u32,
    /// The number of days, up to now, for which it is judged.
    pub window_days: u32,
    /// Whether an incident is declared when its budget is used too fast.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alert: bool,
}

/// The number of days over which the objective of a service of the directory is judged.
const DIRECTORY_DAYS: u32 = 30;
/// The most objectives of the directory.
const MAX_FROM_DIRECTORY: usize = 200;

/// Returns the objectives of the settings, and those of the services of the directory that the settings do not
/// name.
#[must_use]
pub fn all_objectives(settings: &[Objective], directory: &Directory) -> Vec<Objective> {
    let is_set = |name: &str| settings.iter().any(|one| equals_folded(&one.service, name));
    let services = directory.services.iter().filter(|service| !is_set(&service.name));
    let of_directory = services.filter_map(|service| {
        // Parts per 100,000 in which it should be available.
        let allowed = 100_000_u32.checked_sub(service.objective?).filter(|allowed| *allowed > 0)?;
        Some(Objective {
            service: service.name.clone(),
            allowed_ppm: allowed * 10,
            window_days: DIRECTORY_DAYS,
            alert: false,
        })
    });
    settings.iter().cloned().chain(of_directory.take(MAX_FROM_DIRECTORY)).collect()
}

impl Objective {
    /// Parses a target in percent, such as `99.95`, and returns the share in parts per million that it
    /// allows to be out. `None` for anything that is not above 0 and below 100, or has more than four
    /// digits behind the point.
    #[must_use]
    pub fn parse_target(text: &str) -> Option<u32> {
        let text = text.trim().trim_end_matches('%').trim_end();
        let (full, fraction) = text.split_once('.').unwrap_or((text, ""));
        let is_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if full.is_empty()
            || full.len() > 2
            || fraction.len() > 4
            || !is_digits(full)
            || !is_digits(fraction)
        {
            return None;
        }
        let fraction: u32 = format!("{fraction:0<4}").parse().ok()?;
        let target = full.parse::<u32>().ok()? * 10_000 + fraction;
        (1..1_000_000).contains(&target).then(|| 1_000_000 - target)
    }

    /// Returns the target in percent, such as `99.9`.
    #[must_use]
    pub fn target(&self) -> String {
        let target = 1_000_000_u32.saturating_sub(self.allowed_ppm);
        let text = format!("{}.{:04}", target / 10_000, target % 10_000);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// The time in which an incident of P1 or P2 put a service out: from detection to resolution, in
/// milliseconds since 1970. `end_ms` is `None` while it lasts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outage {
    /// When it was detected.
    pub start_ms: i64,
    /// When it was last resolved.
    pub end_ms: Option<i64>,
}

/// How much of an error budget is used.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Budget {
    /// The name of the service.
    pub service: String,
    /// The objective in percent, such as `99.9`.
    pub target: String,
    /// The number of days, up to now, for which it is judged.
    pub window_days: u32,
    /// The downtime that the objective allows in them, in milliseconds.
    pub allowed_ms: i64,
    /// The downtime in milliseconds; overlapping incidents count once.
    pub down_ms: i64,
    /// The share of the budget that is used, in thousandths, rounded down. More than 1000 if it is
    /// exceeded.
    pub used_permille: i64,
    /// How fast it was used in the last hour, in thousandths: at 1000 exactly the budget is used in its
    /// window.
    pub burn_1h_permille: i64,
    /// How fast it was used in the last 6 hours, in thousandths.
    pub burn_6h_permille: i64,
    /// After how many milliseconds the budget is used up at the rate of the last hour, or of the
    /// last 6 hours if there was no downtime in the last one. 0 once it is used up; absent without
    /// downtime.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exhausted_in_ms: Option<i64>,
    /// How the budget was used: the share that was used up to the end of each thirtieth of the window, in
    /// thousandths. The last one is the share that is used now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trend: Vec<i64>,
}

/// The number of points of [`Budget::trend`].
const TREND_POINTS: i64 = 30;

/// Returns the total length of the outages within a span; overlaps count once. An outage that lasts
/// ends with the span.
#[must_use]
pub fn union_ms(outages: &[Outage], from_ms: i64, to_ms: i64) -> i64 {
    let mut spans: Vec<(i64, i64)> = outages
        .iter()
        .map(|outage| (outage.start_ms.max(from_ms), outage.end_ms.unwrap_or(to_ms).min(to_ms)))
        .filter(|(start, end)| start < end)
        .collect();
    spans.sort_unstable();
    let (mut sum, mut covered_to) = (0, i64::MIN);
    for (start, end) in spans {
        sum += (end - start.max(covered_to)).max(0);
        covered_to = covered_to.max(end);
    }
    sum
}

/// Computes the budgets of objectives at a time in milliseconds since 1970. Each objective has the
/// outages of its service.
#[must_use]
pub fn compute_budgets(objectives: &[(Objective, Vec<Outage>)], now_ms: i64) -> Vec<Budget> {
    objectives.iter().map(|(objective, outages)| budget(objective, outages, now_ms)).collect()
}

fn budget(objective: &Objective, outages: &[Outage], now_ms: i64) -> Budget {
    let window_ms = i64::from(objective.window_days) * DAY_MS;
    let ppm = i64::from(objective.allowed_ppm);
    let allowed_ms = share(window_ms, ppm, MILLION);
    let down = |span_ms: i64| union_ms(outages, now_ms - span_ms, now_ms);
    let (down_ms, down_1h, down_6h) = (down(window_ms), down(HOUR_MS), down(6 * HOUR_MS));
    let burn = |down_ms: i64, span_ms: i64| burn_permille(objective, down_ms, span_ms);
    let remaining_ms = allowed_ms - down_ms;
    let exhausted_in_ms = match (remaining_ms <= 0, down_1h, down_6h) {
        (true, ..) => Some(0),
        (false, 0, 0) => None,
        (false, 0, down_6h) => Some(share(remaining_ms, 6 * HOUR_MS, down_6h)),
        (false, down_1h, _) => Some(share(remaining_ms, HOUR_MS, down_1h)),
    };
    Budget {
        service: objective.service.clone(),
        target: objective.target(),
        window_days: objective.window_days,
        allowed_ms,
        down_ms,
        used_permille: share(down_ms, 1000, allowed_ms),
        burn_1h_permille: burn(down_1h, HOUR_MS),
        burn_6h_permille: burn(down_6h, 6 * HOUR_MS),
        exhausted_in_ms,
        trend: trend(outages, now_ms, window_ms, allowed_ms),
    }
}

/// Returns the share of a budget that was used up to the end of each part of its window, in thousandths.
fn trend(outages: &[Outage], now_ms: i64, window_ms: i64, allowed_ms: i64) -> Vec<i64> {
    let start_ms = now_ms - window_ms;
    let mut down_ms = 0;
    let mut from_ms = start_ms;
    let points = (1..=TREND_POINTS).map(|part| {
        let to_ms = start_ms + share(window_ms, part, TREND_POINTS);
        // An outage that lasts covers each part up to its end.
        down_ms += union_ms(outages, from_ms, to_ms);
        from_ms = to_ms;
        share(down_ms, 1000, allowed_ms)
    });
    points.collect()
}

/// Returns how fast the budget of an objective is used by some downtime in a span, in thousandths of the
/// rate at which exactly the budget is used.
#[must_use]
pub fn burn_permille(objective: &Objective, down_ms: i64, span_ms: i64) -> i64 {
    let (down, span) = (i128::from(down_ms), i128::from(span_ms));
    quotient(down * i128::from(MILLION) * 1000, span * i128::from(objective.allowed_ppm))
}

/// Returns `value` × `by` / `divisor`, rounded down; the greatest number for a divisor of 0.
fn share(value: i64, by: i64, divisor: i64) -> i64 {
    quotient(i128::from(value) * i128::from(by), i128::from(divisor))
}

fn quotient(value: i128, divisor: i128) -> i64 {
    value.checked_div(divisor).and_then(|result| i64::try_from(result).ok()).unwrap_or(i64::MAX)
}

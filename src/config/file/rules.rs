//! Reads service levels, the matrix of priorities, and the time spans of the rules.

use chrono::TimeDelta;

use super::appearance::priority;
use super::section::{Section, Value, ValueResult};
use crate::model::Priority;
use crate::model::measures::pages::Objective;
use crate::model::priority::Level as Extent;
use crate::model::rules::Rules;
use crate::model::service_level::ServiceLevel;
use crate::model::stability::{SoakTimes, StabilityRules};
use crate::model::storm_rules::StormRules;

/// The maximum number of incidents or alerts in a setting.
const MAX_STORM: u32 = 1_000_000;

pub(super) fn read(top: &mut Section<'_>) -> Rules {
    let mut rules = Rules::default();
    if let Some(mut section) = top.section("levels") {
        for (priority, key) in Priority::ALL.into_iter().zip(["p1", "p2", "p3", "p4"]) {
            if let Some(table) = section.section(key) {
                let level = &mut rules.levels.0[priority.index()];
                *level = read_level(table, *level);
            }
        }
        section.finish();
    }
    if let Some(mut section) = top.section("matrix") {
        for impact in Extent::ALL {
            if let Some(row) = section.read(impact.as_str(), matrix_row) {
                rules.matrix.0[impact.index()] = row;
            }
        }
        section.finish();
    }
    for (index, section) in top.sections("objectives").into_iter().enumerate() {
        rules.objectives.extend(objective(section, index));
    }
    if let Some(days) = top.read("reopen", full_days) {
        rules.reopen_days = days;
    }
    if let Some(span) = top.read("suspect", Value::positive_duration) {
        rules.suspect_s = span.num_seconds();
    }
    if let Some(section) = top.section("storms") {
        rules.storms = read_storms(section);
    }
    if let Some(section) = top.section("stability") {
        rules.stability = read_stability(section);
    }
    rules
}

/// The maximum stable time that can be required before an incident is resolved.
const MAX_SOAK: TimeDelta = TimeDelta::days(7);

fn read_stability(mut section: Section<'_>) -> StabilityRules {
    let mut rules = StabilityRules { times_s: soak_times(&mut section, [0; 4]), ..<_>::default() };
    if let Some(services) = section.section("services") {
        for (name, _, value) in services.entries() {
            let Some(mut table) = services.source.ok_or_warn(value.section()) else { continue };
            rules.services.insert(name.to_owned(), soak_times(&mut table, rules.times_s));
            table.finish();
        }
    }
    section.finish();
    rules
}

/// Reads the stability of each priority. A priority that is not set has that of `default`.
fn soak_times(section: &mut Section<'_>, default: SoakTimes) -> SoakTimes {
    let mut times = default;
    for (seconds, key) in times.iter_mut().zip(["p1", "p2", "p3", "p4"]) {
        if let Some(span) = section.read(key, soak_time) {
            *seconds = span;
        }
    }
    times
}

/// Reads a time, or `never`.
fn soak_time(value: &Value<'_>) -> ValueResult<i64> {
    if value.text()? == "never" {
        return Ok(0);
    }
    let span = value.positive_duration()?;
    if span > MAX_SOAK {
        return Err(value.invalid("is longer than 7 d: write a shorter time"));
    }
    Ok(span.num_seconds())
}

fn read_storms(mut section: Section<'_>) -> StormRules {
    let mut rules = StormRules::default();
    let count = |value: &Value<'_>| value.count(0..=MAX_STORM);
    if let Some(incidents) = section.read("incidents", count) {
        rules.incidents = incidents;
    }
    if let Some(alerts) = section.read("alerts", count) {
        rules.alerts = alerts;
    }
    if let Some(within) = section.read("within", Value::positive_duration) {
        rules.within_s = within.num_seconds();
    }
    if let Some(folds) = section.read("fold", Value::flag) {
        rules.folds = folds;
    }
    if let Some(folds) = section.read("fold_same_service", Value::flag) {
        rules.folds_same_service = folds;
    }
    section.finish();
    rules
}

/// The longest time over which an objective is judged, in days.
const MAX_OBJECTIVE_DAYS: i64 = 366;
/// The default period of an objective in days.
const OBJECTIVE_DAYS: u32 = 30;

fn objective(mut section: Section<'_>, index: usize) -> Option<Objective> {
    let (source, offset) = (section.source, section.offset);
    let service = section.require("service", Value::short_text);
    let allowed_ppm = section.require("target", |value| {
        Objective::parse_target(value.text()?).ok_or_else(|| {
            value.invalid("is no share of the time: write a text such as \"99.9\", below 100")
        })
    });
    let has_window = section.get("window").is_some();
    let window_days = section.read("window", |value| {
        let length = value.positive_duration()?;
        let days = length.num_days();
        u32::try_from(days)
            .ok()
            .filter(|_| TimeDelta::days(days) == length && (1..=MAX_OBJECTIVE_DAYS).contains(&days))
            .ok_or_else(|| {
                value.invalid("is no number of full days up to 366: write a text such as \"30d\"")
            })
    });
    let alert = section.read("alert", Value::flag);
    section.finish();
    source.record_position(format!("objectives.{index}"), offset);
    Some(Objective {
        service: service?,
        // A budget must not be judged by another objective than is written.
        allowed_ppm: allowed_ppm?,
        window_days: window_days.or((!has_window).then_some(OBJECTIVE_DAYS))?,
        alert: alert.unwrap_or(false),
    })
}

fn read_level(mut section: Section<'_>, default: ServiceLevel) -> ServiceLevel {
    let seconds = |span: TimeDelta| span.num_seconds();
    let acknowledge = section.read("acknowledge", Value::positive_duration).map(seconds);
    let resolve = section.read("resolve", Value::positive_duration).map(seconds);
    let update = section.read("update", |value| match value.text()? {
        "none" => Ok(None),
        _ => value.positive_duration().map(|span| Some(seconds(span))),
    });
    let update_every_s = update.unwrap_or(default.update_every_s);
    let level = ServiceLevel {
        acknowledge_s: acknowledge.unwrap_or(default.acknowledge_s),
        resolve_s: resolve.unwrap_or(default.resolve_s),
        update_every_s,
    };
    let checked = if level.acknowledge_s > level.resolve_s {
        let text = "acknowledge is longer than resolve here: both keep their defaults";
        section.source.warn(section.offset, text);
        ServiceLevel { update_every_s, ..default }
    } else {
        level
    };
    section.finish();
    checked
}

/// Reads the priorities of one impact, for urgency high, medium and low.
fn matrix_row(value: &Value<'_>) -> ValueResult<[Priority; 3]> {
    let row: Vec<Priority> = value.list()?.iter().map(priority).collect::<ValueResult<_>>()?;
    let count = row.len();
    row.try_into().map_err(|_| {
        value.invalid(format!(
            "has {count} priorities: write three, for urgency high, medium and low"
        ))
    })
}

fn full_days(value: &Value<'_>) -> ValueResult<i64> {
    let span = value.positive_duration()?;
    if span != TimeDelta::days(span.num_days()) {
        return Err(value.invalid("is not a number of whole days: write a time such as \"7d\""));
    }
    Ok(span.num_days())
}

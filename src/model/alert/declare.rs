//! The incident that is declared for a group of alerts.

use std::collections::BTreeMap;
use std::fmt::Write;

use chrono::{DateTime, Utc};

use super::report::{AlertGroup, AlertReport, MAIL_SOURCE, Overrides};
use super::severity::{SEVERITY_LABELS, Severity};
use super::text::{cut, one_line};
use crate::model::check::{MAX_NAME_CHARS, MAX_TEXT_BYTES, MAX_TITLE_CHARS};
use crate::model::command::Declaration;
use crate::model::directory::Directory;
use crate::model::status::Source;
use crate::model::time;

/// The maximum number of labels of an incident that come from alerts.
const MAX_LABELS: usize = 20;
/// The most alerts that the symptoms list.
const MAX_LISTED: usize = 20;
/// The longest text of one alert in the symptoms, in characters.
const MAX_LISTED_CHARS: usize = 1000;
/// The longest URL or name of a runbook, in characters.
const MAX_RUNBOOK_CHARS: usize = 500;

/// The labels that name the service.
const SERVICE_LABELS: [&str; 2] = ["service", "job"];

/// Returns the declaration of an incident for the alerts at some positions of a message, which fire.
///
/// The title is that of the most severe alert. The service is the value of the label `service` or
/// `job`: the first that the directory has, otherwise the first. Team and runbook follow from the
/// service, unless an alert names a runbook. Impact and urgency follow from the label `severity` or
/// `priority`.
#[must_use]
pub fn declaration(
    group: &AlertGroup,
    positions: &[usize],
    directory: &Directory,
    now: DateTime<Utc>,
) -> Declaration {
    let alerts: Vec<&AlertReport> =
        positions.iter().filter_map(|position| group.alerts.get(*position)).collect();
    // Of equally severe alerts the first one.
    let worst = alerts.iter().copied().min_by_key(|alert| Severity::of(&alert.labels));
    let severity = worst.map_or(Severity::UNKNOWN, |alert| Severity::of(&alert.labels));
    let (impact, urgency) = severity.levels();
    let now = time::truncate_to_second(now);
    let starts = alerts.iter().filter_map(|alert| alert.starts_at);
    let detected_at = starts.min().map_or(now, |at| time::truncate_to_second(at).min(now));
    let mut declared = Declaration {
        alerts: u32::try_from(alerts.len()).ok().filter(|count| *count > 1),
        title: title(worst, alerts.len()),
        services: service(&alerts, directory).into_iter().collect(),
        impact,
        urgency,
        category: None,
        source: if group.source == MAIL_SOURCE { Source::UserReport } else { Source::Monitoring },
        symptoms: symptoms(&alerts),
        detected_at,
        reported_at: now,
        team: None,
        labels: labels(&alerts),
        dedup_key: Some(group.key.clone()),
        runbook: runbook(&alerts),
    };
    apply_overrides(&mut declared, &group.overrides);
    declared.fill_from_directory(directory);
    declared
}

/// Replaces values from the alerts by those of the rules.
fn apply_overrides(declared: &mut Declaration, overrides: &Overrides) {
    if let Some(title) = &overrides.title {
        declared.title.clone_from(title);
    }
    if let Some(service) = &overrides.service {
        declared.services = vec![service.clone()];
    }
    if let Some((impact, urgency)) = overrides.levels {
        (declared.impact, declared.urgency) = (impact, urgency);
    }
    declared.team = overrides.team.clone().or_else(|| declared.team.take());
    declared.category = overrides.category.or(declared.category);
    declared.runbook = overrides.runbook.clone().or_else(|| declared.runbook.take());
    for label in &overrides.labels {
        if declared.labels.len() < MAX_LABELS && !declared.labels.contains(label) {
            declared.labels.push(label.clone());
        }
    }
}

fn title(worst: Option<&AlertReport>, count: usize) -> String {
    let title = worst.map_or("Alert", |alert| alert.title.as_str());
    let others = match count.saturating_sub(1) {
        0 => String::new(),
        others => format!(" (and {others} more)"),
    };
    let title = one_line(title, MAX_TITLE_CHARS - others.chars().count());
    if title.is_empty() { format!("Alert{others}") } else { format!("{title}{others}") }
}

fn service(alerts: &[&AlertReport], directory: &Directory) -> Option<String> {
    let is_name =
        |text: &&str| text.chars().count() <= MAX_NAME_CHARS && !text.chars().any(char::is_control);
    let named = || {
        let names = SERVICE_LABELS
            .iter()
            .flat_map(|label| alerts.iter().filter_map(move |alert| alert.label(&[*label])));
        names.filter(is_name)
    };
    let in_directory = named().find(|name| directory.service(name).is_some());
    in_directory.or_else(|| named().next()).map(|name| one_line(name, MAX_NAME_CHARS))
}

/// Returns the labels that all alerts have, as texts such as `env=prod`. Those that become other
/// fields are left out.
fn labels(alerts: &[&AlertReport]) -> Vec<String> {
    let Some((first, others)) = alerts.split_first() else { return Vec::new() };
    let is_shared = |(name, value): &(&String, &String)| {
        !SERVICE_LABELS.contains(&name.as_str())
            && !SEVERITY_LABELS.contains(&name.as_str())
            && others.iter().all(|alert| alert.labels.get(*name) == Some(*value))
    };
    let text = |(name, value): (&String, &String)| {
        let text = one_line(&format!("{name}={value}"), MAX_NAME_CHARS + 1);
        (text.chars().count() <= MAX_NAME_CHARS).then_some(text)
    };
    let texts = first.labels.iter().filter(is_shared).filter_map(text);
    let mut labels: Vec<String> = Vec::new();
    for text in texts {
        if labels.len() < MAX_LABELS && !labels.contains(&text) {
            labels.push(text);
        }
    }
    labels
}

fn runbook(alerts: &[&AlertReport]) -> Option<String> {
    let named = alerts.iter().find_map(|alert| alert.annotation(&["runbook_url", "runbook"]))?;
    let runbook = one_line(named, MAX_RUNBOOK_CHARS + 1);
    (runbook.chars().count() <= MAX_RUNBOOK_CHARS).then_some(runbook)
}

/// Returns the texts of the alerts: the description of the only one, or a line for each.
fn symptoms(alerts: &[&AlertReport]) -> String {
    let mut text = String::new();
    let bound = |text: &str| cut(text.trim(), MAX_LISTED_CHARS);
    if let [alert] = alerts {
        if alert.title.chars().count() > MAX_TITLE_CHARS {
            text.push_str(&alert.title);
            text.push('\n');
        }
        text.push_str(&bound(alert.annotation(&["description", "message"]).unwrap_or_default()));
    } else {
        for alert in alerts.iter().take(MAX_LISTED) {
            // Writing to memory can't fail.
            writeln!(text, "{}", bound(&alert.title)).ok();
        }
        if alerts.len() > MAX_LISTED {
            writeln!(text, "and {} more", alerts.len() - MAX_LISTED).ok();
        }
    }
    cut(text.trim(), MAX_TEXT_BYTES / 4)
}

/// The annotations of which a title is made, in the order in which they are preferred.
const TITLE_ANNOTATIONS: [&str; 3] = ["summary", "title", "message"];

impl AlertReport {
    /// Returns the title of an alert with labels and annotations: its description in words, or its
    /// name with the labels that identify it.
    #[must_use]
    pub fn title_of(
        labels: &BTreeMap<String, String>,
        annotations: &BTreeMap<String, String>,
        max: usize,
    ) -> String {
        let mut texts = TITLE_ANNOTATIONS.iter().filter_map(|name| annotations.get(*name));
        if let Some(text) = texts.find(|text| !text.trim().is_empty()) {
            let line = one_line(text, max);
            if !line.is_empty() {
                return line;
            }
        }
        let is_named = |name: &&String| {
            let name = name.as_str();
            name != "alertname" && !SEVERITY_LABELS.contains(&name)
        };
        let parts: Vec<String> = labels
            .iter()
            .filter(|(name, _)| is_named(name))
            .take(4)
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let name = labels.get("alertname").map(|name| one_line(name, max)).unwrap_or_default();
        let name = if name.is_empty() { "Alert".to_owned() } else { name };
        if parts.is_empty() {
            return name;
        }
        one_line(&format!("{name} ({})", parts.join(", ")), max)
    }
}

#[cfg(test)]
mod tests;

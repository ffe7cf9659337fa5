//! Suggestions for sections of a review that nobody has written yet.

use chrono::{DateTime, Utc};

use super::Section;
use crate::model::command::Link;
use crate::model::directory::Directory;
use crate::model::event::{Event, EventBody};
use crate::model::incident::Incident;
use crate::model::time::format_duration;

/// Returns the suggestion for an unwritten section, from the record and its events. `time` formats
/// a time for the reader. Names that `directory` does not have are marked. The text is not
/// sanitized, and empty if nothing is known.
#[must_use]
pub fn suggested_text(
    section: Section,
    incident: &Incident,
    events: &[Event],
    directory: Option<&Directory>,
    time: &dyn Fn(DateTime<Utc>) -> String,
) -> String {
    match section {
        Section::Summary => summary(incident, time),
        Section::Timeline => milestones(events, directory, time),
        Section::Impact => impact(incident, time),
        Section::RootCause => causes(incident),
        Section::Resolution => resolution(incident),
        Section::Communication => communication(incident, events, time),
        Section::Gaps | Section::Factors | Section::WentWell | Section::Unknown(_) => String::new(),
    }
}

/// Returns a sentence on the events, and one on the end.
fn summary(incident: &Incident, time: &dyn Fn(DateTime<Utc>) -> String) -> String {
    let row = &incident.summary;
    let category = row.category.map(|category| format!(", {category}")).unwrap_or_default();
    let mut text = format!(
        "{} ({}{category}), detected by {} at {}.",
        row.title.trim().trim_end_matches('.'),
        row.priority,
        row.source,
        time(row.detected_at)
    );
    if let (Some(end), Some(resolution)) = (row.resolved_at, &incident.resolution) {
        let lasted = format_duration(end - row.detected_at);
        text = format!("{text} It was resolved after {lasted} by: {}.", resolution.action);
    }
    text
}

/// Returns the people that the incident affected, how, and from when to when.
fn impact(incident: &Incident, time: &dyn Fn(DateTime<Utc>) -> String) -> String {
    let row = &incident.summary;
    let mut lines = Vec::new();
    if !row.services.is_empty() {
        lines.push(format!("Affected: {}.", row.services.join(", ")));
    }
    let affected = incident.affected.line();
    if !affected.is_empty() {
        lines.push(format!("Users: {affected}."));
    }
    let symptoms = incident.symptoms.trim();
    if !symptoms.is_empty() {
        lines.push(symptoms.to_owned());
    }
    let began = incident.began_at.map(|at| format!("Began {}", time(at)));
    let detected = if began.is_some() { "detected" } else { "Detected" };
    let mut times: Vec<String> = began.into_iter().collect();
    times.push(format!("{detected} {}", time(row.detected_at)));
    let after = |at: DateTime<Utc>| format_duration(at - row.reported_at);
    if row.reported_at != row.detected_at {
        times.push(format!("reported {}", time(row.reported_at)));
    }
    if let Some(at) = row.acknowledged_by_somebody_at() {
        times.push(format!("acknowledged {} later", after(at)));
    }
    if let Some(at) = row.resolved_at {
        times.push(format!("resolved {}, after {}", time(at), after(at)));
    }
    if row.resolved_at.is_some() {
        lines.push(format!("{}.", times.join(", ")));
    }
    lines.join("\n")
}

/// Returns the problem and the changes that the incident links to.
fn causes(incident: &Incident) -> String {
    let causes = incident.links.iter().filter_map(|link| match link {
        Link::Problem { title, .. } => Some(format!("Problem: {title}")),
        Link::Change { title, .. } => Some(format!("Change: {title}")),
        _ => None,
    });
    causes.collect::<Vec<_>>().join("\n")
}

fn resolution(incident: &Incident) -> String {
    incident.resolution.as_ref().map_or_else(String::new, |resolution| {
        let parts = [resolution.detail.trim(), resolution.validation.trim()];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        format!("{}: {}", resolution.action, parts.join("\n"))
    })
}

/// Returns the updates that stakeholders got, as a list in Markdown.
fn communication(
    incident: &Incident,
    events: &[Event],
    time: &dyn Fn(DateTime<Utc>) -> String,
) -> String {
    let sent = events.iter().filter_map(|event| match &event.body {
        EventBody::StakeholdersUpdated { message, .. } => {
            Some(format!("- {} {}", time(event.at), message.replace('\n', " ")))
        }
        _ => None,
    });
    let sent: Vec<String> = sent.collect();
    if sent.is_empty() {
        incident.stakeholder_message.clone().unwrap_or_default()
    } else {
        sent.join("\n")
    }
}

/// Returns the milestones as a list in Markdown.
fn milestones(
    events: &[Event],
    directory: Option<&Directory>,
    time: &dyn Fn(DateTime<Utc>) -> String,
) -> String {
    let lines: Vec<String> = events
        .iter()
        .filter(|event| event.body.is_milestone())
        .map(|event| event_line(event, directory, time))
        .collect();
    lines.join("\n")
}

/// Returns the line of a Markdown list for an event.
pub(super) fn event_line(
    event: &Event,
    directory: Option<&Directory>,
    time: &dyn Fn(DateTime<Utc>) -> String,
) -> String {
    let detail = event.marked_detail(directory);
    let line = format!(
        "- {} {} by {}",
        time(event.at),
        event.body.label().to_lowercase(),
        event.actor.name()
    );
    if detail.is_empty() { line } else { format!("{line}: {}", detail.replace('\n', " ")) }
}

//! Texts about incidents that can be copied to the clipboard.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::model::command::Link;
use crate::model::text::{lines, sanitize};
use crate::model::time::format_duration;
use crate::model::{Event, Incident, Summary};

use crate::tui::copy::save_error::SaveEvidenceError;
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::notices::{report_failure, show_toast};
use crate::tui::picker::{Item, Pick};
use crate::tui::reading::LoadedIncident;
use crate::tui::verb::precheck;
use crate::tui::verb::target::Target;

/// Returns the parts of the targets that can be copied; for several targets, one line each.
pub(in crate::tui) fn items(app: &App, targets: &[Target]) -> Vec<Item> {
    let rows: Vec<&Summary> = targets
        .iter()
        .filter_map(|target| {
            app.row(target.id)
                .or_else(|| precheck::current_record(app, target.id).map(|r| &r.summary))
        })
        .collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let each = |text: &dyn Fn(&Summary) -> String, between: &str| {
        rows.iter().map(|row| text(row)).collect::<Vec<_>>().join(between)
    };
    let item = |key, name: &str, what: &'static str, text: String| {
        let about = text.lines().next().unwrap_or_default().to_owned();
        Item::new(what, Pick::Copy(text, what)).key(key).about(about).value(name)
    };
    let title = |row: &Summary| sanitize(&row.title).into_string();
    let mut items = vec![
        item('n', "number", "the number", each(&Summary::label, " ")),
        item('t', "title", "the title", each(&title, "\n")),
        item(
            's',
            "summary",
            "the summary",
            each(&|row| summary_line(row, app.backend_now()), "\n"),
        ),
    ];
    let read = match targets {
        [one] => app.reading.shown.iter().chain(&app.reading.cache).find(|s| s.id == one.id),
        _ => None,
    };
    if let Some(read) = read {
        let text = record_markdown(read, app.backend_now());
        let about = "fields and timeline, as Markdown";
        let pick = Pick::Copy(text, "the record");
        items.push(Item::new("the record", pick).key('r').about(about).value("record"));
        let incident = &read.detail.incident;
        if incident.review.is_begun() {
            let pick = Pick::Copy(review_markdown(incident), "the review");
            let about = "its sections and action items, as Markdown";
            items.push(Item::new("the review", pick).key('v').about(about).value("review"));
        }
        let opened = app.fetched.evidence.as_ref().and_then(|(id, text)| {
            let evidence = incident.evidence.iter().find(|one| one.id == *id)?;
            Some((evidence, text.as_ref().ok()?))
        });
        if let Some((evidence, text)) = opened {
            let text = lines(text).map(|line| line.into_owned().into_string());
            let text = text.collect::<Vec<_>>().join("\n");
            let pick = Pick::Copy(text, "the evidence");
            let item = Item::new("the evidence", pick).key('e');
            items.push(item.about(sanitize(&evidence.name).into_string()).value("evidence"));
        }
        for (index, evidence) in incident.evidence.iter().filter(|one| !one.redacted).enumerate() {
            let pick = Pick::SaveEvidence(evidence.id, evidence.name.clone());
            let name = sanitize(&evidence.name).into_string();
            let item = Item::new(format!("{name} as a file"), pick).value(format!("file {name}"));
            let item = item.about("is saved in the present folder");
            items.push(if index == 0 { item.key('f') } else { item });
        }
        if !incident.review.actions.is_empty() {
            let mut text = String::new();
            push_actions(incident, &mut text);
            let pick = Pick::Copy(text, "the action items");
            let about = "as a list of tasks";
            items.push(Item::new("the action items", pick).key('a').about(about).value("actions"));
        }
        let urls = read.detail.incident.links.iter().filter_map(|link| match link {
            Link::Url(url) => Some(sanitize(url).into_string()),
            _ => None,
        });
        for (index, (url, key)) in urls.zip('1'..='9').enumerate() {
            let value = if index == 0 { "url".into() } else { format!("url {}", index + 1) };
            let pick = Pick::Copy(url.clone(), "the URL");
            items.push(Item::new("a URL of it", pick).key(key).about(url).value(value));
        }
    }
    items
}

/// Reports where evidence was saved, or why it was not.
pub(in crate::tui) fn evidence_saved(
    app: &mut App,
    name: &str,
    result: Result<PathBuf, SaveEvidenceError>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let name = sanitize(name);
    match result {
        Ok(path) => show_toast(app, format!("{name} is saved as {}", path.display()), false),
        Err(error) => report_failure(app, &format!("saving {name}"), &error.to_string(), at),
    }
}

/// Formats a row as one line, as in
/// `INC-2041 P1 investigating checkout: Card payments fail · Ines Moreau · 38m`.
fn summary_line(row: &Summary, now: DateTime<Utc>) -> String {
    let service = row.primary_service().map(|service| format!(" {}", sanitize(service)));
    let owner = row.assignee.as_ref().map_or("unowned", |owner| owner.name.as_str());
    format!(
        "{} {} {}{}: {} · {} · {}",
        row.label(),
        row.priority,
        row.status,
        service.unwrap_or_default(),
        sanitize(&row.title),
        sanitize(owner),
        incident_duration(row, now)
    )
}

/// Formats how long an incident has lasted.
fn incident_duration(row: &Summary, now: DateTime<Utc>) -> String {
    format_duration(row.duration(now))
}

/// Formats the complete record as Markdown. Times are UTC.
fn record_markdown(read: &LoadedIncident, now: DateTime<Utc>) -> String {
    let incident = &read.detail.incident;
    let row = &incident.summary;
    let mut out = format!("# {} {}\n\n", row.label(), one_line(&row.title));
    for (label, value) in record_fields(incident, now) {
        if !value.trim().is_empty() {
            out.push_str(&["- **", label, ":** ", &one_line(&value), "\n"].concat());
        }
    }
    if !incident.symptoms.trim().is_empty() {
        out.push_str("\n## Symptoms\n\n");
        quote(&incident.symptoms, "", &mut out);
    }
    if incident.review.is_begun() {
        out.push_str("\n## Review\n");
        push_sections(incident, "###", &mut out);
    }
    if !incident.review.actions.is_empty() {
        out.push_str("\n## Action items\n\n");
        push_actions(incident, &mut out);
    }
    out.push_str("\n## Timeline (UTC)\n\n");
    if read.events.first().is_some_and(|first| first.seq > 1) {
        out.push_str("Earlier events are left out.\n\n");
    }
    for event in read.events.iter() {
        push_event(event, &mut out);
    }
    out
}

/// Formats the review as Markdown, with its action items.
fn review_markdown(incident: &Incident) -> String {
    let row = &incident.summary;
    let state =
        incident.review.state_text(incident.review.published_at.map(format_time).as_deref());
    let mut out = format!("# Review of {} {}\n\n", row.label(), one_line(&row.title));
    out.push_str(&[&one_line(&state), "\n"].concat());
    push_sections(incident, "##", &mut out);
    if !incident.review.actions.is_empty() {
        out.push_str("\n## Action items\n\n");
        push_actions(incident, &mut out);
    }
    out
}

fn push_sections(incident: &Incident, level: &str, out: &mut String) {
    for (section, text) in incident.review.written() {
        out.push_str(&["\n", level, " ", &one_line(&section.heading()), "\n\n"].concat());
        quote(text, "", out);
    }
}

/// Adds the action items as a list of tasks.
fn push_actions(incident: &Incident, out: &mut String) {
    for item in &incident.review.actions {
        let mark = if item.done { "x" } else { " " };
        let mut parts = vec![one_line(&item.text)];
        parts.extend(item.owner.as_ref().map(|owner| one_line(&owner.name)));
        parts.extend(item.due.map(|due| format!("due {due}")));
        out.push_str(&["- [", mark, "] ", &parts.join(" · "), "\n"].concat());
    }
}

fn record_fields(incident: &Incident, now: DateTime<Utc>) -> Vec<(&'static str, String)> {
    let row = &incident.summary;
    let at = |time: Option<DateTime<Utc>>| time.map(format_time).unwrap_or_default();
    let mut fields = vec![
        ("Status", format!("{}, {}", row.status, incident_duration(row, now))),
        ("Priority", format!("{}: impact {} × urgency {}", row.priority, row.impact, row.urgency)),
        ("Overridden", incident.override_reason.clone().unwrap_or_default()),
        ("Category", row.category.map(|c| c.to_string()).unwrap_or_default()),
        ("Services", row.services.join(", ")),
        ("Owner", row.assignee.as_ref().map_or("unowned".into(), |owner| owner.name.clone())),
        ("Team", row.team.clone().unwrap_or_default()),
        ("Detected", format!("{} by {}", format_time(row.detected_at), row.source)),
        ("Reported", format_time(row.reported_at)),
        ("Acknowledged", at(row.acknowledged_by_somebody_at())),
        ("Resolved", at(row.resolved_at)),
        ("Closed", at(row.closed_at)),
        ("Labels", incident.labels.join(", ")),
        ("Runbook", incident.runbook.clone().unwrap_or_default()),
    ];
    fields
        .extend(incident.roles.iter().map(|(role, who)| ("Role", format!("{role}: {}", who.name))));
    fields.extend(incident.links.iter().map(|link| ("Link", link.to_string())));
    if let Some(done) = &incident.resolution {
        fields.push(("Resolution", format!("{}: {}", done.action, done.detail)));
        fields.push(("Validated", done.validation.clone()));
    }
    fields
}

fn push_event(event: &Event, out: &mut String) {
    let (at, actor) = (format_time(event.at), one_line(event.actor.name()));
    out.push_str(
        &["- ", &at, " **", &sanitize(&*event.body.label()), "** ", &actor, "\n"].concat(),
    );
    let detail = event.detail();
    if !detail.trim().is_empty() {
        quote(&detail, "  ", out);
    }
}

fn format_time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// Adds text as a quotation, so that text of people can't become headings or lists of the document.
fn quote(text: &str, indent: &str, out: &mut String) {
    for line in lines(text.trim_end()) {
        out.push_str(format!("{indent}> {line}").trim_end());
        out.push('\n');
    }
}

/// Returns the text on one line, sanitized.
fn one_line(text: &str) -> String {
    lines(text.trim()).collect::<Vec<_>>().join(" ")
}

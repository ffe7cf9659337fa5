//! Texts about incidents that can be copied to the clipboard.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::command::Link;
use crate::model::text::{lines, sanitize};
use crate::model::time::format_duration;
use crate::model::{Event, Incident, Summary};

use crate::tui::core::app::App;
use crate::tui::picker::{Item, Pick};
use crate::tui::reading::LoadedIncident;
use crate::tui::verb::precheck;
use crate::tui::verb::target::Target;

/// Returns what can be copied of the targets; of several, a line each.
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
    let end = row.resolved_at.or(row.closed_at).unwrap_or(now);
    format_duration((end - row.reported_at).max(TimeDelta::zero()))
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
    out.push_str("\n## Timeline (UTC)\n\n");
    if read.events.first().is_some_and(|first| first.seq > 1) {
        out.push_str("Earlier events are left out.\n\n");
    }
    for event in read.events.iter() {
        push_event(event, &mut out);
    }
    out
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
        ("Acknowledged", at(row.acknowledged_at)),
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

/// Adds text as a quotation, so that what people wrote can't become headings or lists of the
/// document.
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

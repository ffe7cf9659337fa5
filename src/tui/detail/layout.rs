//! The detail pane: the record of the shown incident.

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::style::Style;

use crate::backend::Detail;
use crate::model::checklist::{Answer, InvestigationItem, Item, open_closing_items};
use crate::model::command::Link;
use crate::model::problem::Problem;
use crate::model::service_level::{paused_time, running_clock, update_due, verdicts};
use crate::model::text::{SafeText, wrap};
use crate::model::time::UNTIL_CHANGED;
use crate::model::{Incident, Status};

use crate::tui::action::Action;
use crate::tui::action::find_entry;
use crate::tui::core::app::App;
use crate::tui::core::computed::Identity;
use crate::tui::core::freshness::Freshness;
use crate::tui::core::layout::Frame;
use crate::tui::core::pane::Pane;
use crate::tui::detail::fields::Fields;
use crate::tui::detail::time::format_time;
use crate::tui::detail::{alerts, named, notified, review};
use crate::tui::follow::DetailLink;
use crate::tui::reading::DetailInputs;
use crate::tui::travel::TimeTravel;
use crate::tui::widgets::formatting::{age, short_duration};
use crate::tui::widgets::text::{Line, Span};

/// The label of evidence, each of which can be followed.
const EVIDENCE: &str = "Evidence";

/// Returns the inputs of [`lines`].
pub(in crate::tui) fn inputs(app: &App, width: usize) -> DetailInputs {
    let detail = app.reading.shown.as_ref().map(|shown| Identity::new(&shown.detail));
    let past = app.travel.as_ref().and_then(|travel| travel.record.as_ref());
    DetailInputs {
        placeholder: detail.is_none().then(|| placeholder_text(app)),
        detail,
        is_travelling: app.travel.is_some(),
        notified: app.notified.shown_list(&app.reading).map(Identity::new),
        past: past.map(|(incident, at)| (Identity::new(incident), *at)),
        width,
        is_bare: is_bare(app),
        has_screen: app.ui.zoomed || app.ui.record,
        common: app.common_inputs(),
    }
}

/// Returns whether the pane is shown without a border.
fn is_bare(app: &App) -> bool {
    app.layout().slot(Pane::Detail).is_some_and(|slot| slot.frame == Frame::Bare)
}

/// Computes the lines of the record and the links in them.
pub(in crate::tui) fn lines(app: &App, width: usize) -> (Vec<Line<'static>>, Vec<DetailLink>) {
    let Some(shown) = &app.reading.shown else { return (placeholder(app, width), Vec::new()) };
    let past;
    let (detail, now) = match &app.travel {
        None => (&*shown.detail, app.backend_now()),
        Some(TimeTravel { record: Some((incident, at)), .. }) => {
            past = past_detail(&shown.detail, incident, *at);
            (&past, *at)
        }
        Some(_) => {
            let text = Span::styled("reading earlier events …", app.ui.theme.dim());
            return (vec![Line::from(text)], Vec::new());
        }
    };
    let incident = &detail.incident;
    let mut out = Fields::new(app, now, width);
    let mut title = SafeText::from(&incident.summary.title);
    if is_bare(app) {
        // Without a border no title names the incident.
        title = format!("{} · {title}", incident.summary.label()).into();
    }
    for line in wrap(title, width) {
        out.lines.push(Line::from(Span::styled(line, app.ui.theme.strong())));
    }
    push_classification(&mut out, incident);
    out.lines.push(Line::default());
    named::push_workarounds(&mut out, detail);
    people(&mut out, incident);
    service_levels(&mut out, detail);
    if app.travel.is_none() {
        notified::push(&mut out, incident);
    }
    alerts::push(&mut out, detail);
    content(&mut out, detail);
    ending(&mut out, incident);
    review::push(&mut out, incident);
    (out.lines, out.links)
}

/// Returns the detail of an earlier state. Parts that are known for the present only are omitted.
fn past_detail(detail: &Detail, incident: &Incident, at: DateTime<Utc>) -> Detail {
    let linked = |problem: &Problem| {
        incident
            .links
            .iter()
            .any(|link| matches!(link, Link::Problem { id, .. } if *id == problem.id))
    };
    Detail {
        incident: incident.clone(),
        suspects: detail.suspects.iter().filter(|s| s.change.starts_at <= at).cloned().collect(),
        similar: Vec::new(),
        problem: detail.problem.clone().filter(linked),
        known_errors: Vec::new(),
        linked_changes: detail.linked_changes.clone(),
        alert_rows: Vec::new(),
        soak: None,
    }
}

/// Returns the lines for when no incident is loaded.
fn placeholder(app: &App, width: usize) -> Vec<Line<'static>> {
    let style = app.ui.theme.dim();
    let text = placeholder_text(app);
    wrap(&text, width).into_iter().map(|line| Line::from(Span::styled(line, style))).collect()
}

fn placeholder_text(app: &App) -> String {
    match &app.reading.failed {
        Some((_, why)) => {
            let again = app.ui.keymap.hint_suffix(Action::Refresh, "tries again");
            format!("it could not be read: {why}{again}")
        }
        None if app.fetched.snapshot.is_none()
            && matches!(app.freshness(), Freshness::Failing { .. }) =>
        {
            "nothing could be read yet".to_owned()
        }
        None if app.queue.selected.is_some() || app.fetched.snapshot.is_none() => {
            "reading …".to_owned()
        }
        None => "nothing is selected".to_owned(),
    }
}

/// Appends priority, status, category and source, on as many lines as necessary.
fn push_classification(out: &mut Fields<'_>, incident: &Incident) {
    let app = out.app;
    let summary = &incident.summary;
    let category = summary.category.map_or("uncategorized", |c| c.as_str());
    let parts = [
        Span::styled(summary.priority.as_str(), app.ui.theme.priority(summary.priority)),
        Span::raw(summary.status.as_str()),
        Span::raw(category),
        Span::raw(format!("detected by {}", summary.source)),
    ];
    let mut line = Line::default();
    for part in parts {
        if line.width() > 0 && line.width() + 3 + part.width() > out.width {
            out.lines.push(std::mem::take(&mut line));
        } else if line.width() > 0 {
            line.push_span(Span::styled(" · ", app.ui.theme.dim()));
        }
        line.push_span(part);
    }
    out.lines.push(line);
}

fn people(out: &mut Fields<'_>, incident: &Incident) {
    let app = out.app;
    let summary = &incident.summary;
    if !summary.services.is_empty() {
        let services: Vec<_> =
            summary.services.iter().map(|service| app.service_label(service)).collect();
        out.line("Services", services.join(" · "));
    }
    let mut impact = format!("{} × urgency {}", summary.impact, summary.urgency);
    if let Some(reason) = &incident.override_reason {
        impact = format!("{impact} · {} by hand: {reason}", summary.priority);
    }
    out.plain("Impact", &impact);
    match &summary.assignee {
        Some(person) => out.plain("Owner", &app.person_label(person)),
        None if summary.status.is_open() => {
            let own = find_entry(Action::Own).filter(|entry| entry.disabled_reason(app).is_none());
            let key = own.and_then(|_| app.ui.keymap.keys(Action::Own).first());
            let hint = key.map(|key| format!("  ← press {key} to take it")).unwrap_or_default();
            out.field("Owner", &format!("unowned{hint}"), app.ui.theme.strong());
        }
        None => out.plain("Owner", "unowned"),
    }
    if let Some(team) = &summary.team {
        out.plain("Team", &app.team_label(team));
    }
    for (role, person) in &incident.roles {
        out.plain("Role", &format!("{role}: {}", app.person_label(person)));
    }
    if let Some(required) = &summary.required {
        out.plain("All must", &format!("acknowledge: {}", required.text()));
    }
    if let (Some(at), Some(by)) = (summary.acknowledged_by_somebody_at(), &incident.acknowledged_by)
    {
        let text = format!("by {} at {}", app.actor_label(by), format_time(app, at));
        out.plain("Picked up", &text);
    }
}

fn service_levels(out: &mut Fields<'_>, detail: &Detail) {
    let app = out.app;
    let incident = &detail.incident;
    let summary = &incident.summary;
    let mut label = "SLA";
    if let Some(clock) = running_clock(summary, &app.session.rules.levels) {
        let what = clock.target.as_str();
        let remaining = clock.remaining(out.now);
        let stopped = if clock.stopped_at.is_some() { ", stopped by the pause" } else { "" };
        if clock.is_past(out.now) {
            let late = short_duration(-remaining);
            let text = if clock.stopped_at.is_some() {
                format!("past SLA: {what} is {late} late{stopped}")
            } else {
                format!("past SLA: {what} was due {late} ago")
            };
            out.field(label, &text, app.ui.theme.strong());
        } else {
            out.plain(label, &format!("{what} within {}{stopped}", short_duration(remaining)));
        }
        label = "";
    }
    if let Some(end) = summary.ended_at() {
        let lasted = short_duration(summary.duration(out.now));
        let how = if summary.resolved_at.is_some() {
            format!("resolved {}", format_time(app, end))
        } else {
            format!("{} {}", summary.status, format_time(app, end))
        };
        let closed = summary.closed_at.filter(|_| summary.resolved_at.is_some());
        let closed = closed.map(|at| format!(" · closed {}", format_time(app, at)));
        out.plain("Lasted", &format!("{lasted} · {how}{}", closed.unwrap_or_default()));
    }
    for verdict in verdicts(summary, &app.session.rules.levels) {
        if let Some(text) = verdict.phrase() {
            let missed = verdict.met == Some(false);
            out.field(label, &text, if missed { app.ui.theme.near() } else { Style::new() });
            label = "";
        }
    }
    if let Some(until) = summary.snoozed_until.filter(|until| *until > out.now) {
        let until = if until >= UNTIL_CHANGED {
            "until it changes".to_owned()
        } else {
            format!("until {}", format_time(app, until))
        };
        out.plain("Snoozed", &until);
    }
    if let Some(mute) = &summary.muted {
        let until = match mute.ended_at {
            None => format!("until {}", format_time(app, mute.until)),
            Some(ended) => format!("was until {}", format_time(app, ended)),
        };
        out.plain("Muted", &format!("{until} by {}", mute.title));
    }
    let paused = paused_time(summary, out.now);
    if let Some(reason) = &incident.paused_for {
        let paused = short_duration(paused);
        let text = format!("waiting: {reason} ({paused}; the time to resolve stands still)");
        out.field("Paused", &text, app.ui.theme.strong());
    } else if paused > TimeDelta::zero() {
        let text = format!("{}, not counted in the time to resolve", short_duration(paused));
        out.plain("Paused", &text);
    }
    if summary.escalation > 0 {
        out.plain("Escalated", &format!("level {} was called", summary.escalation));
    }
    let mut reported = format!(
        "{} {} · {} ago",
        format_time(app, summary.reported_at),
        app.clock().name_at(summary.reported_at),
        age(summary.reported_at, out.now)
    );
    if summary.detected_at != summary.reported_at {
        reported = format!("{reported} · detected {}", format_time(app, summary.detected_at));
    }
    out.plain("Reported", &reported);
    // If there are rows of alerts, they replace the count.
    if summary.alerts > 1 && detail.alert_rows.is_empty() {
        out.plain("Alerts", &format!("{} grouped", summary.alerts));
    }
    if incident.reopened > 0 {
        out.field("Reopened", &format!("{}×", incident.reopened), app.ui.theme.strong());
    }
}

fn content(out: &mut Fields<'_>, detail: &Detail) {
    let app = out.app;
    let incident = &detail.incident;
    if !incident.symptoms.trim().is_empty() {
        out.plain("Symptoms", &incident.symptoms);
    }
    named::push_context(out, detail);
    named::push_runbook(out, incident);
    updates(out, incident);
    checklist(out, incident);
    let mut label = "";
    for fact in incident.facts().filter(|fact| fact.label != EVIDENCE) {
        out.plain(if fact.label == label { "" } else { fact.label }, &fact.text);
        label = fact.label;
    }
    named::push_evidence(out, incident);
    named::push_links(out, detail);
    if !incident.labels.is_empty() {
        out.plain("Labels", &incident.labels.join(" · "));
    }
    let missing = incident.missing_fields();
    if !missing.is_empty() && incident.summary.status.is_open() {
        out.field("Missing", &missing.join(", "), app.ui.theme.strong());
    }
}

/// Appends when stakeholders were updated, and when the next update is due.
fn updates(out: &mut Fields<'_>, incident: &Incident) {
    let app = out.app;
    let summary = &incident.summary;
    let due = incident
        .next_update_due
        .or_else(|| {
            update_due(
                summary.priority,
                summary.reported_at,
                summary.updated_at,
                &app.session.rules.levels,
            )
        })
        .filter(|_| summary.status.is_open());
    let sent = match summary.updated_at {
        Some(at) => format!("last sent {} ago", short_duration(out.now - at)),
        None => "none sent".to_owned(),
    };
    let first = if summary.updated_at.is_none() { "first" } else { "next" };
    match due {
        Some(due) if due < out.now => out.field(
            "Updates",
            &format!("{sent} · {first} was due {} ago", short_duration(out.now - due)),
            app.ui.theme.strong(),
        ),
        Some(due) => {
            out.plain("Updates", &format!("{sent} · {first} due in {}", due_in(due, out.now)));
        }
        None if summary.updated_at.is_some() => out.plain("Updates", &sent),
        None => {}
    }
    if let Some(message) = &incident.stakeholder_message {
        out.field("", message, app.ui.theme.dim());
    }
}

/// Appends the progress of the checklist of the stage.
fn checklist(out: &mut Fields<'_>, incident: &Incident) {
    let status = incident.summary.status;
    if status == Status::Resolved {
        let open = open_closing_items(&incident.answered);
        let names: Vec<&str> = open.iter().map(|item| item.as_str()).collect();
        if names.is_empty() {
            out.plain("Gate", "all answered: it can be closed");
        } else {
            out.plain("Gate", &format!("open: {}", names.join(" · ")));
        }
        return;
    }
    let done: Vec<&str> = InvestigationItem::ALL
        .iter()
        .filter(|item| {
            incident
                .answered
                .iter()
                .any(|a| a.item == Item::Investigation(**item) && a.answer != Answer::Open)
        })
        .map(|item| item.as_str())
        .collect();
    if status.is_open() && (status != Status::Triggered || !done.is_empty()) {
        let all = InvestigationItem::ALL.len();
        let mut text = format!("{} of {all}", done.len());
        if !done.is_empty() {
            text = format!("{text}: {}", done.join(" · "));
        }
        out.plain("Checklist", &text);
    }
}

/// Appends how the incident ended.
fn ending(out: &mut Fields<'_>, incident: &Incident) {
    let app = out.app;
    if let Some(resolution) = &incident.resolution {
        let when = incident.summary.resolved_at;
        let when = when.map(|at| format!(" at {}", format_time(app, at))).unwrap_or_default();
        out.plain(
            "Resolved",
            &format!(
                "{} by {}{when}: {}",
                resolution.action,
                app.actor_label(&resolution.by),
                resolution.detail
            ),
        );
        out.plain("Validated", &resolution.validation);
        if let Some(stability) = resolution.stability {
            let waived = if stability.is_waived() { " · waived" } else { "" };
            out.plain("Stability", &format!("{}{waived}", stability.text()));
        }
    }
    if let Some((what, reason)) = &incident.reclassified {
        out.plain("Ended as", &format!("{what}: {reason}"));
    }
}

/// Formats the time until `due` as `26 min`, from an hour on in the short form.
fn due_in(due: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let remaining = due - now;
    if remaining.num_minutes() < 60 {
        format!("{} min", remaining.num_minutes().max(1))
    } else {
        short_duration(remaining)
    }
}

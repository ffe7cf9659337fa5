//! `show`: prints one incident with its context and its timeline.

mod alerts;
mod markdown;
mod notified;
mod watch;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::args::Show;
use super::context::Context;
use super::failure::Failure;
use super::json;
use super::out::{self, Out, Style, StyledLine};
use super::records::{Format, IncidentLine, Printer};
use super::session::{OldestRead, open_to_read};
use super::table::format_remaining;
use super::value::IncidentRef;
use crate::backend::{Detail, NotificationEntry, Similar, TimelineRange};
use crate::model::alert::Alert;
use crate::model::change::{Change, Suspect, by_begin};
use crate::model::directory::Directory;
use crate::model::known_error::KnownError;
use crate::model::name_index::NameIndex;
use crate::model::problem::Problem;
use crate::model::service_level::{ServiceLevels, paused_time, running_clock, verdicts};
use crate::model::similar::hints;
use crate::model::stability::Soak;
use crate::model::text::{self, SafeText, pad};
use crate::model::{Event, Incident, IncidentId, Priority, time};
use crate::sync::Reader;

/// The maximum number of events per request.
const PAGE_EVENTS: usize = 1000;
/// Column in which values begin.
const INDENT: usize = 13;

/// The incident with its context and timeline, as `--json` prints it.
#[derive(Debug, Serialize, ToSchema)]
pub struct IncidentJson {
    /// The record.
    incident: Incident,
    /// The changes that are suspected of causing it, the most likely first.
    suspects: Vec<Suspect>,
    /// Earlier incidents that are like it, the most similar first.
    similar: Vec<Similar>,
    /// The problem that it is linked to.
    #[schema(required)]
    problem: Option<Problem>,
    /// The known errors that may be the cause and that it does not link to, the likeliest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    known_errors: Vec<KnownError>,
    /// The recorded changes that it links to and that are not among the suspects.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    linked_changes: Vec<Change>,
    /// Its alerts, firing ones first, and of those the one that was reported last first; at most 100.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    alert_rows: Vec<Alert>,
    /// How long its alerts are resolved, and must be before it may be resolved; absent if it needs no
    /// stability.
    #[serde(skip_serializing_if = "Option::is_none")]
    soak: Option<Soak>,
    /// The notifications about it, the first planned one first; at most the last 100.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notifications: Vec<NotificationEntry>,
    /// All events, in order.
    timeline: Vec<Event>,
}

/// Prints one incident: its record, suspected changes, similar incidents and timeline.
pub async fn run(context: &mut Context, args: Show) -> Result<(), Failure> {
    let is_plain = args.output.columns.is_empty();
    let json = args.json.then_some(if is_plain { Format::Json } else { Format::Jsonl });
    let mut printer =
        args.output.printer(json, IncidentLine::FIELDS, IncidentLine::DEFAULT_COLUMNS)?;
    let format = args.output.format.or(json);
    let is_object = is_plain && matches!(format, Some(Format::Json | Format::Jsonl));
    let is_page = is_plain && format == Some(Format::Markdown);
    // The columns of a table of one incident must be requested by their names.
    printer = printer.filter(|printer| !is_plain || !printer.is_table());
    let connection = open_to_read(&context.config).await?;
    let reader = &*connection.reader;
    let mut oldest = OldestRead::default();
    let id = match args.incident {
        IncidentRef::Id(id) => id,
        IncidentRef::Number(number) => oldest.record(reader.find_incident(number).await?),
    };
    if args.watch {
        let mut printer = match printer {
            Some(printer) if !printer.is_streamed() => Printer::json_lines(),
            Some(printer) => printer,
            None => Printer::table(IncidentLine::WATCHED_COLUMNS),
        };
        let printing = (&mut context.out, &mut printer);
        return watch::watch(&connection, id, &context.config.rules.levels, printing).await;
    }
    let mut detail = oldest.record(reader.read_detail(id).await?);
    let timeline = timeline(reader, id, &mut oldest).await?;
    let notified = notified::read(reader, id, &mut oldest).await;
    // It only marks unknown names, so the incident is shown without it, too.
    let directory = reader.read_directory().await.map(|read| read.value);
    if let Ok(directory) = &directory {
        NameIndex::from(directory).mark_record(&mut detail.incident);
    }
    let directory = directory.unwrap_or_default();
    connection.report_staleness(oldest);
    connection.report_put_back().await;
    let now = connection.backend_now();
    connection.close().await;
    let out = &mut context.out;
    if let Some(first) = timeline.first().filter(|first| first.seq > 1) {
        out::print_hint(format!(
            "the timeline begins with event {}: the {} before it are not kept on this machine",
            first.seq,
            first.seq - 1
        ));
    }
    if is_object {
        let Detail {
            incident,
            suspects,
            similar,
            problem,
            linked_changes,
            alert_rows,
            soak,
            known_errors,
        } = detail;
        let notifications = notified.entries;
        return json::print(
            out,
            &IncidentJson {
                incident,
                suspects,
                similar,
                problem,
                known_errors,
                linked_changes,
                alert_rows,
                soak,
                notifications,
                timeline,
            },
        );
    }
    if is_page {
        return markdown::print(out, &detail.incident, &timeline, &directory);
    }
    if let Some(printer) = &mut printer {
        let line = IncidentLine::new(detail.incident.summary, &context.config.rules.levels, now);
        printer.print(out, &[line])?;
        return printer.finish(out);
    }
    let mut page = DetailPrinter { out, directory: &directory, now };
    page.head(&detail.incident)?;
    for error in &detail.known_errors {
        page.field("Known error", &format!("{} ({})", error.text(), error.likeness()))?;
    }
    page.record(&detail.incident, &context.config.rules.levels)?;
    page.context(&detail)?;
    page.alerts(&detail)?;
    for line in notified.lines(&detail.incident.summary) {
        page.field("Notified", &line)?;
    }
    page.review(&detail.incident)?;
    page.timeline(&timeline)
}

/// Returns the complete timeline, or only its end if the cache has no more and the API is
/// unreachable.
pub async fn timeline(
    reader: &dyn Reader,
    id: IncidentId,
    oldest: &mut OldestRead,
) -> Result<Vec<Event>, Failure> {
    let mut all: Vec<Event> = Vec::new();
    loop {
        let after = all.last().map_or(0, |event| event.seq);
        let part = match reader.read_timeline(id, TimelineRange::After(after)).await {
            Err(error) if all.is_empty() && error.is_temporary() => {
                let limit = u32::try_from(PAGE_EVENTS).unwrap_or(u32::MAX);
                let end = reader.read_timeline(id, TimelineRange::Last(limit)).await;
                // If the end can't be read either, the first error is reported.
                return end.map(|end| oldest.record(end)).map_err(|_| error.into());
            }
            part => oldest.record(part?),
        };
        let more = part.len() >= PAGE_EVENTS;
        all.extend(part);
        if !more {
            return Ok(all);
        }
    }
}

struct DetailPrinter<'a> {
    out: &'a mut Out,
    directory: &'a Directory,
    now: DateTime<Utc>,
}

impl DetailPrinter<'_> {
    /// Prints how long the alerts are resolved, and a line for each of them.
    fn alerts(&mut self, detail: &Detail) -> Result<(), Failure> {
        if let Some(soak) = detail.soak.filter(|_| detail.incident.summary.status.is_open()) {
            self.field("Stability", &soak.text(self.now))?;
        }
        for line in alerts::lines(&detail.alert_rows, self.now) {
            self.field("Alert", &line)?;
        }
        Ok(())
    }

    fn head(&mut self, incident: &Incident) -> Result<(), Failure> {
        let row = &incident.summary;
        let label = format!("{}  ", row.label());
        let title = StyledLine::new(label, Style::Plain).with(&row.title, Style::Bold);
        self.out.styled_line(&title)?;
        let style = match row.priority {
            Priority::P1 => Style::Alarm,
            Priority::P2 => Style::Bold,
            _ => Style::Plain,
        };
        let mut parts = vec![
            row.status.to_string(),
            row.category.map_or_else(|| "no category".into(), |c| c.to_string()),
            format!("detected by {}", row.source),
        ];
        if let Some(what) = &incident.paused_for {
            parts.push(format!("paused: {what}"));
        }
        if let Some(until) = row.snoozed_until.filter(|until| *until > self.now) {
            parts.push(format!("snoozed until {}", format_minute(until)));
        }
        if let Some(mute) = row.mute() {
            parts.push(format!("muted until {} by {}", format_minute(mute.until), mute.title));
        }
        let mut line = StyledLine::new(row.priority.as_str(), style);
        for part in parts {
            line.push(format!(" · {part}"), Style::Plain);
        }
        self.out.styled_line(&line)?;
        self.out.line("")
    }

    fn record(&mut self, incident: &Incident, levels: &ServiceLevels) -> Result<(), Failure> {
        let row = &incident.summary;
        let services: Vec<_> =
            row.services.iter().map(|name| self.directory.service_label(name)).collect();
        self.field("Services", &services.join(" · "))?;
        let why = incident.override_reason.as_ref();
        let why = why.map_or_else(String::new, |why| format!(" · overridden: {why}"));
        self.field("Impact", &format!("{} × urgency {}{why}", row.impact, row.urgency))?;
        match &row.assignee {
            Some(person) => {
                let name = self.directory.person_label(person);
                self.field("Owner", &format!("{name} ({})", person.handle))?;
            }
            None if row.status.is_open() => self.field("Owner", "unowned")?,
            None => {}
        }
        if let Some(required) = &row.required {
            self.field("All must", &format!("acknowledge: {}", required.text()))?;
        }
        if let Some(team) = row.team.as_deref().filter(|team| !team.is_empty()) {
            self.field("Team", &self.directory.team_label(team))?;
        }
        for (role, person) in &incident.roles {
            self.field("Role", &format!("{role}: {}", self.directory.person_label(person)))?;
        }
        self.field("Detected", &self.format_time(row.detected_at))?;
        self.field("Reported", &self.format_time(row.reported_at))?;
        if let Some(clock) = running_clock(row, levels) {
            let target = clock.target.as_str();
            let remaining = format_remaining(clock.remaining(self.now));
            let stopped = if clock.stopped_at.is_some() { ", stopped by the pause" } else { "" };
            let text = match remaining.strip_prefix('+') {
                Some(overdue) => format!("{target}: past by {overdue}{stopped}"),
                None => format!("{target}: {remaining} left{stopped}"),
            };
            self.field("SLA", &text)?;
        }
        if let Some(end) = row.ended_at() {
            let lasted = time::format_duration(row.duration(self.now));
            let how = if row.resolved_at.is_some() { "resolved" } else { row.status.as_str() };
            let closed = row.closed_at.filter(|_| row.resolved_at.is_some());
            let closed = closed.map(|at| format!(" · closed {}", format_minute(at)));
            let closed = closed.unwrap_or_default();
            self.field("Lasted", &format!("{lasted} · {how} {}{closed}", format_minute(end)))?;
        }
        for verdict in verdicts(row, levels) {
            self.field("SLA", &verdict.phrase().unwrap_or_default())?;
        }
        let paused = paused_time(row, self.now);
        if row.paused || paused > TimeDelta::zero() {
            let paused = time::format_duration(paused);
            self.field("Paused", &format!("{paused}, not counted in the time to resolve"))?;
        }
        if row.alerts > 1 {
            self.field("Alerts", &format!("{} grouped", row.alerts))?;
        }
        self.field("Symptoms", &incident.symptoms)?;
        self.field("Labels", &incident.labels.join(" · "))?;
        self.field("Runbook", incident.runbook.as_deref().unwrap_or_default())?;
        self.field("Dedup key", incident.dedup_key.as_deref().unwrap_or_default())?;
        for link in &incident.links {
            self.field("Link", &link.to_string())?;
        }
        if let Some(message) = &incident.stakeholder_message {
            let due = incident.next_update_due.filter(|_| row.status.is_open());
            let due =
                due.map_or_else(String::new, |due| format!(" · next due {}", format_minute(due)));
            self.field("Update", &format!("{message}{due}"))?;
        }
        if let Some(resolution) = &incident.resolution {
            let by = self.directory.actor_label(&resolution.by);
            self.field(
                "Resolution",
                &format!("{}: {} · {by}", resolution.action, resolution.detail),
            )?;
            self.field("Validated", &resolution.validation)?;
            if let Some(stability) = resolution.stability {
                let waived = if stability.is_waived() { " · waived" } else { "" };
                self.field("Stability", &format!("{}{waived}", stability.text()))?;
            }
        }
        for fact in incident.facts() {
            self.field(fact.label, &fact.text)?;
        }
        if let Some((_, number)) = &incident.merged_into {
            let into = number.map_or_else(|| "another incident".into(), |n| n.to_string());
            self.field("Merged", &format!("into {into}"))?;
        }
        if let Some((classification, why)) = &incident.reclassified {
            self.field("Reclassified", &format!("{classification}: {why}"))?;
        }
        let missing = incident.missing_fields();
        if row.status.is_open() {
            self.field("Missing", &missing.join(" · "))?;
        }
        Ok(())
    }

    fn context(&mut self, detail: &Detail) -> Result<(), Failure> {
        for suspect in by_begin(&detail.suspects) {
            let change = &suspect.change;
            let detected_at = detail.incident.summary.detected_at;
            let before = time::format_duration(suspect.began_before(detected_at));
            let course = suspect.course();
            let how = suspect.distance().map_or_else(String::new, |how| format!(", {how}"));
            let text = format!(
                "{} {} {} ({}, {before} before, {course}{how})",
                format_minute(change.starts_at),
                change.kind,
                change.title,
                change.state
            );
            self.field("Suspect", &text)?;
        }
        for change in &detail.linked_changes {
            let (kind, title, state) = (&change.kind, &change.title, &change.state);
            let text = format!("{} {kind} {title} ({state})", format_minute(change.starts_at));
            self.field("Change", &text)?;
        }
        for hint in &hints(&detail.incident.summary, &detail.similar) {
            self.field("Hint", &hint.text())?;
        }
        for similar in &detail.similar {
            let label =
                similar.number.map_or_else(|| similar.id.to_string(), |number| number.to_string());
            let mut text = format!(
                "{label} {}, {}",
                similar.title,
                time::format_ago(similar.reported_at, self.now)
            );
            if !similar.resolution.is_empty() {
                text.push_str(", ");
                text.push_str(&similar.resolution);
            }
            self.field("Similar", &text)?;
        }
        if let Some(problem) = &detail.problem {
            let mut text = format!("{} ({})", problem.title, problem.state);
            if !problem.workaround.is_empty() {
                text.push_str(" · workaround: ");
                text.push_str(&problem.workaround);
            }
            self.field("Problem", &text)?;
        }
        Ok(())
    }

    /// Prints the written parts of the review, and the action items.
    fn review(&mut self, incident: &Incident) -> Result<(), Failure> {
        let review = &incident.review;
        if review.is_begun() {
            let state = review.state_text(review.published_at.map(format_minute).as_deref());
            self.heading(&format!("Review · {state}"))?;
            for (section, text) in review.written() {
                self.out.styled_line(&StyledLine::new(section.heading(), Style::Dim))?;
                self.paragraph(text)?;
            }
        }
        if review.actions.is_empty() {
            return Ok(());
        }
        let today = self.now.date_naive();
        self.heading(&format!("Action items · {}", review.actions_text(today)))?;
        for item in &review.actions {
            let owner = item.owner.as_ref().map(|owner| self.directory.person_label(owner));
            self.paragraph(&item.line(owner.as_deref(), today))?;
            if let Some(follow_up) = incident.follow_up(item.id) {
                self.paragraph(&format!("    {}", follow_up.line()))?;
            }
        }
        Ok(())
    }

    fn heading(&mut self, text: &str) -> Result<(), Failure> {
        self.out.line("")?;
        self.out.styled_line(&StyledLine::new(text, Style::Bold))
    }

    fn paragraph(&mut self, text: &str) -> Result<(), Failure> {
        for line in self.wrapped(text, 0) {
            self.out.line(line)?;
        }
        Ok(())
    }

    fn timeline(&mut self, events: &[Event]) -> Result<(), Failure> {
        self.out.line("")?;
        self.out.styled_line(&StyledLine::new("Timeline, UTC", Style::Bold))?;
        if let Some(first) = events.first().filter(|first| first.seq > 1) {
            let omitted = match first.seq - 1 {
                1 => "1 earlier event is not kept here".to_owned(),
                earlier => format!("{earlier} earlier events are not kept here"),
            };
            self.out.styled_line(&StyledLine::new(omitted, Style::Dim))?;
        }
        let widest = events.iter().map(|e| text::width(self.directory.actor_label(&e.actor))).max();
        let actor = widest.unwrap_or(0).min(20);
        for event in events {
            let mut detail = event.marked_detail(Some(self.directory));
            if let Some(delay) = event.recording_delay() {
                let separator = if detail.is_empty() { "" } else { " · " };
                detail =
                    format!("{detail}{separator}recorded {} later", time::format_duration(delay));
            }
            let mark = if event.body.is_milestone() { '●' } else { '◦' };
            let lead = format!(
                "{}  {mark} {}  {}  ",
                event.at.format("%Y-%m-%d %H:%M:%S"),
                pad(&*event.body.label(), 12),
                pad(self.directory.actor_label(&event.actor), actor)
            );
            let indent = text::width(&lead);
            let lines = self.wrapped(&detail, indent);
            let mut lines = lines.into_iter();
            self.out.line(format!("{lead}{}", lines.next().unwrap_or_default()))?;
            for line in lines {
                self.out.line(format!("{}{line}", " ".repeat(indent)))?;
            }
        }
        Ok(())
    }

    /// Prints a label and its value; nothing for an empty value.
    fn field(&mut self, label: &str, value: &str) -> Result<(), Failure> {
        if value.trim().is_empty() {
            return Ok(());
        }
        let mut label = label;
        for line in self.wrapped(value, INDENT) {
            let label = StyledLine::new(pad(std::mem::take(&mut label), INDENT), Style::Dim);
            self.out.styled_line(&label.with(line, Style::Plain))?;
        }
        Ok(())
    }

    /// Splits a text into lines, wrapped to the width after an indent on a terminal.
    fn wrapped<'a>(&self, value: &'a str, indent: usize) -> Vec<SafeText<'a>> {
        let lines = text::lines(value.trim_end());
        match self.out.width() {
            Some(width) => {
                let columns = width.saturating_sub(indent).max(20);
                lines.flat_map(|line| text::wrap(line, columns)).collect()
            }
            None => lines.collect(),
        }
    }

    fn format_time(&self, at: DateTime<Utc>) -> String {
        format!("{} UTC · {}", at.format("%Y-%m-%d %H:%M:%S"), time::format_ago(at, self.now))
    }
}

fn format_minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

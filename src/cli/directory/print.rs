//! Prints entries of the directory, and changes of them.

use super::super::columns::print_columns;
use super::super::failure::Failure;
use super::super::json;
use super::super::out::Out;
use crate::model::administration::{AdministrationChange, AdministrationEvent, Entry, EntryKind};
use crate::model::escalation::{Policy, Target};
use crate::model::text::SafeText;
use crate::model::unknown::plain_text;
use crate::model::unknown_service::UnknownService;

/// Prints an entry as JSON, as the API has it.
pub fn json(out: &mut Out, entry: &Entry) -> Result<(), Failure> {
    match entry {
        Entry::Person(person) => json::print(out, person),
        Entry::Team(team) => json::print(out, team),
        Entry::Service(service) => json::print(out, service),
        Entry::Schedule(schedule) => json::print(out, schedule),
        Entry::Policy(policy) => json::print(out, policy),
    }
}

/// Prints services that the directory does not have as a table.
pub fn unknown_services(out: &mut Out, services: &[UnknownService]) -> Result<(), Failure> {
    let time = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
    let rows = services.iter().map(|service| {
        let last = service.last_incident.map(|number| number.to_string());
        [
            service.name.clone(),
            service.incidents.to_string(),
            service.alerts.to_string(),
            service.changes.to_string(),
            time(service.first_at),
            time(service.last_at),
            last.unwrap_or_else(|| "-".to_owned()),
            service.sources.join(", "),
        ]
        .map(|text| SafeText::from(text).into_owned())
    });
    let head =
        ["SERVICE", "INCIDENTS", "ALERTS", "CHANGES", "FIRST", "LAST", "LAST INCIDENT", "SOURCE"];
    print_columns(out, head, rows)
}

/// Prints entries of one kind as a table.
pub fn table(out: &mut Out, kind: EntryKind, entries: &[Entry]) -> Result<(), Failure> {
    let rows: Vec<_> = entries.iter().map(columns).collect();
    let names = names(kind);
    match names {
        [first, second, ""] => {
            print_columns(out, [first, second], rows.into_iter().map(|[a, b, _]| [a, b]))
        }
        _ => print_columns(out, names, rows),
    }
}

/// Returns the names of the columns of a kind.
fn names(kind: EntryKind) -> [&'static str; 3] {
    match kind {
        EntryKind::Person => ["HANDLE", "NAME", ""],
        EntryKind::Team => ["TEAM", "MEMBERS", ""],
        EntryKind::Service => ["SERVICE", "TEAM", "DEPENDS ON"],
        EntryKind::Schedule => ["SCHEDULE", "ROTATION", "TURN"],
        EntryKind::Policy => ["POLICY", "LEVELS", ""],
    }
}

fn columns(entry: &Entry) -> [SafeText<'static>; 3] {
    let list = |names: &[String]| if names.is_empty() { "-".to_owned() } else { names.join(", ") };
    let (first, second, third) = match entry {
        Entry::Person(person) => (person.handle.clone(), person.name.clone(), String::new()),
        Entry::Team(team) => (team.name.clone(), list(&team.members), String::new()),
        Entry::Service(service) => {
            (service.name.clone(), service.team.clone(), list(&service.depends_on))
        }
        Entry::Schedule(schedule) => {
            let turn = typed_duration(schedule.turn_s);
            (schedule.key().to_owned(), list(&schedule.rotation), turn)
        }
        Entry::Policy(policy) => (policy.key().to_owned(), levels(policy), String::new()),
    };
    [first, second, third].map(|text| SafeText::from(text).into_owned())
}

/// Returns the levels as they are typed.
fn levels(policy: &Policy) -> String {
    let target = |target: &Target| {
        // By their names, so that those of later versions are shown as well.
        let json = serde_json::to_value(target).unwrap_or_default();
        let fields = json.as_object().into_iter().flatten();
        let mut texts = fields.map(|(kind, name)| (kind.as_str(), plain_text(name)));
        match texts.next() {
            Some(("on_call", team)) if team == policy.team => "on-call".to_owned(),
            Some(("person", handle)) => handle,
            Some((kind, name)) => format!("{}:{name}", kind.replace('_', "-")),
            None => plain_text(&json),
        }
    };
    let level = |level: &crate::model::escalation::PolicyLevel| {
        let after = typed_duration(level.after_s);
        let call: Vec<String> = level.call.iter().map(target).collect();
        format!("{after} {}", call.join(","))
    };
    policy.levels.iter().map(level).collect::<Vec<_>>().join("; ")
}

/// Returns an exact duration in its typed form: in the largest unit that divides it.
fn typed_duration(seconds: i64) -> String {
    let units = [(86_400, "d"), (3600, "h"), (60, "m")];
    match units.into_iter().find(|(unit, _)| seconds % unit == 0) {
        _ if seconds == 0 => "0".to_owned(),
        Some((unit, letter)) => format!("{}{letter}", seconds / unit),
        None => format!("{seconds}s"),
    }
}

/// Prints the fields of an entry, one a line.
pub fn fields(out: &mut Out, entry: &Entry) -> Result<(), Failure> {
    let names = names(entry.kind());
    for (name, text) in names.into_iter().zip(columns(entry)) {
        if !name.is_empty() {
            out.line(format!("{}: {text}", name.to_lowercase()))?;
        }
    }
    match entry {
        Entry::Service(service) => {
            if let Some(runbook) = &service.runbook {
                out.line(format!("runbook: {runbook}"))?;
            }
            if let Some(objective) = service.objective {
                out.line(format!("objective: {} %", f64::from(objective) / 1000.0))?;
            }
            if let Some(name) = &service.public_name {
                out.line(format!("public name: {name}"))?;
            }
        }
        Entry::Schedule(schedule) => {
            let time = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M UTC");
            out.line(format!("starts: {}", time(schedule.starts_at)))?;
            for span in &schedule.overrides {
                let (from, to) = (time(span.from), time(span.to));
                out.line(format!("override: {} from {from} to {to}", span.person))?;
            }
        }
        Entry::Person(_) | Entry::Team(_) | Entry::Policy(_) => {}
    }
    Ok(())
}

/// Prints changes, one a line.
pub fn events(out: &mut Out, events: &[AdministrationEvent]) -> Result<(), Failure> {
    let row = |event: &AdministrationEvent| {
        let at = event.at.format("%Y-%m-%d %H:%M").to_string();
        [at, event.actor.name().to_owned(), describe(event)]
            .map(|text| SafeText::from(text).into_owned())
    };
    print_columns(out, ["WHEN", "WHO", "WHAT"], events.iter().map(row))
}

/// Returns a short description of a change.
fn describe(event: &AdministrationEvent) -> String {
    let subject = event.change.subject().map(|subject| subject.to_string()).unwrap_or_default();
    match &event.change {
        AdministrationChange::AddOverride(change) => {
            let (from, to) = (change.span.from, change.span.to);
            let time = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M").to_string();
            let (from, to) = (time(from), time(to));
            format!("{} stands in on {subject} from {from} to {to}", change.span.person)
        }
        AdministrationChange::RemoveOverride(change) => {
            format!("{} does not stand in on {subject}", change.span.person)
        }
        AdministrationChange::RequestCover(cover) => {
            let time = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M").to_string();
            let (from, to) = (time(cover.from), time(cover.to));
            let swap = if cover.in_return.is_some() { ", in a swap" } else { "" };
            format!("{} wants cover on {subject} from {from} to {to}{swap}", cover.person)
        }
        AdministrationChange::AcceptCover(answer) => {
            format!("{} accepts a request for cover on {subject}", answer.person)
        }
        AdministrationChange::DeclineCover(answer) => {
            format!("{} declines a request for cover on {subject}", answer.person)
        }
        AdministrationChange::WithdrawCover(answer) => {
            format!("{} withdraws a request for cover on {subject}", answer.person)
        }
        AdministrationChange::CreateCalendarLink(link) => {
            let whose = link.schedule.as_deref().unwrap_or(&link.person);
            format!("address of the calendar of {whose} created ({})", link.id)
        }
        AdministrationChange::RevokeCalendarLink(id) => {
            format!("address of a calendar revoked ({id})")
        }
        AdministrationChange::CreateToken(token) => {
            format!("token {} ({}) of scope {} created", token.name, token.id, token.scope)
        }
        AdministrationChange::RevokeToken(token) => {
            format!("token {} ({}) revoked", token.name, token.id)
        }
        AdministrationChange::AddContact(record) => {
            format!("contact {} of {} over {} added", record.contact, record.person, record.channel)
        }
        AdministrationChange::ChangeContact(record) => {
            format!("contact {} of {} changed", record.contact, record.person)
        }
        AdministrationChange::RemoveContact(record) => {
            format!("contact {} of {} removed", record.contact, record.person)
        }
        AdministrationChange::SetQuietHours(record) => match (&record.from, &record.to) {
            (Some(from), Some(to)) => {
                format!("quiet hours of {} from {from} to {to}", record.person)
            }
            _ => format!("quiet hours of {} removed", record.person),
        },
        AdministrationChange::Unknown(other) => other.text().to_owned(),
        change if change.removed().is_some() => format!("{subject} removed"),
        _ if event.before.is_some() => format!("{subject} changed"),
        _ => format!("{subject} added"),
    }
}

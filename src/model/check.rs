//! What the fields of a record may hold. Shared by commands and by import, so that both refuse the same.

use chrono::{DateTime, Utc};

use super::actor::PersonRef;
use super::checklist::Answer;
use super::command::{Declaration, Link};
use super::event::{Event, EventBody};
use super::text::sanitize;
use super::time;

/// The longest title, in characters.
pub const MAX_TITLE_CHARS: usize = 200;
/// The longest note, symptoms, message or review section, in bytes.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;
/// The longest name of a service, team, label or person, in characters.
pub const MAX_NAME_CHARS: usize = 100;
/// The most services, labels or people on one record.
pub const MAX_LIST_ITEMS: usize = 200;

/// A field that holds what it may not: which one, and why.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct BadField {
    /// The field's name.
    pub field: &'static str,
    /// What is wrong and what to do, as half a sentence.
    pub problem: String,
}

impl BadField {
    fn new(field: &'static str, problem: impl Into<String>) -> Self {
        Self { field, problem: problem.into() }
    }
}

type CheckResult = Result<(), BadField>;

fn one_line(field: &'static str, text: &str, most: usize) -> CheckResult {
    let count = text.chars().count();
    if text.trim().is_empty() {
        return Err(BadField::new(field, "is empty: write at least one character"));
    }
    if count > most {
        return Err(BadField::new(
            field,
            format!("has {count} characters: shorten it to {most} or fewer"),
        ));
    }
    if text
        .chars()
        .any(|c| matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}' | '\u{85}' | '\u{b}' | '\u{c}'))
    {
        return Err(BadField::new(field, "has a line break: write it on one line"));
    }
    Ok(())
}

/// A title: one line of 1 to 200 characters.
///
/// # Errors
/// Says what is wrong with it.
pub fn title(text: &str) -> CheckResult {
    one_line("title", text, MAX_TITLE_CHARS)
}

/// A name of at most 100 characters on one line.
///
/// # Errors
/// Says what is wrong with it.
pub fn name(field: &'static str, text: &str) -> CheckResult {
    one_line(field, text, MAX_NAME_CHARS)
}

/// A person: a handle, and a name that may be empty.
///
/// # Errors
/// Says what is wrong with either.
pub fn person(field: &'static str, person: &PersonRef) -> CheckResult {
    name(field, &person.handle)?;
    if person.name.is_empty() { Ok(()) } else { name(field, &person.name) }
}

/// As many people as a record may have.
///
/// # Errors
/// Says that they are too many, or what is wrong with one.
pub fn people(field: &'static str, list: &[PersonRef]) -> CheckResult {
    list_length(field, list.len())?;
    list.iter().try_for_each(|one| person(field, one))
}

fn list_length(field: &'static str, count: usize) -> CheckResult {
    if count > MAX_LIST_ITEMS {
        let problem = format!("has {count} entries: {MAX_LIST_ITEMS} is the most");
        return Err(BadField::new(field, problem));
    }
    Ok(())
}

/// A text of at most 64 KiB.
///
/// # Errors
/// Says how long it is.
pub fn text(field: &'static str, text: &str) -> CheckResult {
    if text.len() > MAX_TEXT_BYTES {
        return Err(BadField::new(
            field,
            format!("has {} KiB: shorten it to 64 KiB or less", text.len().div_ceil(1024)),
        ));
    }
    Ok(())
}

/// A text of at most 64 KiB that says something.
///
/// # Errors
/// Says that it is empty, or how long it is.
pub fn required_text(field: &'static str, content: &str) -> CheckResult {
    if content.trim().is_empty() {
        return Err(BadField::new(field, "is empty: say something"));
    }
    text(field, content)
}

/// A time from 1970 to 2100.
///
/// # Errors
/// Says which time was given.
pub fn time(field: &'static str, at: DateTime<Utc>) -> CheckResult {
    if time::is_in_range(at) {
        Ok(())
    } else {
        Err(BadField::new(
            field,
            format!("{} is outside 1970 to 2100: correct the date", at.format("%Y-%m-%d")),
        ))
    }
}

/// A list of names without doubles.
///
/// # Errors
/// Says which one is wrong.
pub fn names(field: &'static str, list: &[String]) -> CheckResult {
    list_length(field, list.len())?;
    for (index, entry) in list.iter().enumerate() {
        name(field, entry)?;
        if list[..index].contains(entry) {
            return Err(BadField::new(field, format!("{:?} is there twice", sanitize(entry))));
        }
    }
    Ok(())
}

/// What a declaration may hold.
///
/// # Errors
/// Says which field is wrong.
pub fn declaration(declared: &Declaration) -> CheckResult {
    title(&declared.title)?;
    names("services", &declared.services)?;
    names("labels", &declared.labels)?;
    text("symptoms", &declared.symptoms)?;
    if let Some(team) = &declared.team {
        name("team", team)?;
    }
    if let Some(key) = &declared.dedup_key {
        one_line("dedup_key", key, 500)?;
    }
    if let Some(runbook) = &declared.runbook {
        one_line("runbook", runbook, 500)?;
    }
    time("detected_at", declared.detected_at)?;
    time("reported_at", declared.reported_at)?;
    if declared.detected_at > declared.reported_at {
        return Err(BadField::new(
            "detected_at",
            "lies after reported_at: an incident is reported once it is detected",
        ));
    }
    Ok(())
}

/// What a link may hold.
///
/// # Errors
/// Says what is wrong with it.
pub fn link(link: &Link) -> CheckResult {
    match link {
        Link::Problem { title, .. } | Link::Change { title, .. } => {
            one_line("link title", title, MAX_TITLE_CHARS)
        }
        Link::Incident { .. } => Ok(()),
        Link::Url(url) => one_line("url", url, 2000),
    }
}

/// What an event from elsewhere may hold, before it is taken into a store.
///
/// # Errors
/// Says which field is wrong.
pub fn event(event: &Event) -> CheckResult {
    time("at", event.at)?;
    time("recorded_at", event.recorded_at)?;
    one_line("actor", event.actor.name(), MAX_NAME_CHARS)?;
    if event.seq == 0 {
        return Err(BadField::new("seq", "is 0: positions start at 1"));
    }
    match &event.body {
        EventBody::Declared { declaration: declared, .. } => declaration(declared),
        EventBody::AlertRepeated { text: t }
        | EventBody::NoteAdded { text: t }
        | EventBody::NoteCorrected { text: t, .. }
        | EventBody::ReviewWritten { text: t, .. } => text("text", t),
        EventBody::StatusMoved { to } => stage(*to),
        EventBody::MoveUndone { to } if to.stage().is_none_or(|stage| stage > 5) => {
            Err(BadField::new("to", format!("{to} is not a stage to go back to")))
        }
        EventBody::Assigned { to: Some(to) } => person("to", to),
        EventBody::TeamSet { team: Some(team) } => name("team", team),
        EventBody::RoleGiven { person: p, .. } => person("person", p),
        EventBody::Escalated { to, reason, .. } => {
            people("to", to)?;
            reason.as_deref().map_or(Ok(()), |r| text("reason", r))
        }
        EventBody::Prioritized { override_reason: Some(r), .. } => text("override_reason", r),
        EventBody::ServicesSet { services } => names("services", services),
        EventBody::Described { title: t, symptoms, labels, runbook } => {
            description(t.as_deref(), symptoms.as_deref(), labels.as_deref(), runbook.as_deref())
        }
        EventBody::StakeholdersUpdated { message, next_due } => {
            text("message", message)?;
            next_due.map_or(Ok(()), |at| time("next_due", at))
        }
        EventBody::Resolved { detail, validation, .. } => {
            text("detail", detail)?;
            text("validation", validation)
        }
        EventBody::Reopened { reason }
        | EventBody::Paused { reason }
        | EventBody::ItemAnswered { answer: Answer::Waived(reason), .. }
        | EventBody::Reclassified { reason, .. } => text("reason", reason),
        EventBody::Snoozed { until } => time("until", *until),
        EventBody::Linked { link: l } | EventBody::Unlinked { link: l } => link(l),
        EventBody::ActionItemSet { item } => {
            text("text", &item.text)?;
            item.owner.as_ref().map_or(Ok(()), |owner| person("owner", owner))
        }
        _ => Ok(()),
    }
}

/// A stage that a person can move to directly.
///
/// # Errors
/// Says which command leads to the stage instead.
pub fn stage(to: super::Status) -> CheckResult {
    use super::Status;
    match to {
        Status::Acknowledged | Status::Investigating | Status::Identified | Status::Monitoring => {
            Ok(())
        }
        other => Err(BadField::new(
            "status",
            format!("{other} is not a stage to move to: there is a command for it"),
        )),
    }
}

/// What a rewritten part of the record may hold.
///
/// # Errors
/// Says which part is wrong.
pub fn description(
    new_title: Option<&str>,
    symptoms: Option<&str>,
    labels: Option<&[String]>,
    runbook: Option<&str>,
) -> CheckResult {
    new_title.map_or(Ok(()), title)?;
    symptoms.map_or(Ok(()), |s| text("symptoms", s))?;
    labels.map_or(Ok(()), |l| names("labels", l))?;
    match runbook {
        None | Some("") => Ok(()),
        Some(runbook) => one_line("runbook", runbook, 500),
    }
}

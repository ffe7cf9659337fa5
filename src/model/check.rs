//! Limits on the fields of records.
//!
//! Commands and imports share these checks, so that both refuse the same values.

use chrono::{DateTime, Utc};

use super::actor::PersonRef;
use super::command::{Declaration, Link};
use super::event::Event;
use super::time;

pub use super::bad_field::{BadField, FieldProblem};

/// Longest title, in characters.
pub const MAX_TITLE_CHARS: usize = 200;
/// Longest note, symptoms, message or review section, in bytes.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;
/// Longest name of a service, team, label or person, in characters.
pub const MAX_NAME_CHARS: usize = 100;
/// Highest number of services, labels or people on one record.
pub const MAX_LIST_ITEMS: usize = 200;

type CheckResult = Result<(), BadField>;

fn one_line(field: &'static str, text: &str, max_chars: usize) -> CheckResult {
    let count = text.chars().count();
    if text.trim().is_empty() {
        return Err(BadField::new(field, FieldProblem::Empty));
    }
    if count > max_chars {
        return Err(BadField::new(field, FieldProblem::TooManyChars { count, max: max_chars }));
    }
    if text
        .chars()
        .any(|c| matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}' | '\u{85}' | '\u{b}' | '\u{c}'))
    {
        return Err(BadField::new(field, FieldProblem::LineBreak));
    }
    Ok(())
}

/// Checks a title: one line of 1 to [`MAX_TITLE_CHARS`] characters.
///
/// # Errors
/// [`BadField`] says whether it is empty, too long or has a line break.
pub fn title(text: &str) -> CheckResult {
    one_line("title", text, MAX_TITLE_CHARS)
}

/// Checks a name: one line of 1 to [`MAX_NAME_CHARS`] characters.
///
/// # Errors
/// [`BadField`] says whether it is empty, too long or has a line break.
pub fn name(field: &'static str, text: &str) -> CheckResult {
    one_line(field, text, MAX_NAME_CHARS)
}

/// Checks a person: a handle, and a full name that may be empty.
///
/// # Errors
/// [`BadField`] says what is wrong with the handle or the name.
pub fn person(field: &'static str, person: &PersonRef) -> CheckResult {
    name(field, &person.handle)?;
    if person.name.is_empty() { Ok(()) } else { name(field, &person.name) }
}

/// Checks a list of people: at most [`MAX_LIST_ITEMS`], each with a valid handle and name.
///
/// # Errors
/// [`BadField`] says that there are too many people, or what is wrong with the first bad one.
pub fn people(field: &'static str, list: &[PersonRef]) -> CheckResult {
    list_length(field, list.len())?;
    list.iter().try_for_each(|each| person(field, each))
}

fn list_length(field: &'static str, count: usize) -> CheckResult {
    if count > MAX_LIST_ITEMS {
        let problem = FieldProblem::TooManyEntries { count, max: MAX_LIST_ITEMS };
        return Err(BadField::new(field, problem));
    }
    Ok(())
}

/// Checks a text: at most [`MAX_TEXT_BYTES`] bytes, and it may be empty.
///
/// # Errors
/// [`BadField`] gives the length of a text that is too long.
pub fn text(field: &'static str, text: &str) -> CheckResult {
    if text.len() > MAX_TEXT_BYTES {
        let problem = FieldProblem::TooManyBytes { bytes: text.len(), max: MAX_TEXT_BYTES };
        return Err(BadField::new(field, problem));
    }
    Ok(())
}

/// Checks a text that must not be blank: at most [`MAX_TEXT_BYTES`] bytes.
///
/// # Errors
/// [`BadField`] says that it is empty, or gives the length of a text that is too long.
pub fn required_text(field: &'static str, content: &str) -> CheckResult {
    if content.trim().is_empty() {
        return Err(BadField::new(field, FieldProblem::NoText));
    }
    text(field, content)
}

/// Checks a time: its year must be from 1970 to 2100.
///
/// # Errors
/// [`BadField`] names the date that is out of range.
pub fn time(field: &'static str, at: DateTime<Utc>) -> CheckResult {
    if time::is_in_range(at) {
        Ok(())
    } else {
        Err(BadField::new(field, FieldProblem::OutOfRange(at)))
    }
}

/// Checks a list of names: at most [`MAX_LIST_ITEMS`] valid names without duplicates.
///
/// # Errors
/// [`BadField`] says that there are too many names, or what is wrong with the first bad one.
pub fn names(field: &'static str, list: &[String]) -> CheckResult {
    list_length(field, list.len())?;
    for (index, entry) in list.iter().enumerate() {
        name(field, entry)?;
        if list[..index].contains(entry) {
            return Err(BadField::new(field, FieldProblem::Duplicate(entry.clone())));
        }
    }
    Ok(())
}

/// Checks all fields of a declaration.
///
/// # Errors
/// [`BadField`] describes the first field that is wrong.
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
        return Err(BadField::new("detected_at", FieldProblem::AfterReport));
    }
    Ok(())
}

/// Checks the title or URL of a link.
///
/// # Errors
/// [`BadField`] says whether it is empty, too long or has a line break.
pub fn link(link: &Link) -> CheckResult {
    match link {
        Link::Problem { title, .. } | Link::Change { title, .. } => {
            one_line("link title", title, MAX_TITLE_CHARS)
        }
        Link::Incident { .. } | Link::Unknown(_) => Ok(()),
        Link::Url(url) => one_line("url", url, 2000),
    }
}

/// Checks the link of a new command, whose URL must also be an absolute one. Links that are stored
/// already may have any text: see [`link`].
///
/// # Errors
/// [`BadField`] says what is wrong with it.
pub fn new_link(new: &Link) -> CheckResult {
    link(new)?;
    match new {
        Link::Url(url) if !is_absolute_url(url) => Err(BadField::new("url", FieldProblem::NotAUrl)),
        _ => Ok(()),
    }
}

/// Schemes of URLs that name no host and are useful on an incident.
const SCHEMES_WITHOUT_HOST: [&str; 6] = ["mailto", "tel", "sip", "sips", "xmpp", "im"];

/// Returns whether a text is an absolute URL (RFC 3986, with any letters as in RFC 3987): a scheme,
/// then `//` and what it names. `http` and `https` need a host; a few schemes need no `//`.
fn is_absolute_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|ch: char| ch.is_ascii_alphabetic())
        && scheme.chars().all(|ch| ch.is_ascii_alphanumeric() || "+-.".contains(ch));
    if !is_scheme || rest.is_empty() || text.contains(|ch: char| ch.is_whitespace()) {
        return false;
    }
    let is = |name: &str| scheme.eq_ignore_ascii_case(name);
    match rest.strip_prefix("//") {
        Some(rest) if is("http") || is("https") => {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host = authority.rsplit('@').next().unwrap_or_default();
            !host.is_empty() && !host.starts_with(':')
        }
        Some(rest) => !rest.is_empty(),
        None => SCHEMES_WITHOUT_HOST.iter().any(|name| is(name)),
    }
}

/// Checks an event from an import before the store accepts it.
///
/// # Errors
/// [`BadField`] describes the first field that is wrong.
pub fn event(event: &Event) -> CheckResult {
    time("at", event.at)?;
    time("recorded_at", event.recorded_at)?;
    one_line("actor", event.actor.name(), MAX_NAME_CHARS)?;
    if event.seq == 0 {
        return Err(BadField::new("seq", FieldProblem::ZeroPosition));
    }
    event.body.check()
}

/// Checks that a person can move an incident to this stage directly.
///
/// # Errors
/// [`BadField`] says that another command leads to the stage.
pub fn stage(to: super::Status) -> CheckResult {
    use super::Status;
    match to {
        Status::Acknowledged | Status::Investigating | Status::Identified | Status::Monitoring => {
            Ok(())
        }
        other => Err(BadField::new("status", FieldProblem::NotAStage(other))),
    }
}

/// Checks the fields that a description rewrites; `None` stands for a field that stays.
///
/// # Errors
/// [`BadField`] describes the first field that is wrong.
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

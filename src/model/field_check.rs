//! Limits on single fields, whatever record they belong to.

use chrono::{DateTime, Utc};

use super::actor::PersonRef;
use super::bad_field::{BadField, FieldProblem};
use super::time;

/// Longest title, in characters.
pub const MAX_TITLE_CHARS: usize = 200;
/// Longest note, symptoms, message or review section, in bytes.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;
/// Longest name of a service, team, label or person, in characters.
pub const MAX_NAME_CHARS: usize = 100;
/// Highest number of services, labels or people on one record.
pub const MAX_LIST_ITEMS: usize = 200;

/// The outcome of a check.
pub(super) type CheckResult = Result<(), BadField>;

pub(super) fn one_line(field: &'static str, text: &str, max_chars: usize) -> CheckResult {
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
/// [`BadField`] if it is empty, too long or has a line break.
pub fn title(text: &str) -> CheckResult {
    one_line("title", text, MAX_TITLE_CHARS)
}

/// Checks a short text: one line of 1 to `max_chars` characters.
///
/// # Errors
/// [`BadField`] if it is empty, too long or has a line break.
pub(super) fn short_text(field: &'static str, text: &str, max_chars: usize) -> CheckResult {
    one_line(field, text, max_chars)
}

/// Checks a name: one line of 1 to [`MAX_NAME_CHARS`] characters.
///
/// # Errors
/// [`BadField`] if it is empty, too long or has a line break.
pub fn name(field: &'static str, text: &str) -> CheckResult {
    one_line(field, text, MAX_NAME_CHARS)
}

/// Checks a person: a handle, and a full name that may be empty.
///
/// # Errors
/// [`BadField`] if the handle or the name is invalid.
pub fn person(field: &'static str, person: &PersonRef) -> CheckResult {
    name(field, &person.handle)?;
    if person.name.is_empty() { Ok(()) } else { name(field, &person.name) }
}

/// Checks a list of people: at most [`MAX_LIST_ITEMS`], each with a valid handle and name.
///
/// # Errors
/// [`BadField`] if there are too many people, or the first fault of the first invalid one.
pub fn people(field: &'static str, list: &[PersonRef]) -> CheckResult {
    list_length(field, list.len())?;
    list.iter().try_for_each(|each| person(field, each))
}

pub(super) fn list_length(field: &'static str, count: usize) -> CheckResult {
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
/// [`BadField`] if it is empty, or with the length of a text that is too long.
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
/// [`BadField`] if there are too many names, or the first fault of the first invalid one.
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

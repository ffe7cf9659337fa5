//! Reads `[[commands]]`: programs to run on an incident.
//!
//! Whether and how a program runs is never guessed: a command whose program, arguments or filter
//! are wrong is left out, and one whose `dangerous` is wrong asks for confirmation.

use std::time::Duration;

use super::section::{InvalidValue, Section, Value, ValueResult};
use crate::config::panes::CustomCommand;
use crate::config::pattern::Pattern;
use crate::model::check;
use crate::model::text::sanitize;

/// The default time limit of a command.
const DEFAULT_TIMEOUT: Duration = Duration::from_mins(1);

pub(super) fn read(top: &mut Section<'_>) -> Vec<CustomCommand> {
    let mut commands: Vec<CustomCommand> = Vec::new();
    for section in top.sections("commands") {
        commands.extend(command(section, &commands));
    }
    commands
}

fn command(mut section: Section<'_>, others: &[CustomCommand]) -> Option<CustomCommand> {
    let (source, offset) = (section.source, section.offset);
    let name = section.require("name", |value| {
        let name = value.short_text()?;
        if others.iter().any(|other| other.name.to_lowercase() == name.to_lowercase()) {
            return Err(value.invalid("is there already: give this command another name"));
        }
        Ok(name)
    });
    let key = section.read("key", |value| {
        let key = value.character()?;
        match others.iter().find(|other| other.key == Some(key)) {
            Some(other) => {
                Err(value.invalid(format!("is that of {:?} already", sanitize(&other.name))))
            }
            None => Ok(key),
        }
    });
    let run = section.require("run", run);
    let help = section.read("help", |value| {
        let text = value.text()?;
        check::title(text).map_err(|error| value.invalid(error.problem.to_string()))?;
        Ok(text.to_owned())
    });
    let has_dangerous = section.get("dangerous").is_some();
    let dangerous = section.read("dangerous", Value::flag).unwrap_or(has_dangerous);
    let note = section.read("note", Value::flag).unwrap_or(false);
    let timeout = section.read("timeout", |value| {
        let duration = value.positive_duration()?;
        duration.to_std().map_err(|_| value.invalid("is no time at all: write a time above 0"))
    });
    let has_when = section.get("when").is_some();
    let when = section.read("when", Value::filter);
    section.finish();
    let (name, run) = (name?, run?);
    if has_when && when.is_none() {
        return None;
    }
    source.record_position(format!("commands.{name}"), offset);
    Some(CustomCommand {
        name,
        key,
        run,
        help: help.unwrap_or_default(),
        dangerous,
        note,
        timeout: timeout.unwrap_or(DEFAULT_TIMEOUT),
        when,
    })
}

/// Reads the program and its arguments.
fn run(value: &Value<'_>) -> ValueResult<Vec<Pattern>> {
    let mut patterns = Vec::new();
    for argument in value.list()? {
        let text = argument.text()?;
        let (pattern, unknown) = Pattern::parse(text);
        if let Some(placeholder) = unknown.first() {
            return Err(InvalidValue {
                offset: argument.offset_in(text, placeholder.at.start),
                text: format!("{}: {}", value.name(), placeholder.message),
            });
        }
        if text.contains('\0') {
            return Err(argument.invalid("has a zero byte: remove it"));
        }
        patterns.push(pattern);
    }
    match patterns.first() {
        None => Err(value.invalid("is empty: name a program and its arguments")),
        Some(program) if program.source().trim().is_empty() => {
            Err(value.invalid("has no program: its first text is empty"))
        }
        // Otherwise the title of an incident could choose the program.
        Some(program) if !program.is_plain() => {
            Err(value.invalid("has a placeholder for the program: only arguments can have one"))
        }
        Some(_) => Ok(patterns),
    }
}

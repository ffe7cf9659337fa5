//! References from one entry of the settings file to others, and validation of the names.

use super::section::{Source, Value, ValueResult};
use crate::config::nearest;
use crate::model::calendar::CalendarSource;
use crate::model::directory::Directory;
use crate::model::oncall::Schedule;
use crate::model::text::sanitize;

/// References to entries of the file's lists, each with its offset, to be checked at the end.
pub(super) struct References<'a> {
    source: &'a Source<'a>,
    pub(super) people: Vec<(String, usize)>,
    pub(super) teams: Vec<(String, usize)>,
    pub(super) services: Vec<(String, usize)>,
    pub(super) schedules: Vec<(String, usize)>,
    /// The calendars of schedules that were read.
    pub(super) calendars: Vec<CalendarSource>,
}

impl<'a> References<'a> {
    pub(super) fn new(source: &'a Source<'a>) -> Self {
        Self {
            source,
            people: Vec::new(),
            teams: Vec::new(),
            services: Vec::new(),
            schedules: Vec::new(),
            calendars: Vec::new(),
        }
    }

    /// Reports each name that is not in the file's list of its kind, if it has such a list.
    pub(super) fn check(&self, directory: &Directory) {
        let people: Vec<&str> = directory.people.iter().map(|p| p.handle.as_str()).collect();
        let teams: Vec<&str> = directory.teams.iter().map(|t| t.name.as_str()).collect();
        let services: Vec<&str> = directory.services.iter().map(|s| s.name.as_str()).collect();
        let schedules: Vec<&str> = directory.schedules.iter().map(Schedule::key).collect();
        for (kind, names, meant) in [
            ("person", &people, &self.people),
            ("team", &teams, &self.teams),
            ("service", &services, &self.services),
            ("schedule", &schedules, &self.schedules),
        ] {
            for (name, at) in meant {
                if !names.is_empty() && !names.contains(&name.as_str()) {
                    let hint = nearest::suggestion(name, names);
                    let name = sanitize(name);
                    let text = format!("there is no {kind} {name:?} in this file: {hint}");
                    self.source.warn(*at, &text);
                }
            }
        }
    }
}

/// Reads a name that no earlier entry has.
pub(super) fn unique_name(
    value: &Value<'_>,
    is_duplicate: impl Fn(&str) -> bool,
) -> ValueResult<String> {
    let name = value.short_text()?;
    if is_duplicate(&name) {
        let name = sanitize(&name);
        return Err(value.invalid(format!("{name:?} is there already: the first one counts")));
    }
    Ok(name)
}

/// Reads a handle, with or without `@`.
pub(super) fn handle(value: &Value<'_>) -> ValueResult<(String, usize)> {
    let name = value.short_text()?;
    let name = name.trim_start_matches('@');
    if name.is_empty() {
        return Err(value.invalid("is no handle: write one such as \"ines\""));
    }
    Ok((name.to_owned(), value.offset()))
}

pub(super) fn handles(value: &Value<'_>) -> ValueResult<Vec<(String, usize)>> {
    value.list()?.iter().map(handle).collect()
}

/// Returns the names alone, and adds them with their offsets to `to`, to be checked later.
pub(super) fn collect_names(
    names: Vec<(String, usize)>,
    to: &mut Vec<(String, usize)>,
) -> Vec<String> {
    to.extend(names.iter().cloned());
    names.into_iter().map(|(name, _)| name).collect()
}

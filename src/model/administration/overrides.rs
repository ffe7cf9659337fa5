//! Overrides of schedules: adds and removes one.

use chrono::{DateTime, Utc};

use super::apply_error::{ApplyError, SettingsDirectory};
use super::entry::Entry;
use super::entry_ref::{EntryKind, EntryRef};
use super::references::{require, resolve_override};
use super::refusal::AdministrationRefusal;
use crate::model::bad_field::{BadField, FieldProblem};
use crate::model::directory::{Directory, TeamOverride};
use crate::model::oncall::Override;

/// The highest number of overrides of one schedule. When it is reached, those that ended first are
/// removed.
pub const MAX_OVERRIDES: usize = 500;

/// Returns the directory with an override added; `None` if the schedule has it already and it is in
/// effect. It is stored in the schedule, or separately if the schedule is one of the settings file.
/// An earlier one of the same person and span that later overrides have covered is removed.
pub(super) fn add_override(
    stored: &Directory,
    merged: &Directory,
    settings: SettingsDirectory<'_>,
    added: &mut TeamOverride,
    now: DateTime<Utc>,
) -> Result<Option<Directory>, ApplyError> {
    let named = EntryRef::new(EntryKind::Schedule, &added.team);
    require(merged, &named)?;
    resolve_override(&mut added.span, merged)?;
    let Some(Entry::Schedule(schedule)) = Entry::find(merged, &named) else { return Ok(None) };
    let is_same = |other: &Override| {
        (&other.person, other.from, other.to)
            == (&added.span.person, added.span.from, added.span.to)
    };
    if let Some(at) = schedule.overrides.iter().rposition(is_same) {
        let overlaps = |other: &Override| other.from < added.span.to && added.span.from < other.to;
        let counts = !schedule.overrides.iter().skip(at + 1).any(overlaps);
        // A person who requests it a second time is on call by then, and so replaces nobody else.
        let covers = added.span.covers.as_ref().filter(|covers| **covers != added.span.person);
        if counts && covers.is_none_or(|_| covers == schedule.overrides[at].covers.as_ref()) {
            return Ok(None);
        }
    }
    let mut directory = stored.clone();
    directory.overrides.retain(|other| other.team != added.team || !is_same(&other.span));
    for schedule in directory.schedules.iter_mut().filter(|one| one.key() == added.team) {
        schedule.overrides.retain(|other| !is_same(other));
    }
    let of_store = directory.schedules.iter_mut().find(|schedule| schedule.key() == added.team);
    let is_of_settings = Entry::find(settings.directory, &named).is_some();
    if let Some(schedule) = of_store.filter(|_| !is_of_settings) {
        make_room(&mut schedule.overrides, |_| true, |span| span, now)?;
        schedule.overrides.push(added.span.clone());
    } else {
        let is_same_team = |other: &TeamOverride| other.team == added.team;
        make_room(&mut directory.overrides, is_same_team, |other| &other.span, now)?;
        directory.overrides.push(added.clone());
    }
    Ok(Some(directory))
}

/// Removes the overrides that ended first where a schedule has as many as it may have.
fn make_room<T>(
    overrides: &mut Vec<T>,
    is_counted: impl Fn(&T) -> bool,
    span: impl Fn(&T) -> &Override,
    now: DateTime<Utc>,
) -> Result<(), BadField> {
    while overrides.iter().filter(|entry| is_counted(entry)).count() >= MAX_OVERRIDES {
        let ended = overrides
            .iter()
            .enumerate()
            .filter(|(_, entry)| is_counted(entry) && span(entry).to <= now)
            .min_by_key(|(_, entry)| span(entry).to)
            .map(|(index, _)| index);
        let Some(ended) = ended else {
            let problem =
                FieldProblem::TooManyEntries { count: MAX_OVERRIDES + 1, max: MAX_OVERRIDES };
            return Err(BadField::new("overrides", problem));
        };
        overrides.remove(ended);
    }
    Ok(())
}

/// Returns the directory without an override.
pub(super) fn remove_override(
    stored: &Directory,
    merged: &Directory,
    settings: SettingsDirectory<'_>,
    removed: &TeamOverride,
) -> Result<Directory, ApplyError> {
    let named = EntryRef::new(EntryKind::Schedule, &removed.team);
    require(merged, &named)?;
    let mut directory = stored.clone();
    let mut is_found = false;
    if let Some(at) = directory.overrides.iter().position(|entry| entry == removed) {
        directory.overrides.remove(at);
        is_found = true;
    }
    let schedules = directory.schedules.iter_mut();
    for schedule in schedules.filter(|schedule| schedule.key() == removed.team) {
        if let Some(at) = schedule.overrides.iter().position(|span| *span == removed.span) {
            schedule.overrides.remove(at);
            is_found = true;
        }
    }
    if is_found {
        return Ok(directory);
    }
    let of_settings = Entry::find(settings.directory, &named);
    let is_of_settings = matches!(
        of_settings,
        Some(Entry::Schedule(schedule)) if schedule.overrides.contains(&removed.span)
    );
    if is_of_settings {
        let file = settings.file.to_owned();
        return Err(AdministrationRefusal::OverrideFromSettings { schedule: named, file }.into());
    }
    Err(AdministrationRefusal::NoSuchOverride { schedule: named }.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::administration::AdministrationChange;

    fn at(hour: u32) -> DateTime<Utc> {
        format!("2026-03-03T{hour:02}:00:00Z").parse().unwrap()
    }

    fn directory() -> Directory {
        serde_json::from_value(json!({
            "people": [
                {"handle": "ines", "name": "Ines"},
                {"handle": "tomo", "name": "Tomo"},
                {"handle": "mei", "name": "Mei"},
            ],
            "schedules": [{
                "team": "web", "rotation": ["ines"], "starts_at": at(0), "turn_s": 604_800,
            }],
        }))
        .unwrap()
    }

    /// Adds an override from 8 to 12, and returns the changed directory if there is one.
    fn add(stored: &Directory, person: &str, covers: &str) -> Option<Directory> {
        let span = json!({"person": person, "from": at(8), "to": at(12), "covers": covers});
        let change = json!({"add_override": {"team": "web", "override": span}});
        let change: AdministrationChange = serde_json::from_value(change).unwrap();
        let none = Directory::default();
        let settings = SettingsDirectory { directory: &none, file: "" };
        change.apply(stored, settings, at(1)).unwrap().directory
    }

    fn people(directory: &Directory) -> Vec<&str> {
        directory.schedules[0].overrides.iter().map(|one| one.person.as_str()).collect()
    }

    #[test]
    fn override_that_counts_is_not_added_again() {
        let once = add(&directory(), "tomo", "ines").expect("a change");
        assert_eq!(add(&once, "tomo", "ines"), None);
        // By then tomo is on call, and replaces nobody else.
        assert_eq!(add(&once, "tomo", "tomo"), None);
        let other = add(&once, "tomo", "mei").expect("a change");
        assert_eq!(other.schedules[0].overrides[0].covers.as_deref(), Some("mei"));
        assert_eq!(people(&other), ["tomo"]);
    }

    #[test]
    fn hidden_override_counts_again() {
        let both = add(&add(&directory(), "tomo", "ines").unwrap(), "mei", "tomo").unwrap();
        assert_eq!(both.schedules[0].on_call(at(9)), Some("mei"));
        let again = add(&both, "tomo", "mei").expect("a change");
        assert_eq!(people(&again), ["mei", "tomo"]);
        assert_eq!(again.schedules[0].on_call(at(9)), Some("tomo"));
    }
}

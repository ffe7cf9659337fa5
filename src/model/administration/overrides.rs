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

/// The highest number of overrides of one schedule. Where there are as many, those that ended first
/// make room.
pub const MAX_OVERRIDES: usize = 500;

/// Returns the directory with an override added; `None` if the schedule has it already. It stands in
/// the schedule, or alone if the schedule is one of the settings file.
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
    if schedule.overrides.contains(&added.span) {
        return Ok(None);
    }
    let mut directory = stored.clone();
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

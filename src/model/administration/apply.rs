//! Applies a change to the directory of a store.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::apply_error::{ApplyError, SettingsDirectory};
use super::calendar_links::{create_link, revoke_link};
use super::change::AdministrationChange;
use super::cover_decline::decline_cover;
use super::covers::{accept_cover, request_cover, withdraw_cover};
use super::entry::Entry;
use super::entry_ref::{EntryKind, EntryRef};
use super::overrides::{add_override, remove_override};
use super::references::{require, resolve, users};
use super::refusal::AdministrationRefusal;
use crate::model::bad_field::{BadField, FieldProblem};
use crate::model::directory::Directory;
use crate::model::extra::Extra;
use crate::model::text::equals_folded;

/// The highest number of entries of one kind.
pub const MAX_ENTRIES: usize = 5_000;

/// The result of a change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Applied {
    /// The directory that the store has afterwards; `None` if the change changes nothing of it.
    pub directory: Option<Directory>,
    /// The change as it is recorded: names are spelt as in the directory.
    pub change: AdministrationChange,
    /// The entry that the change concerns as it was, if there was one.
    pub before: Option<Entry>,
}

impl AdministrationChange {
    /// Applies the change to the directory of a store. What the settings name is not changed, and
    /// names that the change refers to must exist in one of the two.
    ///
    /// # Errors
    /// [`ApplyError::Refused`]: a field has an invalid value, the settings file names the entry,
    /// there is no such entry, or other entries refer to one that should be removed.
    pub fn apply(
        &self,
        stored: &Directory,
        settings: SettingsDirectory<'_>,
        now: DateTime<Utc>,
    ) -> Result<Applied, ApplyError> {
        self.check()?;
        let merged = stored.clone().merged_with(settings.directory);
        let subject = self.subject();
        let before = subject.as_ref().and_then(|subject| Entry::find(&merged, subject));
        let mut change = self.clone();
        let directory = match self {
            Self::AddOverride(added) => {
                let mut added = added.clone();
                let directory = add_override(stored, &merged, settings, &mut added, now)?;
                change = Self::AddOverride(added);
                directory
            }
            Self::RemoveOverride(removed) => {
                Some(remove_override(stored, &merged, settings, removed)?)
            }
            Self::RequestCover(wanted) => {
                let mut wanted = wanted.clone();
                let directory = request_cover(stored, &merged, &mut wanted, now)?;
                change = Self::RequestCover(wanted);
                directory
            }
            Self::AcceptCover(answer) => {
                let mut answer = answer.clone();
                let directory = accept_cover(stored, &merged, settings, &mut answer, now)?;
                change = Self::AcceptCover(answer);
                directory
            }
            Self::DeclineCover(answer) => {
                let mut answer = answer.clone();
                let directory = decline_cover(stored, &merged, &mut answer, now)?;
                change = Self::DeclineCover(answer);
                directory
            }
            Self::WithdrawCover(answer) => {
                let mut answer = answer.clone();
                let directory = withdraw_cover(stored, &merged, &mut answer, now)?;
                change = Self::WithdrawCover(answer);
                directory
            }
            Self::CreateCalendarLink(link) => {
                let mut link = link.clone();
                let directory = create_link(stored, &merged, &mut link, now)?;
                change = Self::CreateCalendarLink(link);
                Some(directory)
            }
            Self::RevokeCalendarLink(id) => Some(revoke_link(stored, *id, now)?),
            Self::CreateToken(_) | Self::RevokeToken(_) => None,
            // The store records them together with the contacts that they change.
            change if change.is_about_contacts() => {
                return Err(AdministrationRefusal::UnknownChange.into());
            }
            Self::Unknown(_) => return Err(AdministrationRefusal::UnknownChange.into()),
            _ => match self.added() {
                Some(mut entry) => {
                    refuse_settings(&entry.reference(), settings)?;
                    let directory = put(stored, &merged, &mut entry)?;
                    change = Self::put(entry);
                    directory
                }
                None => match subject {
                    Some(named) => Some(remove(stored, &merged, settings, &named, now)?),
                    None => None,
                },
            },
        };
        Ok(Applied { directory, change, before })
    }
}

/// Refuses to change an entry that the settings file names.
fn refuse_settings(
    named: &EntryRef,
    settings: SettingsDirectory<'_>,
) -> Result<(), AdministrationRefusal> {
    if Entry::find(settings.directory, named).is_none() {
        return Ok(());
    }
    let (entry, file) = (named.clone(), settings.file.to_owned());
    Err(AdministrationRefusal::FromSettings { entry, file })
}

/// Returns the directory with an entry added or replaced; `None` if it has the entry already.
fn put(
    stored: &Directory,
    merged: &Directory,
    entry: &mut Entry,
) -> Result<Option<Directory>, ApplyError> {
    let named = entry.reference();
    let existing = Entry::names(merged, named.kind);
    let exists = existing.contains(&named.name.as_str());
    let is_similar = |other: &&&str| **other != named.name && equals_folded(other, &named.name);
    if !exists && let Some(other) = existing.iter().find(is_similar) {
        let other = (*other).to_owned();
        return Err(AdministrationRefusal::NearlySameName { entry: named, other }.into());
    }
    let before = Entry::find(stored, &named);
    resolve(entry, before.as_ref(), merged)?;
    if before.as_ref() == Some(entry) {
        return Ok(None);
    }
    let count = Entry::names(stored, named.kind).len() + usize::from(before.is_none());
    if count > MAX_ENTRIES {
        let problem = FieldProblem::TooManyEntries { count, max: MAX_ENTRIES };
        return Err(BadField::new(named.kind.plural(), problem).into());
    }
    let mut json = serde_json::to_value(stored)?;
    let mut added = entry.to_json()?;
    edit_list(&mut json, named.kind, |list| {
        let Some(old) = list.iter_mut().find(|other| is_named(other, &named)) else {
            list.push(added);
            return Ok(());
        };
        // Fields that a later version added to the entry are preserved.
        let defined = Entry::from_json(named.kind, old)?.to_json()?;
        Extra::difference(old, &defined).merge_into(&mut added);
        *old = added;
        Ok::<(), serde_json::Error>(())
    })?;
    Ok(Some(serde_json::from_value(json)?))
}

fn remove(
    stored: &Directory,
    merged: &Directory,
    settings: SettingsDirectory<'_>,
    named: &EntryRef,
    now: DateTime<Utc>,
) -> Result<Directory, ApplyError> {
    refuse_settings(named, settings)?;
    require(merged, named)?;
    let by = users(merged, named, now);
    if !by.is_empty() {
        return Err(AdministrationRefusal::InUse { entry: named.clone(), by }.into());
    }
    let mut json = serde_json::to_value(stored)?;
    edit_list(&mut json, named.kind, |list| list.retain(|other| !is_named(other, named)));
    Ok(serde_json::from_value(json)?)
}

/// Calls `edit` with the list of the entries of a kind in the JSON of a directory.
fn edit_list<T>(json: &mut Value, kind: EntryKind, edit: impl FnOnce(&mut Vec<Value>) -> T) -> T {
    let mut list = match json[kind.plural()].take() {
        Value::Array(list) => list,
        _ => Vec::new(),
    };
    let result = edit(&mut list);
    json[kind.plural()] = Value::Array(list);
    result
}

/// Returns whether the JSON of an entry is that of a name.
fn is_named(json: &Value, named: &EntryRef) -> bool {
    let text = |key: &str| json.get(key).and_then(Value::as_str);
    let own_name = match named.kind {
        EntryKind::Schedule | EntryKind::Policy => text("name"),
        EntryKind::Person | EntryKind::Team | EntryKind::Service => None,
    };
    own_name.or_else(|| text(named.kind.key())) == Some(named.name.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::model::administration::MAX_OVERRIDES;

    use super::*;

    fn directory(json: Value) -> Directory {
        serde_json::from_value(json).unwrap()
    }

    fn apply(change: Value, stored: &Directory) -> Result<Applied, ApplyError> {
        let settings = SettingsDirectory { directory: &Directory::default(), file: "" };
        let change: AdministrationChange = serde_json::from_value(change).unwrap();
        change.apply(stored, settings, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn fields_of_later_versions_stay_with_their_entries() {
        let stored = directory(json!({
            "people": [
                {"handle": "bo", "name": "Bo", "pager": "b"},
                {"handle": "ines", "name": "Ines", "pager": "i"},
            ],
            "sites": ["lyon"],
        }));
        let change = json!({"put_person": {"handle": "ines", "name": "Ines Moreau"}});
        let changed = apply(change, &stored).unwrap().directory.unwrap();
        let changed = apply(json!({"remove_person": "bo"}), &changed).unwrap().directory.unwrap();
        let people = json!([{"handle": "ines", "name": "Ines Moreau", "pager": "i"}]);
        let json = serde_json::to_value(&changed).unwrap();
        assert_eq!((&json["people"], &json["sites"]), (&people, &json!(["lyon"])));
    }

    #[test]
    fn change_of_a_later_version_is_carried_and_refused() {
        let change = json!({"put_cluster": {"name": "west"}});
        let read: AdministrationChange = serde_json::from_value(change.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), change);
        let error = apply(change, &Directory::default()).unwrap_err();
        assert!(error.to_string().contains("update redphone"), "{error}");
    }

    #[test]
    fn overrides_that_ended_first_make_room() {
        let day =
            |day: usize| DateTime::UNIX_EPOCH + chrono::TimeDelta::days(day.try_into().unwrap());
        let spans: Vec<Value> = (0..MAX_OVERRIDES)
            .map(|at| json!({"person": "bo", "from": day(at), "to": day(at + 1)}))
            .collect();
        let stored = directory(json!({"schedules": [{
            "team": "web", "rotation": ["bo"], "starts_at": day(0), "turn_s": 60, "overrides": spans,
        }]}));
        let added: AdministrationChange = serde_json::from_value(json!({"add_override": {
            "team": "web", "override": {"person": "bo", "from": day(9000), "to": day(9001)},
        }}))
        .unwrap();
        let settings = SettingsDirectory { directory: &Directory::default(), file: "" };
        let changed = added.apply(&stored, settings, day(2)).unwrap().directory.unwrap();
        let overrides = &changed.schedules[0].overrides;
        assert_eq!((overrides.len(), overrides[0].from), (MAX_OVERRIDES, day(1)));
        // None has ended.
        let error = added.apply(&stored, settings, day(0)).unwrap_err();
        assert!(error.to_string().contains("500 is the most"), "{error}");
    }
}

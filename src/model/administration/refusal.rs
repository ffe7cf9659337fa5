//! Why a change of administration is refused.

use std::fmt;

use super::entry_ref::EntryRef;
use crate::model::text::sanitize;

/// The most entries that a sentence names.
const MAX_NAMED: usize = 3;

/// Why a change of the directory is refused, besides a field with a bad value. Displayed as a
/// sentence for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AdministrationRefusal {
    /// The settings file names the entry, and wins.
    FromSettings {
        /// The entry.
        entry: EntryRef,
        /// The path of the file; not sanitized.
        file: String,
    },
    /// The settings file has the override.
    OverrideFromSettings {
        /// The schedule.
        schedule: EntryRef,
        /// The path of the file; not sanitized.
        file: String,
    },
    /// The settings file has the contact.
    ContactFromSettings {
        /// The handle of the person.
        person: String,
        /// The name of the contact.
        contact: String,
        /// The path of the file; not sanitized.
        file: String,
    },
    /// The person has a contact with this name.
    ContactExists {
        /// The handle of the person.
        person: String,
        /// The name of the contact.
        contact: String,
    },
    /// The person has no such contact.
    NoSuchContact {
        /// The handle of the person.
        person: String,
        /// The name of the contact.
        contact: String,
    },
    /// There is no such entry.
    NoSuchEntry {
        /// The entry.
        entry: EntryRef,
        /// The name that was probably meant.
        nearest: Option<String>,
    },
    /// The schedule has no such override.
    NoSuchOverride {
        /// The schedule.
        schedule: EntryRef,
    },
    /// Other entries refer to the one that should be removed.
    InUse {
        /// The entry.
        entry: EntryRef,
        /// The entries that refer to it.
        by: Vec<EntryRef>,
    },
    /// Another entry has the same name in other letters.
    NearlySameName {
        /// The entry.
        entry: EntryRef,
        /// The name of the other one.
        other: String,
    },
    /// There is such an entry, and the requester expected none.
    AlreadyExists {
        /// The entry.
        entry: EntryRef,
    },
    /// The entry is not as the requester has seen it.
    ChangedMeanwhile {
        /// The entry.
        entry: EntryRef,
    },
    /// The change is of a kind that this version does not define.
    UnknownChange,
}

impl AdministrationRefusal {
    /// Returns whether something that the change names does not exist.
    #[must_use]
    pub const fn is_not_found(&self) -> bool {
        matches!(
            self,
            Self::NoSuchEntry { .. } | Self::NoSuchOverride { .. } | Self::NoSuchContact { .. }
        )
    }
}

impl fmt::Display for AdministrationRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FromSettings { entry, file } => {
                write!(f, "{entry} is in the settings file {}: change it there", sanitize(file))
            }
            Self::OverrideFromSettings { schedule, file } => write!(
                f,
                "that override of {schedule} is in the settings file {}: change it there",
                sanitize(file)
            ),
            Self::ContactFromSettings { person, contact, file } => write!(
                f,
                "the contact {:?} of {} is in the settings file {}: change it there",
                sanitize(contact),
                sanitize(person),
                sanitize(file)
            ),
            Self::ContactExists { person, contact } => write!(
                f,
                "{} has a contact {:?} already: change it, or choose another name",
                sanitize(person),
                sanitize(contact)
            ),
            Self::NoSuchContact { person, contact } => write!(
                f,
                "{} has no contact {:?}: see `redphone contact list`",
                sanitize(person),
                sanitize(contact)
            ),
            Self::NoSuchEntry { entry, nearest: Some(nearest) } => {
                write!(f, "{entry} does not exist: did you mean {:?}?", sanitize(nearest))
            }
            Self::NoSuchEntry { entry, nearest: None } => {
                write!(f, "{entry} does not exist: see `redphone {} list`", entry.kind.plural())
            }
            Self::NoSuchOverride { schedule } => write!(
                f,
                "{schedule} has no such override: give its person, start and end as they are"
            ),
            Self::InUse { entry, by } => {
                let named: Vec<String> =
                    by.iter().take(MAX_NAMED).map(ToString::to_string).collect();
                let others = by.len().saturating_sub(MAX_NAMED);
                let others = if others > 0 { format!(" and {others} more") } else { String::new() };
                write!(f, "{entry} is in use: change {}{others} first", named.join(", "))
            }
            Self::NearlySameName { entry, other } => write!(
                f,
                "{entry} can't be told from {:?}, which exists: write it so, or choose another name",
                sanitize(other)
            ),
            Self::AlreadyExists { entry } => write!(f, "{entry} exists already"),
            Self::ChangedMeanwhile { entry } => {
                write!(f, "{entry} has changed since it was read: read it again")
            }
            Self::UnknownChange => {
                f.write_str("the change is of a later version: update redphone to make it")
            }
        }
    }
}

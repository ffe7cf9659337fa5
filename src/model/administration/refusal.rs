//! Reasons why a change of administration is refused.

use std::fmt;

use chrono::{DateTime, Utc};

use super::entry_ref::EntryRef;
use crate::model::id::{CalendarLinkId, CoverId};
use crate::model::oncall::{CoverState, TimeSpan};
use crate::model::text::sanitize;

/// The most entries that a sentence names.
const MAX_NAMED: usize = 3;

/// The reason why a change of the directory is refused, besides a field with a bad value. Displayed
/// as a sentence for people.
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
    /// There is no such request for cover.
    NoSuchCover {
        /// Its id.
        id: CoverId,
    },
    /// The request for cover is not open any more.
    CoverClosed {
        /// The state of the request.
        state: CoverState,
        /// The handle of the person who has accepted it.
        by: Option<String>,
    },
    /// The span for which cover is wanted has passed.
    CoverPassed {
        /// When it ended.
        to: DateTime<Utc>,
    },
    /// The person is not on call in the span.
    NoShift {
        /// The handle.
        person: String,
        /// The schedule.
        schedule: EntryRef,
        /// The start of the span.
        from: DateTime<Utc>,
        /// The end of the span.
        to: DateTime<Utc>,
    },
    /// A person can't accept their own request.
    OwnCover,
    /// Nobody else could accept the request.
    NobodyCanCover {
        /// The schedule.
        schedule: EntryRef,
        /// The shift that is wanted in return; `None` if none is.
        in_return: Option<TimeSpan>,
    },
    /// Only the requester can withdraw a request for cover.
    CoverOfAnother {
        /// The handle of the requester.
        person: String,
    },
    /// The person does not belong to the schedule.
    NotOfSchedule {
        /// The handle.
        person: String,
        /// The schedule.
        schedule: EntryRef,
    },
    /// There is no such address of a calendar, or it was revoked.
    NoSuchCalendarLink {
        /// Its id.
        id: CalendarLinkId,
    },
    /// There is such an address of a calendar.
    CalendarLinkExists,
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
    /// The entry differs from the version that the requester has seen.
    ChangedMeanwhile {
        /// The entry.
        entry: EntryRef,
    },
    /// The change is of a kind that this version does not define.
    UnknownChange,
}

impl AdministrationRefusal {
    /// Returns whether the change names something that does not exist.
    #[must_use]
    pub const fn is_not_found(&self) -> bool {
        matches!(
            self,
            Self::NoSuchEntry { .. }
                | Self::NoSuchOverride { .. }
                | Self::NoSuchContact { .. }
                | Self::NoSuchCover { .. }
                | Self::NoSuchCalendarLink { .. }
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
            Self::NoSuchCover { id } => {
                write!(f, "there is no request for cover {id}: see `redphone cover list`")
            }
            Self::CoverClosed { state: CoverState::Accepted, by: Some(by) } => {
                write!(f, "{} has accepted that request for cover already", sanitize(by))
            }
            Self::CoverClosed { state, .. } => {
                write!(f, "that request for cover is {state}, and can't be answered any more")
            }
            Self::CoverPassed { to } => {
                write!(f, "the shift ended {}: it needs no cover any more", minute(*to))
            }
            Self::NoShift { person, schedule, from, to } => write!(
                f,
                "{} is not on call by {schedule} from {} to {}: choose a span with a shift",
                sanitize(person),
                minute(*from),
                minute(*to)
            ),
            Self::OwnCover => f.write_str("you want that cover yourself: others answer it"),
            Self::NobodyCanCover { schedule, in_return } => {
                write_nobody_can_cover(schedule, in_return.as_ref(), f)
            }
            Self::CoverOfAnother { person } => {
                write!(f, "{0} wants that cover: {0} withdraws it", sanitize(person))
            }
            Self::NotOfSchedule { person, schedule } => write!(
                f,
                "{} is neither on {schedule} nor of its team: `redphone override add` lets others \
                 stand in",
                sanitize(person)
            ),
            Self::NoSuchCalendarLink { id } => write!(
                f,
                "there is no address of a calendar {id}: see `redphone calendar link list`"
            ),
            Self::CalendarLinkExists => f.write_str("that address of a calendar exists already"),
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

/// Writes why a cover, or a swap for a shift in return, could be accepted by nobody.
fn write_nobody_can_cover(
    schedule: &EntryRef,
    in_return: Option<&TimeSpan>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    match in_return {
        None => write!(
            f,
            "nobody else whom the directory has as a person is on {schedule} or of its team, so that \
             nobody could stand in: `redphone override add` lets others stand in"
        ),
        Some(span) => write!(
            f,
            "nobody could accept that swap: from {} to {} no other person alone is on call by \
             {schedule}; choose a span within one shift of somebody else",
            minute(span.from),
            minute(span.to)
        ),
    }
}

fn minute(at: DateTime<Utc>) -> impl fmt::Display {
    at.format("%Y-%m-%d %H:%M UTC")
}

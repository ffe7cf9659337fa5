//! Addresses of calendars: adds one, and revokes one.

use chrono::{DateTime, TimeDelta, Utc};

use super::apply_error::ApplyError;
use super::entry_ref::{EntryKind, EntryRef};
use super::references::{person, require};
use super::refusal::AdministrationRefusal;
use crate::model::bad_field::{BadField, FieldProblem};
use crate::model::directory::Directory;
use crate::model::id::CalendarLinkId;
use crate::model::oncall::CalendarLink;

/// The highest number of addresses that work.
pub const MAX_CALENDAR_LINKS: usize = 1_000;
/// For how long a revoked address is listed.
const LISTED: TimeDelta = TimeDelta::days(30);

/// Returns the directory with an address added.
pub(super) fn create_link(
    stored: &Directory,
    merged: &Directory,
    link: &mut CalendarLink,
    now: DateTime<Utc>,
) -> Result<Directory, ApplyError> {
    if let Some(schedule) = &link.schedule {
        require(merged, &EntryRef::new(EntryKind::Schedule, schedule))?;
    }
    person("person", &mut link.person, merged)?;
    (link.created_at, link.revoked_at) = (None, None);
    let mut directory = stored.clone();
    directory
        .calendar_links
        .retain(|other| other.revoked_at.is_none_or(|revoked| revoked + LISTED > now));
    if directory.calendar_links.len() >= MAX_CALENDAR_LINKS {
        let (count, max) = (MAX_CALENDAR_LINKS + 1, MAX_CALENDAR_LINKS);
        let problem = FieldProblem::TooManyEntries { count, max };
        return Err(BadField::new("calendar_links", problem).into());
    }
    let is_same = |other: &CalendarLink| other.id == link.id || other.digest == link.digest;
    if directory.calendar_links.iter().any(is_same) {
        return Err(AdministrationRefusal::CalendarLinkExists.into());
    }
    directory.calendar_links.push(CalendarLink { created_at: Some(now), ..link.clone() });
    Ok(directory)
}

/// Returns the directory with an address revoked.
pub(super) fn revoke_link(
    stored: &Directory,
    id: CalendarLinkId,
    now: DateTime<Utc>,
) -> Result<Directory, AdministrationRefusal> {
    let mut directory = stored.clone();
    let link = directory.calendar_links.iter_mut().find(|link| link.id == id);
    let link = link.filter(|link| link.revoked_at.is_none());
    let link = link.ok_or(AdministrationRefusal::NoSuchCalendarLink { id })?;
    link.revoked_at = Some(now);
    Ok(directory)
}

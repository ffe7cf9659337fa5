//! Reads the shifts of a calendar.

use chrono::{DateTime, Utc};

use super::entry::read_entries;
use super::people::CalendarPeople;
use super::problems::{CalendarError, MAX_BYTES, Problems};
use super::shifts::{flatten, instances};
use crate::model::oncall::{CalendarShift, Zone};

/// The shifts on call according to a calendar.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CalendarReading {
    /// The shifts in their order, without overlaps.
    pub shifts: Vec<CalendarShift>,
    /// The problems that were found, each as a sentence.
    pub problems: Vec<String>,
}

/// Reads the shifts of a calendar between two times. Times without a zone are those of `zone`; without
/// it, of the zone that the calendar names.
///
/// # Errors
/// The text is no calendar, or a part of one.
pub fn read_calendar(
    text: &str,
    zone: Option<&Zone>,
    people: &CalendarPeople<'_>,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<CalendarReading, CalendarError> {
    if text.len() > MAX_BYTES {
        return Err(CalendarError::TooLarge);
    }
    let mut problems = Problems::default();
    let entries = read_entries(text, zone, &mut problems)?;
    let instances = instances(&entries, people, (from, to), &mut problems);
    let shifts = flatten(instances, &mut problems);
    Ok(CalendarReading { shifts, problems: problems.0 })
}

//! Calendars in the format of RFC 5545 (iCalendar): read as the shifts of a schedule, and written.
//!
//! Reading is bounded: by the size of the text, the number of entries, and the number of times that
//! recurring ones come again. What can't be understood is reported and never dropped in silence.

mod entry;
mod lines;
mod people;
mod recurrence;
mod shifts;
mod source;
mod subscription;
mod times;
mod write;

use chrono::{DateTime, Utc};

pub use people::CalendarPeople;
pub use source::{CalendarLocation, CalendarSource};
pub use subscription::subscription;
pub use write::calendar;

use crate::model::oncall::{CalendarShift, Zone};
use crate::model::text::truncate;
use entry::read_entries;
use shifts::{flatten, instances};

/// The largest text that is read, in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;
/// The most shifts of one calendar.
pub const MAX_SHIFTS: usize = 5_000;
/// The most problems that are reported.
const MAX_PROBLEMS: usize = 20;
/// The most characters of a problem.
const MAX_PROBLEM_WIDTH: usize = 200;

/// What a calendar says about who is on call.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CalendarReading {
    /// The shifts in their order, without overlaps.
    pub shifts: Vec<CalendarShift>,
    /// What could not be understood, each as a sentence.
    pub problems: Vec<String>,
}

/// Why a text is no calendar.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CalendarError {
    /// It has no `BEGIN:VCALENDAR`.
    #[error("it is no calendar: the text does not begin with BEGIN:VCALENDAR")]
    NoCalendar,
    /// It is too large.
    #[error("it is larger than {} MiB", MAX_BYTES / 1024 / 1024)]
    TooLarge,
    /// It ends before it is complete.
    #[error("it is not complete: there is no END:VCALENDAR")]
    Incomplete,
}

/// Collects what could not be understood.
#[derive(Debug, Default)]
struct Problems(Vec<String>);

impl Problems {
    fn add(&mut self, text: &str) {
        let text = truncate(text, MAX_PROBLEM_WIDTH).to_string();
        if self.0.len() < MAX_PROBLEMS && !self.0.contains(&text) {
            self.0.push(text);
        }
    }
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

#[cfg(test)]
mod tests;

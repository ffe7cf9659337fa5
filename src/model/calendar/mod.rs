//! Calendars in the format of RFC 5545 (iCalendar): read as the shifts of a schedule, and written.
//!
//! Reading is bounded: by the size of the text, the number of entries, and the number of
//! recurrences. Anything that can't be understood is reported and never silently dropped.

mod entry;
mod lines;
mod people;
mod problems;
mod read;
mod recurrence;
mod shifts;
mod source;
mod subscription;
mod times;
mod write;

pub use people::CalendarPeople;
pub use problems::{CalendarError, MAX_BYTES, MAX_SHIFTS};
pub use read::{CalendarReading, read_calendar};
pub use source::{CalendarLocation, CalendarSource};
pub use subscription::subscription;
pub use write::calendar;

#[cfg(test)]
mod tests;

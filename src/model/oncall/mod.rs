//! On-call schedules: who is called for a team, and when that changes.
//!
//! A schedule has layers. Each layer is a rotation of people whose turns begin at a time of day of
//! a time zone, perhaps in some hours of the week alone. A later layer wins over an earlier one, and
//! an override wins over all.

pub mod calendar_link;
pub mod cover;
pub mod day;
pub mod hours;
pub mod layer;
pub mod schedule;
pub mod schedule_calendar;
pub mod turn;
pub mod zone;

pub use calendar_link::CalendarLink;
pub use cover::{Cover, CoverAnswer, CoverState, TimeSpan, split_code};
pub use day::Day;
pub use hours::Hours;
pub use layer::{Layer, Member};
pub use schedule::{Override, Schedule};
pub use schedule_calendar::{CalendarShift, ScheduleCalendar};
pub use turn::Turn;
pub use zone::{UnknownZone, Zone};

//! The error of a check: a field with a value that is not allowed.

use chrono::{DateTime, Utc};

use super::status::Status;
use super::text::sanitize;
use super::time::ACCEPTED_YEARS;

/// A field has a value that is not allowed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct BadField {
    /// The field's name, as in the JSON of a command.
    pub field: &'static str,
    /// The fault of its value.
    pub problem: FieldProblem,
}

impl BadField {
    /// Creates the error for a field.
    #[must_use]
    pub const fn new(field: &'static str, problem: FieldProblem) -> Self {
        Self { field, problem }
    }

    /// Returns the error without the name of the directory that was probably meant.
    #[must_use]
    pub fn without_suggestion(mut self) -> Self {
        if let FieldProblem::UnknownPerson { nearest, .. }
        | FieldProblem::UnknownName { nearest, .. } = &mut self.problem
        {
            *nearest = None;
        }
        self
    }
}

/// The fault of a field's value. Shown as half a sentence that follows the field's name and says
/// how to correct it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FieldProblem {
    /// A line is blank.
    #[error("is empty: write at least one character")]
    Empty,
    /// A text is blank.
    #[error("is empty: say something")]
    NoText,
    /// A line is too long.
    #[error("has {count} characters: shorten it to {max} or fewer")]
    TooManyChars {
        /// The number of characters of the line.
        count: usize,
        /// The greatest number of characters that is accepted.
        max: usize,
    },
    /// A text is too long.
    #[error("has {} KiB: shorten it to {} KiB or less", bytes.div_ceil(1024), max / 1024)]
    TooManyBytes {
        /// The length of the text in bytes of UTF-8.
        bytes: usize,
        /// The greatest length that is accepted, in bytes.
        max: usize,
    },
    /// A line has a line break.
    #[error("has a line break: write it on one line")]
    LineBreak,
    /// A contact is used too late.
    #[error("is no time from 0 s to 7 d: write a shorter time")]
    WaitOutOfRange,
    /// A text is no time of the day.
    #[error("is no time of the day: write one such as 22:00")]
    NoTimeOfDay,
    /// A text is no zone that this machine has.
    #[error("is {:?}, which is no zone here: write one such as Europe/Berlin", sanitize(.0))]
    NoZone(String),
    /// The settings have no such channel.
    #[error(
        "there is no channel {:?} in the settings{}",
        sanitize(.name),
        question(.nearest.as_deref())
    )]
    NoChannel {
        /// The name.
        name: String,
        /// The name that was probably meant.
        nearest: Option<String>,
    },
    /// A text is no address of the channel.
    #[error("is not one of {kind}: write {expected}")]
    NotAnAddress {
        /// The kind of the channel.
        kind: &'static str,
        /// The expected form.
        expected: &'static str,
    },
    /// A link is not an absolute URL.
    #[error("is no URL: it begins with https:// or another scheme")]
    NotAUrl,
    /// A share of users is none.
    #[error("is no share: write a number of percent from 0 to 100, such as 12.5%")]
    NotAShare,
    /// A number of users is too large.
    #[error("is {users}: {max} is the most")]
    TooManyUsers {
        /// The number.
        users: u64,
        /// The greatest number that is accepted.
        max: u64,
    },
    /// A text is not in base64.
    #[error("is not in base64: encode the content")]
    NotBase64,
    /// A text is not the hash of the content.
    #[error("is not SHA-256 of the content in hexadecimal digits")]
    NotAHash,
    /// A part to redact is one that only a later version defines.
    #[error("is not known: give evidence, reporter, contact or note")]
    UnknownPart,
    /// A list is too long.
    #[error("has {count} entries: {max} is the most")]
    TooManyEntries {
        /// The number of entries of the list.
        count: usize,
        /// The greatest number of entries that is accepted.
        max: usize,
    },
    /// A list has the same entry twice.
    #[error("{:?} is there twice", sanitize(.0))]
    Duplicate(String),
    /// A time is not in the accepted years.
    #[error(
        "{} is outside {} to {}: correct the date",
        .0.format("%Y-%m-%d"),
        ACCEPTED_YEARS.start(),
        ACCEPTED_YEARS.end()
    )]
    OutOfRange(DateTime<Utc>),
    /// The time of detection is after the time of the report.
    #[error("lies after reported_at: an incident is reported once it is detected")]
    AfterReport,
    /// The time of the report is after the deciding clock.
    #[error("{} lies in the future", .0.format("%Y-%m-%d %H:%M:%S UTC"))]
    InTheFuture(DateTime<Utc>),
    /// The end of a snooze is before its begin.
    #[error("that time has passed: choose a later one")]
    Passed,
    /// The end of a span of time is not after its begin.
    #[error("does not lie after from: choose a later time")]
    EndsBefore,
    /// A span of time is too long.
    #[error("lies more than {days} days after from: choose an earlier time")]
    TooLong {
        /// The greatest number of days.
        days: i64,
    },
    /// The end of a change is before its start.
    #[error("lies before starts_at: a change ends after it starts")]
    BeforeStart,
    /// A change or a problem has no timeline, so a position on it can't be expected.
    #[error("is only for commands about an incident: leave it out")]
    NoPosition,
    /// The position of an event is zero.
    #[error("is 0: positions start at 1")]
    ZeroPosition,
    /// No person moves an incident to this status directly.
    #[error("{} is not a stage to move to: {}", .0, other_way(*.0))]
    NotAStage(Status),
    /// No undone move leads back to this status.
    #[error("{0} is not a stage to go back to")]
    NotAnEarlierStage(Status),
    /// A search requests too few or too many rows.
    #[error("ask for 1 to {max} rows")]
    RowCount {
        /// The greatest number of rows.
        max: u32,
    },
    /// Nobody in the directory has this handle.
    #[error(
        "there is no {:?} in the directory{}: name somebody by a handle of the directory",
        sanitize(.handle),
        question(.nearest.as_deref())
    )]
    UnknownPerson {
        /// The handle.
        handle: String,
        /// The handle that was probably meant.
        nearest: Option<String>,
    },
    /// The directory has no such service or team.
    #[error(
        "there is no {kind} {:?} in the directory{}",
        sanitize(.name),
        question(.nearest.as_deref())
    )]
    UnknownName {
        /// `service` or `team`.
        kind: &'static str,
        /// The name.
        name: String,
        /// The name that was probably meant.
        nearest: Option<String>,
    },
    /// A name that identifies an entry of the directory can't be one.
    #[error(
        "{:?} is no name: write it without a blank or an @ at its ends",
        sanitize(.0)
    )]
    NotAnIdentifier(String),
    /// A text is not the name of a time zone of this machine.
    #[error(
        "{:?} is no time zone that this machine has: write one such as Europe/Berlin",
        sanitize(.0)
    )]
    NotAZone(String),
    /// An interval is too long.
    #[error("is longer than {days} days: give a shorter one")]
    IntervalTooLong {
        /// The greatest number of days.
        days: i64,
    },
    /// A number is 0 or less.
    #[error("is not above 0")]
    NotPositive,
    /// A time is not after that of another field.
    #[error("does not lie after {0}")]
    NotAfter(&'static str),
    /// The levels of an escalation policy are not in order.
    #[error("is not in order: each level is called later than the one before, and none before 0")]
    NotAscending,
    /// A list has no entries.
    #[error("is empty: give at least one")]
    NoEntries,
    /// An availability objective is out of range.
    #[error("{0} is not an objective in parts per 100,000: 99.9 % is 99900")]
    NotAnObjective(u32),
    /// A service depends on itself.
    #[error("names the service itself: leave it out")]
    DependsOnItself,
    /// A page mark belongs to another list.
    #[error("that is no page of this list: begin with the first")]
    ForeignPage,
}

/// Returns the question for a name that was probably meant.
fn question(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!(" (did you mean {:?}?)", sanitize(name)))
}

/// Returns whether a command leads to a status that is no stage to move to.
fn other_way(status: Status) -> &'static str {
    match status {
        Status::Triggered => "there is no command for it, an incident begins there",
        _ => "there is a command for it",
    }
}

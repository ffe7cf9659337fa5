//! Parsers for values on the command line.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use crate::api::query::MAX_WAIT_S;
use crate::model::measures::pages::Dimension;
use crate::model::measures::sheet::Page;
use crate::model::notification::NotificationState;
use crate::model::queue::Sort;
use crate::model::time::parse_duration;
use crate::server::scope::Scope;
use crate::tui::core::zone::Zone;
use crate::tui::theme::{Choice, Name};

pub use crate::model::id::IncidentRef;
pub use crate::model::measures::MeasuresWindow;
pub use crate::verbs::value::{EnumParser, TextEnum};

/// A point in time, absolute or relative to now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Time {
    /// A point in time.
    At(DateTime<Utc>),
    /// A duration before now.
    Ago(TimeDelta),
}

impl Time {
    /// Returns the absolute time, with `now` as the present.
    #[must_use]
    pub fn at(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::At(at) => at,
            Self::Ago(span) => now.checked_sub_signed(span).unwrap_or(DateTime::UNIX_EPOCH),
        }
    }
}

/// The error for a time that can't be parsed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("write it as 2026-03-01T22:37:00Z, or as 10m for ten minutes ago")]
pub struct BadTime;

impl FromStr for Time {
    type Err = BadTime;

    fn from_str(text: &str) -> Result<Self, BadTime> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("now") {
            return Ok(Self::Ago(TimeDelta::zero()));
        }
        let span = text.strip_suffix("ago").map_or(text, str::trim_end);
        if let Some(span) = parse_duration(span) {
            return Ok(Self::Ago(span));
        }
        DateTime::parse_from_rfc3339(text)
            .map(|at| Self::At(at.with_timezone(&Utc)))
            .map_err(|_| BadTime)
    }
}

/// The error for a number or a duration that is none, or that is out of its range.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OutOfRange {
    /// The speed of the demo, parsed by [`speed`].
    #[error("give a number from 0 to 1000")]
    Speed,
    /// The time that a page of the wall stays, parsed by [`rotate`].
    #[error("give a time from 5s to 1d, such as 15s or 1m")]
    Rotation,
    /// The longest time that a request for changes is held, parsed by [`hold`].
    #[error("give a time from 0s to 60s, such as 25s")]
    LongPoll,
}

/// Parses the speed of the demo.
///
/// # Errors
/// When the text is no number from 0 to 1000.
pub fn speed(text: &str) -> Result<f64, OutOfRange> {
    let speed = text.parse::<f64>().ok();
    speed.filter(|speed| (0.0..=1000.0).contains(speed)).ok_or(OutOfRange::Speed)
}

/// Parses how long a page of the wall display stays.
///
/// # Errors
/// When the text is no duration from 5 s to a day.
pub fn rotate(text: &str) -> Result<Duration, OutOfRange> {
    let found = parse_duration(text.trim()).and_then(|span| span.to_std().ok());
    found
        .filter(|span| (Duration::from_secs(5)..=Duration::from_hours(24)).contains(span))
        .ok_or(OutOfRange::Rotation)
}

/// Parses how long a long poll may wait for changes.
///
/// # Errors
/// When the text is no duration from 0 s to a minute.
pub fn hold(text: &str) -> Result<Duration, OutOfRange> {
    let found = match text.trim() {
        "0" => Some(Duration::ZERO),
        text => parse_duration(text).and_then(|span| span.to_std().ok()),
    };
    found.filter(|span| *span <= Duration::from_secs(MAX_WAIT_S)).ok_or(OutOfRange::LongPoll)
}

/// When a token expires.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expiry {
    /// A point in time.
    At(DateTime<Utc>),
    /// A duration from now.
    In(TimeDelta),
    /// It does not expire.
    Never,
}

impl Expiry {
    /// Returns the absolute time, with `now` as the present; `None` for never.
    #[must_use]
    pub fn at(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::At(at) => Some(at),
            Self::In(span) => {
                Some(now.checked_add_signed(span).unwrap_or(DateTime::<Utc>::MAX_UTC))
            }
            Self::Never => None,
        }
    }
}

/// The error for an expiry that can't be parsed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("write it as 90d, as 2027-03-01, as 2027-03-01T22:37:00Z, or as never")]
pub struct BadExpiry;

impl FromStr for Expiry {
    type Err = BadExpiry;

    fn from_str(text: &str) -> Result<Self, BadExpiry> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("never") {
            return Ok(Self::Never);
        }
        if let Some(span) = parse_duration(text) {
            return Ok(Self::In(span));
        }
        if let Ok(day) = text.parse::<NaiveDate>() {
            return Ok(Self::At(day.and_time(NaiveTime::MIN).and_utc()));
        }
        DateTime::parse_from_rfc3339(text)
            .map(|at| Self::At(at.with_timezone(&Utc)))
            .map_err(|_| BadExpiry)
    }
}

macro_rules! impl_text_enum {
    ($($name:ty),+) => {
        $(impl TextEnum for $name {
            fn offered_values() -> Vec<&'static str> {
                Self::ALL.iter().map(|value| value.as_str()).collect()
            }
        })+
    };
}
impl_text_enum!(Sort, Name, Choice, Zone, Scope, NotificationState, Dimension, Page);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checklist::Item;
    use crate::model::priority::Level;
    use crate::model::review::{ActionKind, Section};
    use crate::model::status::{Category, Classification, ResolutionAction, Role, Source, Status};
    use crate::model::{IncidentId, IncidentNumber};
    use crate::verbs::value::hyphenated;

    #[test]
    fn time_is_absolute_or_a_duration_before_now() {
        let now: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
        let at = |text: &str| text.parse::<Time>().map(|t| t.at(now).to_rfc3339());
        for text in
            ["10m", "10m ago", " 10mago", "2026-03-01T11:50:00Z", "2026-03-01T12:50:00+01:00"]
        {
            assert_eq!(at(text).as_deref(), Ok("2026-03-01T11:50:00+00:00"), "{text}");
        }
        assert_eq!(at("now").as_deref(), Ok("2026-03-01T12:00:00+00:00"));
        for text in ["", "ago", "yesterday", "10", "2026-03-01", "-10m", "999999999w"] {
            assert_eq!(at(text), Err(BadTime), "{text}");
        }
    }

    #[test]
    fn offered_values_parse_and_need_no_quotes() {
        fn check<T: TextEnum>() {
            for word in T::offered_values() {
                let word = hyphenated(word);
                assert!(!word.contains(' ') && word.parse::<T>().is_ok(), "{word}");
            }
        }
        check::<Level>();
        check::<ActionKind>();
        check::<Classification>();
        check::<Item>();
        check::<Role>();
        check::<Section>();
        check::<Status>();
        check::<Sort>();
        check::<Category>();
        check::<Source>();
        check::<ResolutionAction>();
        check::<Name>();
        check::<Choice>();
        check::<Zone>();
        check::<NotificationState>();
    }

    #[test]
    fn incident_is_referenced_by_number_or_id() {
        let id = IncidentId::new();
        assert_eq!(id.to_string().parse(), Ok(IncidentRef::Id(id)));
        assert_eq!("inc-12".parse(), Ok(IncidentRef::Number(IncidentNumber(12))));
        assert!("".parse::<IncidentRef>().is_err());
        assert!("0".parse::<IncidentRef>().is_err());
    }
}

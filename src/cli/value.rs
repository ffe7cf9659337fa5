//! Parsers for values on the command line.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::api::query::MAX_WAIT_S;
use crate::model::priority::Level;
use crate::model::queue::Sort;
use crate::model::status::{Category, ResolutionAction, Source};
use crate::model::text::truncate;
use crate::model::time::parse_duration;
use crate::model::{IncidentId, IncidentNumber};
use crate::server::scope::Scope;
use crate::tui::core::zone::Zone;
use crate::tui::theme::{Choice, Name};

/// Names an incident by number or id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IncidentRef {
    /// By its number, such as `INC-12`.
    Number(IncidentNumber),
    /// By its id, a UUID.
    Id(IncidentId),
}

impl fmt::Display for IncidentRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Id(id) => id.fmt(f),
        }
    }
}

impl FromStr for IncidentRef {
    type Err = crate::model::id::InvalidNumber;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(id) = text.trim().parse() {
            return Ok(Self::Id(id));
        }
        text.parse().map(Self::Number)
    }
}

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

/// An enum whose values are given as fixed texts.
pub trait TextEnum: FromStr + Clone + Send + Sync + 'static {
    /// Returns the texts that help and completions offer; parsing may accept more.
    fn offered_values() -> Vec<&'static str>;
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
impl_text_enum!(Level, Sort, Category, Source, ResolutionAction, Name, Choice, Zone, Scope);

/// A clap parser for a [`TextEnum`], which offers its values to help and completions.
#[derive(Clone, Debug)]
pub struct EnumParser<T>(PhantomData<T>);

impl<T> EnumParser<T> {
    /// Creates a parser that offers all values of `T`.
    #[must_use]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Default for EnumParser<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: TextEnum> TypedValueParser for EnumParser<T> {
    type Value = T;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<T, clap::Error> {
        let text = value.to_string_lossy();
        text.parse().map_err(|_| {
            let mut error = clap::Error::new(ErrorKind::InvalidValue).with_cmd(command);
            if let Some(arg) = arg {
                error.insert(ContextKind::InvalidArg, ContextValue::String(arg.to_string()));
            }
            let shown = truncate(&text, 60).into_string();
            error.insert(ContextKind::InvalidValue, ContextValue::String(shown));
            let values =
                T::offered_values().into_iter().map(|value| hyphenated(value).to_owned()).collect();
            error.insert(ContextKind::ValidValue, ContextValue::Strings(values));
            error
        })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let values = T::offered_values();
        Some(Box::new(values.into_iter().map(|value| PossibleValue::new(hyphenated(value)))))
    }
}

/// Returns a text with hyphens for spaces, so that it needs no quotes in a shell.
fn hyphenated(text: &'static str) -> &'static str {
    match text {
        "user report" => "user-report",
        "config fix" => "config-fix",
        "block access" => "block-access",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        check::<Sort>();
        check::<Category>();
        check::<Source>();
        check::<ResolutionAction>();
        check::<Name>();
        check::<Choice>();
        check::<Zone>();
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

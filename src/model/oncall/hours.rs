//! The hours of the week in which a layer counts.

use std::fmt;
use std::str::FromStr;

use chrono::{NaiveTime, Timelike};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::day::{DAY_S, Day, WEEK_S};

/// Hours of the week, in the local time of the schedule's zone.
///
/// Each begins at `from` on one of the days and ends the next time that it is `to`: after midnight
/// if that is not later, after 24 hours if both are the same, or on a given day.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Hours {
    /// The days of the week on which they begin; every day if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Day>,
    /// The time of day at which they begin.
    pub from: NaiveTime,
    /// The time of day at which they end.
    pub to: NaiveTime,
    /// The day of the week on which they end, if that is later than on the next day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_day: Option<Day>,
}

/// Midnight at the end of a day.
const MIDNIGHT: &str = "24:00";

/// The error for a text that is no hours of the week.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "is no span of hours: write one such as \"mon-fri 09:00-17:00\", \"22:00-06:00\", \"sat,sun\" \
     or \"fri 17:00-mon 09:00\""
)]
pub struct InvalidHours;

impl Hours {
    /// Returns whether a local time is within the hours.
    pub(super) fn contains(&self, local: i64) -> bool {
        let at = second_of_week(local);
        self.spans().any(|(from, length)| (at - from).rem_euclid(WEEK_S) < length)
    }

    /// Returns the first local time after another at which such hours begin or end.
    pub(super) fn next_edge(&self, local: i64) -> Option<i64> {
        let at = second_of_week(local);
        self.spans()
            .flat_map(|(from, length)| [from, from + length])
            .map(|edge| match (edge - at).rem_euclid(WEEK_S) {
                0 => WEEK_S,
                wait => wait,
            })
            .min()
            .map(|wait| local + wait)
    }

    /// Returns each span of a week: the second of the week at which it begins, and its length.
    fn spans(&self) -> impl Iterator<Item = (i64, i64)> {
        let days: &[Day] = if self.days.is_empty() { &Day::ALL } else { &self.days };
        let [from, to] =
            [self.from, self.to].map(|time| i64::from(time.num_seconds_from_midnight()));
        days.iter().map(move |day| {
            let start = i64::from(day.index()) * DAY_S + from;
            let length = match self.to_day {
                Some(end) => (i64::from(end.index()) * DAY_S + to - start).rem_euclid(WEEK_S),
                None => (to - from).rem_euclid(DAY_S),
            };
            let longest = if self.to_day.is_some() { WEEK_S } else { DAY_S };
            (start, if length == 0 { longest } else { length })
        })
    }
}

/// Returns the second of the week, from Monday.
fn second_of_week(local: i64) -> i64 {
    // The week of 1970-01-01 began three days before.
    (local + 3 * DAY_S).rem_euclid(WEEK_S)
}

/// Writes the hours as they are parsed.
impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |time: NaiveTime| {
            let pattern = if time.second() == 0 { "%H:%M" } else { "%H:%M:%S" };
            time.format(pattern)
        };
        if !self.days.is_empty() {
            let mut sorted = self.days.clone();
            sorted.sort_unstable();
            sorted.dedup();
            let is_row = |pair: &[Day]| pair[0].index() + 1 == pair[1].index();
            if sorted.len() > 2 && sorted.windows(2).all(is_row) {
                write!(f, "{}-{} ", sorted[0], sorted[sorted.len() - 1])?;
            } else {
                let names: Vec<String> = sorted.iter().map(Day::to_string).collect();
                write!(f, "{} ", names.join(","))?;
            }
        }
        match self.to_day {
            Some(day) => write!(f, "{}-{day} {}", time(self.from), time(self.to)),
            None if self.to == NaiveTime::MIN => write!(f, "{}-24:00", time(self.from)),
            None => write!(f, "{}-{}", time(self.from), time(self.to)),
        }
    }
}

impl FromStr for Hours {
    type Err = InvalidHours;

    /// Parses days, times of day, or both: `mon-fri 09:00-17:00`, `22:00-06:00`, `sat,sun`,
    /// `fri 17:00-mon 09:00`.
    fn from_str(text: &str) -> Result<Self, InvalidHours> {
        let text = text.replace('–', "-");
        let parts: Vec<&str> = text.split_whitespace().collect();
        let hours = match parts[..] {
            [times] if times.contains(':') => {
                let (from, to) = parse_times(times)?;
                Self { days: Vec::new(), from, to, to_day: None }
            }
            [days] => Self {
                days: parse_days(days)?,
                from: NaiveTime::MIN,
                to: NaiveTime::MIN,
                to_day: None,
            },
            [days, times] => {
                let (from, to) = parse_times(times)?;
                Self { days: start_days(days, times)?, from, to, to_day: None }
            }
            [days, middle, to] => {
                let (from, day) = middle.split_once('-').ok_or(InvalidHours)?;
                let day = Day::parse(day).ok_or(InvalidHours)?;
                Self {
                    days: start_days(days, from)?,
                    from: parse_time(from)?,
                    to: parse_time(to)?,
                    to_day: Some(if to == MIDNIGHT { day_after(day) } else { day }),
                }
            }
            _ => return Err(InvalidHours),
        };
        Ok(hours)
    }
}

fn parse_times(text: &str) -> Result<(NaiveTime, NaiveTime), InvalidHours> {
    let (from, to) = text.split_once('-').ok_or(InvalidHours)?;
    Ok((parse_time(from)?, parse_time(to)?))
}

/// Parses the days on which hours begin. Those that begin at 24:00 begin on the day after.
fn start_days(days: &str, from: &str) -> Result<Vec<Day>, InvalidHours> {
    let days = parse_days(days)?;
    let is_after = from.starts_with(MIDNIGHT);
    Ok(if is_after { days.into_iter().map(day_after).collect() } else { days })
}

fn day_after(day: Day) -> Day {
    Day::ALL[(usize::from(day.index()) + 1) % Day::ALL.len()]
}

/// Parses a time of day; 24:00 is midnight.
fn parse_time(text: &str) -> Result<NaiveTime, InvalidHours> {
    if text == MIDNIGHT {
        return Ok(NaiveTime::MIN);
    }
    let time = ["%H:%M", "%H:%M:%S"]
        .into_iter()
        .find_map(|pattern| NaiveTime::parse_from_str(text, pattern).ok());
    // A leap second is not a time of day that recurs every week.
    time.filter(|time| time.nanosecond() == 0).ok_or(InvalidHours)
}

/// Parses days and ranges of days, separated by commas.
pub(crate) fn parse_days(text: &str) -> Result<Vec<Day>, InvalidHours> {
    let mut days = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let first = Day::parse(first).ok_or(InvalidHours)?;
        let last = Day::parse(last).ok_or(InvalidHours)?;
        let count = (last.index() + 7 - first.index()) % 7;
        let range = Day::ALL.into_iter().cycle().skip(usize::from(first.index()));
        for day in range.take(usize::from(count) + 1) {
            if !days.contains(&day) {
                days.push(day);
            }
        }
    }
    Ok(days)
}

//! Recurrence of an entry (`RRULE`), as far as on-call calendars use it.
//!
//! Rules are followed on the local clock of the entry's zone. A library for them would bring rules of
//! zones of its own, which differ from those of the system's files that everything else here reads.

use chrono::{
    DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike,
    Utc, Weekday,
};

use super::times::CalendarTime;
use crate::model::oncall::Zone;

/// The maximum number of periods of one rule that are examined: hours of eleven years, and more of
/// anything else.
const MAX_PERIODS: u32 = 100_000;

/// The unit of a rule's period.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Frequency {
    Hourly,
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// When a rule ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Until {
    /// At a time, which is part of it.
    Time(DateTime<Utc>),
    /// With a local day, which is part of it.
    Day(NaiveDate),
}

/// A recurrence rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Recurrence {
    frequency: Frequency,
    interval: u32,
    count: Option<u32>,
    until: Option<Until>,
    /// Days of the week, each with its position in the month; 0 for all.
    days: Vec<(i32, Weekday)>,
    month_days: Vec<i32>,
    months: Vec<u32>,
    hours: Vec<u32>,
    minutes: Vec<u32>,
    positions: Vec<i32>,
    week_starts: Weekday,
}

impl Recurrence {
    /// Parses a rule; an error is the part of it that is not understood.
    pub(super) fn parse(text: &str, zone: &Zone) -> Result<Self, String> {
        let mut rule = Self {
            frequency: Frequency::Daily,
            interval: 1,
            count: None,
            until: None,
            days: Vec::new(),
            month_days: Vec::new(),
            months: Vec::new(),
            hours: Vec::new(),
            minutes: Vec::new(),
            positions: Vec::new(),
            week_starts: Weekday::Mon,
        };
        let mut has_frequency = false;
        for part in text.trim().split(';').filter(|part| !part.is_empty()) {
            let error = || part.to_owned();
            let (name, value) = part.split_once('=').ok_or_else(error)?;
            let value = value.trim().to_ascii_uppercase();
            match name.trim().to_ascii_uppercase().as_str() {
                "FREQ" => {
                    has_frequency = true;
                    rule.frequency = match value.as_str() {
                        "HOURLY" => Frequency::Hourly,
                        "DAILY" => Frequency::Daily,
                        "WEEKLY" => Frequency::Weekly,
                        "MONTHLY" => Frequency::Monthly,
                        "YEARLY" => Frequency::Yearly,
                        _ => return Err(error()),
                    };
                }
                "INTERVAL" => rule.interval = number(&value, 1, 10_000).ok_or_else(error)?,
                "COUNT" => rule.count = Some(number(&value, 1, u32::MAX).ok_or_else(error)?),
                "UNTIL" => rule.until = Some(until(&value, zone).ok_or_else(error)?),
                "BYDAY" => rule.days = list(&value, week_day).ok_or_else(error)?,
                "BYMONTHDAY" => {
                    rule.month_days = list(&value, |text| signed(text, 31)).ok_or_else(error)?;
                }
                "BYMONTH" => {
                    rule.months = list(&value, |text| number(text, 1, 12)).ok_or_else(error)?;
                }
                "BYHOUR" => {
                    rule.hours = list(&value, |text| number(text, 0, 23)).ok_or_else(error)?;
                }
                "BYMINUTE" => {
                    rule.minutes = list(&value, |text| number(text, 0, 59)).ok_or_else(error)?;
                }
                "BYSETPOS" => {
                    rule.positions = list(&value, |text| signed(text, 366)).ok_or_else(error)?;
                }
                "WKST" => rule.week_starts = parse_day(&value).ok_or_else(error)?,
                // Exchange writes it for the usual calendar.
                "RSCALE" if value == "GREGORIAN" => {}
                "SKIP" if value == "OMIT" => {}
                "BYSECOND" if value == "0" => {}
                _ => return Err(error()),
            }
        }
        if !has_frequency {
            return Err("there is no FREQ".to_owned());
        }
        rule.check().map(|()| rule)
    }

    /// Refuses valid rules that are not supported here.
    fn check(&self) -> Result<(), String> {
        let has_positions = self.days.iter().any(|(position, _)| *position != 0);
        let of_months = match self.frequency {
            Frequency::Monthly => true,
            Frequency::Yearly => !self.months.is_empty(),
            _ => false,
        };
        if has_positions && !of_months {
            return Err("BYDAY with a position outside of a month".to_owned());
        }
        if self.frequency == Frequency::Weekly && !self.month_days.is_empty() {
            return Err("BYMONTHDAY in a week".to_owned());
        }
        if self.frequency == Frequency::Yearly
            && self.months.is_empty()
            && !(self.days.is_empty() && self.month_days.is_empty())
        {
            return Err("days of a year without BYMONTH".to_owned());
        }
        Ok(())
    }

    /// Calls `visit` with the local start of each recurrence, the first one included, in order, as
    /// long as it returns `true`. Returns `false` if the rule continues beyond the supported
    /// number.
    pub(super) fn each(
        &self,
        start: &CalendarTime,
        mut visit: impl FnMut(NaiveDateTime) -> bool,
    ) -> bool {
        let mut count = 0_u32;
        let mut emit = |local: NaiveDateTime| {
            count = count.saturating_add(1);
            let is_over = match self.until {
                None => false,
                Some(Until::Time(at)) => start.with_local(local).utc() > at,
                Some(Until::Day(day)) => local.date() > day,
            };
            !is_over && self.count.is_none_or(|most| count <= most) && visit(local)
        };
        // The start counts even if the rule does not produce it.
        if !emit(start.local) {
            return true;
        }
        for period in 0..MAX_PERIODS {
            let Some(steps) = period.checked_mul(self.interval) else { return true };
            let Some(times) = self.times_of_period(start.local, steps) else { return true };
            for local in times {
                if local > start.local && !emit(local) {
                    return true;
                }
            }
        }
        false
    }

    /// Returns the times of a period in order; `None` beyond the supported years.
    fn times_of_period(&self, start: NaiveDateTime, steps: u32) -> Option<Vec<NaiveDateTime>> {
        let day = start.date();
        let mut times = Vec::new();
        if self.frequency == Frequency::Hourly {
            let hour = start.with_minute(0)?.checked_add_signed(TimeDelta::hours(steps.into()))?;
            let is_in = self.is_in_month(hour.date())
                && self.has_week_day(hour.date())
                && self.has_month_day(hour.date())
                && (self.hours.is_empty() || self.hours.contains(&hour.hour()));
            if is_in {
                let minutes = self.minutes_or(start);
                times.extend(minutes.into_iter().filter_map(|minute| hour.with_minute(minute)));
            }
        } else {
            let days = match self.frequency {
                Frequency::Weekly => self.days_of_week(day, steps)?,
                Frequency::Monthly => self.days_of_month(months_after(day, steps)?, day.day()),
                Frequency::Yearly => self.days_of_year(day, steps)?,
                Frequency::Hourly | Frequency::Daily => {
                    let day = day.checked_add_days(Days::new(steps.into()))?;
                    let is_in =
                        self.is_in_month(day) && self.has_week_day(day) && self.has_month_day(day);
                    if is_in { vec![day] } else { Vec::new() }
                }
            };
            for day in days {
                times.extend(self.times_of_day(start).into_iter().map(|time| day.and_time(time)));
            }
        }
        times.sort_unstable();
        times.dedup();
        Some(self.at_positions(times))
    }

    fn minutes_or(&self, start: NaiveDateTime) -> Vec<u32> {
        if self.minutes.is_empty() { vec![start.minute()] } else { self.minutes.clone() }
    }

    fn times_of_day(&self, start: NaiveDateTime) -> Vec<NaiveTime> {
        let hours = if self.hours.is_empty() { vec![start.hour()] } else { self.hours.clone() };
        let minutes = self.minutes_or(start);
        let both = hours.iter().flat_map(|hour| minutes.iter().map(move |minute| (*hour, *minute)));
        both.filter_map(|(hour, minute)| NaiveTime::from_hms_opt(hour, minute, start.second()))
            .collect()
    }

    fn days_of_week(&self, start: NaiveDate, steps: u32) -> Option<Vec<NaiveDate>> {
        let begins = start.week(self.week_starts).first_day();
        let first = begins.checked_add_days(Days::new(u64::from(steps) * 7))?;
        let days = (0..7).filter_map(|day| first.checked_add_days(Days::new(day)));
        let is_in = |day: &NaiveDate| {
            let is_usual = self.days.is_empty() && day.weekday() == start.weekday();
            self.is_in_month(*day)
                && (is_usual || (!self.days.is_empty() && self.has_week_day(*day)))
        };
        Some(days.filter(is_in).collect())
    }

    /// Returns the days of the month that begins with `first`.
    fn days_of_month(&self, first: NaiveDate, usual: u32) -> Vec<NaiveDate> {
        if !self.is_in_month(first) {
            return Vec::new();
        }
        let days: Vec<NaiveDate> =
            first.iter_days().take_while(|day| day.month() == first.month()).collect();
        if self.days.is_empty() && self.month_days.is_empty() {
            return days.into_iter().filter(|day| day.day() == usual).collect();
        }
        let length = i32::try_from(days.len()).unwrap_or(31);
        let is_in = |day: &NaiveDate| {
            let number = i32::try_from(day.day()).unwrap_or(1);
            let (position, from_end) = ((number - 1) / 7 + 1, (length - number) / 7 + 1);
            let is_week_day = self.days.is_empty()
                || self.days.iter().any(|(wanted, week_day)| {
                    let is_at = [0, position, -from_end].contains(wanted);
                    *week_day == day.weekday() && is_at
                });
            is_week_day && self.has_month_day(*day)
        };
        days.into_iter().filter(is_in).collect()
    }

    fn days_of_year(&self, start: NaiveDate, steps: u32) -> Option<Vec<NaiveDate>> {
        let year = start.year().checked_add(i32::try_from(steps).ok()?)?;
        let own = [start.month()];
        let months = if self.months.is_empty() { &own[..] } else { &self.months };
        let firsts = months.iter().filter_map(|month| NaiveDate::from_ymd_opt(year, *month, 1));
        NaiveDate::from_ymd_opt(year, 1, 1)?;
        Some(firsts.flat_map(|first| self.days_of_month(first, start.day())).collect())
    }

    fn is_in_month(&self, day: NaiveDate) -> bool {
        self.months.is_empty() || self.months.contains(&day.month())
    }

    fn has_week_day(&self, day: NaiveDate) -> bool {
        self.days.is_empty() || self.days.iter().any(|(_, week_day)| *week_day == day.weekday())
    }

    fn has_month_day(&self, day: NaiveDate) -> bool {
        let number = i32::try_from(day.day()).unwrap_or(1);
        let length = i32::from(day.num_days_in_month());
        let is_it = |wanted: &i32| *wanted == number || *wanted == number - length - 1;
        self.month_days.is_empty() || self.month_days.iter().any(is_it)
    }

    /// Returns the times of a period at the wanted positions.
    fn at_positions(&self, times: Vec<NaiveDateTime>) -> Vec<NaiveDateTime> {
        if self.positions.is_empty() {
            return times;
        }
        let length = i32::try_from(times.len()).unwrap_or(i32::MAX);
        let is_at = |at: i32| {
            self.positions.iter().any(|wanted| *wanted == at || *wanted == at - length - 1)
        };
        (1..).zip(times).filter(|(at, _)| is_at(*at)).map(|(_, time)| time).collect()
    }
}

/// Returns the first day of the month that is `steps` months after that of a day.
fn months_after(day: NaiveDate, steps: u32) -> Option<NaiveDate> {
    day.with_day(1)?.checked_add_months(Months::new(steps))
}

fn until(text: &str, zone: &Zone) -> Option<Until> {
    let format = "%Y%m%dT%H%M%S";
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y%m%d") {
        return Some(Until::Day(day));
    }
    if let Some(text) = text.strip_suffix('Z') {
        let at = NaiveDateTime::parse_from_str(text, format).ok()?;
        return Some(Until::Time(at.and_utc()));
    }
    let local = NaiveDateTime::parse_from_str(text, format).ok()?;
    Some(Until::Time(zone.first_time(local)))
}

fn list<T>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    text.split(',').map(|part| parse(part.trim())).collect()
}

fn number(text: &str, least: u32, most: u32) -> Option<u32> {
    text.parse().ok().filter(|number| (least..=most).contains(number))
}

fn signed(text: &str, most: i32) -> Option<i32> {
    text.parse().ok().filter(|number: &i32| *number != 0 && (-most..=most).contains(number))
}

/// Parses `MO`, `1MO` and `-1MO`.
fn week_day(text: &str) -> Option<(i32, Weekday)> {
    let at = text.len().checked_sub(2)?;
    let (position, day) = (text.get(..at)?, text.get(at..)?);
    let position = if position.is_empty() { 0 } else { signed(position, 5)? };
    Some((position, parse_day(day)?))
}

fn parse_day(text: &str) -> Option<Weekday> {
    Some(match text {
        "MO" => Weekday::Mon,
        "TU" => Weekday::Tue,
        "WE" => Weekday::Wed,
        "TH" => Weekday::Thu,
        "FR" => Weekday::Fri,
        "SA" => Weekday::Sat,
        "SU" => Weekday::Sun,
        _ => return None,
    })
}
